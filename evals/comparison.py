"""Comparison of two runs of one suite: what got better or worse, where, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evals.likeness import refuse_unlike
from evals.outcomes import HEADLINE, cells, labels, outcomes, probes
from evals.spec import differences
from evals.statistics import (
    ALPHA,
    MARGIN,
    Floats,
    adjusted,
    mean_interval,
    no_worse,
    sign_flip_tests,
    smallest_detectable,
)
from simulator.errors import unknown

if TYPE_CHECKING:
    from evals.store import Results

BETTER, WORSE, MIXED, UNCHANGED = "better", "worse", "mixed", "no change found"
CLEAN = "clean"  # the measure that comes first: the clean rate


@dataclass(frozen=True)
class Row:
    """One measure of A against B, over cells that both have; differences are B - A, so that a positive one is good.

    family: None for all families together. adjusted_p: of the row among all rows of the comparison; the verdict rests
    on it. detectable: the smallest change that this row, alone, would have shown with a probability of 80 %.
    margin: the drop that is said not to matter; no_worse: whether it is shown that B is worse by less than that.
    """

    measure: str
    family: str | None
    n: int
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p: float
    adjusted_p: float
    verdict: str
    detectable: float
    margin: float
    no_worse: bool


@dataclass(frozen=True)
class Count:
    """What became of the shots of one run: scored by a probe, not scored, failed, or without any reading.

    of: a probe; "clip" (generated or failed); "clean" (decided or undecided).
    """

    run: str
    of: str
    scored: int
    unscored: int
    failed: int
    missing: int

    @property
    def coverage(self) -> float:
        """The share that is scored; NaN without shots."""
        total = self.scored + self.unscored + self.failed + self.missing
        return self.scored / total if total else np.nan


@dataclass(frozen=True)
class Comparison:
    """B against A. `pairs` has one row a shot: its columns of A and of B with `_a` and `_b`; `change`, the mean
    difference over the headline probes that scored both (NaN where none did); `flip`, 1 where an unclean clip became
    clean, -1 for the reverse, else 0."""

    label_a: str
    label_b: str
    rows: tuple[Row, ...]
    counts: tuple[Count, ...]
    pairs: pd.DataFrame
    spec_differences: tuple[str, ...]

    @property
    def headline(self) -> Row:
        """The clean rate over all families."""
        return next(row for row in self.rows if row.measure == CLEAN and row.family is None)

    @property
    def verdict(self) -> str:
        """What the rows say together: better, worse, mixed where some rows are either, or no change found."""
        found = {row.verdict for row in self.rows} & {BETTER, WORSE}
        return MIXED if len(found) == 2 else found.pop() if found else UNCHANGED

    @property
    def regressed(self) -> bool:
        """Whether anything got worse."""
        return any(row.verdict == WORSE for row in self.rows)

    def worst(self, count: int) -> pd.DataFrame:
        """The shots that lost most: clean ones that became unclean first, then by `change`."""
        lost = self.pairs[(self.pairs["change"] < 0) | (self.pairs["clean_b"] < self.pairs["clean_a"])]
        return lost.sort_values(["flip", "change", "shot_id"]).head(count)

    def best(self, count: int) -> pd.DataFrame:
        """The shots that won most: unclean ones that became clean first, then by `change`."""
        won = self.pairs[(self.pairs["change"] > 0) | (self.pairs["clean_b"] > self.pairs["clean_a"])]
        return won.sort_values(["flip", "change", "shot_id"], ascending=[False, False, True]).head(count)


def compare(a: Results, b: Results, margin: float = MARGIN, margins: Mapping[str, float] | None = None) -> Comparison:
    """B against A: paired by shot, averaged by (family, seed) cell, tested by sign flips.

    A row is "better" or "worse" where its adjusted p is at most 5 %. Half of that error is spent on the rows over all
    families and half on the rows of single families, each with Benjamini and Hochberg's procedure, so that two runs of
    one model show any change in at most 5 % of comparisons.

    margin: the drop that is said not to matter, in [0, 1]; margins: by measure ("clean" or a probe), where it is
    another. Whether B is shown to be no worse than by it is told of each row looked at alone.

    Probes that are not of the headline are context: they are not compared.

    Raises:
        UsageError: the runs asked or measured different things, the message lists what differs; or a margin of
            something that is not compared.
    """
    refuse_unlike(a, b)
    measures = [CLEAN, *(p for p in dict.fromkeys(probes(a) + probes(b)) if p in HEADLINE)]
    for name in margins or {}:
        if name not in measures:
            raise unknown("measure", name, measures)
    allowed = dict.fromkeys(measures, margin) | dict(margins or {})
    pairs = _pairs(a, b, measures)
    paired = {m: cells(pairs, m, f"{m}_a", f"{m}_b") for m in measures}
    families = sorted(pairs["family"].unique())
    groups = [[None], families] if len(families) > 1 else [[None]]
    found: list[list[Row]] = []
    for group in groups:
        parts = [(m, f, _part(paired[m], f)) for f in group for m in measures]
        p = _tested([part[m].to_numpy(float) for m, _, part in parts])
        alpha = ALPHA / len(groups) / len(parts)
        found.append([_row(part, m, f, allowed[m], alpha, float(q)) for (m, f, part), q in zip(parts, p, strict=True)])
    corrected = adjusted([np.array([row.p for row in rows]) for rows in found])
    judged = [_judged(r, float(q)) for rows, qs in zip(found, corrected, strict=True)
              for r, q in zip(rows, qs, strict=True)]  # fmt: skip
    label_a, label_b = labels([a, b])
    return Comparison(
        label_a,
        label_b,
        tuple(judged),
        tuple(_counts(a, label_a, measures[1:]) + _counts(b, label_b, measures[1:])),
        pairs.drop(columns=measures),
        tuple(differences(a.spec, b.spec)),
    )


def _pairs(a: Results, b: Results, measures: list[str]) -> pd.DataFrame:
    """One row a shot: `shots`' columns, both runs' outcomes with `_a` and `_b`, differences by measure, `change`."""
    asked = list(a.shots.columns)
    tables = [outcomes(run).reindex(columns=[*asked, "status", "digest", "path", "error", *measures]) for run in (a, b)]
    right = tables[1].drop(columns=[c for c in asked if c != "shot_id"])
    pairs = tables[0].merge(right, on="shot_id", suffixes=("_a", "_b"))
    for measure in measures:
        pairs[measure] = pairs[f"{measure}_b"] - pairs[f"{measure}_a"]
    pairs["change"] = pairs[[m for m in measures if m in HEADLINE]].mean(axis=1)
    pairs["flip"] = pairs[CLEAN].fillna(0.0)
    return pairs


def _part(paired: pd.DataFrame, family: str | None) -> pd.DataFrame:
    """A measure's cells, of one family or of all."""
    return paired if family is None else paired[paired["family"] == family]


