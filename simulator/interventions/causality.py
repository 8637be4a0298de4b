"""Causality: flames that burn as they like, and things that fall before anything touches them."""

from __future__ import annotations

import math

import numpy as np

from simulator.interventions.base import Array, Intervention
from simulator.interventions.geometry import UP, about, smooth
from simulator.motion import Path, multiply
from simulator.world import World

LONG = 0.5  # seconds that a fall takes


class _Flame(Intervention):
    """A flame and the lamps that flicker with it."""

    def burning(self, t: float) -> float:
        """The scale that the script gives the flame at time t; 1 without keys."""
        return Path.of(self.body.keys).at(t)[2] if self.body.keys else 1.0


class FlameStays(_Flame):
    """Where the script puts it out, the flame flickers on at (0.25 + 0.75 s) of the sizes that it had."""

    def pose(self, world: World, t: float) -> None:
        actor = world.actors[self.name]
        before = self.burning(t % (0.8 * self.since)) if self.since > 0.0 else 1.0
        world.resize(self.name, max(actor.scale if actor.opacity else 0.0, (0.25 + 0.75 * self.s) * before))
        world.show(self.name, 1.0)
        world.lamps(0.8 * self.since, self.s)


class FlameDiesEarly(_Flame):
    """The flame is 1 - s of its size; out for s > 0.95."""

    def pose(self, world: World, t: float) -> None:
        if self.s > 0.95:
            world.show(self.name, 0.0)
        world.resize(self.name, max(1 - self.s, 0.05) * world.actors[self.name].scale)
        world.lamps(math.inf, self.s)


class Relight(_Flame):
    """The flame is there again at (0.25 + 0.75 s) of the size that it began with."""

    def pose(self, world: World, t: float) -> None:
        world.show(self.name, 1.0)
        world.resize(self.name, (0.25 + 0.75 * self.s) * self.burning(0.0))
        world.lamps(0.0, self.s)


class UntouchedFall(Intervention):
    """What stands tips over about its lower edge: by 90 s degrees within LONG.

    What the physics move is turned at that speed for half the way and then left to itself; a hinge turns likewise.
    """

    lasting = True

    def start(self, world: World) -> None:
        self.side = self._thin(world)
        self.axis = np.cross(UP, self.side)
        edge = max(self.reach(world, self.side)) * self.side + self.low * UP
        self.pivot, self.arm = self.pos + edge, -edge
        self.rate = self.s * math.pi / 2 / LONG
        if self.body.hinge is not None:
            self.axis = np.asarray(self.body.hinge.axis, float)

    def _thin(self, world: World) -> Array:
        """(3,) the horizontal direction in which the body is thinnest, towards the picture's right or middle."""
        right = self.right(self.pos)
        turns = [about(UP, a) for a in np.linspace(0, math.pi, 12, endpoint=False)]
        sides = [multiply(multiply(q, np.array([0.0, *right])), q * (1, -1, -1, -1))[1:] for q in turns]
        widths = [float(np.subtract(*self.reach(world, side)[::-1])) for side in sides]
        side = sides[int(np.argmin(np.round(widths, 6)))]
        return side if side @ right >= 0 else -side

    def push(self, world: World) -> None:
        if not self.engine or world.time > self.since + LONG / 2:
            return
        arm = world.where(self.name)[0] - self.pivot
        world.move(self.name, self.rate * np.cross(self.axis, arm), self.rate * self.axis)

    def pose(self, world: World, t: float) -> None:
        if not self.engine:
            angle = math.pi / 2 * self.s * smooth(self.ramp(t, LONG))
            turn = about(self.axis, angle)
            arm = multiply(multiply(turn, np.array([0.0, *self.arm])), turn * (1, -1, -1, -1))[1:]
            world.place(self.name, self.pivot + arm, multiply(turn, self.quat))
