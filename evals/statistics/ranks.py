"""Statistics of ranks: AUROC, Spearman's correlation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from evals.statistics.base import ALPHA, Floats, Interval


def auroc(positive: Floats, negative: Floats) -> float:
    """The chance that a positive value is above a negative one, ties half (Mann and Whitney 1947); NaN of none."""
    n, m = len(positive), len(negative)
    if not n or not m:
        return np.nan
    return float((rankdata(np.concatenate([positive, negative]))[:n].sum() - n * (n + 1) / 2) / (n * m))


def wins(
    positive: Floats, negative: Floats, groups: tuple[NDArray[np.intp], NDArray[np.intp]], count: int
) -> tuple[Floats, Floats]:
    """(count, count) by the group of the positive and of the negative value: pairs that the positive wins, and pairs.

    A tie is half a win. groups: the number of each value's group. The sum of the first over that of the second is
    `auroc`; matrices of several strata may be added up first.
    """
    won, pairs = np.zeros((count, count)), np.zeros((count, count))
    sizes = np.bincount(groups[0], minlength=count)
    for g in np.unique(groups[1]):
        those = np.sort(negative[groups[1] == g])
        beaten = (np.searchsorted(those, positive, "left") + np.searchsorted(those, positive, "right")) / 2
        won[:, g] = np.bincount(groups[0], beaten, minlength=count)
        pairs[:, g] = sizes * len(those)
    return won, pairs


def spearman(x: Floats, y: Floats) -> Floats:
    """(..., n) and (..., n) or (n,) -> (...): rank correlation along the last axis, ties by mean ranks.

    NaN where either is constant.
    """
    a, b = (r - r.mean(-1, keepdims=True) for r in (rankdata(x, axis=-1), rankdata(y, axis=-1)))
    power = (a * a).sum(-1) * (b * b).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(power > 0, (a * b).sum(-1) / np.sqrt(power), np.nan))


def partial_spearman(x: Floats, y: Floats, given: Floats) -> float:
    """Spearman's correlation of x and y (n,) given the columns of `given` (n, k): that of what ranks leave over.

    NaN where nothing is left over: fewer than k + 3 values, or x or y told by the others.
    """
    n, k = given.shape
    if n < k + 3:
        return np.nan
    ranks = np.column_stack([np.ones(n), rankdata(given, axis=0)])
    left = []
    for v in (x, y):
        r = rankdata(v)
        left.append(r - ranks @ np.linalg.lstsq(ranks, r, rcond=None)[0])
        if left[-1].std() < 1e-6 * n:
            return np.nan
    return float((left[0] @ left[1]) / np.sqrt((left[0] @ left[0]) * (left[1] @ left[1])))


def fisher_interval(correlation: float, n: int, given: int = 0) -> Interval:
    """Interval of Spearman's correlation of n values, `given` others held: Fisher's z with the variance of Fieller et
    al. (1957), 1.06 / (n - given - 3); NaN for too few."""
    if not np.isfinite(correlation) or n - given <= 3:
        return Interval(np.nan, np.nan)
    half = float(norm.ppf(1 - ALPHA / 2)) * np.sqrt(1.06 / (n - given - 3))
    z = np.arctanh(np.clip(correlation, -1 + 1e-12, 1 - 1e-12))
    return Interval(float(np.tanh(z - half)), float(np.tanh(z + half)))
