"""Runs: any kill and any number of processes give the table of an unbroken run; nothing is generated twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from evals import config
from evals.cli import main
from evals.execute import scoring
from evals.store import TABLES, Store, export, load
from simulator.clip import read_video

BASE = ["suite=smoke", "suite.seconds=1", "suite.families=[drop_bounce,occluder_pass]", "suite.seeds=2"]
ASKED = ["model=shuffled", *BASE]
PROBES_OF_CLIPS = len(scoring("classical", None)["probes"])


def run(folder: Path, *keys: str) -> int:
    return main(["run", *ASKED, f"out={folder}", *keys])


def tables(folder: Path) -> dict[str, str]:
    return {table: export(folder, table) for table in TABLES}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "unbroken"
    assert run(folder, "workers=1") == 0
    return folder


def test_a_run_folder_holds_everything(unbroken: Path) -> None:
    results = load(unbroken)
    assert len(results.shots) == len(results.clips) == 8
    assert len(results.readings) == 8 * PROBES_OF_CLIPS
    assert set(results.clips["status"]) == {"ok"}
    assert all((unbroken / path).is_file() for path in results.clips["path"])
    assert set(results.record) >= {"asked", "git", "packages", "python", "platform", "device", "sessions"}
    assert results.spec["model"]["label"] == "shuffled"


def test_two_processes_give_the_same_tables(unbroken: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "two", "workers=2") == 0
    assert tables(tmp_path / "two") == tables(unbroken)


def test_a_killed_run_resumes_to_the_same_tables(unbroken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    arguments = [sys.executable, "-m", "evals.cli", "run", *ASKED, f"out={folder}", "workers=2"]
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while _readings(folder) < 4 and time.monotonic() < deadline:
        assert child.poll() is None, "ended before it could be killed"
        time.sleep(0.02)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert 4 <= _readings(folder) < 8 * PROBES_OF_CLIPS
    made = {folder / path: (folder / path).stat().st_mtime_ns for path in load(folder).clips["path"]}
    assert run(folder, "workers=1") == 0
    assert tables(folder) == tables(unbroken)
    assert all(path.stat().st_mtime_ns == then for path, then in made.items())


def _readings(folder: Path) -> int:
    try:
        with sqlite3.connect(f"file:{folder / 'results.sqlite'}?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(*) FROM reading").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_the_same_command_again_does_nothing(unbroken: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in unbroken.rglob("*.*")}
    assert run(unbroken) == 0
    assert {p: p.stat().st_mtime_ns for p in unbroken.rglob("*.*") if p.name != ".lock"} == {
        p: t for p, t in before.items() if p.name != ".lock"
    }


def test_fewer_and_then_more_probes_are_scored_without_generating(unbroken: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(unbroken, tmp_path / "run")
    assert run(folder, "probes=permanence") == 0
    assert set(load(folder).readings["probe"]) == {"permanence"}
    with sqlite3.connect(folder / "results.sqlite") as db:  # a mark that scoring again would wipe out
        db.execute("UPDATE reading SET measures = 'mark'")
    made = {p.name: p.stat().st_mtime_ns for p in (folder / "clips").iterdir()}
    assert run(folder) == 0
    assert {p.name: p.stat().st_mtime_ns for p in (folder / "clips").iterdir()} == made
    readings = load(folder).readings
    assert set(readings.loc[readings["probe"] == "permanence", "measures"]) == {"mark"}
    with sqlite3.connect(folder / "results.sqlite") as db, sqlite3.connect(unbroken / "results.sqlite") as other:
        same = "SELECT * FROM reading WHERE probe != 'permanence' ORDER BY shot_id, probe"
        assert db.execute(same).fetchall() == other.execute(same).fetchall()


def test_another_spec_in_the_same_folder_is_refused(unbroken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tables(unbroken)
    assert run(unbroken, "seed=1", "suite.difficulty=0.75") == 2
    said = capsys.readouterr().err
    assert "seed: 0 -> 1" in said
    assert "suite.difficulty: 0.5 -> 0.75" in said
    assert "choose another out=" in said
    assert tables(unbroken) == before


def test_a_clip_that_is_missing_is_a_failed_row_and_can_be_added(tmp_path: Path, unbroken: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    clips = load(unbroken).clips.set_index("shot_id")
    for shot_id, path in clips["path"].items():
        (videos / f"{shot_id}.mkv").write_bytes((unbroken / path).read_bytes())
    gone = videos / "drop_bounce-0-prompt.mkv"
    kept = gone.read_bytes()
    gone.unlink()
    asked = ["run", "model=folder", f"model.path={videos}", *BASE]
    assert main([*asked, f"out={tmp_path / 'part'}"]) == 3
    results = load(tmp_path / "part")
    row = results.clips.set_index("shot_id").loc["drop_bounce-0-prompt"]
    assert row["status"] == "failed"
    assert "missing: no video for drop_bounce-0-prompt" in row["error"]
    mine = results.readings[results.readings["shot_id"] == "drop_bounce-0-prompt"]
    assert set(mine["status"]) == {"failed"}
    assert mine["value"].isna().all()
    gone.write_bytes(kept)
    assert main([*asked, f"out={tmp_path / 'whole'}"]) == 0
    assert export(tmp_path / "whole") == export(unbroken)  # the same frames, the same readings


def test_a_damaged_clip_file_is_generated_again(unbroken: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(unbroken, tmp_path / "run")
    victim = load(folder).clips.iloc[0]
    whole = (folder / victim["path"]).read_bytes()
    (folder / victim["path"]).write_bytes(whole[: len(whole) // 2])
    with sqlite3.connect(folder / "results.sqlite") as db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("DELETE FROM reading WHERE shot_id = ?", (victim["shot_id"],))
    assert run(folder) == 0
    assert read_video(folder / victim["path"]).digest == victim["digest"]
    assert tables(folder) == tables(unbroken)


def test_dry_run_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "dry", "--dry-run", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["shots"] == 8
    assert told["minutes"] > 0
    assert 8 * 1000 < told["bytes"] < 8 * 8 * 64 * 64 * 3 * 1.1
    assert not (tmp_path / "dry").exists()


def test_oracle_sight_needs_a_model_that_knows_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "model=noise", *BASE, "perception=oracle", f"out={tmp_path / 'run'}"]) == 2
    assert "perception=oracle needs a model that knows the truth, not noise" in capsys.readouterr().err


def test_two_commands_do_not_work_on_one_folder(unbroken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from evals.spec import alone

    with alone(unbroken):
        assert run(unbroken) == 2
    assert "another process is working on" in capsys.readouterr().err


def test_a_reading_of_another_version_is_scored_again(unbroken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evals.execute import due
    from evals.run import plan
    from probes.base import PROBES

    asked = plan(config.load("run", [*ASKED, f"out={unbroken}"]))
    with Store(unbroken) as store:
        assert due(asked, store) == []
        bumped = replace(PROBES.load("permanence"), version=PROBES.load("permanence").version + 1)
        monkeypatch.setattr("probes.permanence.PROBE", bumped)
        again = due(plan(config.load("run", [*ASKED, f"out={unbroken}"])), store)
    assert len(again) == 8
    assert all(job.probes == ("permanence",) and job.clip is not None for job in again)  # type: ignore[union-attr]


PROGRAM = """
import runpy, sys
from pathlib import Path
folder = Path({folder!r})
with (folder / "log").open("a") as log:
    print("--known" in sys.argv, file=log)
