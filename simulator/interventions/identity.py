"""Permanence and immutability: things that come, go, double, or change what they are."""

from __future__ import annotations

import colorsys
import math
from dataclasses import replace

from simulator.interventions.base import Array, Intervention
from simulator.scene import Body, Geom, Key, Material, Scene, Vec
from simulator.world import World

BRIEFLY = 0.1  # seconds: the least that something is gone
DOUBLE = ".double"  # appended to a body's name


class Vanish(Intervention):
    """Gone for s of the duration, at least BRIEFLY."""

    @property
    def end(self) -> float:
        return self.v.onset + max(self.s * self.v.duration, BRIEFLY)

    def pose(self, world: World, t: float) -> None:
        world.show(self.name, 0.0)


class ReturnMissing(Vanish):
    """Like Vanish, with an onset at which the thing is out of sight: it comes back late, or never for s = 1."""


class _Double(Intervention):
    """A second body that goes where the first one goes, at a distance; it never touches anything."""

    side: Array | None = None

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

    def beside(self, world: World, distance: float, scale: float = 1.0) -> None:
        """Show the double `distance` metres from the body."""
        pos, quat = world.where(self.name)
        if self.side is None:
            self.side = self.right(pos)
        original = world.actors[self.name]
        sunk = (1 - scale) * min(self.radius, max(pos[2], 0.0))  # a smaller double stands on the same ground
        world.place(self.name + DOUBLE, pos + self.side * distance - (0, 0, sunk), quat)
        world.show(self.name + DOUBLE, original.opacity)
        world.resize(self.name + DOUBLE, scale * original.scale)


class Appear(_Double):
    """A second thing pops up 2.6 r beside the first one, of (0.25 + 0.75 s) of its size."""

    def pose(self, world: World, t: float) -> None:
        self.beside(world, 2.6 * self.radius, 0.25 + 0.75 * self.s)


class Duplicate(_Double):
    """The thing splits in two that part within 0.3 s to a distance of 3 s r."""

    def pose(self, world: World, t: float) -> None:
        self.beside(world, 3.0 * self.s * self.radius * self.ramp(t, 0.3))


class ReturnDuplicate(_Double):
    """Two things come back for one, (0.3 + 2.7 s) r apart."""

    def pose(self, world: World, t: float) -> None:
        self.beside(world, (0.3 + 2.7 * self.s) * self.radius)


class _OtherLook(Intervention):
    """The thing wears another look from the onset on; physics does not notice."""

    def other(self, geom: Geom) -> Geom:
        raise NotImplementedError

    def looks(self) -> dict[str, Body]:
        return {self.name: replace(self.body, geoms=tuple(self.other(g) for g in self.body.geoms))}

    def pose(self, world: World, t: float) -> None:
        world.wear(self.name)


class ColourChange(_OtherLook):
    """Every colour of the thing goes s of the way to the opposite hue; a grey thing goes towards red."""

    def other(self, geom: Geom) -> Geom:
        old: Material = geom.material or self.body.material
        second = None if old.rgb2 is None else self.blend(old.rgb2)
        return replace(geom, material=replace(old, rgb=self.blend(old.rgb), rgb2=second))

    def blend(self, rgb: Vec) -> Vec:
        h, s, v = colorsys.rgb_to_hsv(*rgb)
        target = colorsys.hsv_to_rgb((h + 0.5) % 1 if s > 0.15 else 0.0, max(s, 0.7), max(v, 0.5))
        r, g, b = ((1 - self.s) * a + self.s * c for a, c in zip(rgb, target, strict=True))
        return r, g, b


class ShapeChange(_OtherLook):
    """Stretched along its z by 1 + s, and pressed across so that the volume stays."""

    def other(self, geom: Geom) -> Geom:
        k = 1 + self.s
        across = 1 / math.sqrt(k)
        a, b, c = geom.size
        pos = (geom.pos[0] * across, geom.pos[1] * across, geom.pos[2] * k)
        if geom.shape == "sphere":
            return replace(geom, shape="ellipsoid", size=(a * across, a * across, a * k), pos=pos)
        if geom.shape in ("cylinder", "capsule"):
            return replace(geom, size=(a * across, b * k, c), pos=pos)
        return replace(geom, size=(a * across, b * across, c * k), pos=pos)


class SizeChange(Intervention):
    """A free thing shrinks to 1 - 0.65 s of its size at once; another grows to 1 + 0.9 s where it stands."""

    def pose(self, world: World, t: float) -> None:
        free = self.body.motion == "free"
        factor = 1 - 0.65 * self.s if free else 1 + 0.9 * self.s
        world.resize(self.name, factor * world.actors[self.name].scale)
        if not free:
            pos = world.where(self.name)[0]
            pos[2] += (factor - 1) * min(self.radius, max(pos[2], 0.0))
            world.place(self.name, pos)
