"""Cuts: seen where another shot begins, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from probes.perception.cuts import find_cuts
from tests.probes.discs import discs, ground


def rolling(frames: int, step: int, seed: int) -> np.ndarray:
    """A ground that slides by `step` pixels a frame."""
    wide = ground(64, 64 + frames * abs(step), seed)
    return np.stack([wide[:, abs(step) * t : abs(step) * t + 64] for t in range(frames)]).astype(np.uint8)


@pytest.mark.parametrize("at", [3, 8, 14])
def test_a_cut_between_two_scenes_is_found_where_it_is(at: int) -> None:
    assert find_cuts(np.concatenate([rolling(at, 1, 0), rolling(16 - at, 1, 9)])) == (at,)


@pytest.mark.parametrize("step", [0, 1, 4])
def test_a_moving_camera_is_no_cut(step: int) -> None:
    assert find_cuts(rolling(16, step, 1)) == ()


def test_light_that_flickers_and_fast_things_are_no_cuts() -> None:
    flicker = discs(lambda t: [((0.5 + 0.4 * (-1) ** t), 0.5)], light=lambda t: 1.0 if t % 2 else 0.5)
    assert find_cuts(flicker.frames) == ()


def test_noise_has_no_shots() -> None:
    assert find_cuts(np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), dtype=np.uint8)) == ()


def test_cut_away_and_back() -> None:
    scene, other = rolling(15, 0, 2), rolling(15, 0, 7)
    assert find_cuts(np.concatenate([scene[:5], other[5:10], scene[10:]])) == (5, 10)


def test_less_than_two_frames() -> None:
    assert find_cuts(np.zeros((1, 64, 64, 3), np.uint8)) == ()
