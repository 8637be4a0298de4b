"""Forces: what a free or hinged thing does beyond gravity needs something that touches it, and no touch gives energy.

Bodies that may touch each other are looked at together. With m their masses, dv the changes of velocity about a frame,
g gravity and dt the time between frames, J = sum of m (dv - g dt) is what all others did to them. Nobody near: J = 0.
The floor alone: J points up, and aside by no more than friction allows (Coulomb). Only what moves gives energy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from probes.evidence import Finding
from probes.plausibility.places import Course, limber, windows
from probes.plausibility.touch import beside, floored, led, meet, walls
from probes.plausibility.world import World, finding, strongest

SIGMAS = 3.0
SLOW = 0.06  # of its reach, a frame: what moves less gives nothing
TURNED = 0.12  # of its outline that is elsewhere: what changes less does not turn
ROLLS = 0.35  # of its speed that a ball loses to its spin when it begins to roll (2/7, and what is not seen)
Array = np.ndarray


def forces(world: World) -> list[Finding]:
    """The worst of every free or hinged thing for each law."""
    found: list[Finding] = []
    for course in world.courses.values():
        if course.body.motion in ("free", "hinged"):
            about = {k: around(world, course, k) for k in windows(course)}
            mine = [*_energy(world, course, about)]
            if course.body.motion == "free":
                mine += [*_pushes(world, course, about), *_hangs(world, course, about)]
            else:
                mine += [*_turns(world, course, about)]
            found += strongest(mine)
    return found


@dataclass(frozen=True)
class Around:
    """What may touch a thing about a frame: bodies that go with it, and what else."""

    group: tuple[Course, ...]
    faces: tuple[Array, ...]  # (3,) unit vectors out of what stands fast, the floor among it
    still: bool  # something at rest of which this is not known
    moving: bool
    pushed: bool  # by a free thing that moves


def around(world: World, course: Course, k: int) -> Around:
    """What may touch it between the frames before and after k, and what may touch that."""
    group, left = [course], [course]
    faces: list[Array] = []
    still = moving = False
    while left:
        one = left.pop()
        points = led(one, k)
        if floored(one, points):
            faces.append(np.eye(3)[2])
        faces += walls(one, points, world.script.scene.room)
        for other in world.courses.values():
            if other in group or other.body.role == "effect":
                continue
            if other.body.motion == "fixed" and not limber(other.body):
                face = beside(one, points, other.body)
                faces += [] if face is None else [face]
            elif meet(one, other, k):
                if other.body.motion == "free" and other.sound[k - 1 : k + 2].all():
                    group.append(other)
                    left.append(other)
                elif moves(other, k):
                    moving = True
                else:
                    still = True
    pushed = any(moves(c, k) for c in group[1:])
    return Around(tuple(group), tuple(faces), still, moving, pushed)


def moves(course: Course, k: int) -> bool:
    """Whether a thing moves about frame k; one that is not seen may."""
    near = course.at[max(0, k - 2) : k + 2]
    if not np.isfinite(near).all():
        return True
    if course.outline is not None and course.outline.changed(k) > TURNED:
        return True
    return float(np.linalg.norm(np.diff(near, axis=0), axis=1).max()) > SLOW * course.reach + 2 * course.sigma


def _pushes(world: World, course: Course, about: dict[int, Around]) -> Iterator[Finding]:
    g, dt = world.g, world.dt
    for k, near in about.items():
        if near.moving or near.still:
            continue
        mass = sum(c.body.mass for c in near.group)
        push = sum((c.body.mass / mass * ((c.at[k + 1] - 2 * c.at[k] + c.at[k - 1]) / dt - g * dt) for c in near.group),
                   np.zeros(3))  # fmt: skip
        noise = SIGMAS * max(c.sigma for c in near.group) * 2.45 / dt
        before, after = (course.at[k] - course.at[k - 1]) / dt, (course.at[k + 1] - course.at[k]) / dt
        yield from _force(world, course, near, k, push, noise, before, after)


def _force(
    world: World, course: Course, near: Around, k: int, push: Array, noise: float, before: Array, after: Array
) -> Iterator[Finding]:
    weight = float(np.linalg.norm(world.g)) * world.dt
    rolls = course.core > 0.99 * course.reach and len(near.group) == 1
    most = ROLLS * max(float(np.linalg.norm(before)), float(np.linalg.norm(after))) if rolls else np.inf
    beyond = _beyond(push, near.faces, course.body.friction + 0.05, most, world.g * world.dt) - noise
    slow = float(np.linalg.norm(after)) < 0.4 * float(np.linalg.norm(before))
    kind, words = ("sudden_stop", "stops") if slow else ("sudden_turn", "is pushed")
    strength = beyond / (0.5 * weight)
    yield finding(world, course, "inertia", kind, k, k + 1, strength, f"{words} though nothing touches it")


def _beyond(push: Array, faces: tuple[Array, ...], grip: float, most: float, weight: Array) -> float:
    """How much of a push none of some faces, nor their sum, can give.

    It is out of the cone of friction about each, or along it more than `most` and what makes a ball roll downhill.
    """
    if not faces:
        return float(np.linalg.norm(push))
    total = np.sum(faces, axis=0)
    least = np.inf
    for face in (*faces, total):
        length = float(np.linalg.norm(face))
        if length < 0.2:
            return 0.0  # held from both sides
        n = face / length
        up = float(push @ n)
        aside = float(np.linalg.norm(push - up * n))
        downhill = ROLLS * float(np.linalg.norm(weight - (weight @ n) * n))
        least = min(least, max(-up, aside - min(grip * max(up, 0.0), most + downhill), 0.0))
    return float(least)


def _energy(world: World, course: Course, about: dict[int, Around]) -> Iterator[Finding]:
    """Energy a mass (J/kg), in the middle of a step, above the least since something that moves was near."""
    g, dt, shares = world.g, world.dt, (1.0, 1.35) if course.body.motion == "hinged" else (1.0,)
    v = np.diff(course.at, axis=0) / dt
    middle = (course.at[1:] + course.at[:-1]) / 2.0
    speed = np.linalg.norm(v, axis=1)
    error = course.sigma * (1.42 / dt * speed + 9.81)
    past: list[int] = []
    for k, near in about.items():
        if near.moving or near.pushed or (past and past[-1] < k - 3):
            past = []
        if near.moving or near.pushed:
            continue
        past = past or [k - 1]
        gains = []
        for share in shares:
            energy = share * speed**2 / 2.0 - middle @ g
            low = min((_filled(energy, past, i), speed[past[i]]) for i in range(len(past)))
            scale = 0.15 * max(speed[k], low[1]) ** 2 + 9.81 * 0.1 * course.reach
            gains.append((energy[k] - low[0] - SIGMAS * float(np.hypot(error[k], error[past].min()))) / scale)
        past.append(k)
        words = "gains speed from nothing that moves"
        yield finding(world, course, "energy", "energy_gain", k, k + 1, float(min(gains)), words)


def _filled(energy: Array, past: list[int], i: int) -> float:
    """The energy of step past[i], or the least of the greatest around it: a step with a bounce in it is too short."""
    around = [energy[past[j]] for j in range(max(0, i - 2), min(len(past), i + 3))]
    return float(max(around))


def _turns(world: World, course: Course, about: dict[int, Around]) -> Iterator[Finding]:
    """What turns on a hinge with nothing near is turned by its weight."""
    hinge = course.body.hinge
    if hinge is None:
        return
    g, dt = world.g, world.dt
    for k, near in about.items():
        if near.moving or len(near.group) > 1 or _held(world, course, k):
            continue
        arm = course.at[k] - np.asarray(hinge.anchor)
        along = np.cross(hinge.axis, arm)
        length = float(np.linalg.norm(along))
        if length < 0.2 * course.reach:
            continue
        along /= length
        dv = float((course.at[k + 1] - 2 * course.at[k] + course.at[k - 1]) @ along) / dt
        pull = float(g @ along) * dt
        low, high = sorted((0.6 * pull, 1.1 * pull))
        off = max(low - dv, dv - high) - SIGMAS * course.sigma * 2.45 / dt
        before, after = (abs(float((course.at[j] - course.at[j - 1]) @ along)) for j in (k, k + 1))
        slow = after < 0.4 * before
        kind, words = ("sudden_stop", "stops") if slow else ("float", "does not swing as its weight makes it")
        yield finding(world, course, "inertia", kind, k, k + 1, off / (0.3 * float(np.linalg.norm(g)) * dt), words)


def _held(world: World, course: Course, k: int) -> bool:
    """Whether another hinged, free or driven thing is near, be it at rest, or a thing that stands fast."""
    others = [c for c in world.courses.values() if c is not course and c.body.role != "effect"]
    if any(meet(course, other, k) for other in others if other.body.motion != "fixed"):
        return True
    fixed = [c.outline for c in others if c.body.motion == "fixed" and c.body.role == "thing"]
    return any(course.outline is None or o is None or not course.outline.apart(o, k) for o in fixed)


def _hangs(world: World, course: Course, about: dict[int, Around]) -> Iterator[Finding]:
    """Longer stretches, in the air or along the same faces, with another acceleration than these and weight make."""
    g, dt = world.g, world.dt
    weight = float(np.linalg.norm(g))
    alone = {k: n for k, n in about.items() if not (n.still or n.moving) and len(n.group) == 1}
    rolls = course.core > 0.99 * course.reach
    for length in (5, 7, 9):
        for start in range(len(course.at) - length + 1):
            inner = [alone.get(k) for k in range(start + 1, start + length - 1)]
            faces = inner[0].faces if inner[0] is not None else ()
            if any(n is None or not _alike(n.faces, faces) for n in inner):
                continue
            t = np.arange(length) * dt
            path = course.at[start : start + length]
            push = 2.0 * np.polyfit(t, path, 2)[0] - g
            error = 26.8 * course.sigma / (dt**2 * length**2.5)  # sqrt(720 / N^5) for even times
            fastest = float(np.linalg.norm(np.diff(path, axis=0), axis=1).max()) / dt
            most = ROLLS * fastest / (length * dt) if rolls else np.inf
            off = _beyond(push, faces, course.body.friction + 0.05, most, g) - SIGMAS * error
            rises = float(path[-1, 2] - path[0, 2]) > 0.0
            kind, words = ("drift_up", "rises") if rises else ("float", "does not fall as weight makes it")
            yield finding(world, course, "gravity", kind, start, start + length, off / (0.3 * weight), words)


def _alike(faces: tuple[Array, ...], others: tuple[Array, ...]) -> bool:
    return len(faces) == len(others) and all(float(a @ b) > 0.95 for a, b in zip(faces, others, strict=True))
