"""Fit a calibration table: logistic regression with weights >= 0, then a line that valid takes stay above."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from probes.calibration import CAP, Table

PRIOR_WEIGHT = 3.0  # before any data, a strength of 1 brings a clip to the line
PRIOR_INTERCEPT = 3.0
RIDGE = 2.0  # of the squared distance to the prior, shared among the takes, against the mean log loss
HIGHEST = 4.5  # intercept: a calm clip's value says no more than that, and a few hard takes must not blind the probe
FALSE_ALARMS = 0.03  # the share of valid takes that may lie below 0.5


def fit(
    strengths: np.ndarray, violated: np.ndarray, laws: tuple[str, ...], *, probe: str, version: int, perception: str
) -> Table:
    """The table for these takes.

    strengths: (N, K) greatest strength per law, >= 0. violated: (N,) bool. laws: K names.
    Both classes weigh the same, whatever their numbers. After the fit the intercept is raised, if need be, until at
    most FALSE_ALARMS of the valid takes score below 0.5 (but not over HIGHEST): a false alarm costs more than a miss.

    Raises:
        ValueError: shapes differ, or a class is empty.
    """
    x = np.clip(np.asarray(strengths, float), 0.0, CAP)
    y = np.asarray(violated, bool)
    if x.shape != (len(y), len(laws)):
        raise ValueError(f"strengths {x.shape} do not match {len(y)} takes and {len(laws)} laws")
    if y.all() or not y.any():
        raise ValueError("calibration needs valid and violated takes")
    share = np.where(y, 0.5 / y.sum(), 0.5 / (~y).sum())
    sign = np.where(y, -1.0, 1.0)  # the logit is that of "valid"
    ridge = RIDGE / len(y)
    prior = np.r_[PRIOR_INTERCEPT, np.full(len(laws), PRIOR_WEIGHT)]

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (parameters[0] - x @ parameters[1:])
        wrong = share * sign / (1.0 + np.exp(np.clip(margin, -50.0, 50.0)))
        away = parameters - prior
        value = float(share @ np.logaddexp(0.0, -margin) + ridge * away @ away)
        return value, np.r_[-wrong.sum(), x.T @ wrong] + 2.0 * ridge * away

    bounds = [(0.5, 8.0)] + [(0.0, 12.0)] * len(laws)
    best = minimize(loss, prior, jac=True, bounds=bounds, method="L-BFGS-B").x
    spared = np.quantile(x[~y] @ best[1:], 1.0 - FALSE_ALARMS, method="lower")
    intercept = min(max(best[0], float(spared) + 0.1), HIGHEST)
    weights = {law: round(float(w), 4) for law, w in zip(laws, best[1:], strict=True)}
    return Table(probe, version, perception, round(intercept, 4), weights, int((~y).sum()), int(y.sum()))
