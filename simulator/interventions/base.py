"""Intervention: what all violations have in common when they meddle with the running world."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simulator import camera as pinhole
from simulator.errors import UsageError
from simulator.scene import Body, Scene
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
    """

    lasting = False
    whole = False

    def __init__(self, violation: Violation, script: Script) -> None:
        scene = script.scene
        names = [b.name for b in scene.bodies]
        if violation.body is None and not self.whole:
            violation = replace(violation, body=next((b.name for b in scene.bodies if b.role == "thing"), ""))
        if violation.body not in names and violation.body is not None:
            raise UsageError(f"no body '{violation.body}' to break here. Available: {', '.join(names) or 'none'}")
        self.v, self.s, self.source, self.script = violation, violation.severity, scene, script
        self.started = False
        self.began: float | None = violation.onset  # when something was broken; None: nothing was
        if violation.body is not None:
            self.body = scene.body(violation.body)
            self.radius = radius(self.body)

    @property
    def end(self) -> float:
        """When it stops, seconds."""
        return math.inf if self.lasting else self.v.onset + self.v.duration

    def acts(self, t: float) -> bool:
        """Whether it is at work at time t."""
        return self.v.onset <= t < self.end

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

    def picture(self, picture: Array, parts: Array, depth: Array, t: float, look: Look) -> tuple[Array, Array, Array]:
        """After a frame was drawn; `look` draws the same moment again with things hidden or moved."""
        return picture, parts, depth

    def edit(self, take: Take) -> Take:
        """After the whole take was recorded."""
        return take

    def right(self, at: Array) -> Array:
        """Camera right at the onset, horizontal, (3,); its sign leads from `at` towards the middle of the picture."""
        eye, axes = pinhole.frame(self.source.camera, self.v.onset)
        side = axes[:, 0] * (1, 1, 0)
        side /= np.linalg.norm(side)
        return side if np.dot(at - eye, axes[:, 0]) <= 0 else -side

    def space(self, at: Array) -> float:
        """How far a thing at `at` can go along right() and stay in a square picture, metres."""
        eye, axes = pinhole.frame(self.source.camera, self.v.onset)
        sideways, _, ahead = (at - eye) @ axes
        return float(ahead * math.tan(math.radians(self.source.camera.fov) / 2) + abs(sideways) - self.radius)

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


def scripted(body: Body, t: float) -> Array:
    """(3,) position of a scripted or fixed body at time t."""
    if not body.keys:
        return np.asarray(body.pos, float)
    times = [k.t for k in body.keys]
    return np.array([np.interp(t, times, [k.pos[i] for k in body.keys]) for i in range(3)])


def keyed_scale(body: Body, t: float) -> float:
    """The scale that the keys give at time t; 1 without keys."""
    return float(np.interp(t, [k.t for k in body.keys], [k.scale for k in body.keys])) if body.keys else 1.0


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
