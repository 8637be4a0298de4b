"""The leaderboard of runs of one suite: ranks with ties, intervals, coverage, and every clip behind every number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.markup import escape
from rich.table import Table

from evals import console
from evals.comparison import CLEAN
from evals.outcomes import HEADLINE, labels
from evals.ranking import MIN_COVERAGE, Entry, rank
from evals.spec import write_json
from evals.store import Results, load
from reports import explorer
from reports.media import Media
from reports.page import made, percent, provenance, write_page
from simulator.errors import UsageError


def place(entry: Entry) -> str:
    """The rank in words: "1", "2–3" where the tests leave more than one open, "control", "–" under the coverage."""
    if entry.control:
        return "control"
    if entry.rank is None:
        return "–"
    return str(entry.rank) if entry.rank == entry.last else f"{entry.rank}–{entry.last}"


def document(entries: Sequence[Entry]) -> dict[str, Any]:
    """Everything that the page says, as data."""
    listed = [asdict(entry) | {"place": place(entry), "coverage": entry.coverage} for entry in entries]
    for row in listed:
        for means in (row["means"], row["by_family"]):
            for mean in means.values():
                mean["low"], mean["high"] = mean.pop("interval")
    return {"minimum_coverage": MIN_COVERAGE, "entries": listed}


def markdown(entries: Sequence[Entry]) -> str:
    """The table as Markdown."""
    probes = _probes(entries)
    lines = [
        f"| rank | model | clean rate | 95 % interval | cells | coverage | {' | '.join(probes)} |",
        f"| --- | --- | ---: | --- | ---: | ---: |{' ---: |' * len(probes)}",
    ]
    for e in entries:
        clean = e.means[CLEAN]
        means = [f"{percent(e.means[p].value)} (n={e.means[p].cells})" if p in e.means else "–" for p in probes]
        name = e.label.replace("|", "\\|").replace("<", "&lt;")
        lines.append(
            f"| {place(e)} | {name} | {percent(clean.value)} | {percent(clean.interval.low)} to "
            f"{percent(clean.interval.high)} | {clean.cells} | {percent(clean.coverage)} | {' | '.join(means)} |"
        )
    return "\n".join(["# Leaderboard", "", *lines, ""])


def _probes(entries: Sequence[Entry]) -> list[str]:
    """Those of the headline, which is what the table is of; others are context, and stand beside the clips."""
    return [probe for probe in HEADLINE if any(probe in e.means for e in entries)]


def write(runs: Sequence[Results], out: Path) -> list[Entry]:
    """Write index.html, clips.html, leaderboard.json, leaderboard.md and media/ into `out`."""
    entries = rank(runs)
    names = labels(runs)
    media = Media(out)
    clips = (explorer.clips(run, name, media) for run, name in zip(runs, names, strict=True))
    rows = [row for run, name in zip(runs, names, strict=True) for row in explorer.shot_rows(run, name)]
    probes = _probes(entries)
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "leaderboard.json", console.plain(document(entries)))
    (out / "leaderboard.md").write_text(markdown(entries), encoding="utf-8")
    sources = [provenance(run, name) for run, name in zip(runs, names, strict=True)]
    columns = [
        explorer.column("model", "model", filtered=True),
        explorer.column("shot", "shot", "words"),
        explorer.column("family", "family", "words", filtered=True, listed=False),
        explorer.column("mode", "mode", "words", filtered=True, listed=False),
        explorer.column("clean", "verdict", "verdict", filtered=True),
        *(explorer.column(p, p, "score") for p in dict.fromkeys(m for e in entries for m in e.means if m != CLEAN)),
    ]
    explorer.write(
        out,
        "clips.html",
        title="All clips",
        lead="One row a shot of every model, with its verdict and its scores. Choose a row to see the clip.",
        links=[{"href": "index.html", "text": "leaderboard"}],
        data={"columns": columns, "rows": rows, "clips": clips, "sort": "model", "noun": "clips"},
        runs=sources,
    )
    write_page(
        out,
        "index.html",
        "leaderboard.html.j2",
        entries=entries,
        place=place,
        probes=probes,
        families=list(entries[0].by_family),
        suite=runs[0].spec.get("suite", {}).get("name"),
        size=_size(runs[0]),
        shots=len(runs[0].shots),
        minimum=MIN_COVERAGE,
        link=lambda **keys: urlencode(keys),
        runs=sources,
        made=made(),
    )
    return entries


def _size(run: Results) -> str | None:
    """E.g. 64×64 where all shots have one size, else None."""
    sizes = run.shots[["width", "height"]].drop_duplicates().dropna()
    return f"{int(sizes['width'].iloc[0])}×{int(sizes['height'].iloc[0])}" if len(sizes) == 1 else None


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """`worldassay leaderboard RUN RUN ...`."""
    if not cfg["words"]:
        raise UsageError("give run folders: worldassay leaderboard runs/*")
    runs, out = [load(folder) for folder in cfg["words"]], Path(cfg["out"])
    entries = rank(runs) if dry_run else write(runs, out)
    if json_out:
        console.emit(document(entries) | {"out": str(out)})
    screen = console.console(json_out)
    table = Table("rank", "model", "clean rate", "95 % interval", "cells", "coverage", box=None)
    for e in entries:
        clean = e.means[CLEAN]
        interval = f"{percent(clean.interval.low)} to {percent(clean.interval.high)}"
        numbers = percent(clean.value), interval, str(clean.cells), percent(clean.coverage)
        table.add_row(place(e), escape(e.label), *numbers, style="dim" if e.control else None)
    screen.print(table)
    screen.print(f"would write {out}" if dry_run else f"leaderboard: {out / 'index.html'}", markup=False)
    return 0
