"""Figures: walkers of two and of four legs, each ONE body whose limbs move in it; lengths in metres.

A build says how a kind of figure is made, in shares of its height: legs (see Leg), trunk, head and arms. Joints are
found by inverse kinematics from where the gait has put the feet (`simulator.workshop.gait`); arms swing against the
leg of their side; the trunk bobs twice a cycle, highest when a leg passes under it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from simulator.scene import Body, Geom, Key, Material, Vec
from simulator.workshop.gait import Array, Gait, Way, joint, turned
from simulator.workshop.shapes import about

ASIDE: Vec = (0.0, 1.0, 0.0)  # the axis about which feet pitch


@dataclass(frozen=True)
class Leg:
    """A leg: its hip ahead of and left of the body's origin, in shares of the height, and its phase in the cycle."""

    ahead: float
    left: float
    phase: float
    knee: float = 1.0  # 1: bends forward, -1: backward


@dataclass(frozen=True)
class Looks:
    """What a figure is made of: the trunk and arms, the legs, the head."""

    trunk: Material
    legs: Material
    head: Material


@dataclass(frozen=True)
class Build:
    """How a figure is made, in shares of its height."""

    leg: float  # length, hip to ankle
    thick: float  # radius of a thigh
    foot: tuple[float, float]  # from the ankle back to the heel and ahead to the toe
    ankle: float  # height above the floor
    legs: tuple[Leg, ...]
    stride: float = 1.35  # over the leg's length
    duty: float = 0.62
    boxes: bool = False  # limbs are boxes instead of capsules
    arm: float = 0.0  # length of an upper arm; 0: none
    shoulder: tuple[float, float] = (0.0, 0.0)  # left of the middle, and above the hips


TWO = (Leg(0.0, 0.055, 0.0), Leg(0.0, -0.055, 0.5))
FOUR = (Leg(-0.42, 0.11, 0.0), Leg(0.36, 0.11, 0.75, -1.0), Leg(-0.42, -0.11, 0.5), Leg(0.36, -0.11, 0.25, -1.0))
BUILDS = {
    "figure": Build(0.46, 0.042, (0.035, 0.105), 0.04, TWO, arm=0.165, shoulder=(0.125, 0.30)),
    "robot": Build(0.42, 0.05, (0.05, 0.10), 0.05, TWO, boxes=True, arm=0.155, shoulder=(0.165, 0.28), stride=1.25),
    "dog": Build(0.52, 0.055, (0.03, 0.05), 0.04, FOUR, duty=0.64, stride=1.3),
}


def gait_of(build: Build, tall: float, end: float = math.inf) -> Gait:
    """The gait of a figure `tall` metres high that stops at `end` metres along its way."""
    return Gait(build.stride * build.leg * tall, build.duty, 0.16 * build.leg * tall, end)


def pace_of(build: Build, tall: float, froude: float, gravity: float = 9.81) -> float:
    """Metres a second at Froude number v^2 / (g l), l the length of a leg; people walk at about 0.2."""
    return math.sqrt(froude * gravity * build.leg * tall)


def extent(build: Build, tall: float) -> float:
    """How far a walking figure reaches ahead of and behind its origin at most, metres."""
    trunk = max(abs(leg.ahead) for leg in build.legs)
    return tall * (0.5 * build.duty * build.stride * build.leg + max(build.foot) + trunk + (0.1 if trunk else 0.0))


