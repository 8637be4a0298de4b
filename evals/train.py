"""`worldassay train`: train the world model; the same command resumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evals.console import console, emit


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `train`."""
    from simulator.model.config import TrainConfig

    out = console(json_out)
    folder = Path(cfg["out"])
    config = TrainConfig.from_mapping({key: value for key, value in cfg.items() if key != "out"})
    if dry_run:
        clips = (config.data.clips + config.data.validation) * len(config.data.families)
        out.print(f"{config.steps} steps of {config.batch} clips, out of {clips} clips, into {folder}", markup=False)
    else:
        from simulator.model.train import train

        train(config, folder)
        out.print(f"checkpoints in {folder}; try: worldassay run model=world model.checkpoint={folder}", markup=False)
    if json_out:
        emit({"out": str(folder), "steps": config.steps, "batch": config.batch})
    return 0
