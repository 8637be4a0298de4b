"""Prompt: takes that are physically fine, but are not what the prompt says; the whole clip differs.

Only wrong_colour has degrees. The others take place or do not, whatever the severity says.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from simulator import camera as pinhole
from simulator.clip import Clip
from simulator.interventions.base import Intervention
from simulator.interventions.continuity import resting
from simulator.interventions.geometry import UP, footprint, radius, reach
from simulator.interventions.immutability import recoloured
from simulator.interventions.permanence import DOUBLE
from simulator.motion import Path
from simulator.scene import UPRIGHT, Body, Geom, Scene, Vec
from simulator.truth import Event, Take
from simulator.world import World

Array = np.ndarray


class WrongColour(Intervention):
    """All things of the body's noun and colour have a colour that is s of the way to the opposite hue."""

    def looks(self) -> dict[str, Body]:
        like = (self.body.noun, self.body.colour)
        return {b.name: recoloured(b, self.s) for b in self.source.bodies if (b.noun, b.colour) == like}

    def pose(self, world: World, t: float) -> None:
        for name, actor in world.actors.items():
            if actor.look is not None:
                world.wear(name)


class WrongCount(Intervention):
    """One of several things alike is not there, and what stands on it neither; of a single thing there are two."""

    @property
    def less(self) -> bool:
        """Whether the thing goes, for there are others like it."""
        return sum(t.noun == self.body.noun for t in self.script.inventory) > 1

    def scene(self) -> Scene:
        if self.less:
            return self.source
        twin = moved(self.body, self._aside())
        return replace(self.source, bodies=(*self.source.bodies, replace(twin, name=self.name + DOUBLE)))

    def pose(self, world: World, t: float) -> None:
        if self.less:
            for body in self.source.bodies:
                if body is self.body or self._carries(body):
                    world.show(body.name, 0.0)
                    world.detach(body.name)

    def _carries(self, body: Body) -> bool:
        x, y, z = (_way(body, np.zeros(1)) - _way(self.body, np.zeros(1)))[0]
        above = math.hypot(x, y) < 0.5 * self.radius and 0 < z < self.radius + radius(body)
        return body.noun != self.body.noun and body.role != "prop" and above

    def _aside(self) -> Array:
        """(3,) metres from the thing to where there is most room for another on its way."""
        times, r = np.linspace(0.0, self.script.seconds, 9), footprint(self.body)
        others = [b for b in self.source.bodies if b is not self.body and b.role != "effect"]
        way, ways = _way(self.body, times), [(_way(b, times), footprint(b)) for b in others]
        right = self.right(way[0])
        ahead = pinhole.frame(self.source.camera, 0.0)[1][:, 2] * (1, 1, 0)
        away = ahead / max(float(np.linalg.norm(ahead)), 1e-6)
        options = [k * r * side for side in (right, -right, right + away, -right + away) for k in (2.4, 3.2)]

        def room(offset: Array) -> float:
            at = way[0] + offset
            edge = (0.45 - abs(self.sideways(at))) * self.height(at) - r
            gaps = [float(np.linalg.norm(way + offset - other, axis=1).min()) - r - size for other, size in ways]
            return 2 * min(edge, 0.0) + min([*gaps, 0.0])

        return max(options, key=room)


def _way(body: Body, times: Array) -> Array:
    """(T, 3) places where the script has the body at those times, seconds."""
    path = Path.of(body.keys) if body.keys else None
    return np.array([body.pos if path is None else path.at(t)[0] for t in times.tolist()], float)


def moved(body: Body, offset: Array) -> Body:
    """The body so many metres away, with the way that it goes."""

    def there(pos: Vec) -> Vec:
        x, y, z = (np.asarray(pos) + offset).tolist()
        return x, y, z

    return replace(body, pos=there(body.pos), keys=tuple(replace(k, pos=there(k.pos)) for k in body.keys))


