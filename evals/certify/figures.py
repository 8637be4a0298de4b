"""The figures of a certificate: pure functions from a table of readings to rows with n, value and interval.

A row tells its measure and of what it is: sight, size, view ("all", "still" or "moving" cameras), probe ("all": the
least of the headline's probes, as the clean rate has it) and kind (of violation, nuisance or control).
n: what the value rests on; of: what was looked at, scored or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from evals.certify.asking import LADDER
from evals.statistics import Floats, Interval, auroc, clustered_interval, mean_interval, spearman, wilson, wins
from probes.base import PROBES

Row = dict[str, Any]
ALL, OWN = "all", "own"
CELL = ["sight", "size", "family", "seed"]
VIEWS = {ALL: (False, True), "still": (False,), "moving": (True,)}
TIE = 1e-9
SHARE, SIGNED = (0.0, 1.0), (-1.0, 1.0)  # the ranges of what is measured


def rng() -> np.random.Generator:
    """The same for every figure, so that none depends on which others there are."""
    return np.random.default_rng(0)


def row(measure: str, value: float, interval: Interval, n: int, of: int, **what: Any) -> Row:
    """A figure; `what` says of what it is."""
    base = {"measure": measure, "sight": None, "size": None, "view": ALL, "probe": ALL, "kind": None, "own": False}
    return base | what | {"n": n, "of": of, "value": value, "low": interval.low, "high": interval.high}


def headline(probes: Sequence[str]) -> list[str]:
    """The probes that take part in the clean rate."""
    return [name for name in probes if PROBES.load(name).headline]


def owner(kind: str, probes: Sequence[str]) -> str | None:
    """The probe that a kind of violation belongs to: the first that says so, in the order of the registry."""
    return next((name for name in probes if kind in PROBES.load(name).kinds), None)


def wide(readings: pd.DataFrame) -> pd.DataFrame:
    """A row for each clip and kind of sight; a column of values for each probe, NaN unless scored."""
    key = [*CELL, "moving", "what", "name", "level"]
    values = readings.set_index([*key, "probe"])["value"].astype(float)
    return values.unstack("probe").reset_index().rename_axis(columns=None)


def least(values: Floats) -> Floats:
    """(N, P) -> (N,): the least value that is there; NaN where none is."""
    return np.where(np.isfinite(values).any(1), np.where(np.isfinite(values), values, np.inf).min(1), np.nan)


def paired(twins: Floats, valid: Floats) -> Floats:
    """(N, P) and (N, P) -> (N,): 1 where the twin scores lower than its valid take, 0.5 for a tie, 0 otherwise.

    Compared is the least over the probes that scored both; NaN where none did.
    """
    both = np.isfinite(twins) & np.isfinite(valid)
    a, b = (least(np.where(both, v, np.nan)) for v in (twins, valid))
    with np.errstate(invalid="ignore"):
        won = np.where(np.abs(a - b) < TIE, 0.5, (a < b).astype(float))
    return np.where(np.isfinite(a), won, np.nan)


def partners(clips: pd.DataFrame, valid: pd.DataFrame, probes: Sequence[str]) -> Floats:
    """(N, P): the values of each clip's valid take."""
    return clips[CELL].merge(valid[[*CELL, *probes]], on=CELL, how="left")[list(probes)].to_numpy(float)


def by(frame: pd.DataFrame, columns: list[str]) -> Iterator[tuple[Any, pd.DataFrame]]:
    """The rows that agree in some columns, in the order of these."""
    yield from frame.groupby(columns, sort=True)


def groups(clips: pd.DataFrame) -> Iterator[tuple[Row, pd.DataFrame]]:
    """The clips of each kind of sight and size, by view."""
    for (sight, size), some in by(clips, ["sight", "size"]):
        for view, moving in VIEWS.items():
            part = some[some["moving"].isin(moving)]
            if len(part):
                yield {"sight": sight, "size": int(size), "view": view}, part


