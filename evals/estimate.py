"""`--dry-run`: what a run would take, from a few of its shots that are done and thrown away."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from evals.engine import Done, pool
from evals.execute import Plan, due, shot_id_of
from evals.spec import ask
from evals.store import Kept, snapshot
from evals.store.reading import read_json

SAMPLES = 3  # shots that are done for an estimate


def estimate(plan: Plan) -> dict[str, Any]:
    """Cells, shots and processes; of what is left of the run, shots, minutes and bytes of clips to expect.

    Minutes are those of generating and probing, also where a clip is there already. A stranger's program is not run for
    this: then minutes and bytes are None.
    """
    left = remaining(plan)
    seconds = size = None
    model = dict(plan.setup.model or ())
    if model.get("name") != "command" and left:
        with tempfile.TemporaryDirectory() as scratch:
            clips = Path(scratch) / "clips"
            clips.mkdir()
            chosen = sorted({round(i * (len(left) - 1) / (SAMPLES - 1)) for i in range(SAMPLES)})
            jobs = [plan.make_job(left[i], None, tuple(plan.probes)) for i in chosen]
            setup = replace(plan.setup, folder=Path(scratch), clips=None)
            begun = time.monotonic()
            times = [time.monotonic() for _, said in pool(plan.worker, setup, jobs, 1) if isinstance(said, Done)]
            rest = len(times) - 1  # the first holds the start-up
            seconds = (times[-1] - times[0]) / rest if rest else times[-1] - begun
            files = list(clips.iterdir())
            size = sum(f.stat().st_size for f in files) / max(1, len(files))
    n = len(left)
    known = n == 0 or seconds is not None
    return {
        "run": str(plan.folder),
        "cells": len({(shot.family, shot.seed) for shot in plan.shots}),
        "shots": len(plan.shots),
        "left": n,
        "processes": plan.workers,
        "minutes": round((seconds or 0.0) * n / plan.workers / 60 + 0.1, 1) if known else None,
        "bytes": round((size or 0.0) * n) if known else None,
    }


def remaining(plan: Plan) -> list[str]:
    """The ids of the shots that the run would do something for; its folder is read, and not changed."""
    spec, tables = plan.folder / "spec.json", plan.folder / "results.sqlite"
    held = read_json(spec) if spec.is_file() and tables.is_file() else {}
    if not held or ask(held) != ask(plan.spec):
        return [] if plan.retry else [shot.shot_id for shot in plan.shots]
    if held["scoring"]["perception_version"] != plan.perception_version and not plan.retry:
        return [shot.shot_id for shot in plan.shots]
    with snapshot(plan.folder) as db:
        return [shot_id_of(job) for job in due(plan, Kept(db, tables))]


def show_estimate(expected: Mapping[str, Any], out: Console) -> None:
    """Say it in a line."""
    took = "an unknown time" if expected["minutes"] is None else f"about {expected['minutes']} minutes"
    size = "an unknown size" if expected["bytes"] is None else f"about {expected['bytes'] / 1e6:.1f} MB of clips"
    cells, shots, left = (expected[key] for key in ("cells", "shots", "left"))
    some = f"{left} of {shots} shots" if left < shots else f"{shots} shots"
    out.print(
        f"{some} ({cells} cells) on {expected['processes']} processes, {took}, {size}, into {expected['run']}",
        markup=False,
    )
