"""The store: what goes in comes out, nothing missing becomes a number, equal results export to equal text."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import pytest

from evals.spec import write_json
from evals.store import ClipRow, ShotRow, Store, export, load
from probes.reading import Failed, Reading, Scored, Span, Unscored
from simulator.errors import UsageError

SPAN = Span("vanish", 0.5, 1.25, (0.1, 0.2, 0.3, 0.4), 0.7, "red ball gone, 'quoted' <b>")
READINGS: dict[str, dict[str, Reading]] = {
    "a": {"permanence": Scored(1 / 3, (SPAN, Span("cut", 0, 2, None, 1, "")), {"gap_s": 0.75, "nan": math.nan})},
    "b": {"permanence": Unscored("too dark"), "plausibility": Failed("ValueError: x")},
    "c": {"permanence": Scored(0.1 + 0.2)},
}


def fill(folder: Path, order: tuple[str, ...] = ("a", "b", "c")) -> Path:
    folder.mkdir()
    write_json(folder / "spec.json", {"model": {"label": "m"}})
    with Store(folder) as store:
        store.put_shots(ShotRow(i, "drop_bounce", n, "prompt", None, 64, 64, 16, 8.0) for n, i in enumerate("abc"))
        for shot in order:
            store.put_clip(ClipRow(shot, "ok", f"digest-{shot}", f"clips/{shot}.mkv", 16, 64, 64, 8.0))
            store.put_readings(shot, "classical", {name: (1, r) for name, r in READINGS[shot].items()})
    return folder


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    results = load(fill(tmp_path / "run"))
    rows = results.readings.set_index(["shot_id", "probe"])
    assert rows.loc[("a", "permanence"), "value"] == 1 / 3
    assert json.loads(str(rows.loc[("a", "permanence"), "measures"])) == {"gap_s": 0.75, "nan": None}
    assert math.isnan(float(rows.loc[("b", "permanence"), "value"]))  # type: ignore[arg-type]
    assert rows.loc[("b", "permanence"), "reason"] == "too dark"
    assert rows.loc[("b", "plausibility"), "status"] == "failed"
    first, second = results.spans.itertuples()
    assert (first.kind, first.start_s, first.end_s, first.x0, first.y1) == ("vanish", 0.5, 1.25, 0.1, 0.4)
    assert first.text == SPAN.text
    assert math.isnan(second.x0)
    assert results.spec["model"]["label"] == "m"
    assert list(results.clips["shot_id"]) == ["a", "b", "c"]


def test_export_does_not_depend_on_the_order_of_work(tmp_path: Path) -> None:
    texts = {export(fill(tmp_path / "".join(order), order)) for order in itertools.permutations("abc")}
    assert len(texts) == 1
    assert repr(0.1 + 0.2) in texts.pop()


def test_a_clip_of_other_content_loses_its_readings_and_spans(tmp_path: Path) -> None:
    with Store(fill(tmp_path / "run")) as store:
        store.put_clip(ClipRow("a", "ok", "digest-a", "elsewhere", 16, 64, 64, 8.0))
        assert store.read_by("a", "classical") == {"permanence": 1}
        store.put_clip(ClipRow("a", "failed", error="gone"))
        assert store.read_by("a", "classical") == {}
    assert load(tmp_path / "run").spans.empty


def test_only_readings_of_these_versions_and_this_sight_stand(tmp_path: Path) -> None:
    with Store(fill(tmp_path / "run")) as store:
        assert store.read_by("b", "classical") == {"permanence": 1}  # the failed one is tried again
        assert store.read_by("a", "oracle") == {}
        assert store.drop_stale("classical", {"permanence": 1}) == 1
        assert store.drop_stale("classical", {"permanence": 2}) == 3
        assert store.read_by("a", "classical") == {}


def test_half_a_transaction_is_no_result(tmp_path: Path) -> None:
    broken = {"permanence": (1, Scored(0.5)), "plausibility": (1, Scored(0.5, (object(),)))}  # type: ignore[arg-type]
    with Store(fill(tmp_path / "run")) as store:
        with pytest.raises(AttributeError):
            store.put_readings("a", "classical", broken)
        assert store.db.execute("SELECT value FROM reading WHERE shot_id = 'a'").fetchall() == [(1 / 3,)]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda f: None, "no such folder"),
        (lambda f: f.mkdir(), "not a run folder"),
        (lambda f: (fill(f), (f / "spec.json").write_text("{")), "is damaged"),
        (lambda f: (fill(f), (f / "results.sqlite").write_bytes(b"x" * 5000)), "is damaged"),
    ],
)
def test_what_is_not_a_run_is_told_in_one_line(tmp_path: Path, make, says: str) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "run")
    with pytest.raises(UsageError, match=says) as error:
        load(tmp_path / "run")
    assert "\n" not in str(error.value)
