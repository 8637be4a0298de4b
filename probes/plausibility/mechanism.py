"""Mechanism: what stands fast stays, and what is driven moves no more abruptly, fast or high than its drive makes it.

Of a script's driven body only the bounds of its motion are used, whenever and wherever it takes place: from a height
and over a number of frames, how far it rises and sinks, how far it gets, how long its way is, and how much its
displacement changes from one such time to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from probes.cast import Part
from probes.evidence import Finding
from probes.perception.observation import SEEN, Observation, ThingTrack
from probes.plausibility.places import LIQUIDS, Course, articulated
from probes.plausibility.touch import centre, turned
from probes.plausibility.world import World, finding, strongest
from simulator.motion import Path
from simulator.scene import Body
from simulator.script import Script

SPANS = (1, 2, 4, 7)  # frames
MORE = 1.25  # times what the drive does
SIGMAS = 3.0
STRAY = 0.1  # strength of what the edges of pixels do
CUT = 0.25  # of its size: how far off the middle of what is seen in part may be, a standard deviation
ASIDE = 0.85  # cosine of half the turn
ASKEW = 0.15  # of its size: the middle that is seen is not quite that of the script
FINE = 4  # samples of the drive a frame
Array = np.ndarray


@dataclass(frozen=True)
class Bounds:
    """Of a motion over some frames, metres: change of height, displacement, way; change of the displacement."""

    rise: tuple[float, float]
    far: tuple[float, float]
    way: tuple[float, float]
    change: float


STILL = Bounds((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), 0.0)


@dataclass(frozen=True, eq=False)
class Drive:
    """The drive of a scripted body, or that of a fixed one: none."""

    body: Body
    dt: float
    seconds: float
    known: dict[int, tuple[Array, ...]] = field(default_factory=dict)

    @property
    def still(self) -> bool:
        """Whether it does not move at all."""
        return self.body.motion != "scripted" or not self.body.keys

    @property
    def turns(self) -> bool:
        """Whether it turns the body by a right angle or so, that it is seen from other sides."""
        keys = np.array([k.quat for k in self.body.keys]) if not self.still else np.ones((1, 4))
        return bool((np.abs(keys @ keys[0]) < ASIDE * np.linalg.norm(keys, axis=1)).any())

    @cached_property
    def at(self) -> Array:
        """(N, 3) metres, FINE times a frame."""
        path, middle = Path.of(self.body.keys), centre(self.body)
        times = np.arange(0.0, self.seconds + 1e-9, self.dt / FINE)
        poses = [path.at(t)[:2] for t in times.tolist()]
        return np.array([pos + turned(quat) @ middle for pos, quat in poses])

    def over(self, span: int) -> tuple[Array, ...]:
        """Of every way over `span` frames: rise, displacement, length, least and greatest height; and the changes."""
        if span not in self.known:
            lag = FINE * span
            shift = self.at[lag:] - self.at[:-lag]
            steps = np.linalg.norm(self.at[FINE:] - self.at[:-FINE], axis=1)
            way = np.sum([steps[FINE * i : len(steps) - FINE * (span - 1 - i)] for i in range(span)], axis=0)
            low, high = np.sort(np.stack([self.at[:-lag, 2], self.at[lag:, 2]]), axis=0)
            change = np.linalg.norm(shift[lag:] - shift[:-lag], axis=1)
            self.known[span] = shift[:, 2], np.linalg.norm(shift, axis=1), way, low, high, change
        return self.known[span]

    def bounds(self, span: int, height: float, slack: float) -> Bounds | None:
        """What it does over `span` frames from about this height on; None if it never is there."""
        if self.still:
            return STILL
        if len(self.at) <= FINE * span:
            return None
        rise, far, way, low, high, change = self.over(span)
        there = (low - slack <= height) & (height <= high + slack)
        if not there.any():
            return None
        ends = [(float(v.min()), float(v.max())) for v in (rise[there], far[there], way[there])]
        return Bounds(ends[0], ends[1], ends[2], float(change.max()) if change.size else np.inf)


def mechanism(world: World) -> list[Finding]:
    """The worst of every fixed or driven body for each law."""
    found: list[Finding] = []
    for course in world.courses.values():
        fast = course.body.motion == "fixed" and not articulated(course.body)
        if fast or course.body.motion == "scripted":
            drive = Drive(course.body, world.dt, world.script.seconds)
            found += strongest([f for span in _spans(course) for f in _beyond(world, course, drive, span)])
    return found


def _spans(course: Course) -> list[int]:
    """SPANS, and how long it is out of sight."""
    gaps = np.diff(np.flatnonzero(course.sound | course.cut))
    return sorted({*SPANS, *(int(g) for g in gaps)})


def _beyond(world: World, course: Course, drive: Drive, span: int) -> list[Finding]:
    found: list[Finding] = []

    def say(law: str, kind: str, k: int, strength: float, words: str) -> None:
        if strength > STRAY:
            found.append(finding(world, course, law, kind, k, k + span, strength - STRAY, words))

    down = "volume_change" if course.body.noun in LIQUIDS else "wrong_buoyancy"
    steps = np.linalg.norm(np.diff(course.at, axis=0), axis=1)
    usual = drive.bounds(1, 0.0, np.inf)
    pace = 0.0 if usual is None else usual.way[1]
    turns = 0.0 if course.core > 0.0 or not drive.turns else ASKEW * course.reach
    anywhere = drive.bounds(span, 0.0, np.inf)
    changes = np.inf if anywhere is None else anywhere.change
    askew = 0.0 if course.core > 0.0 else ASKEW * course.reach
    fair = course.sound | (course.cut & (not drive.still))
    for k in range(len(course.at) - span):
        seen = fair[k : k + span + 1]
        noise = SIGMAS * 1.42 * (course.sigma + CUT * course.reach * float(course.cut[[k, k + span]].any())) + turns
        if not (seen[0] and seen[-1]) or (span not in SPANS and seen[1:-1].any()):
            continue
        height = float(course.at[k, 2])
        limit = drive.bounds(span, height, 0.05 * course.reach + noise)
        scale = 0.2 * course.reach + 0.5 * span * pace
        if limit is None:
            tops = drive.bounds(1, height, np.inf)
            if tops is not None and span == 1:
                over, under = height - float(drive.at[:, 2].max()), float(drive.at[:, 2].min()) - height
                say("gravity", "drift_up", k, (over - noise - askew) / scale, "is higher than anything lifts it")
                say("buoyancy", down, k, (under - noise - askew) / scale, "is lower than anything lets it")
            limit = drive.bounds(span, height, np.inf)
        if limit is None:
            continue
        moved = course.at[k + span] - course.at[k]
        rise, far = float(moved[2]), float(np.linalg.norm(moved))
        say("gravity", "drift_up", k, (rise - noise - _more(limit.rise[1])) / scale, "rises, and nothing lifts it")
        sinks = -_more(-limit.rise[0]) - noise - rise
        say("buoyancy", down, k, sinks / scale, "goes down, and nothing lets it")
        over, short = far - noise - _more(limit.far[1]), limit.far[0] / MORE - noise - far
        say("continuity", "teleport", k, over / scale, "gets farther than its drive takes it")
        say("inertia", "sudden_stop", k, short / scale, "does not get as far as its drive takes it")
        if seen.all():
            length = float(steps[k : k + span].sum())
            say("inertia", "sudden_stop", k, (limit.way[0] / MORE - noise - length) / scale, "is slower than its drive")
        if k >= span and course.sound[[k - span, k, k + span]].all():
            change = float(np.linalg.norm(moved - (course.at[k] - course.at[k - span])))
            over = change - 1.73 * noise - 2.0 * askew - MORE * changes
            say("inertia", "sudden_turn", k, over / (1.5 * scale), "changes its motion at once, and nothing makes it")
    return found


def _more(amount: float) -> float:
    """MORE of what is positive; of what is not, itself."""
    return MORE * amount if amount > 0.0 else amount


def pauses(track: ThingTrack, parts: Sequence[Part], script: Script | None, observation: Observation) -> bool:
    """Whether a track plays a driven body whose drive pauses."""
    mine = [part for part in parts if any(one is track for one in part.tracks)]
    return script is not None and any(_pauses(part, script, observation) for part in mine)


def _pauses(part: Part, script: Script, observation: Observation) -> bool:
    if part.body.motion != "scripted":
        return False
    usual = Drive(part.body, 1.0 / observation.clip.fps, script.seconds).bounds(1, 0.0, np.inf)
    return usual is None or usual.way[0] < 0.02 * usual.way[1]


def restless(observation: Observation, parts: Sequence[Part], script: Script) -> bool:
    """Whether all driven things of the inventory are seen all the while, and none of them pauses."""
    driven = [p for p in parts if p.body.motion == "scripted"]
    seen = all((p.state == SEEN).all() for p in parts if p.body.motion != "fixed")
    return seen and not any(_pauses(p, script, observation) for p in driven)
