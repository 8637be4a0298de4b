"""Oracle sight: an Observation from the simulator's truth; logic is judged apart from sight with it."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from probes.perception import working
from probes.perception.classical import ClassicalObservation
from probes.perception.observation import SEEN, CameraMotion, PointTracks, Things, ThingTrack
from simulator.truth import Take, Truth

BACKGROUND_POINTS, BODY_POINTS = 200, 40
SAME_DEPTH = 0.03  # of the depth: a surface this close to where the point should be is the point's own


def rotations(quat: np.ndarray) -> np.ndarray:
    """(..., 4) WXYZ -> (..., 3, 3)."""
    w, x, y, z = np.moveaxis(quat / np.linalg.norm(quat, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(r, -1) for r in rows], -2)


def lift(truth: Truth, t: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """World positions (N, 3) of the surfaces seen at pixels (x, y), integers (N,), of frame t."""
    k, z = truth.intrinsics, truth.depth[t, y, x].astype(np.float64)
    camera = np.stack([(x + 0.5 - k[0, 2]) / k[0, 0] * z, (y + 0.5 - k[1, 2]) / k[1, 1] * z, z], -1)
    pose = truth.extrinsics[t]
    return (camera - pose[:3, 3]) @ pose[:3, :3]


def project(truth: Truth, t: int, world: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, 2) and depths (N,) of world positions (N, 3) in frame t."""
    pose, k = truth.extrinsics[t], truth.intrinsics
    camera = world @ pose[:3, :3].T + pose[:3, 3]
    z = camera[:, 2]
    safe = np.where(z > 1e-6, z, np.nan)
    return np.stack([camera[:, 0] / safe * k[0, 0] + k[0, 2], camera[:, 1] / safe * k[1, 1] + k[1, 2]], -1), z


def _track(truth: Truth, lab_frames: list[np.ndarray], i: int) -> ThingTrack:
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
    name = truth.names[i]
    return ThingTrack(state, centre, box, area, colour, (state == SEEN).astype(float), cut, "flame" in name, name)


class OracleObservation(ClassicalObservation):
    """What is really there; what truth does not hold (flow, cuts, pops) is seen classically."""

    kind = "oracle"
    version = 1

    def __init__(self, take: Take) -> None:
        super().__init__(take.clip)
        self._truth = take.truth

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        return ()

    @cached_property
    def things(self) -> Things:
        frames = [working.lab(f) for f in self._clip.frames]
        tracks = tuple(_track(self._truth, frames, i) for i in range(len(self._truth.names)))
        return Things(tracks, self._truth.masks)

    @cached_property
    def camera(self) -> CameraMotion:
        truth, h = self._truth, self._clip.height
        count = len(truth.times)
        to_first, speed = np.repeat(np.eye(3)[None], count, axis=0), np.zeros(max(count - 1, 0))
        moving = bool(np.abs(truth.extrinsics - truth.extrinsics[0]).max() > 1e-5)
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
        there, z = project(truth, other, lift(truth, t, x, y))
        ok = (z > 1e-3) & np.isfinite(there).all(1)
        return np.stack([x + 0.5, y + 0.5], -1)[ok] / h, there[ok] / h

    @cached_property
    def points(self) -> PointTracks:
        truth = self._truth
        count, h, w = truth.masks.shape
        turn = rotations(truth.quat)
        rng = np.random.default_rng(0)
        xy, seen = [], []
        for start in np.unique(np.linspace(0, count - 1, min(count, 4)).astype(int)):
            for i in range(len(truth.names) + 1):
                ys, xs = np.nonzero((truth.masks[start] == i) & (truth.depth[start] < 50.0))
                if not len(ys):
                    continue
                pick = rng.permutation(len(ys))[: BODY_POINTS if i else BACKGROUND_POINTS]
                world = lift(truth, start, xs[pick], ys[pick])
                if i:
                    local = (world - truth.pos[start, i - 1]) @ turn[start, i - 1]
                path, there = np.full((len(pick), count, 2), np.nan), np.zeros((len(pick), count), bool)
                for t in range(count):
                    now = local @ turn[t, i - 1].T + truth.pos[t, i - 1] if i else world
                    p, z = project(truth, t, now)
                    inside = (z > 0) & (p > 0).all(1) & (p[:, 0] < w) & (p[:, 1] < h)
                    cols, rows = (np.where(inside, p[:, a], 0).astype(int) for a in (0, 1))
                    surface = np.abs(truth.depth[t, rows, cols] - z) < SAME_DEPTH * np.abs(z) + 0.01
                    there[:, t] = inside & surface & (truth.masks[t, rows, cols] == i)
                    path[there[:, t], t] = p[there[:, t]] / h
                xy.append(path)
                seen.append(there)
        if not xy:
            return PointTracks(np.empty((0, count, 2)), np.empty((0, count), bool))
        return PointTracks(np.concatenate(xy), np.concatenate(seen))


def observe(take: Take) -> OracleObservation:
    """Look at a take with its truth."""
    return OracleObservation(take)
