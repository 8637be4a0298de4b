"""Ranking of runs of one suite: by the clean rate, with ties where no difference was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evals.comparison import CLEAN, unlike
from evals.outcomes import cells, labels, outcomes, probes
from evals.statistics import ALPHA, Interval, benjamini_hochberg, mean_interval, sign_flip_test, wilson
from simulator.adapters import MODELS
from simulator.errors import UsageError

if TYPE_CHECKING:
    from evals.store import Results

MIN_COVERAGE = 0.8  # the share of shots that must be decided for a rank


@dataclass(frozen=True)
class Mean:
    """A mean over cells, its interval, the number of cells and the share of shots that it rests on."""

    value: float
    interval: Interval
    cells: int
    coverage: float


@dataclass(frozen=True)
class Entry:
    """One run in the ranking.

    rank: 1 + the number of ranked models that are better beyond doubt, so that models share a rank where no difference
    was found; None for a control, and for a coverage below MIN_COVERAGE.
    last: the worst rank that the tests leave open. means: by measure ("clean" and the probes), in the order shown;
    by_family: the same, clean rate only.
    """

    label: str
    control: bool
    rank: int | None
    last: int | None
    means: dict[str, Mean]
    by_family: dict[str, Mean]

    @property
    def coverage(self) -> float:
        """The share of shots that are decided."""
        return self.means[CLEAN].coverage


def rank(runs: Sequence[Results]) -> list[Entry]:
    """The runs, the highest clean rate first; runs without a decided shot last.

    Two models differ where a sign-flip test on the cells decided in both says so at 5 %, with Benjamini and Hochberg's
    procedure over all pairs of ranked models. Controls stand in their place and take no rank.

    Raises:
        UsageError: no run at all, or runs that asked or measured different things.
    """
    if not runs:
        raise UsageError("no run to rank; give run folders, e.g. `worldassay leaderboard runs/*`")
    for other in runs[1:]:
        differ = unlike(runs[0], other)
        if differ:
            raise UsageError(
                f"{other.path.name} cannot stand beside {runs[0].path.name}, they differ in {'; '.join(differ)}; "
                "rank runs of one suite with the same probes and perception"
            )
    names = labels(runs)
    tables = [outcomes(run) for run in runs]
    means = [_means(table, [CLEAN, *probes(run)]) for table, run in zip(tables, runs, strict=True)]
    controls = [is_control(run) for run in runs]
    ranked = [i for i, c in enumerate(controls) if not c and means[i][CLEAN].coverage >= MIN_COVERAGE]
    beaten_by, beats = _beaten([tables[i] for i in ranked])
    ranks = {i: (1 + beaten_by[k], len(ranked) - beats[k]) for k, i in enumerate(ranked)}
    entries = []
    for i, name in enumerate(names):
        first, last = ranks.get(i, (None, None))
        entries.append(Entry(name, controls[i], first, last, means[i], _families(tables[i])))
    return sorted(entries, key=lambda e: (-np.nan_to_num(e.means[CLEAN].value, nan=-1.0), e.label))


def is_control(run: Results) -> bool:
    """Whether the run's model is one of the control models."""
    name = run.spec["model"].get("name")
    return name in MODELS.entries and "control" in MODELS.entry(name).tags


def _beaten(tables: Sequence[pd.DataFrame]) -> tuple[list[int], list[int]]:
    """By how many others each run is beaten beyond doubt, and how many others it beats."""
    pairs = list(combinations(range(len(tables)), 2))
    tests = [_difference(tables[i], tables[j]) for i, j in pairs]
    adjusted = benjamini_hochberg(np.array([p for _, p in tests]))
    beaten, beats = [0] * len(tables), [0] * len(tables)
    for (i, j), (difference, _), p in zip(pairs, tests, adjusted, strict=True):
        if p <= ALPHA:
            winner, loser = (i, j) if difference > 0 else (j, i)
            beaten[loser] += 1
            beats[winner] += 1
    return beaten, beats


def _difference(a: pd.DataFrame, b: pd.DataFrame) -> tuple[float, float]:
    """Mean difference of the clean rate (a - b) over cells decided in both, and its p."""
    both = a[["shot_id", "family", "seed", CLEAN]].merge(b[["shot_id", CLEAN]], on="shot_id", suffixes=("", "_b"))
    both["change"] = both[CLEAN] - both[f"{CLEAN}_b"]
    d = cells(both, "change")["change"].to_numpy(float)
    return (float(d.mean()), sign_flip_test(d, np.random.default_rng(0))) if len(d) else (0.0, np.nan)


def _means(table: pd.DataFrame, measures: Sequence[str]) -> dict[str, Mean]:
    return {measure: _mean(table, measure) for measure in measures}


def _families(table: pd.DataFrame) -> dict[str, Mean]:
    return {str(family): _mean(part, CLEAN) for family, part in table.groupby("family", sort=True)}


def _mean(table: pd.DataFrame, measure: str) -> Mean:
    """The mean of one measure over its cells; Wilson's interval for the clean rate, a bootstrap for scores."""
    found = cells(table, measure)
    values = found[measure].to_numpy(float)
    if measure == CLEAN:
        interval = wilson(float(values.sum()), len(values))
    else:
        interval = mean_interval(values, found["family"].to_numpy(str), np.random.default_rng(0), (0.0, 1.0))
    value = float(values.mean()) if len(values) else np.nan
    return Mean(value, interval, len(values), float(table[measure].notna().mean()))
