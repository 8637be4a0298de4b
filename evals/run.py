"""`worldassay run`: a model on a suite, generated and scored into a run folder."""

from __future__ import annotations

from typing import Any

from evals.console import console, emit
from evals.estimate import estimate, show_estimate
from evals.execute import Plan, execute, home, processes, scoring
from evals.limits import Limits
from evals.prompts import PromptSuite, suite_of
from evals.store import ClipRow, ShotRow
from evals.store.clips import rooted
from evals.summary import conclude, incomplete
from evals.work import Setup, ShotJob, build_model
from simulator.errors import UsageError, unknown


def plan(cfg: dict[str, Any]) -> Plan:
    """The plan of a resolved configuration; nothing is written yet.

    Raises:
        UsageError: what the configuration asks for does not exist or does not fit.
    """
    suite: Any = suite_of(cfg["suite"], cfg["seed_offset"])  # its cells are its own
    if isinstance(suite, PromptSuite) and cfg["perception"] == "oracle":
        raise UsageError("perception=oracle needs the simulator's truth, which prompts do not have; use classical")
    if cfg["retry"] not in (None, "failed"):
        raise unknown("retry", str(cfg["retry"]), ["failed"])
    if cfg["seed"] < 0:
        raise UsageError(f"seed={cfg['seed']} is negative; seeds are 0 or more")
    workers = processes(cfg["engine"], cfg["workers"])
    limits = Limits.from_config(cfg["limits"])
    limits.apply()
    cells = {cell.id: cell for cell in suite.cells()}
    prompts: dict[str, str] = {}
    versions: dict[str, int] = {}
    for shot_id, cell in cells.items():
        script, prompts[shot_id] = suite.told(cell)
        versions |= {} if script is None else {script.family: script.version}
    settings = dict(cfg["model"])
    ask = {
        "model": {**build_model(settings).identity(), "label": str(settings["label"])},
        "suite": suite.spec(),
        "families": versions,
        "seed": cfg["seed"],
    }
    folder = home(cfg["out"], str(settings["label"]), suite.name, ask)
    size = (suite.height, suite.width, suite.frames, suite.fps)

    def make_job(shot_id: str, clip: ClipRow | None, probes: tuple[str, ...]) -> ShotJob:
        return ShotJob(cells[shot_id], clip, probes)

    return Plan(
        folder=folder,
        spec={**ask, "scoring": scoring(cfg["perception"], cfg["probes"])},
        shots=[ShotRow(i, c.family, c.seed, c.mode, prompts[i], *size) for i, c in cells.items()],
        make_job=make_job,
        worker="evals.work:ShotWorker",
        setup=Setup(
            folder, cfg["perception"], tuple(settings.items()), suite, cfg["seed"], rooted(cfg["clips"]), limits
        ),
        engine=cfg["engine"],
        workers=workers,
        asked=cfg,
        retry=cfg["retry"] is not None,
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
