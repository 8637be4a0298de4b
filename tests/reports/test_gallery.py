"""The gallery: every take of a dataset is on the page, marked where its law is broken, and filters hold."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from evals.cli import main
from reports import gallery
from simulator.dataset import read_manifest, write_manifest
from simulator.errors import UsageError
from tests.reports.conftest import ATTACK

ASKED = [
    "suite.families=drop_bounce", "suite.seeds=2", "suite.height=32", "suite.width=48", "suite.seconds=1",
    "violations=vanish,teleport", "severity=1", "workers=1",
]  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes with two twins each; a stranger wrote one prompt, one take has failed, one has lost its picture."""
    folder = tmp_path_factory.mktemp("dataset") / "takes"
    assert main(["simulate", *ASKED, f"out={folder}"]) == 0
    rows = read_manifest(folder)
    rows[0]["prompt"] = ATTACK
    rows[4] = {key: rows[4][key] for key in ("id", "family", "seed", "kind", "twin")} | {
        "error": "OSError: <b>full</b>"
    }
    (folder / rows[5]["preview"]).unlink()
    write_manifest(folder, rows)
    return folder


@pytest.fixture(scope="module")
def page(dataset: Path) -> Path:
    out = dataset.parent / "page"
    gallery.write(dataset, out)
    return out / "index.html"


def test_every_take_is_shown_and_marked_where_it_is_broken(dataset: Path, page: Path) -> None:
    text, rows = page.read_text(), read_manifest(dataset)
    figures = re.findall(r'<figure class="take[^"]*" data-kind="(\w*)" data-law="(\w*)">(.*?)</figure>', text, re.S)
    assert [kind for kind, _, _ in figures] == [row["kind"] or "" for row in rows]
    assert {law for _, law, _ in figures} == {"", "permanence", "continuity"}
    for row, (_, _, figure) in list(zip(rows, figures, strict=True))[:4]:
        marked = [int(x) for x in re.findall(r'<rect x="(\d+)"', figure)]
        broken = row["broken"]
        assert marked == [i for i in range(8) if broken and broken["start"] <= i / 8.0 < broken["end"]]
        picture = cv2.imread(str(page.parent / re.findall(r'src="(strips/\w+\.webp)"', figure)[0]))
        preview = cv2.imread(str(dataset / row["preview"]))
        assert picture.shape == preview.shape
        assert np.abs(picture.astype(int) - preview).mean() < 8
    assert "could not be played: OSError: &lt;b&gt;full&lt;/b&gt;" in figures[4][2]
    assert "is missing" in figures[5][2]
    assert "<img src=x" not in text


def test_a_picture_outside_the_dataset_is_not_taken(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset, tmp_path / "a")
    rows = read_manifest(tmp_path / "a")
    (tmp_path / "secret.png").write_bytes((tmp_path / "a" / rows[0]["preview"]).read_bytes())
    rows[0]["preview"] = "../secret.png"
    write_manifest(tmp_path / "a", rows)
    gallery.write(tmp_path / "a", tmp_path / "page")
    assert "its picture ../secret.png is missing" in (tmp_path / "page" / "index.html").read_text()
    assert len(list((tmp_path / "page" / "strips").iterdir())) == 3


def test_command(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gallery", str(dataset), f"out={tmp_path / 'a'}", "--json"]) == 3  # one of them has failed
    assert json.loads(capsys.readouterr().out) == {"out": str(tmp_path / "a"), "takes": 6, "failed": 1}
    assert (tmp_path / "a" / "index.html").is_file()
    assert main(["gallery", str(dataset), f"out={tmp_path / 'b'}", "--dry-run"]) == 3
    assert not (tmp_path / "b").exists()
    assert main(["gallery", str(tmp_path)]) == 2
    assert "no manifest.jsonl in" in capsys.readouterr().err
    assert main(["gallery", "families=drop_bonce"]) == 2
    assert "Did you mean: drop_bounce" in capsys.readouterr().err


def test_a_folder_without_takes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").touch()
    with pytest.raises(UsageError, match="no takes in"):
        gallery.write(tmp_path, tmp_path / "page")


@pytest.mark.slow
def test_in_a_browser(page: Path, browse: Callable[..., Any]) -> None:
    """A link shows just its takes beside the valid ones; the form and the address agree; nothing foreign runs."""
    script = """
    const visible = (what) => [...document.querySelectorAll(what)].filter((e) => e.offsetParent !== null).length;
    const { broken } = document.getElementById("filters").elements;
    const first = { takes: visible(".take"), vanish: visible(".take[data-kind=vanish]"), chosen: broken.value };
    broken.value = "";
    broken.dispatchEvent(new Event("change", { bubbles: true }));
    tell({ first, after: visible(".take"), hash: location.hash, title: document.title, images: visible("img[src=x]"),
      tally: tally.textContent, loaded: document.querySelector(".frames img").naturalWidth });
    """
    told = browse(page, script, "#broken=vanish")
    assert told["first"] == {"takes": 4, "vanish": 2, "chosen": "vanish"}
    assert (told["after"], told["hash"]) == (6, "")
    assert (told["title"], told["images"], told["loaded"]) == ("Gallery · worldassay", 0, 8 * 48)
    assert told["tally"] == "6 takes of 1 family. 2 takes could not be played."
