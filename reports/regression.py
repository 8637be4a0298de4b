"""The regression report of two runs: what got better or worse, where, how sure that is, and the clips that show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
from rich.markup import escape
from rich.table import Table

from evals import baselines, console
from evals.comparison import BETTER, CLEAN, WORSE, Comparison, compare
from evals.gates import Gate
from evals.outcomes import HEADLINE, records
from evals.spec import write_json
from evals.statistics import MANY_FAMILIES
from evals.store import Results, load
from reports import explorer
from reports.media import Media
from reports.page import made, percent, points, provenance, write_page
from reports.regression_text import WORST, document, gate_says, junit, margin, markdown, name, sentences, shown
from simulator.errors import UsageError

BEST = 4  # pairs of clips on the page that won, beside WORST that lost


def write(a: Results, b: Results, out: Path, gate: Gate) -> Comparison:
    """Write index.html, clips.html, report.json, report.md, junit.xml and media/ into `out`."""
    c = compare(a, b, gate.margin, gate.margins)
    media = Media(out)
    both = (a, c.label_a), (b, c.label_b)
    measured = list(dict.fromkeys(row.measure for row in c.rows if row.measure != CLEAN))
    runs = [provenance(a, c.label_a), provenance(b, c.label_b)]
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "report.json", console.plain(document(c, gate)))
    (out / "report.md").write_text(markdown(c, gate), encoding="utf-8")
    (out / "junit.xml").write_text(junit(c, gate), encoding="utf-8")
    _write_clips(c, measured, (explorer.clips(run, label, media) for run, label in both), runs, out)
    worst, best = ([_pair(c, r) for r in records(t)] for t in (c.worst(WORST), c.best(BEST)))
    shown = {pair["shot"] for pair in worst + best}
    clips = {key: clip for run, label in both for key, clip in explorer.clips(run, label, media, shown).items()}
    families = dict.fromkeys(row.family for row in c.rows)
    bounds = [abs(v) for row in c.rows for v in (row.low, row.high) if np.isfinite(v)]
    write_page(
        out,
        "index.html",
        "regression.html.j2",
        c=c,
        sentences=[*sentences(c), gate_says(c, gate)],
        groups=[_group(c, family) for family in families],
        reach=min(1.0, np.ceil(10 * max([0.1, *bounds])) / 10),
        margin=margin,
        link=lambda row: urlencode({k: v for k, v in (("family", row.family), ("sort", row.measure)) if v}),
        worst=worst,
        best=best,
        counts=sorted(c.counts, key=lambda count: _order(count.of)),
        reasons=list(_reasons(a, c.label_a)) + list(_reasons(b, c.label_b)),
        many_families=len(families) > MANY_FAMILIES,
        runs=runs,
        data={"clips": clips},
        made=made(),
    )
    return c


def _write_clips(
    c: Comparison, measured: list[str], clips: Iterator[dict[str, Any]], runs: list[Any], out: Path
) -> None:
    columns = [
        explorer.column("shot", "shot", "words"),
        explorer.column("family", "family", "words", filtered=True, listed=False),
        explorer.column("mode", "mode", "words", filtered=True, listed=False),
        explorer.column("clean_a", c.label_a, "verdict", filtered=True),
        explorer.column("clean_b", c.label_b, "verdict", filtered=True),
        explorer.column("clean", "clean", "change"),
        *(explorer.column(p, p, "change") for p in measured),
        explorer.column("change", "mean", "change"),
    ]
    rows = explorer.pair_rows(c, measured)
    explorer.write(
        out,
        "clips.html",
        title=f"All clips: {c.label_b} against {c.label_a}",
        lead="One row a shot: both verdicts, and by how much each score changed. Choose a row to see both clips.",
        links=[{"href": "index.html", "text": "report"}],
        data={"columns": columns, "rows": rows, "clips": clips, "sort": "change", "noun": "pairs"},
        runs=runs,
    )


def _pair(c: Comparison, row: dict[str, Any]) -> dict[str, Any]:
    keys = [explorer.clip_key(label, row["shot_id"]) for label in (c.label_a, c.label_b)]
    return {"shot": row["shot_id"], "prompt": row["prompt"], "change": row["change"], "clips": keys}


def _group(c: Comparison, family: str | None) -> dict[str, Any]:
    rows = [r for r in c.rows if r.family == family]
    return {"family": family, "rows": rows, "found": any(r.verdict in (BETTER, WORSE) for r in rows)}


def _order(measure: str) -> tuple[int, str]:
    first = ("clip", CLEAN, *HEADLINE)
    return (first.index(measure) if measure in first else len(first)), measure


def _reasons(run: Results, label: str) -> Iterator[dict[str, Any]]:
    """Why probes gave no score, the most frequent reasons first."""
    without: pd.DataFrame = run.readings[run.readings["status"] != "scored"]
    counted = without.groupby(["probe", "reason"]).size().rename("shots").reset_index()
    for row in records(counted.sort_values("shots", ascending=False).head(8)):
        yield {"run": label, **row}


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """`worldassay compare BASE CANDIDATE`: 1 if the gate fails, else 0."""
    a, b = (load(folder) for folder in _folders(cfg["words"], cfg["baseline"], Path(cfg["runs"])))
    out, gate = Path(cfg["out"] or f"comparisons/{b.path.name}-vs-{a.path.name}"), Gate.from_config(cfg)
    c = compare(a, b, gate.margin, gate.margins) if dry_run else write(a, b, out, gate)
    if json_out:
        console.emit(document(c, gate) | {"out": str(out)})
    screen = console.console(json_out)
    head = ("measure", "cells", escape(c.label_a), escape(c.label_b), "change", "95 % interval", "", "no worse than by")
    table = Table(*head, box=None)
    for r in c.rows:
        if r.family is None or r.verdict in (BETTER, WORSE):
            numbers = percent(r.mean_a), percent(r.mean_b), points(r.difference), f"{points(r.low)} to {points(r.high)}"
            mark, style = {BETTER: ("▲ better", "green"), WORSE: ("▼ worse", "red")}.get(r.verdict, ("", None))
            table.add_row(name(r), str(r.n), *numbers, mark, f"{margin(r)}: {shown(r)}", style=style)
    screen.print(table)
    for line in [*sentences(c), gate_says(c, gate)]:
        screen.print(escape(line))
    screen.print(f"would write {out}" if dry_run else f"report: {out / 'index.html'}", markup=False)
    return int(any(gate.fails(row) for row in c.rows))


def _folders(words: Sequence[str], baseline: str | None, runs: Path) -> list[str | Path]:
    if baseline is not None and len(words) == 1:
        return [baselines.find(runs, str(baseline)), words[0]]
    if baseline is not None or len(words) != 2:
        raise UsageError("give two run folders: worldassay compare BASE CANDIDATE; or baseline=NAME CANDIDATE")
    return list(words)
