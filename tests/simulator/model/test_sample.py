"""Sampling, with a small untrained network: what holds whatever the weights are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import UsageError
from simulator.model.sample import WINDOW, WorldModel
from simulator.shot import Shot
from tests.simulator.model.tiny import tiny


def model() -> WorldModel:
    net = tiny()
    with torch.no_grad():
        net.head.weight.normal_(std=0.1)
    return WorldModel(net.eval())


MODEL = model()


def shot(frames: int, known: dict[int, np.ndarray], height: int = 20, width: int = 28, seed: int = 0) -> Shot:
    return Shot("s", "a ball falls", height, width, frames, 8.0, seed, known=known)


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 3 * WINDOW), st.integers(16, 40), st.integers(16, 40), st.data())
def test_known_frames_are_kept_in_any_clip(frames: int, height: int, width: int, data: st.DataObject) -> None:
    which = data.draw(st.sets(st.integers(0, frames - 1), max_size=8))
    rng = np.random.default_rng(frames)
    known = {i: rng.integers(0, 256, (height, width, 3), np.uint8) for i in which}
    clip = MODEL.generate(shot(frames, known, height, width), steps=1)
    assert clip.frames.shape == (frames, height, width, 3)
    for i, frame in known.items():
        np.testing.assert_array_equal(clip.frames[i], frame)


def test_a_seed_gives_its_video_and_another_seed_another() -> None:
    first, again, other = (MODEL.generate(shot(20, {}, seed=s), steps=2).digest for s in (3, 3, 4))
    assert first == again != other


def test_what_a_window_knows_is_not_changed_by_later_windows() -> None:
    """A long clip begins as the short one of the same seed does."""
    short, long = (MODEL.generate(shot(n, {}), steps=2).frames for n in (WINDOW, 3 * WINDOW))
    np.testing.assert_array_equal(long[:WINDOW], short)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 0}, "steps=0 is outside 1 to 1000"),
        ({"steps": 10**8}, "outside 1 to 1000"),
        ({"guidance": float("nan")}, "guidance=nan is outside"),
        ({"guidance": float("inf")}, "guidance=inf is outside"),
        ({"strength": 0.0}, "strength=0.0 is outside"),
        ({"strength": float("nan")}, "strength=nan is outside"),
        ({"history": 1.5}, "history=1.5 is outside"),
        ({"draft": np.zeros((3, 20, 28, 3), np.uint8)}, "the draft is"),
    ],
)
def test_numbers_out_of_range_are_refused(given: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(UsageError, match=message):
        MODEL.generate(shot(8, {}), **given)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (shot(8, {8: np.zeros((20, 28, 3), np.uint8)}), "its frames are 0 to 7"),
        (shot(8, {-1: np.zeros((20, 28, 3), np.uint8)}), "knows frame -1"),
        (shot(8, {0: np.zeros((20, 20, 3), np.uint8)}), "resize it"),
        (shot(8, {0: np.zeros((20, 28, 3), float)}), "float64, expected"),
        (shot(0, {}), "give 1 or more"),
        (shot(5000, {}), "the limit is 4096"),
        (shot(8, {}, 4096, 4096), "ask for a smaller picture"),
    ],
)
def test_shots_that_cannot_be_answered_are_refused(asked: Shot, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        MODEL.generate(asked)
