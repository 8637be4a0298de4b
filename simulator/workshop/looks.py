"""Looks: materials, rooms, light, and things that only stand about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulator.scene import Body, Geom, Light, Material, Room, Texture, Vec
from simulator.textures import CLOUD, HILLS, horizon
from simulator.workshop.draw import Draw
from simulator.workshop.shapes import about, shape_of
from simulator.workshop.words import COLOURS, MUTED, OOD_COLOURS, OOD_TEXTURES, TEXTURES

DRAWN: tuple[Texture, ...] = ("stripes", "checker", "spots", "noise", "dots", "marble", "gradient")  # on things
SKIES: tuple[tuple[Vec, Vec | None], ...] = (  # overhead, at the horizon
    ((0.56, 0.68, 0.82), None),
    ((0.30, 0.50, 0.82), (0.72, 0.82, 0.90)),
    ((0.16, 0.34, 0.66), (0.62, 0.74, 0.86)),
    ((0.70, 0.72, 0.76), None),
    ((0.55, 0.57, 0.60), (0.68, 0.69, 0.70)),
    ((0.44, 0.50, 0.62), None),
    ((0.78, 0.66, 0.56), None),
    ((0.34, 0.38, 0.58), (0.92, 0.66, 0.48)),
    ((0.36, 0.30, 0.46), (0.80, 0.56, 0.54)),
    ((0.10, 0.12, 0.20), (0.30, 0.29, 0.34)),
    ((0.30, 0.42, 0.44), (0.62, 0.70, 0.64)),
)
LAMPS = ("sun", "sun", "sun", "noon", "low sun", "low sun", "behind", "two lamps", "side lamp")


def tint(draw: Draw, word: str, amount: float = 0.04) -> Vec:
    """The colour called `word`, with a little jitter, RGB in [0, 1]."""
    return jitter(draw, {**COLOURS, **OOD_COLOURS, **MUTED}[word], amount)


def jitter(draw: Draw, rgb: Vec, amount: float) -> Vec:
    """`rgb` moved by at most `amount` in each channel, inside [0, 1]."""
    r, g, b = np.clip(np.asarray(rgb) + draw.rng.uniform(-amount, amount, 3), 0.0, 1.0).tolist()
    return (r, g, b)


def dim(rgb: Vec, factor: float) -> Vec:
    """`rgb` times `factor`, at most 1."""
    return (min(1.0, rgb[0] * factor), min(1.0, rgb[1] * factor), min(1.0, rgb[2] * factor))


def gap(rgb: Vec, things: Sequence[Vec]) -> float:
    """How far `rgb` is from the nearest of the colours `things`, RGB in [0, 1]; 1 where there are none."""
    return min((math.dist(rgb, other) for other in things), default=1.0)


def background(draw: Draw, apart_from: Sequence[Vec]) -> tuple[str, Vec]:
    """A muted colour (word, RGB) that stands apart from every colour in `apart_from`."""
    words = draw.shuffled(list(MUTED))
    gaps = [gap(MUTED[w], apart_from) for w in words]
    word = next((w for w, g in zip(words, gaps, strict=True) if g > 0.5), words[int(np.argmax(gaps))])
    return word, jitter(draw, MUTED[word], 0.04)


def surface(draw: Draw, rgb: Vec, span: float, apart_from: Sequence[Vec] = ()) -> Material:
    """A textured floor or wall of colour `rgb`, for a picture that is `span` metres high.

    The texture's other colour is darker or lighter, whichever is farther from the colours `apart_from`.
    """
    textures = [t for t in TEXTURES if (draw.ood or t not in OOD_TEXTURES) and _suits(t, rgb)]
    contrast = draw.between(0.06, 0.24) + 0.2 * draw.difficulty
    others = [dim(rgb, 1.0 - contrast), dim(rgb, 1.0 + contrast)]
    if not apart_from and draw.chance(0.6):
        others = others[:1]
    other = max(others, key=lambda c: min(gap(c, apart_from), 0.6) + 0.1 * math.dist(c, rgb))
    scale = span * draw.between(0.25, 0.7)
    return Material(rgb, draw.choose(textures), jitter(draw, other, 0.02), scale=scale, gloss=draw.between(0.0, 0.12))


def _suits(texture: Texture, rgb: Vec) -> bool:
    """Whether a floor of that colour can have the texture: grass is green, wood and bricks are not blue."""
    r, g, b = rgb
    if texture == "grass":
        return g > r and g > b + 0.05
    return texture not in ("wood", "bricks") or r > b - 0.05


def paint(draw: Draw, rgb: Vec, span: float, *, plain: float = 0.6) -> Material:
    """The material of a thing `span` metres big; without texture with probability `plain`."""
    texture: Texture = "flat" if draw.chance(plain) else draw.choose(DRAWN + OOD_TEXTURES if draw.ood else DRAWN)
    dark = dim(rgb, draw.between(0.5, 0.7))
    return Material(rgb, texture, dark, scale=span * draw.between(0.4, 0.65), gloss=draw.between(0.0, 0.7))


def room(draw: Draw, things: Sequence[Vec], span: float, reach: float, *, sky: float = 0.4) -> Room:
    """Floor, and walls or (with probability `sky`) an open sky, that stand apart from the colours `things`.

    span: height of the picture, metres. reach: distance from the centre to the camera, metres.
    """
    floor = surface(draw, background(draw, things)[1], span, things)
    back = background(draw, [*things, floor.rgb] if len(things) < 2 else things)[1]
    walls = None if draw.chance(sky) else surface(draw, back, span * 1.5, things)
    half = max(1.3 * reach, 1.5 * span)
    bare = Room(floor, walls, half, 3.0 * span, ambient=draw.between(0.32, 0.46))
    return _under(draw, bare, things)


def _under(draw: Draw, bare: Room, things: Sequence[Vec]) -> Room:
    """The room under a sky that stands apart from the colours `things`, overhead and low down; with clouds or hills."""
    rooms = [replace(bare, sky=top, horizon=low) for top, low in SKIES]
    gaps = [min(gap(r.sky, things), gap(horizon(r), things)) for r in rooms]
    good = [r for r, g in zip(rooms, gaps, strict=True) if g > 0.42] or [rooms[int(np.argmax(gaps))]]
    made = draw.choose(good)
    sky = jitter(draw, made.sky, 0.04)
    clouds = draw.between(0.2, 0.7) if draw.chance(0.5) and gap(CLOUD, things) > 0.42 else 0.0
    hills = draw.between(0.03, 0.12) if draw.chance(0.5) and gap(dim(horizon(made), HILLS), things) > 0.4 else 0.0
    return replace(made, sky=sky, clouds=clouds, hills=hills)


def lights(draw: Draw, span: float, *, overcast: float = 0.0) -> tuple[Light, ...]:
    """The lamps: a high, low, warm or cold sun from any side, two lamps, or one beside; each throws shadows.

    overcast: how likely the light is soft and throws no shadow, which only a story without broken shadows can take.
    """
    if draw.chance(overcast):
        return _soft(draw, span)
    kind = draw.choose(LAMPS)
    side, near = draw.between(-1.2, 1.2), draw.between(0.3, 1.2)
    high = {"noon": draw.between(2.6, 4.0), "low sun": draw.between(0.9, 1.4)}.get(kind, draw.between(1.6, 2.6))
    strength, fill = draw.between(0.55, 0.75), draw.between(0.12, 0.24)
    warm = draw.between(0.02, 0.12) if kind == "low sun" else draw.between(-0.08, 0.06)
    if kind == "noon":
        strength, fill = 0.8 * strength, fill + 0.1
    elif kind == "behind":
        near, fill = -draw.between(0.5, 1.2), 0.46
    elif kind == "side lamp":
        side, near, fill = draw.sign() * draw.between(1.8, 2.6), draw.between(0.2, 0.8), 0.34
    elif kind == "two lamps":
        side, strength = draw.sign() * draw.between(0.8, 1.6), 0.6 * strength
    lamps = [_lamp((side * span, -near * span, high * span), strength, warm)]
    if kind == "two lamps":
        lamps.append(_lamp((-side * span, -draw.between(0.2, 1.2) * span, high * span), 0.9 * strength, -warm))
    front: Vec = (draw.between(-0.5, 0.5) * span, -2.0 * span, span)
    return (*lamps, replace(_lamp(front, fill, 0.0), target=(0.0, 0.0, 0.4 * span), shadow=False))


def _lamp(pos: Vec, strength: float, warm: float) -> Light:
    """A lamp that shines on the middle; warm: how much more red and less blue there is."""
    return Light(pos, (0.0, 0.0, 0.0), (strength + warm, strength, strength - warm))


def _soft(draw: Draw, span: float) -> tuple[Light, ...]:
    """Weak lamps all around that throw no shadow, as under an overcast sky."""
    cold, first = draw.between(0.0, 0.03), draw.between(0.0, 2 * math.pi)
    around = [(math.cos(first + k * math.pi / 2), math.sin(first + k * math.pi / 2)) for k in range(4)]
    strengths = [draw.between(0.1, 0.2) for _ in around]
    return tuple(
        replace(_lamp((1.5 * x * span, 1.5 * y * span, 2.5 * span), s, -cold), shadow=False)
        for (x, y), s in zip(around, strengths, strict=True)
    )


def clutter(
    draw: Draw, span: float, things: Sequence[Vec], *, near: float = 0.7, most: int = 3, front: bool = False
) -> tuple[Body, ...]:
    """Muted things that stand still on the floor behind what happens, more of them in harder scripts.

    span: height of the picture, metres. near: how far behind the middle they begin, in spans. front: low ones may
    also stand nearer to the camera, left and right of the middle; only where nothing moves over the floor there.
    """
    standing = []
    places = draw.shuffled([0.25 * k for k in range(-3, 4)])
    before = {0: -0.3, 1: 0.3} if front and draw.chance(0.5) else {}
    for i in range(int(draw.rng.integers(0, 1 + round(most * draw.difficulty)))):
        low = i in before
        geoms = _shapes(draw, span * (0.03 if low else draw.between(0.03, 0.065)), low=low)
        rgb = background(draw, things)[1]
        material = replace(paint(draw, rgb, 0.1 * span, plain=0.5), gloss=0.1)
        x = before[i] if low else places[i % len(places)] + draw.between(-0.08, 0.08)
        y = -0.36 if low else draw.between(near, near + 0.5)
        turn = about((0.0, 0.0, 1.0), draw.between(0.0, math.pi / 2))
        pos: Vec = (x * span, y * span, 0.0)
        standing.append(Body(f"clutter{i}", "block", "grey", geoms, material, pos, turn, role="prop"))
    return tuple(standing)


def _shapes(draw: Draw, r: float, *, low: bool) -> tuple[Geom, ...]:
    """What stands on the floor: a simple thing of radius about `r` metres or, unless it has to be low, a taller one."""
    kind = draw.choose(
        ("cube", "cylinder", "cone", "ball", "slab") + (() if low else ("post", "pile", "bench", "plant"))
    )
    if kind == "slab":
        return (Geom("box", (2.2 * r, r, 0.5 * r), (0.0, 0.0, 0.5 * r)),)
    if kind == "post":
        tall = r * draw.between(2.0, 4.5)
        return (Geom("cylinder", (0.4 * r, tall, 0.0), (0.0, 0.0, tall)),)
    if kind == "pile":
        return tuple(
            Geom("box", (w * r, w * r, 0.6 * r), (0.0, 0.0, z * r)) for w, z in ((1.1, 0.6), (0.8, 1.8), (0.5, 3.0))
        )
    if kind == "bench":
        legs = (Geom("box", (0.2 * r, 0.8 * r, 0.7 * r), (x * r, 0.0, 0.7 * r)) for x in (-1.6, 1.6))
        return (Geom("box", (2.2 * r, 0.8 * r, 0.15 * r), (0.0, 0.0, 1.55 * r)), *legs)
    if kind == "plant":
        crown = Geom("ellipsoid", (1.1 * r, 1.1 * r, 1.5 * r), (0.0, 0.0, 2.6 * r))
        return (Geom("cylinder", (0.7 * r, 0.6 * r, 0.0), (0.0, 0.0, 0.6 * r)), crown)
    geom, up = shape_of(kind, r)
    return (replace(geom, pos=(0.0, 0.0, up)),)
