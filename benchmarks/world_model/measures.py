"""What is measured on videos: pure functions of arrays.

Shapes: T frames, H x W pixels; videos are (T, H, W, 3) uint8 RGB.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from probes.perception.flow import dense_flow

MOVING = 0.25  # pixels a frame from which a pixel moves
LEAST_MOVING = 0.005  # of the picture, for a change of flow to be told
CHANGED = 12 / 255  # of a channel, from which a pixel is no longer what it was


def flow(video: np.ndarray) -> np.ndarray:
    """(T - 1, H, W, 2) pixels a frame, by DIS at twice the size: at 64 pixels its smallest patch is too coarse."""
    _, h, w, _ = video.shape
    grey = np.stack([cv2.resize(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), (2 * w, 2 * h)) for f in video])
    return dense_flow(grey)[:, ::2, ::2] * h


def flow_change(video: np.ndarray) -> np.ndarray:
    """(T - 2,), pixels a frame: the mean of |flow_{t+1} - flow_t| over the pixels that move in one of the two.

    Entry t is about frames t, t + 1 and t + 2. NaN where less than LEAST_MOVING of the picture moves.
    """
    f = flow(video)
    moves = np.linalg.norm(f, axis=-1) > MOVING
    out = np.full(max(len(f) - 1, 0), np.nan)
    for t in range(len(out)):
        either = moves[t] | moves[t + 1]
        if either.mean() >= LEAST_MOVING:
            out[t] = np.linalg.norm(f[t + 1] - f[t], axis=-1)[either].mean()
    return out


def steps(video: np.ndarray) -> np.ndarray:
    """(T - 1,): the mean absolute difference of neighbouring frames, in grey levels."""
    return np.abs(np.diff(video.astype(float), axis=0)).mean((1, 2, 3))


def at_seams_and_inside(values: np.ndarray, seam: np.ndarray, inside: np.ndarray) -> tuple[float, float]:
    """The means of values at seams and of those inside generated parts; NaN where there are none.

    values: (T - 1,) about two frames each, or (T - 2,) about three. seam, inside: (T - 1,) for each two neighbours.
    What is about three frames is at a seam where one lies between them, and inside where all of it is.
    """
    if len(values) < len(seam):
        seam, inside = seam[:-1] | seam[1:], inside[:-1] & inside[1:]
    return mean(values[seam]), mean(values[inside])


def mean(values: np.ndarray) -> float:
    """Of the finite ones; NaN where there are none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def ratio(over: np.ndarray, under: np.ndarray) -> tuple[float, float, float, int]:
    """Mean of `over` through mean of `under` (n,), where both are finite; its 95 % interval by resampling; how many."""
    both = np.isfinite(over) & np.isfinite(under)
    if not both.any():
        return float("nan"), float("nan"), float("nan"), 0
    a, b = over[both], under[both]
    drawn = np.random.default_rng(0).integers(len(a), size=(2000, len(a)))
    low, high = np.quantile(a[drawn].mean(1) / b[drawn].mean(1), (0.025, 0.975))
    return float(a.mean() / b.mean()), float(low), float(high), len(a)


class Look(NamedTuple):
    """Of a part of a video: sharpness (variance of the Laplacian of grey), lightness (mean L of CIE Lab), chroma (mean
    distance from grey in Lab), bands (4, 3) (mean Lab of four bands, from top to bottom: a wall that turns green and a
    floor that turns pink leave the mean as it is), motion (mean flow, pixels a frame)."""

    sharpness: float
    lightness: float
    chroma: float
    bands: np.ndarray
    motion: float


def look(video: np.ndarray) -> Look:
    """See Look."""
    sharpness = np.mean([cv2.Laplacian(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var() for f in video])
    lab = np.stack([cv2.cvtColor(f.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for f in video])
    bands = np.stack([band.mean((0, 1, 2)) for band in np.array_split(lab, 4, axis=1)])
    chroma = np.linalg.norm(lab[..., 1:], axis=-1).mean()
    motion = np.linalg.norm(flow(video), axis=-1).mean() if len(video) > 1 else 0.0
    return Look(float(sharpness), float(lab[..., 0].mean()), float(chroma), bands, float(motion))


def psnr(made: np.ndarray, truth: np.ndarray, where: np.ndarray | None = None) -> float:
    """dB, over all pixels or those of a mask (T, H, W); NaN where the mask is empty."""
    squares = np.square((made.astype(float) - truth) / 255).mean(-1)
    picked = squares if where is None else squares[where]
    return float(-10 * np.log10(max(picked.mean(), 1e-10))) if picked.size else float("nan")


def changed(video: np.ndarray, since: np.ndarray) -> np.ndarray:
    """(T, H, W): the pixels that are no longer what they are in the frame `since` (H, W, 3)."""
    return np.abs(video.astype(float) - since).max(-1) > 255 * CHANGED


def features(video: np.ndarray) -> np.ndarray:
    """(14,): how a video looks and moves, for `frechet`: mean and deviation of L, a and b, chroma, log of sharpness in
    the picture and of the step from frame to frame, share of moving pixels, mean and deviation of flow, its change."""
    lab = np.stack([cv2.cvtColor(f.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for f in video])
    speed = np.linalg.norm(flow(video), axis=-1)
    step = np.abs(np.diff(video.astype(float), axis=0))
    seen, change = look(video), np.nan_to_num(flow_change(video))
    return np.array(
        [
            *lab.mean((0, 1, 2)), *lab.std((0, 1, 2)), seen.chroma, np.log(seen.sharpness + 1),
            np.log(step.mean() + 0.1), np.log(step.max(-1).mean(0).std() + 0.1), (speed > MOVING).mean(),
            np.log(speed.mean() + 0.05), np.log(speed.std() + 0.05), np.log(change.mean() + 0.05),
        ]
    )  # fmt: skip


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Distance of two sets of features (n, K) and (m, K), as normal distributions, in units of b's deviations.

    |mean_a - mean_b|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2) (Heusel et al. 2017), on features scaled by b; of few clips
    it is biased upwards, so compare it with that of two sets of true clips of the same size.
    """
    scale = b.std(0) + 1e-6
    a, b = a / scale, b / scale
    first, second = np.cov(a.T), np.cov(b.T)
    root = _root(first)
    return float(
        np.square(a.mean(0) - b.mean(0)).sum() + np.trace(first + second) - 2 * np.trace(_root(root @ second @ root))
    )


def _root(matrix: np.ndarray) -> np.ndarray:
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T
