"""Oracle sight: an Observation from the simulator's truth; logic is judged apart from sight with it."""

from __future__ import annotations

import math
from functools import cached_property

import cv2
import numpy as np

from probes.perception import working
from probes.perception.classical import ClassicalObservation
from probes.perception.observation import SEEN, CameraMotion, PointTracks, Things, ThingTrack
from simulator.correspondence import lift, project
from simulator.truth import Take, Truth


def _track(truth: Truth, lab_frames: list[np.ndarray], i: int, cuts: tuple[int, ...]) -> ThingTrack:
    """Body i, measured on its mask."""
    count, h, w = truth.masks.shape
    centre, box = np.full((count, 2), np.nan), np.full((count, 4), np.nan)
    area, colour = np.full(count, np.nan), np.full((count, 3), np.nan)
    cut, state = np.zeros(count, bool), truth.state[:, i].astype(np.uint8).copy()
    for t in np.nonzero(state == SEEN)[0]:
        ys, xs = np.nonzero(truth.masks[t] == i + 1)
        if not len(ys):
            continue
        x0, x1, y0, y1 = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
        centre[t] = (xs.mean() + 0.5) / h, (ys.mean() + 0.5) / h
        box[t] = x0 / w, y0 / h, x1 / w, y1 / h
        area[t], colour[t] = len(ys) / (h * w), lab_frames[t][ys, xs].mean(0)
        cut[t] = x0 == 0 or y0 == 0 or x1 == w or y1 == h
    name, sure, (shift, depth) = truth.names[i], (state == SEEN).astype(float), _from_first(truth, i, cuts)
    depth = np.where(np.isfinite(area), depth, np.nan)
    return ThingTrack(state, centre, box, area, colour, sure, cut, "flame" in name, name, centre + shift, depth)


def _from_first(truth: Truth, i: int, cuts: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Where the camera of its shot's first frame would see body i.

    (T, 2) heights from where it is in the picture, and (T,) metres along the view.
    """
    count, height = truth.masks.shape[:2]
    first = [max((c for c in cuts if c <= t), default=0) for t in range(count)]
    there, depth = zip(*(project(truth.intrinsics, truth.extrinsics[f], truth.pos[t, i]) for t, f in enumerate(first)),
                       strict=True)  # fmt: skip
    here = [project(truth.intrinsics, truth.extrinsics[t], truth.pos[t, i])[0] for t in range(count)]
    return (np.array(there) - np.array(here)) / height, np.array(depth)


class OracleObservation(ClassicalObservation):
    """What is really there; what truth does not hold (flow, cuts, pops) is seen classically."""

    kind = "oracle"
    version = 1

    def __init__(self, take: Take) -> None:
        super().__init__(take.clip)
        self._truth = take.truth

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        fps = self._clip.fps
        frames = sorted({math.ceil(e.t * fps - 1e-6) for e in self._truth.events if e.kind == "cut"})
        return tuple(f for f in frames if 0 < f < len(self._clip))

    @cached_property
    def things(self) -> Things:
        frames = [working.lab(f) for f in self._clip.frames]
        tracks = tuple(_track(self._truth, frames, i, self.cuts) for i in range(len(self._truth.names)))
        return Things(tracks, self._truth.masks)

    @cached_property
    def camera(self) -> CameraMotion:
        truth, h = self._truth, self._clip.height
        count = len(truth.times)
        to_first, speed = np.repeat(np.eye(3)[None], count, axis=0), np.zeros(max(count - 1, 0))
        moving = truth.camera_moves
        errors: list[float] = []
        for t in range(1, count) if moving else ():
            (here, first), before = self._background(t, 0), self._background(t, t - 1)
            model, _ = cv2.findHomography(here, first, 0) if len(here) >= 8 else (None, None)
            if model is not None:
                to_first[t] = model / model[2, 2]
                there = np.c_[here, np.ones(len(here))] @ model.T
                errors.append(float(np.median(np.linalg.norm(there[:, :2] / there[:, 2:] - first, axis=1))))
            speed[t - 1] = float(np.median(np.linalg.norm(before[1] - before[0], axis=1))) * self._clip.fps
        parallax = bool(errors) and max(errors) > 4.0 / h / max(1, 64 // h)
        return CameraMotion(to_first, speed, moving, parallax)

    def _background(self, t: int, other: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions in heights of background points of frame t, there and in frame `other`."""
        truth, (h, w) = self._truth, self._truth.masks.shape[1:]
        y, x = (v.ravel() for v in np.mgrid[1 : h - 1 : max(1, h // 20), 1 : w - 1 : max(1, h // 20)])
        far = (truth.masks[t, y, x] == 0) & (truth.depth[t, y, x] < 50.0)
        y, x = y[far], x[far]
        there, _ = project(truth.intrinsics, truth.extrinsics[other], lift(truth, t, x, y))
        ok = np.isfinite(there).all(1)
        return (np.stack([x, y], -1)[ok] + 0.5) / h, (there[ok] + 0.5) / h

    @cached_property
    def points(self) -> PointTracks:
        tracks = self._truth.tracks
        xy = np.where(tracks.seen[..., None], (tracks.xy.astype(np.float64) + 0.5) / self._clip.height, np.nan)
        return PointTracks(xy.swapaxes(0, 1), tracks.seen.T)


def observe(take: Take) -> OracleObservation:
    """Look at a take with its truth."""
    return OracleObservation(take)
