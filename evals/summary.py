"""What a run came to: one line a probe, and the clean rate with its coverage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals import outcomes
from evals.store import Results, load


def summarise(results: Results) -> dict[str, Any]:
    """The run in figures; a mean is over scored shots only and None where there are none."""
    table = outcomes.outcomes(results)
    readings = results.readings
    probes = {}
    for name in outcomes.probes(results):
        mine = readings[readings["probe"] == name]
        counts = mine["status"].value_counts()
        probes[name] = {
            "mean": table[name].mean() if table[name].notna().any() else None,
            **{status: int(counts.get(status, 0)) for status in ("scored", "unscored", "failed")},
        }
    judges = [name for name in probes if name in outcomes.HEADLINE]
    decided, there = table["clean"].notna(), table[table["status"] == "ok"]
    return {
        "run": str(results.path),
        "label": results.spec["model"]["label"],
        "shots": len(table),
        "clips": {s: int((table["status"] == s).sum()) for s in ("ok", "failed", "missing")},
        "probes": probes,
        "clean_rate": table["clean"].mean() if decided.any() else None,
        "coverage": float(decided.mean()) if len(table) else None,
        "intact": float((~(there[judges] < outcomes.PASS).any(axis=1)).mean()) if len(there) else None,
        "errors": dict(table.loc[table["status"] == "failed", ["shot_id", "error"]].itertuples(index=False)),
    }


def incomplete(summary: dict[str, Any]) -> bool:
    """Whether some clip or some reading failed."""
    clips = summary["clips"]
    return bool(clips["failed"] or clips["missing"] or any(p["failed"] for p in summary["probes"].values()))


def _bar(value: float | None, width: int = 20) -> str:
    if value is None:
        return "[dim]no score[/]"
    full = round(value * width)
    return f"[{_hue(value)}]{'█' * full}[/][dim]{'░' * (width - full)}[/] {value:.3f}"


def _hue(value: float) -> str:
    return "green" if value >= 0.75 else "yellow" if value >= 0.5 else "red"


def show(summary: dict[str, Any], out: Console) -> None:
    """Print the table of one run."""
    table = Table(title=f"{escape(summary['label'])}: {summary['shots']} shots", title_justify="left", box=None)
    table.add_column("probe", style="bold cyan")
    table.add_column("mean score")
    for column in ("scored", "unscored", "failed"):
        table.add_column(column, justify="right")
    for name, row in summary["probes"].items():
        failed = f"[bold red]{row['failed']}[/]" if row["failed"] else "0"
        table.add_row(name, _bar(row["mean"]), str(row["scored"]), str(row["unscored"]), failed)
    out.print()
    out.print(table)
    rate, coverage = summary["clean_rate"], summary["coverage"]
    if rate is None:
        out.print("\nno clean rate: whether the scripts took place is not known", style="yellow")
    else:
        out.print(f"\n[bold]clean rate {rate:.1%}[/] over the {coverage:.0%} of shots that are decided")
    if rate is None and summary["intact"] is not None:
        out.print(f"[bold]no violation seen[/] in {summary['intact']:.1%} of the clips")
    for error, shots in _by_error(summary["errors"]):
        others = f" and {len(shots) - 1} more" if len(shots) > 1 else ""
        out.print(f"[bold red]failed[/] {escape(f'{shots[0]}{others}: {error}')}")


def _by_error(errors: dict[str, str], most: int = 5) -> list[tuple[str, list[str]]]:
    """The commonest errors, each with its shots."""
    grouped: dict[str, list[str]] = {}
    for shot_id, error in errors.items():
        grouped.setdefault(error, []).append(shot_id)
    return sorted(grouped.items(), key=lambda item: -len(item[1]))[:most]


def conclude(folder: Path, out: Console) -> dict[str, Any]:
    """Load a run, print its table and where it lies; the figures."""
    summary = summarise(load(folder))
    show(summary, out)
    out.print(f"results in [bold]{escape(str(folder))}[/]")
    return summary
