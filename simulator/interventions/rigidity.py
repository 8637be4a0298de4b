"""Rigidity: a scene that is not one rigid world, and things that bend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from simulator import camera as pinhole
from simulator.interventions.base import Array, Intervention, own
from simulator.interventions.geometry import UP, about, rotate
from simulator.interventions.optics import cover
from simulator.motion import multiply
from simulator.world import World

if TYPE_CHECKING:
    from simulator.stage import Look

BENDS = 1.5  # times a second


class Warp(Intervention):
    """Every point of the picture swings by up to 0.06 s of the shorter side, out of step with its neighbours."""

    whole = True

    def picture(self, picture: Array, parts: Array, depth: Array, t: float, look: Look) -> tuple[Array, Array, Array]:
        h, w = parts.shape
        y, x = np.mgrid[0:h, 0:w].astype(float)
        reach = 0.03 * self.s * min(h, w)
        swing = 2 * math.pi * BENDS * (t - self.since)
        # sin(a + swing) - sin(a) begins at zero, so that nothing jumps at the onset
        a, b = 2 * math.pi * (1.5 * y / h + 0.5 * x / w), 2 * math.pi * (1.5 * x / w - 0.5 * y / h)
        at_x = np.clip(x + reach * (np.sin(a + swing) - np.sin(a)), 0, w - 1)
        at_y = np.clip(y + reach * (np.sin(b + swing) - np.sin(b)), 0, h - 1)
        near = np.round(at_y).astype(int), np.round(at_x).astype(int)
        return np.round(bilinear(picture, at_y, at_x)).astype(np.uint8), parts[near], depth[near]


def bilinear(values: Array, y: Array, x: Array) -> Array:
    """(H, W, C) sampled at rows y and columns x (inside it)."""
    y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
    y1, x1 = np.minimum(y0 + 1, values.shape[0] - 1), np.minimum(x0 + 1, values.shape[1] - 1)
    fy, fx = (y - y0)[..., None], (x - x0)[..., None]
    top = values[y0, x0] * (1 - fx) + values[y0, x1] * fx
    bottom = values[y1, x0] * (1 - fx) + values[y1, x1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy)


class SlideTexture(Intervention):
    """The thing (the floor, if no body is given) slides along by 0.3 s of the picture's height a second."""

    whole = True

    def start(self, world: World) -> None:
        axes = pinhole.frame(self.source.camera, self.since)[1]
        key = self.source.camera.keys[0]
        seen = 2 * math.dist(key.eye, key.target) * math.tan(math.radians(self.source.camera.fov) / 2)
        side = axes[:, 0] * (1, 1, 0)
        self.speed = 0.3 * self.s * seen * side / np.linalg.norm(side)

    def pose(self, world: World, t: float) -> None:
        slid = self.speed * (t - self.since)
        if self.v.body is None:
            world.slide_floor(slid)
        else:
            self.shift(world, slid)


class OtherWorld(Intervention):
    """Everything but the room is turned by 60 s degrees about the middle of it all; what moves goes on from there."""

    whole = True

    def start(self, world: World) -> None:
        self.middle = np.mean([b.pos for b in self.source.bodies], axis=0)
        self.angle = math.radians(60 * self.s)
        for name in self._names(free=True):
            self._turn(world, name)
            v, spin = (rotate(a, UP, self.angle) for a in (world.velocity(name), world.spin(name)))
            world.move(name, v, spin)

    def pose(self, world: World, t: float) -> None:
        for name in self._names(free=False):
            self._turn(world, name)

    def _names(self, *, free: bool) -> list[str]:
        return [b.name for b in self.source.bodies if (b.motion == "free") == free and self.v.body in (None, b.name)]

    def _turn(self, world: World, name: str) -> None:
        pos, quat = world.where(name)
        there = self.middle + rotate(pos - self.middle, UP, self.angle)
        world.place(name, there, multiply(about(UP, self.angle), quat))


class Bend(Intervention):
    """The thing bends to and fro in the picture, by up to 0.3 s of its longer side at its far end.

    A tall one bends sideways, with its lower end fast; a long one bends up and down at both ends.
    """

    def picture(self, picture: Array, parts: Array, depth: Array, t: float, look: Look) -> tuple[Array, Array, Array]:
        ours = own(parts, look.world, self.name)
        if not ours.any():
            return picture, parts, depth
        without, behind = look(hide=(self.name,))
        grown = cover(parts, look.world, self.name)
        at_y, at_x = self._bent(grown, t)
        near = np.round(at_y).astype(int), np.round(at_x).astype(int)
        alpha = bilinear(grown[..., None].astype(float), at_y, at_x)
        under = np.where(grown[..., None], without, picture)
        bent = (1 - alpha) * under + alpha * bilinear(picture, at_y, at_x)
        there = ours[near]
        parts = np.where(there, parts[near], np.where(ours, behind, parts))
        return np.round(bent).astype(np.uint8), parts, np.where(there, depth[near], depth)

    def _bent(self, mask: Array, t: float) -> tuple[Array, Array]:
        """Rows and columns (H, W) of what is to be seen at each pixel."""
        h, w = mask.shape
        y, x = np.mgrid[0:h, 0:w].astype(float)
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        tall, wide = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
        swing = 0.3 * self.s * max(tall, wide) * math.sin(2 * math.pi * BENDS * (t - self.since))
        if tall >= wide:
            x = x - swing * np.clip((rows[-1] - y) / tall, 0, 1) ** 2
        else:
            y = y - swing * (np.clip(2 * (x - columns.mean()) / wide, -1, 1) ** 2)
        return np.clip(y, 0, h - 1), np.clip(x, 0, w - 1)
