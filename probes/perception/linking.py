"""Tracks that end and tracks that begin: where things went, and which came back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment

from probes.perception.blobs import Blob
from probes.perception.observation import ABSENT, HIDDEN, OUT
from probes.perception.tracking import Track

STALL = 0.2  # of its size: how far its leading edge stays behind where it should be, for it to be hidden by something
FULL = 0.85  # of its usual area: it is seen whole


@dataclass(frozen=True)
class End:
    """How a track ends (or, in reversed time, begins).

    state: OUT, HIDDEN or ABSENT. velocity: (2,) pixels a frame toward the end. whole: the blob before it was cut.
    edges: borders of the picture by which it left.
    """

    state: int
    t: int
    velocity: np.ndarray
    whole: Blob
    last: Blob
    edges: list[bool]


def _extent(blob: Blob, u: np.ndarray) -> tuple[float, float]:
    """Trailing and leading edge of a blob along the unit vector u, pixels."""
    ys, xs = np.nonzero(blob.mask)
    along = (xs + blob.x + 0.5) * u[0] + (ys + blob.y + 0.5) * u[1]
    return float(along.min()), float(along.max())


def _footprint(blob: Blob, shift: np.ndarray, scene: np.ndarray) -> np.ndarray | None:
    """Mean Lab of `scene` where `blob` moved by `shift` would be; None where that is outside the picture."""
    ys, xs = np.nonzero(blob.mask)
    ys, xs = np.round(ys + blob.y + shift[1]).astype(int), np.round(xs + blob.x + shift[0]).astype(int)
    inside = (ys >= 0) & (xs >= 0) & (ys < scene.shape[0]) & (xs < scene.shape[1])
    return scene[ys[inside], xs[inside]].mean(0) if inside.mean() > 0.3 else None


def ending(blobs: list[Blob], scene: np.ndarray, threshold: float) -> End:
    """How a thing left sight. blobs: its last ones in order (reversed for a beginning); scene: (h, w, 3) Lab."""
    recent = blobs[-8:]
    last = recent[-1]
    usual = float(np.quantile([b.area for b in recent], 0.8))
    wholes = [b for b in recent if b.area >= FULL * usual] or [last]
    whole = wholes[-1]
    velocity = np.zeros(2)
    if len(wholes) > 1:
        a = wholes[-2]
        velocity = (whole.centre - a.centre) / abs(whole.t - a.t)
    elif len(recent) > 1:
        velocity = (last.centre - recent[0].centre) / abs(last.t - recent[0].t)
    h, w = scene.shape[:2]
    speed = float(np.linalg.norm(velocity))
    outward = (velocity[0] < 0, velocity[1] < 0, velocity[0] > 0, velocity[1] > 0)
    edges = [bool(e and o) for e, o in zip(last.edges, outward, strict=True)]
    ahead = whole.centre + velocity * (abs(last.t - whole.t) + 1)
    margin = 0.25 * whole.size
    beyond = (ahead[0] < margin, ahead[1] < margin, ahead[0] > w - margin, ahead[1] > h - margin)
    sides = [e or bool(b and o) for e, b, o in zip(edges, beyond, outward, strict=True)]
    if speed > 0.02 * whole.size and any(sides):
        return End(OUT, last.t, velocity, whole, last, sides)
    state = ABSENT
    if speed > 0.03 * whole.size:
        u = velocity / speed
        steps = abs(last.t - whole.t)
        trail, lead = _extent(whole, u)
        size = lead - trail + 1.0
        now_trail, now_lead = _extent(last, u)
        stalled = lead + speed * steps - now_lead > STALL * size
        trailing = abs(trail + speed * steps - now_trail) < 0.5 * size
        here, there = _footprint(whole, np.zeros(2), scene), _footprint(last, velocity, scene)
        other_ground = here is not None and there is not None and np.linalg.norm(here - there) > 8.0
        if (steps and stalled and trailing) or (speed > 0.5 * size and other_ground):
            state = HIDDEN
        if there is not None and np.linalg.norm(there - whole.colour) < 1.5 * threshold:
            state = HIDDEN  # against a ground of its own colour it cannot be told
    return End(state, last.t, velocity, whole, last, [False] * 4)


def _fits(end: End, start: End) -> float:
    """How badly the thing that begins with `start` continues the one that ended with `end`; 1 or more: not at all."""
    gap = start.t - end.t
    look = float(np.linalg.norm(end.whole.colour - start.whole.colour)) / 60.0
    growth = abs(float(np.log(start.whole.area / end.whole.area)))
    if OUT in {end.state, start.state}:
        if end.state != start.state:
            return np.inf
        same_side = any(a and b for a, b in zip(end.edges, start.edges, strict=True))
        return 0.5 * look + 0.3 * growth + (0.0 if same_side else 0.4)
    size = max(end.whole.size, start.whole.size)
    entry = start.last.centre - end.last.centre
    forward = -start.velocity  # start.velocity points backward in time, out of sight
    speed = float(np.linalg.norm(end.velocity))
    if HIDDEN in {end.state, start.state}:
        u = end.velocity / speed if speed > 0 else np.zeros(2)
        along = float(entry @ u)
        across = float(np.linalg.norm(entry - along * u))
        expected = speed * gap
        miss = across / (1.5 * size + 0.3 * expected) + abs(along - expected) / (2.0 * size + 1.0 * expected)
        turned = 0.3 if float(forward @ end.velocity) < 0 else 0.0
        return 0.5 * miss + 0.3 * look + 0.2 * growth + turned
    predicted = end.last.centre + end.velocity * gap
    miss = float(np.linalg.norm(start.last.centre - predicted)) / (size + 0.5 * speed * gap)
    if miss < 1.0:  # a short loss of sight on its way
        return 0.5 * miss + 0.3 * look + 0.2 * growth
    return 0.6 + 2.0 * look + growth  # it jumped: only its looks can tell


def ordered(track: Track) -> list[Blob]:
    return [track.blobs[t] for t in sorted(track.blobs)]


def link(tracks: list[Track], scene: np.ndarray, threshold: float, count: int) -> list[tuple[Track, dict[int, int]]]:
    """Join tracks across gaps. Returns (track, state by frame in which it is not seen) pairs; `count` frames."""
    ends = [ending(ordered(k), scene, threshold) for k in tracks]
    starts = [ending(ordered(k)[::-1], scene, threshold) for k in tracks]
    costs = np.full((len(tracks), len(tracks)), 10.0)
    for i, a in enumerate(tracks):
        for j, b in enumerate(tracks):
            if a.last < b.first:
                costs[i, j] = min(_fits(ends[i], starts[j]), 10.0)
    rows, cols = linear_sum_assignment(costs)
    following: dict[int, int] = {int(i): int(j) for i, j in zip(rows, cols, strict=True) if costs[i, j] < 1.0}
    heads = [i for i in range(len(tracks)) if i not in set(following.values())]
    chains = []
    for head in heads:
        chain = [head]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        joined = Track({}, {t for i in chain for t in tracks[i].behind})
        gaps: dict[int, int] = dict.fromkeys(range(tracks[head].first), starts[head].state)
        for i in chain:
            joined.blobs.update(tracks[i].blobs)
        for i, j in pairwise(chain):
            states = {ends[i].state, starts[j].state}
            state = OUT if OUT in states else HIDDEN if HIDDEN in states else ABSENT
            gaps.update(dict.fromkeys(range(tracks[i].last + 1, tracks[j].first), state))
        gaps.update(dict.fromkeys(range(tracks[chain[-1]].last + 1, count), ends[chain[-1]].state))
        for t in range(joined.first, joined.last):
            if t not in joined.blobs:
                gaps.setdefault(t, HIDDEN)  # a short loss, bridged frame by frame
        chains.append((joined, gaps))
    return chains
