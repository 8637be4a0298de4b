"""Continuity, solidity, gravity and inertia: things that move as nothing can."""

from __future__ import annotations

import math

import numpy as np

from simulator.interventions.base import Array, Intervention, scripted
from simulator.scene import Body, Scene
from simulator.violations import Violation
from simulator.world import World


class Teleport(Intervention):
    """Elsewhere at once, (0.3 + 4 s) r to the side but not out of the picture; a moving thing moves on from there."""

    lasting = True
    offset: Array | None = None

    def start(self, world: World) -> None:
        self.shift(world)
        if self.body.motion == "free":
            world.place(self.name, world.where(self.name)[0] + self.offset)

    def pose(self, world: World, t: float) -> None:
        self.shift(world)
        if self.body.motion != "free":
            world.place(self.name, world.where(self.name)[0] + self.offset)

    def shift(self, world: World) -> None:
        if self.offset is None:
            pos = world.where(self.name)[0]
            length = min((0.3 + 4 * self.s) * self.radius, max(self.space(pos), self.radius))
            self.offset = self.right(pos) * length


class TimeSkip(Intervention):
    """The world, not the camera, is 0.6 s seconds ahead from the onset on."""

    lasting = True
    whole = True

    def clock(self, t: float) -> float:
        return t + 0.6 * self.s if t >= self.v.onset else t


class PassThrough(Intervention):
    """What the others feel of the thing shrinks at once to 1 - s of its size; nothing is left for s > 0.9."""

    lasting = True

    def looks(self) -> dict[str, Body]:
        return {self.name: self.body}

    def left(self, t: float) -> float:
        return 1 - self.s

    def pose(self, world: World, t: float) -> None:
        left = self.left(t)
        world.wear(self.name)
        if left < 0.1:
            world.detach(self.name)
        else:
            world.resize(self.name, left * world.actors[self.name].scale)


class SinkIn(PassThrough):
    """A free thing sinks in by up to 0.85 s of its half height within half a second; another by 1.5 s r."""

    def left(self, t: float) -> float:
        return 1 - 0.85 * self.s * self.ramp(t, 0.5)

    def pose(self, world: World, t: float) -> None:
        if self.body.motion == "free":
            super().pose(world, t)
        else:
            down = 1.5 * self.s * self.radius * self.ramp(t, 0.5)
            world.place(self.name, world.where(self.name)[0] - (0, 0, down))


class Float(Intervention):
    """s of the weight is lifted, and the motion is braked in proportion; another thing than a free one rises by s r."""

    def push(self, world: World) -> None:
        v = world.velocity(self.name)
        brake = self.s * v * (0.5, 0.5, 1.0) / 0.1
        world.push(self.name, -self.s * np.asarray(self.source.gravity) - brake)

    def pose(self, world: World, t: float) -> None:
        if self.body.motion != "free":
            world.place(self.name, world.where(self.name)[0] + (0, 0, self.s * self.radius * self.ramp(t, 0.3)))


class DriftUp(Intervention):
    """It rises at s metres a second."""

    def push(self, world: World) -> None:
        lift = (self.s - world.velocity(self.name)[2]) / 0.15
        world.push(self.name, -np.asarray(self.source.gravity) + np.array([0, 0, lift]))

    def pose(self, world: World, t: float) -> None:
        if self.body.motion != "free":
            world.place(self.name, world.where(self.name)[0] + (0, 0, self.s * (t - self.v.onset)))


class NoFall(Intervention):
    """s of the weight is missing; nothing brakes."""

    def push(self, world: World) -> None:
        world.push(self.name, -self.s * np.asarray(self.source.gravity))


class _Detour(Intervention):
    """Scripted things go on by a changed displacement since the onset."""

    origin: Array | None = None

    def detour(self, displacement: Array) -> Array:
        raise NotImplementedError

    def pose(self, world: World, t: float) -> None:
        if self.body.motion == "free":
            return
        if self.origin is None:
            self.origin = scripted(self.body, self.v.onset)
        world.place(self.name, self.origin + self.detour(world.where(self.name)[0] - self.origin))


class SuddenStop(_Detour):
    """s of the velocity is lost at once."""

    lasting = True

    def start(self, world: World) -> None:
        spin = world.spin(self.name)
        world.move(self.name, (1 - self.s) * world.velocity(self.name), (1 - self.s) * spin)

    def detour(self, displacement: Array) -> Array:
        return (1 - self.s) * displacement


class SuddenTurn(_Detour):
    """The horizontal velocity turns by 150 s degrees; what falls straight is kicked aside at 2 s m/s."""

    lasting = True

    def start(self, world: World) -> None:
        v = world.velocity(self.name)
        if math.hypot(v[0], v[1]) < 0.3:
            world.move(self.name, v + 2 * self.s * self.right(world.where(self.name)[0]))
        else:
            world.move(self.name, self.detour(v), self.detour(world.spin(self.name)))

    def detour(self, displacement: Array) -> Array:
        angle = math.radians(150 * self.s)
        c, s = math.cos(angle), math.sin(angle)
        x, y, z = displacement
        return np.array([c * x - s * y, s * x + c * y, z])


class EnergyGain(Intervention):
    """After a bounce the thing is faster: (1 - s) of its own speed away and s of 1.5 times its speed at the impact."""

    began = None
    falling = 0.0  # m/s, downward, at the last impact

    def __init__(self, violation: Violation, scene: Scene) -> None:
        super().__init__(violation, scene)
        self.began = None

    def push(self, world: World) -> None:
        v = world.velocity(self.name)
        if not world.touching(self.name):
            if self.falling > 0.2 and v[2] > 0:
                world.move(self.name, (v[0], v[1], max((1 - self.s) * v[2] + self.s * 1.5 * self.falling, v[2])))
                self.began = world.time if self.began is None else self.began
            self.falling = max(-v[2], 0.0)
