"""Points followed through a clip: pyramidal Lucas-Kanade with a forward-backward check, re-seeded where they die."""

from __future__ import annotations

import cv2
import numpy as np

from probes.perception.observation import PointTracks

POINTS = 300  # alive at a time
ROUND_TRIP = 0.5  # pixels: forward then backward must come back this close
WINDOW, LEVELS = (15, 15), 3


def _seed(image: np.ndarray, alive: np.ndarray, wanted: int) -> np.ndarray:
    """Up to `wanted` new corners (N, 2) away from `alive` (M, 2)."""
    h, w = image.shape
    apart = max(3.0, 0.6 * (h * w / POINTS) ** 0.5)
    free = np.full((h, w), 255, np.uint8)
    for x, y in alive:
        cv2.circle(free, (round(float(x)), round(float(y))), round(apart), 0, -1)
    found = cv2.goodFeaturesToTrack(image, wanted, 0.005, apart, mask=free, blockSize=5)
    return np.empty((0, 2), np.float32) if found is None else found.reshape(-1, 2)


def _follow(before: np.ndarray, after: np.ndarray, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (N, 2) in the next frame and whether they can be trusted (N,)."""
    there, ok, _ = cv2.calcOpticalFlowPyrLK(before, after, xy, xy.copy(), winSize=WINDOW, maxLevel=LEVELS)
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(after, before, there, xy.copy(), winSize=WINDOW, maxLevel=LEVELS)
    h, w = after.shape
    inside = (there > 0).all(1) & (there[:, 0] < w - 1) & (there[:, 1] < h - 1)
    trusted = (np.abs(back - xy).max(1) < ROUND_TRIP) & (ok[:, 0] > 0) & (ok_back[:, 0] > 0) & inside
    return np.asarray(there), trusted


def follow_points(grey: np.ndarray) -> PointTracks:
    """(T, h, w) uint8 -> tracks in heights; every track is seen over one unbroken span of two or more frames."""
    count, h, w = grey.shape
    spans: list[tuple[int, list[np.ndarray]]] = []  # first frame, positions
    alive: list[int] = []
    if min(h, w) >= 16:
        for t in range(count - 1):
            here = np.array([spans[i][1][-1] for i in alive], np.float32).reshape(-1, 2)
            if len(alive) < 0.8 * POINTS and t % max(1, count // 64) == 0:
                new = _seed(grey[t], here, POINTS - len(alive))
                alive += range(len(spans), len(spans) + len(new))
                spans += [(t, [p]) for p in new]
                here = np.concatenate([here, new])
            if not alive:
                continue
            there, trusted = _follow(grey[t], grey[t + 1], here)
            for i, p, good in zip(alive, there, trusted, strict=True):
                if good:
                    spans[i][1].append(p)
            alive = [i for i, good in zip(alive, trusted, strict=True) if good]
    spans = [s for s in spans if len(s[1]) > 1]
    spans = sorted(spans, key=lambda s: -len(s[1]))[: 4 * POINTS]
    xy = np.full((len(spans), count, 2), np.nan, np.float32)
    for row, (start, path) in zip(xy, spans, strict=True):
        row[start : start + len(path)] = (np.asarray(path) + 0.5) / h
    return PointTracks(xy, ~np.isnan(xy[..., 0]))
