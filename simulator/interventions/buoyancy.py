"""Buoyancy and volume: what floats and what sinks, and liquids that come and go."""

from __future__ import annotations

import numpy as np

from simulator.interventions.base import Intervention
from simulator.interventions.geometry import smooth
from simulator.scene import Body
from simulator.world import World


class WrongBuoyancy(Intervention):
    """What rises or floats sinks, what sinks rises.

    The way up or down that the script has from the onset on is turned round by s of twice itself; what stays at its
    height goes under by s of one and a half times its own, or up by s of a quarter of the picture if it lies on the
    floor. What the physics move is led to s of the opposite speed. Nothing goes under the floor.
    """

    def start(self, world: World) -> None:
        self.tall = self.high - self.low
        self.floor = -self.low  # height of the body's origin where it stands on the floor
        self.lies = self.pos[2] < self.floor + 0.05 * self.tall
        self.up = world.velocity(self.name)[2]
        if self.course is not None:
            last = self.course.at(min(self.end, self.script.seconds))[0][2]
            self.moves = abs(last - self.pos[2]) > 0.5 * self.tall
        else:
            self.moves = False

    def push(self, world: World) -> None:
        v = world.velocity(self.name)[2]
        wanted = (1 - 2 * self.s) * self.up
        world.push(self.name, -np.asarray(self.source.gravity) + (0, 0, (wanted - v) / 0.15))

    def pose(self, world: World, t: float) -> None:
        if self.engine:
            return
        z = world.where(self.name)[0][2]
        if self.moves:
            offset = -2 * self.s * (z - self.pos[2])
        else:
            way = 0.25 * self.span if self.lies else -1.5 * self.tall
            offset = self.s * way * smooth(self.ramp(t, max(0.6 * self.v.duration, 0.3)))
        self.shift(world, (0, 0, max(offset, min(self.floor - z, 0.0))))


class VolumeChange(Intervention):
    """The liquid's level sinks, and what floats on it with it, by s of its own half width, at most nine tenths of its
    height above the floor."""

    def start(self, world: World) -> None:
        across = min(max(self.reach(world, np.eye(3)[i])) for i in (0, 1))
        level = self.pos[2] + self.high
        self.way = -self.s * min(across, 0.9 * level)
        self.rides = [b for b in self.source.bodies if self._afloat(b, world, across, level)]

    def _afloat(self, body: Body, world: World, across: float, level: float) -> bool:
        x, y, z = world.where(body.name)[0] - self.pos
        near = abs(z + self.pos[2] - level) < across / 2 and max(abs(x), abs(y)) < across
        return near and body.motion == "scripted" and body.name != self.name

    def pose(self, world: World, t: float) -> None:
        down = (0, 0, self.way * smooth(self.ramp(t, 0.8)))
        self.shift(world, down)
        for body in self.rides:
            world.place(body.name, world.where(body.name)[0] + down)
