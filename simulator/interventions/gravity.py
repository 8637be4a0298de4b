"""Gravity and support: things that do not fall as they should."""

from __future__ import annotations

import math

import numpy as np

from simulator.interventions.base import Array, Intervention
from simulator.interventions.geometry import UP, rotate, smooth
from simulator.world import World


class Float(Intervention):
    """s of the weight is lifted, and the motion is braked in proportion.

    What falls by a script keeps s of its height at the onset; what rests rises by s half heights, at most a fifth of
    the picture.
    """

    def start(self, world: World) -> None:
        self.falling = False
        if self.course is not None:
            times = np.linspace(self.since, min(self.end, self.script.seconds), 9).tolist()
            lowest = min(self.course.at(t)[0][2] for t in times)
            self.falling = lowest < self.pos[2] - self.radius / 3

    def push(self, world: World) -> None:
        brake = self.s * world.velocity(self.name) * (0.5, 0.5, 1.0) / 0.1
        world.push(self.name, -self.s * np.asarray(self.source.gravity) - brake)

    def pose(self, world: World, t: float) -> None:
        if self.falling:
            self.shift(world, (0, 0, self.s * max(self.pos[2] - world.where(self.name)[0][2], 0.0)))
        elif not self.engine:
            rise = min(max(-self.low, self.high), 0.2 * self.span)
            self.shift(world, (0, 0, self.s * rise * smooth(self.ramp(t, 0.4))))


class DriftUp(Intervention):
    """It rises at a steady speed: by 0.6 s of the picture's height until the end, or 0.1 s of it a second if faster."""

    def start(self, world: World) -> None:
        self.speed = self.s * self.span * max(0.6 / max(self.v.duration, 0.5), 0.1)

    def push(self, world: World) -> None:
        lift = (self.speed - world.velocity(self.name)[2]) / 0.15
        world.push(self.name, -np.asarray(self.source.gravity) + (0, 0, lift))

    def pose(self, world: World, t: float) -> None:
        if not self.engine:
            self.shift(world, (0, 0, self.speed * (t - self.since)))


class NoFall(Intervention):
    """s of the weight is missing, and nothing brakes; what falls by a script keeps s of its height at the onset."""

    def push(self, world: World) -> None:
        world.push(self.name, -self.s * np.asarray(self.source.gravity))

    def pose(self, world: World, t: float) -> None:
        if not self.engine:
            self.shift(world, (0, 0, self.s * max(self.pos[2] - world.where(self.name)[0][2], 0.0)))


class WrongFall(Intervention):
    """The weight pulls aside, 60 s degrees off; a scripted thing goes aside as far as that while it comes down."""

    def start(self, world: World) -> None:
        self.side = self.aside(world, self.span)  # as far as it can go and be seen
        self.across = np.cross(self.side / np.linalg.norm(self.side), UP)
        self.angle = math.radians(60 * self.s)

    def push(self, world: World) -> None:
        weight: Array = np.asarray(self.source.gravity, float)
        world.push(self.name, rotate(weight, self.across, self.angle) - weight)

    def pose(self, world: World, t: float) -> None:
        if not self.engine:
            down = max(self.pos[2] - world.where(self.name)[0][2], 0.0)
            self.shift(world, self.side * min(down * math.tan(self.angle) / float(np.linalg.norm(self.side)), 1.0))
