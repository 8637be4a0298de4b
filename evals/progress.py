"""How far long work is: a bar with an estimate on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

EVERY_S = 15.0  # between two plain lines


class _Rate(ProgressColumn):
    """How fast the latest steps came."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else _rate(speed))


def _rate(per_second: float) -> str:
    """Steps a second, or a minute where these are less than one."""
    return f"{per_second:.1f} a second" if per_second >= 1.0 else f"{60 * per_second:.1f} a minute"


class Advance(Protocol):
    """Call it once for each finished step."""

    def __call__(self) -> None: ...


@contextmanager
def progress(out: Console, title: str, total: int) -> Iterator[Advance]:
    """Count `total` steps; yields what to call after each."""
    if out.is_terminal:
        columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate())
        times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        with Progress(*columns, *times, console=out) as bar:
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
            told = f"{title}: {done}/{total}, {_rate(done / max(spent, 1e-9))}, {spent:.0f} s spent"
            out.print(f"{told}, about {left:.0f} s left", markup=False)

    yield step
