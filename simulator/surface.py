"""Surface: how sheets and discs bend, and the meshes that are drawn.

`height` is the one definition of a bent surface: the picture shows it, ships follow it, and point tracks lie on it.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from simulator.scene import Geom, Vec

SOFT = ("sheet", "disc")
THIN = 1e-3  # metres
Array = np.ndarray


def height(geom: Geom, x: Array | float, y: Array | float, t: float) -> Array:
    """Metres by which the sheet or disc `geom` is lifted along its z at (x, y), in its frame, at time t.

    The sum of its waves; on a pinned sheet it grows linearly from nothing at the edge x = -a to the whole at x = a.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    total = np.zeros(np.broadcast(x, y).shape)
    for w in geom.waves:
        total += w.amplitude * np.cos(w.kx * x + w.ky * y - w.omega * t + w.phase)
    return total * np.clip((x + geom.size[0]) / (2 * geom.size[0]), 0.0, 1.0) if geom.pinned else total


def slope(geom: Geom, x: float, y: float, t: float, step: float = 1e-4) -> tuple[float, float]:
    """d height / dx and / dy at a point, by central differences over `step` metres."""
    hx = height(geom, np.array([x - step, x + step]), y, t)
    hy = height(geom, x, np.array([y - step, y + step]), t)
    return float(hx[1] - hx[0]) / (2 * step), float(hy[1] - hy[0]) / (2 * step)


def mesh(geom: Geom, t: float) -> tuple[Array, Array, Array | None]:
    """(V, 3) points at time t in the geom's frame, (F, 3) triangles, (V, 2) texture coordinates or None, of a cone,
    sheet or disc. Sheets and discs have a front and a back of their own, THIN metres apart."""
    if geom.shape == "cone":
        return *_cone(*geom.size[:2]), None
    flat, faces, texture = _flat(geom.shape, geom.size)
    points = np.column_stack([flat, height(geom, flat[:, 0], flat[:, 1], t)])
    both = np.concatenate([points, points - (0.0, 0.0, THIN)])
    return both, np.concatenate([faces, faces[:, ::-1] + len(flat)]), np.concatenate([texture, texture])


@lru_cache(maxsize=64)
def _flat(shape: str, size: Vec) -> tuple[Array, Array, Array]:
    """(V, 2) points at rest, (F, 3) triangles seen from +z, (V, 2) texture coordinates."""
    a, b, _ = size
    if shape == "sheet":
        columns, rows = 28, max(6, min(28, round(28 * b / a)))
        u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
        points = np.stack([(2 * u - 1) * a, (2 * v - 1) * b], -1).reshape(-1, 2)
        i = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
        lower, upper = (i, i + 1, i + columns + 1), (i, i + columns + 1, i + columns)
        return points, np.concatenate([np.stack(lower, -1), np.stack(upper, -1)]), np.stack([u, v], -1).reshape(-1, 2)
    rings, spokes = 10, 32
    k, after = np.arange(spokes), (np.arange(spokes) + 1) % spokes
    unit = np.stack([np.cos(2 * math.pi * k / spokes), np.sin(2 * math.pi * k / spokes)], -1)
    points = np.concatenate([np.zeros((1, 2)), *(unit * (ring / rings) for ring in range(1, rings + 1))])
    faces = [np.stack([0 * k, 1 + k, 1 + after], -1)]
    for ring in range(rings - 1):
        inner, outer = 1 + ring * spokes, 1 + (ring + 1) * spokes
        faces.append(np.stack([inner + k, outer + k, outer + after], -1))
        faces.append(np.stack([inner + k, outer + after, inner + after], -1))
    return points * (a, b), np.concatenate(faces), (points + 1) / 2


def _cone(r: float, half: float) -> tuple[Array, Array]:
    """Points and triangles; the base has a ring of its own, so that its edge is sharp."""
    spokes = 32
    k, after = np.arange(spokes), (np.arange(spokes) + 1) % spokes
    angle = 2 * math.pi * k / spokes
    ring = np.stack([r * np.cos(angle), r * np.sin(angle), np.full(spokes, -half)], -1)
    points = np.concatenate([ring, [(0.0, 0.0, half)], ring, [(0.0, 0.0, -half)]])
    side = np.stack([k, after, 0 * k + spokes], -1)
    base = np.stack([after, k, 0 * k + spokes], -1) + spokes + 1
    base[:, 2] = 2 * spokes + 1
    return points, np.concatenate([side, base])


def normals(points: Array, faces: Array) -> Array:
    """(V, 3) unit normals of a mesh, the mean of its faces' weighted by their area."""
    p = points[faces]
    face = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
    total = np.stack([sum(np.bincount(faces[:, c], face[:, i], len(points)) for c in range(3)) for i in range(3)], -1)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
