"""`worldassay run`: a model on a suite, generated and scored into a run folder."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from evals.console import console, emit
from evals.engine import Done, pool
from evals.execute import Plan, execute, home, processes, scoring
from evals.store import ClipRow, ShotRow
from evals.suite import Cell, Suite, prompt_of
from evals.summary import conclude, incomplete
from evals.work import Setup, ShotJob, build_model
from simulator.errors import UsageError

WORKER = "evals.work:ShotWorker"


def plan(cfg: dict[str, Any]) -> Plan:
    """The plan of a resolved configuration; nothing is written yet.

    Raises:
        UsageError: what the configuration asks for does not exist or does not fit.
    """
    suite = Suite.from_config(cfg["suite"], cfg["seed_offset"])
    if cfg["seed"] < 0:
        raise UsageError(f"seed={cfg['seed']} is negative; seeds are 0 or more")
    workers = processes(cfg["engine"], cfg["workers"])
    cells = {cell.id: cell for cell in suite.cells()}
    scripts = {cell.id: suite.script(cell) for cell in cells.values()}
    settings = dict(cfg["model"])
    ask = {
        "model": {**build_model(settings).identity(), "label": str(settings["label"])},
        "suite": suite.spec(),
        "families": {script.family: script.version for script in scripts.values()},
        "seed": cfg["seed"],
    }
    folder = home(cfg["out"], str(settings["label"]), suite.name, ask)
    size = (suite.height, suite.width, suite.frames, suite.fps)

    def make_job(shot_id: str, clip: ClipRow | None, probes: tuple[str, ...]) -> ShotJob:
        return ShotJob(cells[shot_id], clip, probes)

    return Plan(
        folder=folder,
        spec={**ask, "scoring": scoring(cfg["perception"], cfg["probes"])},
        shots=[ShotRow(i, c.family, c.seed, c.mode, prompt_of(scripts[i]), *size) for i, c in cells.items()],
        make_job=make_job,
        worker=WORKER,
        setup=Setup(folder, cfg["perception"], tuple(settings.items()), suite, cfg["seed"]),
        engine=cfg["engine"],
        workers=workers,
        asked=cfg,
    )


def estimate(asked: Plan) -> dict[str, Any]:
    """Shots, minutes and bytes to expect, from two shots that are done and thrown away.

    A stranger's program is not run for this: then minutes and bytes are None.
    """
    seconds = size = None
    cells = [Cell(row.family, row.seed, row.mode) for row in asked.shots]
    if asked.asked["model"]["name"] != "command":
        with tempfile.TemporaryDirectory() as scratch:
            setup = Setup(Path(scratch), asked.perception, asked.setup.model, asked.setup.suite, asked.setup.seed)
            (setup.folder / "clips").mkdir()
            jobs = [ShotJob(cell, None, tuple(asked.probes)) for cell in (cells[0], cells[-1])]
            ends = [time.monotonic() for _, said in pool(WORKER, setup, jobs, 1) if isinstance(said, Done)]
            files = list((setup.folder / "clips").iterdir())
            seconds = ends[-1] - ends[0] if len(ends) > 1 else None
            size = sum(f.stat().st_size for f in files) / max(1, len(files))
    return {
        "run": str(asked.folder),
        "shots": len(cells),
        "processes": asked.workers,
        "minutes": None if seconds is None else round(seconds * len(cells) / asked.workers / 60 + 0.1, 1),
        "bytes": None if size is None else round(size * len(cells)),
    }


def show_estimate(expected: dict[str, Any], out: Console) -> None:
    """Say what a run would take."""
    took = "an unknown time" if expected["minutes"] is None else f"about {expected['minutes']} minutes"
    size = "an unknown size" if expected["bytes"] is None else f"about {expected['bytes'] / 1e6:.1f} MB"
    out.print(
        f"{expected['shots']} shots on {expected['processes']} processes, {took}, {size}, into {expected['run']}",
        markup=False,
    )


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `run`."""
    out = console(json_out)
    asked = plan(cfg)
    if dry_run:
        expected = estimate(asked)
        show_estimate(expected, out)
        if json_out:
            emit(expected)
        return 0
    execute(asked, out)
    summary = conclude(asked.folder, out)
    if json_out:
        emit(summary)
    return 3 if incomplete(summary) else 0
