"""`worldassay simulate`: one dataset whatever the workers, the kills and the failures on the way."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evals import config
from evals.cli import main
from evals.simulate import plan
from evals.suite import Suite
from simulator.clip import read_video
from simulator.dataset import load_truth
from simulator.errors import UsageError
from simulator.stage import play

KINDS = "vanish,colour_change"
ASKED = [
    "suite.families=drop_bounce", "suite.seeds=4", "suite.height=48", "suite.width=64", "suite.seconds=1",
    f"violations={KINDS}", "severity=1",
]  # fmt: skip


def simulate(out: Path, *more: str) -> int:
    return main(["simulate", *ASKED, *more, f"out={out}"])


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]


def contents(out: Path) -> dict[str, bytes]:
    """Every file of a dataset, but for what tells when and where it was made."""
    found = {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    return {name: data for name, data in found.items() if name not in ("record.json", ".lock")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset as one worker makes it, undisturbed."""
    out = tmp_path_factory.mktemp("whole") / "takes"
    assert simulate(out, "workers=1") == 0
    return out


def test_videos_truth_and_manifest_are_what_is_played(whole: Path) -> None:
    rows = lines(whole)
    ids = [f"drop_bounce-{seed}{end}" for seed in range(4) for end in ("", "-vanish", "-colour_change")]
    assert [row["id"] for row in rows] == ids
    suite = Suite.from_config(config.load("simulate", ASKED)["suite"])
    script = suite.script(suite.cells()[0])
    take = play(script, 48, 64, 8.0)
    assert read_video(whole / rows[0]["file"]).digest == rows[0]["digest"] == take.clip.digest
    truth = load_truth(whole / rows[0]["truth"])
    assert (truth.names, truth.events, truth.broken) == (take.truth.names, take.truth.events, None)
    np.testing.assert_array_equal(truth.depth, take.truth.depth)
    assert tuple(rows[0]["prompts"]) == script.prompts
    for row in rows[1:3]:
        assert (row["twin"], row["broken"]["severity"], row["broken"]["kind"]) == (ids[0], 1.0, row["kind"])
        begin = int(np.ceil(row["broken"]["start"] * 8.0))
        twin = read_video(whole / row["file"]).frames
        np.testing.assert_array_equal(twin[:begin], take.clip.frames[:begin])
        assert (twin[begin:] != take.clip.frames[begin:]).any()


def test_two_workers_write_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    assert simulate(tmp_path / "b", "workers=2") == 0
    assert contents(tmp_path / "b") == contents(whole)


def test_a_killed_run_goes_on_to_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "evals.cli", "simulate", *ASKED, "workers=1", f"out={out}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        manifest = out / "manifest.jsonl"
        while not (manifest.is_file() and manifest.read_text().count("\n") >= 2):
            assert child.poll() is None, "it ended before it could be killed"
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
    done = lines(out)
    assert 2 <= len(done) < 12
    kept = out / done[0]["file"]
    made = kept.stat().st_mtime_ns
    with manifest.open("a") as file:
        file.write('{"id": "drop_bounce-3", "fi')
    (out / "drop_bounce" / ".drop_bounce-3.npz.123.tmp").write_bytes(b"half")
    (out / "drop_bounce" / "drop_bounce-3-vanish.png").write_bytes(b"half")
    assert simulate(out, "workers=2") == 0
    assert contents(out) == contents(whole)
    assert kept.stat().st_mtime_ns == made