def walker(
    name: str,
    kind: str,
    colour: str,
    look: Looks,
    tall: float,
    way: Way,
    gait: Gait,
    times: Array,
    u: Array,
    phase: float,
) -> Body:  # fmt: skip
    """A figure of a kind in BUILDS, `tall` metres high, that goes along `way` by the gait u (K,) at times (K,).

    phase: where in its cycle it is at u = 0.
    """
    build = BUILDS[kind]
    pose = _Pose(build, tall, way, gait, u, phase)
    geoms = list(_dog_trunk(look, tall) if kind == "dog" else _trunk(build, look, tall))
    for (radius, material), (top, low) in zip(_limbs(build, look, tall), pose.links(), strict=True):
        half = float(np.linalg.norm(top[0] - low[0])) / 2
        keys = _keys(times, (top + low) / 2, _towards(top - low))
        if build.boxes:
            size: Vec = (radius, radius, half + 0.3 * radius)
            geoms.append(Geom("box", size, material=material, solid=False, keys=keys))
        else:
            geoms.append(Geom("capsule", (radius, half, 0.0), material=material, solid=False, keys=keys))
    geoms += [_foot(build, look, tall, times, *foot) for foot in pose.feet]
    if kind == "dog":
        geoms.append(_tail(look, tall, times, u, gait))
    half_turn = pose.heading / 2
    upright = np.stack([np.cos(half_turn), 0 * half_turn, 0 * half_turn, np.sin(half_turn)], -1)
    keys = _keys(times, np.stack([pose.x, pose.y, pose.hip], -1), upright)
    return Body(name, kind, colour, tuple(geoms), look.trunk, keys[0].pos, keys[0].quat, motion="scripted", keys=keys)


class _Pose:
    """K moments: where the body is, and in its frame feet and joints."""

    def __init__(self, build: Build, tall: float, way: Way, gait: Gait, u: Array, phase: float) -> None:
        s, self.pace = gait.body(u)
        self.build, self.tall = build, tall
        self.x, self.y, self.heading = way.at(s)
        self.cycle = 2 * math.pi * (u / gait.stride + phase)
        self.length = build.leg * tall
        self.long_feet = build.foot[1] > 0.06
        half = (0.34 if self.long_feet else 0.52) * gait.duty * gait.stride  # a long foot rises on its toe
        straight = 0.98 if way.radius <= 0.0 else 0.95  # of the leg; it reaches farther in bends
        low = build.ankle * tall + math.sqrt((straight * self.length) ** 2 - half**2)
        self.hip = low + 0.02 * self.length * self.pace * np.cos(2 * self.cycle - 2 * math.pi * build.duty)
        self.feet = [self._foot(leg, way, gait, u, phase) for leg in build.legs]

    def _foot(self, leg: Leg, way: Way, gait: Gait, u: Array, phase: float) -> tuple[Array, Array, Array]:
        """(K, 3) ankle, (K,) the foot's heading in the body's frame, (K,) its pitch, toes down."""
        build, tall = self.build, self.tall
        at, up, share = gait.foot(u, leg.phase + phase)
        x, y, turn = way.at(at)
        ahead, left = turned(np.array(leg.ahead * tall), np.array(leg.left * tall), turn)
        fx, fy = turned(x + ahead - self.x, y + left - self.y, -self.heading)
        pitch = self.pace * _pitch(share, gait.duty) if self.long_feet else 0.0 * u
        pivot = np.where(pitch > 0, build.foot[1], -build.foot[0]) * tall  # the foot turns about its toe or its heel
        shift = pivot * (1 - np.cos(pitch)) + build.ankle * tall * np.sin(pitch)
        rise = pivot * np.sin(pitch) + build.ankle * tall * np.cos(pitch)
        lean = turned(shift, 0.0 * shift, turn - self.heading)
        return np.stack([fx + lean[0], fy + lean[1], rise + up - self.hip], -1), turn - self.heading, pitch

    def links(self) -> Iterator[tuple[Array, Array]]:
        """The upper and lower end (K, 3) of each link: thighs and shanks, then upper arms and forearms."""
        for leg, (ankle, _, _) in zip(self.build.legs, self.feet, strict=True):
            top = np.tile(np.array([leg.ahead, leg.left, 0.0]) * self.tall, (len(ankle), 1))
            knee = joint(top, ankle, self.length / 2, self.length / 2, leg.knee)
            yield top, knee
            yield knee, ankle
        if self.build.arm:
            for side, leg in zip((1.0, -1.0), self.build.legs, strict=True):
                yield from self._arm(side, -np.cos(self.cycle + 2 * math.pi * leg.phase) * self.pace)

    def _arm(self, side: float, swing: Array) -> list[tuple[Array, Array]]:
        """Upper arm and forearm; swing (K,): -1 (back) to 1 (ahead)."""
        left, up = self.build.shoulder
        arm, zero = self.build.arm * self.tall, 0.0 * swing
        shoulder = np.tile(np.array([0.0, side * left, up]) * self.tall, (len(swing), 1))
        upper, lower = 0.5 * swing, 0.5 * swing + 0.3 + 0.25 * np.maximum(swing, 0.0)
        elbow = shoulder + arm * np.stack([np.sin(upper), zero + 0.12 * side, -np.cos(upper)], -1)
        hand = elbow + 1.05 * arm * np.stack([np.sin(lower), zero, -np.cos(lower)], -1)
        return [(shoulder, elbow), (elbow, hand)]


