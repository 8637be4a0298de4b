"""World: all ways of a clip together, and how a law says what it found of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from probes.evidence import Finding, box_at
from probes.plausibility.places import Course
from simulator.script import Script

Array = np.ndarray


@dataclass(frozen=True)
class World:
    """What is around: all courses, the script, seconds between frames."""

    courses: Mapping[str, Course]
    script: Script
    dt: float

    @property
    def g(self) -> Array:
        """(3,) metres a second squared."""
        return np.asarray(self.script.scene.gravity, float)


def strongest(found: list[Finding]) -> list[Finding]:
    """The strongest finding for each law."""
    best: dict[str, Finding] = {}
    for f in found:
        if f.law not in best or f.strength > best[f.law].strength:
            best[f.law] = f
    return list(best.values())


def finding(
    world: World, course: Course, law: str, kind: str, start: int, stop: int, strength: float, words: str
) -> Finding:
    """What a law found of one body from frame `start` to frame `stop`."""
    track = course.part.tracks[0]
    name = f"{course.body.colour} {course.body.noun}"
    box = box_at(track, start)
    box = box if box is not None and np.isfinite(box).all() else None
    return Finding(law, kind, start * world.dt, stop * world.dt, box, max(strength, 0.0), f"{name} {words}")
