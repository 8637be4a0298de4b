"""Procedural textures: colours as functions of points in space, and the images that the renderer wraps on shapes.

A pattern is defined on 3-D points measured in repeats (metres / material.scale) and has period PERIOD along each
axis, so a solid looks carved from one block, and a floor tiles without seams.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np

from simulator.scene import Material, Shape, Vec

PERIOD = 4  # repeats after which every pattern starts over
DARKER = 0.55  # the second colour where the material gives none


def _hash(cells: np.ndarray, seed: int, period: int) -> np.ndarray:
    """(..., 3) whole numbers -> (...,) in [0, 1): the lattice's random value, the same on every machine."""
    x, y, z = (np.mod(cells[..., i], period).astype(np.uint32) for i in range(3))
    h = x * np.uint32(0x9E3779B1) ^ y * np.uint32(0x85EBCA77) ^ z * np.uint32(0xC2B2AE3D) ^ np.uint32(seed)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    return ((h ^ (h >> np.uint32(15))) >> np.uint32(8)).astype(np.float64) / 2**24


_CORNERS = np.stack(np.meshgrid((0, 1), (0, 1), (0, 1), indexing="ij"), -1).reshape(-1, 3)


def _value_noise(u: np.ndarray, seed: int, frequency: int) -> np.ndarray:
    """Smooth random values in [0, 1] with `frequency` lattice cells a repeat."""
    p = u * frequency
    cell = np.floor(p)
    f = p - cell
    f = f * f * (3 - 2 * f)
    total = np.zeros(u.shape[:-1])
    for corner in _CORNERS:
        weight = np.prod(np.where(corner, f, 1 - f), axis=-1)
        total += weight * _hash(cell + corner, seed, PERIOD * frequency)
    return total


def _fractal(u: np.ndarray, seed: int, octaves: tuple[int, ...] = (2, 4, 8, 16)) -> np.ndarray:
    """Octaves of value noise, halving, stretched to fill [0, 1]."""
    weights = 0.5 ** np.arange(len(octaves))
    total = sum(w * _value_noise(u, seed + k, k) for w, k in zip(weights, octaves, strict=True))
    return np.clip((total / weights.sum() - 0.5) * 2.2 + 0.5, 0.0, 1.0)


