"""Submissions: an honest one verifies, and each way to cheat or to attack is named."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from evals import config
from evals.cli import main
from evals.console import console
from evals.engine import Done, Message
from evals.spec import digest
from evals.suite import Cell, Suite
from evals.verify import recomputing
from evals.verify.clips import COPIED, ClipWorker, Setup, frozen, unlikeness
from evals.verify.command import verify
from evals.verify.findings import KINDS, Finding, harmless
from simulator.clip import Clip, read_video, write_video
from simulator.stage import film

SMALL = [
    "suite=smoke", "suite.families=[drop_bounce,occluder_pass]", "suite.seconds=1", "suite.height=48", "suite.width=48",
    "probes=[quality,permanence]", "workers=1",
]  # fmt: skip
SHOT = "drop_bounce-0-prompt"


Engine = Callable[[str, Any, Sequence[Any], int], Iterator[tuple[Any, Message | Done]]]


class Looker(ClipWorker):
    """The worker, in this process; what it plays is kept from test to test."""

    played: ClassVar[dict[str, Clip]] = {}

    def __init__(self, setup: Setup) -> None:
        self.setup, self._played = setup, None

    def _reference(self, cell: Cell) -> Clip:
        if cell.family not in self.played:
            self.played[cell.family] = super()._reference(cell)
        return self.played[cell.family]


def here(_target: str, setup: Any, jobs: Sequence[Any], _workers: int) -> Iterator[tuple[Any, Message | Done]]:
    """The pool's work in this process."""
    worker = Looker(setup)
    for job in jobs:
        for content in worker.do(job):
            yield job, Message(content)
        yield job, Done()


def nowhere(_target: str, _setup: Any, jobs: Sequence[Any], _workers: int) -> Iterator[tuple[Any, Message | Done]]:
    """No clip is looked at, where what is wrong can be seen without."""
    return iter((job, Done()) for job in jobs)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle, as a folder, of a run of the noise."""
    folder = tmp_path_factory.mktemp("honest")
    assert main(["run", "model=noise", *SMALL, f"out={folder / 'run'}"]) == 0
    assert main(["bundle", str(folder / "run"), f"out={folder / 'bundle'}"]) == 0
    return folder / "bundle"


@pytest.fixture
def bundle(honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to tamper with."""
    monkeypatch.setattr(recomputing, "pool", nowhere)
    return shutil.copytree(honest, tmp_path / "bundle")


