"""Intervention: what all violations have in common when they meddle with the running world."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simulator import camera as pinhole
from simulator.errors import UsageError
from simulator.interventions.geometry import UP, radius, reach
from simulator.motion import Path
from simulator.scene import Body, Scene, Vec
from simulator.script import Script
from simulator.truth import Broken, Take
from simulator.violations import VIOLATIONS, Violation
from simulator.world import World

if TYPE_CHECKING:
    from simulator.stage import Look

Array = np.ndarray


class Intervention:
    """One violation at work on one scene; the stage calls the hooks, from the onset on.

    lasting: what has begun stays to the end of the take, whatever the duration.
    whole: without a body it is done to the whole scene; the others are then done to its first thing.
    pair: it needs a second body; where the violation names none, the likest one is taken.
    """

    lasting = False
    whole = False
    pair = False
    shifted: Array | float = 0.0  # metres that shift() has moved a free body so far

    def __init__(self, violation: Violation, script: Script) -> None:
        scene = script.scene
        names = [b.name for b in scene.bodies]
        if violation.body is None and not self.whole:
            violation = replace(violation, body=next((b.name for b in scene.bodies if b.role == "thing"), ""))
        for name in (violation.body, violation.other):
            if name not in names and name is not None:
                raise UsageError(f"no body '{name}' to break here. Available: {', '.join(names) or 'none'}")
        self.v, self.s, self.source, self.script = violation, violation.severity, scene, script
        self.started = False
        if violation.body is not None:
            self.body = scene.body(violation.body)
            self.radius = radius(self.body)
        if self.pair:
            self.second = self._second()
        self.began: float | None = self.since  # when something was broken; None: nothing was

    def _second(self) -> Body:
        if self.v.other is not None:
            return self.source.body(self.v.other)
        others = [b for b in self.source.bodies if b.role == "thing" and b.name != self.name]
        if not others:
            raise UsageError(f"'{self.v.kind}' needs two things, and '{self.name}' is the only one; name `other`")
        return max(others, key=lambda b: (b.noun == self.body.noun, b.colour == self.body.colour))

    @property
    def since(self) -> float:
        """When it starts, seconds."""
        return self.v.onset

    @property
    def end(self) -> float:
        """When it stops, seconds."""
        return math.inf if self.lasting else self.v.onset + self.v.duration

    def acts(self, t: float) -> bool:
        """Whether it is at work at time t."""
        return self.since <= t < self.end

    def begin(self, world: World) -> None:
        """start(), if it has not been called."""
        if not self.started:
            self.started = True
            if self.v.body is not None:
                self._look_around(world)
            self.start(world)

    def _look_around(self, world: World) -> None:
        if self.course is not None:
            self.pos, self.quat, _, _ = self.course.at(self.since)
        else:
            self.pos, self.quat = world.where(self.name)
        self.span = self.height(self.pos)
        self.low, self.high = self.reach(world, UP)
        self.wide = max(abs(v) for v in self.reach(world, self.right(self.pos)))

    def report(self, seconds: float) -> Broken | None:
        """What was broken in a take of that length; None: nothing was."""
        if self.began is None or self.began >= seconds:
            return None
        v = self.v
        law = VIOLATIONS.entry(v.kind).tags[0]
        return Broken(v.kind, law, v.body, self.began, min(self.end, seconds), v.severity)

    # What the stage calls.

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
        """Once, before the first tick or frame at or after the start."""

    def push(self, world: World) -> None:
        """Before every tick of the physics."""

    def pose(self, world: World, t: float) -> None:
        """Whenever scripts have put things in place, for ticks and for frames."""

    def picture(self, picture: Array, parts: Array, depth: Array, t: float, look: Look) -> tuple[Array, Array, Array]:
        """After a frame was drawn; `look` draws the same moment again with things hidden or moved."""
        return picture, parts, depth

    def edit(self, take: Take) -> Take:
        """After the whole take was recorded."""
        return take

    # What interventions are made of. Set before start(): pos and quat, where the body is at the start; span, the
    # metres that the picture shows there; low and high, how far the body reaches from its origin along z; wide,
    # along the camera's right.

    @property
    def name(self) -> str:
        """The body that it is done to."""
        return self.body.name

    @property
    def free(self) -> bool:
        """Whether the body is a free rigid one."""
        return self.body.motion == "free"

    @property
    def engine(self) -> bool:
        """Whether the physics move the body."""
        return self.body.motion in ("free", "hinged")

    @cached_property
    def course(self) -> Path | None:
        """Where the script leads the body; None where it does not."""
        return Path.of(self.body.keys) if self.body.motion == "scripted" and self.body.keys else None

    @property
    def heading(self) -> Array:
        """(3,) m/s of a scripted body at the start; 0 for others."""
        return np.zeros(3) if self.course is None else self.course.velocity(self.since, 1 / 60)[0]

    def shift(self, world: World, offset: Array | Vec) -> None:
        """Put the body `offset` metres from where it would be; for every pose()."""
        pos, offset = world.where(self.name)[0], np.asarray(offset)
        if self.free:
            pos, self.shifted = pos - self.shifted, offset
        world.place(self.name, pos + offset)

    def reach(self, world: World, axis: Array) -> tuple[float, float]:
        """How far the body reaches along a unit vector, from its origin: the least and the greatest, metres."""
        a, data, ends = world.actors[self.name], world.data, []
        for i, g in enumerate(a.geoms):
            middle = float((data.geom_xpos[g] - data.xpos[a.id]) @ axis)
            size = a.scale * np.asarray(self.body.geoms[i].size)
            half = reach(self.body.geoms[i].shape, size, data.geom_xmat[g].reshape(3, 3).T @ axis)
            ends += [middle - half, middle + half]
        return min(ends), max(ends)

    def height(self, at: Array) -> float:
        """Metres that the picture's shorter side shows at `at`."""
        eye, axes = pinhole.frame(self.source.camera, self.since)
        ahead = max(float((at - eye) @ axes[:, 2]), 0.1)
        return 2 * ahead * math.tan(math.radians(self.source.camera.fov) / 2)

    def sideways(self, at: Array) -> float:
        """How far right of the picture's middle `at` is, in its shorter sides."""
        eye, axes = pinhole.frame(self.source.camera, self.since)
        return float((at - eye) @ axes[:, 0]) / self.height(at)

    def right(self, at: Array) -> Array:
        """Camera right at the start, horizontal, (3,); its sign leads from `at` towards the middle of the picture."""
        side = pinhole.frame(self.source.camera, self.since)[1][:, 0] * (1, 1, 0)
        side /= np.linalg.norm(side)
        return side if self.sideways(at) <= 0 else -side

    def aside(self, world: World, distance: float) -> Array:
        """(3,) metres to a place for a thing of the body's size, to the left or the right, or half behind as well.

        `distance` far, but no farther than the picture goes, and no less than the body's half width. A way is the
        better the farther it leads to the side, the less the place overlaps with other things, and not behind.
        """
        right, away = self.right(self.pos), self._away()
        ways = []
        for sign in (1.0, -1.0):
            edge = (0.46 + sign * abs(self.sideways(self.pos))) * self.span - self.wide
            way = sign * right * max(min(distance, edge), self.wide)
            ways += [way, way + 2.2 * self.radius * away]

        def worth(way: Array) -> float:
            behind = 0.3 if abs(way @ away) > 1e-6 * distance else 0.0
            return self._gap(world, self.pos + way) / self.radius + min(abs(way @ right) / distance, 1.0) - behind

        return max(ways, key=worth)

    def _away(self) -> Array:
        ahead = pinhole.frame(self.source.camera, self.since)[1][:, 2] * (1, 1, 0)
        return np.asarray(ahead / max(float(np.linalg.norm(ahead)), 1e-6))

    def _gap(self, world: World, at: Array) -> float:
        """Metres by which a thing of the body's size at `at` overlaps with another in the picture, negative."""
        eye, axes = pinhole.frame(self.source.camera, self.since)
        x, y, z = (at - eye) @ axes
        gaps = [0.0]
        for name, a in world.actors.items():
            if name != self.name and a.opacity > 0 and a.body.role == "thing":
                across, down, ahead = (world.where(name)[0] - eye) @ axes
                if ahead > 0.1 and z > 0.1:
                    apart = math.hypot(across / ahead - x / z, down / ahead - y / z) * z
                    gaps.append(apart - radius(a.body) * z / ahead - self.radius)
        return min(gaps)

    def ramp(self, t: float, seconds: float) -> float:
        """0 at the start, 1 from `seconds` after it."""
        return min(max(t - self.since, 0.0) / max(seconds, 1e-6), 1.0)


def own(parts: Array, world: World, name: str) -> Array:
    """(H, W) bool: where a body is seen in a picture of parts."""
    return np.isin(parts, 1 + np.flatnonzero(world.owner == list(world.actors).index(name) + 1))


def intervention(violation: Violation, script: Script) -> Intervention:
    """The violation, ready to act on the script's scene.

    Raises:
        UsageError: unknown kind or body, or numbers out of range.
    """
    kind: type[Intervention] = VIOLATIONS.load(violation.kind)
    if not 0.0 <= violation.severity <= 1.0:
        raise UsageError(f"severity={violation.severity} is outside [0, 1]")
    if not (violation.onset >= 0 and violation.duration >= 0):
        raise UsageError(f"onset={violation.onset} and duration={violation.duration} have to be 0 or more seconds")
    return kind(violation, script)
