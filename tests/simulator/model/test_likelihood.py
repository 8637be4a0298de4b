"""Likelihood: losses of paired noise, over what was not given; preferences in which ties count as half."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.model import likelihood
from simulator.model.conditioning import to_signal
from simulator.model.likelihood import Twins, denoising_loss, preference, prefers
from simulator.model.sample import WorldModel
from tests.simulator.model.tiny import tiny

LOSSES = st.lists(st.tuples(*[st.sampled_from([0.1, 0.2, 0.3])] * 2), min_size=1, max_size=20)


def clip(frames: int = 12, seed: int = 0) -> Clip:
    return Clip(np.random.default_rng(seed).integers(0, 256, (frames, 16, 32, 3), np.uint8), 8.0)


@pytest.fixture(name="model")
def _model() -> WorldModel:
    net = tiny()
    torch.nn.init.normal_(net.head.weight, std=0.2)
    return WorldModel(net)


@pytest.mark.parametrize("frames", [12, 20])  # within one window, and in two
def test_the_same_clip_has_the_same_loss(model: WorldModel, frames: int) -> None:
    losses = {denoising_loss(model, clip(frames), "a ball", known=3) for _ in range(3)}
    assert len(losses) == 1
    twins = [Twins(clip(frames), clip(frames), "a ball", 3)] * 2
    assert preference(_Asked(model), twins) == 0.5


def test_what_is_given_is_not_counted(model: WorldModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A net that always answers with one video: its error is a closed form of the frames that are not given."""
    mine, other = clip(8), clip(8, seed=1)
    changed = Clip(np.concatenate([other.frames[:4], mine.frames[4:]]), 8.0)
    answer = model.codec.encode(to_signal(other.frames)[None])
    monkeypatch.setattr(model.net, "forward", lambda *_: answer)
    assert denoising_loss(model, changed, "a ball", known=4) == denoising_loss(model, mine, "a ball", known=4)
    off = (to_signal(other.frames) - to_signal(mine.frames))[4:].square().mean().item()
    times = (np.arange(4) + 0.5) / 4
    expected = off * float(np.mean(1 / np.maximum(1 - times, 0.05) ** 2))
    assert denoising_loss(model, mine, "a ball", known=4) == pytest.approx(expected, rel=1e-4)


def test_every_frame_is_counted_once_over_windows(model: WorldModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likelihood, "WINDOW", 8)
    monkeypatch.setattr(likelihood, "OVERLAP", 4)
    monkeypatch.setattr(model.net, "forward", lambda z, *_: torch.zeros_like(z))
    long, left = clip(16), 1 - (np.arange(4) + 0.5) / 4
    expected = to_signal(long.frames)[4:].square().mean().item() * float(np.mean(1 / left**2))
    assert denoising_loss(model, long, "a ball", known=4) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("wrong", [{"known": 12}, {"known": -1}, {"levels": 0}, {"draws": 0}])
def test_what_cannot_be_asked_is_told(model: WorldModel, wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        denoising_loss(model, clip(12), "a ball", **wrong)


def test_the_loss_is_float32_whatever_the_model_samples_in(model: WorldModel) -> None:
    seen = []
    hook = model.net.blocks[0].qkv.register_forward_hook(lambda _, __, out: seen.append(out.dtype))
    denoising_loss(model, clip(), "a ball", levels=1, draws=1)
    hook.remove()
    assert set(seen) == {torch.float32}


@given(LOSSES)
def test_a_preference_and_its_opposite_sum_to_one(pairs: list[tuple[float, float]]) -> None:
    valid, broken = np.array(pairs).T
    assert np.array_equal(prefers(valid, broken) + prefers(broken, valid), np.ones(len(pairs)))


def test_a_constant_has_a_preference_of_exactly_one_half() -> None:
    assert preference(_Asked(None), [Twins(clip(), clip(seed=1), "")] * 3) == 0.5
    with pytest.raises(ValueError, match="no twins"):
        preference(_Asked(None), [])
    with pytest.raises(ValueError, match="not finite"):
        prefers(np.array([np.nan]), np.array([1.0]))


class _Asked:
    """A Denoiser: of a model, or constant."""

    def __init__(self, model: WorldModel | None) -> None:
        self.model = model

    def loss(self, clip: Clip, prompt: str, **asked: int) -> float:
        return 1.0 if self.model is None else denoising_loss(self.model, clip, prompt, **asked)
