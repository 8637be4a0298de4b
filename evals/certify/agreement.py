"""Probes against labels: AUROC, the same among clips that move equally, and what is left when motion is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from evals.certify.cells import Line
from evals.certify.figures import ALL, Row, headline, least, row
from evals.certify.labelled import Labels, keys
from evals.statistics import (
    Floats,
    Interval,
    clustered_interval,
    fisher_interval,
    partial_spearman,
    spearman,
    wilson,
    wins,
)

STRATA = (4, 10)  # of equal motion, by its quantiles: at least and at most
A_STRATUM = 20  # clips, as far as these numbers allow
BLOCKS = 500  # of clips that are drawn together, so that any number fits
MEAN = "mean"  # of the headline's probes; "all" is their least


def values(lines: Sequence[Line], probes: tuple[str, ...]) -> dict[str, Floats]:
    """The scores (N,) of each probe and of the two combinations, NaN unless scored."""
    names = keys(probes)
    each = {
        p: np.array([line["answers"].get(names[p], {}).get("value", np.nan) for line in lines], float) for p in probes
    }
    many = np.stack([each[p] for p in headline(probes)], 1) if headline(probes) else np.full((len(lines), 1), np.nan)
    known = np.isfinite(many)
    mean = np.where(known, many, 0.0).sum(1) / np.maximum(known.sum(1), 1)
    return {ALL: least(many), MEAN: np.where(known.any(1), mean, np.nan), **each}


def strata(motion: Floats) -> np.ndarray:
    """(N,) the stratum of equal motion that each clip is in, from 0; all hold as many clips."""
    known = motion[np.isfinite(motion)]
    count = int(np.clip(len(known) // A_STRATUM, *STRATA))
    edges = np.quantile(known, np.arange(1, count) / count) if len(known) else np.empty(0)
    return np.searchsorted(edges, motion, side="right")


def separation(low: Floats, violated: np.ndarray, strata: np.ndarray) -> tuple[float, Interval]:
    """The chance that a violated clip has a lower value than a clean one of the same stratum, and its interval.

    Clips are resampled.
    """
    block = np.arange(len(low)) % BLOCKS
    won, pairs = np.zeros((2, BLOCKS, BLOCKS))
    for s in np.unique(strata):
        bad, good = violated & (strata == s), ~violated & (strata == s)
        if bad.any() and good.any():
            more = wins(-low[bad], -low[good], (block[bad], block[good]), BLOCKS)
            won, pairs = won + more[0], pairs + more[1]
    n = min(BLOCKS, len(low))
    won, pairs = won[:n, :n], pairs[:n, :n]
    if not pairs.sum():
        return np.nan, Interval(np.nan, np.nan)

    def statistic(w: Floats) -> Floats:
        total = ((w @ pairs) * w).sum(1)
        return np.divide(((w @ won) * w).sum(1), total, out=np.full(len(w), np.nan), where=total > 0)

    value = float(won.sum() / pairs.sum())
    return value, clustered_interval(value, statistic, n, np.random.default_rng(0), (0.0, 1.0))


def figures(labels: Labels, lines: Sequence[Line], probes: tuple[str, ...], generated: str) -> list[Row]:
    """All rows. A positive correlation means that what scores higher is cleaner."""
    violated = np.array([v.violated for v in labels.videos])
    told = {key: np.array([line.get(key, np.nan) for line in lines], float) for key in ("motion", "seconds", "pixels")}
    scores, equal = values(lines, probes), strata(told["motion"])
    others = np.stack(list(told.values()), 1)
    rows: list[Row] = []
    for probe, value in {**scores, "motion": -told["motion"]}.items():
        known = np.isfinite(value)
        what: dict[str, Any] = {"probe": probe}
        rows.append(_auroc("labelled_auroc", value, violated, np.zeros(len(value), int), what))
        rows.append(_auroc("labelled_auroc_stratified", value, violated, equal, what))
        clean = (~violated)[known].astype(float)
        n = int(known.sum())
        plain = float(spearman(value[known], clean)) if n else np.nan
        rows.append(row("labelled_correlation", plain, fisher_interval(plain, n), n, len(value), **what))
        if probe != "motion":
            rest = partial_spearman(value[known], clean, others[known])
            rows.append(row("labelled_partial", rest, fisher_interval(rest, n, 3), n, len(value), **what))
        for measure, kind, some in _parts(labels):
            rows.append(_auroc(measure, value[some], violated[some], np.zeros(some.sum(), int), what | {"kind": kind}))
    _mark_best(rows)
    return rows + _alarms(labels, scores, generated)


def _parts(labels: Labels) -> Iterator[tuple[str, str, np.ndarray]]:
    """Violated videos with each type of failure among all clean ones; and the videos of each group among themselves."""
    for kind in sorted({t for v in labels.videos for t in v.types if v.violated}):
        yield "labelled_auroc", kind, np.array([not v.violated or kind in v.types for v in labels.videos])
    for group in sorted({v.group for v in labels.videos if v.group}):
        some = [v for v in labels.videos if v.group == group]
        if len({v.violated for v in some}) == 2:
            yield "labelled_auroc_in_group", group, np.array([v.group == group for v in labels.videos])


def _auroc(measure: str, value: Floats, violated: np.ndarray, strata: np.ndarray, what: dict[str, Any]) -> Row:
    known = np.isfinite(value)
    told, interval = separation(value[known], violated[known], strata[known])
    counts = {"violated": int((known & violated).sum()), "clean": int((known & ~violated).sum())}
    return row(measure, told, interval, int(known.sum()), len(value), **what) | counts


def _mark_best(rows: list[Row]) -> None:
    """Mark the better of the two combinations, by AUROC."""
    both = {r["probe"]: r["value"] for r in rows
            if r["measure"] == "labelled_auroc" and r["kind"] is None and r["probe"] in (ALL, MEAN)}  # fmt: skip
    best = max(both, key=lambda probe: np.nan_to_num(both[probe], nan=-1.0))
    for r in rows:
        r["best"] = r["probe"] == best and r["kind"] is None


def _alarms(labels: Labels, scores: dict[str, Floats], generated: str) -> list[Row]:
    """Shares of clean clips with a value below 0.5, by group."""
    rows = []
    groups = {"every clip": [not v.violated for v in labels.videos]}
    named = sorted({v.group for v in labels.videos if v.group})
    if named:
        groups["not generated"] = [not v.violated and v.group != generated for v in labels.videos]
        groups |= {name: [not v.violated and v.group == name for v in labels.videos] for name in named}
    for name, which in groups.items():
        for probe, value in scores.items():
            some = value[np.array(which)]
            known = some[np.isfinite(some)]
            hits, n = int((known < 0.5).sum()), len(known)
            if len(some):
                rows.append(row("labelled_alarms", hits / n if n else np.nan, wilson(hits, n), n, len(some),
                                probe=probe, kind=name))  # fmt: skip
    return rows
