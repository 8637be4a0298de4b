"""The regression report: files that agree with each other, links that lead somewhere, exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evals import config
from evals.comparison import compare
from evals.gates import Gate
from evals.store import Results
from reports import regression, regression_text
from reports.page import points
from simulator.errors import UsageError

Runs = tuple[Results, Results]
CONFIG = config.load("compare")


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("compare")
    regression.write(*runs, out, Gate())
    return out / "index.html"


def test_the_forms_agree(runs: Runs, page: Path) -> None:
    c = compare(*runs)
    data = json.loads((page.parent / "report.json").read_text())
    assert data["verdict"] == c.verdict == "better"
    assert [row["difference"] for row in data["rows"]] == pytest.approx([row.difference for row in c.rows])
    markdown = (page.parent / "report.md").read_text()
    assert markdown.count("\n| ") == 2 + len(c.rows)
    junit = ElementTree.parse(page.parent / "junit.xml").getroot()
    assert len(junit.findall("testcase")) == len(c.rows) == int(junit.attrib["tests"])
    assert not junit.findall("testcase/failure")
    assert [row["no_worse"] for row in data["rows"]] == [row.no_worse for row in c.rows]
    assert markdown.count(" points: shown |") == sum(row.no_worse for row in c.rows)
    assert data["passed"]


@pytest.mark.parametrize(
    "gate", [Gate(), Gate("not_equivalent"), Gate("never"), Gate(margins={"clean": 1.0, "adherence": 0.9})]
)
def test_junit_and_exit_code_are_the_gates(gate: Gate, runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    c = compare(*reversed(runs), gate.margin, gate.margins)  # type: ignore[misc]
    junit = ElementTree.fromstring(regression_text.junit(c, gate).split("?>", 1)[1])
    failed = {(case.get("classname"), case.get("name")) for case in junit.findall("testcase[failure]")}
    assert failed == {(row.family or "all families", row.measure) for row in c.rows if gate.fails(row)}
    assert int(junit.attrib["failures"]) == len(failed)
    assert bool(failed) == (gate.fail_on != "never")
    if gate.margins:
        assert c.headline.verdict == "worse"  # still shown
        assert ("all families", "clean") not in failed
    cfg = CONFIG | {"words": [str(run.path) for run in reversed(runs)]}
    cfg |= {"fail_on": gate.fail_on, "margin": gate.margin, "margins": dict(gate.margins)}
    assert regression.command(cfg, json_out=True, dry_run=True) == int(bool(failed))
    assert json.loads(capsys.readouterr().out)["passed"] == (not failed)


def test_a_failure_tells_its_numbers(runs: Runs) -> None:
    c = compare(*reversed(runs))
    junit = ElementTree.fromstring(regression_text.junit(c, Gate()).split("?>", 1)[1])
    told = junit.find("testcase[@name='clean'][@classname='all families']/failure")
    assert told is not None
    for number in (c.headline.difference, c.headline.low, c.headline.high):
        assert points(number) in told.attrib["message"]
    assert f"{c.headline.n} cells" in told.attrib["message"]
    assert "no worse than by 2 points: not shown" in told.attrib["message"]


def test_sentences(runs: Runs) -> None:
    better, worse = (regression_text.sentences(compare(*pair)) for pair in (runs, reversed(runs)))
    assert "is better than weak: the clean rate rose from" in better[0]
    assert better[-1] == "Nothing got worse beyond what chance explains."
    assert "weak is worse than" in worse[0]
    assert any(s.startswith("Got worse: ") for s in worse)
    same = regression_text.sentences(compare(runs[0], runs[0]))
    assert same[0].startswith("No change of the clean rate was found")


def test_every_link_leads_somewhere(runs: Runs, page: Path) -> None:
    for name in ("index.html", "clips.html"):
        text = (page.parent / name).read_text()
        files = {link.split("#")[0] for link in re.findall(r'(?:href|src)="([^"]+)"', text)} - {""}
        assert files, name
        assert not [f for f in files if not (page.parent / f).is_file()], name
        anchors = re.findall(r'href="#([^"]+)"', text)
        assert all(f'id="{a}"' in text for a in anchors)
    data = json.loads(re.search(r'id="data">(.*?)</script>', (page.parent / "clips.html").read_text(), re.S)[1])  # type: ignore[index]
    sources = [clip["src"] for clip in data["clips"].values() if clip["src"]]
    gone = (runs[1].clips["path"] == runs[1].clips["path"][0]).sum()
    assert len(sources) == len(data["clips"]) - gone  # its file is gone, and that is said, not fatal
    assert all((page.parent / src).is_file() for src in sources)


def test_nothing_comes_from_elsewhere_and_nothing_inline_runs(page: Path) -> None:
    for path in page.parent.glob("*.html"):
        text = path.read_text()
        assert "default-src 'none'" in text
        assert "unsafe" not in text
        assert not re.findall(r'(?:href|src)="(?:https?:)?//', text)
        tags = Tags(text).seen
        assert not [t for t, attributes in tags if t == "style" or any(a.startswith("on") for a in attributes)]
        assert not [t for t, attributes in tags if "style" in attributes]
        assert all("src" in a or a.get("type") == "application/json" for t, a in tags if t == "script")


def test_exit_codes(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weak, strong = (str(run.path) for run in runs)
    for words, code in (([weak, strong], 0), ([strong, weak], 1)):
        assert regression.command(CONFIG | {"words": words, "out": str(tmp_path)}, json_out=True, dry_run=True) == code
        assert json.loads(capsys.readouterr().out)["regressed"] == bool(code)
    assert not list(tmp_path.iterdir())
    with pytest.raises(UsageError, match="worldassay compare BASE CANDIDATE"):
        regression.command(CONFIG | {"words": [weak]}, json_out=False, dry_run=False)


@pytest.mark.slow
def test_in_a_browser(page: Path, browse: Callable[..., Any]) -> None:
    """Strangers' words stay words; clips load, boxes show at their time, one button plays both clips of a pair."""
    script = """
    const stages = [...document.querySelectorAll("[data-clips]")].map((root) => root.stage);
    const stage = stages.find((one) => one.screens.every((screen) => screen.video));
    const count = (what) => document.querySelectorAll(what).length;
    setTimeout(() => {
      const boxes = count(".box.on");
      stage.button.click();
      tell({ title: document.title, stages: count(".stage .transport"), images: count("main img"),
        b: count("main b[onclick]"), boxes, playing: stage.playing, button: stage.button.textContent,
        loaded: stage.screens.map((s) => s.video.readyState), paused: stage.screens.map((s) => s.video.paused) });
    }, 4000);
    """
    told = browse(page, script)
    assert told["title"] == "strong <b onclick='x'> against weak · worldassay"
    assert (told["images"], told["b"]) == (0, 0)
    assert told["stages"] > 0
    assert all(state >= 1 for state in told["loaded"])
    assert told["boxes"] > 0
    assert (told["playing"], told["button"]) == (True, "Pause")
    assert told["paused"] == [False, False]