def _tested(differences: list[Floats]) -> Floats:
    """p of the sign-flip test of each; NaN where there is no cell."""
    return np.where([len(d) > 0 for d in differences], sign_flip_tests(differences, seed=0), np.nan)


def _row(both: pd.DataFrame, measure: str, family: str | None, margin: float, alpha: float, p: float) -> Row:
    """One row, not yet judged, from its cells; alpha: the level at which it would count if no other row did."""
    d = both[measure].to_numpy(float)
    interval = mean_interval(d, both["family"].to_numpy(str), (-1.0, 1.0))
    mean_a, mean_b = (float(both[f"{measure}_{side}"].mean()) for side in "ab")
    seen, mean = smallest_detectable(d, alpha), (mean_a + mean_b) / 2
    return Row(
        measure, family, len(d), mean_a, mean_b, mean_b - mean_a, *interval, p, np.nan, UNCHANGED,
        seen if seen <= max(mean, 1 - mean) else np.nan, margin, no_worse(interval, margin),
    )  # fmt: skip


def _judged(row: Row, adjusted_p: float) -> Row:
    """The row with its adjusted p and its verdict."""
    sure = adjusted_p <= ALPHA
    verdict = UNCHANGED if not sure else BETTER if row.difference > 0 else WORSE
    return replace(row, adjusted_p=adjusted_p, verdict=verdict)


def _counts(run: Results, label: str, measured: list[str]) -> list[Count]:
    """What became of every shot: as a clip, in the clean rate, probe by probe."""
    table = outcomes(run)
    status, decided = table["status"].value_counts(), int(table[CLEAN].notna().sum())
    counts = [
        Count(label, "clip", int(status.get("ok", 0)), 0, int(status.get("failed", 0)), int(status.get("missing", 0))),
        Count(label, CLEAN, decided, len(table) - decided, 0, 0),
    ]
    for probe in measured:
        of = run.readings.loc[run.readings["probe"] == probe, "status"]
        scored, unscored, failed = (int((of == s).sum()) for s in ("scored", "unscored", "failed"))
        counts.append(Count(label, probe, scored, unscored, failed, len(table) - len(of)))
    return counts
