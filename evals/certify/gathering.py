"""Have every clip of every cell looked at by a pool of processes; what is kept already is not looked at again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from evals.certify.answers import Asked
from evals.certify.asking import Cell, asks
from evals.certify.cells import Job, Setup, due, read, sights_of
from evals.engine import Done, pool
from evals.progress import progress

WORKER = "evals.certify.cells:Examiner"
TRIED = 3  # cells of which --dry-run plays a few clips
TRIED_CLIPS = 4  # of each


def jobs(setup: Setup, cells: Sequence[Cell]) -> tuple[list[Job], int]:
    """What is left to do, and how many clips there are in all."""
    asked, left, total = [Asked(name) for name in setup.probes], [], 0
    for cell in cells:
        wanted = asks(cell, setup.material)
        total += len(wanted)
        kept = read(setup.path(cell))
        missing = [a for a in wanted if any(due(kept, a, s, asked) for s in sights_of(a, setup.sights))]
        left += [Job(cell, tuple(missing))] if missing else []
    return left, total


def gather(setup: Setup, cells: Sequence[Cell], workers: int, out: Console, title: str) -> list[str]:
    """Do what is left to do; the faults of cells that had to be given up."""
    left, total = jobs(setup, cells)
    clips = sum(len(job.asks) for job in left)
    if 0 < clips < total:
        out.print(f"{title}: going on, {total - clips} of {total} clips are done", markup=False)
    errors = []
    if left:
        with progress(out, title, clips) as step:
            for job, said in pool(WORKER, setup, left, workers):
                if not isinstance(said, Done):
                    step()
                elif said.error is not None:
                    errors.append(f"{job.cell.family} seed {job.cell.seed} at {job.cell.size}: {said.error}")
    return errors


def seconds_a_clip(setup: Setup, cells: Sequence[Cell]) -> float:
    """Of one process, from some clips of a few cells, which are thrown away; NaN where there is no cell."""
    chosen = [cells[round(i * (len(cells) - 1) / (TRIED - 1))] for i in range(TRIED)] if cells else []
    wanted = {cell: asks(cell, setup.material) for cell in chosen}
    tried = [Job(cell, some[:: -(-len(some) // TRIED_CLIPS)]) for cell, some in wanted.items()]
    with tempfile.TemporaryDirectory() as scratch:
        ends = [
            time.monotonic()
            for _, said in pool(WORKER, replace(setup, folder=Path(scratch)), tried, 1)
            if not isinstance(said, Done)
        ]
    return (ends[-1] - ends[0]) / (len(ends) - 1) if len(ends) > 1 else float("nan")
