"""Inertia and momentum: motion that begins, ends, turns or grows without a cause."""

from __future__ import annotations

import math

import numpy as np

from simulator.build import TICK
from simulator.interventions.base import Array, Intervention
from simulator.interventions.geometry import UP, about, rotate
from simulator.motion import multiply
from simulator.script import Script
from simulator.violations import Violation
from simulator.world import World


class SuddenStart(Intervention):
    """What rests sets off sideways at s times half the picture's height a second, slower where room or time say so."""

    def start(self, world: World) -> None:
        way = self.aside(world, self.span)
        far = float(np.linalg.norm(way))
        fast = min(0.5 * self.span, max(1.5 * far / max(self.v.duration, 0.5), 0.15 * self.span))
        self.speed = way / far * self.s * fast
        if self.body.motion == "hinged":
            world.move(self.name, 2.5 * self.speed, self._turning())

    def _turning(self) -> Array:
        """(3,) rad/s that suit the speed for a thing that turns about its own middle."""
        assert self.body.hinge is not None
        return np.asarray(self.body.hinge.axis) * 2.5 * float(np.linalg.norm(self.speed)) / self.radius

    def push(self, world: World) -> None:
        if self.free:
            world.move(self.name, (*self.speed[:2], world.velocity(self.name)[2]))

    def pose(self, world: World, t: float) -> None:
        if not self.engine:
            self.shift(world, self.speed * (t - self.since))


class SuddenStop(Intervention):
    """s of the velocity is lost at once. What is held by a hinge or touches something is held up and braked, too, in
    proportion; a scripted thing runs slower."""

    lasting = True

    def start(self, world: World) -> None:
        self.held = self.body.motion == "hinged" or world.touching(self.name)
        left = 1 - self.s
        world.move(self.name, left * world.velocity(self.name), left * world.spin(self.name))

    def push(self, world: World) -> None:
        if self.engine and self.held:
            world.push(self.name, -self.s * (np.asarray(self.source.gravity) + world.velocity(self.name) / 0.05))

    def pose(self, world: World, t: float) -> None:
        if not self.engine:
            world.replay(self.name, self.since + (1 - self.s) * (t - self.since))


class SuddenTurn(Intervention):
    """The motion turns by 150 s degrees about the vertical; what goes mostly up or down turns aside by 75 s degrees."""

    lasting = True

    def start(self, world: World) -> None:
        v = world.velocity(self.name) if self.engine else self.heading
        self.axis, self.angle = UP, math.radians(150 * self.s)
        if abs(v[2]) > 1.5 * math.hypot(v[0], v[1]):
            self.axis, self.angle = np.cross(v, self.right(self.pos)), math.radians(75 * self.s)
            self.axis /= np.linalg.norm(self.axis)
        world.move(self.name, rotate(v, self.axis, self.angle), rotate(world.spin(self.name), self.axis, self.angle))

    def pose(self, world: World, t: float) -> None:
        if not self.engine:
            pos, quat = world.where(self.name)
            facing = multiply(about(UP, self.angle), quat) if self.axis is UP else quat
            world.place(self.name, self.pos + rotate(pos - self.pos, self.axis, self.angle), facing)


class EnergyGain(Intervention):
    """After a hit the thing is faster: (1 - s) of its own speed away and s of 1.5 times the speed of the impact.

    What hangs on a hinge gains steadily, to 1 + 1.5 s of the speed within a second; a scripted thing runs 1 + 1.5 s
    times as fast.
    """

    def __init__(self, violation: Violation, script: Script) -> None:
        super().__init__(violation, script)
        if self.free:
            self.began = None

    def start(self, world: World) -> None:
        self.seen = len(world.contacts)
        self.last = world.velocity(self.name)
        self.hit: str | None = None  # what it touches now; a body, "floor" or "wall"
        self.impact = 0.0  # m/s

    def push(self, world: World) -> None:
        if self.body.motion == "hinged":
            more = (1 + 1.5 * self.s) ** TICK
            world.move(self.name, more * world.velocity(self.name), more * world.spin(self.name))
            return
        v = world.velocity(self.name)
        for _, a, b in world.contacts[self.seen :]:
            if self.name in (a, b):
                self.hit = b if a == self.name else a
                other = world.velocity(self.hit) if self.hit in world.actors else np.zeros(3)
                self.impact = float(max(np.linalg.norm(self.last), np.linalg.norm(other)))
        self.seen, self.last = len(world.contacts), v
        if self.hit is not None and not world.touching(self.name, self.hit if self.hit in world.actors else None):
            self._gain(world, v)
            self.hit = None

    def _gain(self, world: World, v: Array) -> None:
        speed = float(np.linalg.norm(v))
        wanted = max((1 - self.s) * speed + self.s * 1.5 * self.impact, speed)
        if self.impact > 0.05 * self.span and speed > 1e-6:
            world.move(self.name, v * wanted / speed)
            self.began = world.time if self.began is None else self.began

    def pose(self, world: World, t: float) -> None:
        if not self.engine:
            world.replay(self.name, self.since + (1 + 1.5 * self.s) * (t - self.since))


class NoResponse(Intervention):
    """s of the momentum is withheld that the thing gets while the other touches it; a scripted one runs slower by s."""

    def __init__(self, violation: Violation, script: Script) -> None:
        super().__init__(violation, script)
        if self.engine:
            self.began = None

    def start(self, world: World) -> None:
        self.last = world.velocity(self.name), world.spin(self.name)

    def push(self, world: World) -> None:
        if not self.engine:
            return
        now = world.velocity(self.name), world.spin(self.name)
        if world.touching(self.name, self.v.other):
            self.began = world.time if self.began is None else self.began
            now = tuple(a + (1 - self.s) * (b - a) for a, b in zip(self.last, now, strict=True))
            world.move(self.name, *now)
        self.last = now

    def pose(self, world: World, t: float) -> None:
        if not self.engine:
            world.replay(self.name, self.since + (1 - self.s) * (t - self.since))
