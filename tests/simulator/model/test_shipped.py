"""The weights that ship, and what their cards say of them."""

import dataclasses
import json
import time
from typing import Any

import numpy as np
import pytest

from simulator.model import checkpoint
from simulator.model.config import TrainConfig, build_config
from simulator.model.sample import WorldModel
from simulator.scenarios import make_script
from simulator.shot import Shot
from simulator.stage import film

FIRST, SECOND = ("early", "young"), ("middle", "grown", "late")  # the stages of training
NAMES = (*FIRST, *SECOND, "violated")


@pytest.mark.parametrize("name", NAMES)
def test_the_card_tells_the_truth(name):
    path = checkpoint.find(name)
    card = json.loads(path.with_suffix(".json").read_text())
    model = WorldModel.load(name)
    config = build_config(TrainConfig, card["config"])
    assert card["name"] == name
    assert card["sha256"] == checkpoint.digest(path)
    assert card["parameters"] == sum(p.numel() for p in model.net.parameters())
    assert config.model == model.net.config
    assert card["step"] == dict(config.snapshots).get(name, config.steps)
    assert path.stat().st_size <= 16_000_000
    if name in FIRST:
        shipped = dataclasses.replace(config, model=dataclasses.replace(config.model, vocabulary=()))
        assert shipped == TrainConfig(), "`worldassay train` trains what ships"


def test_all_weights_together_are_small():
    assert sum(checkpoint.find(name).stat().st_size for name in NAMES) <= 64_000_000


@pytest.mark.parametrize("stage", [FIRST, SECOND])
def test_a_stage_is_one_run(stage):
    cards = [card_of(name) for name in stage]
    assert all(card["config"] == cards[0]["config"] and card["recipe"] == cards[0]["recipe"] for card in cards)
    for key in ("step", "wall_seconds"):
        values = [card[key] for card in cards]
        assert values == sorted(set(values))


def test_each_stage_starts_from_the_one_before():
    assert card_of("early")["config"].get("start") is None
    for name, start in (*((name, "young") for name in SECOND), ("violated", "late")):
        assert card_of(name)["config"]["start"] == start
        assert card_of(name)["start"] == checkpoint.digest(checkpoint.find(start))
    assert card_of("violated")["config"]["data"]["violated"] == 0.5


def card_of(name: str) -> dict[str, Any]:
    return json.loads(checkpoint.find(name).with_suffix(".json").read_text())


def test_late_continues_unseen_clips_better_than_early_and_than_the_last_frame_repeated():
    errors: dict[str, list[float]] = {"early": [], "late": [], "repeat": []}
    models = {name: WorldModel.load(name) for name in ("early", "late")}
    for family in ("leaves_frame", "occluder_pass", "drop_bounce", "camera_orbit"):
        for seed in (5, 6):
            script = make_script(family, seed, split="test", view="still")
            truth = film(script, 64, 64, 8.0, frames=16).frames.astype(float)
            known = {i: truth[i].astype(np.uint8) for i in range(4)}
            shot = Shot("s", script.prompts[0], 64, 64, 16, 8.0, seed, "first_frames", known)
            for name, model in models.items():
                errors[name].append(float(np.square(model.generate(shot).frames[4:] - truth[4:]).mean()))
            errors["repeat"].append(float(np.square(truth[3] - truth[4:]).mean()))
    mean = {name: np.mean(e) for name, e in errors.items()}
    assert mean["late"] < 0.7 * mean["early"]
    assert mean["late"] < mean["repeat"]


def test_loading_and_sampling_are_quick():
    began = time.process_time()
    model = WorldModel.load("late")
    assert time.process_time() - began < 4
    shot = Shot("s", "A red ball falls.", 64, 64, 16, 8.0, 0)
    model.generate(shot)
    began = time.process_time()
    model.generate(shot)
    assert time.process_time() - began < 4, "seconds of processor time, a fraction of one on two idle cores"
