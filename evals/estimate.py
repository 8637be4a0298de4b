"""`--dry-run`: what a run would take, from two of its shots that are done and thrown away."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from evals.engine import Done, pool
from evals.execute import Plan


def estimate(plan: Plan) -> dict[str, Any]:
    """Shots, processes, minutes and bytes of clips to expect.

    A stranger's program is not run for this: then minutes and bytes are None.
    """
    seconds = size = None
    model = dict(plan.setup.model or ())
    if model.get("name") != "command":
        with tempfile.TemporaryDirectory() as scratch:
            clips = Path(scratch) / "clips"
            clips.mkdir()
            ends = [plan.shots[i].shot_id for i in (0, -1)]
            jobs = [plan.make_job(end, None, tuple(plan.probes)) for end in dict.fromkeys(ends)]
            setup = replace(plan.setup, folder=Path(scratch), clips=None)
            begun = time.monotonic()
            times = [time.monotonic() for _, said in pool(plan.worker, setup, jobs, 1) if isinstance(said, Done)]
            seconds = times[-1] - (times[0] if len(times) > 1 else begun)
            files = list(clips.iterdir())
            size = sum(f.stat().st_size for f in files) / max(1, len(files))
    n = len(plan.shots)
    return {
        "run": str(plan.folder),
        "shots": n,
        "processes": plan.workers,
        "minutes": None if seconds is None else round(seconds * n / plan.workers / 60 + 0.1, 1),
        "bytes": None if size is None else round(size * n),
    }


def show_estimate(expected: dict[str, Any], out: Console) -> None:
    """Say it in a line."""
    took = "an unknown time" if expected["minutes"] is None else f"about {expected['minutes']} minutes"
    size = "an unknown size" if expected["bytes"] is None else f"about {expected['bytes'] / 1e6:.1f} MB of clips"
    shots, processes = expected["shots"], expected["processes"]
    out.print(f"{shots} shots on {processes} processes, {took}, {size}, into {expected['run']}", markup=False)
