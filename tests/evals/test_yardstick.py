"""The verb: trains, scores and resumes to the same figures, puts runs on a page, and tells slips in one line."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from evals import config, yardstick
from evals.cli import main
from simulator.yardstick import splits
from simulator.yardstick.worlds import SETUPS

SMALL = ["steps=4", "width=64", "depth=1", "batch=2", "tests=2", "threads=1", "compile=false"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three tiny runs: two training sets of one world, and a held-out part of another."""
    folder = tmp_path_factory.mktemp("yardstick")
    asked = {"few": ["clips=2"], "many": ["clips=500"], "gap": ["setup=parabola", "hold_out=gap"]}
    for name, words in asked.items():
        assert main(["yardstick", *SMALL, *words, f"out={folder / name}"]) == 0
    return [folder / name for name in asked]


def test_every_split_is_scored_beside_true_videos(runs: list[Path]) -> None:
    for folder, extra in zip(runs, ([], [], ["held_out"]), strict=True):
        scores = yardstick.read(folder)
        assert [row["name"] for row in scores["splits"]] == ["inside", *extra, *(s.name for s in splits.OUTSIDE)]
        for row in scores["splits"]:
            assert row["clips"] == 2
            assert row["floor"] < 0.1
            assert 0 <= row["missing"] <= 1
            assert math.isnan(row["error"]) == (row["read"] == 0)
            assert (folder / "strips" / f"{row['name']}.png").is_file()
        assert set(scores["by_steps"]) == {"1", "2", "4", "8"}
        assert scores["step"] == 4


def test_the_same_command_finds_what_is_there(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in runs[0].iterdir() if path.is_file()}
    assert main(["yardstick", *SMALL, "clips=2", f"out={runs[0]}", "--json"]) == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    said = json.loads(capsys.readouterr().out)
    assert said["runs"][0]["lesson"]["clips"] == 2
    (runs[0] / "scores.json").unlink()
    assert main(["yardstick", *SMALL, "clips=2", f"out={runs[0]}"]) == 0  # measured again, with the same figures
    again = yardstick.read(runs[0])["splits"]
    assert json.dumps(again) == json.dumps(said["runs"][0]["splits"] and _stripped(said["runs"][0]["splits"]))


def _stripped(rows: list[dict]) -> list[dict]:  # type: ignore[type-arg]
    """Rows of a page as the scores have them."""
    return [{k: math.nan if v is None else v for k, v in row.items() if k != "shaky"} for row in rows]


def test_runs_are_put_beside_each_other_and_beside_what_is_published(runs: list[Path], tmp_path: Path) -> None:
    assert main(["yardstick", *map(str, runs), f"out={tmp_path}"]) == 0
    page = (tmp_path / "page" / "index.html").read_text()
    assert re.findall(r'<section id="(\w+)">', page) == ["uniform", "parabola"]
    assert all(f"<tr><th>{folder.name}</th>" in page for folder in runs)
    assert "DiT-L" in page
    assert "0.427" in page
    sources = re.findall(r'src="([^"]+)"', page)
    assert {"uniform-curve.svg", "uniform-clips.svg", "parabola-curve.svg"} <= set(sources)
    assert "uniform-parameters.svg" not in sources  # all of one size
    for source in sources:
        assert (tmp_path / "page" / source).is_file()
    drawn = (tmp_path / "page" / "uniform-clips.svg").read_bytes()
    assert main(["yardstick", *map(str, runs), f"out={tmp_path}"]) == 0
    assert (tmp_path / "page" / "uniform-clips.svg").read_bytes() == drawn


def test_nothing_that_could_be_read_is_no_number() -> None:
    setup = SETUPS["uniform"]
    scenes = splits.test_scenes(setup, splits.INSIDE, "none", 2)
    white = np.full((2, 16, 64, 64, 3), 255, np.uint8)
    told = yardstick.summary(scenes, white, setup)
    assert (told["read"], told["missing"]) == (0, 1.0)
    assert math.isnan(told["error"])


def test_the_file_has_the_keys_of_a_lesson() -> None:
    lesson = yardstick.lesson_of(config.load("yardstick", ["setup=collision", "minutes=2", "steps=7"]))
    assert (lesson.setup, lesson.minutes, lesson.steps) == ("collision", 2, 7)
    from simulator.yardstick.learn import Lesson

    assert yardstick.lesson_of(config.load("yardstick")) == Lesson()


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["yardstick", "minutes=5", f"out={tmp_path / 'a'}", "--dry-run"]) == 0
    assert "uniform: 5 minutes on 3000000 clips, then 11 splits of 128 clips" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("setup=circle", "unknown setup 'circle'"),
        ("hold_out=speeds", "unknown hold_out 'speeds'"),
        ("tests=0", "tests=0 is less than 1"),
        ("sampler_steps=0", "sampler_steps=0 is less than 1"),
        ("width=65", "width=65 is no multiple of 64"),
        ("minutes=0", "minutes=0 leaves no time to learn"),
        ("minutes=x", "minutes=x should be like minutes=60.0"),
        ("nowhere", "no scores of the yardstick in 'nowhere'"),
        ("steps=3 setups=uniform", "unknown key 'setups'. Did you mean: setup"),
    ],
)
def test_a_slip_is_told_in_one_line(
    arguments: str, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["yardstick", *arguments.split()]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_run_or_with_broken_scores_is_refused(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["yardstick", *SMALL, "clips=3", f"out={runs[0]}"]) == 2
    assert "other values of clips; give another out=" in capsys.readouterr().err
    for broken in ("", "[]", '{"splits": 3}'):
        (tmp_path / "scores.json").write_text(broken)
        assert main(["yardstick", str(tmp_path)]) == 2
        assert "no scores of the yardstick" in capsys.readouterr().err
    assert main(["yardstick", str(runs[0]), str(runs[0]), f"out={tmp_path / 'x'}"]) == 2
    assert "two of few, few are alike" in capsys.readouterr().err
