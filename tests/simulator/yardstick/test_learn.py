"""Training on a tiny network: what a kill leaves goes on as if nothing had happened, and bad lessons are refused."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator.errors import UsageError
from simulator.yardstick import learn, splits
from simulator.yardstick.discs import paint
from simulator.yardstick.learn import Lesson, Run, draw_batch, generate, pace
from simulator.yardstick.worlds import FRAMES, KNOWN, SETUPS

LESSON = Lesson(
    setup="collision", clips=50, steps=6, width=64, depth=1, batch=2, warmup=2, save_every=2, log_every=2, threads=1,
    compile=False,
)  # fmt: skip


def finish(lesson: Lesson, out: Path) -> Run:
    torch.set_num_threads(1)
    out.mkdir(exist_ok=True)
    run = Run(lesson, out)
    run.restore()
    run.go(lambda run: {"error": float(run.step)}, lambda share: None)
    return run


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole = finish(LESSON, tmp_path / "whole")
    script = (
        "import sys, os, signal; sys.path.insert(0, '.')\n"
        "from pathlib import Path\n"
        "from simulator.yardstick import learn\n"
        "from tests.simulator.yardstick.test_learn import LESSON, finish\n"
        "average = learn.average\n"
        "calls = []\n"
        "def deadly(*args):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    average(*args)\n"
        "learn.average = deadly\n"
        f"finish(LESSON, Path({str(tmp_path / 'killed')!r}))\n"
    )
    root = Path(__file__).parents[3]
    died = subprocess.run(
        [sys.executable, "-c", script], cwd=root, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert died.returncode == -signal.SIGKILL
    assert learn.finished(tmp_path / "killed", LESSON) is None
    resumed = finish(LESSON, tmp_path / "killed")
    for name, value in whole.ema.state_dict().items():
        assert torch.equal(value, resumed.ema.state_dict()[name]), name
    rows = [[json.loads(r) for r in (tmp_path / k / "log.jsonl").read_text().splitlines()] for k in ("whole", "killed")]
    assert [{**r, "seconds": 0} for r in rows[0]] == [{**r, "seconds": 0} for r in rows[1]]
    assert [r["step"] for r in rows[0]] == [2, 4, 6]
    weights = [(tmp_path / k / "weights.safetensors").read_bytes() for k in ("whole", "killed")]
    assert weights[0] == weights[1]
    assert not (tmp_path / "killed" / "state.pt").exists()


def test_what_was_learned_comes_back_in_full(tmp_path: Path) -> None:
    run = finish(LESSON, tmp_path)
    net, scenes = learn.load(tmp_path), splits.test_scenes(SETUPS["collision"], splits.INSIDE, "none", 3)
    videos = [generate(n, scenes, 2, batch=2) for n in (net, run.ema)]
    assert videos[0].shape == (3, FRAMES, 64, 64, 3)
    np.testing.assert_array_equal(*videos)
    np.testing.assert_array_equal(videos[0][:, :KNOWN], paint(scenes, 64)[:, :KNOWN])


def test_another_lesson_is_not_continued(tmp_path: Path) -> None:
    finish(LESSON, tmp_path)
    assert learn.finished(tmp_path, dataclasses.replace(LESSON, threads=2)) is not None
    with pytest.raises(UsageError, match=r"other values of clips, seed; give another out="):
        learn.finished(tmp_path, dataclasses.replace(LESSON, clips=60, seed=1))


def test_batches_depend_on_seed_and_step_alone() -> None:
    a, b, c = (draw_batch(LESSON, step) for step in (5, 5, 6))
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    assert not torch.equal(a.noise, c.noise)
    one = [draw_batch(dataclasses.replace(LESSON, clips=1), step).video for step in (0, 1)]
    assert torch.equal(one[0][0], one[0][1])  # a training set of one clip
    assert torch.equal(*one)
    other = draw_batch(dataclasses.replace(LESSON, clips=1, seed=1), 0).video
    assert not torch.equal(one[0], other)


def test_the_loss_counts_unknown_frames_alone() -> None:
    run = Run(LESSON, Path())
    batch = draw_batch(LESSON, 0)
    value = learn.loss(run.net, run.codec, batch, 8.0)
    noise = batch.noise.clone().reshape(2, FRAMES // 4, 4, 4, 4, -1)
    noise[:, 0, :, :, :KNOWN] += 100.0  # of known frames: they are clean whatever the noise
    other = learn.loss(run.net, run.codec, batch._replace(noise=noise.reshape(batch.noise.shape)), 8.0)
    assert value.item() == pytest.approx(other.item())


def test_a_run_by_the_clock_ends_and_says_how_far_it_came(tmp_path: Path) -> None:
    lesson = dataclasses.replace(LESSON, steps=0, minutes=0.01)
    told: list[float] = []
    torch.set_num_threads(1)
    run = Run(lesson, tmp_path)
    run.go(lambda run: {}, told.append)
    assert told[-1] == 1.0
    assert all(a <= b for a, b in pairwise(told))
    assert json.loads((tmp_path / "run.json").read_text())["step"] == run.step == len(told)


def test_the_pace_rises_stays_and_falls_to_zero() -> None:
    lesson = dataclasses.replace(LESSON, warmup=10, cooldown=0.5)
    assert [pace(0, 0.0, lesson), pace(9, 0.1, lesson), pace(50, 0.5, lesson)] == [0.1, 1.0, 1.0]
    assert pace(75, 0.75, lesson) == pytest.approx(0.5)
    assert pace(99, 1.0, lesson) == 0.0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"setup": "circle"}, "unknown setup 'circle'"),
        ({"hold_out": "half"}, "unknown hold_out 'half'"),
        ({"steps": 0, "minutes": 0.0}, "minutes=0 leaves no time"),
        ({"steps": -1}, "steps=-1 is less than 0"),
        ({"width": 100}, "width=100 is no multiple of 64"),
        ({"clips": 0}, "clips=0 is less than 1"),
        ({"seed": -1}, "seed=-1 is less than 0"),
    ],
)
def test_a_lesson_that_cannot_be_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        dataclasses.replace(LESSON, **changes)  # type: ignore[arg-type]
