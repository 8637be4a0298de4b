"""Ranking of runs of one suite: by the clean rate, with ties where no difference was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evals.comparison import CLEAN
from evals.likeness import unlike
from evals.outcomes import cells, labels, outcomes, probes
from evals.statistics import ALPHA, Floats, Interval, benjamini_hochberg, mean_interval, sign_flip_tests, wilson
from simulator.adapters import MODELS
from simulator.errors import UsageError

if TYPE_CHECKING:
    from evals.store import Results

MIN_COVERAGE = 0.8  # the share of shots that must be decided for a rank
HELD = 2**24  # differences of cells that are in memory at a time


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
    beaten, beats = [0] * len(tables), [0] * len(tables)
    if not pairs:
        return beaten, beats
    means, p = np.zeros(len(pairs)), np.full(len(pairs), np.nan)
    at_once = HELD // (1 + len(tables[0])) + 1
    for begun in range(0, len(pairs), at_once):
        found = list(_differences(tables, pairs[begun : begun + at_once]))
        for k, (d, tested) in enumerate(zip(found, sign_flip_tests(found, seed=0), strict=True), begun):
            if len(d):
                means[k], p[k] = d.mean(), tested
    for (i, j), difference, adjusted in zip(pairs, means, benjamini_hochberg(p), strict=True):
        if adjusted <= ALPHA:
            winner, loser = (i, j) if difference > 0 else (j, i)
            beaten[loser] += 1
            beats[winner] += 1
    return beaten, beats


def _differences(tables: Sequence[pd.DataFrame], pairs: Sequence[tuple[int, int]]) -> Iterator[Floats]:
    """For each pair of runs the differences of the clean rate, one a cell that has a shot decided in both."""
    first = tables[0].set_index("shot_id")
    clean = np.stack([t.set_index("shot_id")[CLEAN].reindex(first.index).to_numpy(float) for t in tables])
    cell = first.groupby(["family", "seed"], sort=True).ngroup().to_numpy()
    for i, j in pairs:
        change = clean[i] - clean[j]
        known = ~np.isnan(change)
        sums, shots = np.bincount(cell[known], change[known]), np.bincount(cell[known])
        yield sums[shots > 0] / shots[shots > 0]


def _means(table: pd.DataFrame, measures: Sequence[str]) -> dict[str, Mean]:
    return {measure: _mean(table, measure) for measure in measures}


def _families(table: pd.DataFrame) -> dict[str, Mean]:
    found, coverage = cells(table, CLEAN), table[CLEAN].notna().groupby(table["family"]).mean()
    return {
        str(family): _of_cells(found[found["family"] == family], CLEAN, float(share))
        for family, share in coverage.items()
    }


def _mean(table: pd.DataFrame, measure: str) -> Mean:
    return _of_cells(cells(table, measure), measure, float(table[measure].notna().mean()))


def _of_cells(found: pd.DataFrame, measure: str, coverage: float) -> Mean:
    """The mean of one measure over its cells; Wilson's interval for the clean rate."""
    values = found[measure].to_numpy(float)
    if measure == CLEAN:
        interval = wilson(float(values.sum()), len(values))
    else:
        interval = mean_interval(values, found["family"].to_numpy(str), (0.0, 1.0))
    return Mean(float(values.mean()) if len(values) else np.nan, interval, len(values), coverage)
