"""Seats: chairs, stools, armchairs and benches, each one body that stands on the floor; lengths in metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from simulator.scene import Body, Geom, Material, Vec
from simulator.workshop import looks
from simulator.workshop.draw import Draw
from simulator.workshop.shapes import about, rod

SEATS = ("chair", "stool", "armchair")
OOD_SEATS = ("bench", "bar stool")


def seat(draw: Draw, name: str, noun: str, colour: str, rgb: Vec, tall: float) -> Body:
    """One of SEATS or OOD_SEATS, `tall` metres high, on the floor at (0, 0), turned at random; origin halfway up."""
    designs: dict[str, Callable[[Draw, Material], list[Geom]]] = {
        "chair": _chair,
        "stool": _stool,
        "armchair": _armchair,
        "bench": _bench,
        "bar stool": _bar_stool,
    }
    body = looks.paint(draw, rgb, 0.5 * tall)
    shade = replace(body, rgb=looks.dim(rgb, draw.between(0.6, 0.85)), texture="flat")
    geoms = tuple(_scaled(geom, tall) for geom in designs[noun](draw, shade))
    turn = about((0.0, 0.0, 1.0), draw.between(-0.9, 0.9) + (math.pi if draw.chance(0.5) else 0.0))
    return Body(name, noun, colour, geoms, body, (0.0, 0.0, tall / 2), turn, mass=5.0)


def reach(body: Body) -> tuple[float, float]:
    """How far the seat reaches from its axis along x and along y, metres."""
    c, s = body.quat[0] ** 2 - body.quat[3] ** 2, 2 * body.quat[0] * body.quat[3]
    wide, deep = [], []
    for g in body.geoms:
        a, b = g.size[:2] if g.shape == "box" else (g.size[0], g.size[0])
        wide.append(abs(c * g.pos[0] - s * g.pos[1]) + abs(c) * a + abs(s) * b)
        deep.append(abs(s * g.pos[0] + c * g.pos[1]) + abs(s) * a + abs(c) * b)
    return max(wide), max(deep)


def _scaled(geom: Geom, tall: float) -> Geom:
    """A part of a seat of height 1 on the floor as a part of one of height `tall` whose origin is halfway up."""
    a, b, c = geom.size
    x, y, z = geom.pos
    return replace(geom, size=(a * tall, b * tall, c * tall), pos=(x * tall, y * tall, (z - 0.5) * tall))


def _box(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], **more: object) -> Geom:
    """A box between two values of each coordinate."""
    half = ((x[1] - x[0]) / 2, (y[1] - y[0]) / 2, (z[1] - z[0]) / 2)
    return Geom("box", half, ((x[0] + x[1]) / 2, (y[0] + y[1]) / 2, (z[0] + z[1]) / 2), **more)  # type: ignore[arg-type]


def _posts(draw: Draw, x: float, y: float, thick: float, top: float) -> list[Geom]:
    """Four legs at (+-x, +-y), square or round."""
    places = [(a * x, b * y, top / 2) for a in (-1, 1) for b in (-1, 1)]
    if draw.chance(0.5):
        return [Geom("box", (thick, thick, top / 2), place) for place in places]
    return [Geom("cylinder", (thick, top / 2, 0.0), place) for place in places]


def _back(draw: Draw, half: float, y: float, thick: float, low: float) -> list[Geom]:
    """A back from `low` to 1: a panel, slats across, or bars upright between two posts."""
    style = draw.choose(("panel", "slats", "bars"))
    if style == "panel":
        return [_box((-half, half), (y - thick, y + thick), (low + draw.between(0.0, 0.12), 1.0))]
    posts = [_box((s * half - thick, s * half + thick), (y - thick, y + thick), (low, 1.0)) for s in (-1, 1)]
    inner = half - thick
    if style == "slats":
        count = draw.choose((2, 3))
        step = (1.0 - low) / count
        bands = [(low + (i + 0.45) * step, low + (i + 0.95) * step) for i in range(count)]
        return posts + [_box((-inner, inner), (y - 0.6 * thick, y + 0.6 * thick), band) for band in bands]
    rail = _box((-inner, inner), (y - thick, y + thick), (0.9, 1.0))
    bars = [
        Geom("cylinder", (0.5 * thick, (0.9 - low) / 2, 0.0), (k * inner / 2, y, (low + 0.9) / 2)) for k in (-1, 0, 1)
    ]
    return [*posts, rail, *bars]


def _chair(draw: Draw, shade: Material) -> list[Geom]:
    half, deep, thick = draw.between(0.2, 0.26), draw.between(0.2, 0.25), draw.between(0.022, 0.036)
    up, board = draw.between(0.44, 0.52), draw.between(0.02, 0.035)
    legs = _posts(draw, half - thick, deep - thick, thick, up - board)
    plate = _box((-half, half), (-deep, deep), (up - board, up + board), material=shade)
    return [*legs, plate, *_back(draw, half - thick, deep - thick, thick, up + board)]


def _splayed(draw: Draw, count: int, top: float, bottom: float, up: float, thick: float) -> list[Geom]:
    """Legs from a circle of radius `bottom` on the floor to one of radius `top`, and rungs between them."""
    turn = draw.between(0.0, 2 * math.pi)
    angles = [turn + 2 * math.pi * k / count for k in range(count)]

    def at(angle: float, share: float) -> Vec:
        r = bottom + share * (top - bottom)
        return (r * math.cos(angle), r * math.sin(angle), thick + share * (up - thick))

    legs = [rod(at(angle, 0.0), at(angle, 1.0), thick) for angle in angles]
    rung = draw.between(0.28, 0.45)
    pairs = zip(angles, [*angles[1:], angles[0]], strict=True)
    return legs + [rod(at(a, rung), at(b, rung), 0.7 * thick) for a, b in pairs]


def _stool(draw: Draw, shade: Material) -> list[Geom]:
    r, board, thick = draw.between(0.32, 0.42), draw.between(0.035, 0.06), draw.between(0.03, 0.045)
    legs = _splayed(draw, draw.choose((3, 4)), 0.6 * r, draw.between(0.85, 1.0) * r, 1 - 2 * board, thick)
    return [*legs, Geom("cylinder", (r, board, 0.0), (0.0, 0.0, 1 - board), material=shade)]


def _bar_stool(draw: Draw, shade: Material) -> list[Geom]:
    r, thick = draw.between(0.17, 0.22), draw.between(0.018, 0.026)
    legs = _splayed(draw, 4, 0.6 * r, 1.15 * r, 0.94, thick)
    return [*legs, Geom("cylinder", (r, 0.035, 0.0), (0.0, 0.0, 0.965), material=shade)]


def _armchair(draw: Draw, shade: Material) -> list[Geom]:
    half, deep, arm = draw.between(0.4, 0.5), draw.between(0.36, 0.44), draw.between(0.08, 0.12)
    foot, up, rest = draw.between(0.06, 0.12), draw.between(0.4, 0.46), draw.between(0.58, 0.68)
    legs = _posts(draw, half - 0.07, deep - 0.07, 0.035, foot)
    base = _box((-half, half), (-deep, deep), (foot, 0.3))
    cushion = _box((-half + arm, half - arm), (-deep - 0.02, deep - 0.16), (0.3, up), material=shade)
    back = _box((-half + arm, half - arm), (deep - 0.16, deep), (0.3, 1.0))
    arms = [
        _box((s * (half - arm / 2) - arm / 2, s * (half - arm / 2) + arm / 2), (-deep, deep), (0.3, rest))
        for s in (-1, 1)
    ]
    return [*legs, base, cushion, back, *arms]


def _bench(draw: Draw, shade: Material) -> list[Geom]:
    half, deep, board = draw.between(0.65, 0.85), draw.between(0.2, 0.26), draw.between(0.035, 0.05)
    up = draw.between(0.48, 0.56)
    sides = [
        _box((s * 0.85 * half - 0.04, s * 0.85 * half + 0.04), (-0.9 * deep, 0.9 * deep), (0.0, up), material=shade)
        for s in (-1, 1)
    ]
    plate = _box((-half, half), (-deep, deep), (up, up + 2 * board))
    return [*sides, plate, *_back(draw, 0.85 * half, deep - 0.05, 0.04, up + 2 * board)]
