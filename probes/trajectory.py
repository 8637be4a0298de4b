"""Tracks as trajectories: when a thing is seen whole, how well its place is known, and pieces of steady motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter, median_filter

from probes.perception.observation import SEEN, Observation, ThingTrack

BLUR = 0.3  # pixels: noise of a centre, at working resolution
FINEST = 192  # pixels: perception looks at clips no larger than this
SHAPE_NOISE = 0.02  # of its size: how far a thing's measured centre wanders when its outline changes
ENOUGH = 12.0  # pixels of area at which a thing is surely there
MERGED = 1.35  # times its usual area: what is seen larger has run into its shadow or another thing
COVERED = 0.87  # of the area it has a little before or after: what is seen smaller is partly covered
MARGIN = 0.02  # fractions: boxes this near the border may be cut


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Maximal stretches [start, stop) in which (T,) flags are true."""
    edges = np.flatnonzero(np.diff(np.r_[False, np.asarray(flags, bool), False].astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def pixel(observation: Observation) -> float:
    """The size of a pixel as perception saw it, in heights."""
    return 1.0 / min(observation.clip.height, FINEST)


def size(observation: Observation, track: ThingTrack) -> float:
    """The median diameter of a disc of the thing's area, heights; 0 if never seen."""
    area = track.area[track.state == SEEN]
    aspect = observation.clip.width / observation.clip.height
    return float(np.sqrt(4.0 / np.pi * np.median(area) * aspect)) if area.size else 0.0


def noise(observation: Observation, track: ThingTrack) -> float:
    """Standard deviation of the thing's centre, heights."""
    return BLUR * pixel(observation) + SHAPE_NOISE * size(observation, track)


def at_border(track: ThingTrack) -> np.ndarray:
    """(T,) whether the thing is seen at the border of the picture, or about to be cut by it."""
    box = np.where(np.isnan(track.box), 0.5, track.box)
    near = (box[:, :2] < MARGIN).any(1) | (box[:, 2:] > 1.0 - MARGIN).any(1)
    return (track.state == SEEN) & (track.cut_by_edge.astype(bool) | near)


def whole(track: ThingTrack) -> np.ndarray:
    """(T,) whether the thing is seen whole, neither cut by the border nor partly covered: its centre is its own."""
    good = np.zeros(len(track.state), bool)
    for start, stop in runs((track.state == SEEN) & np.isfinite(track.area)):
        area = track.area[start:stop]
        usual, most = median_filter(area, 7, mode="nearest"), maximum_filter(area, 5, mode="nearest")
        good[start:stop] = (area >= 0.6 * usual) & (area <= MERGED * usual)
        if start > 0 or stop < len(good):  # out of sight before or after: partly covered on the way
            good[start:stop] &= area >= COVERED * most
    return good & ~at_border(track)


def trust(observation: Observation, track: ThingTrack) -> float:
    """How surely the track is a thing at all, [0, 1]: large enough, sure enough, seen for long enough."""
    seen = track.state == SEEN
    if not seen.any():
        return 0.0
    pixels = (size(observation, track) / pixel(observation)) ** 2
    return min(1.0, pixels / ENOUGH) * float(np.mean(track.confidence[seen])) * min(1.0, float(seen.sum()) / 3.0)


@dataclass(frozen=True)
class Piece:
    """Frames [start, stop) in which a thing moves with constant acceleration.

    p, v: (2,) position (heights) and velocity (heights a second) at the first frame. a: downward acceleration,
    heights a second squared.
    """

    start: int
    stop: int
    p: np.ndarray
    v: np.ndarray
    a: float

    def at(self, seconds: float) -> np.ndarray:
        """(2,) position this long after the first frame."""
        return self.p + self.v * seconds + np.array([0.0, 0.5 * self.a * seconds**2])

    def velocity(self, seconds: float) -> np.ndarray:
        """(2,) velocity this long after the first frame."""
        return self.v + np.array([0.0, self.a * seconds])


def pieces(
    times: np.ndarray, xy: np.ndarray, sigma: float, accelerations: tuple[float, ...], *, cost: float = 12.0
) -> tuple[list[Piece], float]:
    """The cheapest division of a trajectory into pieces, each with one of the allowed downward accelerations.

    times: (N,) seconds, rising. xy: (N, 2) heights. cost: what a new piece costs, in units of squared residual over
    sigma squared. Found by dynamic programming (segmented least squares; Bellman 1961). Returns the pieces, with
    indices into `times`, and the total cost.
    """
    count = len(times)
    best = np.full(count + 1, np.inf)
    best[0] = 0.0
    last: list[tuple[int, Piece | None]] = [(0, None)] * (count + 1)
    for start in range(count):
        for stop in range(start + 1, count + 1):
            piece, misfit = _steady(times, xy, start, stop, accelerations)
            total = best[start] + misfit / sigma**2 + cost
            if total < best[stop] - 1e-9:
                best[stop], last[stop] = total, (start, piece)
    found: list[Piece] = []
    at = count
    while at > 0:
        at, piece_or_none = last[at]
        assert piece_or_none is not None
        found.append(piece_or_none)
    return found[::-1], float(best[count])


def _steady(
    times: np.ndarray, xy: np.ndarray, start: int, stop: int, accelerations: tuple[float, ...]
) -> tuple[Piece, float]:
    """The best steady piece of [start, stop) and its squared misfit."""
    t = times[start:stop] - times[start]
    middle = t.mean()
    spread = float(((t - middle) ** 2).sum())
    best: tuple[Piece, float] | None = None
    for a in accelerations:
        path = xy[start:stop] - np.c_[np.zeros_like(t), 0.5 * a * t**2]
        mean = path.mean(0)
        v = ((t - middle) @ path) / spread if spread > 0 else np.zeros(2)
        misfit = float(((path - mean - (t - middle)[:, None] * v) ** 2).sum())
        if best is None or misfit < best[1] - 1e-12:
            best = Piece(start, stop, mean - middle * v, v, a), misfit
    assert best is not None
    return best
