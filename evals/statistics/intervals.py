"""Intervals of means and of other statistics of cells that come in families."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from evals.statistics.base import ALPHA, NO_BOUNDS, Floats, Interval

MANY_FAMILIES = 10  # from here on an interval speaks of families like these, not of these families
DRAWS = 4000  # of a bootstrap


def wilson(successes: float, n: int) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927); fractional successes are allowed."""
    if n == 0:
        return Interval(np.nan, np.nan)
    z2 = float(norm.ppf(1 - ALPHA / 2)) ** 2
    p = successes / n
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Interval(max(0.0, float(middle - half)), min(1.0, float(middle + half)))


def mean_interval(values: Floats, families: NDArray[np.str_], bounds: tuple[float, float] = NO_BOUNDS) -> Interval:
    """Interval of the mean over cells: Student's t, longer on the side to which the cells are skewed.

    Its standard error and skewness are those of a bootstrap, which for a mean are known without drawing. Fewer than ten
    families: the families are taken as given and cells are resampled within each (Rao and Wu 1988); the interval speaks
    of these families. Ten families or more: whole families are resampled (Davison and Hinkley 1997, section 3.8:
    drawing cells again inside would count their noise twice); the interval speaks of families like these. Families of
    one cell share one stratum.

    With the skewness g of the mean, the end on the long side lies at t + g (2 t^2 + 1) / 6 standard errors (Hall 1992,
    section 3.5: the studentised bootstrap to the second order); for 0 or 1 that is close to Wilson's interval. The
    other end is Student's: nearer, it would trust that what a few cells did not show is not there.

    bounds: the range that a single value can have. Where nothing varies, at most the share 1 - 0.025**(1 / n) of cells
    may be different unseen, by as much as the bounds allow.
    """
    n, mean = len(values), float(np.mean(values)) if len(values) else np.nan
    if n < 2:
        return Interval(np.nan, np.nan)
    names, group = np.unique(families, return_inverse=True)
    sizes = np.bincount(group)
    if len(names) >= MANY_FAMILIES:
        apart = (np.bincount(group, values) - mean * sizes) / sizes.mean()
        error, skewness, freedom = _moments(apart, np.zeros(len(names), int))
    else:
        error, skewness, freedom = _moments(values, np.where(sizes[group] == 1, len(names), group))
    if error < 1e-12:
        return _unseen(mean, n, bounds)
    t = float(student.ppf(1 - ALPHA / 2, freedom))
    longer = skewness * (2 * t * t + 1) / 6
    low, high = mean - error * (t + max(0.0, -longer)), mean + error * (t + max(0.0, longer))
    return Interval(max(low, bounds[0]), min(high, bounds[1]))


def _moments(values: Floats, stratum: NDArray[np.intp]) -> tuple[float, float, int]:
    """Standard error and skewness of a mean of strata, each estimated without bias, and the degrees of freedom.

    A stratum of one value has no spread of its own, one of two no skewness.
    """
    n, sizes = len(values), np.bincount(stratum)
    k = np.maximum(sizes, 1)
    apart = values - (np.bincount(stratum, values) / k)[stratum]
    second = (np.bincount(stratum, apart**2) * k / np.maximum(k - 1, 1)).sum() / n**2
    third = (np.bincount(stratum, apart**3) * k**2 / np.maximum((k - 1) * (k - 2), 1)).sum() / n**3
    error = float(np.sqrt(second))
    return error, float(third) / error**3 if error > 1e-12 else 0.0, int((k - 1).sum())


def clustered_interval(
    value: float,
    statistic: Callable[[Floats], Floats],
    clusters: int,
    rng: np.random.Generator,
    bounds: tuple[float, float] = NO_BOUNDS,
) -> Interval:
    """Bootstrap interval of any statistic over resampled whole clusters, wider by Student's t over z for few clusters.

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
