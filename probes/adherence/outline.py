"""Events of a thing's own form: it topples, it turns, its outline changes."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from probes.adherence.case import Case, Verdict
from probes.cast import Part, mask
from probes.perception.observation import Observation
from simulator import camera as pinhole
from simulator.script import Script

LYING = 45.0  # degrees
SHRUNK = 0.3  # of its height that a falling thing loses at least
SUNK = 0.25  # of its height that the middle of a falling thing sinks at least
WAVED = 0.06  # share of its outline that a flag changes at least, between two moments
SPUN = 0.35  # radians of turn that points show at least, of a turn by 45 degrees seen from anywhere
STILL = 0.004  # heights a second: a camera slower than this changes no outline
BENT = 0.15  # radians that points on a flag turn about its middle at least, summed
SIDE = 24  # pixels of an outline that is compared with another


def axis_of(shape: np.ndarray) -> tuple[float, float, float]:
    """The angle in degrees of the long axis of an (h, w) mask, how long it is ([0, 1), 0 for a disc), and its height
    in pixels."""
    y, x = np.nonzero(shape)
    values, vectors = np.linalg.eigh(np.cov(np.stack([x, y])) + 1e-6 * np.eye(2))
    angle = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])))
    return angle, float(1.0 - np.sqrt(max(values[0], 0.0) / values[1])), float(np.ptp(y) + 1)


def turn(a: float, b: float) -> float:
    """Degrees between two undirected axes, [0, 90]."""
    return abs((a - b + 90.0) % 180.0 - 90.0)


def topples(case: Case) -> Verdict:
    """From the start of the window to its end the long axis turns, or the thing loses height, or its middle sinks."""
    shapes, frames = _shapes(case, 0.5)
    if shapes is None or len(shapes) < 2:
        return case.unseen("is not seen to topple")
    angle, length, height = axis_of(shapes[0])
    sunk = (case.part.steady[frames, 1] - case.part.steady[frames[0], 1]) * shapes[0].shape[0] / height
    shown = 0.0
    for shape, deep in zip(shapes[-2:], sunk[-2:], strict=True):
        now, slender, tall = axis_of(shape)
        turned = turn(angle, now) / LYING * min(1.0, 4.0 * min(length, slender))
        shown = max(shown, turned, (1.0 - tall / height) / SHRUNK, float(deep) / SUNK)
    return case.told(1.5 - 1.5 * shown, "does not topple")


def turns(case: Case) -> Verdict:
    """The sum of the turns that its points, and otherwise its outline, show in the window, less that of the camera."""
    shapes, frames = _shapes(case, 0.5)
    if shapes is None or len(shapes) < 2:
        return case.unseen("is not seen to turn")
    shots = np.split(np.arange(len(frames)), np.searchsorted(frames, case.observation.cuts))
    shots = [s for s in shots if s.size]
    shown = 0.0
    for shot in shots:
        turned = spun(case.observation, case.part, frames[shot]) - _view_turn(case.script, case.times[frames[shot]])
        shown += max(turned, 0.0) / SPUN
        speed = case.observation.camera.speed[frames[shot][0] : frames[shot][-1]]
        if not speed.size or speed.max() < STILL:
            shown = max(shown, changed([shapes[i] for i in shot]) / (2.0 * WAVED))
    return case.told(1.5 - 1.5 * shown, "does not turn")


def _view_turn(script: Script, times: np.ndarray) -> float:
    """Radians by which the script's camera turns in these seconds: so far what stands still may seem to turn."""
    ahead = np.stack([pinhole.frame(script.scene.camera, float(t))[1][:, 2] for t in times])
    return float(np.arccos(np.clip((ahead[1:] * ahead[:-1]).sum(1), -1.0, 1.0)).sum())


def changes_shape(case: Case) -> Verdict:
    """The greatest change of the outline in the window."""
    shapes, frames = _shapes(case, 0.5)
    if shapes is None or len(shapes) < 2:
        return case.unseen("is not seen to change its shape")
    shown = changed(shapes) / WAVED
    if case.observation.camera.moving:  # which changes the outline of what is stiff, but moves its points alike
        shown = min(shown, spun(case.observation, case.part, frames) / BENT)
    return case.told(1.5 - 1.5 * shown, "does not change its shape")


def changed(shapes: list[np.ndarray]) -> float:
    """The greatest share by which an outline differs from the first, both drawn to the same box."""
    drawn = [_drawn(s) for s in shapes]
    return max(1.0 - float((drawn[0] & d).sum()) / max(int((drawn[0] | d).sum()), 1) for d in drawn)


def spun(observation: Observation, part: Part, frames: np.ndarray) -> float:
    """The angle in radians, about, by which points on the part turn about its middle from frame to frame, summed."""
    where, points = mask(observation, part), observation.points
    if where is None:
        return 0.0
    h, w = where.shape[1:]
    total = 0.0
    for t, u in pairwise(frames):
        both = points.seen[:, t] & points.seen[:, u]
        xy, then = points.xy[both, t], points.xy[both, u]
        x, y = (np.clip((xy * h).astype(int), 0, (w - 1, h - 1))).T
        on = where[t, y, x]
        if on.sum() < 3:
            continue
        arms = xy[on] - xy[on].mean(0)
        moved = then[on] - xy[on] - (then[on] - xy[on]).mean(0)
        spread = max(float((arms**2).sum()), 1e-9)
        moved -= arms * float((arms * moved).sum()) / spread  # it may come nearer
        total += float(np.sqrt((moved**2).sum() / spread))
    return total


def _shapes(case: Case, slack: float) -> tuple[list[np.ndarray] | None, np.ndarray]:
    """The masks of the subject that are seen in the window and not cut by the picture's edge, and their frames."""
    where = mask(case.observation, case.part)
    if where is None:
        return None, np.empty(0, int)
    frames = np.flatnonzero(case.inside(slack) & (where.sum((1, 2)) >= 4))
    return [where[t] for t in frames], frames


def _drawn(shape: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE) bool: an (h, w) mask cut to its box and scaled."""
    y, x = np.nonzero(shape)
    cut = shape[y.min() : y.max() + 1, x.min() : x.max() + 1].astype(np.float32)
    return cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) > 0.5
