"""The demo, on one family: every model, every report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import simulator.model
from evals.cli import main
from evals.demo import AGAIN, MODELS

WEIGHTS = Path(simulator.model.__file__).parent / "weights"


@pytest.mark.slow
@pytest.mark.skipif(not (WEIGHTS / "late.safetensors").is_file(), reason="needs the shipped checkpoints")
def test_the_demo_leaves_runs_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["suite=smoke", "suite.families=[drop_bounce]", "suite.seconds=1"]
    assert main(["demo", *small, f"out={tmp_path / 'demo'}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["runs"]) == [*MODELS, AGAIN]
    assert all(run["shots"] == 2 and run["clips"]["ok"] == 2 for run in told["runs"].values())
    assert len(told["reports"]) == 4
    assert all((Path(home) / "index.html").is_file() for home in told["reports"].values())
