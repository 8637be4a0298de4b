"""Permanence: is every thing seen, hidden, out of the picture or consumed, and does it come back as itself?"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from probes.base import Probe
from probes.calibration import CAP, load
from probes.cast import cast, listed, moves, tracks
from probes.evidence import Finding, Found, box_at, describe, judge
from probes.perception.flow import warp_back
from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Observation, ThingTrack
from probes.permanence.looks import changed, exchanged, seen_frames
from probes.reading import Reading, Unscored
from probes.trajectory import at_border, runs, trust
from simulator.script import Script

VERSION = 1
LAWS = ("gone", "born", "changed", "doubled", "unreturned", "popped", "incoherent")
ABSENCE = 0.125  # seconds that count as one unit of strength: a frame at 8 frames a second
USUAL, NEWNESS = 0.15, 4.0  # share of the contrast that is new in calm clips, and what more of it counts
BY_FLAME = 0.5  # of a change of colour, where a flame lights the scene
DOUBTFUL = 0.3  # of a finding's strength, for what is not in the script's inventory, or stands still
SURPRISING = 8.0  # times what the clip's own motion leaves unexplained


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """The probability that nothing vanished, appeared or came back as something else."""
    found = find(observation, script)
    if isinstance(found, Unscored):
        return found
    table = load("permanence", VERSION, observation.kind, observation.version)
    return judge(found, LAWS, table, observation.clip.seconds)


def find(observation: Observation, script: Script | None) -> Found | Unscored:
    """What is amiss, before calibration."""
    if len(observation.clip) < 2:
        return Unscored("one frame shows no permanence")
    incoherence = _incoherence(observation)
    findings = [] if incoherence is None else [incoherence]
    things = observation.things
    if things.reason is None:
        seen = tracks(observation, script)
        for track in seen:
            weight = _weight(observation, track, script) if seen_frames(track).size and not track.flame else 0.0
            if weight > 0.0:
                made = _gone(observation, track, script) + _born(observation, track) + changed(observation, track)
                if any(t.flame for t in seen):
                    made = [
                        replace(f, strength=f.strength * (BY_FLAME if f.kind == "colour_change" else 1.0)) for f in made
                    ]
                made += _unreturned(observation, track, script)
                findings += [replace(f, strength=min(f.strength, CAP) * weight) for f in made]
        findings += exchanged(observation, seen)
        findings += _doubled(observation, script) if script else []
    elif observation.camera.moving:
        findings += _popped(observation, SURPRISING if script else 2.0 * SURPRISING)
    elif incoherence is None or incoherence.strength < 1.0:
        return Unscored(f"things cannot be told apart: {things.reason}")
    return Found(findings, {"things": float(len(things.tracks))})


def _weight(observation: Observation, track: ThingTrack, script: Script | None) -> float:
    """How much a track's coming and going counts, [0, 1]: smoke and puffs not at all, little what no script lists."""
    if script is not None and any(b.name == track.name and b.role == "effect" for b in script.scene.bodies):
        return 0.0
    doubtful = (
        script is not None and not track.name and not (listed(track, script) and (moves(track) or _mobile(script)))
    )
    return trust(observation, track) * (DOUBTFUL if doubtful else 1.0)


def _mobile(script: Script) -> bool:
    """Whether all that the script lists moves: then what stands still is a ghost of the background."""
    return all(script.scene.body(thing.name).motion != "fixed" for thing in script.inventory)


def _seconds(observation: Observation, frame: int) -> float:
    return frame / observation.clip.fps


def _gone(observation: Observation, track: ThingTrack, script: Script | None) -> list[Finding]:
    """Stretches in which a thing that was seen is nowhere, though nothing hid it and it had not left.

    Where the script keeps a thing in the picture, being out of it is no excuse.
    """
    stays = script is not None and any(
        e.kind == "present" and _plays(track, e.subject, script) for e in script.expected
    )
    nowhere = np.isin(track.state, (ABSENT, OUT) if stays else (ABSENT,))
    findings = []
    border = at_border(track)
    first = int(np.argmax(track.state == SEEN))
    for start, stop in runs(nowhere):
        if start <= first or (border[start - 1] and _leaving(track, start)) or start in observation.cuts:
            continue
        strength = (stop - start) / observation.clip.fps / ABSENCE
        where = "nothing hid it" if track.state[start - 1] == SEEN else "it never came back"
        text = f"{describe(track)} gone from {start / observation.clip.fps:.2f} s; {where}"
        findings.append(Finding("gone", "vanish", _seconds(observation, start), _seconds(observation, stop),
                                box_at(track, start - 1), strength, text))  # fmt: skip
    return findings


