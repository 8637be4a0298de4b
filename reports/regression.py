"""The regression report of two runs: what got better or worse, where, how sure that is, and the clips that show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import numpy as np
import pandas as pd
from rich.markup import escape
from rich.table import Table

from evals import console
from evals.comparison import BETTER, CLEAN, WORSE, Comparison, Row, compare
from evals.outcomes import HEADLINE, records
from evals.spec import write_json
from evals.statistics import MANY_FAMILIES
from evals.store import Results, load
from reports import explorer
from reports.media import Media
from reports.page import made, p_value, percent, points, provenance, words, write_page
from simulator.errors import UsageError

WORST, BEST = 6, 4  # pairs of clips on the page


def sentences(c: Comparison) -> list[str]:
    """The result in words: the clean rate first, then what else changed."""
    row = c.headline
    numbers = (
        f"{percent(row.mean_a)} to {percent(row.mean_b)} ({points(row.difference)} points, "
        f"95 % interval {points(row.low)} to {points(row.high)}, {row.n} cells)"
    )
    if row.n == 0:
        first = f"The clean rates of {c.label_a} and {c.label_b} cannot be compared: no shot is decided in both."
    elif row.verdict == BETTER:
        first = f"{c.label_b} is better than {c.label_a}: the clean rate rose from {numbers}."
    elif row.verdict == WORSE:
        first = f"{c.label_b} is worse than {c.label_a}: the clean rate fell from {numbers}."
    else:
        first = f"No change of the clean rate was found between {c.label_a} and {c.label_b}: {numbers}."
        if np.isfinite(row.detectable):
            first += f" A change of ±{100 * row.detectable:.1f} points would have been seen with a probability of 80 %."
    got = {verdict: [_name(r) for r in c.rows if r.verdict == verdict and r is not row] for verdict in (WORSE, BETTER)}
    others = [f"Got {verdict}: {', '.join(names)}." for verdict, names in got.items() if names]
    if not c.regressed:
        others.append("Nothing got worse beyond what chance explains.")
    return [first, *others]


def _name(row: Row) -> str:
    measure = "clean rate" if row.measure == CLEAN else row.measure
    return measure if row.family is None else f"{measure} in {words(row.family)}"


def document(c: Comparison) -> dict[str, Any]:
    """Everything that the page says, as data."""
    return {
        "a": c.label_a,
        "b": c.label_b,
        "verdict": c.verdict,
        "regressed": c.regressed,
        "sentences": sentences(c),
        "rows": [asdict(row) for row in c.rows],
        "counts": [asdict(count) | {"coverage": count.coverage} for count in c.counts],
        "spec_differences": list(c.spec_differences),
        "worst": [str(shot) for shot in c.worst(WORST)["shot_id"]],
    }


def markdown(c: Comparison) -> str:
    """The result as Markdown, for a pull request."""
    lines = [f"# {c.label_b} against {c.label_a}: {c.verdict}", "", *(f"{s}\n" for s in sentences(c))]
    lines += [
        f"| measure | family | cells | {_cell(c.label_a)} | {_cell(c.label_b)} | change | 95 % interval | adjusted p "
        "| detectable | verdict |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | --- |",
    ]
    for r in c.rows:
        known = f"±{100 * r.detectable:.1f}" if np.isfinite(r.detectable) else "–"
        lines.append(
            f"| {_cell('clean rate' if r.measure == CLEAN else r.measure)} | {_cell(r.family or 'all')} | {r.n} "
            f"| {percent(r.mean_a)} | {percent(r.mean_b)} | {points(r.difference)} "
            f"| {points(r.low)} to {points(r.high)} | {p_value(r.adjusted_p)} | {known} | {r.verdict} |"
        )
    lines += ["", "Changes are in points, paired by (family, seed) cell; p is adjusted for all rows.", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def junit(c: Comparison) -> str:
    """The result as JUnit XML: one case a row, failed where it got worse, skipped where no cell is scored in both."""
    cases = ElementTree.Element(
        "testsuite", name=f"{c.label_b} against {c.label_a}", tests=str(len(c.rows)),
        failures=str(sum(r.verdict == WORSE for r in c.rows)), skipped=str(sum(r.n == 0 for r in c.rows)),
    )  # fmt: skip
    for r in c.rows:
        case = ElementTree.SubElement(cases, "testcase", classname=r.family or "all families", name=r.measure)
        told = f"{points(r.difference)} points ({points(r.low)} to {points(r.high)}), p {p_value(r.adjusted_p)}"
        if r.verdict == WORSE:
            ElementTree.SubElement(case, "failure", message=f"got worse: {told}")
        elif r.n == 0:
            ElementTree.SubElement(case, "skipped", message="no cell is scored in both runs")
        else:
            ElementTree.SubElement(case, "system-out").text = f"{r.verdict}: {told}, {r.n} cells"
    ElementTree.indent(cases)
    return ElementTree.tostring(cases, encoding="unicode", xml_declaration=True) + "\n"


def write(a: Results, b: Results, out: Path) -> Comparison:
    """Write index.html, clips.html, report.json, report.md, junit.xml and media/ into `out`."""
    c = compare(a, b)
    media = Media(out)
    both = (a, c.label_a), (b, c.label_b)
    measured = list(dict.fromkeys(row.measure for row in c.rows if row.measure != CLEAN))
    runs = [provenance(a, c.label_a), provenance(b, c.label_b)]
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "report.json", console.plain(document(c)))
    (out / "report.md").write_text(markdown(c), encoding="utf-8")
    (out / "junit.xml").write_text(junit(c), encoding="utf-8")
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
        sentences=sentences(c),
        groups=[_group(c, family) for family in families],
        reach=min(1.0, np.ceil(10 * max([0.1, *bounds])) / 10),
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
    """`worldassay compare BASE CANDIDATE`: 1 if anything got worse, else 0."""
    if len(cfg["words"]) != 2:
        raise UsageError("give two run folders: worldassay compare BASE CANDIDATE")
    a, b = (load(folder) for folder in cfg["words"])
    out = Path(cfg["out"] or f"comparisons/{b.path.name}-vs-{a.path.name}")
    c = compare(a, b) if dry_run else write(a, b, out)
    if json_out:
        console.emit(document(c) | {"out": str(out)})
    screen = console.console(json_out)
    table = Table("measure", "cells", escape(c.label_a), escape(c.label_b), "change", "95 % interval", "", box=None)
    for r in c.rows:
        if r.family is None or r.verdict in (BETTER, WORSE):
            numbers = percent(r.mean_a), percent(r.mean_b), points(r.difference), f"{points(r.low)} to {points(r.high)}"
            mark, style = {BETTER: ("▲ better", "green"), WORSE: ("▼ worse", "red")}.get(r.verdict, ("", None))
            table.add_row(_name(r), str(r.n), *numbers, mark, style=style)
    screen.print(table)
    for line in sentences(c):
        screen.print(escape(line))
    screen.print(f"would write {out}" if dry_run else f"report: {out / 'index.html'}", markup=False)
    return int(c.regressed)
