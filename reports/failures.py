"""The failure explorer: every violation that was seen in some runs, to filter, play and export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from evals import console
from evals.outcomes import labels
from evals.store import Results, load
from reports import explorer
from reports.media import Media
from reports.page import provenance, words
from simulator.errors import UsageError

COLUMNS = (
    explorer.column("severity", "severity", "severity"),
    explorer.column("model", "model", filtered=True),
    explorer.column("family", "family", "words", filtered=True),
    explorer.column("probe", "probe", "probe", filtered=True),
    explorer.column("kind", "kind", "words", filtered=True),
    explorer.column("start", "from", "seconds"),
    explorer.column("end", "to", "seconds"),
    explorer.column("text", "evidence"),
)


def write(runs: Sequence[Results], out: Path) -> list[explorer.Row]:
    """Write index.html, failures.csv and media/ into `out`; returns one row a span."""
    media = Media(out)
    clips: dict[str, explorer.Row] = {}
    rows: list[explorer.Row] = []
    names = labels(runs)
    for run, name in zip(runs, names, strict=True):
        found = explorer.span_rows(run, name)
        clips |= explorer.clips(run, name, media, {row["shot"] for row in found})
        rows += found
    shots = sum(len(run.shots) for run in runs)
    lost = sum(int((run.clips["status"] == "failed").sum()) for run in runs)
    lead = f"{len(rows)} violations in {len(clips)} of {shots} shots. Choose one to see it; arrow keys go on."
    if lost:
        lead += f" {lost} clips could not be made and are not listed."
    out.mkdir(parents=True, exist_ok=True)
    explorer.to_csv(rows, COLUMNS, out / "failures.csv")
    explorer.write(
        out,
        "index.html",
        title="Failures",
        lead=lead,
        links=[{"href": "failures.csv", "text": "all as CSV"}],
        data={"columns": COLUMNS, "rows": rows, "clips": clips, "sort": "-severity", "noun": "violations"},
        runs=[provenance(run, name) for run, name in zip(runs, names, strict=True)],
    )
    return rows


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """`worldassay failures RUN ...`."""
    if not cfg["words"]:
        raise UsageError("give one or more run folders: worldassay failures runs/*")
    runs, out = [load(folder) for folder in cfg["words"]], Path(cfg["out"])
    if dry_run:
        rows = [row for run, name in zip(runs, labels(runs), strict=True) for row in explorer.span_rows(run, name)]
    else:
        rows = write(runs, out)
    if json_out:
        console.emit({"out": str(out), "violations": rows})
    screen = console.console(json_out)
    table = Table("severity", "model", "family", "evidence", box=None)
    for row in sorted(rows, key=lambda row: -row["severity"])[:8]:
        table.add_row(f"{row['severity']:.2f}", *(escape(words(row[k])) for k in ("model", "family", "text")))
    screen.print(table)
    screen.print(f"{len(rows)} violations; {'would write' if dry_run else 'page:'} {out / 'index.html'}", markup=False)
    return 0
