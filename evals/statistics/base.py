"""What all statistics share: the error rate, the shape of an interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.05  # error rate of tests; intervals hold 1 - ALPHA
POWER = 0.8  # at which the smallest detectable change is stated

Floats = NDArray[np.float64]
NO_BOUNDS = (-np.inf, np.inf)


class Interval(NamedTuple):
    """A 95 % interval; NaN where it cannot be had."""

    low: float
    high: float
