"""Vessels: cups, bowls and open boxes that things can be in; lengths in metres."""

from __future__ import annotations

import math

from simulator.scene import Geom, Material, Vec
from simulator.workshop.shapes import about, rod, turned


def cup(
    inner: float, high: float, thick: float, *, sides: int = 12, flare: float = 0.0, bottom: Material | None = None
) -> tuple[Geom, ...]:
    """A round vessel of flat staves around a round bottom; its origin is the middle of the bottom's lower side.

    inner: radius inside, at the bottom. high: from the floor to the rim. flare: radians by which the staves lean
    outwards. Staves overlap, so that nothing gets through between them.
    """
    made = [Geom("cylinder", (inner + thick, thick / 2, 0.0), (0.0, 0.0, thick / 2), material=bottom)]
    slant = high / math.cos(flare)  # of a stave
    lean = about((0.0, 1.0, 0.0), flare)
    out, up = inner + thick / 2 + slant / 2 * math.sin(flare), slant / 2 * math.cos(flare)
    wide = (inner + thick + slant * math.sin(flare)) * math.tan(math.pi / sides)  # half width, as the rim needs
    for k in range(sides):
        angle = 2 * math.pi * k / sides
        place: Vec = (out * math.cos(angle), out * math.sin(angle), up)
        made.append(Geom("box", (thick / 2, wide, slant / 2), place, turned(about((0.0, 0.0, 1.0), angle), lean)))
    return tuple(made)


def rod_behind(y: float, z: float, r: float) -> Geom:
    """What holds a vessel: a rod of radius `r` from its back, `y` behind its middle and `z` up, far back along y.

    It stays where it is while the vessel turns about an axis along y.
    """
    return rod((0.0, y, z), (0.0, 12.0 * y, z), r, material=Material((0.3, 0.3, 0.32), gloss=0.5), solid=False)


def tray(half: float, deep: float, high: float, thick: float) -> tuple[Geom, ...]:
    """An open box of half lengths `half` (x) and `deep` (y) inside; its origin is the middle of its lower side."""
    x, y, z = half + thick / 2, deep + thick / 2, high / 2
    return (
        Geom("box", (half + thick, deep + thick, thick / 2), (0.0, 0.0, thick / 2)),
        *(Geom("box", (thick / 2, deep + thick, z), (s * x, 0.0, z)) for s in (-1, 1)),
        *(Geom("box", (half, thick / 2, z), (0.0, s * y, z)) for s in (-1, 1)),
    )
