"""`worldassay verify`: everything that is wrong with a submission, in one table."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals.console import console, emit
from evals.execute import processes
from evals.limits import Limits
from evals.verify import asking, contents, others, recomputing, rows
from evals.verify.findings import KINDS, Refused, Report
from evals.verify.unpacking import Room, unpack
from simulator.errors import UsageError

SHOWN = 8  # findings of a kind on the screen


def verify(source: Path, cfg: Mapping[str, Any], seed: int, screen: Console) -> Report:
    """Check a bundle as far as it can be read.

    cfg: as conf/verify.yaml has it. seed: of the draw of readings.

    Raises:
        UsageError: it is no bundle, or what to compare it with is none.
    """
    limits = Limits.from_config(cfg["limits"])
    room = Room(cfg["limits"]["files"], cfg["limits"]["size"] << 20, cfg["limits"]["ratio"])
    report = Report()
    compared = {str(other): others.open_other(Path(other), room) for other in _listed(cfg["runs"])}
    with tempfile.TemporaryDirectory(prefix="worldassay-verify-") as folder:
        try:
            files = unpack(source, Path(folder), room, report)
            run = contents.check_files(Path(folder), files, report)
            held = contents.read(Path(folder), report, run)
            wanted = asking.asked(held.spec, report, cfg["limits"]["shots"])
            rows.check(held, wanted, report)
            for name, other in compared.items():
                others.compare(held, other, name, report)
            probes = recomputing.installed(wanted)
            if wanted.perception == recomputing.ORACLE:
                report.add("unchecked", "perception oracle", "its readings rest on the simulator's truth, not on clips")
            found = recomputing.drawn(recomputing.jobs(held, wanted, report), probes, cfg["sample"], seed)
            recomputing.look(held, wanted, found, limits, processes("local", cfg["workers"]), screen, report)
        except Refused as refused:
            report.findings.append(refused.finding)
    return report


def _listed(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given


def show(report: Report, out: Console) -> None:
    """Print what was found, worst first, and what was looked at."""
    table = Table(box=None)
    for column, style in (("found", "bold red"), ("where", "cyan"), ("what", "")):
        table.add_column(column, style=style, overflow="fold")
    findings = report.ordered()
    for kind, meaning in KINDS.items():
        mine = [finding for finding in findings if finding.kind == kind]
        style = "dim" if kind == "note" else ""
        for finding in mine[:SHOWN]:
            table.add_row(
                f"[dim]{kind}[/]" if style else kind, escape(finding.where), escape(finding.text), style=style
            )
        if len(mine) > SHOWN:
            table.add_row("", "", f"and {len(mine) - SHOWN} more: {meaning}", style="dim")
    if findings:
        out.print(table)
        out.print()
    looked = ", ".join(f"{count} {what}" for what, count in report.checked.items()) or "nothing"
    out.print(f"looked at {looked}", markup=False)
    if report.verified:
        out.print("[bold green]verified[/]")
    else:
        count = sum(finding.kind != "note" for finding in report.findings)
        out.print(f"[bold red]not verified[/]: {count} finding{'s' if count > 1 else ''}")


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `verify`: 0 verified, 1 something was found."""
    if len(cfg["words"]) != 1:
        raise UsageError("give one bundle: worldassay verify bundles/RUN.zip")
    if cfg["sample"] < 0 or (cfg["seed"] or 0) < 0:
        raise UsageError("sample= and seed= are 0 or more")
    source, out = Path(cfg["words"][0]), console(json_out)
    seed = cfg["seed"] if cfg["seed"] is not None else secrets.randbelow(1 << 32)
    if dry_run:
        raise UsageError("verify writes nothing; leave --dry-run out")
    report = verify(source, cfg, seed, out)
    show(report, out)
    out.print(f"the readings of up to {cfg['sample']} clips were computed again, drawn with seed={seed}", markup=False)
    if json_out:
        emit({
            "bundle": str(source), "verified": report.verified, "checked": report.checked,
            "sample": cfg["sample"], "seed": seed,
            "findings": [vars(f) for f in report.ordered() if f.kind != "note"],
            "notes": [vars(f) for f in report.ordered() if f.kind == "note"],
        })  # fmt: skip
    return 0 if report.verified else 1
