"""Events between two: they touch, one comes to rest on the other, one goes through the other's opening."""

from __future__ import annotations

import cv2
import numpy as np

from probes.adherence.case import Case, Untold, Verdict
from probes.cast import Part, mask
from probes.perception.observation import Observation
from probes.whereabouts import whereabouts

NEAR = 2.0  # pixels: masks so near touch
JOLT = 0.35  # of the speed before: a smaller change of motion is no collision
BEYOND = 0.15  # half-sizes of a ring: so far on either side of its middle has a thing passed that went through


def gaps(observation: Observation, a: Part, b: Part) -> np.ndarray | None:
    """(T,) heights between the nearest seen points of two parts, NaN where either is not seen; None without masks."""
    ours, theirs = mask(observation, a), mask(observation, b)
    if ours is None or theirs is None:
        return None
    out = np.full(len(ours), np.nan)
    for t in np.flatnonzero(ours.any((1, 2)) & theirs.any((1, 2))):
        out[t] = cv2.distanceTransform((~theirs[t]).astype(np.uint8), cv2.DIST_L2, 5)[ours[t]].min() / ours.shape[1]
    return out


def jolt(part: Part, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """(T,) change of velocity at each frame, between the three frames before and after, and (T,) speed before.

    Heights a second; NaN where the part is not seen for two frames on either side.
    """
    path, count = part.steady, len(part.steady)
    change, before = np.full(count, np.nan), np.full(count, np.nan)
    for k in range(1, count - 1):
        a, b = path[max(k - 2, 0) : k + 1], path[k : k + 3]
        if np.isfinite(a[-2:]).all() and np.isfinite(b[:2]).all():
            v, w = (np.nanmean(np.diff(p, axis=0), axis=0) * fps for p in (a, b))
            change[k], before[k] = np.linalg.norm(w - v), np.linalg.norm(v)
    return change, before


def collides(case: Case) -> Verdict:
    """They touch in the window, and then one of them moves otherwise than before."""
    other, fps = case.other, case.observation.clip.fps
    if other is None or not case.part.tracks:
        return case.told(1.0, "is not seen to collide")
    window = case.inside()
    between = gaps(case.observation, case.part, other)
    changes, speeds = zip(*(jolt(p, fps) for p in (case.part, other)), strict=True)
    change, speed = np.fmax(*changes), np.fmax(*speeds)
    if not np.isfinite(change[window]).any():
        return Untold(case.expected, "it is out of sight")
    fastest = max(float(np.nanmax(speed[window])), 0.5 * case.least * fps / 4)
    apart = 0.0
    if between is not None and np.isfinite(between[window]).any():
        pixels = between * case.observation.things.masks.shape[1]  # type: ignore[union-attr]
        closing = 0.5 * fastest / fps * case.observation.things.masks.shape[1]  # type: ignore[union-attr]
        apart = (float(np.nanmin(pixels[window])) - NEAR - closing) / max(2.0 * NEAR, closing)
    felt = float(np.nanmax(change[window])) / fastest / JOLT
    return case.told(max(apart, 1.0 - felt), f"does not collide with the {case.expected.object}")


def lands_on(case: Case) -> Verdict:
    """At the end of the window the subject touches the object and is at rest."""
    other, fps = case.other, case.observation.clip.fps
    window = np.flatnonzero(case.inside() & np.isfinite(case.part.steady[:, 0]))
    if other is None or window.size < 3:
        return case.unseen(f"is not seen to land on the {case.expected.object}")
    between = gaps(case.observation, case.part, other)
    speed = float(np.linalg.norm(np.diff(case.part.steady[window[-3:]], axis=0), axis=1).min()) * fps
    height = case.part.box[window[-1], 3] - case.part.box[window[-1], 1]
    near = (
        float(np.nanmin(between[window[-3:]]))
        if between is not None and np.isfinite(between[window[-3:]]).any()
        else 0.0
    )
    amiss = max(near / max(height, 1e-3) - 0.1, speed / (2.0 * case.least * fps / 4) - 0.5)
    return case.told(amiss, f"does not come to rest on the {case.expected.object}")


def passes_through(case: Case) -> Verdict:
    """Whether the way of the subject, joined up between frames, leads through the middle of the object's box and on."""
    words = f"does not go through the {case.expected.object}"
    ring = case.script.scene.body(str(case.expected.object))
    spot = whereabouts(case.observation, ring)
    path = case.part.centre[np.isfinite(case.part.centre[:, 0])]
    if spot is None:
        return Untold(case.expected, f"the {ring.noun} cannot be told from what is around it")
    if len(path) < 2:
        return case.unseen(words)
    aspect = case.observation.clip.width / case.observation.clip.height
    low, high = np.array([spot.box[0] * aspect, spot.box[1]]), np.array([spot.box[2] * aspect, spot.box[3]])
    scaled = (path - (low + high) / 2) / np.maximum((high - low) / 2, 1e-3)
    fine = np.linspace(0, len(scaled) - 1, 8 * len(scaled))
    way = np.stack([np.interp(fine, np.arange(len(scaled)), scaled[:, i]) for i in (0, 1)], -1)
    off = float(np.linalg.norm(way, axis=1).min())  # 0: through the middle, 1: over the rim
    along = way @ np.linalg.svd(way - way.mean(0), full_matrices=False)[2][0]
    beyond = float(min(-along.min(), along.max()))  # how far it is seen on both sides of the middle
    return case.told(max((off - 0.6) / 0.6, (BEYOND - beyond) / (2.0 * BEYOND)), words)
