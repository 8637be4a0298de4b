"""`worldassay demo`: the main job at small size: models, controls, probes, a comparison, a leaderboard, failures."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals import config
from evals.cli import VERBS
from evals.console import console, emit
from evals.execute import Plan, execute
from evals.outcomes import HEADLINE
from evals.run import plan
from evals.store import load
from evals.summary import incomplete, summarise

MODELS = ("reference", "damaged", "late", "early", "frozen", "shuffled", "noise")
AGAIN = "late-again"  # the late checkpoint with other seeds: nothing may be found worse


def plans(cfg: dict[str, Any]) -> dict[str, Plan]:
    """The demo's runs by label."""
    shared = [f"suite.{key}={_typed(value)}" for key, value in cfg["suite"].items()]
    shared += [f"workers={cfg['workers']}"] if cfg["workers"] else []
    asked = {name: [f"model={name}"] for name in MODELS}
    asked[AGAIN] = ["model=late", f"model.label={AGAIN}", "seed=1"]
    at = Path(str(cfg["out"])) / "runs"
    return {label: _moved(plan(config.load("run", [*keys, *shared])), at) for label, keys in asked.items()}


def _moved(run: Plan, folder: Path) -> Plan:
    """The same run inside `folder`; its name keeps the digest, so that another version of a model is another run."""
    home = folder / run.folder.name
    return replace(run, folder=home, setup=replace(run.setup, folder=home))


def _typed(value: Any) -> str:
    return f"[{','.join(value)}]" if isinstance(value, list) else str(value)


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `demo`."""
    out = console(json_out)
    asked = plans(cfg)
    folder = Path(str(cfg["out"]))
    if dry_run:
        shots = sum(len(p.shots) for p in asked.values())
        out.print(f"{len(asked)} models, {shots} shots in all, into {folder}", markup=False)
        if json_out:
            emit({"out": str(folder), "runs": len(asked), "shots": shots})
        return 0
    summaries = {}
    for number, (label, run) in enumerate(asked.items(), 1):
        out.print(f"[bold]{number}/{len(asked)}[/] {escape(label)}")
        execute(run, out)
        summaries[label] = summarise(load(run.folder))
    at = {label: str(run.folder) for label, run in asked.items()}
    board = [at[label] for label in asked if label != AGAIN]
    reports = {
        "early against late": ("compare", [at["early"], at["late"]], folder / "compare-late-vs-early"),
        "late against itself": ("compare", [at["late"], at[AGAIN]], folder / "compare-late-vs-itself"),
        "failures": ("failures", board, folder / "failures"),
        "leaderboard": ("leaderboard", board, folder / "leaderboard"),
    }
    with redirect_stdout(sys.stderr) if json_out else nullcontext():
        for title, (verb, words, home) in reports.items():
            out.rule(f"[bold]{title}")
            _report(verb, words, home)
    show(summaries, out)
    for title, (_, _, home) in reports.items():
        out.print(f"[bold]{title}[/]: {escape(str((home / 'index.html').resolve()))}")
    if json_out:
        emit({"runs": summaries, "reports": {title: str(home) for title, (_, _, home) in reports.items()}})
    return 3 if any(incomplete(summary) for summary in summaries.values()) else 0


def _report(verb: str, words: Sequence[str], out: Path) -> int:
    return int(VERBS.load(verb)(config.load(verb, [f"out={out}"], words), json_out=False, dry_run=False))


def show(summaries: dict[str, dict[str, Any]], out: Console) -> None:
    """One line a model."""
    table = Table("model", "clean rate", "decided", *HEADLINE, title="\nclean rate and mean scores", box=None)
    for label, summary in sorted(summaries.items(), key=lambda item: -(item[1]["clean_rate"] or 0)):
        means = [_figure(summary["probes"][probe]["mean"]) for probe in HEADLINE]
        table.add_row(
            f"[bold cyan]{escape(label)}[/]", _percent(summary["clean_rate"]), _percent(summary["coverage"]), *means
        )
    out.print(table)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
