"""Immutability: things that change what they are. Other looks are drawn only; physics do not notice."""

from __future__ import annotations

import colorsys
import math
from dataclasses import replace

from simulator.interventions.base import Intervention
from simulator.interventions.geometry import UP, bound, reach
from simulator.scene import Body, Geom, Key, Material, Vec
from simulator.world import World


def mixed(a: Vec, b: Vec, share: float) -> Vec:
    """The colour `share` of the way from a to b."""
    x, y, z = ((1 - share) * p + share * q for p, q in zip(a, b, strict=True))
    return x, y, z


def turned(rgb: Vec, turn: float, lift: float) -> Vec:
    """A full colour, its hue `turn` of the circle on and its value `lift` times as high; greys become red."""
    h, s, v = colorsys.rgb_to_hsv(*rgb)
    return colorsys.hsv_to_rgb((h + turn) % 1 if s > 0.15 else 0.0, max(s, 0.7), min(v * lift, 1.0))


def recoloured(body: Body, share: float) -> Body:
    """The body with every colour `share` of the way to another hue, and not darker than 0.7.

    The hue is the opposite one, or a third of the circle on where the body would then have the colours it has.
    """
    old = {m.rgb for m in materials(body)} | {m.rgb2 for m in materials(body) if m.rgb2 is not None}
    lift = max(0.7 / max(*body.material.rgb, 0.02), 1.0)

    def apart(turn: float) -> float:
        return sum(min(math.dist(turned(rgb, turn, lift), before) for before in old) for rgb in sorted(old))

    turn = max((0.5, 1 / 3, 2 / 3), key=apart)

    def other(geom: Geom) -> Geom:
        m = geom.material or body.material
        rgb2 = None if m.rgb2 is None else mixed(m.rgb2, turned(m.rgb2, turn, lift), share)
        return replace(geom, material=replace(m, rgb=mixed(m.rgb, turned(m.rgb, turn, lift), share), rgb2=rgb2))

    return replace(body, geoms=tuple(other(g) for g in body.geoms))


def materials(body: Body) -> list[Material]:
    """Of each of its geoms."""
    return [g.material or body.material for g in body.geoms]


class _OtherLook(Intervention):
    """The thing wears another look from the onset on."""

    def pose(self, world: World, t: float) -> None:
        for name, actor in world.actors.items():
            if actor.look is not None:
                world.wear(name)


class ColourChange(_OtherLook):
    """Every colour of the thing goes s of the way to the opposite hue; a grey thing goes towards red."""

    def looks(self) -> dict[str, Body]:
        return {self.name: recoloured(self.body, self.s)}


class ShapeChange(_OtherLook):
    """Stretched along its z by 1 + 1.2 s, and pressed across so that the volume stays."""

    def looks(self) -> dict[str, Body]:
        return {self.name: replace(self.body, geoms=tuple(stretched(g, 1 + 1.2 * self.s) for g in self.body.geoms))}


def stretched(geom: Geom, k: float) -> Geom:
    """The geom k times as long along z and 1 / sqrt(k) across, wherever it is in its body; flat ones along x."""
    across = 1 / math.sqrt(k)
    a, b, c = geom.size

    def there(pos: Vec) -> Vec:
        return pos[0] * across, pos[1] * across, pos[2] * k

    keys: tuple[Key, ...] = tuple(replace(key, pos=there(key.pos)) for key in geom.keys)
    geom = replace(geom, pos=there(geom.pos), keys=keys)
    if geom.shape == "sphere":
        return replace(geom, shape="ellipsoid", size=(a * across, a * across, a * k))
    if geom.shape in ("cylinder", "capsule", "cone"):
        return replace(geom, size=(a * across, b * k, c))
    if geom.shape in ("sheet", "disc"):
        return replace(geom, size=(a * k, b * across, c))
    return replace(geom, size=(a * across, b * across, c * k))


class SizeChange(Intervention):
    """A thing grows to 1 + 0.9 s of its size at once; what the physics move, or is big in the picture, shrinks to
    1 - 0.65 s of it.

    What a script leads stands where it stood, unless it is moving up or down.
    """

    def start(self, world: World) -> None:
        climbs = 0.0 if self.course is None else abs(self.course.velocity(self.since, 0.25)[0][2])
        self.stands = not self.engine and climbs < 0.1 * self.span
        big = max(self.high - self.low, 2 * self.wide) > 0.4 * self.span
        self.factor = 1 - 0.65 * self.s if self.engine or big else 1 + 0.9 * self.s

    def pose(self, world: World, t: float) -> None:
        world.resize(self.name, self.factor * world.actors[self.name].scale)
        if self.stands:
            self.shift(world, (0, 0, (1 - self.factor) * self.low))


class IdentitySwap(_OtherLook):
    """The thing and the other exchange looks: the colours s of the way, for s >= 0.5 the shapes too."""

    pair = True

    def looks(self) -> dict[str, Body]:
        return {a.name: self.as_other(a, b) for a, b in ((self.body, self.second), (self.second, self.body))}

    def as_other(self, body: Body, other: Body) -> Body:
        """`body` as it looks when it has become the other."""
        shape, base, share = (other, body, self.s) if self.s >= 0.5 else (body, other, 1 - self.s)
        up = bottom(body) - bottom(shape)  # so that it stands where it stood

        def dressed(geom: Geom) -> Geom:
            own = geom.material or shape.material
            rgb2 = None if own.rgb2 is None else mixed(base.material.rgb2 or base.material.rgb, own.rgb2, share)
            return replace(geom, material=replace(own, rgb=mixed(base.material.rgb, own.rgb, share), rgb2=rgb2))

        return replace(body, geoms=tuple(lifted(dressed(g), up) for g in shape.geoms))


def bottom(body: Body) -> float:
    """How high the body's lowest point is in its own frame, metres."""
    return min(min((k.pos[2] for k in g.keys), default=g.pos[2]) - reach(g.shape, g.size, UP) for g in body.geoms)


def lifted(geom: Geom, up: float) -> Geom:
    """The geom so many metres higher in its body."""
    keys = tuple(replace(k, pos=(k.pos[0], k.pos[1], k.pos[2] + up)) for k in geom.keys)
    return replace(geom, pos=(geom.pos[0], geom.pos[1], geom.pos[2] + up), keys=keys)


class LimbChange(_OtherLook):
    """One limb of the thing, its largest part but one, is 1 + 1.4 s times as long and 1 + 0.8 s times as thick."""

    def looks(self) -> dict[str, Body]:
        geoms = list(self.body.geoms)
        order = sorted(range(len(geoms)), key=lambda i: -bound(geoms[i]))
        i = order[min(1, len(order) - 1)]
        geoms[i] = grown(geoms[i], 1 + 1.4 * self.s, 1 + 0.8 * self.s)
        return {self.name: replace(self.body, geoms=tuple(geoms))}


def grown(geom: Geom, longer: float, thicker: float) -> Geom:
    """The geom with its longest side `longer` and the others `thicker` times what they are."""
    size = list(geom.size)
    if geom.shape in ("cylinder", "capsule", "cone"):
        return replace(geom, size=(size[0] * thicker, size[1] * longer, size[2]))
    longest = size.index(max(size))
    a, b, c = (v * (longer if i == longest else thicker) for i, v in enumerate(size))
    return replace(geom, size=(a, b, c))
