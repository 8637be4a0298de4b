"""Motion: keys as arrays, and where they lead at any time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.scene import Key

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Path:
    """One body's keys, by column."""

    t: list[float]
    pos: Array  # (K, 3)
    quat: Array  # (K, 4)
    scale: list[float]
    visible: list[bool]
    steady: bool  # all quaternions are the same

    @staticmethod
    def of(keys: Sequence[Key]) -> Path:
        """The path of at least one key."""
        quat = np.array([k.quat for k in keys], float)
        return Path(
            [k.t for k in keys],
            np.array([k.pos for k in keys], float),
            quat,
            [k.scale for k in keys],
            [k.visible for k in keys],
            bool((quat == quat[0]).all()),
        )

    def _between(self, t: float) -> tuple[int, int, float]:
        i = max(bisect_right(self.t, t + 1e-9) - 1, 0)
        j = min(i + 1, len(self.t) - 1)
        return i, j, min(max((t - self.t[i]) / (self.t[j] - self.t[i]), 0.0), 1.0) if j > i else 0.0

    def at(self, t: float) -> tuple[Array, Array, float, bool]:
        """(position, quaternion, scale, visible) at time t; before the first and after the last key as there."""
        i, j, share = self._between(t)
        quat = self.quat[i] if self.steady else slerp(self.quat[i], self.quat[j], share)
        scale = self.scale[i] * (1 - share) + self.scale[j] * share
        return self.pos[i] * (1 - share) + self.pos[j] * share, quat, scale, self.visible[i]

    def velocity(self, t: float, brief: float) -> tuple[Array, Array]:
        """(3,) m/s and (3,) rad/s in world axes, by differences over `brief` seconds either side."""
        a, b = max(t - brief, self.t[0]), min(t + brief, self.t[-1])
        if b <= a:
            return np.zeros(3), np.zeros(3)
        (p, q, _, _), (r, s, _, _) = self.at(a), self.at(b)
        return (r - p) / (b - a), turning(q, s) / (b - a)


@dataclass(frozen=True, eq=False)
class Paths:
    """The keys of several geoms of one body, on common times: K keys, G geoms."""

    index: Array  # (G,) which geoms of the body
    t: Array  # (K,)
    pos: Array  # (K, G, 3)
    quat: Array  # (K, G, 4), neighbours in time on the same side
    scale: Array  # (K, G)
    visible: Array  # (K, G) bool

    @staticmethod
    def of(limbs: Sequence[tuple[int, Sequence[Key]]]) -> Paths | None:
        """The paths of (position of the geom in its body, its keys); None where there are none."""
        if not limbs:
            return None
        times = sorted({k.t for _, keys in limbs for k in keys})
        same = all([k.t for k in keys] == times for _, keys in limbs)
        columns = []
        for _, keys in limbs:
            if same:
                columns.append([(k.pos, k.quat, k.scale, k.visible) for k in keys])
            else:
                path = Path.of(keys)
                columns.append([path.at(t) for t in times])  # type: ignore[misc]
        quat = np.array([[k[1] for k in column] for column in columns], float)
        for k in range(1, len(times)):
            quat[:, k] *= np.where((quat[:, k] * quat[:, k - 1]).sum(-1, keepdims=True) < 0, -1.0, 1.0)
        return Paths(
            np.array([i for i, _ in limbs]),
            np.array(times),
            np.array([[k[0] for k in column] for column in columns], float).swapaxes(0, 1),
            quat.swapaxes(0, 1),
            np.array([[k[2] for k in column] for column in columns], float).T,
            np.array([[k[3] for k in column] for column in columns], bool).T,
        )

    def at(self, t: float) -> tuple[Array, Array, Array, Array]:
        """Positions (G, 3), quaternions (G, 4), scales (G,) and visibility (G,) at time t."""
        i = int(np.clip(np.searchsorted(self.t, t + 1e-9, side="right") - 1, 0, len(self.t) - 1))
        j = min(i + 1, len(self.t) - 1)
        share = min(max((t - self.t[i]) / (self.t[j] - self.t[i]), 0.0), 1.0) if j > i else 0.0
        quat = self.quat[i] * (1 - share) + self.quat[j] * share
        quat /= np.linalg.norm(quat, axis=-1, keepdims=True)
        return (
            self.pos[i] * (1 - share) + self.pos[j] * share,
            quat,
            self.scale[i] * (1 - share) + self.scale[j] * share,
            self.visible[i],
        )


def slerp(q0: Array, q1: Array, share: float) -> Array:
    """Spherical interpolation of unit quaternions, the short way."""
    if share == 0.0 or np.array_equal(q0, q1):
        return q0
    dot = float(np.dot(q0, q1))
    if dot < 0:
        q1, dot = -q1, -dot
    angle = math.acos(min(dot, 1.0))
    if angle < 1e-6:
        return q0
    return np.asarray((math.sin((1 - share) * angle) * q0 + math.sin(share * angle) * q1) / math.sin(angle))


def multiply(p: Array, q: Array) -> Array:
    """Product of two quaternions: first the turn q, then the turn p."""
    a, u, b, v = p[0], p[1:], q[0], q[1:]
    return np.concatenate([[a * b - u @ v], a * v + b * u + np.cross(u, v)])


def turning(q0: Array, q1: Array) -> Array:
    """(3,) the rotation vector, radians in world axes, that leads from one orientation to the other, the short way."""
    w, x, y, z = q0
    inverse = np.array([w, -x, -y, -z])
    product = multiply(q1, inverse)
    scalar, vector = product[0], product[1:]
    if scalar < 0:
        scalar, vector = -scalar, -vector
    length = float(np.linalg.norm(vector))
    return vector * 2.0 if length < 1e-9 else np.asarray(vector / length * 2.0 * math.atan2(length, scalar))
