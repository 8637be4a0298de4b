"""Causality of a flame: it goes out when something puts it out, not before, and does not light itself again."""

from __future__ import annotations

import numpy as np

from probes.evidence import Finding, box_at
from probes.perception.observation import ABSENT, SEEN, Observation, ThingTrack
from probes.trajectory import runs
from simulator.script import Script


def flame(observation: Observation, track: ThingTrack, script: Script | None) -> list[Finding]:
    """What a flame does without a cause; what its causes are, only a script tells."""
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
    outs = [e for e in script.expected if e.kind in ("goes_out", "stays_lit")] if script else []
    if not outs or not lit.any():
        return findings
    event, last = outs[0], int(np.flatnonzero(lit)[-1])
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
