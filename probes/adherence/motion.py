"""Events of going somewhere, judged on the way that the camera of the first frame would see."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter

from probes.adherence.case import Case, Look, Untold, Verdict
from probes.adherence.visibility import present
from probes.perception.observation import HIDDEN, OUT

SHIFTS = (0, -1, 1)  # frames by which a window may be early or late
STRAIGHT = 0.5  # of the way there is progress: less is to and fro
RISE = 0.012  # heights that a bounce leads up again, at least
TURN = 0.4  # of what counts as motion: a swing leads so far there and back, at least
COVERED = 0.4  # of the window: of what is out of sight for longer, standing still is not told
DULL = 0.4  # amiss of a bounce that does not lead up
DRIFT = 1.5  # a camera that travels makes what stands still seem to go so many times farther


def moves(axis: int, sign: float, words: str) -> Look:
    """Net motion along an axis of the picture; a fall counts even if a bounce follows."""

    def look(case: Case) -> Verdict:
        done = []
        for shift in SHIFTS:
            path = sign * case.part.steady[case.inside(0.5, shift), axis]
            path = path[np.isfinite(path)]
            if path.size < 2:
                continue
            stop = int(path.argmax()) if axis == 1 else path.size - 1
            net, way = float(path[stop] - path[0]), float(np.abs(np.diff(path[: stop + 1])).sum())
            done.append(min(net / case.least, net / max(way, 1e-9) / STRAIGHT))
        if not done:
            return case.unseen(f"is not seen to {words}")
        covered = float(np.isin(case.part.state[case.inside()], (HIDDEN, OUT)).mean())
        if covered > COVERED and abs(max(done)) < 0.5:
            return Untold(case.expected, "it is out of sight for a part of the time")
        return case.told(1.0 - max(done), f"does not {words}")

    return look


def stays(case: Case) -> Verdict:
    """How far from its first place the subject gets, in units of what counts as motion.

    The nearer sides of its box count: what covers or cuts it, or a camera that comes closer, moves only one of two.
    """
    part, aspect = case.part, case.observation.clip.width / case.observation.clip.height
    sides = (part.box * (aspect, 1.0, aspect, 1.0)).reshape(-1, 2, 2) + (part.steady - part.centre)[:, None]
    sides = sides[case.inside(0.0) & np.isfinite(part.box[:, 0])]
    if len(sides) < 2:
        return present(case)
    far = float(np.linalg.norm(np.abs(sides - sides[0]).min(1), axis=1).max())
    allowed = case.least * (DRIFT if case.observation.camera.parallax else 1.0)
    return case.told(far / allowed - 0.5, "does not stay where it is")


def bounces(case: Case) -> Verdict:
    """Where a fall is slowed down, which gravity never does, and leads up again; half way where it leads only on."""
    seen = np.flatnonzero(np.isfinite(case.part.steady[:, 1]))
    path = case.part.steady[seen]
    y, least = path[:, 1], 0.7 * case.least
    step = np.diff(y)
    hits = [k for k in range(1, len(y) - 1) if step[k - 1] - step[k] > least and y[k] - y[: k + 1].min() > least]
    rises = [int(seen[k]) for k in hits if y[k + 1 : k + 4].min() < y[k] - RISE]
    if rises:
        return case.arrival(rises, "never bounces")
    goes_on = [int(seen[k]) for k in hits if np.ptp(path[k + 1 : k + 5], axis=0).max() > RISE]
    outcome = case.arrival(goes_on, "never bounces")
    return case.told(max(outcome.amiss, DULL), outcome.words, outcome.times)


def swings(case: Case) -> Verdict:
    """Where the way along its greatest spread turns back."""
    seen = np.flatnonzero(np.isfinite(case.part.steady[:, 0]))
    if seen.size < 4:
        return case.unseen("is not seen to swing")
    path = median_filter(case.part.steady[seen], (3, 1), mode="nearest")  # a string seen or not shifts the middle
    main = np.linalg.svd(path - path.mean(0), full_matrices=False)[2][0]
    along = (path - path.mean(0)) @ main
    least = max(TURN * case.least, 0.05 * float(np.ptp(along)))
    turns = [int(seen[k]) for k in range(1, len(along) - 1) if _turns(along, k, least)]
    return case.arrival(turns, "never swings back")


def _turns(along: np.ndarray, k: int, least: float) -> bool:
    """Whether (T,) positions have a peak or a trough at k that rises more than `least` on both sides."""
    for sign in (1.0, -1.0):
        s = sign * along
        low = max((i for i in range(k) if s[i] > s[k]), default=-1) + 1
        high = min((i for i in range(k + 1, len(s)) if s[i] > s[k]), default=len(s))
        if s[k] - s[low : k + 1].min() > least and s[k] - s[k:high].min() > least:
            return True
    return False
