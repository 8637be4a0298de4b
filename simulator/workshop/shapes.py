"""Shapes and motion: simple things, quaternions, and keys along a path."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from simulator.scene import Body, Geom, Key, Material, Quat, Shape, Vec

NOUNS = ("ball", "cube", "cylinder")
OOD_NOUNS = ("capsule", "cone")
RATE = 60.0  # keys a second of a path that bends


def shape_of(noun: str, r: float) -> tuple[Geom, float]:
    """The geom of a thing that fits a sphere of about radius `r`, and how high its centre is above a floor, metres."""
    shapes: dict[str, tuple[Shape, Vec, float]] = {
        "ball": ("sphere", (r, 0.0, 0.0), r),
        "cube": ("box", (0.85 * r, 0.85 * r, 0.85 * r), 0.85 * r),
        "cylinder": ("cylinder", (0.75 * r, 0.95 * r, 0.0), 0.95 * r),
        "capsule": ("capsule", (0.55 * r, 0.55 * r, 0.0), 1.1 * r),
        "cone": ("cone", (0.9 * r, 0.95 * r, 0.0), 0.95 * r),
    }
    shape, size, up = shapes[noun]
    return Geom(shape, size), up


def thing(
    name: str, noun: str, colour: str, material: Material, r: float, pos: Vec = (0.0, 0.0, 0.0), **more: object
) -> Body:
    """A simple thing of radius `r` whose lowest point is `pos` (metres); `more` are fields of Body."""
    geom, up = shape_of(noun, r)
    return Body(name, noun, colour, (geom,), material, (pos[0], pos[1], pos[2] + up), **more)  # type: ignore[arg-type]


def about(axis: Vec, angle: float) -> Quat:
    """The quaternion (WXYZ) of a turn by `angle` radians about the unit vector `axis`."""
    s = math.sin(angle / 2.0)
    return (math.cos(angle / 2.0), axis[0] * s, axis[1] * s, axis[2] * s)


def z_towards(direction: Sequence[float]) -> Quat:
    """The shortest turn (WXYZ) that takes the z axis to `direction` (any length but zero)."""
    d = np.asarray(direction, float) / np.linalg.norm(direction)
    if d[2] < -0.999999:
        return (0.0, 1.0, 0.0, 0.0)
    q = np.array([1.0 + d[2], -d[1], d[0], 0.0])
    w, x, y, z = (q / np.linalg.norm(q)).tolist()
    return (w, x, y, z)


def turned(p: Quat, q: Quat) -> Quat:
    """The product of two quaternions: first the turn q, then the turn p."""
    a, b, c, d = p
    e, f, g, h = q
    return (
        a * e - b * f - c * g - d * h,
        a * f + b * e + c * h - d * g,
        a * g - b * h + c * e + d * f,
        a * h + b * g - c * f + d * e,
    )


def rod(a: Sequence[float], b: Sequence[float], radius: float, **more: object) -> Geom:
    """A capsule from a to b (metres)."""
    start, end = np.asarray(a, float), np.asarray(b, float)
    x, y, z = ((start + end) / 2).tolist()
    half = float(np.linalg.norm(end - start)) / 2
    return Geom("capsule", (radius, half, 0.0), (x, y, z), z_towards(end - start), **more)  # type: ignore[arg-type]


def lasting(seconds: float) -> float:
    """For how long what is scripted has to go on in a clip of that length: time may skip ahead in it."""
    return seconds + max(0.7, 0.16 * seconds)


def path(
    seconds: float,
    at: Callable[[float], Sequence[float]],
    turn: Callable[[float], Quat] | None = None,
    rate: float = RATE,
) -> tuple[Key, ...]:
    """Keys at least `rate` times a second of a motion: at(t) metres, turn(t) WXYZ."""
    keys = []
    for t in np.linspace(0.0, seconds, max(2, math.ceil(rate * seconds) + 1)).tolist():
        x, y, z = (float(v) for v in at(t))
        keys.append(Key(t, (x, y, z), turn(t)) if turn else Key(t, (x, y, z)))
    return tuple(keys)
