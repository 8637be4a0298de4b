"""Statistics on cells: means with intervals, paired tests, corrections for many tests.

The unit is the (family, seed) cell: arrays here are (n,), one value a cell, `families` (n,) names the cell's family.
Whatever is random takes a seeded numpy Generator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata
from scipy.stats import t as student

ALPHA = 0.05  # error rate of tests; intervals hold 1 - ALPHA
POWER = 0.8  # at which the smallest detectable change is stated
MANY_FAMILIES = 10  # from here on families are resampled, too
EXACT_CELLS = 14  # up to 2**14 sign patterns are enumerated
DRAWS = 4000  # of a bootstrap
FLIPS = 20000  # of a permutation test
HELD = 2**18  # numbers of a resampling that are in memory at a time, so that any n fits
KEPT = 2**28  # random bits, a byte each, that are kept for other tests of the same seed

Floats = NDArray[np.float64]
NO_BOUNDS = (-np.inf, np.inf)


class Interval(NamedTuple):
    """A 95 % interval; NaN where it cannot be had."""

    low: float
    high: float


def wilson(successes: float, n: int) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927); fractional successes are allowed."""
    if n == 0:
        return Interval(np.nan, np.nan)
    z2 = float(norm.ppf(1 - ALPHA / 2)) ** 2
    p = successes / n
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Interval(max(0.0, float(middle - half)), min(1.0, float(middle + half)))


def mean_interval(
    values: Floats, families: NDArray[np.str_], rng: np.random.Generator, bounds: tuple[float, float] = NO_BOUNDS
) -> Interval:
    """Bootstrap interval of the mean over cells, made wider by Student's t over z for few cells.

    Fewer than ten families: the families are taken as given and cells are resampled within each, with the deviations
    scaled by sqrt(n / (n - 1)) (Rao and Wu 1988); the interval speaks of these families. Ten families or more: whole
    families are resampled (Davison and Hinkley 1997, section 3.8: drawing cells again inside would count their noise
    twice); the interval speaks of families like these. Families of one cell share one stratum.

    bounds: the range that a single value can have. Where all values are equal a bootstrap sees no spread; then at most
    the share 1 - 0.025**(1 / n) of cells may be different, by as much as the bounds allow.
    """
    n, mean = len(values), float(np.mean(values)) if len(values) else np.nan
    if n < 2:
        return Interval(np.nan, np.nan)
    if np.ptp(values) < 1e-12:
        return _unseen(mean, n, bounds)
    names, group = np.unique(families, return_inverse=True)
    if len(names) >= MANY_FAMILIES:
        means, freedom = _family_draws(values, group, rng), len(names) - 1
    else:
        size = np.bincount(group)
        group = np.where(size[group] == 1, -1, group)
        means, freedom = _stratified_draws(values, group, rng)
    wider = float(student.ppf(1 - ALPHA / 2, freedom) / norm.ppf(1 - ALPHA / 2))
    low, high = mean + wider * (np.quantile(means, [ALPHA / 2, 1 - ALPHA / 2]) - mean)
    return Interval(float(max(low, bounds[0])), float(min(high, bounds[1])))


def _family_draws(values: Floats, group: NDArray[np.intp], rng: np.random.Generator) -> Floats:
    """Means (DRAWS,) of resampled whole families."""
    sums, sizes = np.bincount(group, values), np.bincount(group)
    pick = rng.integers(len(sums), size=(DRAWS, len(sums)))
    mean, m = values.mean(), len(sums)
    return np.asarray(mean + np.sqrt(m / (m - 1)) * (sums[pick].sum(1) / sizes[pick].sum(1) - mean))


def _stratified_draws(values: Floats, group: NDArray[np.intp], rng: np.random.Generator) -> tuple[Floats, int]:
    """Means (DRAWS,) of cells resampled within groups, and the degrees of freedom."""
    means, freedom = np.full(DRAWS, values.mean()), 0
    for g in np.unique(group):
        v = values[group == g]
        if len(v) == 1:  # the one family of one cell has no spread of its own
            continue
        picks = (rng.integers(len(v), size=(rows, len(v))) for rows in _blocks(DRAWS, len(v)))
        drawn = np.concatenate([v[pick].mean(1) for pick in picks]) - v.mean()
        means += np.sqrt(len(v) / (len(v) - 1)) * drawn * len(v) / len(values)
        freedom += len(v) - 1
    return means, freedom


