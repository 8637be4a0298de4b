"""Solidity: no thing is where another is, and none goes under the floor."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np

from probes.evidence import Finding
from probes.plausibility.places import Course
from probes.plausibility.touch import distance
from probes.plausibility.world import World, finding

SLACK = 0.15  # of its core: how deep a thing may seem to be in another


def solidity(world: World) -> list[Finding]:
    """The deepest that each thing gets into another, or into the floor."""
    found = []
    for course in world.courses.values():
        if course.body.role == "effect" or not np.isfinite(course.at[:, 0]).any():
            continue
        found += _under(world, course)
        if course.body.motion == "free" and course.core > 0.0:
            for other in world.courses.values():
                if other.body.motion == "fixed" and other is not course:
                    found += _within(world, course, other)
    solid = [c for c in world.courses.values() if c.core > 0.0 and c.body.role != "effect" and c.body.motion != "fixed"]
    for a, b in combinations(solid, 2):
        found += _both(world, a, b)
    return found


def _under(world: World, course: Course) -> list[Finding]:
    low = np.where(course.sound, course.at[:, 2], np.inf)
    if not course.sound.any():
        return []
    k = int(np.argmin(low))
    if course.core > 0.0 and course.body.motion == "free":
        depth, scale = course.core - float(low[k]), course.core
    else:
        depth, scale = -float(low[k]), 0.5 * course.reach
    strength = (depth - SLACK * scale - 3.0 * course.sigma) / (0.3 * scale)
    return [finding(world, course, "solidity", "sink_in", k, len(low), strength, "sinks into the floor")]


def _within(world: World, course: Course, other: Course) -> list[Finding]:
    seen = np.flatnonzero(course.sound)
    if not seen.size:
        return []
    points, frames = [course.at[seen]], [seen]
    for a, b in pairwise(seen):
        if b == a + 1 and course.shot[a] == course.shot[b]:
            share = np.array([0.25, 0.5, 0.75])[:, None]
            points.append(course.at[a] * (1 - share) + course.at[b] * share)
            frames.append(np.full(3, a))
    deep = course.core - distance(other.body, np.concatenate(points))
    i = int(np.argmax(deep))
    k = int(np.concatenate(frames)[i])
    strength = (float(deep[i]) - SLACK * course.core - 3.0 * course.sigma) / (0.4 * course.core)
    words = f"goes through the {other.body.noun}"
    return [finding(world, course, "solidity", "pass_through", k, k + 1, strength, words)]


def _both(world: World, a: Course, b: Course) -> list[Finding]:
    both = a.sound & b.sound
    if not both.any():
        return []
    apart = np.where(both, np.linalg.norm(a.at - b.at, axis=1), np.inf)
    k, core = int(np.argmin(apart)), a.core + b.core
    strength = (core - float(apart[k]) - SLACK * core - 3.0 * (a.sigma + b.sigma)) / (0.3 * core)
    words = f"goes through the {b.body.colour} {b.body.noun}"
    return [finding(world, a, "solidity", "pass_through", k, k + 1, strength, words)]
