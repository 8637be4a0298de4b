"""Pops: things that vanish, appear, jump or change colour from one frame to the next, seen under any camera."""

from __future__ import annotations

import cv2
import numpy as np

from probes.perception.flow import dense_flow, warp_back
from probes.perception.observation import Pop
from probes.perception.working import lab, length

RESIDUAL = 10.0  # Lab units that motion must leave unexplained
SURPRISE = 4.0  # times what the same clip typically leaves unexplained
LEAST_AREA, MOST_AREA = 0.002, 0.25  # of the picture
BORDER = 0.03  # of the picture, at each side: what comes and goes there may do so
MOST = 32


def _unexplained(before: np.ndarray, after: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """(h, w) Lab distance of every pixel of `before` to the best match near where the flow puts it in `after`."""
    there = warp_back(after, flow)
    box = np.ones((3, 3), np.uint8)
    beyond = np.maximum(np.maximum(cv2.erode(there, box) - before, before - cv2.dilate(there, box)), 0.0)
    return length(beyond)


def _there_and_back(frames: np.ndarray, grey: np.ndarray, flow: np.ndarray, t: int, forth: np.ndarray) -> np.ndarray:
    """(h, w) the smaller of what is unexplained from t to t + 1 (`forth`) and back, at the same place.

    What the camera's motion covers or uncovers is unexplained one way only.
    """
    h, w = frames.shape[1:3]
    back = cv2.resize(dense_flow(grey[[t + 1, t]])[0], (w, h), interpolation=cv2.INTER_AREA)
    missing = cv2.blur(_unexplained(lab(frames[t + 1]), lab(frames[t]), back), (3, 3))
    return np.minimum(forth, warp_back(cv2.dilate(missing, np.ones((3, 3), np.uint8)), flow))


def find_pops(frames: np.ndarray, grey: np.ndarray, flow: np.ndarray, cuts: tuple[int, ...]) -> tuple[Pop, ...]:
    """frames: (T, h, w, 3) uint8 RGB; grey: (T, h', w') uint8; flow: (T - 1, h', w', 2) heights a frame."""
    count, h, w = frames.shape[:3]
    if count < 3 or min(h, w) < 16:
        return ()
    small = [cv2.resize(f, (w, h), interpolation=cv2.INTER_AREA) for f in flow]
    looks = [lab(f) for f in frames]
    residuals = np.stack([cv2.blur(_unexplained(looks[t], looks[t + 1], small[t]), (3, 3)) for t in range(count - 1)])
    usual = np.maximum(np.median(residuals, axis=0), float(np.quantile(residuals[:, ::2, ::2], 0.9)))
    inner = np.zeros((h, w), bool)
    my, mx = max(1, round(BORDER * h)), max(1, round(BORDER * w))
    inner[my : h - my, mx : w - mx] = True
    bar = np.maximum(RESIDUAL, SURPRISE * usual)
    pops = []
    for t, residual in enumerate(residuals):
        if t + 1 in cuts or ((residual > bar) & inner).mean() < LEAST_AREA:
            continue
        both = _there_and_back(frames, grey, small[t], t, residual)
        hot = ((both > bar) & inner).astype(np.uint8)
        number, labels, stats, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
        for i in range(1, number):
            x, y, bw, bh, area = (int(v) for v in stats[i])
            if LEAST_AREA <= area / (h * w) <= MOST_AREA and area > 0.3 * bw * bh:
                here = labels == i
                strength = float(both[here].mean()) / max(float(usual[here].mean()), 1.0)
                pops.append(Pop(t + 1, (x / w, y / h, (x + bw) / w, (y + bh) / h), area / (h * w), strength))
    return tuple(sorted(pops, key=lambda p: -p.strength)[:MOST])
