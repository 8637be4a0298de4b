"""Statistics on cells: means with intervals, paired tests, corrections for many tests, equivalence.

The unit is the (family, seed) cell: arrays here are (n,), one value a cell, `families` (n,) names the cell's family.
Whatever is random takes a seed or a seeded numpy Generator.
"""

from evals.statistics.base import ALPHA, NO_BOUNDS, POWER, Floats, Interval
from evals.statistics.calibration import Reliability, calibration_error, reliability
from evals.statistics.decisions import MARGIN, adjusted, benjamini_hochberg, no_worse, smallest_detectable
from evals.statistics.flips import EXACT_CELLS, FLIPS, sign_flip_test, sign_flip_tests
from evals.statistics.intervals import DRAWS, MANY_FAMILIES, clustered_interval, mean_interval, wilson
from evals.statistics.ranks import auroc, fisher_interval, partial_spearman, spearman, wins

__all__ = [
    "ALPHA",
    "DRAWS",
    "EXACT_CELLS",
    "FLIPS",
    "Floats",
    "Interval",
    "MANY_FAMILIES",
    "MARGIN",
    "NO_BOUNDS",
    "POWER",
    "Reliability",
    "adjusted",
    "auroc",
    "benjamini_hochberg",
    "calibration_error",
    "clustered_interval",
    "fisher_interval",
    "mean_interval",
    "no_worse",
    "partial_spearman",
    "reliability",
    "sign_flip_test",
    "sign_flip_tests",
    "smallest_detectable",
    "spearman",
    "wilson",
    "wins",
]
