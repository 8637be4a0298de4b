"""Working copies of a clip: small enough to look at quickly, large enough to see things in."""

from __future__ import annotations

import cv2
import numpy as np

SHORT_SIDE = 192  # pixels: detail beyond this costs time and adds noise
PIXELS = 16_000_000  # of the whole clip, which bounds memory for long clips


def size(frames: int, height: int, width: int) -> tuple[int, int]:
    """(h, w) to look at a clip of this shape; the clip's own size where it is small already."""
    scale = min(1.0, SHORT_SIDE / min(height, width), (PIXELS / (frames * height * width)) ** 0.5)
    return max(1, round(height * scale)), max(1, round(width * scale))


def shrink(frames: np.ndarray) -> np.ndarray:
    """(T, H, W, 3) uint8 -> (T, h, w, 3) uint8 at working size, by area averaging."""
    h, w = size(*frames.shape[:3])
    if (h, w) == frames.shape[1:3]:
        return frames
    return np.stack([cv2.resize(f, (w, h), interpolation=cv2.INTER_AREA) for f in frames])


def grey(frames: np.ndarray) -> np.ndarray:
    """(T, h, w, 3) -> (T, h', w') uint8 for motion; doubled where the short side is under 128 pixels."""
    h, w = frames.shape[1:3]
    out = [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames]
    if min(h, w) < 128 and len(frames) * h * w * 4 <= PIXELS:
        out = [cv2.resize(g, (2 * w, 2 * h), interpolation=cv2.INTER_CUBIC) for g in out]
    return np.stack(out)


def length(vectors: np.ndarray) -> np.ndarray:
    """(..., C) -> (...): Euclidean lengths (several times faster than numpy.linalg.norm for a few channels)."""
    return np.sqrt(np.einsum("...i,...i->...", vectors, vectors))


def lab(rgb: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 RGB -> (h, w, 3) float32 CIE Lab, L in 0..100."""
    return cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
