"""The certificate's page: every bar is on it, and what strangers wrote is escaped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evals.certify import agreement, bars
from evals.certify.asking import CONTROLS, LADDER, NUISANCES
from evals.certify.labelled import Labelled, Labels, keys
from evals.certify.measure import summarise
from evals.certify.verdicts import COLUMNS
from evals.console import plain
from reports import certificate
from tests.reports.conftest import ATTACK

PROBES = ("permanence", "adherence")
KINDS = {"vanish": "permanence", "event_missing": "adherence", "slide_texture": None}


def readings() -> pd.DataFrame:
    """Three scenes, half seen with a moving camera, by two probes; a stranger wrote why one abstained."""
    rng, rows = np.random.default_rng(0), []
    for family, moving in (("ramp", False), ("collision", True), ("leaves_frame", False)):
        asks = [("valid", "", 0.0), *(("twin", k, 0.0) for k in KINDS), *(("rung", "vanish", s) for s in LADDER)]
        asks += [*(("nuisance", n, 0.0) for n in NUISANCES), *(("control", c, 0.0) for c in CONTROLS)]
        for what, name, level in asks:
            span = (0.8, 0.5, 1.5) if what in ("twin", "rung") else (None, None, None)
            for probe in PROBES:
                value = rng.uniform(0, 0.4) if what in ("twin", "control") else rng.uniform(0.6, 1)
                found = ("scored", value, None, 0.5, 1.0)
                if (name, probe) == ("event_missing", "permanence"):
                    found = ("unscored", None, ATTACK, None, None)
                rows.append(("classical", family, 0, 64, moving, what, name, level, *span, probe, *found))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def labelled() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    videos = tuple(Labelled(Path("x"), f"{i}.mp4", i < 4, (ATTACK,) if i < 4 else (), ATTACK, None) for i in range(8))
    rng, key = np.random.default_rng(1), keys(("permanence",))["permanence"]
    lines = [
        {"motion": m, "seconds": 2.0 + m, "pixels": 1000 * m, "answers": {key: {"value": v}}}
        for m, v in rng.uniform(0.1, 1, (8, 2))
    ]
    about = {"file": ATTACK, "violated": 4, "clean": 4, "others": {ATTACK: 2}, "strata": 4, "videos": []}
    return about, agreement.figures(Labels(videos, {}), lines, ("permanence",), "generated")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    rows, more = summarise(readings(), PROBES, 0.125)
    about, others = labelled()
    judged = bars.judge(rows + others, 64)
    material = {"families": ["ramp"], "seeds": [0], "sizes": [64], "fps": 8.0, "judged_size": 64, "split": "test"}
    found: dict[str, Any] = plain(more | {
        "material": material | {"severity": [0.6, 1.0]}, "probes": dict.fromkeys(PROBES, 1), "sights": ["classical-v1"],
        "folds": 0, "voids": {"relight": 1}, "record": {"git": None, "packages": {"numpy": "2"}},
        "asked": {"labels": ATTACK}, "labels": about, "rows": judged, "bars": bars.summary(judged), "holds": False,
        "failed": [ATTACK],
    })  # fmt: skip
    return found


def test_every_bar_and_every_kind_is_on_the_page(document: dict[str, Any], tmp_path: Path) -> None:
    page = certificate.write(document, tmp_path).read_text()
    for line in document["bars"]:
        assert line["words"].replace("_", " ") in page
    for kind, probe in KINDS.items():
        own = f'<span class="probe {probe}">' if probe else '<span class="muted">none'
        assert re.search(rf'<th scope="row">{kind.replace("_", " ")}</th><td>{own}', page), kind
    assert page.count(">missed</span>") == sum(bool(line["missed"]) for line in document["bars"])
    for source in re.findall(r'src="([^"]+)"', page):
        assert (tmp_path / source).is_file()
    assert {"reliability.svg", "dose.svg"} <= set(re.findall(r'src="([^"]+)"', page))


def test_what_strangers_wrote_is_escaped(document: dict[str, Any], tmp_path: Path) -> None:
    page = certificate.write(document, tmp_path).read_text()
    assert "Content-Security-Policy" in page
    assert "<img src=x" not in page
    assert "</script>" not in page
    assert page.count("&lt;img src=x") >= 5


def test_the_same_certificate_is_the_same_page(document: dict[str, Any], tmp_path: Path) -> None:
    one, two = (certificate.write(document, tmp_path / name).parent for name in "ab")
    for name in ("reliability.svg", "dose.svg"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_a_certificate_of_labelled_videos_alone(document: dict[str, Any], tmp_path: Path) -> None:
    rows = [r for r in document["rows"] if r["measure"].startswith("labelled")]
    material = document["material"] | {"families": [], "seeds": [], "sizes": [], "judged_size": None}
    alone = {
        k: v for k, v in document.items() if k not in ("curves", "diagrams", "coverage", "scenes", "clips", "voids")
    }
    page = certificate.write(alone | {"rows": rows, "material": material}, tmp_path).read_text()
    assert 'id="labelled"' in page
    assert 'id="twins"' not in page


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"asked": 3, "missed": [{}]}, "AUROC: 2 of 3 figures reach it; at least 0.9: missed"),
        ({"asked": 1, "missed": [], "value": 0.95, "low": 0.9, "high": 1.0, "n": 7},
         "AUROC: 0.950 (0.900 to 1.000), n 7; at least 0.9"),
        ({"asked": 1, "missed": [{}], "value": None, "low": None}, "AUROC: nothing was scored; at least 0.9: missed"),
    ],
)  # fmt: skip
def test_a_bar_in_a_sentence(line: dict[str, Any], says: str) -> None:
    assert certificate.sentence({"words": "AUROC", "bar": 0.9, "sign": 1, **line}) == says
