"""Fire: candles, flames, the light that they give, smoke, a breath of air, a snuffer; lengths in metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulator.scene import Body, Geom, Key, Light, Material, Vec
from simulator.workshop.draw import Draw
from simulator.workshop.looks import paint
from simulator.workshop.shapes import about

FLICKER = 12.0  # keys a second of a flame
BLOWN = 0.08  # seconds in which a flame is put out
GUST = 0.35  # seconds for which a passing wind bends a flame
ORANGE: Vec = (1.0, 0.50, 0.06)
Line = tuple[float, Vec, Vec]  # seconds at which a wisp sets off, from where, to where


def flame(
    draw: Draw, name: str, wick: Vec, high: float, *, out: float | None = None, lean: float = 0.0, gust: float = -1.0
) -> Body:
    """A flickering flame, `high` metres, whose origin is the wick.

    out: seconds at which it goes out, leaning `lean` radians towards +x; None: it never does.
    gust: seconds at which a wind begins to bend it by `lean`, and does not put it out; below 0: never.
    """
    outer = Material(ORANGE, emission=1.0, gloss=0.0, alpha=0.8)
    inner = Material((1.0, 0.93, 0.55), emission=1.0, gloss=0.0)
    parts = ((0.22, 0.36, 0.36, outer), (0.11, 0.30, 0.70, outer), (0.12, 0.22, 0.28, inner))
    geoms = tuple(
        Geom("ellipsoid", (w * high, w * high, h * high), (0.0, 0.0, up * high), material=look, solid=False)
        for w, h, up, look in parts
    )
    keys = []
    for t in np.arange(0.0, draw.seconds + 0.1, 1 / FLICKER).tolist():
        scale, sway = draw.between(0.86, 1.1), draw.between(-0.12, 0.12)
        if 0.0 <= gust < t < gust + GUST:
            scale, sway = 0.8 * scale, 0.6 * lean + 2 * sway
        if out is None or t < out - 1.2 * BLOWN:
            keys.append(Key(t, wick, about((0.0, 1.0, 0.0), sway), scale))
    if out is not None:
        last = keys[-1].quat if keys else about((0.0, 1.0, 0.0), 0.0)
        keys.append(Key(out - BLOWN, wick, last, 0.95))
        keys.append(Key(out - 0.1 * BLOWN, wick, about((0.0, 1.0, 0.0), lean), 0.6))
        keys.append(Key(out, wick, scale=0.6, visible=False))
    return Body(name, "flame", "orange", geoms, outer, wick, motion="scripted", keys=tuple(keys))


def lamp(burning: Body, span: float, share: float) -> Light:
    """The light of a flame on what is around it, as bright as the flame is big; `share` of a single flame's."""
    flicker = tuple((key.t, key.scale if key.visible else 0.0) for key in burning.keys)
    x, y, z = burning.pos
    rgb: Vec = (0.62 * share, 0.40 * share, 0.15 * share)
    return Light(
        (x, y - 0.5 * span, z + 0.8 * span), (x, y + 0.1 * span, 0.0), rgb, shadow=False, spot=True, flicker=flicker
    )


def smoke(draw: Draw, name: str, wick: Vec, span: float, start: float) -> Body:
    """Grey wisps that rise from the wick from `start` seconds on, for 1.6 seconds, spread and fade."""
    rises = 0.45 * span  # metres a second
    wisps = []
    for begin in np.arange(start, max(min(draw.seconds, start + 1.6), start + 0.01), 0.16).tolist():
        x, y = draw.between(-0.05, 0.05) * span, draw.between(-0.05, 0.05) * span
        keys = (
            Key(0.0, (0.0, 0.0, 0.0), visible=False),
            Key(begin, (0.0, 0.0, 0.0), scale=0.5),
            Key(begin + 0.35, (-0.3 * x, 0.5 * y, 0.35 * rises), scale=1.2),
            Key(begin + 0.7, (x, y, 0.7 * rises), scale=1.6),
            Key(begin + 0.95, (0.8 * x, y, 0.95 * rises), scale=0.4, visible=False),
        )
        wisps.append(Geom("sphere", (0.032 * span, 0.0, 0.0), solid=False, keys=keys))
    look = Material((0.7, 0.7, 0.72), alpha=0.3, gloss=0.0)
    return Body(name, "smoke", "grey", tuple(wisps), look, wick, role="effect")


def breath(draw: Draw, name: str, lines: Sequence[Line], speed: float, r: float) -> Body:
    """Pale wisps of about radius `r` that go along straight lines at `speed` m/s, grow, and are gone at the end."""
    wisps = []
    for leaves, start, end in lines:
        a, b = np.asarray(start), np.asarray(end)
        takes = math.dist(start, end) / speed
        stops = ((0.0, 0.6), (0.5, 1.0), (0.85, 1.4), (1.0, 0.3))
        keys = tuple(
            Key(leaves + share * takes, tuple((a + share * (b - a)).tolist()), scale=scale, visible=share < 1.0)
            for share, scale in stops
        )
        size: Vec = (r * draw.between(0.8, 1.2), 0.0, 0.0)
        wisps.append(Geom("sphere", size, solid=False, keys=(Key(0.0, start, visible=False), *keys)))
    air = Material((0.93, 0.95, 1.0), alpha=0.45, gloss=0.0, emission=0.3)
    return Body(name, "puff", "white", tuple(wisps), air, (0.0, 0.0, 0.0), role="effect")


def candle(draw: Draw, name: str, colour: str, rgb: Vec, form: str, sizes: tuple[float, float, float, float]) -> Body:
    """A round or square pillar of wax with a dark wick; sizes: where on x, half its width, its height, the span."""
    x, wide, tall, span = sizes
    wax = replace(paint(draw, rgb, 2 * wide, plain=0.75), emission=0.1)
    thick = min(0.011 * span, 0.2 * wide)
    wick = Geom("capsule", (thick, 0.03 * span, 0.0), (0.0, 0.0, tall / 2), material=Material((0.05, 0.04, 0.04)))
    round_, square = Geom("cylinder", (wide, tall / 2, 0.0)), Geom("box", (0.9 * wide, 0.9 * wide, tall / 2))
    pillar = round_ if form == "cylinder" else square
    turn = about((0.0, 0.0, 1.0), draw.between(-0.6, 0.6) if form == "box" else 0.0)
    return Body(name, "candle", colour, (pillar, wick), wax, (x, 0.0, tall / 2), turn)


def snuffer(hits: Sequence[tuple[float, Vec]], high: float, span: float, takes: float, rests: float) -> Body:
    """A metal cap on a rod that covers one flame after the other and rises again; hits: (seconds, wick), in order.

    takes: seconds that it comes down, and goes up. rests: seconds that it stays on a flame of `high` metres.
    """
    cap = Geom("cylinder", (0.34 * high, 0.5 * high, 0.0), solid=False)
    rod = Geom("capsule", (0.06 * high, 0.5 * span, 0.0), (0.0, 0.0, 0.5 * high + 0.5 * span), solid=False)
    keys: list[Key] = []
    for t, (x, y, z) in hits:
        above: Vec = (x, y, z + 0.5 * high + 0.9 * span)
        down: Vec = (x, y, z + 0.5 * high)
        keys += [Key(max(t - takes, 0.0), above), Key(t, down), Key(t + rests, down), Key(t + rests + takes, above)]
    metal = Material((0.62, 0.62, 0.66), gloss=0.9)
    start = keys[0].pos
    return Body(
        "snuffer", "snuffer", "grey", (cap, rod), metal, start, motion="scripted", keys=tuple(keys), role="prop"
    )
