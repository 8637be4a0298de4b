"""Events of being seen: there, out of the picture, behind something, alight."""

from __future__ import annotations

import numpy as np

from probes.adherence.case import SLACK, Case, Outcome, Untold, Verdict
from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN
from probes.trajectory import runs
from probes.whereabouts import missing, whereabouts

FADED = 0.3  # of its usual share of the picture: a thing that shows less is gone


def present(case: Case) -> Verdict:
    """The share of the window in which the subject is nowhere, twice: half of it is all."""
    window, part = case.inside(), case.part
    if not window.any():
        return Untold(case.expected, "the clip is too short")
    words = "is not there all the time"
    if part.tracks and case.named:
        # a thing that only the picture's edge takes away is still there
        lost = float(np.mean(part.state[window] == ABSENT))
        amiss = 0.5 + lost if part.state[window][0] == ABSENT else 2.0 * lost
        return case.told(amiss, words if lost < 1.0 else "is not there")
    spot = None if case.named else whereabouts(case.observation, part.body)
    if spot is not None:
        gone = (spot.share < FADED * np.quantile(spot.share, 0.75)) & ~np.isin(part.state, (SEEN, HIDDEN, OUT))
        return case.told(1.5 * float(np.mean(gone[window])) - 0.25, words)  # something may stand before it
    if case.named or missing(case.observation, case.script, part.body):
        return case.told(1.0, "is not there")
    if part.tracks and ABSENT not in part.state[window]:
        return case.told(0.0, words)
    return Untold(case.expected, "it cannot be told from what is around it")


def _enters(case: Case, state: int, after: int) -> list[int]:
    """Frames at which the subject enters `state`, having been in `after` in the last frame of another kind."""
    mine = case.part.state
    return [a for a, _ in runs(mine == state) if a > 0 and mine[a - 1] == after]


def leaves_frame(case: Case) -> Verdict:
    return case.arrival(_enters(case, OUT, SEEN), "never leaves the picture")


def returns(case: Case) -> Verdict:
    return case.arrival(_enters(case, SEEN, OUT), "never comes back into the picture")


def hidden_by(case: Case) -> Verdict:
    frames = [f for f in _enters(case, HIDDEN, SEEN) if _beside(case, f - 1)]
    return case.arrival(frames, f"never goes behind the {case.expected.object}")


def revealed(case: Case) -> Verdict:
    frames = [f for f in _enters(case, SEEN, HIDDEN) if _beside(case, f)]
    return case.arrival(frames, f"never comes out from behind the {case.expected.object}")


def _beside(case: Case, frame: int) -> bool:
    """Whether in a frame the subject is as near to the object as two frames' way and its own size, if both are seen."""
    other = case.other
    if other is None or not np.isfinite(other.box[frame]).all() or not np.isfinite(case.part.box[frame]).all():
        return True
    a, b = case.part.box[frame], other.box[frame]
    gap = np.maximum(np.maximum(a[:2] - b[2:], b[:2] - a[2:]), 0.0)
    steps = np.abs(np.diff(case.part.box[:, :2], axis=0))
    way = float(np.nanmax(steps)) if np.isfinite(steps).any() else 0.0
    return bool((gap <= 2.0 * way + (a[2:] - a[:2])).all())


def goes_out(case: Case) -> Verdict:
    lit = np.flatnonzero(case.part.state == SEEN)
    if not lit.size:
        return case.told(1.0, "is not lit at first")
    if lit[-1] == len(case.part.state) - 1:
        return case.told(1.0, "never goes out")
    return case.arrival([int(lit[-1]) + 1], "never goes out")


def stays_lit(case: Case) -> Outcome:
    slack = int(np.ceil(SLACK))
    window = case.part.state[case.inside()][slack:-slack]
    dark = float(np.mean(np.isin(window, (ABSENT,)))) if window.size else 0.0
    return case.told(2.0 * dark if case.part.tracks else 1.0, "does not stay lit")
