"""How far long work is: a bar with an estimate on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

EVERY_S = 15.0  # between two plain lines


class Advance(Protocol):
    """Call it once for each finished step."""

    def __call__(self) -> None: ...


@contextmanager
def progress(out: Console, title: str, total: int) -> Iterator[Advance]:
    """Count `total` steps; yields what to call after each."""
    if out.is_terminal:
        columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=out) as bar:
            task = bar.add_task(title, total=total)
            yield lambda: bar.advance(task)
        return
    begun = said = time.monotonic()
    done = 0

    def step() -> None:
        nonlocal done, said
        done += 1
        now = time.monotonic()
        if done == total or now - said >= EVERY_S:
            said, spent = now, now - begun
            left = spent / done * (total - done)
            out.print(f"{title}: {done}/{total}, {spent:.0f} s spent, about {left:.0f} s left", markup=False)

    yield step