def _blocks(draws: int, n: int) -> Iterator[int]:
    """How many draws of n numbers to make at a time. Multiples of four, where numpy's stream of bytes can be cut."""
    rows = max(4, HELD // n // 4 * 4)
    for begun in range(0, draws, rows):
        yield min(rows, draws - begun)


def sign_flip_test(differences: Floats, rng: np.random.Generator) -> float:
    """Two-sided p of a paired permutation test: is the mean difference of cells compatible with random signs?

    Exact up to 14 cells that differ; above, (1 + hits) / (1 + draws) of random flips (Phipson and Smyth 2010).
    """
    d = differences[differences != 0]
    if len(d) == 0:
        return 1.0
    drawn = (rng.integers(2, size=(rows, len(d)), dtype=np.int8) for rows in _blocks(FLIPS, len(d)))
    return float(_flipped(d[:, None], drawn)[0])


def sign_flip_tests(differences: Sequence[Floats], seed: int) -> Floats:
    """`sign_flip_test(d, default_rng(seed))` of each, in a fraction of the time: what is alike in them is done once."""
    p, alike = np.ones(len(differences)), dict[int, list[int]]()
    for i, d in enumerate(differences):
        alike.setdefault(int(np.count_nonzero(d)), []).append(i)
    alike.pop(0, None)
    kept = np.random.default_rng(seed).integers(2, size=min(KEPT, FLIPS * max(alike, default=0)), dtype=np.int8)
    for n, tests in alike.items():
        d = np.stack([differences[i][differences[i] != 0] for i in tests], axis=1)
        p[tests] = _flipped(d, _drawn(n, kept, seed))
    return p


def _drawn(n: int, kept: NDArray[np.int8], seed: int) -> Iterator[NDArray[np.int8]]:
    """What default_rng(seed) draws to flip n signs, out of the beginning of its stream where that is long enough."""
    rng, at = np.random.default_rng(seed), 0
    for rows in _blocks(FLIPS, n):
        if FLIPS * n <= len(kept):
            yield kept[at : at + rows * n].reshape(rows, n)
        else:
            yield rng.integers(2, size=(rows, n), dtype=np.int8)
        at += rows * n


def _flipped(d: Floats, drawn: Iterator[NDArray[np.int8]]) -> Floats:
    """p of each column of d (n, tests), no value of which is 0; drawn: blocks (rows, n) of 0 and 1, FLIPS rows."""
    total, n = d.sum(0), len(d)
    seen = np.abs(total) * (1 - 1e-9) - 1e-12 * np.abs(d).sum(0)  # a tie is a hit, whatever the order of summing
    if n <= EXACT_CELLS:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return np.asarray(np.mean(np.abs(2 * bits @ d - total) >= seen, axis=0))
    hits = sum((np.abs(2 * (bits.astype(float) @ d) - total) >= seen).sum(0) for bits in drawn)
    return np.asarray((1 + hits) / (1 + FLIPS))


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjusted p of Benjamini and Hochberg (1995), in the order given; NaN is no test and stays NaN."""
    adjusted = np.full(len(p), np.nan)
    tests = np.flatnonzero(~np.isnan(p))
    order = tests[np.argsort(p[tests])]
    raised = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return adjusted


def smallest_detectable(differences: Floats, alpha: float = ALPHA) -> float:
    """The mean difference that a paired test at level alpha finds with a probability of 80 %, given this spread.

    NaN where the spread cannot be estimated: fewer than six cells, or no two that differ.
    """
    n = len(differences)
    if n < 6 or np.ptp(differences) < 1e-12:
        return np.nan
    error = differences.std(ddof=1) / np.sqrt(n)
    return float(error * (student.ppf(1 - alpha / 2, n - 1) + student.ppf(POWER, n - 1)))


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


def clustered_interval(
    value: float,
    statistic: Callable[[Floats], Floats],
    clusters: int,
    rng: np.random.Generator,
    bounds: tuple[float, float] = NO_BOUNDS,
) -> Interval:
    """Bootstrap interval of any statistic over resampled whole clusters, widened as in `mean_interval`.

    statistic: (DRAWS, clusters) how often each cluster is drawn -> (DRAWS,) values, NaN where a draw has none.
    Where all draws agree, at most the share 1 - 0.025**(1 / clusters) of clusters may be different, unseen.
    """
    if clusters < 2 or not np.isfinite(value):
        return Interval(np.nan, np.nan)
    drawn = statistic(rng.multinomial(clusters, np.full(clusters, 1 / clusters), DRAWS).astype(float))
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Interval(np.nan, np.nan)
    if np.ptp(drawn) < 1e-12:
        return _unseen(value, clusters, bounds)
    wider = np.sqrt(clusters / (clusters - 1)) * student.ppf(1 - ALPHA / 2, clusters - 1) / norm.ppf(1 - ALPHA / 2)
    low, high = value + wider * (np.quantile(drawn, [ALPHA / 2, 1 - ALPHA / 2]) - value)
    return Interval(float(max(low, bounds[0])), float(min(high, bounds[1])))


def _unseen(value: float, n: int, bounds: tuple[float, float]) -> Interval:
    unseen = 1 - (ALPHA / 2) ** (1 / n)
    low, high = (value + unseen * (b - value) if np.isfinite(b) else value for b in bounds)
    return Interval(low, high)


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
