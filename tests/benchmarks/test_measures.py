"""The measures of the world model's samples, on videos whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from benchmarks.world_model import measures

RNG = np.random.default_rng(0)


def texture(height: int, width: int) -> np.ndarray:
    """A smooth pattern that flow can follow, (height, width, 3) uint8."""
    import cv2

    noise = RNG.uniform(0, 255, (height // 4, width // 4, 3)).astype(np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def moving(steps: list[int]) -> np.ndarray:
    """A picture that moves to the left by so many pixels from frame to frame, 64x64."""
    wide = texture(64, 64 + sum(steps))
    return np.stack([wide[:, x : x + 64] for x in np.cumsum([0, *steps])])


def test_flow_of_a_pan_is_its_step_and_does_not_change() -> None:
    video = moving([2] * 7)
    inside = measures.flow(video)[:, 12:-12, 12:-12]
    np.testing.assert_allclose(np.median(inside, axis=(0, 1, 2)), [-2, 0], atol=0.15)
    assert measures.flow_change(video).max() < 0.4


def test_a_jerk_is_found_where_it_is() -> None:
    change = measures.flow_change(moving([1, 1, 1, 4, 1, 1, 1]))
    assert set(np.argsort(change)[-2:]) == {2, 3}
    known = np.arange(8) < 4
    seam, inside = known[:-1] != known[1:], ~known[:-1] & ~known[1:]
    at, within = measures.at_seams_and_inside(change, seam, inside)
    assert at > 3 * within


def test_nothing_moves_in_a_still_video() -> None:
    still = np.repeat(texture(64, 64)[None], 5, axis=0)
    assert np.isnan(measures.flow_change(still)).all()
    assert measures.ratio(np.array([np.nan, 1.0]), np.array([1.0, np.nan]))[3] == 0


def test_ratio_is_of_means_over_what_both_have() -> None:
    value, low, high, count = measures.ratio(np.array([2.0, 4.0, np.nan]), np.array([1.0, 3.0, 5.0]))
    assert (value, count) == (1.5, 2)
    assert low <= value <= high


def test_psnr_is_the_definition() -> None:
    a = np.full((2, 4, 4, 3), 100, np.uint8)
    assert measures.psnr(a, a + 10) == pytest.approx(20 * np.log10(255 / 10))
    mask = np.zeros((2, 4, 4), bool)
    assert np.isnan(measures.psnr(a, a, mask))
    b = a.copy()
    b[0, 0, 0] = 0
    mask[1] = True
    assert measures.psnr(a, b, mask) == 100.0


def test_sharpness_falls_and_colour_stays_under_blur() -> None:
    import cv2

    sharp = moving([1] * 3)
    soft = np.stack([cv2.GaussianBlur(f, (0, 0), 3) for f in sharp])
    a, b = measures.look(sharp), measures.look(soft)
    assert b.sharpness < 0.2 * a.sharpness
    assert b.lightness == pytest.approx(a.lightness, rel=0.1)


def test_frechet_distance_against_a_second_implementation() -> None:
    a, b = RNG.normal(size=(400, 3)), RNG.normal(size=(300, 3)) * [1, 2, 3] + [1, 0, 0]
    scale = b.std(0) + 1e-6
    first, second = np.cov((a / scale).T), np.cov((b / scale).T)
    shift = (a / scale).mean(0) - (b / scale).mean(0)
    wanted = shift @ shift + np.trace(first + second - 2 * np.real(sqrtm(first @ second)))
    assert measures.frechet(a, b) == pytest.approx(wanted, rel=1e-6)
    assert measures.frechet(a, a) == pytest.approx(0, abs=1e-9)
