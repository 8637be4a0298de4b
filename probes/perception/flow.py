"""Dense optical flow between neighbouring frames, and how well it explains the next frame."""

from __future__ import annotations

import cv2
import numpy as np


def dense_flow(grey: np.ndarray) -> np.ndarray:
    """(T, h, w) uint8 -> (T - 1, h, w, 2) float32: forward flow in heights a frame (DIS, medium preset)."""
    count, h, w = grey.shape
    flow = np.zeros((max(count - 1, 0), h, w, 2), np.float32)
    if min(h, w) < 16:
        return flow
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for t in range(count - 1):
        flow[t] = dis.calc(grey[t], grey[t + 1], np.zeros((h, w, 2), np.float32))
    flow /= h
    return flow


def warp_back(image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The next frame `image` (h, w[, 3]) seen from the frame before, by forward `flow` (h, w, 2) heights a frame."""
    h, w = flow.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    x, y = x + flow[..., 0] * h, y + flow[..., 1] * h
    return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
