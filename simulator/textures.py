"""Procedural textures: colours as functions of points in space, and the images that the renderer wraps on shapes.

A pattern is defined on 3-D points measured in repeats (metres / material.scale) and has period PERIOD along each
axis, so a solid looks carved from one block, and a floor tiles without seams. Points come as images, (F, n, n) for
each of x, y and z, so that what is smooth can be computed at half the resolution.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from simulator.lattice import PERIOD, cells, fractal, scramble
from simulator.scene import Material, Room, Shape, Vec

DARKER = 0.55  # the second colour where the material gives none
CLOUD = (0.93, 0.94, 0.96)
HILLS = 0.6  # of the horizon's colour
Array = np.ndarray


def pattern(texture: str, x: Array, y: Array, z: Array, seed: int) -> Array:
    """How much of the second colour there is at the points, in repeats: (F, n, n) in [0, 1]."""
    if texture == "flat":
        return np.zeros_like(x)
    return _PATTERNS[texture](x, y, z, seed)


def _step(value: Array, edge: float, width: float) -> Array:
    """0 under the edge, 1 above it, smooth over `width`."""
    t = np.clip((value - np.float32(edge)) / np.float32(width) + np.float32(0.5), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def _coarse(c: Array) -> Array:
    """The middles of blocks of 2 x 2 points."""
    return (c[:, ::2, ::2] + c[:, 1::2, 1::2]) * np.float32(0.5)


def _fine(image: Array, *, smooth: bool = True) -> Array:
    """Images at twice the resolution."""
    import cv2

    n = 2 * image.shape[-1]
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    return np.stack([cv2.resize(face, (n, n), interpolation=how) for face in image])


def _fractal(x: Array, y: Array, z: Array, seed: int, octaves: tuple[int, ...] = (2, 4, 8, 16)) -> Array:
    return _fine(fractal(_coarse(x), _coarse(y), _coarse(z), seed, octaves))


def _cells(x: Array, y: Array, z: Array, seed: int, frequency: int) -> tuple[Array, Array, Array]:
    first, second, value = cells(_coarse(x), _coarse(y), _coarse(z), seed, frequency)
    return _fine(first), _fine(second), _fine(value, smooth=False)


def _odd(count: Array) -> Array:
    """1 where a whole number is odd."""
    return count - 2 * np.floor(count * np.float32(0.5))


def _saw(c: Array) -> Array:
    """How far each coordinate is into its cell of length 1, [0, 1)."""
    return c - np.floor(c)


def _level(c: Array) -> Array:
    """(F, 1, 1) the faces on which a coordinate is constant."""
    return np.asarray(np.ptp(c, axis=(1, 2), keepdims=True) == 0)


def _inside(c: Array) -> Array:
    """Where in its cell of length 1 each coordinate is, [-1/2, 1/2), with constant ones in the middle, not on a cut."""
    return np.where(_level(c), np.float32(0.0), _saw(c) - np.float32(0.5))


def _drawn(x: Array, y: Array, z: Array) -> tuple[Array, Array]:
    """(along, up) of what is drawn on the faces of a solid or on a plane, not carved: z is up, on a plane y."""
    return np.where(_level(x), y, x), np.where(_level(z), y, z)


def _checker(x: Array, y: Array, z: Array, seed: int) -> Array:
    return _odd(np.floor(2 * x) + np.floor(2 * y) + np.floor(2 * z))


def _stripes(x: Array, y: Array, z: Array, seed: int) -> Array:
    along, up = _drawn(x, y, z)
    return _odd(np.floor(2 * (x + y + z, along, up, along - up)[seed % 4]))


def _zigzag(x: Array, y: Array, z: Array, seed: int) -> Array:
    along, up = _drawn(x, y, z)
    return _odd(np.floor(2 * (along + np.float32(0.7) * np.abs(_saw(up) - np.float32(0.5)))))


def _plaid(x: Array, y: Array, z: Array, seed: int) -> Array:
    share = np.zeros_like(x)
    for c in (x, y, z):
        thread = np.abs(_saw(2 * c) - np.float32(0.5)) < 0.06
        share += np.maximum(_odd(np.floor(2 * c)), np.where(thread, np.float32(0.6), np.float32(0.0)))
    return np.minimum(share / 3, 1.0)


def _gradient(x: Array, y: Array, z: Array, seed: int) -> Array:
    return np.asarray(0.5 + 0.5 * np.sin(_drawn(x, y, z)[1] * np.float32(2 * math.pi / PERIOD)))


def _noise(x: Array, y: Array, z: Array, seed: int) -> Array:
    return _fractal(x, y, z, seed)


def _grass(x: Array, y: Array, z: Array, seed: int) -> Array:
    blades = _fractal(x, y, z, seed, (16, 8))
    return np.asarray(np.clip(0.75 * blades + 0.5 * _fractal(x, y, z, seed + 9, (1, 2)) - 0.12, 0.0, 1.0))


def _marble(x: Array, y: Array, z: Array, seed: int) -> Array:
    bent = x + y + z + np.float32(1.1) * _fractal(x, y, z, seed, (1, 2, 4, 8))
    vein = 1.0 - np.abs(np.sin(np.float32(math.pi) * bent))
    return np.asarray(vein**3)


def _spots(x: Array, y: Array, z: Array, seed: int) -> Array:
    return 1.0 - _step(_cells(x, y, z, seed, 2)[0], 0.36, 0.06)


def _dots(x: Array, y: Array, z: Array, seed: int) -> Array:
    off = [_inside(2 * c) for c in (x, y, z)]
    return 1.0 - _step(np.sqrt(off[0] * off[0] + off[1] * off[1] + off[2] * off[2]), 0.32, 0.06)


def _tiles(x: Array, y: Array, z: Array, seed: int) -> Array:
    u = [2 * x, 2 * y, 2 * z + np.float32(0.5)]
    to_edge = np.maximum.reduce([np.abs(_inside(c)) for c in u])
    a, b, c = (np.mod(np.floor(at), 2 * PERIOD) for at in u)
    return np.maximum(_step(to_edge, 0.465, 0.02), np.float32(0.25) * scramble(a, b, c, seed))


def _bricks(x: Array, y: Array, z: Array, seed: int) -> Array:
    along, up = _drawn(x, y, z)
    row = np.floor(4 * up)
    along = 2 * along + np.float32(0.5) * row
    to_end, to_bed = np.abs(_saw(along) - np.float32(0.5)), np.abs(_saw(4 * up) - np.float32(0.5))
    mortar = _step(np.maximum(to_end + np.float32(0.03), to_bed), 0.45, 0.03)
    brick = scramble(np.mod(np.floor(along), 2 * PERIOD), np.mod(row, 4 * PERIOD), 0 * row, seed)
    return np.maximum(mortar, np.float32(0.35) * brick)


def _stone(x: Array, y: Array, z: Array, seed: int) -> Array:
    nearest, second, value = _cells(x, y, z, seed, 3)
    joint = 1.0 - _step(second - nearest, 0.08, 0.08)
    rough = _fractal(x, y, z, seed, (4, 8, 16)) - np.float32(0.5)
    return np.clip(np.float32(0.85) * joint + np.float32(0.35) * value + np.float32(0.3) * rough, 0.0, 1.0)


def _mosaic(x: Array, y: Array, z: Array, seed: int) -> Array:
    nearest, second, value = _cells(x, y, z, seed, 4)
    return np.maximum(value, 1.0 - _step(second - nearest, 0.07, 0.05))


def _wood(x: Array, y: Array, z: Array, seed: int) -> Array:
    row, layer = np.floor(4 * y), np.floor(4 * z)
    shift = scramble(0 * row, np.mod(row, 4 * PERIOD), np.mod(layer, 4 * PERIOD), seed)
    grain = _fractal(x + shift * PERIOD, 4 * y, 4 * z, seed, (1, 2, 4))
    joint = _step(np.abs(_inside(4 * y)), 0.48, 0.02)
    return np.clip(np.float32(0.55) * grain + np.float32(0.35) * shift + np.float32(0.8) * joint, 0.0, 1.0)


_PATTERNS: dict[str, Callable[[Array, Array, Array, int], Array]] = {
    "checker": _checker,
    "noise": _noise,
    "wood": _wood,
    "stripes": _stripes,
    "stone": _stone,
    "tiles": _tiles,
    "spots": _spots,
    "bricks": _bricks,
    "gradient": _gradient,
    "grass": _grass,
    "marble": _marble,
    "dots": _dots,
    "mosaic": _mosaic,
    "plaid": _plaid,
    "zigzag": _zigzag,
}


def _painted(material: Material, points: list[Array]) -> Array:
    """The material's colour at points (metres in the frame of the thing; F x n x n each): (F, n, n, 3) uint8."""
    first = np.asarray(material.rgb, np.float32)
    second = first * DARKER if material.rgb2 is None else np.asarray(material.rgb2, np.float32)
    seed = zlib.crc32(repr((material.texture, material.rgb, material.rgb2)).encode())
    x, y, z = (np.asarray(c / material.scale, np.float32) for c in points)
    share = pattern(material.texture, x, y, z, seed)
    ramp = np.linspace(first, second, 256, dtype=np.float32)
    return np.take(_bytes(ramp), np.asarray(share * 255 + np.float32(0.5), np.uint8), axis=0)