def discrimination(clips: pd.DataFrame, probes: Sequence[str]) -> list[Row]:
    """Paired accuracy and AUROC of twins against valid takes: by kind and probe, and means over kinds.

    "own" marks a kind's own probe; a probe's mean is over the kinds that it estimates, that of "all" over all, that of
    "own" over all kinds that have a probe of their own, each by it.
    """
    rows: list[Row] = []
    for what, part in groups(clips):
        valid, twins = part[part["what"] == "valid"], part[part["what"] == "twin"]
        kinds = sorted(twins["name"].unique())
        for probe in (ALL, *probes):
            using = headline(probes) if probe == ALL else [probe]
            told = [k for k in kinds if probe == ALL or k in PROBES.load(probe).kinds]
            if what["view"] == ALL:
                for kind in kinds:
                    some = twins[twins["name"] == kind]
                    named = what | {"probe": probe, "kind": kind, "own": owner(kind, probes) == probe}
                    rows += _separation(some, valid, using, named)
            rows += _separation(twins[twins["name"].isin(told)], valid, using, what | {"probe": probe}, mean="_mean")
        rows += _by_owners(twins, valid, probes, what)
        if what["view"] == ALL:
            for kind in (k for k in kinds if owner(k, probes) is None):
                rows.append(row("paired", np.nan, Interval(np.nan, np.nan), 0, int((twins["name"] == kind).sum()),
                                **(what | {"probe": None, "kind": kind, "own": True})))  # fmt: skip
    return rows


def _by_owners(twins: pd.DataFrame, valid: pd.DataFrame, probes: Sequence[str], what: Row) -> list[Row]:
    """One row: paired accuracy, mean over kinds, each by its own probe."""
    found = []
    for probe in probes:
        some = twins[[owner(kind, probes) == probe for kind in twins["name"]]]
        won = paired(some[[probe]].to_numpy(float), partners(some, valid, [probe]))
        found.append(pd.DataFrame({"won": won, "name": some["name"].to_numpy(), "family": some["family"].to_numpy()}))
    many = pd.concat(found)
    if not len(many):
        return []
    names, family = np.unique(many["family"].to_numpy(str), return_inverse=True)
    won = many["won"].to_numpy(float)
    value, interval = mean_over(won, many["name"].to_numpy(str), family, len(names))
    return [row("paired_mean", value, interval, int(np.isfinite(won).sum()), len(won), **(what | {"probe": OWN}))]


def _separation(
    twins: pd.DataFrame, valid: pd.DataFrame, probes: Sequence[str], what: Row, mean: str = ""
) -> list[Row]:
    """Two rows, of one kind, or of the mean over kinds."""
    if not len(twins):
        return []
    a, b = twins[list(probes)].to_numpy(float), partners(twins, valid, probes)
    won = paired(a, b)
    names, family = np.unique(np.r_[twins["family"], valid["family"]].astype(str), return_inverse=True)
    family, theirs = family[: len(twins)], family[len(twins) :]
    kind = twins["name"].to_numpy(str)
    lows, highs = least(a), least(valid[list(probes)].to_numpy(float))
    known, spared = np.isfinite(lows), np.isfinite(highs)
    value, interval = mean_over(won, kind, family, len(names)) if mean else share(won, family)
    rows = [row(f"paired{mean}", value, interval, int(np.isfinite(won).sum()), len(won), **what)]
    value, interval = auroc_over(-lows[known], -highs[spared], kind[known], (family[known], theirs[spared]), len(names))
    rows.append(row(f"auroc{mean}", value, interval, int(known.sum()), len(known), **what))
    return rows


def share(values: Floats, family: np.ndarray) -> tuple[float, Interval]:
    """The mean of what is known of (N,) shares, and its interval."""
    known = np.isfinite(values)
    if not known.any():
        return np.nan, Interval(np.nan, np.nan)
    return float(values[known].mean()), mean_interval(values[known], family[known], SHARE)


def mean_over(values: Floats, kind: np.ndarray, family: np.ndarray, families: int) -> tuple[float, Interval]:
    """The mean over kinds of the mean of each, and its interval over families."""
    known = np.isfinite(values)
    if not known.any():
        return np.nan, Interval(np.nan, np.nan)
    names, k = np.unique(kind[known], return_inverse=True)
    sums, counts = np.zeros((families, len(names))), np.zeros((families, len(names)))
    np.add.at(sums, (family[known], k), values[known])
    np.add.at(counts, (family[known], k), 1.0)
    value = float((sums.sum(0) / counts.sum(0)).mean())
    there = np.unique(family[known])
    sums, counts = sums[there], counts[there]
    return value, clustered_interval(value, lambda w: _ratios(w @ sums, w @ counts), len(there), rng(), SHARE)


