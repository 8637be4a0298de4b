"""Bundles: the same run gives the same bytes, what is unpacked is the run again, and nothing half is ever written."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import zipfile
from pathlib import Path

import pytest

from evals.cli import main
from evals.spec import digest
from evals.store import export, load

ASKED = [
    "run", "model=noise", "suite=smoke", "suite.families=[drop_bounce]", "suite.seeds=2", "suite.seconds=1",
    "suite.height=32", "suite.width=48", "probes=[quality]",
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "noise"
    assert main([*ASKED, f"out={folder}", "workers=1"]) == 0
    return folder


def bundle(run: Path, out: Path, *keys: str) -> int:
    return main(["bundle", str(run), f"out={out}", *keys])


def test_the_same_run_gives_the_same_bytes_wherever_its_clips_lie(run: Path, tmp_path: Path) -> None:
    assert bundle(run, tmp_path / "a.zip") == 0
    copy = shutil.copytree(run, tmp_path / "copy")
    (copy / "clips").rename(tmp_path / "elsewhere")
    with sqlite3.connect(copy / "results.sqlite") as db:
        db.execute("UPDATE clip SET path = replace(path, 'clips', ?)", (str(tmp_path / "elsewhere"),))
    assert bundle(copy, tmp_path / "b.zip") == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert main(["sql", str(copy), "query=SELECT count(*) FROM shot"]) == 0  # the run is as it was


def test_the_manifest_names_every_file_and_comes_last(run: Path, tmp_path: Path) -> None:
    assert bundle(run, tmp_path / "a.zip") == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        entries = archive.infolist()
        assert entries[-1].filename == "manifest.json"
        assert all(stat.S_ISREG(e.external_attr >> 16) and e.compress_type == zipfile.ZIP_STORED for e in entries)
        held = {e.filename: archive.read(e) for e in entries}
    manifest = json.loads(held.pop("manifest.json"))
    assert manifest["files"] == {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in held.items()
    }
    assert manifest["run"] == digest(load(run).spec)
    assert {Path(name).stem for name in held if name.startswith("clips/")} == set(load(run).clips["digest"])


def test_an_unpacked_bundle_is_the_run(run: Path, tmp_path: Path) -> None:
    assert bundle(run, tmp_path / "a.zip") == 0
    assert bundle(run, tmp_path / "folder") == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    for folder in (tmp_path / "folder", tmp_path / "unpacked"):
        assert all(export(folder, table) == export(run, table) for table in ("shot", "clip", "reading", "span"))
        before = export(folder)
        assert main(["sql", str(folder), "query=SELECT * FROM result"]) == 0
        assert export(folder) == before
    files = {p.relative_to(tmp_path / "folder"): p.read_bytes() for p in (tmp_path / "folder").rglob("*.*")}
    assert files == {p.relative_to(tmp_path / "unpacked"): p.read_bytes() for p in (tmp_path / "unpacked").rglob("*.*")}


def test_what_is_there_is_not_overwritten_and_a_dry_run_writes_nothing(run: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("mine")
    assert bundle(run, tmp_path / "a.zip") == 2
    assert (tmp_path / "a.zip").read_text() == "mine"
    assert bundle(run, tmp_path / "b.zip", "--dry-run") == 0
    assert os.listdir(tmp_path) == ["a.zip"]


def test_an_unfinished_run_is_told_with_its_counts(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = shutil.copytree(run, tmp_path / "part")
    with sqlite3.connect(part / "results.sqlite") as db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("DELETE FROM reading WHERE shot_id = 'drop_bounce-1-prompt'")
        db.execute("DELETE FROM clip WHERE shot_id = 'drop_bounce-1-prompt'")
    capsys.readouterr()
    assert bundle(part, tmp_path / "part.zip") == 3
    said = capsys.readouterr().out
    assert "1 of 4 shots have no clip" in said
    assert "1 of 4 readings are missing" in said
    assert "incomplete=true" in said
    assert os.listdir(tmp_path) == ["part"]
    assert bundle(part, tmp_path / "part.zip", "incomplete=true") == 0
    assert zipfile.is_zipfile(tmp_path / "part.zip")


@pytest.mark.parametrize("out", ["a.zip", "folder"])
def test_a_clip_that_is_lost_stops_it_and_leaves_nothing(
    out: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = shutil.copytree(run, tmp_path / "broken")
    first, second = sorted((broken / "clips").iterdir())[:2]
    second.write_bytes(first.read_bytes())
    capsys.readouterr()
    assert bundle(broken, tmp_path / out) == 3
    assert "1 of 4 clips are lost" in capsys.readouterr().out
    assert os.listdir(tmp_path) == ["broken"]


def test_videos_without_a_suite_answer_nothing(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", f"path={run / 'clips'}", f"out={tmp_path / 's'}", "probes=[quality]", "workers=1"]) == 0
    capsys.readouterr()
    assert bundle(tmp_path / "s", tmp_path / "s.zip") == 2
    assert "worldassay run model=folder" in capsys.readouterr().err
    assert main(["bundle"]) == 2
    assert bundle(tmp_path / "nowhere", tmp_path / "s.zip") == 2


def test_a_run_of_prompts_from_a_file_is_no_submission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.csv").write_text("prompt\nA red ball falls.\n")
    size = ["suite.height=32", "suite.width=32", "suite.seconds=1", "probes=[quality]", "workers=1"]
    asked = [
        "run",
        "model=noise",
        "suite=prompts",
        f"suite.file={tmp_path / 'p.csv'}",
        f"out={tmp_path / 'run'}",
        *size,
    ]
    assert main(asked) == 0
    assert bundle(tmp_path / "run", tmp_path / "a.zip") == 2
    assert "bundle a run of a suite" in capsys.readouterr().err
    assert not (tmp_path / "a.zip").exists()
