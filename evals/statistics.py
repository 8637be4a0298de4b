"""Statistics on cells: means with intervals, paired tests, corrections for many tests.

The unit is the (family, seed) cell: arrays here are (n,), one value a cell, `families` (n,) names the cell's family.
Whatever is random takes a seeded numpy Generator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
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
        unseen = 1 - (ALPHA / 2) ** (1 / n)
        low, high = (mean + unseen * (b - mean) if np.isfinite(b) else mean for b in bounds)
        return Interval(low, high)
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