class WrongThing(Intervention):
    """The thing is a cube where the prompt says ball, and a ball where it says something else; of the same volume."""

    def scene(self) -> Scene:
        old = self.body.geoms[0]
        new = other_shape(old)
        up = reach(new.shape, new.size, UP) - reach(old.shape, old.size, UP)
        body = moved(replace(self.body, geoms=(new,)), up * UP)
        if new.shape == "box":  # it slides where the ball rolled
            body = replace(body, keys=tuple(replace(k, quat=UPRIGHT) for k in body.keys), spin=(0.0, 0.0, 0.0))
        return replace(self.source, bodies=tuple(body if b is self.body else b for b in self.source.bodies))


def other_shape(geom: Geom) -> Geom:
    """A cube for a sphere, a sphere for anything else, of the same volume."""
    a, b, c = geom.size
    if geom.shape in ("sphere", "ellipsoid"):
        half = (math.pi / 6) ** (1 / 3) * (a if geom.shape == "sphere" else (a * b * c) ** (1 / 3))
        return replace(geom, shape="box", size=(half, half, half))
    cubic = {"box": 8 * a * b * c, "cone": 2 / 3 * math.pi * a * a * b}.get(geom.shape, 2 * math.pi * a * a * b)
    return replace(geom, shape="sphere", size=((3 * cubic / 4 / math.pi) ** (1 / 3), 0.0, 0.0))


class WrongDirection(Intervention):
    """The take is its own mirror image: left is right, in the picture and in all that the truth says of it.

    Extrinsics get a camera whose x points left, so that the world's points project to where they are seen.
    """

    whole = True

    def edit(self, take: Take) -> Take:
        truth, frames = take.truth, take.clip.frames
        xy = truth.tracks.xy * (-1, 1) + (frames.shape[2] - 1, 0)
        mirrored = replace(
            truth,
            parts=np.ascontiguousarray(truth.parts[:, :, ::-1]),
            depth=np.ascontiguousarray(truth.depth[:, :, ::-1]),
            extrinsics=np.diag([-1.0, 1.0, 1.0, 1.0]) @ truth.extrinsics,
            tracks=replace(truth.tracks, xy=xy.astype(np.float32)),
        )
        return replace(take, clip=Clip(np.ascontiguousarray(frames[:, :, ::-1]), take.clip.fps), truth=mirrored)


_BACKWARDS = {"hidden": "revealed", "leaves_frame": "returns", "vanishes": "appears"}
_BACKWARDS |= {b: a for a, b in _BACKWARDS.items()}
_FRAMEWISE = ("clock", "parts", "part_pose", "part_scale", "depth", "pos", "quat", "state", "hidden_by", "extrinsics")


class WrongOrder(Intervention):
    """The take is played backwards, with its truth."""

    whole = True

    def edit(self, take: Take) -> Take:
        truth, last = take.truth, float(take.truth.times[-1])
        events = [
            Event(_BACKWARDS.get(e.kind, e.kind), last - e.t, e.subject, e.object) for e in truth.events if e.t <= last
        ]
        turned: dict[str, Any] = {name: getattr(truth, name)[::-1].copy() for name in _FRAMEWISE}
        backwards = replace(
            truth,
            **turned,
            velocity=-truth.velocity[::-1],
            spin=-truth.spin[::-1],
            tracks=replace(truth.tracks, xy=truth.tracks.xy[::-1].copy(), seen=truth.tracks.seen[::-1].copy()),
            events=tuple(sorted(events, key=lambda e: e.t)),
        )
        return replace(take, clip=Clip(np.ascontiguousarray(take.clip.frames[::-1]), take.clip.fps), truth=backwards)


class EventMissing(Intervention):
    """The world, not the camera, stands still at its first moment."""

    whole = True

    def clock(self, t: float) -> float:
        return 0.0

    def edit(self, take: Take) -> Take:
        return resting(take, self.since, self.end)
