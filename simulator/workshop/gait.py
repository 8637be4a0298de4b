"""Gait: where feet and body of a walker are, and how its limbs bend.

A walker goes along a Way by an amount `u` of gait; each foot is planted for the share `duty` of a cycle of `stride`
metres and then swings ahead to its next place. While it is planted its place on the floor does not depend on `u`: a
standing foot cannot slide, at any speed and along any way. Lengths in metres, angles in radians; K moments at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Way:
    """A line along x towards `sign`, or (radius > 0) such a line, a half turn, the line back, and so on: a racetrack.

    It begins at (x, y).
    """

    x: float
    y: float
    sign: float
    straight: float = math.inf  # length of the line before the first turn
    radius: float = 0.0
    bend: float = 1.0  # 1: the way back lies towards +y, -1: towards -y

    def at(self, s: Array) -> tuple[Array, Array, Array]:
        """(K,) x, y and the heading, radians from +x, at (K,) metres from the beginning."""
        start = 0.0 if self.sign > 0 else math.pi
        if self.radius <= 0.0:
            return self.x + self.sign * s, np.full_like(s, self.y), np.full_like(s, start)
        lap, rest = np.divmod(s, self.straight + math.pi * self.radius)
        back = np.where(lap % 2 == 1, -1.0, 1.0)  # -1 on the way back
        angle = np.maximum(rest - self.straight, 0.0) / self.radius
        begin = self.x + self.sign * self.straight * (back < 0)
        ahead = np.minimum(rest, self.straight) + self.radius * np.sin(angle)
        y = self.y + self.bend * self.radius * ((1 - back) + back * (1 - np.cos(angle)))
        return begin + self.sign * back * ahead, y, start + self.sign * self.bend * (math.pi * lap + angle)

    def turning(self, s: float) -> bool:
        """Whether the way bends at s."""
        return self.radius > 0.0 and s % (self.straight + math.pi * self.radius) > self.straight


@dataclass(frozen=True)
class Gait:
    """How long a cycle is (metres), for which share of it a foot stands, and how high it is lifted (metres)."""

    stride: float
    duty: float
    lift: float
    end: float = math.inf  # where the walk ends, metres along the way

    def foot(self, u: Array, phase: float) -> tuple[Array, Array, Array]:
        """A foot at gait u (K,): the place along the way of a body under whose hip it stands, its height, and the
        share of its cycle (0: lands, duty: lifts)."""
        cycle = u / self.stride + phase
        share = cycle % 1.0
        here = np.minimum((np.floor(cycle) - phase + self.duty / 2) * self.stride, self.end)
        step = np.minimum(here + self.stride, self.end) - here
        q = np.clip((share - self.duty) / (1 - self.duty), 0.0, 1.0)
        up = self.lift * np.minimum(1.0, step / (0.4 * self.stride)) * np.sin(math.pi * q)
        return here + step * _smooth(q), up, share

    def body(self, u: Array) -> tuple[Array, Array]:
        """Where the body is along the way at gait u (K,), and how fast it is then, as a share of its pace."""
        ease = 0.4 * self.stride
        over = np.maximum((u - self.end + ease) / ease, 0.0)
        return np.minimum(u, self.end - ease * np.exp(-over)), np.exp(-over)


def _smooth(q: Array) -> Array:
    """From 0 to 1 with no speed and no acceleration at either end."""
    return np.asarray(q**3 * (10 + q * (6 * q - 15)))


def clock(seconds: float, rate: float, speed: float, way: Way, start: float, slow: float) -> tuple[Array, Array]:
    """Times (K,), `rate` a second, and the gait u (K,), metres, that begins at `start`.

    The pace is `speed` m/s, and `slow` of it in the way's bends; it changes within about 0.15 s.
    """
    count = max(2, math.ceil(rate * seconds) + 1)
    times = np.linspace(0.0, seconds, count)
    if way.radius <= 0.0:
        return times, start + speed * times
    u, pace, step = [start], speed, seconds / (count - 1)
    for _ in range(count - 1):
        wanted = speed * (slow if way.turning(u[-1] + 0.12 * speed) else 1.0)
        pace += (wanted - pace) * min(1.0, step / 0.15)
        u.append(u[-1] + pace * step)
    return times, np.array(u)


def joint(hip: Array, end: Array, upper: float, lower: float, forward: float) -> Array:
    """(K, 3) the knees or elbows of a limb of two links from `hip` to `end`, bent towards `forward` (1 or -1) times x.

    Two-link inverse kinematics by the law of cosines; an end out of reach gets a straight limb.
    """
    d = end - hip
    far = np.linalg.norm(d, axis=1, keepdims=True)
    length = np.minimum(far, 0.9999 * (upper + lower))
    along = (upper**2 - lower**2 + length**2) / (2 * length)
    off = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    unit = d / far
    ahead = forward * (np.array([1.0, 0.0, 0.0]) - unit[:, :1] * unit)
    return np.asarray(hip + along * unit + off * ahead / np.linalg.norm(ahead, axis=1, keepdims=True))


def turned(x: Array, y: Array, angle: Array) -> tuple[Array, Array]:
    """(x, y) turned by `angle`."""
    c, s = np.cos(angle), np.sin(angle)
    return c * x - s * y, s * x + c * y
