"""Looks: materials, rooms, light, and things that only stand about."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from simulator.scene import Body, Light, Material, Room, Texture, Vec
from simulator.workshop.draw import Draw
from simulator.workshop.shapes import about, shape_of
from simulator.workshop.words import COLOURS, MUTED, OOD_COLOURS, TEXTURES


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


def background(draw: Draw, apart_from: Sequence[Vec]) -> tuple[str, Vec]:
    """A muted colour (word, RGB) that stands apart from every colour in `apart_from`."""
    words = draw.shuffled(list(MUTED))
    gaps = [min((math.dist(MUTED[w], rgb) for rgb in apart_from), default=1.0) for w in words]
    word = next((w for w, gap in zip(words, gaps, strict=True) if gap > 0.5), words[int(np.argmax(gaps))])
    return word, jitter(draw, MUTED[word], 0.04)


def surface(draw: Draw, rgb: Vec, span: float) -> Material:
    """A textured floor or wall of colour `rgb`, for a picture that is `span` metres high."""
    texture = draw.choose(tuple(TEXTURES))
    contrast = draw.between(0.08, 0.18) + 0.2 * draw.difficulty
    return Material(rgb, texture, dim(rgb, 1.0 - contrast), scale=span * draw.between(0.3, 0.7), gloss=0.05)


def paint(draw: Draw, rgb: Vec, span: float, *, plain: float = 0.6) -> Material:
    """The material of a thing `span` metres big; without texture with probability `plain`."""
    texture: Texture = "flat" if draw.chance(plain) else draw.choose(("stripes", "checker", "spots", "noise"))
    return Material(rgb, texture, dim(rgb, 0.62), scale=span * 0.5, gloss=draw.between(0.1, 0.7))


def room(draw: Draw, things: Sequence[Vec], span: float, reach: float, *, sky: float = 0.4) -> Room:
    """Floor, and walls or (with probability `sky`) an open sky, that stand apart from the colours `things`.

    span: height of the picture, metres. reach: distance from the centre to the camera, metres.
    """
    floor = surface(draw, background(draw, things)[1], span)
    back = background(draw, [*things, floor.rgb] if len(things) < 2 else things)[1]
    walls = None if draw.chance(sky) else surface(draw, back, span * 1.5)
    skies: tuple[Vec, ...] = ((0.56, 0.68, 0.82), (0.70, 0.72, 0.76), (0.44, 0.50, 0.62), (0.78, 0.66, 0.56))
    gaps = [min((math.dist(s, rgb) for rgb in things), default=1.0) for s in skies]
    good = [s for s, gap in zip(skies, gaps, strict=True) if gap > 0.42] or [skies[int(np.argmax(gaps))]]
    half = max(1.3 * reach, 1.5 * span)
    return Room(floor, walls, half, 3.0 * span, jitter(draw, draw.choose(good), 0.04), draw.between(0.32, 0.45))


def lights(draw: Draw, span: float) -> tuple[Light, ...]:
    """A sun with shadows from in front and above, left or right, and a weak light from the camera's side."""
    side, high, near = draw.between(-1.2, 1.2), draw.between(1.6, 2.6), draw.between(0.3, 1.2)
    strength, warm = draw.between(0.55, 0.75), draw.between(-0.05, 0.05)
    return (
        Light((side * span, -near * span, high * span), (0.0, 0.0, 0.0), (strength + warm, strength, strength - warm)),
        Light((0.0, -2.0 * span, 1.0 * span), (0.0, 0.0, 0.4 * span), (0.2, 0.2, 0.2), shadow=False),
    )


def clutter(draw: Draw, span: float, things: Sequence[Vec], *, near: float = 0.7, most: int = 2) -> tuple[Body, ...]:
    """Small muted things that stand still on the floor behind what happens, more of them in harder scripts.

    span: height of the picture, metres. near: how far behind the middle they begin, in spans.
    """
    standing = []
    for i in range(int(draw.rng.integers(0, 1 + round(most * draw.difficulty)))):
        geom, up = shape_of(draw.choose(("cube", "cylinder", "cone", "ball")), span * draw.between(0.03, 0.06))
        material = Material(background(draw, things)[1])
        pos: Vec = (draw.between(-0.8, 0.8) * span, draw.between(near, near + 0.4) * span, up)
        turn = about((0.0, 0.0, 1.0), draw.between(0.0, math.pi / 2))
        standing.append(Body(f"clutter{i}", "block", "grey", (geom,), material, pos, turn, role="prop"))
    return tuple(standing)


