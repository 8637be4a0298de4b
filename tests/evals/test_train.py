"""conf/train.yaml says every default of a training run, and says it right."""

from __future__ import annotations

from evals import config
from evals.cli import main
from simulator.model.config import TrainConfig


def test_the_file_and_the_classes_agree() -> None:
    cfg = config.load("train")
    del cfg["out"]
    assert TrainConfig.from_mapping(cfg) == TrainConfig()
    assert {key for key, _, _, _ in config.keys("train")} >= {"steps", "data.clips", "model.width"}


def test_keys_reach_the_classes() -> None:
    cfg = config.load("train", ["steps=7", "data.clips=3", "model.depth=1", "snapshots=[[a,2]]", "muon_lr=1"])
    del cfg["out"]
    asked = TrainConfig.from_mapping(cfg)
    assert (asked.steps, asked.data.clips, asked.model.depth, asked.snapshots) == (7, 3, 1, (("a", 2),))
    assert asked.muon_lr == 1.0


def test_dry_run(capsys) -> None:  # type: ignore[no-untyped-def]
    assert main(["train", "steps=5", "--dry-run"]) == 0
    assert "5 steps of 32 clips" in capsys.readouterr().out
