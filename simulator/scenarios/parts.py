"""What the families share: colours with words, surfaces, rooms, lights, cameras, simple things, and phrasing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from simulator.scene import Body, Camera, CameraKey, Geom, Light, Material, Quat, Room, Shape, Texture, Vec

COLOURS: dict[str, Vec] = {
    "red": (0.84, 0.08, 0.08),
    "orange": (1.0, 0.46, 0.03),
    "yellow": (0.97, 0.88, 0.08),
    "green": (0.08, 0.62, 0.14),
    "cyan": (0.05, 0.78, 0.84),
    "blue": (0.08, 0.20, 0.85),
    "purple": (0.52, 0.10, 0.72),
    "white": (0.96, 0.96, 0.95),
}
OOD_COLOURS: dict[str, Vec] = {"pink": (1.0, 0.42, 0.68), "black": (0.03, 0.03, 0.04)}

MUTED: dict[str, Vec] = {  # of floors, walls and screens
    "grey": (0.52, 0.52, 0.52),
    "dark grey": (0.26, 0.27, 0.29),
    "light grey": (0.74, 0.74, 0.72),
    "beige": (0.72, 0.65, 0.54),
    "brown": (0.42, 0.30, 0.21),
    "slate": (0.33, 0.40, 0.47),
    "olive": (0.40, 0.42, 0.29),
    "mauve": (0.52, 0.42, 0.48),
}
TEXTURE_WORDS: dict[Texture, str] = {
    "flat": "plain",
    "checker": "checkered",
    "noise": "speckled",
    "wood": "wooden",
    "stripes": "striped",
    "stone": "stone",
    "tiles": "tiled",
}
NOUNS = ("ball", "cube", "cylinder")
OOD_NOUNS = ("capsule",)
T = TypeVar("T")


def uniform(rng: np.random.Generator, split: str, inside: tuple[float, float], ood: tuple[float, float]) -> float:
    """A draw from `inside`, or from `ood` where the split is "ood"."""
    return float(rng.uniform(*(ood if split == "ood" else inside)))


def choose(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of `options`, each as likely as any other."""
    return options[int(rng.integers(len(options)))]


def colour_words(rng: np.random.Generator, split: str, count: int) -> tuple[str, ...]:
    """`count` different colour words; the first is outside the training palette where the split is "ood"."""
    words = list(COLOURS)
    rng.shuffle(words)
    if split == "ood":
        words.insert(0, choose(rng, tuple(OOD_COLOURS)))
    return tuple(words[:count])


def tint(rng: np.random.Generator, word: str, amount: float = 0.04) -> Vec:
    """The colour called `word`, with a little jitter, RGB in [0, 1]."""
    return jitter(rng, {**COLOURS, **OOD_COLOURS}[word], amount)


def jitter(rng: np.random.Generator, rgb: Vec, amount: float) -> Vec:
    """`rgb` moved by at most `amount` in each channel, inside [0, 1]."""
    r, g, b = np.clip(np.asarray(rgb) + rng.uniform(-amount, amount, 3), 0.0, 1.0).tolist()
    return (r, g, b)


def dim(rgb: Vec, factor: float) -> Vec:
    """`rgb` times `factor`, at most 1."""
    return (min(1.0, rgb[0] * factor), min(1.0, rgb[1] * factor), min(1.0, rgb[2] * factor))


def background(rng: np.random.Generator, apart_from: Sequence[Vec]) -> tuple[str, Vec]:
    """A muted colour (word, RGB) that stands apart from every colour in `apart_from`."""
    words = list(MUTED)
    rng.shuffle(words)
    gaps = [min((math.dist(MUTED[w], rgb) for rgb in apart_from), default=1.0) for w in words]
    word = next((w for w, gap in zip(words, gaps, strict=True) if gap > 0.5), words[int(np.argmax(gaps))])
    return word, jitter(rng, MUTED[word], 0.04)


def surface(rng: np.random.Generator, rgb: Vec, span: float, difficulty: float) -> Material:
    """A textured floor or wall of colour `rgb`, for a picture that is `span` metres high."""
    texture = choose(rng, tuple(TEXTURE_WORDS))
    contrast = rng.uniform(0.08, 0.18) + 0.2 * difficulty
    return Material(rgb, texture, dim(rgb, 1.0 - contrast), scale=float(span * rng.uniform(0.3, 0.7)), gloss=0.05)


def paint(rng: np.random.Generator, rgb: Vec, span: float, *, plain: float = 0.6) -> Material:
    """The material of a thing `span` metres big; without texture with probability `plain`."""
    textures: tuple[Texture, ...] = ("stripes", "checker", "spots")
    texture: Texture = "flat" if rng.random() < plain else choose(rng, textures)
    return Material(rgb, texture, dim(rgb, 0.62), scale=span * 0.5, gloss=float(rng.uniform(0.1, 0.7)))


def room(
    rng: np.random.Generator, things: Sequence[Vec], span: float, reach: float, difficulty: float, *, sky: float = 0.4
) -> Room:
    """Floor, and walls or (with probability `sky`) an open sky, that stand apart from the colours `things`.

    span: height of the picture, metres. reach: distance from the centre to the camera, metres.
    """
    floor = surface(rng, background(rng, things)[1], span, difficulty)
    back = background(rng, [*things, floor.rgb] if len(things) < 2 else things)[1]
    walls = None if rng.random() < sky else surface(rng, back, span * 1.5, difficulty)
    skies: tuple[Vec, ...] = ((0.56, 0.68, 0.82), (0.70, 0.72, 0.76), (0.44, 0.50, 0.62), (0.78, 0.66, 0.56))
    gaps = [min(math.dist(s, rgb) for rgb in things) for s in skies]
    good = [s for s, gap in zip(skies, gaps, strict=True) if gap > 0.42] or [skies[int(np.argmax(gaps))]]
    half = max(1.3 * reach, 1.5 * span)
    return Room(floor, walls, half, 3.0 * span, jitter(rng, choose(rng, good), 0.04), float(rng.uniform(0.32, 0.45)))


