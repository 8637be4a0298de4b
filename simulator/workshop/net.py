"""A net that hangs from a ring, tapers, and bulges and sways when a ball falls through it; lengths in metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from simulator.scene import Body, Key, Material, Vec
from simulator.workshop.shapes import RATE, rod, z_towards

STRANDS, LEVELS = 10, 3
THICK = 0.06  # radius of a strand over that of the ball
AROUND = 1.12  # of the ball's radius: where the corners of a mesh have to be, so that its sides clear the ball
SETTLES = 1.2  # seconds from the ball's leaving until the net hangs still
Path = Callable[[float], np.ndarray]


def net(centre: Vec, facing: Vec, wide: float, r: float, path: Path | None = None, start: float = 0.0) -> Body:
    """A net under the ring of radius `wide` around `centre` whose axis is `facing`, for a ball of radius `r`.

    path: (3,) where the ball is at a time; it has to fall through the ring after `start` seconds; None: it stays out.
    """
    w, x, y, z = z_towards(facing)
    e1 = np.array([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)])
    e2 = np.array([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)])
    deep = 1.6 * r * np.arange(LEVELS + 1) / LEVELS
    rest = np.linspace(wide, max(1.25 * r, 0.6 * wide), LEVELS + 1)
    turn = 2 * math.pi * np.arange(STRANDS) / STRANDS

    def nodes(radius: np.ndarray, aside: np.ndarray) -> np.ndarray:
        """(LEVELS + 1, STRANDS, 3) corners, from the ring's centre, for levels of these radii, moved by (L, 3)."""
        angle = turn + np.pi / STRANDS * np.arange(LEVELS + 1)[:, None]
        round_ = radius[:, None, None] * (np.cos(angle)[..., None] * e1 + np.sin(angle)[..., None] * e2)
        return round_ - deep[:, None, None] * np.array([0.0, 0.0, 1.0]) + aside[:, None]

    still = nodes(rest, np.zeros((LEVELS + 1, 3)))
    times, shapes = ([], []) if path is None else _passage(centre, deep, rest, r, path, start)
    moving = [nodes(radius, aside) for radius, aside in shapes]
    geoms = []
    for level in range(LEVELS):
        for k in range(STRANDS):
            for to in (k, (k - 1) % STRANDS):
                geom = rod(still[level, k], still[level + 1, to], THICK * r, solid=False)
                half = geom.size[1]
                keys = (_key(t, m[level, k], m[level + 1, to], half) for t, m in zip(times, moving, strict=True))
                geoms.append(replace(geom, keys=tuple(keys)))
    return Body("net", "net", "white", tuple(geoms), Material((0.93, 0.93, 0.9)), centre, role="prop")


def _key(t: float, a: np.ndarray, b: np.ndarray, half: float) -> Key:
    """Where a strand of half-length `half` at rest has to be to reach from a to b."""
    x, y, z = ((a + b) / 2).tolist()
    return Key(t, (x, y, z), z_towards(b - a), float(np.linalg.norm(b - a)) / 2 / half)


def _passage(
    centre: Vec, deep: np.ndarray, rest: np.ndarray, r: float, path: Path, start: float
) -> tuple[list[float], list[tuple[np.ndarray, np.ndarray]]]:
    """Times, and the radius (L,) and place aside (L, 3) of every level then.

    A level is as wide as the ball's section in it needs, goes aside with the ball, and swings back as a damped
    pendulum of the net's length.
    """
    span = np.arange(start, start + 3.0, 1 / 240)
    ball = np.array([path(t) for t in span]) - np.asarray(centre)
    below = -ball[:, 2]
    enters = float(span[np.argmax(below > -r)])
    at = [float(span[np.argmax(below >= d)]) for d in deep]  # when the ball's centre is in each level
    leaves = float(span[np.argmax(below > deep[-1] + r)])
    omega = math.sqrt(9.81 / deep[-1])
    times = [0.0, *np.arange(enters, leaves + SETTLES, 1 / RATE).tolist()]
    shapes = []
    for t in times:
        place = path(t) - np.asarray(centre)
        section = np.sqrt(np.maximum(r * r - (-place[2] - deep) ** 2, 0.0))
        aside = np.zeros((len(deep), 3))
        for level in range(1, len(deep)):
            peak = path(at[level]) - np.asarray(centre)
            share = min(max((t - enters) / max(at[level] - enters, 1e-6), 0.0), 1.0)
            since = max(t - at[level], 0.0)
            back = math.cos(omega * since) * math.exp(-3.5 * since / SETTLES) * (1 - min(since / SETTLES, 1.0) ** 4)
            aside[level, :2] = peak[:2] * share * share * (3 - 2 * share) * back
        off = np.linalg.norm(place[:2] - aside[:, :2], axis=1)
        wanted = np.where(section > 0.0, AROUND * section + 2 * THICK * r + np.minimum(off, r), 0.0)
        wanted[0] = rest[0]
        shapes.append((np.maximum(rest, wanted), aside))
    return times, shapes
