"""The leaderboard: every number on the page is the ranking's, and leads to its clips."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from evals.ranking import rank
from evals.store import Results, load
from reports import leaderboard
from reports.page import percent
from tests.synthetic import run, write


@pytest.fixture(scope="module")
def entrants(runs: tuple[Results, Results], tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    small = {"families": ("drop_bounce", "leaves_frame"), "seeds": 7, "modes": ("prompt",)}
    control = run("frozen", name="frozen", quality=0.1, **small)  # type: ignore[arg-type]
    control.shots["prompt"] = runs[0].shots["prompt"].iloc[0]
    return [*runs, load(write(control, tmp_path_factory.mktemp("entrants") / "frozen"))]


def test_page_and_data_agree(entrants: list[Results], tmp_path: Path) -> None:
    entries = leaderboard.write(entrants, tmp_path)
    assert [e.label for e in entries] == [e.label for e in rank(entrants)]
    page = (tmp_path / "index.html").read_text()
    data = json.loads((tmp_path / "leaderboard.json").read_text())
    markdown = (tmp_path / "leaderboard.md").read_text().splitlines()
    for entry, row, line in zip(entries, data["entries"], markdown[4:], strict=True):
        assert row["means"]["clean"]["value"] == pytest.approx(entry.means["clean"].value)
        assert row["means"]["clean"]["low"] == pytest.approx(entry.means["clean"].interval.low)
        for mean in entry.means.values():
            assert percent(mean.value) in page
            assert percent(mean.value) in line
    assert [row["place"] for row in data["entries"]].count("control") == 1
    clips = (tmp_path / "clips.html").read_text()
    links = re.findall(r'href="clips\.html#([^"]+)"', page)
    assert len(links) > len(entries) * len(entries[0].means)
    assert 'name="model"' in clips
    assert 'name="family"' in clips


def test_no_number_without_cells(tmp_path: Path) -> None:
    nothing = run("nothing", families=("drop_bounce",), seeds=1, modes=("prompt",), unscored=1.0)
    entries = leaderboard.write([load(write(nothing, tmp_path / "run"))], tmp_path / "out")
    assert leaderboard.place(entries[0]) == "–"
    row = json.loads((tmp_path / "out" / "leaderboard.json").read_text())["entries"][0]
    assert row["means"]["clean"]["value"] is None
    assert "nan" not in (tmp_path / "out" / "index.html").read_text().lower().replace("permanence", "")


def test_command(entrants: list[Results], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(run.path) for run in entrants]
    assert leaderboard.command({"words": words, "out": str(tmp_path / "x")}, json_out=True, dry_run=True) == 0
    assert len(json.loads(capsys.readouterr().out)["entries"]) == 3
    assert not (tmp_path / "x").exists()
