"""Outcomes: the stored rows of a run as one row a shot, and the mean of shots as cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from evals.store import Results

HEADLINE = ("permanence", "plausibility", "consistency3d", "adherence")
PASS = 0.5  # a probe that scores below says that the clip is more likely broken than not


def outcomes(results: Results) -> pd.DataFrame:
    """One row a shot, in the order of the store.

    Columns: those of `results.shots`; `status` ("ok", "failed", "missing") and `error` of the clip; one column a
    probe with its value (NaN where it gave none); `clean`: 1 clean, 0 unclean, NaN undecided.
    """
    table = results.shots.merge(results.clips[["shot_id", "status", "digest", "path", "error"]], "left", "shot_id")
    table["status"] = table["status"].fillna("missing")
    readings = results.readings
    scored = readings[readings["status"] == "scored"]
    values = scored.pivot(index="shot_id", columns="probe", values="value").astype(float)
    for probe in probes(results):
        table[probe] = table["shot_id"].map(values[probe]) if probe in values else np.nan
    table["clean"] = _clean(table)
    return table


def probes(results: Results) -> list[str]:
    """The run's probes, headline probes first."""
    names = list(results.readings["probe"].unique())
    return [p for p in HEADLINE if p in names] + sorted(set(names) - set(HEADLINE))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dicts by column."""
    names = [str(column) for column in table.columns]
    values = (table[column].astype(object).tolist() for column in table.columns)  # several times as fast as to_dict
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def labels(runs: Sequence[Results]) -> list[str]:
    """A name for each run, no two alike: its model's label; with the root seed, the folder, a number where needed."""
    names = [str(run.spec["model"]["label"]) for run in runs]
    for more in (
        [f"seed {run.spec.get('seed')}" for run in runs],
        [run.path.name for run in runs],
        [f"run {i + 1}" for i in range(len(runs))],
    ):
        told: dict[str, set[str]] = {}
        for name, what in zip(names, more, strict=True):
            told.setdefault(name, set()).add(what)
        names = [f"{n} ({m})" if len(told[n]) > 1 else n for n, m in zip(names, more, strict=True)]
    return names


def _clean(table: pd.DataFrame) -> pd.Series:
    """1, 0 or NaN a shot; a clip that a model failed to give is unclean, a stranger's file that cannot be read is not.

    A shot without a score of adherence is undecided, broken or not: if only the broken ones counted, every set of
    clips whose scripts are unknown would have a clean rate of zero.
    """
    judged = table[[p for p in HEADLINE if p in table]]
    failed = (table["status"] == "failed") & (table["family"] != "")
    known = failed | (table["adherence"].notna() if "adherence" in table else False)
    broken = failed | (judged < PASS).any(axis=1)
    return pd.Series(np.where(known, np.where(broken, 0.0, 1.0), np.nan), table.index)


def cells(table: pd.DataFrame, *measures: str) -> pd.DataFrame:
    """Means of `measures` over the shots of each (family, seed) that have the first one: family, seed, the measures."""
    known = table[table[measures[0]].notna()]
    return known.groupby(["family", "seed"], sort=True)[list(measures)].mean().reset_index()
