"""`worldassay simulate`: a suite's scripts played, valid or violated, as a dataset of videos with truth."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from evals.console import console, emit
from evals.engine import Done, pool
from evals.playing import Item, Plan, Row, Setup, fill
from evals.suite import Cell, Suite, listed
from simulator.errors import UsageError, unknown
from simulator.scenarios import FAMILIES

SAMPLES, SAMPLE_FRAMES = 3, 48  # what --dry-run plays: takes, and frames of each at most
SHOWN = 3  # takes that failed, named on the screen


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def plan(cfg: dict[str, Any]) -> Plan:
    """The plan of a resolved configuration; nothing is written yet.

    Raises:
        UsageError: what the configuration asks for does not exist or does not fit.
    """
    suite = Suite.from_config(cfg["suite"], cfg["seed_offset"])
    kinds = _kinds(cfg["violations"])
    severity, workers = cfg["severity"], cores() if cfg["workers"] is None else cfg["workers"]
    if severity is not None and not (isinstance(severity, (int, float)) and 0 <= severity <= 1):
        raise UsageError(f"severity={severity} is not a number in [0, 1]")
    if not isinstance(workers, int) or workers < 1:
        raise UsageError(f"workers={workers} is not a number of processes, 1 or more")
    found = tuple(_items(suite, kinds))
    if kinds and not any(item.kind for item in found):
        raise UsageError(
            f"no scene of suite {suite.name} can be broken by {', '.join(kinds)}; see `worldassay show FAMILY`"
        )
    return Plan(
        setup=Setup(suite, Path(str(cfg["out"])), None if severity is None else float(severity)),
        spec={
            "suite": suite.spec(),
            "families": {name: _version(name) for name in suite.families},
            "violations": list(kinds),
            "severity": None if severity is None else float(severity),
        },
        items=found,
        workers=workers,
        asked=cfg,
    )


def _kinds(asked: str) -> tuple[str, ...]:
    """The kinds that `violations=` means, in the order of the registry."""
    from simulator.violations import VIOLATIONS

    names = listed(asked)
    for name in names:
        if name not in VIOLATIONS.names() and names not in (["none"], ["all"]):
            raise unknown("violation", name, ("none", "all", *VIOLATIONS.names()))
    return tuple(name for name in VIOLATIONS.names() if name in names or names == ["all"])


def _items(suite: Suite, kinds: tuple[str, ...]) -> Iterator[Item]:
    """What to play: every scene's valid take, then its twins, one for each kind that its script allows."""
    for cell in suite.cells():
        if cell.mode == suite.modes[0]:
            yield Item(cell)
            allowed = _allowed(suite, cell) if kinds else set()
            yield from (Item(cell, kind) for kind in kinds if kind in allowed)


def _allowed(suite: Suite, cell: Cell) -> set[str]:
    """The kinds that a scene's script allows; none where there is no script, which the valid take will tell of."""
    from simulator.violations import prompt_breaks

    try:
        script = suite.script(cell)
        return {way.kind for way in (*script.breakable, *prompt_breaks(script))}
    except Exception:
        return set()


def _version(family: str) -> int | None:
    """The family's version, None where it cannot be loaded."""
    from importlib import import_module

    try:
        return int(import_module(FAMILIES.entry(family).target.split(":")[0]).VERSION)
    except Exception:
        return None


def estimate(asked: Plan) -> Row:
    """Videos and frames, exactly; bytes and minutes, from a few takes that are played and thrown away.

    Bytes and minutes are None where none of these could be played.
    """
    suite, n = asked.setup.suite, len(asked.items)
    chosen = [asked.items[i] for i in sorted({round(i * (n - 1) / (SAMPLES - 1)) for i in range(SAMPLES)})]
    processes, whole = min(asked.workers, n), suite.frames / min(suite.frames, SAMPLE_FRAMES)
    with tempfile.TemporaryDirectory() as scratch:
        setup = replace(asked.setup, folder=Path(scratch), frames=SAMPLE_FRAMES)
        begun, ends = time.monotonic(), []
        for _, said in pool("evals.playing:Player", setup, chosen, 1):
            if isinstance(said, Done) and said.error is None:
                ends.append(time.monotonic() - begun)
        size = sum(f.stat().st_size for f in Path(scratch).rglob("*.*") if f.is_file())
    told: Row = {"folder": str(asked.folder), "videos": n, "frames": n * suite.frames, "processes": processes}
    told |= {"samples": len(ends), "bytes": None, "minutes": None}
    if ends:
        each = (ends[-1] - ends[0]) / (len(ends) - 1) if len(ends) > 1 else ends[0]  # the first holds the start-up
        told["bytes"] = round(size / len(ends) * whole * n)
        told["minutes"] = round((ends[0] + each * (n - 1) / processes) * whole / 60, 1)
    return told


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `simulate`.

    OUT/manifest.jsonl has one line a video, written after its files: FAMILY/ID.mkv (lossless), .npz (every field of
    Truth; `simulator.dataset.load_truth` reads it) and .png (eight frames side by side). The same command goes on
    where it was stopped, and tries again what failed.
    """
    out, asked = console(json_out), plan(cfg)
    if dry_run:
        return rehearse(asked, json_out=json_out)
    told = summary(asked, fill(asked, out))
    for line in told["errors"][:SHOWN]:
        out.print(f"failed: {line}", markup=False)
    failed = f", {told['failed']} of {len(asked.items)} failed" if told["failed"] else ""
    out.print(f"{told['videos']} videos in {told['folder']}{failed}", markup=False)
    if json_out:
        emit(told)
    return 3 if told["failed"] else 0


def rehearse(asked: Plan, *, json_out: bool) -> int:
    """Say what a plan would take; returns the exit code."""
    told = estimate(asked)
    much = "size and time unknown, as no sample could be played"
    if told["samples"]:
        much = (
            f"about {told['bytes'] / 1e6:.1f} MB and {told['minutes']} minutes "
            f"(an estimate, from {told['samples']} of them)"
        )
    console(json_out).print(
        f"{told['videos']} videos, {told['frames']} frames, on {told['processes']} processes, would go into "
        f"{told['folder']}: {much}",
        markup=False,
    )
    if json_out:
        emit(told)
    return 0


def summary(asked: Plan, rows: list[Row]) -> Row:
    """What became of a plan."""
    from simulator.dataset import MANIFEST

    errors = [f"{row['id']}: {row['error']}" for row in rows if "error" in row]
    return {
        "folder": str(asked.folder),
        "manifest": str(asked.folder / MANIFEST),
        "videos": len(rows) - len(errors),
        "failed": len(errors),
        "errors": errors,
    }
