"""Solidity: things that go where other things are."""

from __future__ import annotations

import math

import numpy as np

from simulator.interventions.base import Intervention
from simulator.interventions.geometry import about, smooth
from simulator.motion import multiply, slerp
from simulator.scene import Body
from simulator.world import World

SINKS = 0.5  # seconds


class _Soft(Intervention):
    """What the others feel of a thing that physics move can be less than what is seen."""

    lasting = True

    def looks(self) -> dict[str, Body]:
        return {self.name: self.body}

    def feel(self, world: World, left: float) -> None:
        """`left` of its size meets others; nothing does under a tenth."""
        world.wear(self.name)
        if left < 0.1:
            world.detach(self.name)
        else:
            world.soften(self.name, left)


class PassThrough(_Soft):
    """What the others feel of a thing that physics move is 1 - s of its size, nothing for s > 0.9.

    What rolls or slides along keeps its height. A scripted thing goes s of the way straight on, past what stops it.
    """

    def start(self, world: World) -> None:
        x, y, z = world.velocity(self.name)
        on = world.touching(self.name) or self.pos[2] + self.low < 0.05 * self.radius
        along = math.hypot(x, y)
        self.borne = self.free and on and along > max(abs(z) / 0.3, 0.05 * self.span)
        if self.course is not None:
            self.speed, self.spin = self.course.velocity(self.since, 1 / 60)

    def push(self, world: World) -> None:
        if self.borne:
            world.move(self.name, world.velocity(self.name) * (1, 1, 0))
            world.push(self.name, -np.asarray(self.source.gravity))

    def pose(self, world: World, t: float) -> None:
        if self.engine:
            self.feel(world, 1 - self.s)
        elif self.course is not None:
            pos, quat = world.where(self.name)
            passed = t - self.since
            turn = float(np.linalg.norm(self.spin))
            on = multiply(about(self.spin / turn, turn * passed), self.quat) if turn > 1e-6 else self.quat
            straight = self.pos + self.speed * passed
            world.place(self.name, (1 - self.s) * pos + self.s * straight, slerp(quat, on, self.s))


class SinkIn(_Soft):
    """A thing that physics move sinks in by up to 0.85 s of its half height within SINKS; another by 1.5 s of it."""

    def pose(self, world: World, t: float) -> None:
        share = self.s * smooth(self.ramp(t, SINKS))
        if self.free:
            self.feel(world, 1 - 0.85 * share)
        else:
            self.shift(world, (0, 0, 1.5 * share * self.low))
