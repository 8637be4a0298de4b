"""The interventions: how each kind of violation meddles with the running world.

Every class says what severity s measures. Lengths that depend on the thing are in its radius r, that of the sphere
around it. `right` is the camera's horizontal right at the onset, turned so that it points into the picture.
"""

from __future__ import annotations

import colorsys
import math
from dataclasses import replace

import numpy as np

from simulator import camera as pinhole
from simulator.errors import UsageError
from simulator.scene import Body, Geom, Key, Material, Scene, Vec
from simulator.truth import Broken
from simulator.violations import VIOLATIONS, Violation
from simulator.world import World

Array = np.ndarray
BRIEFLY = 0.1  # seconds: the least that something is gone
DOUBLE = ".double"  # appended to a body's name


class Intervention:
    """One violation at work on one scene; the stage calls the hooks, from the onset on.

    lasting: what has begun stays to the end of the take, whatever the duration.
    whole: without a body it is done to the whole scene; the others are then done to its first thing.
    """

    lasting = False
    whole = False

    def __init__(self, violation: Violation, scene: Scene) -> None:
        names = [b.name for b in scene.bodies]
        if violation.body is None and not self.whole:
            violation = replace(violation, body=next((b.name for b in scene.bodies if b.role == "thing"), ""))
        if violation.body not in names and violation.body is not None:
            raise UsageError(f"no body '{violation.body}' to break here. Available: {', '.join(names) or 'none'}")
        self.v, self.s, self.source = violation, violation.severity, scene
        self.started = False
        self.began: float | None = violation.onset  # when something was broken; None: nothing was
        if violation.body is not None:
            self.body = scene.body(violation.body)
            self.radius = radius(self.body)

    @property
    def end(self) -> float:
        """When it stops, seconds."""
        return math.inf if self.lasting else self.v.onset + self.v.duration

    def begin(self, world: World) -> None:
        """start(), if it has not been called."""
        if not self.started:
            self.started = True
            self.start(world)

    def report(self, seconds: float) -> Broken | None:
        """What was broken in a take of that length; None: nothing was."""
        if self.began is None or self.began >= seconds:
            return None
        v = self.v
        law = VIOLATIONS.entry(v.kind).tags[0]
        return Broken(v.kind, law, v.body, self.began, min(self.end, seconds), v.severity)

    @property
    def name(self) -> str:
        """The body that it is done to."""
        return self.body.name

    def scene(self) -> Scene:
        """The scene with what the intervention will need, hidden."""
        return self.source

    def looks(self) -> dict[str, Body]:
        """Other looks that bodies can wear, by the body's name."""
        return {}

    def clock(self, t: float) -> float:
        """The world's time at the clip's time t."""
        return t

    def start(self, world: World) -> None:
        """Once, before the first tick or frame at or after the onset."""

    def push(self, world: World) -> None:
        """Before every tick of the physics."""

    def pose(self, world: World, t: float) -> None:
        """Whenever scripts have put things in place, for ticks and for frames."""

    def picture(self, picture: Array, mask: Array, depth: Array, t: float) -> tuple[Array, Array, Array]:
        """After a frame was drawn."""
        return picture, mask, depth

    def right(self, at: Array) -> Array:
        """Camera right at the onset, horizontal, (3,); its sign leads from `at` towards the middle of the picture."""
        eye, axes = pinhole.frame(self.source.camera, self.v.onset)
        side = axes[:, 0] * (1, 1, 0)
        side /= np.linalg.norm(side)
        return side if np.dot(at - eye, axes[:, 0]) <= 0 else -side

    def ramp(self, t: float, seconds: float) -> float:
        """0 at the onset, 1 from `seconds` after it."""
        return min(max(t - self.v.onset, 0.0) / seconds, 1.0)


def radius(body: Body) -> float:
    """Radius of the sphere about the body's origin that holds its geoms, metres."""
    far = {"sphere": lambda s: s[0], "cylinder": lambda s: math.hypot(s[0], s[1]), "capsule": lambda s: s[0] + s[1]}
    return max(
        math.dist(g.pos, (0, 0, 0)) + (far[g.shape](g.size) if g.shape in far else math.dist(g.size, (0, 0, 0)))
        for g in body.geoms
    )


# Permanence.


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
            b, name=b.name + DOUBLE, motion="scripted", keys=(Key(0.0, b.pos, b.quat, visible=False),),
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


# Immutability.


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
    """A free thing shrinks to 1 - 0.65 s of its size at once, another grows to 1 + 0.9 s."""

    def pose(self, world: World, t: float) -> None:
        factor = 1 - 0.65 * self.s if self.body.motion == "free" else 1 + 0.9 * self.s
        world.resize(self.name, factor * world.actors[self.name].scale)


# Continuity.


class Teleport(Intervention):
    """Elsewhere at once, (0.3 + 4 s) r to the side; a moving thing moves on from there."""

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
            self.offset = self.right(pos) * (0.3 + 4 * self.s) * self.radius


class TimeSkip(Intervention):
    """The world, not the camera, is 0.6 s seconds ahead from the onset on."""

    lasting = True
    whole = True

    def clock(self, t: float) -> float:
        return t + 0.6 * self.s if t >= self.v.onset else t


# Solidity.


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


# Support and gravity.


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


# Inertia and momentum.


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


def scripted(body: Body, t: float) -> Array:
    """(3,) position of a scripted or fixed body at time t."""
    if not body.keys:
        return np.asarray(body.pos, float)
    times = [k.t for k in body.keys]
    return np.array([np.interp(t, times, [k.pos[i] for k in body.keys]) for i in range(3)])


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


# Causality.


class FlameStays(Intervention):
    """Where the script puts it out, the flame burns on at (0.25 + 0.75 s) of the size it had at the onset."""

    held: float | None = None

    def pose(self, world: World, t: float) -> None:
        actor = world.actors[self.name]
        if self.held is None:
            self.held = (0.25 + 0.75 * self.s) * keyed_scale(self.body, self.v.onset)
        world.resize(self.name, max(actor.scale if actor.opacity else 0.0, self.held))
        world.show(self.name, 1.0)
        world.lamps(self.v.onset, self.s)


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


def keyed_scale(body: Body, t: float) -> float:
    """The scale that the keys give at time t; 1 without keys."""
    return float(np.interp(t, [k.t for k in body.keys], [k.scale for k in body.keys])) if body.keys else 1.0


# Rigidity of the scene.


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


def intervention(violation: Violation, scene: Scene) -> Intervention:
    """The violation, ready to act on the scene.

    Raises:
        UsageError: unknown kind or body, or numbers out of range.
    """
    kind: type[Intervention] = VIOLATIONS.load(violation.kind)
    if not 0.0 <= violation.severity <= 1.0:
        raise UsageError(f"severity={violation.severity} is outside [0, 1]")
    if not (violation.onset >= 0 and violation.duration >= 0):
        raise UsageError(f"onset={violation.onset} and duration={violation.duration} have to be 0 or more seconds")
    return kind(violation, scene)