@pytest.fixture
def looked(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to tamper with, whose clips are looked at."""
    monkeypatch.setattr(recomputing, "pool", here)
    return bundle


def found(source: Path, *keys: str, sample: int = 0) -> dict[str, list[Finding]]:
    """The findings by kind, without the notes."""
    cfg = config.load("verify", [f"sample={sample}", *keys])
    findings = verify(source, cfg, 0, console(json_out=True)).ordered()
    return {kind: mine for kind in KINDS if kind != "note" and (mine := [f for f in findings if f.kind == kind])}


def seal(folder: Path) -> Path:
    """Write a manifest that fits what lies in the folder, as a forger would."""
    files = {
        str(path.relative_to(folder)): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": path.stat().st_size
        }
        for path in sorted(folder.rglob("*.*")) if path.name != "manifest.json"
    }  # fmt: skip
    told = {"format": 1, "run": digest(json.loads((folder / "spec.json").read_text())), "files": files}
    (folder / "manifest.json").write_text(json.dumps(told))
    return folder


def ask(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / "results.sqlite") as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def edit(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


def zipped(folder: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """The folder as an archive, as anybody's tool makes it."""
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w", method) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return folder.with_suffix(".zip")


def replace_clip(folder: Path, clip: Clip) -> None:
    """Put another clip in place of SHOT's, row and all."""
    write_video(folder / "clips" / f"{clip.digest}.mkv", clip)
    path = f"clips/{clip.digest}.mkv"
    ask(folder, f"UPDATE clip SET digest = '{clip.digest}', path = '{path}' WHERE shot_id = '{SHOT}'")


def test_an_honest_bundle_verifies_with_every_reading_computed_again(
    honest: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    archive = zipped(shutil.copytree(honest, tmp_path / "packed"))
    capsys.readouterr()
    assert main(["verify", str(archive), "sample=4", "workers=1", f"runs={honest.parent / 'run'}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verified"]
    assert told["findings"] == []
    assert (told["checked"]["clips"], told["checked"]["readings"], told["checked"]["shots"]) == (4, 8, 4)
    assert {note["where"] for note in told["notes"]} == {"suite", "probe plausibility", "probe consistency3d",
                                                         "probe adherence"}  # fmt: skip


def test_an_edited_reading_is_found_by_computing_it_again(looked: Path) -> None:
    forged = {
        "drop_bounce-0-prompt": "UPDATE reading SET value = value + 1e-9 WHERE probe = 'quality'",
        "drop_bounce-0-first_frames": "UPDATE reading SET value = 0.9 WHERE probe = 'permanence'",
        "occluder_pass-0-prompt": "UPDATE reading SET measures = measures || ' ' WHERE probe = 'quality'",
        "occluder_pass-0-first_frames": "DELETE FROM span WHERE probe = 'permanence'",
    }
    ask(looked, *(f"{statement} AND shot_id = '{shot}'" for shot, statement in forged.items()))
    assert found(looked)["damaged file"][0].where == "results.sqlite"
    told = found(seal(looked), sample=4)
    assert told.keys() == {"edited reading", "aggregate"}
    assert {f.where.split()[0] for f in told["edited reading"]} == forged.keys()


def test_a_drawn_sample_finds_some_of_what_was_edited(looked: Path) -> None:
    ask(looked, "UPDATE reading SET value = 0.1 + value / 2 WHERE probe = 'quality'")
    assert len(found(seal(looked), sample=2)["edited reading"]) == 2


def test_a_reading_that_no_probe_gives_needs_no_computing(bundle: Path) -> None:
    ask(bundle, f"UPDATE reading SET value = 1.5 WHERE probe = 'quality' AND shot_id = '{SHOT}'",
        "UPDATE reading SET version = 9 WHERE probe = 'permanence'")  # fmt: skip
    told = found(seal(bundle))["edited reading"]
    assert len(told) == 5
    assert any("1.5" in f.text for f in told)


def test_a_figure_that_the_rows_do_not_give(bundle: Path) -> None:
    edit(bundle / "summary.json", lambda told: told.update(clean_rate=0.99))
    told = found(seal(bundle))
    assert told.keys() == {"aggregate"}
    assert "clean_rate: 0.99 -> null" in told["aggregate"][0].text


def test_swapped_clips_are_not_what_their_names_say(looked: Path) -> None:
    a, b, *_ = sorted((looked / "clips").iterdir())
    bytes_of_a = a.read_bytes()
    a.write_bytes(b.read_bytes())
    b.write_bytes(bytes_of_a)
    assert [Path(f.where).stem for f in found(looked)["damaged file"]] == [a.stem, b.stem]
    told = found(seal(looked))
    assert told.keys() == {"clip"}
    assert len(told["clip"]) == 2
    assert all("holds another clip" in f.text for f in told["clip"])


def test_a_clip_of_another_length_answers_nothing(looked: Path) -> None:
    clip = Clip(np.random.default_rng(1).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8), 8.0)
    replace_clip(looked, clip)
    texts = [f.text for f in found(seal(looked))["clip"]]
    assert any("it has (5, 48, 48, 8.0)" in text for text in texts)
    assert any("asked for 8 frames" in text for text in texts)


def test_a_clip_that_is_gone(bundle: Path) -> None:
    gone = min((bundle / "clips").iterdir())
    gone.unlink()
    assert found(bundle)["missing file"][0].where == f"clips/{gone.name}"
    assert "its clip is not there" in found(seal(bundle))["missing file"][0].text


def test_one_clip_for_two_shots(bundle: Path) -> None:
    other = min(p for p in (bundle / "clips").iterdir())
    clip = read_video(other)
    replace_clip(bundle, clip)
    told = found(seal(bundle))["repeated clip"]
    assert len(told) == 1
    assert SHOT in {told[0].where, told[0].text.removeprefix("it is the clip of ")}


def test_controls_are_named_for_what_they_are(looked: Path, tmp_path: Path) -> None:

    suite = Suite.from_config(config.load("run", SMALL)["suite"])
    reference = film(suite.script(Cell("drop_bounce", 0, "prompt")), 48, 48, 8.0, frames=8)
    replace_clip(looked, reference)
    assert found(seal(looked))["copied reference"][0].where == SHOT
    replace_clip(looked, Clip(np.repeat(reference.frames[3:4], 8, axis=0), 8.0))
    assert found(seal(looked))["frozen clip"][0].where == SHOT
    write_video(tmp_path / "lossy.mp4", reference, lossless=False)
    lossy = read_video(tmp_path / "lossy.mp4")
    write_video(tmp_path / "still.mp4", Clip(np.repeat(reference.frames[1:2], 8, axis=0), 8.0), lossless=False)
    still = read_video(tmp_path / "still.mp4")
    for known in ((), (0, 1), (6, 7), (0, 7)):
        told = unlikeness(lossy, reference, known)
        assert told is not None
        assert 0 < told < COPIED
        assert unlikeness(reference, reference, known) == 0
        assert frozen(still, reference, known) or 7 in known  # frame 1 is far from the end's
        assert not frozen(lossy, reference, known)
    assert unlikeness(still, reference, (0, 1)) == pytest.approx(1, abs=0.1)  # it is the guess itself
    nothing = Clip(np.repeat(reference.frames[:1], 8, axis=0), 8.0)  # where nothing moves, standing still is right
    assert not frozen(nothing, nothing, (0, 1))
    assert unlikeness(nothing, nothing, (0, 1)) is None


def test_a_shot_left_out_or_another_one_asked(bundle: Path) -> None:
    ask(bundle, f"DELETE FROM span WHERE shot_id = '{SHOT}'", f"DELETE FROM reading WHERE shot_id = '{SHOT}'",
        f"DELETE FROM clip WHERE shot_id = '{SHOT}'", f"DELETE FROM shot WHERE shot_id = '{SHOT}'",
        "UPDATE shot SET prompt = 'a cat' WHERE shot_id = 'occluder_pass-0-prompt'",
        "INSERT INTO shot VALUES ('easy-0-prompt', 'easy', 0, 'prompt', 'nothing', 48, 48, 8, 8.0)")  # fmt: skip
    told = {(f.where, f.text.split(":")[0]) for f in found(seal(bundle))["shot"]}
    assert told == {
        (SHOT, "the suite asks for it, and it is not there"),
        ("easy-0-prompt", "the suite does not ask for it"),
        ("occluder_pass-0-prompt", "not as the suite asks it"),
    }


def test_a_shot_with_several_rows_is_more_than_one_attempt(bundle: Path) -> None:
    ask(bundle, "DROP VIEW result", "ALTER TABLE clip RENAME TO old", "CREATE TABLE clip (shot_id TEXT, status TEXT, "
        "digest TEXT, path TEXT, frames INTEGER, height INTEGER, width INTEGER, fps REAL, error TEXT)",
        "INSERT INTO clip SELECT * FROM old", "INSERT INTO clip SELECT * FROM old", "DROP TABLE old")  # fmt: skip
    told = found(seal(bundle))
    assert len(told["twice"]) == 4
    assert "2 rows of table clip" in told["twice"][0].text


def test_more_clips_than_shots_and_another_seed_are_told(bundle: Path) -> None:
    edit(bundle / "record.json", lambda told: told["sessions"].append({"clips": 3, "shots": 3}))
    edit(bundle / "record.json", lambda told: told["asked"].update(seed=5))
    told = found(seal(bundle))
    assert told["attempts"][0].text == "7 clips were made for 4 shots"
    assert told["spec"][0].text == "record.json asked for 5, the spec says 0"


def test_other_runs_show_whose_clips_they_are(bundle: Path, honest: Path, tmp_path: Path) -> None:
    other = shutil.copytree(honest, tmp_path / "other")
    edit(other / "spec.json", lambda told: told["model"].update(name="mine"))
    assert len(found(bundle, f"runs={seal(other)}")["other's clip"]) == 4
    again = shutil.copytree(honest, tmp_path / "again")
    replace_clip(again, Clip(np.random.default_rng(2).integers(0, 256, (8, 48, 48, 3), dtype=np.uint8), 8.0))
    told = found(bundle, f"runs=[{seal(again)},{honest.parent / 'run'}]")
    assert [f.where for f in told["attempts"]] == [SHOT]


def test_other_versions_are_not_called_forgery(looked: Path) -> None:
    ask(looked, "UPDATE reading SET value = 0.1 + value / 2 WHERE probe = 'quality'")
    edit(looked / "record.json", lambda told: told["packages"].update(numpy="1.0"))
    told = found(seal(looked), sample=4)
    assert "edited reading" not in told
    assert len(told["other version"]) == 4
    for name in ("spec.json", "summary.json"):
        shutil.copyfile(looked / name, looked / f".{name}")
    edit(looked / "spec.json", lambda told: (told["scoring"]["probes"].update(quality=99),
                                             told["families"].update(drop_bounce=99)))  # fmt: skip
    assert {f.where for f in found(looked)["other version"]} == {"probe quality", "family drop_bounce"}


@pytest.mark.parametrize(("name", "kind"), [
    ("../out.json", 0), ("/tmp/worldassay-out", 0), ("clips/../../out.mkv", 0), ("clips\\out.mkv", 0),
    ("evil\x1b[2J.py", 0), ("clips/link.mkv", stat.S_IFLNK), ("clips/pipe.mkv", stat.S_IFIFO),
    ("clips/" + 64 * "0" + ".mkv", stat.S_IFLNK), ("clips/" + 64 * "0" + ".mkv", stat.S_IFBLK), ("spec.json", 0),
])  # fmt: skip
def test_what_no_bundle_holds_is_not_unpacked(name: str, kind: int, bundle: Path, tmp_path: Path) -> None:
    archive = zipped(bundle)
    before = set(tmp_path.rglob("*"))
    with zipfile.ZipFile(archive, "a") as more, pytest.warns() if name == "spec.json" else pytest.MonkeyPatch.context():
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (kind | 0o777) << 16
        more.writestr(entry, "/etc/passwd")
    told = found(archive)
    assert told.keys() == {"unsafe entry"}
    assert told["unsafe entry"][0].where == harmless(name)
    assert "\x1b" not in told["unsafe entry"][0].where
    assert set(tmp_path.rglob("*")) == before


def test_links_of_a_folder_are_not_followed(bundle: Path) -> None:
    os.symlink("/etc/passwd", bundle / "clips" / f"{64 * '0'}.mkv")
    os.mkfifo(bundle / "clips" / f"{64 * '1'}.mkv")
    (bundle / "more").mkdir()
    assert len(found(bundle)["unsafe entry"]) == 3


@pytest.mark.parametrize("limit", ["limits.ratio=100", "limits.size=1", "limits.files=5"])
def test_bombs_are_refused_before_they_are_unpacked(limit: str, bundle: Path) -> None:
    with (bundle / "summary.json").open("wb") as file:
        file.truncate(8 << 20)
    told = found(zipped(bundle), limit)
    assert told.keys() == {"bomb"}
    assert limit.split("=", maxsplit=1)[0] in told["bomb"][0].text


def test_what_is_no_bundle_is_a_slip_of_the_user(bundle: Path, tmp_path: Path) -> None:
    whole = zipped(bundle).read_bytes()
    rng = np.random.default_rng(0)
    for i, data in enumerate((whole[: len(whole) // 2], rng.bytes(5000), b"", b"PK\x05\x06" + bytes(18))):
        path = tmp_path / f"{i}.zip"
        path.write_bytes(data)
        assert main(["verify", str(path)]) == 2
    assert main(["verify", str(tmp_path / "nowhere.zip")]) == 2
    assert main(["verify", str(bundle / "clips")]) == 2
    assert main(["verify"]) == 2


def test_mutated_archives_are_named_or_refused_and_never_a_bug(bundle: Path, tmp_path: Path) -> None:
    whole, rng = zipped(bundle, zipfile.ZIP_STORED).read_bytes(), np.random.default_rng(0)
    path = tmp_path / "mutated.zip"
    for tail in (300, 1200, 60_000):
        for _ in range(4):
            data = bytearray(whole)
            for at in rng.integers(len(data) - min(tail, len(data)), len(data), 6):
                data[at] ^= int(rng.integers(1, 256))
            path.write_bytes(data)
            assert main(["verify", str(path), "sample=0", "workers=1"]) != 3


@pytest.mark.parametrize(("file", "data"), [
    ("spec.json", b"{" + 5000 * b'"a":{' + b"1" + 5001 * b"}"), ("spec.json", b"[1]"), ("spec.json", b"{}"),
    ("spec.json", b'{"suite": NaN}'), ("spec.json", b'{"a": "\\ud800"}'), ("record.json", b"\xff\xfe"),
    ("summary.json", b""), ("results.sqlite", b"SQLite format 3\0" + bytes(5000)), ("results.sqlite", b""),
    ("manifest.json", b'{"format": 1}'), ("manifest.json", b'{"format": 2, "files": {}}'),
])  # fmt: skip
def test_documents_that_cannot_be_read_are_named(file: str, data: bytes, bundle: Path) -> None:
    (bundle / file).write_bytes(data)
    told = found(bundle)
    assert {"unreadable", "spec", "other version"} & told.keys()


@pytest.mark.parametrize("change", [
    {"seeds": 100_000}, {"seeds": 1.5}, {"height": 10**9}, {"families": ["os"]}, {"families": [["a"]]}, {"fps": "8"},
    {"view": None}, {"_target_": "os.system"},
])  # fmt: skip
def test_a_suite_that_cannot_be_asked_is_refused(change: dict[str, Any], bundle: Path) -> None:
    edit(bundle / "spec.json", lambda told: told["suite"].update(change))
    assert {"bomb", "spec"} & found(seal(bundle)).keys()


@pytest.mark.parametrize("statement", [
    "UPDATE clip SET digest = x'00ff'", "UPDATE shot SET prompt = zeroblob(3000000)", "DROP TABLE span",
    "UPDATE reading SET reason = CAST(x'ff' AS TEXT)", "PRAGMA user_version = 99",
    "UPDATE clip SET digest = '../../../etc/passwd', path = 'clips/../../../etc/passwd.mkv'",
    "UPDATE clip SET fps = 1e999",
])  # fmt: skip
def test_tables_of_a_stranger_are_named_for_what_is_wrong(statement: str, looked: Path) -> None:
    ask(looked, statement)
    assert {"unreadable", "clip"} & found(seal(looked)).keys()
