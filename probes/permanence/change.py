"""Change: a thing that takes another colour, size or shape at once, or comes back from out of sight as another."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from probes.evidence import Finding
from probes.perception.observation import HIDDEN, OUT, Observation, ThingTrack
from probes.permanence.presence import measured
from probes.permanence.returns import SAME_VIEW, other_view, returned
from probes.permanence.steps import steps
from probes.trajectory import pixel, runs, size
from simulator.script import Script

SCENERY = 0.3  # weight of a change of what a script has stand around: it is what other things cover and uncover

ENOUGH = 10.0  # pixels of diameter that show how a thing looks


def changed(observation: Observation, index: int, script: Script | None) -> list[Finding]:
    """The greatest change of the track at `index` of the observation's."""
    track = observation.things.tracks[index]
    spans = _spans(observation, track)
    made = [f for start, stop in spans for f in steps(observation, index, script, start, stop)]
    for (a0, a1), (b0, b1) in pairwise(spans):
        cut = any(a1 <= c <= b0 for c in observation.cuts)
        if min(a1 - a0, b1 - b0) >= 2 and (cut or np.isin(track.state[a1:b0], (HIDDEN, OUT)).any()):
            views = other_view(observation, track, script, a1 - 1, b0) if cut else SAME_VIEW
            made += returned(observation, script, (index, np.arange(a0, a1)), (index, np.arange(b0, b1)), views)
    prop = script is not None and any(b.name == track.name and b.role == "prop" for b in script.scene.bodies)
    clear = min(1.0, (size(observation, track) / pixel(observation) / ENOUGH) ** 2)
    return [
        replace(f, strength=f.strength * clear * (SCENERY if prop else 1.0))
        for f in sorted(made, key=lambda f: -f.strength)[:1]
    ]


def _spans(observation: Observation, track: ThingTrack) -> list[tuple[int, int]]:
    """Stretches of frames in which a track is measured, divided at cuts."""
    spans = []
    for start, stop in runs(measured(track)):
        edges = [start, *(c for c in observation.cuts if start < c < stop), stop]
        spans += list(pairwise(edges))
    return spans