def _leaving(track: ThingTrack, start: int) -> bool:
    """Whether the thing, last seen before frame `start`, moves towards the border, so that it may be out of sight."""
    if start < 2 or track.state[start - 2] != SEEN:
        return True
    if not moves(track):
        return False
    before, last = track.box[start - 2], track.box[start - 1]
    room = [np.minimum(b, 1.0 - b).clip(0.0) for b in (before, last)]
    side = int(np.argmin(room[1]))
    return bool(room[1][side] < room[0][side] or track.area[start - 1] < track.area[start - 2])


def _born(observation: Observation, track: ThingTrack) -> list[Finding]:
    """A thing that is nowhere at first and then inside the picture."""
    seen = np.flatnonzero(track.state == SEEN)
    if not seen.size or seen[0] == 0 or track.state[seen[0] - 1] != ABSENT:
        return []
    first = int(seen[0])
    if at_border(track)[first] or first in observation.cuts:
        return []
    strength = len(seen) / observation.clip.fps / ABSENCE
    text = f"{describe(track)} appears at {first / observation.clip.fps:.2f} s out of nothing"
    return [Finding("born", "appear", _seconds(observation, first), _seconds(observation, int(seen[-1]) + 1),
                    box_at(track, first), strength, text)]  # fmt: skip


def _doubled(observation: Observation, script: Script) -> list[Finding]:
    """Two things that play one body of the script at the same time."""
    findings = []
    for part in cast(observation, script).values():
        if part.body.noun == "flame" or len(part.tracks) < 2:
            continue
        main = max(part.tracks, key=lambda t: float(np.nansum(t.area)))
        for other in part.tracks:
            both = (main.state == SEEN) & (other.state == SEEN)
            if other is main or not both.any() or np.nanmedian(other.area[both]) < 0.2 * np.nanmedian(main.area[both]):
                continue
            start = int(np.argmax(both))
            when = start / observation.clip.fps
            text = f"a second {part.body.colour} {part.body.noun} from {when:.2f} s"
            strength = (
                int(both.sum())
                / observation.clip.fps
                / ABSENCE
                * min(trust(observation, main), trust(observation, other))
            )
            findings.append(Finding("doubled", "duplicate", when, (int(np.flatnonzero(both)[-1]) + 1) /
                                    observation.clip.fps, box_at(other, start), strength, text))  # fmt: skip
    return findings


def _plays(track: ThingTrack, name: str, script: Script) -> bool:
    """Whether a track can be the body called `name`."""
    if track.name:
        return track.name == name
    return name in {t.name for t in script.inventory} and moves(track) and listed(track, script)


def _unreturned(observation: Observation, track: ThingTrack, script: Script | None) -> list[Finding]:
    """A thing that the script brings back into sight and that stays away to the end."""
    if script is None or track.state[-1] not in (HIDDEN, OUT):
        return []
    last = int(seen_frames(track)[-1])
    due = [(e.start, e.end) for e in script.expected
           if e.kind in ("returns", "revealed") and _plays(track, e.subject, script)]  # fmt: skip
    if not due or last / observation.clip.fps > due[0][0]:
        return []
    start, end = due[0]
    late = observation.clip.seconds - (start + min(end, observation.clip.seconds)) / 2.0
    text = f"{describe(track)} does not come back; expected by {end:.2f} s"
    return [Finding("unreturned", "return_missing", min(end, last / observation.clip.fps), observation.clip.seconds,
                    box_at(track, last), max(0.0, late) / ABSENCE, text)]  # fmt: skip


def _popped(observation: Observation, surprising: float) -> list[Finding]:
    """Under a moving camera, where things are not followed: what changes more suddenly than parallax explains.

    surprising: the strength of a pop that counts 1; higher where things of the scene may move by themselves.
    """
    findings = []
    for pop in observation.pops[:3]:
        when = pop.frame / observation.clip.fps
        text = f"something appears or vanishes at {when:.2f} s"
        strength = pop.strength / surprising
        findings.append(Finding("popped", "vanish", when, observation.clip.seconds, pop.box, strength, text))
    return findings


def _incoherence(observation: Observation) -> Finding | None:
    """Frames that optical flow cannot make from their neighbours, relative to their contrast: noise has about 1."""
    flow = observation.flow
    h, w = flow.shape[1:3]
    grey = [cv2.resize(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
            for f in observation.clip.frames]  # fmt: skip
    shares = []
    for here, there, motion in zip(grey[:-1], grey[1:], flow, strict=True):
        left = np.abs(warp_back(there, motion) - here).mean()
        shares.append(float(left / max(here.std(), 12.0)))
    share = float(np.median(shares))
    text = f"{share:.0%} of the picture's contrast is new in every frame"
    return Finding(
        "incoherent", "incoherent", 0.0, observation.clip.seconds, None, NEWNESS * max(0.0, share - USUAL), text
    )


PROBE = Probe(
    "permanence", VERSION, "is every thing accounted for in every frame?",
    ("vanish", "appear", "duplicate", "return_missing", "return_duplicate", "colour_change", "size_change",
     "shape_change"), score,
)  # fmt: skip
