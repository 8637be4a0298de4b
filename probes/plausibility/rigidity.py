"""Rigidity: a stiff thing keeps its outline straight.

Most things are alike on both sides of their middle, and so is their outline, however they turn: its axis is straight.
What is measured is how far the axis sags between the ends, as a share of its length.
"""

from __future__ import annotations

import numpy as np

from probes.cast import mask
from probes.evidence import Finding
from probes.perception.observation import Observation
from probes.plausibility.places import limber
from probes.plausibility.world import World, finding

LEAST = 40  # pixels
LONG = 1.6  # times: what is rounder has no axis
FIRM, LOOSE = 0.012, 0.12  # sag that is none: of what stands before a still camera, of what turns


def rigidity(observation: Observation, world: World) -> list[Finding]:
    """What bends though it is stiff."""
    found = []
    for course in world.courses.values():
        limbs = limber(course.body)
        soft = (
            course.body.role == "effect"
            or any(g.waves for g in course.body.geoms)
            or (course.body.role == "prop" and (limbs or course.body.motion != "fixed"))
        )
        seen = np.flatnonzero(course.sound)
        if soft or len(seen) < 6:
            continue
        masks = mask(observation, course.part)
        if masks is None:
            return []
        firm = course.body.motion == "fixed" and not observation.camera.moving
        sag = np.array([_sag(masks[t], LONG if not firm else 0.0) for t in seen])
        ok = np.isfinite(sag)
        if ok.sum() < 6:
            continue
        seen, sag = seen[ok], np.abs(sag[ok] - np.median(sag[ok], axis=0))
        slack = FIRM if firm else (2.0 if limbs else 1.0) * LOOSE
        k = int(np.argmax(sag))
        strength = (float(sag[k]) - slack) / 0.06
        if strength > 0.0:
            found.append(finding(world, course, "rigidity", "bend", int(seen[k]), int(seen[k]) + 1, strength, "bends"))
    return found


def _sag(outline: np.ndarray, long: float) -> float:
    """How far the axis of an outline (h, w) bows, as a share of its length; NaN of what is too small or

    not `long` times as long as wide."""
    ys, xs = np.nonzero(outline)
    if len(ys) < LEAST:
        return float("nan")
    p = np.stack([xs, ys], -1) - (xs.mean(), ys.mean())
    spread, axes = np.linalg.eigh(p.T @ p)
    if spread[1] < long**2 * spread[0]:
        return float("nan")
    along, across = p @ axes[:, 1], p @ axes[:, 0]
    if axes[np.argmax(np.abs(axes[:, 1])), 1] < 0:
        across = -across
    length = float(np.ptp(along)) + 1.0
    u = along / length
    square = u**2 - (u**2).mean()
    return float((across @ square) / (square @ square)) / 4.0 / length
