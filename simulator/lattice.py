"""Lattice: random values on the points of a periodic grid, and what is smooth or cellular between them.

Coordinates come as float32 arrays x, y, z of one shape, in repeats of the texture; everything has period PERIOD along
each axis. The random tables are drawn once a process; a seed shifts where they are read.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np

PERIOD = 4  # repeats after which every pattern starts over
CORNERS = [(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)]
Array = np.ndarray


def scramble(x: Array, y: Array, z: Array, seed: int) -> Array:
    """Whole numbers -> float32 in [0, 1): a random value for each, the same on every machine."""
    x, y, z = (np.asarray(c).astype(np.int32).view(np.uint32) for c in (x, y, z))
    h = x * np.uint32(0x9E3779B1) ^ y * np.uint32(0x85EBCA77) ^ z * np.uint32(0xC2B2AE3D) ^ np.uint32(seed & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    return ((h ^ (h >> np.uint32(15))) >> np.uint32(8)).astype(np.float32) / np.float32(2**24)


@lru_cache(maxsize=64)
def _table(period: int, salt: int) -> Array:
    """((period + 1)^3,) random values; the last along each axis are the first again."""
    at = np.arange(period + 1) % period
    return scramble(at[:, None, None], at[:, None], at, salt).ravel()


def _place(x: Array, y: Array, z: Array, seed: int, frequency: int) -> tuple[Array, list[Array]]:
    """The cell of each point as an index into a flat table, and where in the cell it is, [0, 1) along each axis."""
    period = PERIOD * frequency
    index = np.zeros(x.shape, np.int32)
    inside = []
    for axis, c in enumerate((x, y, z)):
        shift = zlib.crc32(f"{axis}/{seed}/{frequency}".encode()) % period
        cell = np.floor(c)
        inside.append(c - cell)
        index = index * np.int32(period + 1) + np.mod(cell.astype(np.int32) + shift, period).astype(np.int32)
    return index, inside


def _corner(corner: tuple[int, int, int], period: int) -> int:
    """How far in a flat table a corner of a cell is from the cell."""
    return (corner[0] * (period + 1) + corner[1]) * (period + 1) + corner[2]


def noise(x: Array, y: Array, z: Array, seed: int, frequency: int) -> Array:
    """Smooth random values in [0, 1] with `frequency` cells a repeat."""
    k, period = np.float32(frequency), PERIOD * frequency
    table = _table(period, 0)
    index, inside = _place(x * k, y * k, z * k, seed, frequency)
    fx, fy, fz = (f * f * (3 - 2 * f) for f in inside)
    values = [np.take(table, index + _corner(c, period)) for c in CORNERS]
    for f in (fz, fy, fx):
        values = [a + (b - a) * f for a, b in zip(values[::2], values[1::2], strict=True)]
    return values[0]


def fractal(x: Array, y: Array, z: Array, seed: int, octaves: tuple[int, ...] = (2, 4, 8, 16)) -> Array:
    """Octaves of noise, halving, stretched to fill [0, 1]."""
    total, weight, sum_of_weights = np.zeros(x.shape, np.float32), 1.0, 0.0
    for k in octaves:
        total += np.float32(weight) * noise(x, y, z, seed + k, k)
        sum_of_weights += weight
        weight /= 2
    return np.clip((total / np.float32(sum_of_weights) - 0.5) * 2.2 + 0.5, 0.0, 1.0)


def cells(x: Array, y: Array, z: Array, seed: int, frequency: int) -> tuple[Array, Array, Array]:
    """Distances to the nearest and second nearest of jittered cell centres (in cells), and the nearest's own value."""
    k, period = np.float32(frequency), PERIOD * frequency
    jitter = [0.25 + 0.5 * _table(period, salt) for salt in (1, 2, 3)]
    index, inside = _place(x * k - 0.5, y * k - 0.5, z * k - 0.5, seed, frequency)
    first = np.full(x.shape, np.inf, np.float32)
    second, nearest = first.copy(), index
    for corner in CORNERS:
        at = index + _corner(corner, period)
        apart = [np.take(j, at) + np.float32(o - 0.5) - f for j, o, f in zip(jitter, corner, inside, strict=True)]
        distance = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]
        np.minimum(second, np.maximum(first, distance), out=second)
        nearest = np.where(distance < first, at, nearest)
        np.minimum(first, distance, out=first)
    return np.sqrt(first), np.sqrt(second), np.take(_table(period, 4), nearest)
