"""Explorer data: rows to filter and sort, each with the clips that it speaks of and the evidence in them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from evals.comparison import Comparison
from evals.outcomes import HEADLINE, outcomes, probes, records
from evals.store import Results
from evals.store.clips import address
from reports.media import Media
from reports.page import made, to_json, write_page

Row = dict[str, Any]
VERDICTS = {1.0: "clean", 0.0: "unclean"}  # anything else: undecided


def column(key: str, label: str, kind: str = "text", *, filtered: bool = False, listed: bool = True) -> dict[str, Any]:
    """A column: in the list, or only to filter by.

    kind: text, words, number, score (in [0, 1]), change (in [-1, 1]), severity, seconds, verdict or probe.
    """
    return {"key": key, "label": label, "kind": kind, "filter": filtered, "listed": listed}


def clip_key(label: str, shot: str) -> str:
    """What a row names a clip by."""
    return f"{label}/{shot}"


def clips(run: Results, label: str, media: Media, shots: set[str] | None = None) -> dict[str, Row]:
    """The clips of a run (or only of `shots`) as the player wants them: link, frame rate, spans, readings in words."""
    wanted = [table if shots is None else table[table["shot_id"].isin(shots)] for table in (run.spans, run.readings)]
    order = {probe: i for i, probe in enumerate(probes(run))}
    ordered = wanted[1].drop(columns="measures").sort_values("probe", key=lambda n: n.map(order), kind="stable")
    spans, readings = _by_shot(wanted[0], _span), _by_shot(ordered, _reading)
    found = {}
    for row in records(outcomes(run)):
        shot = row["shot_id"]
        if shots is not None and shot not in shots:
            continue
        source = address(run.path, row["path"]) if row["status"] == "ok" else None
        found[clip_key(label, shot)] = {
            "label": label,
            "shot": shot,
            "prompt": _text(row["prompt"]),
            "src": media.add(source, row["digest"]) if source else None,
            "problem": _text(row["error"]) or f"no clip ({row['status']})",
            "verdict": VERDICTS.get(row["clean"], "undecided"),
            "fps": _number(row["fps"]),
            "spans": spans.get(shot, []),
            "readings": readings.get(shot, []),
        }
    return found


def span_rows(run: Results, label: str) -> list[Row]:
    """One row a span of a headline probe, worst first; context is no failure."""
    spans = (
        run.spans[run.spans["probe"].isin(HEADLINE)]
        .merge(run.shots, on="shot_id")
        .sort_values(["severity", "shot_id"], ascending=[False, True])
    )
    return [
        {
            "model": label, "family": r["family"], "seed": r["seed"], "mode": r["mode"], "probe": r["probe"],
            "kind": r["kind"], "start": r["start_s"], "end": r["end_s"], "severity": r["severity"], "text": r["text"],
            "shot": r["shot_id"], "clips": [clip_key(label, r["shot_id"])], "span": [r["probe"], r["position"]],
        }
        for r in records(spans)
    ]  # fmt: skip


def shot_rows(run: Results, label: str) -> list[Row]:
    """One row a shot, with the verdict and every probe's score."""
    names = probes(run)
    return [
        {
            "model": label, "family": r["family"], "seed": r["seed"], "mode": r["mode"],
            "clean": VERDICTS.get(r["clean"], "undecided"), **{p: _number(r[p]) for p in names}, "shot": r["shot_id"],
            "clips": [clip_key(label, r["shot_id"])],
        }
        for r in records(outcomes(run))
    ]  # fmt: skip


def pair_rows(comparison: Comparison, names: Sequence[str]) -> list[Row]:
    """One row a shot of both runs: verdicts and the change of every probe, the largest loss first."""
    a, b = comparison.label_a, comparison.label_b
    return [
        {
            "family": r["family"], "seed": r["seed"], "mode": r["mode"],
            "clean_a": VERDICTS.get(r["clean_a"], "undecided"), "clean_b": VERDICTS.get(r["clean_b"], "undecided"),
            "clean": _number(r["clean_b"] - r["clean_a"]), "change": _number(r["change"]),
            **{p: _number(r[f"{p}_b"] - r[f"{p}_a"]) for p in names}, "shot": r["shot_id"],
            "clips": [clip_key(a, r["shot_id"]), clip_key(b, r["shot_id"])],
        }
        for r in records(comparison.pairs.sort_values(["change", "shot_id"]))
    ]  # fmt: skip


def to_csv(rows: Sequence[Row], columns: Sequence[dict[str, Any]], path: Path) -> None:
    """The rows as CSV, numbers in full; text that a spreadsheet would run as a formula is quoted with '."""
    keys = list(dict.fromkeys([c["key"] for c in columns] + ["shot"]))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(keys)
    for row in rows:
        writer.writerow([f"'{v}" if isinstance(v := row[k], str) and v[:1] in "=+-@" and v else v for k in keys])
    path.write_text(out.getvalue(), encoding="utf-8")


def _by_shot(table: pd.DataFrame, made: Callable[[Row], Row]) -> dict[str, list[Row]]:
    """What is made of the rows of each shot, in their order."""
    found: dict[str, list[Row]] = {}
    for row in records(table):
        found.setdefault(row["shot_id"], []).append(made(row))
    return found


def _span(row: dict[str, Any]) -> Row:
    box = [row[k] for k in ("x0", "y0", "x1", "y1")]
    return {
        "probe": row["probe"], "position": row["position"], "kind": row["kind"], "start": row["start_s"],
        "end": row["end_s"], "box": None if any(_number(v) is None for v in box) else box,
        "severity": row["severity"], "text": row["text"],
    }  # fmt: skip


def _reading(row: dict[str, Any]) -> Row:
    value, reason = _number(row["value"]), _text(row["reason"])
    return {"probe": row["probe"], "value": value, "status": row["status"], "reason": reason}


def _number(value: Any) -> float | None:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return None if value is None or pd.isna(value) else float(value)


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def write(
    out: Path, name: str, *, title: str, lead: str, links: list[dict[str, str]], data: dict[str, Any], runs: list[Any]
) -> Path:
    """Write an explorer page; data: columns, rows, clips, sort (a column's key, "-" before it for descending), noun.

    clips: what `clips` gives, or several of that, each made when it is written. What is the same in every row is
    neither listed nor offered as a filter.
    """
    rows, columns = data["rows"], []
    choices = {c["key"]: sorted({str(row[c["key"]]) for row in rows}) for c in data["columns"] if c["filter"]}
    for c in data["columns"]:
        varied = len(choices.get(c["key"], "more than one")) > 1
        columns.append(c | {"filter": c["filter"] and varied, "listed": c["listed"] and varied})
    return write_page(
        out, name, "explorer.html.j2", title=title, lead=lead, links=links, columns=columns, choices=choices, runs=runs,
        made=made(), data=_pieces(data | {"columns": columns}),
    )  # fmt: skip


def _pieces(data: dict[str, Any]) -> Iterator[str]:
    """The data as JSON, in pieces: clips by the million need not be in memory together."""
    for i, (key, value) in enumerate(data.items()):
        yield f'{"," if i else "{"}"{key}":'
        if key != "clips" or isinstance(value, dict):
            yield to_json(value)
            continue
        yield "{"
        for k, part in enumerate(filter(None, value)):
            yield ("," if k else "") + to_json(part)[1:-1]
        yield "}"
    yield "}"
