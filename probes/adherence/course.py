"""The course of a clip: whether anything changes, and whether its pictures come one out of another at all."""

from __future__ import annotations

import cv2
import numpy as np

from probes.perception.observation import Observation

SIDE = 12  # pixels: so coarse that a thing overlaps its own place in the next frame
FEWEST = 6  # frames
CELLS = 32  # a side: a change within one of them is seen
FIXED, LIVELY = 6.0, 18.0  # grey levels by which such a cell changes at most in a still, and in which it does not
LOOSE, UNBOUND = 0.7, 0.9  # of the usual difference of two frames, that of neighbours: still a course, and none


def disorder(observation: Observation) -> float:
    """0 where neighbouring frames are more alike than frames far apart, 1 where they are not: noise, frames shuffled.

    A clip in which nothing changes, or with few frames, has no order to lose: 0.
    """
    frames = observation.clip.frames
    if len(frames) < FEWEST:
        return 0.0
    small = np.stack([_coarse(f) for f in frames])
    apart = np.sqrt(((small[:, None] - small[None]) ** 2).mean((2, 3, 4)))
    lag = np.abs(np.subtract.outer(np.arange(len(frames)), np.arange(len(frames))))
    far = float(apart[lag >= max(2, len(frames) // 8)].mean())
    near = float(apart[lag == 1].mean())
    return float(np.clip((near / far - LOOSE) / (UNBOUND - LOOSE), 0.0, 1.0)) if far > 0.0 else 0.0


def standstill(observation: Observation) -> float:
    """1 where all pictures are the same but for what coding does to them, 0 where anything changes."""
    frames = observation.clip.frames
    small = np.stack([cv2.resize(f, (CELLS, CELLS), interpolation=cv2.INTER_AREA) for f in frames]).astype(float)
    return float(np.clip((LIVELY - np.abs(small - small[0]).max()) / (LIVELY - FIXED), 0.0, 1.0))


def _coarse(frame: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE, 3) float32: a blurred picture."""
    blurred = cv2.GaussianBlur(frame.astype(np.float32), (0, 0), min(frame.shape[:2]) / SIDE)
    return cv2.resize(blurred, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
