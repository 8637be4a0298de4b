"""What the statistics of a comparison promise, by simulation: coverage, false alarms, power, the size of equivalence.

Prints Markdown tables. Run: python -m benchmarks.verdicts
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from evals.statistics import (
    ALPHA,
    MANY_FAMILIES,
    Floats,
    Interval,
    adjusted,
    mean_interval,
    no_worse,
    sign_flip_tests,
    smallest_detectable,
    wilson,
)

CELLS, FAMILIES = (20, 60, 200, 500), (1, 6, 19)
AT_ONCE = 500  # tests in memory
PASSING, BROKEN = (0.6, 0.99), (0.01, 0.4)  # scores of a clip that a probe passes, and of one that it does not
Rng = np.random.Generator


class Shape(NamedTuple):
    """What cells are like: their mean by the effect of their family (0 +- 1), how they are drawn, their range."""

    mean: Callable[[Floats], Floats]
    draw: Callable[[Floats, Rng], Floats]
    bounds: tuple[float, float] = (-1.0, 1.0)


def _rate(share: float) -> Callable[[Floats], Floats]:
    return lambda effect: 1 / (1 + np.exp(-(np.log(share / (1 - share)) + 0.6 * effect)))


def _clean(share: float) -> Shape:
    return Shape(_rate(share), lambda e, rng: (rng.random(len(e)) < _rate(share)(e)).astype(float), (0.0, 1.0))


def _drops(share: float, gains: float) -> Shape:
    """Cells that lose 1 with the probability `share` (more in some families), or gain 1."""

    def draw(effect: Floats, rng: Rng) -> Floats:
        u = rng.random(len(effect))
        return (u > 1 - gains) * 1.0 - (u < share * np.exp(0.5 * effect))

    return Shape(lambda e: gains - share * np.exp(0.5 * e), draw)


SHAPES = {
    "normal": Shape(lambda e: 0.15 * e, lambda e, rng: rng.normal(0.15 * e, 0.3), (-np.inf, np.inf)),
    "skewed": Shape(lambda e: 0.03 * e, lambda e, rng: 0.03 * e + 0.1 - rng.exponential(0.1, len(e)), (-np.inf, 1.0)),
    "clean, 50 %": _clean(0.5),
    "clean, 90 %": _clean(0.9),
    "clean, 97 %": _clean(0.97),
    "1 in 20 lost, 1 in 20 won": _drops(0.05, 0.05),
    "1 in 20 lost": _drops(0.05, 0.0),
    "1 in 50 lost": _drops(0.02, 0.0),
}


def intervals(shape: Shape, families: int, cells: int, trials: int, seed: int = 0) -> tuple[float, list[Interval]]:
    """The true mean and the intervals of as many samples; many families are drawn anew with each sample."""
    rng = np.random.default_rng([seed, families, cells])
    group = np.arange(cells) % families
    names = np.array([f"family {g}" for g in group])
    nodes, weights = hermegauss(60)
    fixed = np.linspace(-1, 1, families) if families > 1 else np.zeros(1)
    many = families >= MANY_FAMILIES
    truth = shape.mean(nodes) @ weights / weights.sum() if many else shape.mean(fixed[group]).mean()
    found = []
    for _ in range(trials):
        effect = (rng.normal(size=families) if many else fixed)[group]
        found.append(mean_interval(shape.draw(effect, rng), names, shape.bounds))
    return float(truth), found


def coverage(shape: Shape, families: int, cells: int, trials: int) -> tuple[float, float]:
    """The share of intervals that hold the truth, and of those that show "no worse" where the drop is the margin."""
    truth, found = intervals(shape, families, cells, trials)
    held = np.mean([low <= truth <= high for low, high in found])
    return float(held), float(np.mean([no_worse(interval, -truth) for interval in found]))


class Runs(NamedTuple):
    """Scores of pairs of runs of one model: (pairs, 2, families, seeds, modes, probes); NaN where a probe abstained."""

    values: Floats

    @property
    def clean(self) -> Floats:
        """(pairs, 2, families, seeds, modes): 1, 0, or NaN where the last probe, adherence, abstained."""
        broken = (self.values < 0.5).any(-1)
        return np.where(np.isnan(self.values[..., -1]), np.nan, np.where(broken, 0.0, 1.0))


def runs(pairs: int, families: int, seeds: int, rng: Rng, quality: float = 0.8) -> Runs:
    """Runs of one model with seeds of its own: cells differ in difficulty, the same way for both of a pair."""
    shape = (pairs, 2, families, seeds, 2, 4)
    ease = rng.normal(0, 0.1, (pairs, 1, families, seeds, 1, 1))
    good = rng.random(shape) < np.clip(quality + ease, 0.02, 0.98)
    values = np.where(good, rng.uniform(*PASSING, shape), rng.uniform(*BROKEN, shape))
    return Runs(np.where(rng.random(shape) < 0.05, np.nan, values))


def differences(a: Floats, b: Floats) -> list[Floats]:
    """(pairs, families, seeds, modes) twice -> for each pair the mean differences of its cells, where known."""
    d = b - a
    known = ~np.isnan(d)
    cells = np.where(known, d, 0).sum(-1) / np.where(known.any(-1), known.sum(-1), np.nan)
    return [row[~np.isnan(row)] for row in cells.reshape(len(cells), -1)]


def p_values(found: Sequence[Floats]) -> Floats:
    """p of each, NaN of none."""
    parts = [sign_flip_tests(found[i : i + AT_ONCE], 0) for i in range(0, len(found), AT_ONCE)]
    return np.where([len(d) > 0 for d in found], np.concatenate(parts), np.nan)


def false_alarms(pairs: int, families: int, seeds: int) -> int:
    """How many of so many comparisons of a model with itself find any change, in any row."""
    drawn = runs(pairs, families, seeds, np.random.default_rng([1, families, seeds]))
    measures = [drawn.clean, *np.moveaxis(drawn.values, -1, 0)]
    overall = [p_values(differences(m[:, 0], m[:, 1])) for m in measures]
    single = [p_values(differences(m[:, 0, f : f + 1], m[:, 1, f : f + 1])) for m in measures for f in range(families)]
    rows = zip(np.transpose(overall), np.transpose(single), strict=True)
    return sum(any((q <= ALPHA).any() for q in adjusted(groups)) for groups in rows)


def power(pairs: int, families: int, seeds: int, measure: str, tests: int) -> tuple[float, float]:
    """The mean of the stated smallest detectable changes, where so much can be lost, and how often such a drop is found
    in other runs.

    measure: "clean" or "score". tests: among so many rows the row is tested, in one of two groups.
    """
    rng, alpha = np.random.default_rng([2, families, seeds, len(measure)]), ALPHA / 2 / tests
    before, after = (_measured(runs(pairs, families, seeds, rng, 0.9), measure) for _ in range(2))
    stated = np.array([smallest_detectable(d, alpha) for d in differences(before[:, 0], before[:, 1])])
    a, b = after[:, 0], after[:, 1]
    passing = b > 0.5
    size = 1.0 if measure == "clean" else np.mean(PASSING) - np.mean(BROKEN)
    loses = stated / (size * passing[~np.isnan(b)].mean())
    worse = rng.uniform(*BROKEN, b.shape) if measure == "score" else np.zeros(b.shape)
    found = differences(a, np.where(passing & (rng.random(b.shape) < loses[:, None, None, None]), worse, b))
    seen = (p_values(found) <= alpha) & np.array([d.mean() < 0 for d in found])
    possible = loses <= 1
    return (float(stated[possible].mean()), float(seen[possible].mean())) if possible.any() else (np.nan, np.nan)


def _measured(drawn: Runs, measure: str) -> Floats:
    return drawn.clean if measure == "clean" else drawn.values[..., 0]


def main() -> None:
    """Print the tables."""
    print("Coverage of 95 % intervals, and (size of the test of equivalence at the margin), in %; 1,000 samples each\n")
    print("| cells are | families |", *(f"{n} cells |" for n in CELLS), "\n| --- | ---: |", *("---: |" for _ in CELLS))
    for name, shape in SHAPES.items():
        for families in FAMILIES:
            shares = (coverage(shape, families, n, 1000) for n in CELLS)
            told = (f"{100 * held:.1f} ({100 * size:.1f}) |" for held, size in shares)
            print(f"| {name} | {families} |", *told, flush=True)
    print("\nComparisons of a model with itself that find any change in any row, of 2,000\n")
    print("| families x seeds | rows | alarms | % | 95 % interval |\n| --- | ---: | ---: | ---: | --- |")
    for families, seeds in ((2, 10), (6, 10), (19, 10)):
        alarms = false_alarms(2000, families, seeds)
        low, high = wilson(alarms, 2000)
        rows = 5 * (1 + families)
        print(f"| {families} x {seeds} | {rows} | {alarms} | {alarms / 20:.1f} | {100 * low:.1f} to {100 * high:.1f} |")
    print("\nDrops by the stated smallest detectable change that are found, of 1,000\n")
    print("| row | cells | stated, points | found, % |\n| --- | ---: | ---: | ---: |")
    for measure in ("clean", "score"):
        for families, seeds, tests in ((6, 4, 5), (6, 10, 5), (6, 34, 5), (1, 20, 30), (1, 50, 30)):
            stated, found = power(1000, families, seeds, measure, tests)
            where = "all families" if families > 1 else "one of six families"
            told = f"{100 * stated:.1f} | {100 * found:.1f}" if np.isfinite(stated) else "none | –"
            print(f"| {measure}, {where} | {families * seeds} | {told} |", flush=True)


if __name__ == "__main__":
    main()
