"""Calibration of probabilities: what was told, beside what came true."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from evals.statistics.base import Floats


class Reliability(NamedTuple):
    """Bins of a probability: (bins,) sums of weights, of weight x probability, and of weight x outcome."""

    weight: Floats
    told: Floats
    true: Floats


def reliability(told: Floats, true: Floats, weights: Floats, bins: int = 10) -> Reliability:
    """What was told, in bins of equal width over [0, 1], beside what came true (0 or 1)."""
    where = np.minimum((told * bins).astype(int), bins - 1)
    sums = [np.bincount(where, w, minlength=bins).astype(float) for w in (weights, weights * told, weights * true)]
    return Reliability(*sums)


def calibration_error(bins: Reliability) -> float:
    """Expected calibration error in [0, 1]: the mean over clips of |told - true| of their bin (Naeini et al. 2015)."""
    total = bins.weight.sum()
    return float(np.abs(bins.told - bins.true).sum() / total) if total > 0 else np.nan
