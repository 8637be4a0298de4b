"""The failure explorer: every span is a row, filters hold, the export is the table."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.store import Results
from reports import failures
from reports.explorer import column, to_csv


@pytest.fixture(scope="module")
def page(runs: tuple[Results, Results], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("failures")
    failures.write(runs, out)
    return out / "index.html"


def test_every_span_is_a_row(runs: tuple[Results, Results], page: Path) -> None:
    data = json.loads(re.search(r'id="data">(.*?)</script>', page.read_text(), re.S)[1])  # type: ignore[index]
    spans = sum(len(run.spans) for run in runs)
    assert len(data["rows"]) == spans
    with (page.parent / "failures.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == spans
    assert [float(r["severity"]) for r in table] == [r["severity"] for r in data["rows"]]
    for row in data["rows"]:
        drawn = data["clips"][row["clips"][0]]["spans"]
        span = next(s for s in drawn if [s["probe"], s["position"]] == row["span"])
        assert (span["kind"], span["start"], span["severity"]) == (row["kind"], row["start"], row["severity"])
    shown = {span["shot_id"] for run in runs for span in run.spans.to_dict("records")}
    assert len(list((page.parent / "media").glob("*.mp4"))) <= len(data["clips"]) <= 2 * len(shown)


def test_csv_runs_no_formula(tmp_path: Path) -> None:
    columns = [column("text", "text"), column("severity", "severity", "severity")]
    rows = [{"text": '=HYPERLINK("http://x")', "severity": -0.5, "shot": "a,b"}]
    to_csv(rows, columns, tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as file:
        assert list(csv.reader(file))[1] == ['\'=HYPERLINK("http://x")', "-0.5", "a,b"]


def test_command(runs: tuple[Results, Results], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(runs[0].path)]
    assert failures.command({"words": words, "out": str(tmp_path / "x")}, json_out=True, dry_run=True) == 0
    assert len(json.loads(capsys.readouterr().out)["violations"]) == len(runs[0].spans)
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_in_a_browser(runs: tuple[Results, Results], page: Path, browse: Callable[..., Any]) -> None:
    """A link with filters shows just those rows; the choice moves with the arrow keys; nothing foreign runs."""
    script = """
    const before = document.querySelector("tr[aria-selected=true]");
    before.focus();
    before.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
    const after = document.querySelector("tr[aria-selected=true]");
    const count = (what) => document.querySelectorAll(what).length;
    tell({ title: document.title, rows: count("#rows tr"), tally: document.getElementById("tally").textContent,
      moved: after === before.nextElementSibling, prompt: document.querySelector("#panel .prompt").textContent,
      images: count("main img"), stage: count("#panel .picture") });
    """
    told = browse(page, script, "#model=weak&probe=permanence")
    expected = int((runs[0].spans["probe"] == "permanence").sum())
    assert told["rows"] == expected > 1
    assert told["tally"].startswith(f"{expected} of ")
    assert told["title"] == "Failures · worldassay"
    assert told["moved"]
    assert "<img src=x" in told["prompt"]
    assert (told["images"], told["stage"]) == (0, 1)
