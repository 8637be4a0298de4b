"""Continuity: jumps in space and time."""

from __future__ import annotations

from dataclasses import replace

from simulator.interventions.base import Intervention
from simulator.interventions.permanence import BRIEFLY
from simulator.truth import Take
from simulator.world import World


class Teleport(Intervention):
    """Elsewhere at once, to the side but in the picture; a moving thing moves on from there.

    By (0.3 + 4 s) half widths, or s of three tenths of the picture if that is more.
    """

    lasting = True

    def start(self, world: World) -> None:
        self.offset = self.aside(world, max((0.3 + 4 * self.s) * self.wide, 0.3 * self.s * self.span))
        if self.free:
            world.place(self.name, self.pos + self.offset)

    def pose(self, world: World, t: float) -> None:
        if not self.free:
            self.shift(world, self.offset)


class TimeSkip(Intervention):
    """The world, not the camera, is ahead from the onset on, by 0.6 s seconds or 0.15 s of the clip if that is more."""

    lasting = True
    whole = True

    def clock(self, t: float) -> float:
        return t + self.s * max(0.6, 0.15 * self.script.seconds) if t >= self.since else t


class Freeze(Intervention):
    """The world, not the camera, stands still for s of the duration, at least BRIEFLY, and then goes on late."""

    whole = True

    @property
    def end(self) -> float:
        return self.since + max(self.s * self.v.duration, BRIEFLY)

    def clock(self, t: float) -> float:
        return t if t < self.since else max(self.since, t - (self.end - self.since))

    def edit(self, take: Take) -> Take:
        return resting(take, self.since, self.end)


def resting(take: Take, since: float, end: float) -> Take:
    """The take with no velocity in its truth between two times, seconds."""
    truth = take.truth
    still = ((truth.times >= since) & (truth.times < end))[:, None, None]
    return replace(take, truth=replace(truth, velocity=truth.velocity * ~still, spin=truth.spin * ~still))
