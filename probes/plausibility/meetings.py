"""Meetings: when two free things come together and part, momentum is kept, energy does not grow, and they do not cross.

Both are followed before and after; between, they may cover each other. What only slides beside the floor feels its
friction all the while.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from probes.evidence import Finding
from probes.plausibility.forces import SIGMAS, moves
from probes.plausibility.places import Course
from probes.plausibility.touch import meet
from probes.plausibility.world import World, finding
from simulator.interventions.geometry import footprint

Array = np.ndarray
CROSSED = 0.7  # of the sum of their half widths: nearer ways would cross


def meetings(world: World) -> list[Finding]:
    """What is amiss where two free things meet and nothing else is near."""
    found = []
    free = [c for c in world.courses.values() if c.body.motion == "free"]
    for a, b in combinations(free, 2):
        for start, stop in _together(a, b):
            if not any(_near(world, c, (a, b), start, stop) for c in world.courses.values()):
                found += _met(world, a, b, start, stop)
    return found


def _together(a: Course, b: Course) -> list[tuple[int, int]]:
    """Frames [start, stop] before and after each meeting in which both are seen whole, with one more outside each."""
    count = len(a.at)
    both = a.sound & b.sound
    near = ~both
    for k in range(1, count - 1):
        near[k] |= bool(both[k - 1 : k + 2].all()) and meet(a, b, k)
    out, k = [], 0
    while k < count:
        if not near[k]:
            k += 1
            continue
        end = k
        while end + 1 < count and near[end + 1]:
            end += 1
        start, stop = k - 1, end + 1
        inner = start >= 1 and stop < count - 1 and a.shot[start - 1] == a.shot[stop + 1]
        if inner and both[start - 1 : start + 1].all() and both[stop : stop + 2].all():
            out.append((start, stop))
        k = end + 1
    return out


def _near(world: World, other: Course, pair: tuple[Course, Course], start: int, stop: int) -> bool:
    """Whether a third thing that may move is near during a meeting."""
    if other in pair or other.body.motion == "fixed" or other.body.role == "effect":
        return False
    frames = [k for k in range(start, stop + 1) if 0 < k < len(other.at) - 1]
    return any(meet(one, other, k) for one in pair for k in frames if one.sound[k - 1 : k + 2].all()) or any(
        moves(other, k) and not np.isfinite(other.at[k]).all() for k in frames
    )


def _met(world: World, a: Course, b: Course, start: int, stop: int) -> list[Finding]:
    dt, lasts = world.dt, (stop - start + 1) * world.dt
    before = [(c.at[start] - c.at[start - 1]) / dt for c in (a, b)]
    after = [(c.at[stop + 1] - c.at[stop]) / dt for c in (a, b)]
    mass = np.array([a.body.mass, b.body.mass])
    if not float(np.linalg.norm(before[0] - before[1])) > 0.3 * (a.reach + b.reach):
        return []
    grip = (max(a.body.friction, b.body.friction) + 0.05) * 9.81 * lasts
    noise = SIGMAS * 1.42 * float(mass @ (a.sigma, b.sigma)) / dt * 1.42
    pushed = mass @ (np.array(after) - np.array(before))
    scale = 0.3 * mass.min() * float(np.linalg.norm(before[0] - before[1]))
    away = (float(np.linalg.norm(pushed[:2])) - min(grip * mass.sum(), 0.5 * scale) - noise) / scale
    energy = [float(mass @ np.sum(np.square(v), axis=1)) / 2.0 for v in (before, after)]
    drop = float(mass @ [(c.at[start, 2] - c.at[stop, 2]) for c in (a, b)]) * 9.81
    speeds = float(np.linalg.norm(after, axis=1).max())
    gain = energy[1] - energy[0] - max(drop, 0.0) - SIGMAS * 1.42 * float(mass @ (a.sigma, b.sigma)) / dt * speeds
    found = [
        finding(world, a, "inertia", "no_response", start, stop, away, "hits, and the other does not answer"),
        finding(world, a, "energy", "energy_gain", start, stop, gain / (0.4 * energy[0] + 1e-9), "gains by a hit"),
    ]
    gap, then = a.at[start] - b.at[start], a.at[stop] - b.at[stop]
    line = then - gap
    least = gap - line * float(np.clip(gap @ line / max(float(line @ line), 1e-9), 0.0, 1.0))
    wide = footprint(a.body) + footprint(b.body)
    if gap @ then < 0.0:
        strength = (CROSSED * wide - float(np.linalg.norm(least))) / (0.3 * wide)
        words = f"goes through the {b.body.noun}"
        found.append(finding(world, a, "solidity", "pass_through", start, stop, strength, words))
    return found
