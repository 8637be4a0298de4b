"""Returns: what comes back from out of sight, or is shown by another camera, as another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from probes.evidence import Finding
from probes.perception.observation import HIDDEN, OUT, Observation, ThingTrack
from probes.permanence.excuses import VEIL, veiled
from probes.permanence.looks import called, look, resized, unlike
from probes.permanence.presence import measured
from probes.permanence.scale import change
from probes.permanence.views import seen_size
from probes.trajectory import trust
from simulator.script import Script

COLOUR = 18.0  # Lab: a difference that begins to be believed
SIZE = 0.18  # logarithm: the same
NOTED = 0.25  # times what begins to be believed: less is nothing
OTHER_VIEW = 1.5  # times as much, where another camera takes over
SAME_VIEW = np.zeros(3)
Shown = tuple[int, np.ndarray]  # the index of a track and frames in which it is measured


def other_view(
    observation: Observation, track: ThingTrack, script: Script | None, before: int, after: int
) -> np.ndarray:
    """(3,) how much larger a thing is to the camera of one frame than to that of another; NaN where none can tell."""
    body = None if script is None else next((b for b in script.scene.bodies if b.name == track.name), None)
    if script is None or body is None:
        return np.full(3, np.nan)
    sizes = [seen_size(script, body, t / observation.clip.fps) for t in (before, after)]
    return np.full(3, np.nan) if sizes[0] is None or sizes[1] is None else sizes[1] - sizes[0]


def returned(
    observation: Observation, script: Script | None, before: Shown, after: Shown, views: np.ndarray = SAME_VIEW
) -> list[Finding]:
    """What is other in a track's frames after it was out of sight than in those before.

    views: (3,) as of `other_view`; another view shows other sides.
    """
    (former, a), (latter, b) = before, after
    track = observation.things.tracks[latter]
    cut = views is not SAME_VIEW
    first, second = look(observation, former, a[::-1], bare=cut), look(observation, latter, b, bare=cut)
    doubt = OTHER_VIEW if cut else 1.0
    grown = np.nan_to_num(resized(observation, first, second, views))
    veil = float(veiled(observation, track, script)[b].max()) if script is not None else 0.0
    tinted = float(unlike(first.colour, second.colour)) / (COLOUR * doubt) * (1.0 - VEIL * veil)
    kind, words = called(grown)
    times = float(np.abs(grown[:2]).max()) / (SIZE * doubt)
    if tinted > times:
        kind, words, times = "colour_change", "another colour", tinted
    return change(observation, track, kind, f"comes back in {words}", b, times if times > NOTED else 0.0)


def exchanged(observation: Observation, script: Script | None) -> list[Finding]:
    """A thing without a name that goes out of sight for good, and after it another that comes from there."""
    findings, tracks = [], observation.things.tracks
    known = [(i, np.flatnonzero(measured(t))) for i, t in enumerate(tracks) if not t.flame and t.name is None]
    known = [(i, seen) for i, seen in known if seen.size >= 2]
    for i, a in known:
        later = [(j, b) for j, b in known if j != i and tracks[j].state[0] in (HIDDEN, OUT) and b[0] > a[-1]]
        if tracks[i].state[-1] in (HIDDEN, OUT) and later:
            j, b = min(later, key=lambda one: int(one[1][0]))
            sure = min(trust(observation, tracks[i]), trust(observation, tracks[j]))
            findings += [replace(f, strength=f.strength * sure) for f in returned(observation, script, (i, a), (j, b))]
    return findings
