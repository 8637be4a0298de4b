"""Rigid scenes seen from several places: what tracks of points they allow."""

from __future__ import annotations

import cv2
import numpy as np

ROUNDS = 12  # of depth refinement; residuals have settled by then
TRIMS = 4


def sampson(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N,) Sampson distance, in the unit of a and b (N, 2), of correspondences to b' F a = 0.

    Hartley & Zisserman, Multiple View Geometry, 11.4.3.
    """
    a1, b1 = (np.c_[p, np.ones(len(p))] for p in (a, b))
    line_b, line_a = a1 @ f.T, b1 @ f
    residual = np.einsum("ni,ni->n", b1, line_b)
    scale = (line_b[:, :2] ** 2).sum(1) + (line_a[:, :2] ** 2).sum(1)
    return np.abs(residual) / np.sqrt(np.maximum(scale, 1e-18))


def epipolar_residual(a: np.ndarray, b: np.ndarray, sigma: float) -> np.ndarray:
    """(N,) Sampson distances to the best fundamental matrix (USAC with MAGSAC scoring); infinite where none is found.

    a, b: (N, 2) heights, N >= 8. sigma: noise of a position, heights.
    """
    scale = 1.0 / sigma  # the estimator's thresholds are meant for pixels
    cv2.setRNGSeed(0)
    try:
        f, _ = cv2.findFundamentalMat(a * scale, b * scale, cv2.USAC_MAGSAC, 2.0, 0.999, 2000)
    except cv2.error:  # of degenerate configurations
        f = None
    if f is None or f.shape != (3, 3):
        return np.full(len(a), np.inf)
    return sampson(f, a * scale, b * scale) * sigma


def rigid_residual(xy: np.ndarray) -> np.ndarray:
    """(P, T) reprojection errors, heights, of the projective reconstruction that most points agree with.

    xy: (P, T, 2) heights, every point seen in every frame, P >= 12, T >= 3. Projective factorisation with iterated
    depths (Sturm & Triggs 1996) on the points that fit best; the others are triangulated from the cameras found.
    """
    points, frames = len(xy), xy.shape[1]
    middle, spread = xy.mean((0, 1)), float(xy.std()) + 1e-12
    homogeneous = np.concatenate([(xy - middle) / spread, np.ones((points, frames, 1))], -1)  # (P, T, 3)
    kept = np.arange(points)
    error = np.zeros((points, frames))
    for _ in range(TRIMS):
        cameras = _cameras(homogeneous[kept])
        error = _reprojection(homogeneous, cameras)
        worst = error.max(1)
        kept = np.sort(np.argsort(worst, kind="stable")[: max(12, int(0.7 * points))])
    return error * spread


def _cameras(points: np.ndarray) -> np.ndarray:
    """(T, 3, 4) cameras from (P, T, 3) homogeneous points."""
    depth = np.ones(points.shape[:2])
    for _ in range(ROUNDS):
        depth /= np.linalg.norm(depth, axis=0, keepdims=True) / np.sqrt(points.shape[0])
        depth /= np.linalg.norm(depth, axis=1, keepdims=True) / np.sqrt(points.shape[1])
        stacked = (points * depth[..., None]).transpose(1, 2, 0).reshape(-1, len(points))  # (3T, P)
        u, s, vt = np.linalg.svd(stacked, full_matrices=False)
        cameras = (u[:, :4] * s[:4]).reshape(-1, 3, 4)
        depth = np.einsum("tj,jp->pt", cameras[:, 2], vt[:4])
        depth = np.where(np.abs(depth) < 1e-3, 1e-3, depth)
    return cameras


def _reprojection(points: np.ndarray, cameras: np.ndarray) -> np.ndarray:
    """(P, T) distances of each (P, T, 3) point to the projection of its least-squares triangulation."""
    x, y = points[..., 0, None], points[..., 1, None]
    rows = np.concatenate([x * cameras[:, 2] - cameras[:, 0], y * cameras[:, 2] - cameras[:, 1]], 1)  # (P, 2T, 4)
    solid = np.linalg.svd(rows, full_matrices=False)[2][:, -1]  # (P, 4)
    seen = np.einsum("tij,pj->pti", cameras, solid)
    depth = np.where(np.abs(seen[..., 2:]) < 1e-9, 1e-9, seen[..., 2:])
    return np.linalg.norm(seen[..., :2] / depth - points[..., :2], axis=-1)