def lights(rng: np.random.Generator, span: float) -> tuple[Light, ...]:
    """A sun with shadows from in front and above, left or right, and a weak light from the camera's side."""
    side, high, near = rng.uniform(-1.2, 1.2), rng.uniform(1.6, 2.6), rng.uniform(0.3, 1.2)
    strength = float(rng.uniform(0.55, 0.75))
    warm = float(rng.uniform(-0.05, 0.05))
    sun: Vec = (strength + warm, strength, strength - warm)
    pos: Vec = (float(side * span), float(-near * span), float(high * span))
    return (
        Light(pos, (0.0, 0.0, 0.0), sun),
        Light((0.0, -2.0 * span, 1.0 * span), (0.0, 0.0, 0.4 * span), (0.2, 0.2, 0.2), shadow=False),
    )


def camera(centre: Vec, span: float, *, yaw: float, pitch: float, fovy: float) -> Camera:
    """A still camera that sees `span` metres of height at `centre`; yaw right of and pitch above it, degrees."""
    return Camera((CameraKey(0.0, eye(centre, span, yaw=yaw, pitch=pitch, fovy=fovy), centre),), fovy)


def eye(centre: Vec, span: float, *, yaw: float, pitch: float, fovy: float) -> Vec:
    """Where a camera has to be to see `span` metres of height at `centre`, metres; angles in degrees."""
    reach = span / 2.0 / math.tan(math.radians(fovy) / 2.0)
    a, b = math.radians(yaw), math.radians(pitch)
    return (
        centre[0] + reach * math.sin(a) * math.cos(b),
        centre[1] - reach * math.cos(a) * math.cos(b),
        centre[2] + reach * math.sin(b),
    )


def project(cam: Camera, point: Vec) -> tuple[float, float, float]:
    """(right, up) of `point` from the picture's centre, in picture heights, and its depth in metres; first key."""
    key = cam.keys[0]
    origin = np.asarray(key.eye)
    forward = np.asarray(key.target) - origin
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    ray = np.asarray(point) - origin
    depth = float(ray @ forward)
    scale = 2.0 * depth * math.tan(math.radians(cam.fovy) / 2.0)
    return float(ray @ right) / scale, float(ray @ np.cross(right, forward)) / scale, depth


def reach_of(cam: Camera) -> float:
    """Distance from the camera to what it looks at, metres."""
    return math.dist(cam.keys[0].eye, cam.keys[0].target)


def shape_of(noun: str, r: float) -> tuple[Geom, float]:
    """The geom of a thing that fits a sphere of about radius `r`, and how high its centre is above a floor, metres."""
    shapes: dict[str, tuple[Shape, Vec, float]] = {
        "ball": ("sphere", (r, 0.0, 0.0), r),
        "cube": ("box", (0.85 * r, 0.85 * r, 0.85 * r), 0.85 * r),
        "cylinder": ("cylinder", (0.75 * r, 0.95 * r, 0.0), 0.95 * r),
        "capsule": ("capsule", (0.55 * r, 0.55 * r, 0.0), 1.1 * r),
    }
    shape, size, up = shapes[noun]
    return Geom(shape, size), up


def clutter(rng: np.random.Generator, count: int, span: float, things: Sequence[Vec]) -> tuple[Body, ...]:
    """`count` small grey-brown blocks that lie still on the floor, well behind what happens."""
    blocks = []
    for i in range(count):
        half = span * float(rng.uniform(0.025, 0.045))
        x = float(rng.uniform(-0.8, 0.8)) * span
        material = Material(background(rng, things)[1])
        geom = Geom("box", (half, half, half))
        pos: Vec = (x, float(rng.uniform(0.7, 1.1)) * span, half)
        quat = about((0.0, 0.0, 1.0), float(rng.uniform(0.0, math.pi / 2)))
        blocks.append(Body(f"block{i}", "block", "grey", (geom,), material, pos, quat, role="prop"))
    return tuple(blocks)


def about(axis: Vec, angle: float) -> Quat:
    """The quaternion (WXYZ) of a turn by `angle` radians about the unit vector `axis`."""
    s = math.sin(angle / 2.0)
    return (math.cos(angle / 2.0), axis[0] * s, axis[1] * s, axis[2] * s)


def z_towards(direction: Vec) -> Quat:
    """The shortest turn (WXYZ) that takes the z axis to `direction` (any length but zero)."""
    d = np.asarray(direction) / np.linalg.norm(direction)
    if d[2] < -0.999999:
        return (0.0, 1.0, 0.0, 0.0)
    q = np.array([1.0 + d[2], -d[1], d[0], 0.0])
    w, x, y, z = (q / np.linalg.norm(q)).tolist()
    return (w, x, y, z)


def article(phrase: str) -> str:
    """`phrase` with "a" or "an" before it."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def tell(rng: np.random.Generator, templates: Sequence[str], **words: str) -> tuple[str, ...]:
    """The templates filled in, in random order, each with a capital letter first."""
    lines = [t.format(**words) for t in templates]
    rng.shuffle(lines)
    return tuple(line[0].upper() + line[1:] for line in lines)


def otherwise(templates: Sequence[str], *changes: dict[str, str]) -> tuple[str, ...]:
    """What did not happen: for each set of words, two of the templates filled in with it."""
    lines = [
        templates[(2 * i + k) % len(templates)].format(**words) for i, words in enumerate(changes) for k in range(2)
    ]
    return tuple(line[0].upper() + line[1:] for line in lines)
