"""Every key of a training run is in conf/train.yaml, and reaches the run."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from evals import config
from evals.cli import main
from simulator.model.config import TrainConfig


def names(settings: Any, prefix: str = "") -> set[str]:
    found = set()
    for field in fields(settings):
        value = getattr(settings, field.name)
        found |= names(value, f"{prefix}{field.name}.") if is_dataclass(value) else {f"{prefix}{field.name}"}
    return found


def test_the_file_has_every_key() -> None:
    cfg = config.load("train")
    told = {key.name for key in config.keys("train")}
    assert told == names(TrainConfig()) - {"model.vocabulary"} | {"out"}  # the words are those of the prompts
    del cfg["out"]
    TrainConfig.from_mapping(cfg)


def test_keys_reach_the_classes() -> None:
    cfg = config.load("train", ["steps=7", "data.clips=3", "model.depth=1", "snapshots=[[a,2]]", "muon_lr=1"])
    del cfg["out"]
    asked = TrainConfig.from_mapping(cfg)
    assert (asked.steps, asked.data.clips, asked.model.depth, asked.snapshots) == (7, 3, 1, (("a", 2),))
    assert asked.muon_lr == 1.0


def test_dry_run(capsys) -> None:  # type: ignore[no-untyped-def]
    assert main(["train", "steps=5", "--dry-run"]) == 0
    assert "5 steps of 32 clips" in capsys.readouterr().out
