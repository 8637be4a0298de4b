"""Verbs that write files: what they write is what the simulator and the models say, and can be read back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from evals import config
from evals.cli import main
from evals.store import export, load
from evals.suite import Suite
from simulator.adapters.controls import Reference
from simulator.clip import read_video, write_video
from simulator.shot import MODES

SMALL = ["suite=smoke", "suite.seconds=1.125", "suite.families=[drop_bounce]", "suite.height=48", "suite.width=64"]
PROGRAM = Path(__file__).parents[1] / "simulator" / "square_program.py"


def lines(path: Path) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_shots_generated_elsewhere_score_like_the_model_that_made_them(tmp_path: Path) -> None:
    out, videos = tmp_path / "shots", tmp_path / "videos"
    asked = [*SMALL, f"suite.modes=[{','.join(MODES)}]"]
    assert main(["shots", *asked, f"out={out}"]) == 0
    suite = Suite.from_config(config.load("shots", asked)["suite"])
    for row, cell in zip(lines(out / "shots.jsonl"), suite.cells(), strict=True):
        shot = suite.shot(cell, 0)
        assert (row["id"], row["prompt"], row["seed"], row["frames"]) == (shot.id, shot.prompt, shot.seed, 9)
        assert ("known" in row) == (row["mode"] != "prompt") == bool(shot.known)
        assert row.get("known_at", []) == sorted(shot.known)
        assert ("first" in row, "last" in row) == (0 in shot.known, 8 in shot.known)
        for name, i in zip(row.get("known", []), sorted(shot.known), strict=True):
            np.testing.assert_array_equal(cv2.imread(str(out / name))[..., ::-1], shot.known[i])
        if shot.known:
            assert read_video(out / row["video"]).frames.tobytes() == np.stack(list(shot.known.values())).tobytes()
        write_video(videos / row["file"].replace(".mp4", ".mkv"), Reference().generate(shot))
    sys_out = main(["shots", *asked, f"out={out}"])
    assert sys_out == 2  # what is there is not overwritten
    assert main(["run", "model=folder", f"model.path={videos}", *asked, f"out={tmp_path / 'a'}", "workers=1"]) == 0
    assert main(["run", "model=reference", *asked, f"out={tmp_path / 'b'}", "workers=1"]) == 0
    assert export(tmp_path / "a") == export(tmp_path / "b")
    readings = load(tmp_path / "b").readings
    told = readings[readings["probe"] == "reference"].set_index("shot_id")
    for mode in ("first_frames", "last_frames", "both_ends"):
        assert told.loc[f"drop_bounce-0-{mode}", "value"] == 1.0  # the simulator is its own reference
    assert "less than two frames" in told.loc["drop_bounce-0-first_second", "reason"]
    assert told.loc["drop_bounce-0-prompt", "status"] == "unscored"  # nobody can know what the scene looks like


def test_generate_writes_the_video_of_a_prompt(tmp_path: Path) -> None:
    first = tmp_path / "first.png"
    cv2.imwrite(str(first), np.full((20, 30, 3), 77, np.uint8))
    command = (
        f"{sys.executable} {PROGRAM} --prompt {{prompt}} --out {{out}} --height {{height}} --width {{width}} "
        "--frames {frames} --seed {seed} --fps {fps} --video {video}"
    )
    asked = ["generate", "model=command", f"model.command={command}", "prompt=it's a ball, red", "seconds=0.75"]
    assert main([*asked, f"out={tmp_path / 'a.mkv'}", f"first={first}"]) == 0
    clip = read_video(tmp_path / "a.mkv")
    assert clip.frames.shape == (6, 64, 64, 3)
    assert abs(int(clip.frames[0].mean()) - 77) <= 2  # by way of H.264
    assert main([*asked, f"out={tmp_path / 'a.txt'}"]) == 2
    assert main([*asked, f"out={tmp_path / 'no' / 'a.mkv'}"]) == 2
    assert main([*asked, f"out={tmp_path / 'b.mkv'}", "first=nothing.png"]) == 2
    assert main(["generate", "model=reference", "prompt=a ball", f"out={tmp_path / 'c.mkv'}"]) == 2
    assert not list(tmp_path.glob("[bc].mkv"))


def test_doctor_draws_a_frame_and_says_what_next(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    checks = {check["name"]: check["ok"] for check in told["checks"]}
    assert checks["rendering"] is True
    assert checks["packages"] is True
    assert code == (0 if told["ok"] else 3)
    assert told["next"].startswith("worldassay ")