def _bytes(colours: Array) -> Array:
    return np.round(np.clip(colours, 0.0, 1.0) * 255).astype(np.uint8)


def _square(material: Material, at_x: Array, at_y: Array) -> Array:
    x, y = np.meshgrid(at_x, at_y)
    return _painted(material, [x[None], y[None], np.full_like(x, 0.13 * material.scale)[None]])[0]


@lru_cache(maxsize=16)
def plane_image(material: Material, pixels: int) -> Array:
    """(pixels, pixels, 3) uint8: one period of the material, PERIOD * scale metres wide, seen from above."""
    at = (np.arange(pixels) + 0.5) / pixels * PERIOD * material.scale
    return _square(material, at, at)


@lru_cache(maxsize=16)
def sheet_image(material: Material, size: Vec, pixels: int) -> Array:
    """(pixels, pixels, 3) uint8: the material on a sheet of half-lengths (or a disc of half-axes) `size` metres."""
    at = (np.arange(pixels) + 0.5) / pixels * 2 - 1
    return _square(material, at * size[0], at * size[1])


@lru_cache(maxsize=8)
def _cube(pixels: int, *, round: bool) -> Array:
    """(3, 6, pixels, pixels): x, y, z on the faces +x, -x, +y, -y, +z, -z of a cube or a ball of half-size 1."""
    at = ((np.arange(pixels) + 0.5) / pixels * 2 - 1).astype(np.float32)
    s, t = np.meshgrid(at, at)
    one = np.ones_like(s)
    faces = [(one, -t, -s), (-one, -t, s), (s, one, t), (s, -one, -t), (s, -t, one), (-s, -t, -one)]
    points = np.stack([np.stack(face) for face in faces], 1)
    return points / np.linalg.norm(points, axis=0, keepdims=True) if round else points


