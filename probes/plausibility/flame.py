"""Causality of a flame: it goes out when something puts it out, not before, and does not light itself again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from probes.cast import Part
from probes.evidence import Finding, box_at
from probes.perception.observation import ABSENT, SEEN, Observation, ThingTrack
from probes.trajectory import runs
from simulator.script import Expected, Script


def told(track: ThingTrack, parts: Sequence[Part], script: Script | None) -> Expected | None:
    """What a script tells of the flame that a track plays: that it goes out, or stays lit; others have their own."""
    names = {part.body.name for part in parts if any(mine is track for mine in part.tracks)}
    events = script.expected if script is not None else ()
    return next((e for e in events if e.kind in ("goes_out", "stays_lit") and e.subject in names), None)


def flame(observation: Observation, track: ThingTrack, event: Expected | None) -> list[Finding]:
    """What a flame does without a cause; what its causes are, only a script tells (see `told`)."""
    fps = observation.clip.fps
    lit = track.state == SEEN
    findings = []
    for start, stop in runs(track.state == ABSENT):
        if start > 0 and stop < len(lit) and lit[start - 1]:
            strength = min(stop - start, int(lit[stop:].sum())) / 1.5
            text = f"flame lights itself again at {stop / fps:.2f} s"
            findings.append(
                Finding("causality", "relight", stop / fps, len(lit) / fps, box_at(track, stop), strength, text)
            )
    if event is None or not lit.any():
        return findings
    last = int(np.flatnonzero(lit)[-1])
    dies = (last + 1) / fps
    if event.kind == "goes_out" and last == len(lit) - 1 and dies - event.end > 2.0 / fps and not findings:
        late = (dies - event.end) * fps / 2.0
        findings.append(Finding("causality", "flame_stays", event.end, dies, box_at(track, last), late,
                                f"flame still burns at {dies:.2f} s; it was put out by {event.end:.2f} s"))  # fmt: skip
    early = ((event.start if event.kind == "goes_out" else event.end) - dies) * fps
    if last < len(lit) - 1 and early > 0.0:
        findings.append(Finding("causality", "flame_dies_early", dies, len(lit) / fps, box_at(track, last), early / 0.7,
                                f"flame dies at {dies:.2f} s; nothing had reached it"))  # fmt: skip
    return findings
