"""Touch: what stands near enough to a thing to push it, hold it or stop it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from probes.plausibility.places import Course
from simulator.scene import Body, Geom, Quat, Room
from simulator.surface import SOFT

NEAR = 0.3  # of its radius: a gap this wide may be closed
Array = np.ndarray


def turned(quat: Quat | Array) -> Array:
    """(3, 3) the rotation of a WXYZ quaternion."""
    w, x, y, z = np.asarray(quat, float) / np.linalg.norm(quat)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


def distance(body: Body, points: Array) -> Array:
    """(N,) metres from points (N, 3) to the surface of a fixed body, negative inside; infinite if nothing is solid."""
    local = (points - np.asarray(body.pos)) @ turned(body.quat)
    solid = [g for g in body.geoms if g.solid and g.shape not in SOFT and not g.keys]
    gaps = [_to(g, (local - np.asarray(g.pos)) @ turned(g.quat)) for g in solid]
    return np.min(gaps, axis=0) if gaps else np.full(len(points), np.inf)


def _to(geom: Geom, p: Array) -> Array:
    a, b, c = geom.size
    if geom.shape in ("sphere", "ellipsoid"):
        return np.asarray(np.linalg.norm(p, axis=1) - (a if geom.shape == "sphere" else min(a, b, c)))
    if geom.shape == "capsule":
        on = np.clip(p[:, 2], -b, b)
        return np.asarray(np.linalg.norm(p - np.c_[np.zeros((len(p), 2)), on], axis=1) - a)
    if geom.shape == "box":
        q = np.abs(p) - (a, b, c)
    else:  # cylinders, and cones as such
        q = np.c_[np.hypot(p[:, 0], p[:, 1]) - a, np.abs(p[:, 2]) - b]
    return np.asarray(np.linalg.norm(np.maximum(q, 0.0), axis=1) + np.minimum(q.max(1), 0.0))


def upright(body: Body) -> Body | None:
    """A driven body where it starts, if its drive never turns it."""
    if body.motion != "scripted" or not body.keys or any(k.quat != body.keys[0].quat for k in body.keys):
        return None
    return replace(body, pos=body.keys[0].pos, quat=body.keys[0].quat)


def middle(body: Body) -> Array:
    """(3,) metres: the middle of what a body shows, where its script has it at first."""
    return np.asarray(body.pos) + turned(body.quat) @ centre(body)


def centre(body: Body) -> Array:
    """(3,) metres: the middle of a body's geoms in its frame, by what they show."""
    weight = np.array([_seen(g) for g in body.geoms]) + 1e-9
    return np.asarray(weight @ np.array([g.pos for g in body.geoms]) / weight.sum())


def _seen(geom: Geom) -> float:
    """About the area that a geom shows, square metres."""
    a, b, c = geom.size
    if geom.shape == "sphere":
        return math.pi * a * a
    if geom.shape in ("capsule", "cylinder", "cone"):
        return 4.0 * a * b
    wide = sorted((a, b, c))
    return 4.0 * wide[2] * wide[1]


def led(course: Course, k: int) -> Array:
    """(M, 3) where a thing was around frame k, and where its motion before and after would have led it."""
    p = course.at[k - 1 : k + 2]
    ahead, back = p[1] + (p[1] - p[0]), p[1] - (p[2] - p[1])
    further = [course.at[i] for i in (k - 2, k + 2) if 0 <= i < len(course.at) and course.sound[i]]
    more = [2.0 * p[0] - further[0], 2.0 * p[2] - further[1]] if len(further) == 2 else []
    return np.array([*p, ahead, back, (p[1] + ahead) / 2, (p[1] + back) / 2, *more])


def floored(course: Course, points: Array) -> bool:
    """Whether a thing led through these points may touch the floor."""
    return bool(points[:, 2].min() < (1.0 + NEAR) * course.reach)


def walls(course: Course, points: Array, room: Room) -> list[Array]:
    """(3,) unit vectors out of the walls that it may touch."""
    if room.walls is None:
        return []
    far = room.half_width - (1.0 + NEAR) * course.reach
    sides = [(axis, sign) for axis in (0, 1) for sign in (1.0, -1.0) if (sign * points[:, axis]).max() > far]
    return [-sign * np.eye(3)[axis] for axis, sign in sides]


def beside(course: Course, points: Array, body: Body) -> Array | None:
    """(3,) the unit vector out of a fixed body that a thing may touch; None if it does not."""
    gaps = distance(body, points)
    if not gaps.min() < (1.0 + NEAR) * course.reach:
        return None
    near = points[int(np.argmin(gaps))]
    small = 1e-3 * course.reach
    out = distance(body, near + small * np.eye(3)) - distance(body, near - small * np.eye(3))
    return np.asarray(out / max(float(np.linalg.norm(out)), 1e-9))


def meet(a: Course, b: Course, k: int) -> bool:
    """Whether two things may touch around frame k; one that is not seen is where it was seen last."""
    if a.outline is not None and b.outline is not None and a.outline.apart(b.outline, k):
        return False
    if not b.sound[k - 1 : k + 2].all():
        known = np.flatnonzero(np.isfinite(b.at[:, 0]))
        if not known.size:
            return False
        near = b.at[known[np.abs(known - k).argmin()]]
        return float(np.linalg.norm(a.at[k] - near)) < 1.5 * (a.reach + b.reach) + 2 * _step(a, k)
    for one, other in ((a, b), (b, a)):
        form = upright(other.body)
        if form is not None:
            gap = distance(form, led(one, k) - other.at[k] + middle(form))
            return bool(gap.min() - _step(other, k) < (1.0 + NEAR) * one.reach)
    gaps = np.linalg.norm(led(a, k)[:7] - led(b, k)[:7], axis=1)
    return bool(gaps.min() < (1.0 + NEAR) * (a.reach + b.reach))


def _step(course: Course, k: int) -> float:
    return float(np.linalg.norm(course.at[k + 1] - course.at[k - 1])) / 2.0
