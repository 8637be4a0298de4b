"""Continuity: a thing goes no further between two frames than its motion before and after allows."""

from __future__ import annotations

import numpy as np

from probes.evidence import Finding, box_at, describe
from probes.perception.observation import SEEN, Observation, ThingTrack
from probes.trajectory import noise, runs, size, trust, whole

FREE = 0.03  # heights that may be unaccounted for
SIGMAS = 4.0


def jumps(observation: Observation, track: ThingTrack) -> list[Finding]:
    """The worst jump of a track while it is in view, if there is one worth a word.

    Where a thing is cut by the border or half covered, its centre can be off by half of what is not seen.
    """
    sigma, worst, fps = noise(observation, track), None, observation.clip.fps
    entire = whole(track)
    for start, stop in runs((track.state == SEEN) & np.isfinite(track.centre[:, 0])):
        step = np.linalg.norm(np.diff(track.centre[start:stop], axis=0), axis=1)
        unsure = 0.5 * size(observation, track) * ~entire[start:stop]
        for i in range(len(step) if len(step) >= 3 else 0):
            if start + i + 1 in observation.cuts:
                continue
            excess = float(step[i] - max(unsure[i], unsure[i + 1])) - _allowed(step, i) - SIGMAS * sigma
            if worst is None or excess > worst[0]:
                worst = excess, start + i + 1, float(step[i])
    if worst is None or worst[0] <= 0.0:
        return []
    excess, frame, length = worst
    text = f"{describe(track)} jumps {length:.0%} of the picture's height at {frame / fps:.2f} s"
    return [Finding("continuity", "teleport", (frame - 1) / fps, frame / fps, box_at(track, frame),
                    excess / FREE * trust(observation, track), text)]  # fmt: skip


def _allowed(step: np.ndarray, i: int) -> float:
    """The length of step i that its neighbours explain: the longer one, and as much change as they show."""
    before, after = step[max(0, i - 2) : i], step[i + 1 : i + 3]
    near = max(before[-1:].max(initial=0.0), after[:1].max(initial=0.0))
    change = max((abs(float(s[1] - s[0])) for s in (before, after) if len(s) == 2), default=0.0)
    return float(near) + min(change, float(near))
