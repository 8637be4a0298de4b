"""Several processes train as one."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator.errors import UsageError
from simulator.model.batches import Batch, draw_batch
from simulator.model.codec import make_codec
from simulator.model.team import Team
from simulator.model.text import Tokenizer
from simulator.model.train import Run, loss
from simulator.model.transformer import Transformer
from tests.simulator.model.test_train import CONFIG, clips
from tests.simulator.model.tiny import TINY, tiny

THREE = dataclasses.replace(CONFIG, batch=3, steps=8, sheet_every=0, probe_every=0)
ROOT = Path(__file__).parents[3]
CODEC = make_codec(TINY.codec, TINY.patch, TINY.merge)


def stirred() -> Transformer:
    """A tiny network in which every parameter has a gradient."""
    net = tiny()
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    return net


def learn(rank: int, ranks: int, team: Team) -> tuple[float, torch.Tensor]:
    """The loss of batch 5 and its gradient, in float32."""
    net = stirred()
    batch = draw_batch(clips(), Tokenizer(TINY.vocabulary), THREE, 5, rank, ranks)
    mean, weight = loss(net, CODEC, batch, 8.0)
    mean.backward()
    value = team.merge(net, mean, weight).item()
    return value, torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None])


def main(out: Path) -> None:
    """What each of the processes of the test below does."""
    torch.set_num_threads(1)
    team = Team("cpu")
    assert team.ranks == 2
    gradient = learn(team.rank, team.ranks, team)
    Run(dataclasses.replace(THREE, save_every=4), out, team).go(lambda step: clips(), clips())
    torch.distributed.barrier()  # the first one has saved
    again = Run(dataclasses.replace(THREE, steps=9), out, team)
    again.restore()
    assert again.step == 8
    if team.leads:
        torch.save(gradient, out / "gradient.pt")
    team.close()


def test_two_processes_have_the_loss_curve_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("accelerate")
    monkeypatch.setattr("simulator.model.precision.BF16", False)
    torch.set_num_threads(1)
    script = tmp_path / "two.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from simulator.model import precision\n"
        "precision.BF16 = False\n"
        "from tests.simulator.model.test_team import main\n"
        f"main(Path({str(tmp_path)!r}))\n"
    )
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script)]
    told = subprocess.run(
        launch, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr[-2000:]

    value, gradient = learn(0, 1, Team("cpu"))
    theirs, merged = torch.load(tmp_path / "gradient.pt")
    assert theirs == pytest.approx(value, rel=1e-5)
    assert float((merged - gradient).norm() / gradient.norm()) < 1e-5, "rows 0 and 2 on one process, 1 on the other"

    alone = tmp_path / "alone"
    alone.mkdir()
    Run(THREE, alone, Team("cpu")).go(lambda step: clips(), clips())
    curves = [json.loads((folder / "log.jsonl").read_text().splitlines()[-1]) for folder in (alone, tmp_path)]
    for key in ("loss", "validation_prompt", "validation_first_frames"):
        assert curves[0][key] == pytest.approx(curves[1][key], rel=2e-3), key


def test_the_rows_of_all_ranks_are_the_batch_of_one() -> None:
    tokenizer = Tokenizer(TINY.vocabulary)
    whole = draw_batch(clips(), tokenizer, THREE, 3)
    parts = [draw_batch(clips(), tokenizer, THREE, 3, rank, 2) for rank in (0, 1)]
    for name in (f.name for f in dataclasses.fields(Batch) if f.name != "seconds"):
        for rank, part in enumerate(parts):
            assert torch.equal(getattr(part, name), getattr(whole, name)[rank::2]), name


def test_a_rank_without_rows_counts_nothing() -> None:
    config = dataclasses.replace(THREE, batch=1)
    net = stirred()
    batch = draw_batch(clips(), Tokenizer(TINY.vocabulary), config, 0, 1, 2)
    mean, weight = loss(net, CODEC, batch, 8.0)
    mean.backward()
    assert mean.item() == weight.item() == 0.0
    assert all(not p.grad.any() for p in net.parameters() if p.grad is not None)


def test_no_tensor_of_a_step_stays_behind_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors without data refuse to mix with those of the CPU, as those of a GPU do; autocast does not know them."""
    monkeypatch.setattr("simulator.model.train.autocast", lambda device: nullcontext())
    device = torch.device("meta")
    batch = draw_batch(clips(), Tokenizer(TINY.vocabulary), THREE, 0).to(device)
    mean, weight = loss(tiny().to(device), CODEC, batch, 8.0)
    mean.backward()
    assert mean.device == weight.device == device


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"device=teapot cannot be used here .* try device=auto"):
        Team("teapot")
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="device=cuda cannot be used here"):
            Team("cuda")
        assert Team("auto").device.type == "cpu"


def test_several_processes_without_accelerate_are_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(UsageError, match=r"pip install 'worldassay\[train\]'"):
        Team("cpu")


def test_weights_of_different_sums_are_weighed() -> None:
    """The mean over processes, weighted by their sums of weights, is not the mean of their means."""
    net = stirred()
    tokenizer = Tokenizer(TINY.vocabulary)
    means, weights = [], []
    for rank in (0, 1):
        mean, weight = loss(net, CODEC, draw_batch(clips(), tokenizer, THREE, 3, rank, 2), 8.0)
        means.append(mean.item())
        weights.append(weight.item())
    whole, _ = loss(net, CODEC, draw_batch(clips(), tokenizer, THREE, 3), 8.0)
    assert np.average(means, weights=weights) == pytest.approx(whole.item(), rel=1e-2)
    assert weights[0] != weights[1]