def auroc_over(
    positive: Floats, negative: Floats, kind: np.ndarray, family: tuple[np.ndarray, np.ndarray], families: int
) -> tuple[float, Interval]:
    """The mean over kinds of the AUROC of each kind's positives against all negatives, and its interval."""
    if not len(positive) or not len(negative):
        return np.nan, Interval(np.nan, np.nan)
    each = [positive[kind == k] for k in np.unique(kind)]
    value = float(np.mean([auroc(some, negative) for some in each]))
    won = [wins(positive[kind == k], negative, (family[0][kind == k], family[1]), families) for k in np.unique(kind)]

    def statistic(w: Floats) -> Floats:
        sums = [np.stack([((w @ m) * w).sum(1) for m in both]) for both in won]
        return _ratios(np.stack([s[0] for s in sums], 1), np.stack([s[1] for s in sums], 1))

    return value, clustered_interval(value, statistic, families, rng(), SHARE)


def _ratios(sums: Floats, counts: Floats) -> Floats:
    """(draws, kinds) -> (draws,): the mean over kinds of sum / count, of those kinds that were drawn."""
    there = counts > 0
    ratios = np.divide(sums, counts, out=np.zeros_like(sums), where=there)
    return np.asarray(ratios.sum(1) / np.maximum(there.sum(1), 1))


def alarms(clips: pd.DataFrame, probes: Sequence[str]) -> list[Row]:
    """Shares of valid takes with a value below 0.5: as they are, and after each nuisance."""
    rows = []
    for what, part in groups(clips[clips["what"].isin(["valid", "nuisance"])]):
        for probe in (ALL, *probes):
            values = least(part[headline(probes) if probe == ALL else [probe]].to_numpy(float))
            for name in dict.fromkeys(part["name"].sort_values()):
                some = values[(part["name"] == name).to_numpy()]
                known = some[np.isfinite(some)]
                hits, n = int((known < 0.5).sum()), len(known)
                rows.append(row("false_alarms", hits / n if n else np.nan, wilson(hits, n), n, len(some),
                                **(what | {"probe": probe, "kind": name or "clean"})))  # fmt: skip
    return rows


def ladders(clips: pd.DataFrame, probes: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """Score against severity, for each kind by its own probe and by "all"; and the curves.

    dose: Spearman's correlation (its sign turned) of severity and the mean score at each. dose_within: the mean over
    scenes of the correlation in each. A score that stays the same counts as 0.
    """
    rows, curves = [], []
    for (sight, size, kind), part in by(clips[clips["what"] == "rung"], ["sight", "size", "name"]):
        own = owner(kind, probes)
        for probe in dict.fromkeys([ALL, *([own] if own else [])]):
            scores, family, of = _scores(part, headline(probes) if probe == ALL else [probe])
            what = {"sight": sight, "size": int(size), "probe": probe, "kind": kind, "own": probe == own}
            n, within = len(scores), _response(scores)
            rows.append(row("dose", *_dose(scores, family), n, of, **what))
            mean = float(within.mean()) if n else np.nan
            rows.append(row("dose_within", mean, mean_interval(within, family, SIGNED), n, of, **what))
            if n:
                curves.append(what | {"n": n, "levels": list(LADDER), "means": list(scores.mean(0))})
    return rows, curves


def _response(scores: Floats) -> Floats:
    """(..., levels) -> (...): how strictly scores fall as severity rises, [-1, 1]."""
    return np.nan_to_num(-spearman(scores, np.array(LADDER)), nan=0.0)


def _dose(scores: Floats, family: np.ndarray) -> tuple[float, Interval]:
    """The response of the mean (N, levels) score, and its interval over families."""
    if not len(scores):
        return np.nan, Interval(np.nan, np.nan)
    names, there = np.unique(family, return_inverse=True)
    sums, counts = np.zeros((len(names), len(LADDER))), np.bincount(there).astype(float)
    np.add.at(sums, there, scores)
    value = float(_response(sums.sum(0)))
    return value, clustered_interval(
        value, lambda w: _response((w @ sums) / (w @ counts)[:, None]), len(names), rng(), SIGNED
    )


def _scores(rungs: pd.DataFrame, probes: Sequence[str]) -> tuple[Floats, np.ndarray, int]:
    """(N, levels) least scores of the ladders of which some probe scored all rungs, their families, and how many."""
    found, families, ladders = [], [], 0
    for (family, _), ladder in rungs.sort_values("level").groupby(["family", "seed"], sort=True):
        values = ladder[list(probes)].to_numpy(float)
        ladders += 1
        steady = np.isfinite(values).all(0)
        if len(values) == len(LADDER) and steady.any():
            found.append(values[:, steady].min(1))
            families.append(family)
    return np.array(found).reshape(-1, len(LADDER)), np.array(families, str), ladders
