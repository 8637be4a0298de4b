"""The course of a clip: whether anything changes, and whether its pictures come one out of another at all."""

from __future__ import annotations

import cv2
import numpy as np

from probes.perception.observation import Observation

SIDE = 12  # pixels: so coarse that a thing overlaps its own place in the next frame
FEWEST = 6  # frames
CELLS = 32  # a side: a change within one of them is seen
FIXED, LIVELY = 6.0, 18.0  # grey levels by which such a cell changes at most in a still, and in which it does not
FINE, BLOCKS = 128, 8  # pixels of the shorter side that detail is seen in; blocks a side that it is compared in
TEXTURED, ENOUGH = 0.02, 24  # contrast of a block that has detail to lose, and how many such a picture must have
MOST = 0.65  # of the blocks have to lose it: things that come, go or move are in fewer
KEPT, LEFT = 0.90, 0.75  # share of its detail that a still scene keeps, and at which it dissolves
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


def fading(observation: Observation) -> float:
    """0 where a still camera's scene keeps its detail from the first to the last quarter of the clip, 1 where it does
    not: it dissolves into fog, or comes out of it.

    Compared is the contrast of the finest detail, block by block, so that what blurs or brightens all frames alike
    decides nothing. 0 where too little has any detail.
    """
    frames, quarter = observation.clip.frames, max(1, len(observation.clip) // 4)
    if observation.cuts or len(frames) < FEWEST:
        return 0.0
    first, last = (np.mean([_detail(f) for f in part], axis=0) for part in (frames[:quarter], frames[-quarter:]))
    textured = np.maximum(first, last) >= TEXTURED
    if textured.sum() < ENOUGH:
        return 0.0
    share = last[textured] / np.maximum(first[textured], 1e-6)
    lost, gained = float(np.quantile(share, MOST)), float(np.quantile(share, 1.0 - MOST))
    return float(np.clip((KEPT - min(lost, 1.0 / max(gained, 1e-6))) / (KEPT - LEFT), 0.0, 1.0))


def _detail(frame: np.ndarray) -> np.ndarray:
    """(BLOCKS, BLOCKS) mean contrast of the finest detail, as a share of brightness."""
    k = max(1, min(frame.shape[:2]) // FINE)
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, (grey.shape[1] // k, grey.shape[0] // k), interpolation=cv2.INTER_AREA).astype(np.float32)
    fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), min(grey.shape) / 64))
    blocks, light = (cv2.resize(p, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA) for p in (fine, grey))
    return np.asarray(blocks / np.maximum(light, 8.0))


def _coarse(frame: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE, 3) float32: a blurred picture."""
    blurred = cv2.GaussianBlur(frame.astype(np.float32), (0, 0), min(frame.shape[:2]) / SIDE)
    return cv2.resize(blurred, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
