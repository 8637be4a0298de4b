"""Stands: what things hang from."""

from __future__ import annotations

from simulator.scene import Body, Geom, Material, Vec
from simulator.workshop.shapes import rod


def gallows(top: Vec, behind: float, thick: float, material: Material) -> Body:
    """A post that stands `behind` metres behind `top`, and an arm from its upper end to `top`; `thick` its radius.

    Nothing collides with the arm, so that what hangs from it can turn about its end.
    """
    x, y, z = top
    post = Geom("cylinder", (thick, (z + thick) / 2, 0.0), (x, y + behind, (z + thick) / 2))
    foot = Geom("cylinder", (3.5 * thick, thick / 2, 0.0), (x, y + behind, thick / 2))
    arm = rod((x, y + behind, z), top, thick, solid=False)
    return Body("stand", "stand", "grey", (post, foot, arm), material, (0.0, 0.0, 0.0), role="prop")


def trestle(half: Vec, thick: float, material: Material) -> Body:
    """Two rails along x at height 2 half[2], half[1] metres either side of y = 0, on four legs at x = +-half[0]."""
    x, y, z = half[0], half[1], 2 * half[2]
    rails = [rod((-x, s * y, z), (x, s * y, z), thick) for s in (-1.0, 1.0)]
    legs = [rod((a * x, b * y, 0.0), (a * x, b * y, z), thick) for a in (-1.0, 1.0) for b in (-1.0, 1.0)]
    return Body("frame", "frame", "grey", (*rails, *legs), material, (0.0, 0.0, 0.0), role="prop")
