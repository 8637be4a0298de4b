"""Pops: things that vanish, appear, jump or change colour from one frame to the next, seen under any camera."""

from __future__ import annotations

import cv2
import numpy as np

from probes.perception.flow import warp_back
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


def find_pops(frames: np.ndarray, flow: np.ndarray, cuts: tuple[int, ...]) -> tuple[Pop, ...]:
    """frames: (T, h, w, 3) uint8 RGB; flow: (T - 1, h', w', 2) heights a frame."""
    count, h, w = frames.shape[:3]
    if count < 3 or min(h, w) < 16:
        return ()
    small = [cv2.resize(f, (w, h), interpolation=cv2.INTER_AREA) for f in flow]
    residuals = np.stack([
        cv2.blur(_unexplained(lab(frames[t]), lab(frames[t + 1]), small[t]), (3, 3)) for t in range(count - 1)
    ])
    usual = np.maximum(np.median(residuals, axis=0), float(np.quantile(residuals[:, ::2, ::2], 0.9)))
    inner = np.zeros((h, w), bool)
    my, mx = max(1, round(BORDER * h)), max(1, round(BORDER * w))
    inner[my : h - my, mx : w - mx] = True
    pops = []
    for t, residual in enumerate(residuals):
        if t + 1 in cuts:
            continue
        hot = (residual > np.maximum(RESIDUAL, SURPRISE * usual)) & inner
        number, labels, stats, _ = cv2.connectedComponentsWithStats(hot.astype(np.uint8), connectivity=8)
        for i in range(1, number):
            x, y, bw, bh, area = (int(v) for v in stats[i])
            if LEAST_AREA <= area / (h * w) <= MOST_AREA and area > 0.3 * bw * bh:
                here = labels == i
                strength = float(residual[here].mean()) / max(float(usual[here].mean()), 1.0)
                pops.append(Pop(t + 1, (x / w, y / h, (x + bw) / w, (y + bh) / h), area / (h * w), strength))
    return tuple(sorted(pops, key=lambda p: -p.strength)[:MOST])