def test_a_failing_clip_is_a_line_and_costs_no_other(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a"
    (out / "drop_bounce" / "drop_bounce-1.npz").mkdir(parents=True)  # where its truth should go
    (out / "spec.json").write_bytes((whole / "spec.json").read_bytes())
    assert simulate(out) == 3
    said = capsys.readouterr().out
    assert "failed: drop_bounce-1: " in said
    assert said.endswith(f"11 videos in {out}, 1 of 12 failed\n")
    failed = [row for row in lines(out) if "error" in row]
    assert [(row["id"], row["twin"]) for row in failed] == [("drop_bounce-1", None)]
    (out / "drop_bounce" / "drop_bounce-1.npz").rmdir()
    assert simulate(out) == 0
    assert contents(out) == contents(whole)


def test_another_dataset_in_the_folder_is_refused_with_what_differs(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(whole)
    assert simulate(whole, "severity=0.5", "suite.fps=12") == 2
    said = capsys.readouterr().err
    assert "holds another dataset (severity: 1.0 -> 0.5; suite.fps: 8.0 -> 12)" in " ".join(said.split())
    assert contents(whole) == before
    (tmp_path / "mine.txt").touch()
    assert simulate(tmp_path) == 2
    assert "is not empty and not a dataset folder" in capsys.readouterr().err


def test_a_dry_run_counts_exactly_and_writes_nothing(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a"
    assert simulate(out, "--dry-run", "--json") == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert (told["videos"], told["frames"]) == (12, 96)
    assert "an estimate" in said.err
    true = sum(p.stat().st_size for p in (whole / "drop_bounce").iterdir())
    assert 0.5 < told["bytes"] / true < 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (["suite.families=drop_bonce"], "unknown family 'drop_bonce'. Did you mean: drop_bounce"),
        (["violations=vanish,vanich"], "unknown violation 'vanich'. Did you mean: vanish"),
        (["violations=relight"], "no scene of suite smoke can be broken by relight"),
        (["severity=2"], "severity=2 is not a number in [0, 1]"),
        (["severity=high"], "severity=high is not a number in [0, 1]"),
        (["suite.height=0"], "suite.height=0 is outside 16 to 2048"),
        (["suite.view=stil"], "unknown view 'stil'. Did you mean: still"),
        (["seed_offset=-1"], "seed_offset=-1 is outside 0"),
        (["workers=0"], "workers=0 is not a number of processes"),
    ],
)
def test_a_slip_is_told_before_anything_is_played(changes: list[str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(config.load("simulate", [*ASKED, *changes]))
    assert says in str(caught.value)


def test_what_no_clip_can_do_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert simulate(tmp_path / "a", "suite.height=2048") == 2
    assert "size 2048x64 is outside 16 to 1024" in capsys.readouterr().err
    monkeypatch.setenv("MUJOCO_GL", "disable")
    assert simulate(tmp_path / "b") == 2
    assert "cannot draw without a display" in capsys.readouterr().err


def test_families_and_kinds_may_be_typed_in_any_form() -> None:
    for families, kinds in (("drop_bounce", KINDS), ("[drop_bounce]", f"[{KINDS}]")):
        asked = plan(config.load("simulate", [*ASKED, f"suite.families={families}", f"violations={kinds}"]))
        assert len(asked.items) == 12
    assert len(plan(config.load("simulate", ["suite=core", "violations=none"])).items) == 330


MEMORY = """
import sys
from pathlib import Path
from evals.playing import Item, Player, Setup
from evals.suite import Cell, Suite
suite = Suite("tiny", ("drop_bounce",), 2, ("prompt",), 32, 32, 8.0, 1.0, "test", 0.5)
kinds = (None, "vanish", "colour_change")
items = [Item(Cell("drop_bounce", seed, "prompt"), kind) for seed in (0, 1) for kind in kinds]
player = Player(Setup(suite, Path(sys.argv[1]), 1.0))
for i in range(150):
    list(player.do(items[i % 6]))
    if i in (49, 149):
        print(4 * int(Path("/proc/self/statm").read_text().split()[1]))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="reads the process's memory from /proc")
def test_memory_stays_flat_over_many_clips(tmp_path: Path) -> None:
    child = subprocess.run([sys.executable, "-c", MEMORY, str(tmp_path)], capture_output=True, text=True, check=True)
    warm, end = map(int, child.stdout.split())  # KiB
    assert end - warm < 6 * 1024
