"""The motion of the camera, from points that belong to the background."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from probes.perception.observation import CameraMotion, PointTracks

STILL = 0.006  # heights a point of a still scene may drift (a pixel at working size)
STILL_SHARE = 0.33  # of the picture's points, or textured cells, that must rest for the camera to be still
FEW_CELLS = 0.15  # of the picture: where edges move in fewer cells, things do, and not the camera
FAINT = 14.0  # gradient (Sobel, of 255) below which a cell has no texture
GRID = 8  # cells a side
MODEL_ERROR = 0.006  # heights: points within this of the homography agree with it
MIN_POINTS = 12


def resting_cells(grey: np.ndarray) -> tuple[float, float]:
    """Shares of the picture's GRID x GRID cells whose edges stay where they are, and whose edges move.

    Compared are gradients (blind to light that flickers) of up to nine frames with their median. Cells without
    texture count as neither.
    """
    count, h, w = grey.shape
    picks = np.unique(np.linspace(0, count - 1, min(count, 9)).astype(int))
    edges = np.stack(
        [
            np.stack([cv2.Sobel(cv2.GaussianBlur(grey[t], (3, 3), 0), cv2.CV_32F, dx, 1 - dx) for dx in (1, 0)], -1)
            for t in picks
        ]
    )  # (K, h, w, 2)
    rest = np.median(edges, axis=0)
    rows, cols = np.linspace(0, h, GRID + 1).astype(int), np.linspace(0, w, GRID + 1).astype(int)
    moving = resting = 0
    for y0, y1 in pairwise(rows):
        for x0, x1 in pairwise(cols):
            a = edges[:, y0:y1, x0:x1].reshape(len(picks), -1)
            b = rest[y0:y1, x0:x1].ravel()
            power = (a * a).sum(1)
            if not power.size or np.median(power) < FAINT**2 * b.size:
                continue
            rests = np.mean((a @ b) / np.sqrt(power * (b @ b) + 1e-9) > 0.8) >= 0.6
            resting, moving = resting + rests, moving + (not rests)
    return resting / GRID**2, moving / GRID**2


def _pair_model(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray | None, float]:
    """Homography (heights) from points a (N, 2) to b, and the share of points it explains."""
    if len(a) < MIN_POINTS:
        return None, 0.0
    model, inliers = cv2.findHomography(a, b, cv2.USAC_MAGSAC, MODEL_ERROR, maxIters=500, confidence=0.999)
    if model is None or not np.isfinite(model).all() or abs(np.linalg.det(model)) < 1e-3:
        return None, 0.0
    return model, float(np.mean(inliers))


def _spread(points: PointTracks, span: int) -> np.ndarray:
    """Drift (N,) in heights of every point over `span` frames, from as many starts as it is seen."""
    a, b = points.xy[:, :-span], points.xy[:, span:]
    both = points.seen[:, :-span] & points.seen[:, span:]
    return np.linalg.norm(b[both] - a[both], axis=-1)


def _parallax(points: PointTracks, span: int) -> bool:
    """Whether one homography leaves a large share of points unexplained over `span` frames, in most places."""
    shares = []
    for t in np.unique(np.linspace(0, points.xy.shape[1] - 1 - span, 5).astype(int)):
        both = points.seen[:, t] & points.seen[:, t + span]
        model, share = _pair_model(points.xy[both, t], points.xy[both, t + span])
        if model is not None:
            shares.append(share)
    return bool(shares) and float(np.median(shares)) < 0.8


def steadied(xy: np.ndarray, camera: CameraMotion) -> np.ndarray:
    """(T, 2) heights -> (T, 2): positions in frame t as the camera of the first frame would see them; NaN stays NaN."""
    there = np.einsum("tij,tj->ti", camera.to_first, np.c_[xy, np.ones(len(xy))])
    return there[:, :2] / there[:, 2:]


def camera_motion(grey: np.ndarray, points: PointTracks, fps: float) -> CameraMotion:
    """How the picture as a whole moves. Few points, or one frame: the camera counts as still."""
    count = len(grey)
    to_first = np.repeat(np.eye(3)[None], count, axis=0)
    speed = np.zeros(max(count - 1, 0))
    if count < 2:
        return CameraMotion(to_first, speed, moving=False, parallax=False)
    span = max(1, min(count - 1, count // 3))
    drift = _spread(points, span)
    resting, moving = resting_cells(grey)
    calm = len(drift) >= MIN_POINTS and np.mean(drift < STILL) >= STILL_SHARE and resting > 0
    if calm or moving < FEW_CELLS or resting >= STILL_SHARE * (resting + moving):
        return CameraMotion(to_first, speed, moving=False, parallax=False)
    for t in range(1, count):
        both = points.seen[:, t - 1] & points.seen[:, t]
        model, _ = _pair_model(points.xy[both, t], points.xy[both, t - 1])
        if model is None:
            to_first[t] = to_first[t - 1]
            continue
        to_first[t] = to_first[t - 1] @ model
        to_first[t] /= to_first[t][2, 2] if abs(to_first[t][2, 2]) > 1e-9 else 1.0
        here = points.xy[both, t].astype(np.float64)
        there = np.c_[here, np.ones(len(here))] @ model.T
        speed[t - 1] = float(np.median(np.linalg.norm(there[:, :2] / there[:, 2:] - here, axis=1))) * fps
    return CameraMotion(to_first, speed, moving=True, parallax=_parallax(points, span))
