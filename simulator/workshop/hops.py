"""Hops: throws of equal height one after the other, with a rest on the floor between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.workshop.draw import Draw

GRAVITY = 9.81
AIR = (0.28, 0.42)  # seconds of a hop as a share of the clip, before it is fitted in
LONGEST = 0.6  # seconds
REST = 0.25  # time on the floor over time in the air


@dataclass(frozen=True)
class Hops:
    """`count` hops of `air` seconds each, from time 0 on."""

    air: float
    count: int

    def at(self, t: float) -> tuple[float, float]:
        """The share of the way that is done at time t, and the height in metres: v t - g t^2 / 2 in the air."""
        beat = (1 + REST) * self.air
        k = min(math.floor(t / beat), self.count)
        into = min(t - k * beat, self.air) if k < self.count else 0.0
        return (k + into / self.air) / self.count, GRAVITY * into * (self.air - into) / 2

    @property
    def height(self) -> float:
        """Metres."""
        return GRAVITY * self.air**2 / 8


def hops(draw: Draw) -> Hops:
    """As many hops as fill the clip, none longer than LONGEST."""
    wanted = min(draw.between(*AIR) * draw.seconds, LONGEST)
    count = max(1, round((draw.seconds / wanted + REST) / (1 + REST)))
    return Hops(min(draw.seconds / (count * (1 + REST) - REST), 1.2 * LONGEST), count)
