"""Every registered model keeps what a VideoModel promises."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simulator.model
from evals import config
from evals.suite import Cell, Suite
from simulator.adapters import MODELS
from simulator.clip import write_video
from simulator.shot import MODES, Shot, VideoModel
from simulator.stage import play

PROGRAM = Path(__file__).parents[1] / "simulator" / "square_program.py"
COMMAND = (
    f"{sys.executable} {PROGRAM} --prompt {{prompt}} --out {{out}} --height {{height}} --width {{width}} "
    "--frames {frames} --seed {seed} --fps {fps} --video {video}"
)
WEIGHTS = Path(simulator.model.__file__).parent / "weights"
SUITE = Suite.from_config(config.load("run", ["suite=smoke", "suite.seconds=1.5"])["suite"])
STRANGERS = ("folder", "command")  # what they return is checked where it is used


@pytest.fixture(scope="module", params=MODES)
def shot(request: pytest.FixtureRequest) -> Shot:
    return SUITE.shot(Cell("drop_bounce", 3, request.param), 0)


def build(name: str, shot: Shot, folder: Path) -> VideoModel:
    settings: dict[str, Any] = {}
    if name == "command":
        settings = {"command": COMMAND}
    elif name == "folder":
        assert shot.script is not None
        write_video(folder / f"{shot.id}.mkv", play(shot.script, 64, 64, 8.0, frames=shot.frames).clip)
        settings = {"path": str(folder)}
    elif name == "world":
        if not (WEIGHTS / "early.safetensors").is_file():
            pytest.skip("no checkpoint is here yet; `worldassay train` makes one")
        settings = {"checkpoint": "early"}
    model: VideoModel = MODELS.load(name)(**settings)
    return model


@pytest.mark.parametrize("name", MODELS.names())
def test_a_model_answers_its_shot_and_does_so_again(name: str, shot: Shot, tmp_path: Path) -> None:
    model = build(name, shot, tmp_path)
    clip = model.generate(shot)
    assert clip.frames.shape == (shot.frames, shot.height, shot.width, 3)
    assert clip.fps == pytest.approx(shot.fps)
    assert build(name, shot, tmp_path).generate(shot).digest == clip.digest
    if name not in STRANGERS:
        for i, frame in shot.known.items():
            np.testing.assert_array_equal(clip.frames[i], frame)


@pytest.mark.parametrize("name", MODELS.names())
def test_a_model_says_who_it_is(name: str, tmp_path: Path) -> None:
    shot = SUITE.shot(Cell("drop_bounce", 3, "prompt"), 0)
    first, second = (build(name, shot, tmp_path) for _ in range(2))
    assert first.identity() == second.identity()
    assert first.identity()["name"] == first.name == ("early" if name == "world" else name)
    assert all(isinstance(x, str) for pair in first.identity().items() for x in pair)


@pytest.mark.parametrize("name", config.names("model"))
def test_every_models_file_names_a_registered_model(name: str) -> None:
    lines = (config.CONF / f"model/{name}.yaml").read_text().splitlines()
    keys = [f"model.{line.partition(':')[0]}=x" for line in lines if ": ???" in line]
    model = config.load("run", [f"model={name}", *keys])["model"]
    assert model["name"] in MODELS.names()
    assert model["label"] == name
