"""Promises: whether what a script expects happened in a take, judged by the truth alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from simulator.correspondence import project
from simulator.script import Expected, Script
from simulator.truth import ABSENT, HIDDEN, OUT, SEEN, Take

FALL = 0.1  # of the picture's shorter side: the least that counts as falling or moving
STILL = 0.02  # of the picture's shorter side: the most that counts as staying
LYING = math.radians(45.0)
Array = np.ndarray


def kept(script: Script, take: Take, event: Expected) -> bool:
    """Whether the take's truth agrees with the event; a window is one frame longer than it says."""
    return _CHECKS[event.kind](_Case(script, take, event))


class _Case:
    """One event in one take, with what the checks ask for."""

    def __init__(self, script: Script, take: Take, event: Expected) -> None:
        self.script, self.take, self.truth, self.event = script, take, take.truth, event
        self.step = 1.0 / take.clip.fps
        self.inside = (self.truth.times >= event.start - 1e-6) & (self.truth.times <= event.end + self.step)
        self.side = min(take.clip.height, take.clip.width)
        self.number = self.truth.names.index(event.subject) if event.subject in self.truth.names else -1

    @property
    def state(self) -> Array:
        return self.truth.state[:, self.number]

    @property
    def pos(self) -> Array:
        return self.truth.pos[:, self.number]

    def within(self, frame: int) -> bool:
        """Whether what first shows in this frame happened inside the window."""
        return bool(self.event.start - 1e-6 <= self.truth.times[frame] <= self.event.end + self.step)

    def pixels(self, pos: Array) -> Array:
        """(T, 2) where world points (T, 3) are in the picture, in its shorter sides."""
        truth = self.truth
        points = [project(truth.intrinsics, e, p[None])[0][0] for e, p in zip(truth.extrinsics, pos, strict=True)]
        return np.stack(points) / self.side

    def happens(self, kind: str, other: str | None = None) -> bool:
        """Whether the truth lists such an event of the subject in the window."""
        low, high = self.event.start - 1e-6, self.event.end + self.step
        found = [{e.subject, e.object} for e in self.truth.events if e.kind == kind and low <= e.t <= high]
        return any(self.event.subject in pair and (other is None or other in pair) for pair in found)


def _present(case: _Case) -> bool:
    first = np.flatnonzero(case.inside)[0]
    return bool(case.state[first] == SEEN and ABSENT not in case.state[case.inside])


def _enters(state: int) -> Callable[[_Case], bool]:
    def check(case: _Case) -> bool:
        return any(
            case.within(int(i) + 1) for i in np.flatnonzero((case.state[1:] == state) & (case.state[:-1] == SEEN))
        )

    return check


def _comes_back(state: int) -> Callable[[_Case], bool]:
    def check(case: _Case) -> bool:
        return any(
            case.within(int(i) + 1) for i in np.flatnonzero((case.state[1:] == SEEN) & (case.state[:-1] == state))
        )

    return check


def _moves(axis: int, sign: float) -> Callable[[_Case], bool]:
    """Net motion in the picture, seen from the camera as it is at the window's start."""

    def check(case: _Case) -> bool:
        frames = np.flatnonzero(case.inside)
        start = case.truth.extrinsics[frames[0]]
        at = project(case.truth.intrinsics, start, case.pos[frames])[0][:, axis] / case.side
        return bool(sign * (at[-1] - at[0]) > FALL)

    return check


def _falls(case: _Case) -> bool:
    height = case.pos[case.inside, 2]
    rows = case.pixels(case.pos)[case.inside, 1]
    return bool((height[0] - height).max() > 0 and (rows - rows[0]).max() > FALL)


def _stays(case: _Case) -> bool:
    near = case.truth.depth[np.isfinite(case.truth.depth)]
    pixel = float(np.median(near)) / case.truth.intrinsics[0, 0]  # metres, about
    return bool(np.ptp(case.pos[case.inside], axis=0).max() < max(STILL * case.side * pixel, 1e-3))


def _bounces(case: _Case) -> bool:
    speed = case.truth.velocity[:, case.number, 2]
    low = np.minimum.accumulate(speed)
    turns = np.flatnonzero((speed[1:] > 0.1) & (low[:-1] < -0.3) & (speed[:-1] < 0.1)) + 1
    return any(case.event.start - case.step <= case.truth.times[i] <= case.event.end + case.step for i in turns)


def _passes_through(case: _Case) -> bool:
    crossings = ring_crossings(case.script, case.take, case.event.subject, str(case.event.object))
    first = crossings[:1]
    return [through for _, through in first] == [True] and case.event.start <= first[0][0] <= case.event.end + case.step


