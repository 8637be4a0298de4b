"""Toys: still things of several parts (houses, trees, mugs), and groups of them on a floor; lengths in metres."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from simulator.scene import Body, Geom, Material, Vec
from simulator.workshop.draw import Draw, Ranges
from simulator.workshop.looks import dim, paint, tint
from simulator.workshop.shapes import NOUNS, OOD_NOUNS, about, rod, shape_of

Parts = tuple[Geom, ...]
WOOD, BONE = Material((0.40, 0.27, 0.17)), Material((0.86, 0.82, 0.72))


def _house(r: float, dark: Material) -> Parts:
    wall = Geom("box", (0.62 * r, 0.5 * r, 0.5 * r), (0.0, 0.0, -0.45 * r))
    roof = Geom("cone", (0.9 * r, 0.42 * r, 0.0), (0.0, 0.0, 0.47 * r), material=dark)
    door = Geom("box", (0.13 * r, 0.02 * r, 0.24 * r), (0.1 * r, -0.5 * r, -0.71 * r), material=dark)
    return wall, roof, door


def _tree(r: float, dark: Material) -> Parts:
    trunk = Geom("cylinder", (0.15 * r, 0.35 * r, 0.0), (0.0, 0.0, -0.6 * r), material=WOOD)
    crown = Geom("cone", (0.72 * r, 0.45 * r, 0.0), (0.0, 0.0, 0.0))
    top = Geom("cone", (0.5 * r, 0.35 * r, 0.0), (0.0, 0.0, 0.6 * r))
    return trunk, crown, top


def _mushroom(r: float, dark: Material) -> Parts:
    stem = Geom("cylinder", (0.24 * r, 0.55 * r, 0.0), (0.0, 0.0, -0.4 * r), material=BONE)
    cap = Geom("ellipsoid", (0.85 * r, 0.85 * r, 0.45 * r), (0.0, 0.0, 0.35 * r))
    knob = Geom("sphere", (0.14 * r, 0.0, 0.0), (0.0, -0.5 * r, 0.66 * r), material=dark)
    return stem, cap, knob


def _arch(r: float, dark: Material) -> Parts:
    posts = (Geom("box", (0.2 * r, 0.25 * r, 0.62 * r), (x * r, 0.0, -0.33 * r)) for x in (-0.6, 0.6))
    return *posts, Geom("box", (0.85 * r, 0.28 * r, 0.18 * r), (0.0, 0.0, 0.47 * r), material=dark)


def _table(r: float, dark: Material) -> Parts:
    legs = (
        Geom("box", (0.08 * r, 0.08 * r, 0.6 * r), (x * r, y * r, -0.35 * r), material=dark)
        for x in (-0.62, 0.62)
        for y in (-0.42, 0.42)
    )
    return Geom("box", (0.8 * r, 0.6 * r, 0.09 * r), (0.0, 0.0, 0.34 * r)), *legs


def _mug(r: float, dark: Material) -> Parts:
    bend = [
        (0.6 * r + 0.36 * r * math.sin(a), 0.0, -0.3 * r + 0.42 * r * math.cos(a)) for a in np.linspace(0, math.pi, 6)
    ]
    handle = (rod(a, b, 0.1 * r) for a, b in pairwise(bend))
    rim = Geom("cylinder", (0.52 * r, 0.02 * r, 0.0), (0.0, 0.0, 0.42 * r), material=dark)
    return Geom("cylinder", (0.62 * r, 0.68 * r, 0.0), (0.0, 0.0, -0.27 * r)), rim, *handle


def _rocket(r: float, dark: Material) -> Parts:
    hull = Geom("cylinder", (0.3 * r, 0.6 * r, 0.0), (0.0, 0.0, -0.2 * r))
    nose = Geom("cone", (0.3 * r, 0.3 * r, 0.0), (0.0, 0.0, 0.7 * r), material=dark)
    fins = []
    for a in (0.5, 0.5 + 2 * math.pi / 3, 0.5 + 4 * math.pi / 3):
        pos: Vec = (0.42 * r * math.cos(a), 0.42 * r * math.sin(a), -0.65 * r)
        fins.append(Geom("box", (0.22 * r, 0.04 * r, 0.3 * r), pos, about((0.0, 0.0, 1.0), a), dark))
    return hull, nose, *fins


_PARTS: dict[str, tuple[Callable[[float, Material], Parts], float]] = {  # and how high the centre is over the radius
    "house": (_house, 0.95),
    "tree": (_tree, 0.95),
    "mushroom": (_mushroom, 0.95),
    "arch": (_arch, 0.95),
    "table": (_table, 0.95),
    "mug": (_mug, 0.95),
    "rocket": (_rocket, 0.95),
}
TOYS = ("house", "tree", "mushroom", "arch", "table")
OOD_TOYS = ("mug", "rocket")


def toy(draw: Draw, noun: str, colour: str, r: float, pos: Vec = (0.0, 0.0, 0.0), **more: object) -> Body:
    """A toy or simple thing of about radius `r` whose lowest point is `pos`, turned at random about the vertical.

    Its name is its colour and noun.
    """
    rgb = tint(draw, colour)
    if noun in _PARTS:
        parts, up = _PARTS[noun]
        geoms, height = parts(r, Material(dim(rgb, 0.55))), up * r
    else:
        geom, height = shape_of(noun, r)
        geoms = (geom,)
    turn = about((0.0, 0.0, 1.0), draw.between(0.0, 2 * math.pi))
    material = paint(draw, rgb, 2 * r, plain=0.4)
    place: Vec = (pos[0], pos[1], pos[2] + height)
    return Body(f"{colour}_{noun}", noun, colour, geoms, material, place, turn, **more)  # type: ignore[arg-type]


def nouns(draw: Draw) -> tuple[str, ...]:
    """What the split's own toys and simple things are called."""
    return (*OOD_NOUNS, *OOD_TOYS, *NOUNS) if draw.ood else (*NOUNS, *NOUNS, *TOYS)


def group(draw: Draw, colours: Sequence[str], size: Ranges, span: float) -> tuple[Body, ...]:
    """Toys of these colours in a ring around the middle; size: their heights over the picture's height `span`."""
    count = len(colours)
    radius = (0.12 + 0.04 * count) * span if count < 6 else 0.34 * span
    first = draw.between(0.0, 2 * math.pi)
    made = []
    for i, colour in enumerate(colours):
        angle = first + (i + draw.between(-0.1, 0.1)) * 2 * math.pi / count
        pos: Vec = (radius * math.cos(angle), radius * math.sin(angle), 0.0)
        made.append(toy(draw, draw.choose(nouns(draw)), colour, draw.uniform(size) * span / 2, pos))
    return tuple(made)