def _pitch(share: Array, duty: float) -> Array:
    """Radians by which a foot points down: it lands on its heel and leaves the floor with its toe."""
    at = (0.0, 0.08, 0.6 * duty, duty, duty + 0.45 * (1 - duty), 1.0)
    return np.interp(share, at, (-0.22, 0.0, 0.0, 0.5, 0.35, -0.22))


def _keys(times: Array, pos: Array, quat: Array) -> tuple[Key, ...]:
    rows = zip(times.tolist(), pos.tolist(), quat.tolist(), strict=True)
    return tuple(Key(t, tuple(p), tuple(q)) for t, p, q in rows)


def _towards(direction: Array) -> Array:
    """(K, 4) the shortest turns that take z to directions (K, 3), none of which may point straight down."""
    d = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    q = np.stack([1.0 + d[:, 2], -d[:, 1], d[:, 0], 0.0 * d[:, 0]], -1)
    return np.asarray(q / np.linalg.norm(q, axis=1, keepdims=True))


def _limbs(build: Build, look: Looks, tall: float) -> list[tuple[float, Material]]:
    """Radius and material of each link, in the order of _Pose.links."""
    thick = build.thick * tall
    legs = [(thick, look.legs), (0.8 * thick, look.legs)] * len(build.legs)
    return legs + ([(0.75 * thick, look.trunk), (0.65 * thick, look.trunk)] * 2 if build.arm else [])


def _foot(
    build: Build, look: Looks, tall: float, times: Array, ankle: Array, heading: Array, pitch: Array
) -> Geom:  # fmt: skip
    """A flat foot that hangs on its ankle (K, 3)."""
    back, ahead, up = (v * tall for v in (*build.foot, build.ankle))
    half: Vec = ((back + ahead) / 2, 0.85 * build.thick * tall, up / 2)
    c, s = np.cos(pitch), np.sin(pitch)
    forward, down = (ahead - back) / 2 * c - up / 2 * s, -(ahead - back) / 2 * s - up / 2 * c
    x, y = turned(forward, 0.0 * forward, heading)
    a, b, p, q = np.cos(heading / 2), np.sin(heading / 2), np.cos(pitch / 2), np.sin(pitch / 2)
    keys = _keys(times, ankle + np.stack([x, y, down], -1), np.stack([a * p, -b * q, a * q, b * p], -1))
    return Geom("box" if build.boxes else "ellipsoid", half, material=look.legs, solid=False, keys=keys)


