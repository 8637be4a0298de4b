"""How far generated motion is from the law: PhyWorld's error of velocity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.yardstick.worlds import KNOWN, STEP, TIMES, Scene


class Measure(NamedTuple):
    """One clip. error and drift: units / s, NaN where no velocity could be read; pairs: of frames, times discs."""

    error: float  # mean over discs and pairs of frames of |v - v_true|, summed over the axes that count
    drift: float  # mean of the speed along x, less the true one: above 0 where discs are too fast
    pairs: int
    missing: int  # of them, those in which a disc was not seen


def scored_pairs(scene: Scene) -> np.ndarray:
    """Which pairs of frames (i, i + 1) count (FRAMES - 1,).

    Those that end in a generated frame, with every disc in the picture in full, and, in a collision, after it.
    """
    i = np.arange(len(TIMES) - 1)
    return scene.whole[:-1] & scene.whole[1:] & (i >= KNOWN - 1) & (TIMES[:-1] >= scene.since)


def measure(scene: Scene, found: np.ndarray, axes: tuple[int, ...]) -> Measure:
    """Compare positions that were read from a clip (FRAMES, N, 2) with the scene's own."""
    count = scored_pairs(scene)
    true, seen = (np.diff(p, axis=0)[count] / STEP for p in (scene.positions, found))  # (pairs, N, 2)
    known = ~np.isnan(seen).any(axis=-1)  # (pairs, N)
    pairs, missing = known.size, int((~known).sum())
    if not known.any():
        return Measure(float("nan"), float("nan"), pairs, missing)
    error = np.abs(seen - true)[..., list(axes)].sum(-1)[known].mean()
    drift = ((seen - true)[..., 0] * np.where(true[..., 0] < 0, -1, 1))[known].mean()
    return Measure(float(error), float(drift), pairs, missing)
