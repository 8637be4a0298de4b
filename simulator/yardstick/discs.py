"""Discs to pictures, and pictures to where the discs are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.yardstick.worlds import FRAMES, WORLD, Scene

COLOURS = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # red, and in a collision blue; the ground is white
LEAST = 0.25  # of its area: what must be left of a disc that counts as there
AROUND = 2.0  # pixels beyond its radius in which a disc's colour is counted


def paint(scenes: Sequence[Scene], size: int) -> np.ndarray:
    """Videos (B, FRAMES, size, size, 3), uint8.

    A pixel has as much of a disc's colour as the disc covers of it, taking its edge for straight within a pixel.
    """
    positions = np.stack([s.positions for s in scenes]).astype(np.float32) * (size / WORLD)  # (B, T, N, 2), pixels
    radii = np.stack([s.radii for s in scenes]).astype(np.float32) * (size / WORLD)  # (B, N)
    middles = np.arange(size, dtype=np.float32) + 0.5
    out = np.full((len(scenes), FRAMES, size, size, 3), 255, np.uint8)
    for n in range(radii.shape[1]):
        x, y = positions[:, :, n, 0, None], positions[:, :, n, 1, None]
        cover = (middles[::-1] - y)[..., None] ** 2 + ((middles - x) ** 2)[:, :, None]  # (B, T, size, size)
        np.sqrt(cover, out=cover)
        np.subtract(0.5 + radii[:, n, None, None, None], cover, out=cover)
        cover *= 255
        np.clip(cover, 0, 255, out=cover)
        covered = np.rint(cover, out=cover).astype(np.uint8)
        for c in np.flatnonzero(COLOURS[n] == 0):
            out[..., c] -= np.minimum(covered, out[..., c])
    return out


def locate(video: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Where the discs are in each frame of (T, H, W, 3) uint8: positions (T, N, 2) in units, NaN where one is not seen.

    A disc is where the pixels with more than half of its colour are on average, and then, finer, the mean place of its
    colour within AROUND of that. It is missing where those pixels are less than LEAST of its area, or mostly elsewhere.
    """
    size = video.shape[1]
    parts = np.linalg.pinv(1 - COLOURS[: len(radii)])  # colours that white lacks, to discs (3, N)
    amounts = np.clip((1 - video / np.float32(255)) @ parts.astype(np.float32), 0, 1)  # (T, H, W, N)
    x = (np.arange(size) + 0.5) * (WORLD / size)
    out = np.full((len(video), len(radii), 2), np.nan)
    for n, radius in enumerate(radii):
        for t, amount in enumerate(amounts[..., n]):
            mask = amount > 0.5
            area = mask.sum() * (WORLD / size) ** 2
            if area < LEAST * np.pi * radius**2:
                continue
            rough, reach = _mean_place(mask, x), np.sqrt(area / np.pi) + AROUND * WORLD / size
            near = (x[::-1, None] - rough[1]) ** 2 + (x - rough[0]) ** 2 <= reach**2
            if (mask & near).sum() >= 0.5 * mask.sum():
                out[t, n] = _mean_place(amount * near, x)
    return out


def _mean_place(weight: np.ndarray, x: np.ndarray) -> tuple[float, float]:
    """x and y of the weighted middle of a picture (H, W), of which x (W,) holds the middles of the pixels."""
    total = weight.sum()
    return float(weight.sum(0) @ x / total), float(weight.sum(1) @ x[::-1] / total)
