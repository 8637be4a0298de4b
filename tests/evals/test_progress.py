"""Progress: what long work says where there is no terminal."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from evals import progress as module
from evals.progress import progress


@pytest.mark.parametrize(("pause", "rate"), [(0.5, "2.0 a second"), (20.0, "3.0 a minute")])
def test_plain_lines_tell_rate_and_time_left(pause: float, rate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    said = io.StringIO()
    with progress(Console(file=said, width=200), "runs/a", 40) as step:
        for _ in range(40):
            now += pause
            step()
    lines = said.getvalue().splitlines()
    assert all(rate in line for line in lines)
    assert f"40/40, {rate}, {40 * pause:.0f} s spent, about 0 s left" in lines[-1]
    told = re.search(r"(\d+)/40.*about (\d+) s left", lines[0])
    assert told is not None
    assert int(told[2]) == round((40 - int(told[1])) * pause)


def test_a_bar_shows_its_rate() -> None:
    said = io.StringIO()
    with progress(Console(file=said, width=120, force_terminal=True), "runs/a", 2) as step:
        step()
        step()
    assert "2/2" in said.getvalue()
    assert " a second" in said.getvalue() or " a minute" in said.getvalue()