def _cells(u: np.ndarray, seed: int, frequency: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances to the nearest and second nearest of jittered cell centres (in cells), and the nearest's own value."""
    p = u * frequency
    base = np.floor(p - 0.5)
    first = np.full(u.shape[:-1], np.inf)
    second, value = first.copy(), first.copy()
    for corner in _CORNERS:
        cell = base + corner
        jitter = np.stack([_hash(cell, seed + k, PERIOD * frequency) for k in (1, 2, 3)], -1)
        distance = np.linalg.norm(cell + 0.25 + 0.5 * jitter - p, axis=-1)
        nearer = distance < first
        second = np.where(nearer, first, np.minimum(second, distance))
        value = np.where(nearer, _hash(cell, seed + 4, PERIOD * frequency), value)
        first = np.where(nearer, distance, first)
    return first, second, value


def _step(x: np.ndarray, edge: float, width: float) -> np.ndarray:
    """0 under the edge, 1 above it, smooth over `width`."""
    t = np.clip((x - edge) / width + 0.5, 0.0, 1.0)
    return t * t * (3 - 2 * t)


def pattern(texture: str, u: np.ndarray, seed: int) -> np.ndarray:
    """How much of the second colour there is at points u (..., 3), in repeats: (...,) in [0, 1]."""
    if texture == "flat":
        return np.zeros(u.shape[:-1])
    if texture == "checker":
        return np.mod(np.floor(2 * u).sum(-1), 2.0)
    if texture == "stripes":
        return np.mod(np.floor(2 * u.sum(-1)), 2.0)
    if texture == "noise":
        return _fractal(u, seed)
    if texture == "spots":
        nearest, _, _ = _cells(u, seed, 2)
        return 1.0 - _step(nearest, 0.36, 0.06)
    if texture == "tiles":
        to_edge = np.abs(np.mod(2 * u + (0.0, 0.0, 0.5), 1.0) - 0.5)
        grout = _step(to_edge.max(-1), 0.465, 0.02)
        return np.maximum(grout, 0.25 * _hash(np.floor(2 * u + (0.0, 0.0, 0.5)), seed, 2 * PERIOD))
    if texture == "stone":
        nearest, second, value = _cells(u, seed, 3)
        joint = 1.0 - _step(second - nearest, 0.08, 0.08)
        return np.clip(0.85 * joint + 0.35 * value + 0.3 * (_fractal(u, seed) - 0.5), 0.0, 1.0)
    if texture == "wood":
        plank = np.floor(u * (0, 4, 4))
        shift = _hash(plank, seed, 4 * PERIOD)
        grain = _fractal(u * (1, 4, 4) + shift[..., None] * (PERIOD, 0, 0), seed, (1, 2, 4))
        joint = _step(np.abs(np.mod(4 * u[..., 1], 1.0) - 0.5), 0.48, 0.02)
        return np.clip(0.55 * grain + 0.35 * shift + 0.8 * joint, 0.0, 1.0)
    raise ValueError(f"unknown texture '{texture}'")


def paint(material: Material, points: np.ndarray) -> np.ndarray:
    """The material's colour at `points` (..., 3), metres in the frame of the thing: (..., 3) in [0, 1]."""
    first = np.asarray(material.rgb, float)
    second = first * DARKER if material.rgb2 is None else np.asarray(material.rgb2, float)
    seed = zlib.crc32(repr((material.texture, material.rgb, material.rgb2)).encode())
    share = pattern(material.texture, points / material.scale, seed)[..., None]
    return first * (1 - share) + second * share


def _image(colours: np.ndarray) -> np.ndarray:
    return np.round(np.clip(colours, 0.0, 1.0) * 255).astype(np.uint8)


@lru_cache(maxsize=64)
def plane_image(material: Material, pixels: int) -> np.ndarray:
    """(pixels, pixels, 3) uint8: one period of the material, PERIOD * scale metres wide, seen from above."""
    at = (np.arange(pixels) + 0.5) / pixels * PERIOD * material.scale
    x, y = np.meshgrid(at, at)
    return _image(paint(material, np.stack([x, y, np.full_like(x, 0.13 * material.scale)], -1)))


@lru_cache(maxsize=256)
def cube_image(material: Material, shape: Shape, size: Vec, pixels: int) -> np.ndarray:
    """(6 * pixels, pixels, 3) uint8: the faces +x, -x, +y, -y, +z, -z of a shape, in OpenGL's cube-map layout."""
    at = (np.arange(pixels) + 0.5) / pixels * 2 - 1
    s, t = np.meshgrid(at, at)
    one = np.ones_like(s)
    faces = [(one, -t, -s), (-one, -t, s), (s, one, t), (s, -one, -t), (s, -t, one), (-s, -t, -one)]
    points = np.stack([np.stack(face, -1) for face in faces])
    half = np.asarray(
        {
            "sphere": (size[0],) * 3,
            "cylinder": (size[0], size[0], size[1]),
            "capsule": (size[0], size[0], size[0] + size[1]),
        }.get(shape, size)
    )
    if shape in ("sphere", "ellipsoid"):
        points = points / np.linalg.norm(points, axis=-1, keepdims=True)
    return _image(paint(material, points * half)).reshape(6 * pixels, pixels, 3)


@lru_cache(maxsize=64)
def sheet_image(material: Material, size: Vec, pixels: int) -> np.ndarray:
    """(pixels, pixels, 3) uint8: the material on a sheet of half-lengths (or a disc of half-axes) `size` metres."""
    at = (np.arange(pixels) + 0.5) / pixels * 2 - 1
    x, y = np.meshgrid(at * size[0], at * size[1])
    return _image(paint(material, np.stack([x, y, np.full_like(x, 0.13 * material.scale)], -1)))
