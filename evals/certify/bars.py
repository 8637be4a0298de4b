"""The bars that a certificate has to reach, and whether it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from evals.certify.asking import NUISANCES
from evals.certify.figures import ALL, Row

COVERED = 0.5  # of what was looked at: where less was scored, no bar holds
ANY = {"sight": "classical", "view": ALL, "probe": ALL}
OWN = {"sight": "classical", "view": ALL, "own": True}
BEST = {"best": True}


class Bar(NamedTuple):
    """What the figures that match `where` have to reach; sign: 1 at least, -1 at most, 0 exactly."""

    measure: str
    where: Mapping[str, Any]
    sign: int
    value: float
    words: str


BARS = (
    Bar("paired_mean", ANY | {"sight": "oracle"}, 1, 0.95, "paired accuracy, oracle sight"),
    Bar("paired_mean", ANY | {"view": "still"}, 1, 0.90, "paired accuracy, still cameras"),
    Bar("paired_mean", ANY | {"view": "moving"}, 1, 0.80, "paired accuracy, moving cameras"),
    Bar("auroc_mean", ANY, 1, 0.90, "AUROC"),
    Bar("paired", OWN, 1, 0.75, "paired accuracy of each kind by its own probe"),
    Bar("false_alarms", ANY | {"kind": "clean"}, -1, 0.02, "false alarms on valid takes"),
    *(Bar("false_alarms", ANY | {"kind": name}, -1, 0.05, f"false alarms after {name}") for name in NUISANCES),
    Bar("dose", OWN, 1, 0.8, "score against severity of each kind by its own probe"),
    Bar("overlap", ANY | {"kind": None}, 1, 0.8, "evidence overlaps the violation in time"),
    Bar("contribution", {"sight": "classical"}, -1, 0.0, "no control is clean more often than valid takes"),
    Bar("constant", {}, 0, 0.5, "paired accuracy of a constant score"),
    Bar("failures", {}, -1, 0.0, "no probe breaks on any clip"),
    Bar("labelled_auroc", BEST, 1, 0.70, "AUROC on labelled videos"),
    Bar("labelled_auroc_stratified", BEST, 1, 0.65, "AUROC on labelled videos within equal motion"),
    Bar("labelled_alarms", {"probe": ALL, "kind": "not generated"}, -1, 0.10, "alarms on clean videos no model made"),
)


def judge(rows: Iterable[Row], size: int | None) -> list[Row]:
    """The rows with `bar`, `sign`, `words` and `holds`, None where there is no bar; simulated ones only at `size`."""
    return [r | _held(r, next((b for b in BARS if _meant(b, r, size)), None)) for r in rows]


def _meant(bar: Bar, row: Row, size: int | None) -> bool:
    at_size = row["size"] in (None, size)
    return row["measure"] == bar.measure and at_size and all(row.get(k) == v for k, v in bar.where.items())


def _held(row: Row, bar: Bar | None) -> Row:
    if bar is None:
        return {"bar": None, "sign": None, "words": None, "holds": None}
    value = row["value"]
    reached = {1: value >= bar.value, -1: value <= bar.value, 0: value == bar.value}[bar.sign]
    enough = row["n"] > 0 and row["n"] >= COVERED * row["of"] and np.isfinite(value)
    return {"bar": bar.value, "sign": bar.sign, "words": bar.words, "holds": bool(reached and enough)}


def summary(rows: Iterable[Row]) -> list[Row]:
    """A line for each bar that something was measured for: of how many figures it is asked, and which miss it.

    Value, interval and n are those of the figure, where there is one only.
    """
    asked: dict[str, list[Row]] = {}
    for r in rows:
        if r["holds"] is not None:
            asked.setdefault(r["words"], []).append(r)
    lines = []
    for bar in BARS:
        some = asked.get(bar.words, [])
        if some:
            missed = [{k: r[k] for k in ("probe", "kind", "value", "n", "of")} for r in some if not r["holds"]]
            only = {k: some[0][k] if len(some) == 1 else None for k in ("value", "low", "high", "n", "of")}
            lines.append(
                {"words": bar.words, "bar": bar.value, "sign": bar.sign, "asked": len(some), "missed": missed} | only
            )
    return lines
