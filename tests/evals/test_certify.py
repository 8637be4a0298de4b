"""The measurement: closed forms on made-up readings, what is asked, what is kept, and the verb from end to end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evals import config
from evals.certify import agreement, bars, evidence, figures, verdicts
from evals.certify.answers import Asked, encode
from evals.certify.asking import LADDER, Cell, Material, asks
from evals.certify.cells import Setup, Stage, due, read, sight_key
from evals.certify.labelled import Labelled, Labels, keys
from evals.certify.measure import plan
from evals.certify.spoiling import NUISANCES, control
from evals.cli import main
from probes.base import PROBES
from probes.calibration import Table, load
from probes.perception.classical import ClassicalObservation
from probes.reading import Scored
from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.scenarios import make_script
from simulator.stage import play
from simulator.violations import VIOLATIONS
from tests.synthetic import write_clip

MATERIAL = Material("test", "any", (0.6, 1.0))
TINY = ["families=leaves_frame,ramp", "seeds=2", "fps=4", "size=[32]", "kinds=vanish,event_missing", "ladders=0",
        "probes=permanence,consistency3d", "perception=classical"]  # fmt: skip
FAMILIES = ("leaves_frame", "ramp", "collision")


@pytest.fixture(scope="module", autouse=True)
def tables() -> Iterator[None]:
    """Tables that know every law; what is measured here does not hang on the ones that ship."""

    def made(probe: str, version: int, sight: str, sight_version: int) -> Table:
        return Table(probe, version, f"{sight}-v{sight_version}", 3.0, dict.fromkeys(Asked(probe).laws, 3.0), 1, 1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdicts, "load", made)
        yield


def clips(rows: list[tuple[str, str, str, dict[str, float]]]) -> pd.DataFrame:
    """A table as `wide` gives it, of (family, what, name, values by probe)."""
    head = {"sight": "classical", "size": 64, "seed": 0, "moving": False, "level": 0.0}
    return pd.DataFrame([head | {"family": f, "what": w, "name": n} | values for f, w, n, values in rows])


def twins(score: float, spared: float) -> pd.DataFrame:
    """A twin of every family by "permanence", and its valid take."""
    rows = [(f, "valid", "", {"permanence": spared}) for f in FAMILIES]
    return clips(rows + [(f, "twin", "vanish", {"permanence": score}) for f in FAMILIES])


@pytest.mark.parametrize(("score", "spared", "expected"), [(0.1, 0.9, 1.0), (0.7, 0.7, 0.5), (0.9, 0.1, 0.0)])
def test_paired_accuracy_and_auroc_of_the_extremes(score: float, spared: float, expected: float) -> None:
    rows = figures.discrimination(twins(score, spared), ["permanence"])
    assert {r["measure"] for r in rows} == {"paired", "auroc", "paired_mean", "auroc_mean"}
    for r in rows:
        assert (r["value"], r["n"], r["of"]) == (expected, 3, 3)
    assert {r["probe"] for r in rows if r["measure"] == "paired_mean"} == {"all", "own", "permanence"}


def test_a_constant_score_has_exactly_half() -> None:
    (r,) = evidence.constant(twins(0.1, 0.9))
    assert r["value"] == 0.5
    assert bars.judge([r], 64)[0]["holds"] is True


def test_a_pair_is_judged_by_the_probes_that_scored_both() -> None:
    nan = np.nan
    twin = np.array([[0.1, 0.9], [nan, 0.8], [nan, 0.8], [0.2, nan]])
    valid = np.array([[0.9, 0.2], [0.1, 0.9], [0.1, 0.8], [nan, 0.3]])
    np.testing.assert_array_equal(figures.paired(twin, valid), [1.0, 1.0, 0.5, nan])


def test_the_mean_over_kinds_weighs_kinds_alike() -> None:
    values, kind = np.array([1.0, 1.0, 1.0, 0.0]), np.array(["a", "a", "a", "b"])
    value, interval = figures.mean_over(values, kind, np.array([0, 1, 2, 0]), 3)
    assert value == 0.5
    assert interval.low <= 0.5 <= interval.high


def test_a_kind_that_no_probe_estimates_misses_its_bar() -> None:
    rows = [(f, w, n, {"permanence": 0.5}) for f in FAMILIES for w, n in (("valid", ""), ("twin", "slide_texture"))]
    judged = bars.judge(figures.discrimination(clips(rows), ["permanence"]), 64)
    lost = [r for r in judged if r["kind"] == "slide_texture" and r["own"]]
    assert [(r["probe"], r["n"], r["holds"]) for r in lost] == [(None, 0, False)]


def test_bars_are_for_one_size_and_do_not_hold_where_little_was_scored() -> None:
    row = figures.row("auroc_mean", 0.95, figures.Interval(0.9, 1.0), 10, 10, sight="classical", size=64)
    assert bars.judge([row], 64)[0]["holds"] is True
    assert bars.judge([row], 128)[0]["holds"] is None
    assert bars.judge([row | {"of": 21}], 64)[0]["holds"] is False
    assert bars.judge([row | {"value": 0.89}], 64)[0]["holds"] is False
    assert [line["words"] for line in bars.summary(bars.judge([row], 64))] == ["AUROC"]


def test_false_alarms_are_counted_among_what_was_scored() -> None:
    rows = [("ramp", "valid", "", {"permanence": v}) for v in (0.4, 0.6, 0.9, np.nan)]
    rows += [("ramp", "nuisance", "noisy", {"permanence": 0.5})]
    found = {r["kind"]: r for r in figures.alarms(clips(rows), ["permanence"]) if r["probe"] == "all" == r["view"]}
    assert (found["clean"]["value"], found["clean"]["n"], found["clean"]["of"]) == (1 / 3, 3, 4)
    assert found["noisy"]["value"] == 0.0


def rungs(scores: dict[str, tuple[float, ...]]) -> pd.DataFrame:
    rows = [("vanish", f, level, s) for f, ladder in scores.items() for level, s in zip(LADDER, ladder, strict=True)]
    found = clips([(f, "rung", kind, {"permanence": s}) for kind, f, _, s in rows])
    return found.assign(level=[level for _, _, level, _ in rows])


def test_a_score_that_falls_with_severity_responds_fully_and_one_that_does_not_change_not_at_all() -> None:
    falls, still, rises = (0.9, 0.7, 0.6, 0.3, 0.1), (0.5,) * 5, (0.1, 0.2, 0.3, 0.4, 0.5)
    for ladder, expected in ((falls, 1.0), (still, 0.0), (rises, -1.0)):
        rows, curves = figures.ladders(rungs(dict.fromkeys(FAMILIES, ladder)), ["permanence"])
        assert {(r["measure"], r["value"], r["n"]) for r in rows} == {
            ("dose", expected, 3),
            ("dose_within", expected, 3),
        }
        assert curves[0]["means"] == pytest.approx(ladder)


def test_a_ladder_with_a_rung_that_was_not_scored_is_left_out() -> None:
    rows, _ = figures.ladders(rungs({"ramp": (0.9, np.nan, 0.5, 0.4, 0.3), "collision": (0.9, 0.8, 0.5, 0.4, 0.3)}),
                              ["permanence"])  # fmt: skip
    assert {(r["n"], r["of"]) for r in rows} == {(1, 2)}


def test_evidence_overlaps_or_not_and_its_union_is_told() -> None:
    spans = {"leaves_frame": (1.0, 2.0), "ramp": (0.0, 0.5), "collision": (0.5, 1.5)}
    rows = [
        ("classical", f, 0, 64, False, "twin", "vanish", 0.0, 1.0, 1.0, 2.0, "permanence", "scored", 0.1, None, *span)
        for f, span in spans.items()
    ]
    found = evidence.detections(pd.DataFrame(rows, columns=list(verdicts.COLUMNS)), ["permanence"], 0.125)
    told = {r["measure"]: r["value"] for r in found if r["probe"] == "all" and r["kind"] is None}
    assert told == {"overlap": 2 / 3, "time_iou": pytest.approx((1 + 0 + 0.5 / 1.5) / 3)}


def test_a_still_adds_nothing_to_the_clean_rate_where_adherence_rejects_it() -> None:
    rows = [("ramp", "valid", "", {"permanence": 0.8, "adherence": 0.9}),
            ("ramp", "control", "frozen", {"permanence": 0.99, "adherence": 0.1}),
            ("ramp", "control", "looped", {"permanence": 0.99, "adherence": np.nan})]  # fmt: skip
    found = evidence.contributions(clips(rows), ["permanence", "adherence"])
    assert {(r["kind"], r["probe"], r["share"], r["valid_share"]) for r in found} == {
        (kind, probe, 0.0, 1.0) for kind in ("frozen", "looped") for probe in ("permanence", "adherence")
    }  # fmt: skip
    assert all(r["holds"] for r in bars.judge(found, 64))
    worse = clips(rows).replace({"permanence": {0.8: 0.3}, "adherence": {0.1: 0.6}})
    judged = bars.judge(evidence.contributions(worse, ["permanence", "adherence"]), 64)
    assert [r["holds"] for r in judged if r["kind"] == "frozen" and r["probe"] == "permanence"] == [False]


def test_a_probe_that_breaks_once_misses_its_bar() -> None:
    head = ("classical", "ramp", 0, 64, False, "control", "noise", 0.0, None, None, None, "permanence")
    rows = [(*head, status, None, "why", None, None) for status in ("failed", "unscored", "unscored")]
    (row,) = bars.judge(evidence.failures(pd.DataFrame(rows, columns=list(verdicts.COLUMNS))), 64)
    assert (row["value"], row["holds"]) == (1 / 3, False)


def test_calibration_is_judged_with_both_classes_alike() -> None:
    rows = [("ramp", "valid", "", {"permanence": 0.5})] * 3 + [("ramp", "twin", "vanish", {"permanence": 0.5})]
    (row,), (diagram,) = evidence.calibration(clips(rows), ["permanence"])
    assert row["value"] == pytest.approx(0.0)
    assert sum(diagram["weight"]) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def clip() -> Clip:
    return play(make_script("drop_bounce", 1, view="still"), 48, 48, 8.0).clip


def test_nuisances_change_little_and_what_they_say(clip: Clip) -> None:
    made = {name: spoil(clip, np.random.default_rng(0)) for name, spoil in NUISANCES.items()}
    assert made["half_size"].frames.shape == (16, 24, 24, 3)
    assert (len(made["half_rate"]), made["half_rate"].fps, made["half_rate"].seconds) == (8, 4.0, clip.seconds)
    for name in ("h264", "noisy"):
        error = made[name].frames.astype(float) - clip.frames
        assert 1.0 < np.sqrt((error**2).mean()) < 12.0, name
        assert abs(error.mean()) < 2.0
    np.testing.assert_allclose(made["brighter"].frames, np.minimum(clip.frames * 1.2, 255), atol=0.51)
    again = NUISANCES["h264"](clip, np.random.default_rng(1))
    assert again.digest == made["h264"].digest


def test_controls_are_what_they_say(clip: Clip) -> None:
    other = np.zeros_like(clip.frames)

    def films(count: int, frames: int) -> list[np.ndarray]:
        return [np.full((frames, 48, 48, 3), i, np.uint8) for i in range(count)]

    made = {
        name: control(name, clip, np.random.default_rng(0), films).frames
        for name in ("frozen", "noise", "shuffled", "reversed", "unrelated", "cross_faded", "looped")
    }
    assert all(frames.shape == clip.frames.shape for frames in made.values())
    assert (made["frozen"] == clip.frames[0]).all()
    np.testing.assert_array_equal(made["reversed"][::-1], clip.frames)
    assert [int(f.max()) for f in made["unrelated"]] == list(range(16))
    np.testing.assert_array_equal(made["looped"][8:], clip.frames[:8])
    np.testing.assert_array_equal(made["cross_faded"][:4], clip.frames[:4])
    np.testing.assert_array_equal(made["cross_faded"][12:], other[12:])
    same = np.sort(made["shuffled"].reshape(16, -1).sum(1, dtype=int))
    np.testing.assert_array_equal(same, np.sort(clip.frames.reshape(16, -1).sum(1, dtype=int)))


def test_a_ladder_is_one_violation_at_five_severities() -> None:
    cell = Cell("drop_bounce", 3, 32, 8.0, ("twins", "ladders", "nuisances", "controls"))
    found = asks(cell, MATERIAL)
    stage = Stage(cell, MATERIAL)
    some = [stage._violation(a) for a in found if a.what in ("rung", "twin") and a.name == "vanish"]
    assert sorted(v.severity for v in some)[:2] == [0.2, 0.4]
    assert len({(v.kind, v.body, v.onset, v.duration) for v in some}) == 1
    assert len(found) == len({a.id for a in found})
    assert not any(a.what == "rung" and a.name == "event_missing" for a in found)
    assert "control/reversed" in {a.id for a in found}


def test_what_a_still_shows_or_a_reversal_does_not_change_is_no_control() -> None:
    for seed in range(30):
        cell = Cell("candle_blowout", seed, 32, 8.0, ("controls",))
        happens = {e.kind for e in cell.script(MATERIAL).expected}
        found = {a.name for a in asks(cell, MATERIAL) if a.what == "control"}
        assert ("frozen" in found) == bool(happens - {"present", "stays", "stays_lit"})
        assert ("reversed" in found) == ("goes_out" in happens)


@pytest.mark.parametrize("name", PROBES.names())
def test_what_is_kept_gives_the_reading_that_the_probe_gives(name: str) -> None:
    script = make_script("leaves_frame", 3)
    observation = ClassicalObservation(play(script, 48, 48, 8.0).clip)
    asked = Asked(name)
    answer = json.loads(json.dumps(asked.answer(observation, script)))
    table = load(name, asked.probe.version, "classical", observation.version) if asked.find else None
    kept = asked.reading(answer, table, observation.clip.seconds)
    said = asked.probe.score(observation, script, None)
    assert type(kept) is type(said)
    if isinstance(kept, Scored) and isinstance(said, Scored):
        assert kept.value == said.value
        assert [(s.kind, s.start, s.end, s.text) for s in kept.spans] == [
            (s.kind, s.start, s.end, s.text) for s in said.spans
        ]  # fmt: skip


def test_folds_share_out_all_families_and_tables_never_see_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    families = [f"family {i}" for i in range(7)]
    assert sorted(f for fold in verdicts.folds(families, 3) for f in fold) == families
    scenes = [Cell(f, 0, 64, 8.0, ()) for f in families]
    monkeypatch.setattr(verdicts, "tables", lambda setup, cells: {("p", "s"): {c.family for c in cells}})
    judge = verdicts.left_out(Setup(MATERIAL, Path(), ("s",), ()), scenes, families, 3)
    for f in families:
        assert f not in judge("p", "s", f)  # type: ignore[operator]
        assert len(judge("p", "s", f)) >= 4  # type: ignore[arg-type]


def test_only_a_probe_of_another_version_is_asked_again(tmp_path: Path) -> None:
    class Fake:
        def __init__(self, key: str) -> None:
            self.key = key

    ask = asks(Cell("ramp", 0, 32, 8.0, ()), MATERIAL)[0]
    line = {"ask": "valid", "sight": sight_key("classical"), "void": None, "answers": {"a-v1": {}}}
    more = line | {"answers": {"b-v1": {}}}
    path = tmp_path / "cell.jsonl"
    path.write_text(json.dumps(line) + "\n" + json.dumps(more) + "\n" + '{"ask": "tw')  # a kill left half a line
    kept = read(path)
    assert set(kept[("valid", sight_key("classical"))]["answers"]) == {"a-v1", "b-v1"}
    both = [Fake("a-v1"), Fake("b-v2")]
    assert [a.key for a in due(kept, ask, "classical", both)] == ["b-v2"]  # type: ignore[arg-type]
    assert [a.key for a in due(kept, ask, "oracle", both)] == ["a-v1", "b-v2"]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certify") / "one"
    assert main(["certify", *TINY, "workers=1", f"out={folder}"]) in (0, 1)
    return folder


def test_four_workers_measure_what_one_does(certified: Path, tmp_path: Path) -> None:
    out = tmp_path / "four"
    main(["certify", *TINY, "workers=4", f"out={out}"])
    assert (out / "certificate.json").read_bytes() == (certified / "certificate.json").read_bytes()
    assert (out / "page" / "index.html").is_file()


def test_the_same_command_finds_everything_done(certified: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {p: p.stat().st_mtime_ns for p in (certified / "answers").iterdir()}
    code = main(["certify", *TINY, f"out={certified}", "--json"])
    assert {p: p.stat().st_mtime_ns for p in (certified / "answers").iterdir()} == before
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((certified / "certificate.json").read_text())
    assert code == (0 if document["holds"] else 1)
    needed = {"measure", "n", "of", "value", "low", "high", "bar", "holds"}
    assert all(needed <= set(r) for r in document["rows"])
    assert {line["words"] for line in document["bars"]} >= {"AUROC", "false alarms on valid takes"}


def test_a_dry_run_counts_and_writes_nothing(
    certified: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["certify", *TINY, f"out={certified}", "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["test"]["left"], told["minutes"]) == (0, 0.0)
    assert main(["certify", *TINY, f"out={tmp_path / 'x'}", "--dry-run"]) == 0
    assert f"4 cells, {told['test']['clips']} of {told['test']['clips']} clips are left" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (["families=rampp"], "unknown family 'rampp'. Did you mean: ramp"),
        (["families=none"], "nothing to measure: give families=, or labels="),
        (["kinds=vanich"], "unknown violation 'vanich'. Did you mean: vanish"),
        (["probes=permanance"], "unknown probe 'permanance'. Did you mean: permanence"),
        (["perception=oracel"], "unknown perception 'oracel'. Did you mean: oracle"),
        (["size=[63]"], "size=[63] is not a list of even numbers"),
        (["severity=[0.8,0.2]"], "is not a range within (0, 1]"),
        (["seeds=0"], "seeds=0 is less than 1"),
        (["leave_out=3"], "leave_out=3 is not 0 or 2 to 2, the number of families"),
        (["split=tests"], "unknown split 'tests'. Did you mean: test"),
        (["labels=nowhere.csv"], "no such file: labels=nowhere.csv; give a CSV file with the columns file,label"),
    ],
)
def test_a_slip_is_told_before_anything_is_played(changes: list[str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(config.load("certify", [*TINY, *changes]))
    assert says in str(caught.value)


def test_every_kind_of_violation_can_be_asked_for() -> None:
    asked = plan(config.load("certify", [*TINY, f"kinds={','.join(VIOLATIONS.names())}"]))
    assert asked.setup.material.kinds is None


def labelled(tmp_path: Path, text: str) -> list[str]:
    for i in range(3):
        write_clip(tmp_path / f"{i}.mkv", i, frames=6, size=32)
    (tmp_path / "labels.csv").write_text(text)
    return [
        "certify",
        "families=none",
        "probes=permanence",
        f"labels={tmp_path / 'labels.csv'}",
        f"out={tmp_path / 'o'}",
    ]


def test_labelled_videos_are_looked_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = labelled(tmp_path, "file,label,why\n0.mkv,violation,melt;vanish\n1.mkv,clean,\n2.mkv,unclear,\n")
    assert main([*asked, "type_column=why", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["labels"]["others"] == {"unclear": 1}
    assert [v["types"] for v in document["labels"]["videos"]] == [["melt", "vanish"], []]
    assert {r["kind"] for r in document["rows"] if r["measure"] == "labelled_auroc"} == {None, "melt", "vanish"}
    before = (tmp_path / "o" / "labelled.jsonl").read_bytes()
    main([*asked, "type_column=why"])
    assert (tmp_path / "o" / "labelled.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("path,label\n0.mkv,clean\n", [], "unknown column of labels.csv, file_column= 'file'. Available: label, path"),
        ("file,label\n0.mkv,good\n1.mkv,bad\n", [], "has label='violation' (others: 'bad', 'good')"),
        ("file,label\n0.mkv,clean\n9.mkv,violation\n", [], "1 of 2 videos are not beside"),
        ("file,label\n0.mkv,clean\n", ["type_column=kind"], "type_column= 'kind'"),
        ("", [], "unknown column of labels.csv, file_column= 'file'. Available: none"),
    ],
)
def test_labels_that_do_not_fit_are_told(tmp_path: Path, text: str, more: list[str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(config.load("certify", [*labelled(tmp_path, text)[1:], *more]))
    assert says in str(caught.value)


def made_up(scores: np.ndarray, motion: np.ndarray, violated: np.ndarray) -> list[dict[str, object]]:
    """Rows for labelled videos of which "permanence" said this."""
    videos = tuple(Labelled(Path(str(i)), str(i), bool(v), ("warp",) if v else (), "real", None)
                   for i, v in enumerate(violated))  # fmt: skip
    key = keys(("permanence",))["permanence"]
    rng = np.random.default_rng(9)
    lines = [
        {"motion": float(m), "seconds": float(rng.uniform(1, 9)), "pixels": float(rng.uniform(1e4, 1e6)),
         "answers": {key: encode(Scored(float(s)))}}
        for s, m in zip(scores, motion, strict=True)
    ]  # fmt: skip
    return agreement.figures(Labels(videos, {}), lines, ("permanence",), "generated")


def test_a_score_that_only_knows_motion_is_found_out() -> None:
    rng = np.random.default_rng(0)
    motion = rng.uniform(size=300)
    violated = rng.random(300) < motion
    rows = made_up(1 - motion, motion, violated)
    told = {r["measure"]: r["value"] for r in rows if r["probe"] == "permanence" and r["kind"] is None}
    alone = next(r["value"] for r in rows if r["measure"] == "labelled_auroc" and r["probe"] == "motion")
    assert told["labelled_auroc"] == alone > 0.8
    assert told["labelled_auroc_stratified"] < 0.65
    assert told["labelled_partial"] is None or np.isnan(told["labelled_partial"])


def test_a_score_that_knows_the_label_is_right_at_any_motion() -> None:
    rng = np.random.default_rng(1)
    motion, violated = rng.uniform(size=60), np.arange(60) % 3 == 0
    rows = made_up(np.where(violated, 0.2, 0.9), motion, violated)
    told = {r["measure"]: r for r in rows if r["probe"] == "all" and r["kind"] is None}
    assert told["labelled_auroc"]["value"] == told["labelled_auroc_stratified"]["value"] == 1.0
    assert told["labelled_partial"]["value"] > 0.8
    assert [r["value"] for r in rows if r["measure"] == "labelled_auroc_in_group"][:2] == [1.0, 1.0]
    (alarms,) = [r for r in rows if r["probe"] == "all" and r["kind"] == "not generated"]
    assert (alarms["value"], alarms["n"]) == (0.0, 40)
    assert sum(bool(r.get("best")) for r in rows if r["measure"] == "labelled_auroc") == 1


@pytest.mark.parametrize(("clips", "each"), [(40, [10] * 4), (100, [20] * 5), (400, [40] * 10)])
def test_strata_of_equal_motion_hold_as_many_clips(clips: int, each: list[int]) -> None:
    motion = np.random.default_rng(2).permutation(clips) / 7
    found = agreement.strata(motion)
    assert np.bincount(found).tolist() == each
    assert (np.diff(found[np.argsort(motion)]) >= 0).all()
