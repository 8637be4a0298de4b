"""Clips of discs over a textured ground, for tests of sight: the truth is known because it was drawn."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from simulator.clip import Clip

Place = tuple[float, float] | None
FINE = 4  # times finer than the clip's pixels is what is drawn


def ground(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(H, W, 3) float RGB: soft coloured noise with the same look at any size."""
    coarse = np.random.default_rng(seed).normal(0, 1, (8, 8, 3)).astype(np.float32)
    return np.clip(120 + 25 * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255)


def discs(
    where: Callable[[int], list[Place]],
    *,
    frames: int = 16,
    size: int = 64,
    radius: float = 0.1,
    colour: Callable[[int], tuple[int, int, int]] = lambda t: (200, 40, 40),
    screen: tuple[float, float, float, float] | None = None,
    light: Callable[[int], float] = lambda t: 1.0,
    fps: float = 8.0,
) -> Clip:
    """Discs at where(t) (fractions of the picture, None: not there), a screen (x0, y0, x1, y1) in front of them."""
    n = size * FINE
    out = []
    for t in range(frames):
        picture = ground(n, n)
        for place in where(t):
            if place is not None:
                middle = (round(place[0] * n), round(place[1] * n))
                cv2.circle(picture, middle, round(radius * n), colour(t), -1)
        if screen is not None:
            x0, y0, x1, y1 = (round(v * n) for v in screen)
            cv2.rectangle(picture, (x0, y0), (x1, y1), (60, 90, 160), -1)
        small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA) * light(t)
        out.append(np.clip(small, 0, 255).astype(np.uint8))
    return Clip(np.stack(out), fps)
