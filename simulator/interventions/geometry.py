"""Geometry that interventions share: turns, and how far shapes reach."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from simulator.scene import Body, Geom

Array = np.ndarray
UP = np.array([0.0, 0.0, 1.0])


def about(axis: Array, angle: float) -> Array:
    """(4,) the quaternion (WXYZ) of a turn by `angle` radians about a unit vector."""
    return np.array([math.cos(angle / 2), *(math.sin(angle / 2) * axis)])


def rotate(v: Array, axis: Array, angle: float) -> Array:
    """(3,) `v` turned by `angle` radians about a unit vector (Rodrigues)."""
    c, s = math.cos(angle), math.sin(angle)
    return np.asarray(c * v + s * np.cross(axis, v) + (1 - c) * (axis @ v) * axis)


def reach(shape: str, size: Sequence[float] | Array, axis: Array) -> float:
    """Metres from the middle of a shape to its outermost point along the unit vector `axis`, in the shape's frame.

    Sheets and discs count as flat.
    """
    a, b, c = size
    x, y, z = np.abs(axis).tolist()
    across = math.hypot(x, y)
    if shape == "sphere":
        return float(a)
    if shape == "capsule":
        return float(a + b * z)
    if shape in ("cylinder", "cone"):
        return float(a * across + b * z)
    if shape == "ellipsoid":
        return math.hypot(a * x, b * y, c * z)
    if shape == "disc":
        return math.hypot(a * x, b * y)
    return float(a * x + b * y + (c * z if shape == "box" else 0.0))


def bound(geom: Geom) -> float:
    """Radius of the sphere about the geom's middle that holds it, metres."""
    a, b, c = geom.size
    if geom.shape in ("sphere", "ellipsoid"):
        return max(a, b, c)
    return a + b if geom.shape == "capsule" else math.hypot(a, b, c)


def radius(body: Body) -> float:
    """Radius of the sphere about the body's origin that holds its geoms, wherever they move in it, metres."""
    return max(max((math.hypot(*key.pos) for key in g.keys), default=math.hypot(*g.pos)) + bound(g) for g in body.geoms)


def footprint(body: Body) -> float:
    """About the radius of the upright cylinder around the body's origin that holds its geoms, metres."""
    sides = np.eye(3)[:2]
    places = [(g, k.pos) for g in body.geoms for k in (g.keys or (g,))]
    far = [math.hypot(*pos[:2]) + max(reach(g.shape, g.size, side) for side in sides) for g, pos in places]
    return min(max(far), radius(body))


def smooth(share: float) -> float:
    """0 to 1 as `share` goes from 0 to 1, at rest at both ends."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)