def ring_crossings(script: Script, take: Take, name: str, ring: str) -> list[tuple[float, bool]]:
    """When the centre of `name` crosses the plane of the ring, and whether it is then wholly inside the opening.

    A ring's rim is its first geom, as far from its middle as the ring is wide.
    """
    truth = take.truth
    i, j = truth.names.index(name), truth.names.index(ring)
    w, x, y, z = truth.quat[0, j]
    axis = np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
    tube = script.scene.body(ring).geoms[0]
    opening = math.hypot(tube.pos[0], tube.pos[1]) - tube.size[0] - script.scene.body(name).geoms[0].size[0]
    off = truth.pos[:, i] - truth.pos[0, j]
    height = off @ axis
    out = []
    for k in np.flatnonzero(np.sign(height[1:]) != np.sign(height[:-1])):
        part = height[k] / (height[k] - height[k + 1])
        at = off[k] + part * (off[k + 1] - off[k])
        aside = float(np.linalg.norm(at - (at @ axis) * axis))
        out.append((float(truth.times[k] + part / take.clip.fps), aside < opening))
    return out


def _goes_out(case: _Case) -> bool:
    before, after = case.truth.times < case.event.start - 1e-6, case.truth.times > case.event.end + case.step
    lit = case.state == SEEN
    return bool(lit[0] and lit[before].all() and not lit[after].any() and not lit[-1])


def _stays_lit(case: _Case) -> bool:
    return bool((case.state[case.inside] != ABSENT).all() and case.state[0] == SEEN)


def _tilt(case: _Case) -> Array:
    """(T,) radians between the body's own z and where it was at first."""
    w, x, y, z = case.truth.quat[:, case.number].T
    up = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], -1)
    return np.asarray(np.arccos(np.clip(up @ up[0], -1.0, 1.0)))


def _topples(case: _Case) -> bool:
    tilt, frames = _tilt(case), np.flatnonzero(case.inside)
    return bool(tilt[frames[0]] < LYING < tilt[frames[-1]])


def _turns(case: _Case) -> bool:
    q = case.truth.quat[case.inside, case.number]
    return bool((2 * np.arccos(np.clip(np.abs(q @ q[0]), 0.0, 1.0))).max() > LYING)


def _swings(case: _Case) -> bool:
    """The component of the velocity along its largest spread changes sign."""
    v = case.truth.velocity[:, case.number]
    main = np.linalg.svd(v - 0 * v.mean(0), full_matrices=False)[2][0]
    along = (v @ main)[case.inside]
    return bool((along > 0).any() and (along < 0).any())


def _lands_on(case: _Case) -> bool:
    last = np.flatnonzero(case.inside)[-1]
    return (
        case.happens("contact", case.event.object)
        and float(np.linalg.norm(case.truth.velocity[last, case.number])) < 0.3
    )


def _changes_shape(case: _Case) -> bool:
    masks = case.truth.mask(case.event.subject)[case.inside]
    union = np.logical_or(masks[0], masks).sum((1, 2))
    return bool((1 - np.logical_and(masks[0], masks).sum((1, 2)) / np.maximum(union, 1)).max() > 0.03)


def _collides(case: _Case) -> bool:
    """A contact in the engine, or, between things that follow a path, spheres about them that touch."""
    if case.happens("contact", case.event.object):
        return True
    other = case.truth.names.index(str(case.event.object))
    gap = np.linalg.norm(case.pos - case.truth.pos[:, other], axis=1)
    reach = sum(_reach(case.script, n) for n in (case.event.subject, str(case.event.object)))
    return bool((gap[case.inside] < 1.1 * reach).any())


def _reach(script: Script, name: str) -> float:
    return max(math.dist(g.pos, (0, 0, 0)) + math.hypot(*g.size) for g in script.scene.body(name).geoms)


def _camera_orbits(case: _Case) -> bool:
    right = case.truth.extrinsics[case.inside, 0, :3]
    return float(np.ptp(np.unwrap(np.arctan2(right[:, 1], right[:, 0])))) > math.radians(15.0)


def _camera_moves(case: _Case) -> bool:
    return bool(np.abs(case.truth.extrinsics[case.inside] - case.truth.extrinsics[case.inside][0]).max() > 1e-3)


_CHECKS: dict[str, Callable[[_Case], bool]] = {
    "present": _present,
    "leaves_frame": _enters(OUT),
    "returns": _comes_back(OUT),
    "hidden_by": _enters(HIDDEN),
    "revealed": _comes_back(HIDDEN),
    "falls": _falls,
    "bounces": _bounces,
    "passes_through": _passes_through,
    "goes_out": _goes_out,
    "stays_lit": _stays_lit,
    "moves_left": _moves(0, -1.0),
    "moves_right": _moves(0, 1.0),
    "moves_up": _moves(1, -1.0),
    "moves_down": _moves(1, 1.0),
    "stays": _stays,
    "collides": _collides,
    "topples": _topples,
    "swings": _swings,
    "turns": _turns,
    "lands_on": _lands_on,
    "changes_shape": _changes_shape,
    "camera_orbits": _camera_orbits,
    "camera_moves": _camera_moves,
    "cut": lambda case: any(e.kind == "cut" and case.event.start <= e.t <= case.event.end for e in case.truth.events),
}
