"""More figures: where evidence points in time, what controls add to the clean rate, coverage, calibration, sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from evals.certify.figures import ALL, CELL, Row, by, headline, paired, partners, rng, row, share
from evals.statistics import (
    Interval,
    Reliability,
    calibration_error,
    clustered_interval,
    mean_interval,
    reliability,
    wilson,
)
from probes.base import PROBES

BINS = 10
REASONS = 5  # why a probe abstained: the most frequent ones


def detections(readings: pd.DataFrame, probes: Sequence[str], frame: float) -> list[Row]:
    """Of twins on which a probe alarms: the share whose heaviest evidence overlaps the violation in time, give or take
    a frame (seconds), and the mean intersection over union of the two spans."""
    found = readings[(readings["what"] == "twin") & (readings["value"].astype(float) < 0.5)]
    found = found[found["start"].notna()].astype({"start": float, "end": float, "value": float})
    most = found[found["probe"].isin(headline(probes))].sort_values("value", kind="stable")
    most = most.drop_duplicates([*CELL, "name"]).assign(probe=ALL).sort_values([*CELL, "name"])
    rows = []
    for (sight, size, probe), part in by(pd.concat([most, found]), ["sight", "size", "probe"]):
        for kind in (None, *sorted(part["name"].unique())):
            some = part if kind is None else part[part["name"] == kind]
            start, end = some["start"].to_numpy(), some["end"].to_numpy()
            first, last = some["true_start"].to_numpy(float), some["true_end"].to_numpy(float)
            hits = ((start <= last + frame) & (end >= first - frame)).astype(float)
            common = np.clip(np.minimum(end, last) - np.maximum(start, first), 0.0, None)
            union = np.maximum(end, last) - np.minimum(start, first)
            iou = np.divide(common, union, out=hits.copy(), where=union > 0)
            what = {"sight": sight, "size": int(size), "probe": probe, "kind": kind}
            for measure, values in (("overlap", hits), ("time_iou", iou)):
                rows.append(row(measure, *share(values, some["family"].to_numpy(str)), len(some), len(some), **what))
    return rows


def contributions(clips: pd.DataFrame, probes: Sequence[str]) -> list[Row]:
    """The share of each control's clips that a probe would let count as clean, as a difference from the share of
    their valid takes. Besides the probe itself only adherence is asked: the script has to have taken place."""
    rows = []
    valid, controls = clips[clips["what"] == "valid"], clips[clips["what"] == "control"]
    for (sight, size, name), part in by(controls, ["sight", "size", "name"]):
        for probe in headline(probes):
            using = list(dict.fromkeys([probe, *(["adherence"] if "adherence" in probes else [])]))
            a = passes(part[using].to_numpy(float), using)
            b = passes(partners(part, valid, using), using)
            gap = a.astype(float) - b
            low, high = mean_interval(gap, part["family"].to_numpy(str), (-1.0, 1.0))
            what = {"sight": sight, "size": int(size), "probe": probe, "kind": name}
            rows.append(row("contribution", float(gap.mean()), Interval(low, high), len(gap), len(gap), **what)
                        | {"share": float(a.mean()), "valid_share": float(b.mean())})  # fmt: skip
    return rows


def passes(values: np.ndarray, probes: Sequence[str]) -> np.ndarray:
    """(N, P) -> (N,) bool: no probe alarms, and adherence, where it is asked, scored."""
    with np.errstate(invalid="ignore"):
        calm = ~(values < 0.5).any(1)
    if "adherence" in probes:
        calm &= np.isfinite(values[:, list(probes).index("adherence")])
    return np.asarray(calm)


def constant(clips: pd.DataFrame) -> list[Row]:
    """What the same arithmetic says of a score that is always the same."""
    twins = clips[clips["what"] == "twin"]
    same = np.full((len(twins), 1), 0.7)
    value = float(paired(same, same).mean()) if len(twins) else np.nan
    return [row("constant", value, Interval(value, value), len(twins), len(twins))]


def coverage(readings: pd.DataFrame) -> list[Row]:
    """Of valid takes and twins: how many a probe scored, and why not the others."""
    rows = []
    some = readings[readings["what"].isin(["valid", "twin"])]
    for (sight, size, probe), part in by(some, ["sight", "size", "probe"]):
        counts = part["status"].value_counts()
        reasons = part["reason"].dropna().value_counts(sort=False)
        most = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:REASONS]
        told = {key: int(counts.get(key, 0)) for key in ("scored", "unscored", "failed")}
        rows.append({"sight": sight, "size": int(size), "probe": probe, "n": len(part), **told,
                     "reasons": [[reason, int(count)] for reason, count in most]})  # fmt: skip
    return rows


def failures(readings: pd.DataFrame) -> list[Row]:
    """The share of readings, of whatever clip, in which a probe broke."""
    rows = []
    for (sight, size, probe), part in by(readings, ["sight", "size", "probe"]):
        broke, n = int((part["status"] == "failed").sum()), len(part)
        rows.append(row("failures", broke / n, wilson(broke, n), n, n, sight=sight, size=int(size), probe=probe))
    return rows


def calibration(clips: pd.DataFrame, probes: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """Expected calibration error of each probe on valid takes and twins of its kinds, and its reliability diagram.

    Both classes weigh the same, as in the fit of the tables.
    """
    rows, diagrams = [], []
    for (sight, size), part in by(clips, ["sight", "size"]):
        for probe in (name for name in probes if PROBES.load(name).kinds):
            some = part[
                (part["what"] == "valid") | ((part["what"] == "twin") & part["name"].isin(PROBES.load(probe).kinds))
            ]
            known = some[np.isfinite(some[probe].to_numpy(float))]
            true, told = (known["what"] == "valid").to_numpy(float), known[probe].to_numpy(float)
            if not 0 < true.sum() < len(true):
                continue
            weights = np.where(true > 0, 0.5 / true.sum(), 0.5 / (len(true) - true.sum()))
            names, family = np.unique(known["family"].to_numpy(str), return_inverse=True)
            each = [
                reliability(told[family == f], true[family == f], weights[family == f], BINS) for f in range(len(names))
            ]
            sums = np.stack([np.stack(bins) for bins in each])  # (families, 3, bins)
            bins = Reliability(*sums.sum(0))
            value = calibration_error(bins)
            interval = clustered_interval(value, lambda w, s=sums: _errors(w, s), len(names), rng(), (0.0, 1.0))  # type: ignore[misc]
            what = {"sight": sight, "size": int(size), "probe": probe}
            rows.append(row("calibration_error", value, interval, len(known), len(some), **what))
            diagrams.append(what | {key: list(v) for key, v in bins._asdict().items()})
    return rows, diagrams


def _errors(weights: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """(draws, families), (families, 3, bins) -> (draws,): calibration errors."""
    drawn = np.tensordot(weights, sums, axes=1)
    return np.abs(drawn[:, 1] - drawn[:, 2]).sum(1) / drawn[:, 0].sum(1)


def sight(seen: pd.DataFrame) -> list[Row]:
    """How well takes were seen: the mean over takes of each measure of acuity, by view."""
    rows = []
    for (name, size, measure), part in by(seen, ["sight", "size", "measure"]):
        for view, moving in ((ALL, (False, True)), ("still", (False,)), ("moving", (True,))):
            some = part[part["moving"].isin(moving)]
            if len(some):
                values: Any = some["value"].to_numpy(float)
                low_high = mean_interval(values, some["family"].to_numpy(str))
                rows.append(row(f"sight_{measure}", float(values.mean()), low_high, len(values), len(values),
                                sight=name, size=int(size), view=view, probe=None))  # fmt: skip
    return rows
