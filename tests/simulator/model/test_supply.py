"""Clips that are rendered while a run goes on, and what becomes of renderers that die."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator.errors import UsageError
from simulator.model.batches import draw_batch
from simulator.model.config import DataConfig, TrainConfig
from simulator.model.data import Shard, path_of, read, render, training_rounds, validation_shards
from simulator.model.supply import Supply, rounds_at
from simulator.model.text import Tokenizer
from simulator.model.watch import Watcher


def small(folder: Path, **data: object) -> TrainConfig:
    """Clips of four frames of 16x16, a second each."""
    values = {"families": ["drop_bounce"], "size": 16, "frames": 4, "fps": 4, "validation": 1, **data}
    return TrainConfig.from_mapping({"data": {**values, "folder": str(folder)}, "steps": 20, "batch": 2})


class Ear(Watcher):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.counts: list[tuple[int, int]] = []

    def says(self, line: str) -> None:
        self.lines.append(line)

    def rendered(self, clips: int, total: int) -> None:
        self.counts.append((clips, total))


def test_what_a_step_may_draw_from_grows_by_a_schedule() -> None:
    assert {rounds_at(step, 100, 31, True) for step in range(100)} == {31}
    grown = [rounds_at(step, 100, 31, False) for step in range(100)]
    assert grown[0] == 4, "a tenth, rounded up"
    assert grown == sorted(grown)
    assert grown[50:] == [31] * 50
    assert rounds_at(0, 5, 1, False) == 1


def test_files_hold_each_clip_once_and_the_asked_share_is_violated() -> None:
    config = DataConfig(families=("a", "b"), clips=450, validation=7, violated=0.4, more=((4, 16, 24, 4.0),))
    rounds, validation = training_rounds(config), validation_shards(config)
    for family in config.families:
        mine = [shard for some in rounds for shard in some if shard.family == family]
        assert sorted(seed for shard in mine for seed in shard.seeds) == list(range(450))
        assert sum(len(shard.seeds) for shard in mine if shard.violated) == 180
        assert abs(sum(len(shard.seeds) for shard in mine if shard.shape == 1) - 450 / 2) <= 1
    assert all([shard.family for shard in some] == ["a", "b"] for some in rounds)
    assert not any(shard.violated for shard in validation)
    assert min(seed for shard in validation for seed in shard.seeds) >= 1_000_000
    first_half = rounds[: len(rounds) // 2]
    assert {(some[0].shape, some[0].violated) for some in first_half} == {(0, False), (1, False), (0, True), (1, True)}


def test_a_violated_clip_breaks_a_law_and_lies_apart(tmp_path: Path) -> None:
    config = small(tmp_path, size=32, frames=8, fps=8).data
    valid, broken = (Shard("drop_bounce", 0, (5, 6), violated) for violated in (False, True))
    assert path_of(config, valid).parent != path_of(config, broken).parent
    for shard in (valid, broken):
        render(config, shard)
    a, b = read(config, [valid]), read(config, [broken])
    assert a.prompts == b.prompts
    for whole, damaged in zip(a.frames, b.frames, strict=True):
        assert not np.array_equal(whole, damaged)
        assert np.array_equal(whole[0], damaged[0]), "before its onset a violated take is the valid one"


def test_training_may_begin_before_all_is_rendered_and_survives_a_dead_renderer(tmp_path: Path) -> None:
    config = small(tmp_path, clips=40, ahead=False, workers=1)
    tokenizer, ear = Tokenizer(()), Ear()
    with Supply(config, ear) as supply:
        assert len(supply.validation()) == 1
        assert supply._crew is not None
        victim = next(iter(supply._crew.pool._processes))
        os.kill(victim, signal.SIGKILL)
        early = [draw_batch(supply.clips(step), tokenizer, config, step) for step in (0, 3)]
        assert len(supply.clips(3)) == 20
        assert len(supply.clips(10)) == 40
    assert ear.lines == ["a rendering process died; another one takes its place"]
    assert ear.counts[-1] == (41, 41)
    with Supply(config, ear) as again:
        assert again._crew is None, "nothing is left to render"
        for step, batch in zip((0, 3), early, strict=True):
            same = draw_batch(again.clips(step), tokenizer, config, step)
            assert torch.equal(same.video, batch.video)
            assert torch.equal(same.noise, batch.noise)


def test_what_cannot_be_rendered_is_named_in_one_line(tmp_path: Path) -> None:
    wrong = "cannot render drop_bounce, seeds 1000000 to 1000000: size 2000x2000"
    with Supply(small(tmp_path, size=2000, workers=1)) as supply, pytest.raises(UsageError, match=wrong):
        supply.validation()


def test_renderers_end_with_their_parent(tmp_path: Path) -> None:
    import subprocess
    import sys

    script = (
        "import sys; sys.path.insert(0, '.')\n"
        "from pathlib import Path\n"
        "from simulator.model.supply import Supply\n"
        "from tests.simulator.model.test_supply import small\n"
        "if __name__ == '__main__':\n"
        f"    supply = Supply(small(Path({str(tmp_path)!r}), clips=500, workers=1))\n"
        "    supply.validation()\n"
        "    print(*supply._crew.pool._processes, flush=True)\n"
        "    import os; os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "parent.py"
    path.write_text(script)
    done = subprocess.run(
        [sys.executable, str(path)], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )
    workers = [int(word) for word in done.stdout.split()]
    assert workers, done.stderr
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(_runs(pid) for pid in workers):
        time.sleep(0.1)
    assert not any(_runs(pid) for pid in workers)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