def _trunk(build: Build, look: Looks, tall: float) -> list[Geom]:
    """Torso and head of a figure on two legs; its origin is between the hips."""
    left, up = build.shoulder
    top = 1.0 - build.ankle - 0.97 * build.leg  # from the hips to the crown
    head = (top - up) / 2
    if build.boxes:
        parts = [
            Geom("box", (0.09, 0.12, 0.5 * (up + 0.04)), (0.0, 0.0, 0.5 * up), material=look.trunk),
            Geom("box", (0.085, 0.09, 0.75 * head), (0.01, 0.0, top - 0.8 * head), material=look.head),
            Geom("box", (0.01, 0.06, 0.2 * head), (0.09, 0.0, top - 0.7 * head), material=look.legs),
            Geom("cylinder", (0.01, 0.035, 0.0), (0.0, 0.0, top), material=look.legs),
        ]
    else:
        skull: Vec = (0.82 * head, 0.74 * head, 0.95 * head)
        parts = [
            Geom("ellipsoid", (0.075, 0.1, 0.09), (0.0, 0.0, 0.02), material=look.legs),
            Geom("ellipsoid", (0.075, left - 0.005, 0.57 * up), (0.0, 0.0, 0.52 * up), material=look.trunk),
            Geom("ellipsoid", skull, (0.01, 0.0, top - 0.95 * head), material=look.head),
            Geom("sphere", (0.018, 0.0, 0.0), (0.01 + 0.82 * head, 0.0, top - head), material=look.head),
        ]
    return [_scaled(part, tall) for part in parts]


def _dog_trunk(look: Looks, tall: float) -> list[Geom]:
    """Trunk, neck and head of a dog; its origin is between the four hips."""
    parts = [
        Geom("capsule", (0.15, 0.36, 0.0), (-0.03, 0.0, 0.07), about(ASIDE, math.pi / 2), look.trunk),
        Geom("capsule", (0.09, 0.12, 0.0), (0.42, 0.0, 0.2), about(ASIDE, 0.7), look.trunk),
        Geom("ellipsoid", (0.14, 0.11, 0.115), (0.53, 0.0, 0.34), material=look.head),
        Geom("capsule", (0.06, 0.07, 0.0), (0.65, 0.0, 0.30), about(ASIDE, math.pi / 2 + 0.25), look.head),
        Geom("sphere", (0.03, 0.0, 0.0), (0.76, 0.0, 0.30), material=look.legs),
        *(Geom("ellipsoid", (0.03, 0.02, 0.08), (0.47, s * 0.09, 0.44), material=look.legs) for s in (-1.0, 1.0)),
    ]
    return [_scaled(part, tall) for part in parts]


def _tail(look: Looks, tall: float, times: Array, u: Array, gait: Gait) -> Geom:
    """A tail that wags with the steps."""
    sway = 0.45 * np.sin(2 * math.pi * u / gait.stride)
    along = 0.3 * tall * np.stack([-0.6 * np.cos(sway), 0.6 * np.sin(sway), 0.8 + 0 * sway], -1)
    keys = _keys(times, np.array([-0.5, 0.0, 0.13]) * tall + along / 2, _towards(along))
    return Geom("capsule", (0.03 * tall, 0.15 * tall, 0.0), material=look.legs, solid=False, keys=keys)


def _scaled(part: Geom, tall: float) -> Geom:
    a, b, c = part.size
    x, y, z = part.pos
    return replace(part, size=(a * tall, b * tall, c * tall), pos=(x * tall, y * tall, z * tall), solid=False)


def reach_at(body: Body, i: int) -> tuple[float, float]:
    """How far the walker's limbs reach along +x and -x from its origin at key i, metres."""
    heading = 2 * math.atan2(body.keys[i].quat[3], body.keys[i].quat[0])
    c, s = math.cos(heading), math.sin(heading)
    low, high = [], []
    for geom in body.geoms:
        pos, quat = (geom.keys[i].pos, geom.keys[i].quat) if geom.keys else (geom.pos, geom.quat)
        w, x, y, z = quat
        axis = (2 * (x * z + w * y), 2 * (y * z - w * x)) if geom.shape == "capsule" else (0.0, 0.0)
        half = geom.size[1] * abs(c * axis[0] - s * axis[1]) + geom.size[0]
        low.append(c * pos[0] - s * pos[1] - half)
        high.append(c * pos[0] - s * pos[1] + half)
    return max(high), -min(low)
