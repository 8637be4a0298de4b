"""What is concluded from many tests, what could have been found, and what is shown not to be worse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from evals.statistics.base import ALPHA, POWER, Floats, Interval
from evals.statistics.flips import least_p

MARGIN = 0.02  # a drop up to this is said not to matter


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjusted p of Benjamini and Hochberg (1995), in the order given; NaN is no test and stays NaN."""
    found = np.full(len(p), np.nan)
    tests = np.flatnonzero(~np.isnan(p))
    order = tests[np.argsort(p[tests])]
    raised = p[order] * len(order) / np.arange(1, len(order) + 1)
    found[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return found


def adjusted(groups: Sequence[Floats]) -> list[Floats]:
    """Adjusted p of groups of tests, each of which may spend an equal share of the error (Benjamini and Hochberg)."""
    return [np.minimum(1.0, len(groups) * benjamini_hochberg(p)) for p in groups]


def no_worse(interval: Interval, margin: float = MARGIN) -> bool:
    """Whether a difference (positive is good) is shown not to be a drop of more than `margin`.

    No part of its 95 % interval lies below -margin: a test of non-inferiority (Schuirmann 1987) that errs in 2.5 % of
    cases, which leaves room for skewed cells. False where the interval is unknown: nothing is shown.
    """
    return bool(interval.low >= -margin)


def smallest_detectable(differences: Floats, alpha: float = ALPHA) -> float:
    """The mean difference that a sign-flip test at level alpha finds with a probability of 80 %, or a little more.

    The change is taken to come as cells that change by J = sum(d^2) / sum(|d|), as much as cells do here: a clip that
    breaks changes at once. So the test's own variance grows with it, from s^2 to s^2 + J c, and a change c is found if
    c^2 n = q^2 (s^2 + J c), q the sum of Student's quantiles for alpha and for the power (Miettinen 1968, for outcomes
    of 0 and 1). If all cells change a little instead, somewhat less is found as often.

    NaN where there is no such number: fewer than six cells, no two that differ, or so few cells that no outcome at all
    is that improbable by chance.
    """
    n = len(differences)
    if n < 6 or np.ptp(differences) < 1e-12 or least_p(n) > alpha:
        return np.nan
    step = float((differences**2).sum() / np.abs(differences).sum())
    share = float(student.ppf(1 - alpha / 2, n - 1) + student.ppf(POWER, n - 1)) ** 2 / n
    return (share * step + float(np.sqrt((share * step) ** 2 + 4 * share * differences.var(ddof=1)))) / 2
