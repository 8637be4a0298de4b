"""Causality and rigidity: flames that burn as they like, and a scene that is not one rigid world."""

from __future__ import annotations

import math

import numpy as np

from simulator import camera as pinhole
from simulator.interventions.base import Array, Intervention, keyed_scale
from simulator.world import World


class FlameStays(Intervention):
    """Where the script puts it out, the flame flickers on at (0.25 + 0.75 s) of the sizes that it had."""

    def pose(self, world: World, t: float) -> None:
        actor = world.actors[self.name]
        before = keyed_scale(self.body, t % (0.8 * self.v.onset)) if self.v.onset > 0.0 else 1.0
        world.resize(self.name, max(actor.scale if actor.opacity else 0.0, (0.25 + 0.75 * self.s) * before))
        world.show(self.name, 1.0)
        world.lamps(0.8 * self.v.onset, self.s)


class FlameDiesEarly(Intervention):
    """The flame is 1 - s of its size; out for s > 0.95."""

    def pose(self, world: World, t: float) -> None:
        if self.s > 0.95:
            world.show(self.name, 0.0)
        world.resize(self.name, max(1 - self.s, 0.05) * world.actors[self.name].scale)
        world.lamps(math.inf, self.s)


class Relight(Intervention):
    """The flame is there again at (0.25 + 0.75 s) of the size that it began with."""

    def pose(self, world: World, t: float) -> None:
        world.show(self.name, 1.0)
        world.resize(self.name, (0.25 + 0.75 * self.s) * keyed_scale(self.body, 0.0))
        world.lamps(0.0, self.s)


class Warp(Intervention):
    """Every point of the picture swings by up to 0.06 s of the shorter side, out of step with its neighbours."""

    whole = True

    def picture(self, picture: Array, mask: Array, depth: Array, t: float) -> tuple[Array, Array, Array]:
        h, w = mask.shape
        y, x = np.mgrid[0:h, 0:w].astype(float)
        reach = 0.03 * self.s * min(h, w)
        swing = 2 * math.pi * 1.5 * (t - self.v.onset)
        # sin(a + swing) - sin(a) begins at zero, so that nothing jumps at the onset
        a, b = 2 * math.pi * (1.5 * y / h + 0.5 * x / w), 2 * math.pi * (1.5 * x / w - 0.5 * y / h)
        at_x = np.clip(x + reach * (np.sin(a + swing) - np.sin(a)), 0, w - 1)
        at_y = np.clip(y + reach * (np.sin(b + swing) - np.sin(b)), 0, h - 1)
        near = np.round(at_y).astype(int), np.round(at_x).astype(int)
        return bilinear(picture, at_y, at_x), mask[near], depth[near]


def bilinear(picture: Array, y: Array, x: Array) -> Array:
    """(H, W, 3) uint8 sampled at rows y and columns x (inside it)."""
    y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
    y1, x1 = np.minimum(y0 + 1, picture.shape[0] - 1), np.minimum(x0 + 1, picture.shape[1] - 1)
    fy, fx = (y - y0)[..., None], (x - x0)[..., None]
    top = picture[y0, x0] * (1 - fx) + picture[y0, x1] * fx
    bottom = picture[y1, x0] * (1 - fx) + picture[y1, x1] * fx
    return np.round(top * (1 - fy) + bottom * fy).astype(np.uint8)


class SlideTexture(Intervention):
    """The thing (the floor, if no body is given) goes 0.8 s as far as the camera, and s/2 m/s under a still one."""

    whole = True

    def pose(self, world: World, t: float) -> None:
        start, axes = pinhole.frame(self.source.camera, self.v.onset)
        if self.source.camera.moving:
            slid = 0.8 * self.s * (pinhole.frame(self.source.camera, t)[0] - start) * (1, 1, 0)
        else:
            slid = 0.5 * self.s * (t - self.v.onset) * axes[:, 0] * (1, 1, 0)
        if self.v.body is None:
            world.slide_floor(slid)
        else:
            world.place(self.name, world.where(self.name)[0] + slid)


class OtherWorld(Intervention):
    """What is not free is turned by 60 s degrees about the middle of it all."""

    whole = True

    def pose(self, world: World, t: float) -> None:
        names = [b.name for b in self.source.bodies if b.motion != "free" and self.v.body in (None, b.name)]
        middle = np.mean([b.pos for b in self.source.bodies], axis=0)
        angle = math.radians(60 * self.s)
        turn = np.array([math.cos(angle / 2), 0, 0, math.sin(angle / 2)])
        c, s = math.cos(angle), math.sin(angle)
        for name in names:
            pos, quat = world.where(name)
            x, y, z = pos - middle
            world.place(name, middle + np.array([c * x - s * y, s * x + c * y, z]), multiply(turn, quat))


def multiply(p: Array, q: Array) -> Array:
    """Product of two quaternions."""
    a, u, b, v = p[0], p[1:], q[0], q[1:]
    return np.concatenate([[a * b - u @ v], a * v + b * u + np.cross(u, v)])
