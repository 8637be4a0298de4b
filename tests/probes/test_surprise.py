"""Surprise: ratios of a trajectory, whatever the units of the embedding and of time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.perception.classical import observe
from probes.reading import Scored, Unscored
from probes.surprise import layout, residuals, score, statistics
from simulator.clip import Clip
from tests.probes.test_quality import moving


def test_a_straight_steady_way_has_no_surprise() -> None:
    z = np.arange(10)[:, None] * np.array([[1.0, 2.0, -0.5]])
    told = statistics(z)
    assert residuals(z) == pytest.approx(np.zeros(8), abs=1e-9)
    assert [told[k] for k in ("speed_variation", "curvature", "acceleration", "residual")] == pytest.approx([0.0] * 4)


def test_a_regular_polygon_turns_by_its_outer_angle() -> None:
    turn = 2 * np.pi * np.arange(25) / 12
    told = statistics(np.stack([np.cos(turn), np.sin(turn)], -1))
    assert told["curvature"] == pytest.approx(2 / 12)
    assert told["speed_variation"] == pytest.approx(0.0, abs=1e-9)
    assert told["acceleration"] == pytest.approx(2 * np.sin(np.pi / 12))


@given(scale=st.floats(0.01, 100.0), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_units_do_not_matter(scale: float, seed: int) -> None:
    z = np.random.default_rng(seed).normal(size=(9, 4)).cumsum(0)
    assert residuals(scale * z + 3.0) == pytest.approx(residuals(z), rel=1e-6)
    assert statistics(scale * z + 3.0) == pytest.approx(statistics(z), rel=1e-6)


def test_points_without_an_order_have_residuals_of_one() -> None:
    z = np.random.default_rng(3).normal(size=(4000, 8))
    assert np.sqrt((residuals(z) ** 2).mean()) == pytest.approx(1.0, abs=0.05)


def test_shuffled_frames_surprise_more() -> None:
    frames = moving(16)
    order = np.random.default_rng(4).permutation(16)
    plain, shuffled = (score(observe(Clip(f, 8.0)), None, None) for f in (frames, frames[order]))
    assert isinstance(plain, Scored)
    assert isinstance(shuffled, Scored)
    assert shuffled.measures["residual"] > plain.measures["residual"]
    assert shuffled.value < plain.value


def test_an_embedding_is_the_same_again() -> None:
    assert np.array_equal(layout(moving()), layout(moving().copy()))


@pytest.mark.parametrize("frames", [moving()[:3], np.zeros((8, 32, 32, 3), np.uint8)])
def test_no_trajectory_is_a_reason(frames: np.ndarray) -> None:
    assert isinstance(score(observe(Clip(frames, 8.0)), None, None), Unscored)