@lru_cache(maxsize=48)
def cube_image(material: Material, shape: Shape, size: Vec, pixels: int) -> Array:
    """(6 * pixels, pixels, 3) uint8: the faces +x, -x, +y, -y, +z, -z of a shape, in OpenGL's cube-map layout."""
    half = {
        "sphere": (size[0],) * 3,
        "cylinder": (size[0], size[0], size[1]),
        "cone": (size[0], size[0], size[1]),
        "capsule": (size[0], size[0], size[0] + size[1]),
    }.get(shape, size)
    points = _cube(pixels, round=shape in ("sphere", "ellipsoid"))
    painted = _painted(material, [c * np.float32(h) for c, h in zip(points, half, strict=True)])
    return painted.reshape(6 * pixels, pixels, 3)


@lru_cache(maxsize=16)
def sky_image(room: Room, pixels: int) -> Array:
    """(6 * pixels, pixels, 3) uint8: the sky, in the engine's layout of a sky box, whose y is up.

    From room.sky overhead to room.horizon, with clouds over a share of it and hills along the horizon.
    """
    x, z, y = _cube(pixels, round=True) * np.array([1, 1, -1], np.float32).reshape(3, 1, 1, 1)
    seed = zlib.crc32(repr((room.sky, room.horizon, room.clouds, room.hills)).encode())
    low, top = np.asarray(horizon(room), np.float32), np.asarray(room.sky, np.float32)
    rise = np.sqrt(np.clip(z, 0.0, 1.0))[..., None]
    colours = low + (top - low) * rise
    if room.clouds > 0:
        shapes = _fractal(x, y, 2 * z, seed, (1, 2, 4, 8))
        share = _step(shapes, 1.0 - room.clouds, 0.35) * np.clip(6 * z, 0.0, 0.9)
        colours = colours + (0.65 * np.asarray(CLOUD, np.float32) + 0.35 * low - colours) * share[..., None]
    if room.hills > 0:
        flat = np.maximum(np.hypot(x, y), 1e-6)
        height = room.hills * _fractal(x / flat, y / flat, 0 * z, seed + 1, (1, 2, 4))
        land = _step(height * flat - z, 0.0, 0.02)[..., None]
        colours = colours + (HILLS * low - colours) * land
    return _bytes(colours).reshape(6 * pixels, pixels, 3)


def horizon(room: Room) -> Vec:
    """The sky's colour at the horizon, which is the haze's too."""
    r, g, b = (0.5 * c + 0.4 for c in room.sky)
    return (r, g, b) if room.horizon is None else room.horizon