if "--known" in sys.argv:
    if (folder / "refuse").exists():
        sys.exit("no known frames today")
    at = sys.argv.index("--known")
    del sys.argv[at : at + 2]
sys.argv[0] = {program!r}
runpy.run_path({program!r}, run_name="__main__")
"""


def test_retry_does_what_failed_alone_and_another_probe_generates_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "program.py"
    square = Path(__file__).parents[1] / "simulator" / "square_program.py"
    program.write_text(PROGRAM.format(folder=str(tmp_path), program=str(square)))
    (tmp_path / "refuse").touch()
    sizes = "--height {height} --width {width} --frames {frames} --fps {fps} --seed {seed}"
    command = f"{sys.executable} {program} --prompt {{prompt}} --out {{out}} {sizes} --known {{known}}"
    folder = tmp_path / "run"
    asked = ["run", "model=command", f"model.command={command}", f"out={folder}", "workers=1", "suite=smoke"]
    asked += ["suite.seconds=1", "suite.families=[drop_bounce]", "suite.height=32", "suite.width=32"]

    def generated() -> list[str]:
        return (tmp_path / "log").read_text().split()

    assert main([*asked, "probes=quality", "retry=failed"]) == 2
    assert "holds no run of this yet; leave out retry=failed" in capsys.readouterr().err
    assert main([*asked, "probes=quality", "retry=all"]) == 2
    assert "unknown retry 'all'" in capsys.readouterr().err
    assert main([*asked, "probes=quality"]) == 3
    assert sorted(generated()) == ["False", "True"]
    with sqlite3.connect(folder / "results.sqlite") as db:  # the other shot is not done yet
        for table in ("reading", "clip"):
            db.execute(f"DELETE FROM {table} WHERE shot_id = 'drop_bounce-0-prompt'")
    (tmp_path / "refuse").unlink()
    assert main([*asked, "probes=quality", "retry=failed"]) == 3
    assert generated()[2:] == ["True"]
    assert main([*asked, "probes=quality"]) == 0
    assert generated()[3:] == ["False"]
    capsys.readouterr()
    for probes, left in (("quality", 0), ("[quality,permanence]", 2)):
        assert main([*asked, f"probes={probes}", "--dry-run", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["cells"], told["shots"], told["left"]) == (1, 2, left)
    assert main([*asked, "probes=[quality,permanence]"]) == 0
    assert len(generated()) == 4
    assert set(load(folder).readings["probe"]) == {"quality", "permanence"}
