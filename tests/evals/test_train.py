"""Every key of a training run is in conf/train.yaml, and reaches the run."""

from __future__ import annotations

import io
import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from evals import config
from evals.cli import main
from evals.train import Bars, Lines, scores, watching
from simulator.model import checkpoint
from simulator.model.config import TrainConfig
from tests.simulator.model.tiny import TINY, tiny

SMALL = (
    "data.families=drop_bounce", "data.clips=2", "data.validation=1", "data.size=16", "data.frames=4", "data.fps=4",
    "data.workers=1", "model.bottleneck=24", "model.fine_width=32", "model.fine_heads=2", "model.fine_out=1",
    "model.width=48", "model.depth=1", "model.heads=2", "model.modulation_rank=8", "model.text_width=16",
    "model.text_depth=1", "steps=4", "batch=2", "warmup=1", "cooldown=1", "sheet_every=0", "probe_every=0",
    "compile=false", "snapshots=[[early,2]]", "device=cpu",
)  # fmt: skip


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


def test_dry_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    where = f"data.folder={tmp_path}"
    assert main(["train", "steps=5", where, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "5 steps of 32 clips, out of 1956 clips (1956 to be rendered, 385 MB in all)" in said


def test_from_nothing_to_checkpoints_and_on_from_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    places = [f"data.folder={tmp_path / 'data'}", f"out={tmp_path / 'run'}"]
    assert main(["train", *SMALL, *places]) == 0
    said = capsys.readouterr().out
    assert "3 of 3 clips rendered" in said
    assert "step 4/4: loss" in said
    for name in ("early", "late"):
        assert checkpoint.load(tmp_path / "run" / f"{name}.safetensors").config.width == 48
    assert main(["train", *SMALL, *places, "steps=6", "--json"]) == 0
    streams = capsys.readouterr()
    assert json.loads(streams.out) == {"out": str(tmp_path / "run"), "steps": 6, "batch": 2}
    assert "going on after step 4" in streams.err
    assert json.loads((tmp_path / "run" / "late.json").read_text())["step"] == 6
    assert main(["train", *SMALL, *places, "batch=3"]) == 2
    assert "holds a run with other values of batch" in capsys.readouterr().err


def test_a_suite_that_is_not_there_is_told_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["train", "probe_suite=smok", f"out={tmp_path}"]) == 2
    assert "unknown suite 'smok'. Did you mean: smoke" in capsys.readouterr().err


def test_probes_read_a_checkpoint_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    less = (
        "suite.families=drop_bounce",
        "suite.modes=first_frames",
        "suite.seconds=1",
        "probes=permanence",
        "workers=1",
    )
    load = config.load
    monkeypatch.setattr(config, "load", lambda verb, keys: load(verb, [*keys, *less]))
    path = tmp_path / "m.safetensors"
    checkpoint.save(path, TINY, tiny().state_dict(), {"name": "m"})
    row = scores(path, TrainConfig(), tmp_path / "probes", 7)
    assert set(row) <= {"permanence", "permanence_n", "clean_rate", "clean_rate_n"}
    (run,) = (tmp_path / "probes").iterdir()
    assert run.name == f"000007-{checkpoint.digest(path)[:8]}"
    assert (run / "results.sqlite").is_file()


def test_scores_that_fail_do_not_end_a_training(tmp_path: Path) -> None:
    heard = io.StringIO()
    lines = Lines(Console(file=heard, soft_wrap=True), TrainConfig(), tmp_path)
    assert lines.scores(tmp_path / "none.safetensors", 5) == {}
    assert heard.getvalue().startswith("no scores at step 5: ")
    assert heard.getvalue().count("\n") == 1


def test_a_terminal_shows_bars(tmp_path: Path) -> None:
    screen = io.StringIO()
    out = Console(file=screen, force_terminal=True, highlight=False, width=120)
    with watching(out, TrainConfig(steps=10), tmp_path) as watch:
        assert isinstance(watch, Bars)
        watch.rendered(3, 5)
        watch.stepped(4, 0.125)
        watch.says("a line [with brackets]")
    for text in ("rendering clips", "training", "loss 0.1250", "a line [with brackets]"):
        assert text in screen.getvalue()


def test_two_runs_do_not_share_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from evals.spec import alone

    with alone(tmp_path):
        assert main(["train", *SMALL, f"out={tmp_path}", f"data.folder={tmp_path / 'data'}"]) == 2
    assert "another process is working on" in capsys.readouterr().err
