"""Scale: how strengths grow, and how surely a track is a thing whose coming and going means anything."""

from __future__ import annotations

import numpy as np

from probes.calibration import CAP
from probes.cast import ALIKE, colour_distance, colour_of, lab_of, listed, moves
from probes.evidence import Finding, box_at, describe
from probes.perception.observation import SEEN, Observation, ThingTrack
from probes.trajectory import trust
from simulator.script import Script

BELIEF = 0.125  # seconds of absence that begin to be believed: a frame at 8 frames a second
HALFWAY = 2.0  # times what begins to be believed: half of CAP
ENOUGH = 3  # frames after a change that show it fully; one shows nothing
DOUBTFUL = 0.3  # weight of what is not in the script's inventory, or stands still


def strength(times: float) -> float:
    """The strength of something so many times as large as what begins to be believed.

    1 for 1; it keeps growing and never reaches CAP, so that worse is always stronger.
    """
    return CAP * times / (times + HALFWAY)


def lasting(seconds: float) -> float:
    """The strength of an absence, or an undue presence, of so many seconds."""
    return strength(seconds / BELIEF)


def change(
    observation: Observation, track: ThingTrack, kind: str, words: str, frames: np.ndarray, times: float
) -> list[Finding]:
    """The finding of a change that shows in these frames, so many times as large as what begins to be believed."""
    shown = min(1.0, (len(frames) - 1) / (ENOUGH - 1))
    if times <= 0.0 or shown == 0.0:
        return []
    start, stop = int(frames[0]) / observation.clip.fps, (int(frames[-1]) + 1) / observation.clip.fps
    return [Finding("changed", kind, start, stop, box_at(track, int(frames[0])), strength(times) * shown,
                    f"{describe(track)} {words} at {start:.2f} s")]  # fmt: skip


def weight(observation: Observation, track: ThingTrack, script: Script | None) -> float:
    """How much a track's coming and going counts, [0, 1].

    Flames, smoke and puffs not at all, as they come and go by themselves; what has a name fully; little what no script
    lists.
    """
    if track.flame:
        return 0.0
    if track.name is not None:
        own = track.name.split(".")[0]
        effect = script is not None and any(b.name == own and b.role == "effect" for b in script.scene.bodies)
        return 0.0 if effect else 1.0
    if script is not None and _airy(track, script):
        return 0.0
    known = script is None or (listed(track, script) and (moves(track) or _mobile(script)))
    return trust(observation, track) * (1.0 if known else DOUBTFUL)


def _mobile(script: Script) -> bool:
    """Whether all that the script lists moves: then what stands still is a ghost of the background."""
    return all(script.scene.body(thing.name).motion != "fixed" for thing in script.inventory)


def _airy(track: ThingTrack, script: Script) -> bool:
    """Whether a track without a name has the colour of smoke or a splash that the script has."""
    seen = track.state == SEEN
    effects = [b for b in script.scene.bodies if b.role == "effect"]
    return bool(seen.any()) and any(colour_distance(colour_of(track), lab_of(b.material.rgb)) <= ALIKE for b in effects)
