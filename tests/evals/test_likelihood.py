"""The verb `likelihood`: a resumed run gives the same losses; shares by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evals import config
from evals.cli import main
from evals.likelihood import COLUMNS, PAIRS, RESULT, known_frames, summarise
from evals.suite import Cell, Suite
from simulator.errors import UsageError

ASKED = ["likelihood", "suite.families=[drop_bounce]", "suite.modes=[first_frames]", "suite.seconds=1", "suite.seeds=2",
         "suite.height=32", "suite.width=32", "levels=1", "draws=1", "workers=1"]  # fmt: skip


def rows(*told: tuple[str, int, str, float, float, float, float]) -> list[dict[str, object]]:
    return [dict(zip(COLUMNS, (f, s, "prompt", *rest), strict=True)) for f, s, *rest in told]


def test_shares_by_hand() -> None:
    told = summarise(
        rows(
            ("a", 0, "vanish", 1.0, 2.0, 0.10, 0.20),
            ("a", 0, "float", 1.0, 1.0, 0.10, 0.10),
            ("a", 1, "vanish", 2.0, 1.0, 0.10, 0.05),
            ("b", 0, "vanish", 1.0, 2.0, 0.10, 0.105),
        )
    )
    assert told["all"]["preference"] == pytest.approx((0.75 + 0.0 + 1.0) / 3)  # over scenes, not over pairs
    assert told["motion"]["preference"] == pytest.approx((0.75 + 0.0 + 1.0) / 3)
    assert (told["matched"]["pairs"], told["matched"]["preference"]) == (2, 0.75)
    assert told["by_kind"]["float"] == {**told["by_kind"]["float"], "preference": 0.5, "pairs": 1, "cells": 1}
    assert told["by_family"]["b"]["preference"] == 1.0
    assert told["all"]["low"] <= told["all"]["preference"] <= told["all"]["high"]


def test_equal_losses_are_exactly_one_half() -> None:
    told = summarise(rows(*[("a", s, "vanish", 0.3, 0.3, 0.1, 0.1) for s in range(5)]))
    assert {told[key]["preference"] for key in ("all", "motion", "matched")} == {0.5}


def test_without_pairs_nothing_is_known() -> None:
    told = summarise([])
    assert told["all"]["pairs"] == 0
    assert np.isnan(told["all"]["preference"])


@pytest.mark.slow
def test_a_stopped_run_goes_on_to_the_same_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "whole"
    assert main([*ASKED, f"out={folder}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["all"]["pairs"] == sum(part["pairs"] for part in told["by_kind"].values()) > 4
    lines = (folder / PAIRS).read_text().splitlines(keepends=True)
    assert len(lines) == 2
    whole = (folder / RESULT).read_text()
    (folder / PAIRS).write_text(lines[0] + lines[1][:40])  # killed while it wrote
    assert main([*ASKED, f"out={folder}"]) == 0
    assert (folder / PAIRS).read_text().splitlines(keepends=True) == lines
    assert (folder / RESULT).read_text() == whole
    assert main([*ASKED, f"out={folder}", "draws=2"]) == 2
    assert "noise.draws: 1 -> 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (["model=frozen"], "model frozen tells no denoising loss; give a world model, e.g. model=late"),
        (["levels=0"], "levels=0 is outside 1 to 100"),
        (["severity=0"], "severity=0 is outside (0, 1]"),
    ],
)
def test_a_slip_is_told(keys: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ASKED, f"out={tmp_path / 'none'}", *keys]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_frames_that_are_known_at_the_end_have_no_likelihood() -> None:
    asked = config.load("likelihood", ["suite.modes=[prompt,first_second,last_frames,both_ends]"])
    suite = Suite.from_config(asked["suite"])
    known = {mode: Cell(suite.families[0], 0, mode) for mode in suite.modes}
    assert known_frames(suite, known["prompt"]) == 0
    assert known_frames(suite, known["first_second"]) == suite.fps
    for mode in ("last_frames", "both_ends"):
        with pytest.raises(UsageError, match=f"without known frames at the end, not {mode}"):
            known_frames(suite, known[mode])
