"""Permanence: things that come, go, double, or merge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simulator.errors import UsageError
from simulator.interventions.base import Array, Intervention, own
from simulator.interventions.geometry import smooth
from simulator.scene import Body, Key, Scene
from simulator.script import Script
from simulator.violations import Violation
from simulator.world import World

if TYPE_CHECKING:
    from simulator.stage import Look

BRIEFLY = 0.1  # seconds: the least that something is gone
GLIDE = 0.4  # seconds: the most that two things take to part or to come together
WITHIN = 0.99  # size of a double that comes out of its original, so that their surfaces do not coincide
DOUBLE = ".double"  # appended to a body's name


class Vanish(Intervention):
    """Gone for s of the duration, at least BRIEFLY."""

    @property
    def end(self) -> float:
        return self.since + max(self.s * self.v.duration, BRIEFLY)

    def pose(self, world: World, t: float) -> None:
        world.show(self.name, 0.0)


class ReturnMissing(Vanish):
    """Like Vanish, with an onset at which the thing is out of sight: it comes back late, or never for s = 1."""


class SkipGap(Vanish):
    """Not seen in the gap that it crosses from the onset for the duration: in s of it, in its middle."""

    @property
    def since(self) -> float:
        return self.v.onset + max(1 - self.s, 0.0) / 2 * self.v.duration


class _Double(Intervention):
    """A second body that goes where the first one goes, at a distance; it never touches anything."""

    def scene(self) -> Scene:
        b = self.body
        double = replace(
            b,
            name=b.name + DOUBLE,
            motion="scripted",
            keys=(Key(0.0, b.pos, b.quat, visible=False),),
            geoms=tuple(replace(g, solid=False) for g in b.geoms),
        )
        return replace(self.source, bodies=(*self.source.bodies, double))

    def double(self, world: World, pos: Array, scale: float = 1.0) -> None:
        """Show the double at `pos`; a smaller one stands on the same ground."""
        original = world.actors[self.name]
        sunk = np.array([0.0, 0.0, (1 - scale) * self.low])
        world.place(self.name + DOUBLE, pos + sunk, world.where(self.name)[1])
        world.show(self.name + DOUBLE, original.opacity)
        world.resize(self.name + DOUBLE, scale * original.scale)


class Appear(_Double):
    """A second thing pops up beside the first one, of (0.25 + 0.75 s) of its size."""

    def start(self, world: World) -> None:
        self.offset = self.aside(world, 2.6 * self.wide)

    def pose(self, world: World, t: float) -> None:
        self.double(world, world.where(self.name)[0] + self.offset, 0.25 + 0.75 * self.s)


class Duplicate(_Double):
    """The thing splits in two that part within GLIDE to s times one and a half of its width."""

    def start(self, world: World) -> None:
        self.offset = self.s * self.aside(world, 3.0 * self.wide)

    def pose(self, world: World, t: float) -> None:
        self.double(world, world.where(self.name)[0] + self.offset * smooth(self.ramp(t, GLIDE)), WITHIN)


class ReturnDuplicate(_Double):
    """Two things come back for one: as soon as it is seen they part, in half of GLIDE, to (0.2 + 2.8 s) half widths."""

    seen: float | None = None  # when the thing came back, seconds

    def start(self, world: World) -> None:
        ahead = self.right(self.pos)  # into the picture, where it is outside
        if abs(self.sideways(self.pos)) < 0.5 and np.linalg.norm(self.heading) > 1e-6:
            ahead = self.heading / np.linalg.norm(self.heading)  # out of its cover, where it moves behind something
        self.offset = ahead * (0.2 + 2.8 * self.s) * self.wide

    def pose(self, world: World, t: float) -> None:
        share = 0.0 if self.seen is None else min((t - self.seen) / (GLIDE / 2), 1.0)
        self.double(world, world.where(self.name)[0] + self.offset * share, WITHIN)

    def picture(self, picture: Array, parts: Array, depth: Array, t: float, look: Look) -> tuple[Array, Array, Array]:
        if self.seen is None and own(parts, look.world, self.name).any():
            self.seen = t
        return picture, parts, depth


class OnlyInGap(_Double):
    """A thing of (0.25 + 0.75 s) of the size crosses the gap, from the script's gap_from to gap_to (x, metres)."""

    def __init__(self, violation: Violation, script: Script) -> None:
        super().__init__(violation, script)
        given = self.script.parameters
        if "gap_from" not in given or "gap_to" not in given:
            raise UsageError("only_in_gap needs a script whose parameters say gap_from and gap_to")
        self.gap = float(given["gap_from"]), float(given["gap_to"])

    def pose(self, world: World, t: float) -> None:
        share = self.ramp(t, self.v.duration)
        _, y, z = world.where(self.name)[0]
        x = (1 - share) * self.gap[0] + share * self.gap[1]
        self.double(world, np.array([x, y, z]), 0.25 + 0.75 * self.s)


class Merge(Intervention):
    """The other thing glides s of the way into this one, within GLIDE, and is s gone then (translucent in between)."""

    lasting = True
    pair = True

    def start(self, world: World) -> None:
        self.takes = min(GLIDE, max(self.v.duration / 2, BRIEFLY))
        self.origin, self.speed = world.where(self.second.name)[0], world.velocity(self.second.name)

    def pose(self, world: World, t: float) -> None:
        other, at = self.second.name, world.where(self.name)[0]
        own = world.where(other)[0]
        if self.second.motion == "free":  # what the physics move is led along as it went
            own = self.origin + self.speed * min(t - self.since, self.takes)
            world.move(other, world.velocity(self.name))
        share = self.ramp(t, self.takes)
        world.place(other, own + self.s * smooth(share) * (at - own))
        world.detach(other)
        world.show(other, (1 - self.s * smooth(2 * share - 1)) * world.actors[other].opacity)


class CountChange(Intervention):
    """Of N things alike, s N / 2 are missing, the last of them only in part (translucent); of two things, s of one."""

    def __init__(self, violation: Violation, script: Script) -> None:
        super().__init__(violation, script)
        alike = [b for b in self.source.bodies if (b.noun, b.role) == (self.body.noun, self.body.role)]
        self.alike: list[Body] = [self.body, *(b for b in alike if b is not self.body)]

    def pose(self, world: World, t: float) -> None:
        missing = self.s * max(1.0, len(self.alike) / 2)
        for k, body in enumerate(self.alike):
            gone = min(max(missing - k, 0.0), 1.0)
            if gone > 0:
                world.show(body.name, (1 - gone) * world.actors[body.name].opacity)
            if gone == 1:
                world.detach(body.name)
