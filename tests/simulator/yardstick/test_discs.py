"""Pictures against areas, and the read-out against true positions, PhyWorld's own read-out and broken videos."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.yardstick import splits
from simulator.yardstick.discs import locate, paint
from simulator.yardstick.measure import measure, scored_pairs
from simulator.yardstick.worlds import FRAMES, KNOWN, SETUPS, STEP, TIMES, WORLD, Scene

FLOORS = {"uniform": 0.009, "parabola": 0.021, "collision": 0.012}  # units / s at 64 pixels, inside the range
PUBLISHED = {"uniform": 0.0099, "parabola": 0.0210, "collision": 0.0117}  # Kang et al. 2024, table 3


def inside(setup: str, count: int = 40) -> list[Scene]:
    return splits.test_scenes(SETUPS[setup], splits.INSIDE, "none", count)


def error(setup: str, scenes: list[Scene], videos, read=locate) -> float:  # type: ignore[no-untyped-def]
    found = [measure(s, read(v, s.radii), SETUPS[setup].axes) for s, v in zip(scenes, videos, strict=True)]
    return float(np.mean([m.error for m in found]))


def by_threshold(video: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """PhyWorld's read-out: the mean index of the pixels that are more red, or blue, than not."""
    out = np.empty((len(video), len(radii), 2))
    for n in range(len(radii)):
        own, other = ((0, 2), (2, 0))[n]
        for t, frame in enumerate(video):
            rows, columns = np.nonzero((frame[..., own] > 127) & (frame[..., 1] < 127) & (frame[..., other] < 127))
            out[t, n] = (columns.mean(), len(frame) - 1 - rows.mean()) if len(rows) else np.nan
    return out * WORLD / video.shape[1]


@pytest.mark.parametrize("setup", SETUPS)
def test_a_disc_covers_its_area_in_its_colour(setup: str) -> None:
    for scene, video in zip(inside(setup, 5), paint(inside(setup, 5), 64), strict=True):
        assert video.shape == (FRAMES, 64, 64, 3)
        lacking = (255.0 - video).sum(axis=(1, 2)) / 255 * (WORLD / 64) ** 2  # (FRAMES, 3), units^2
        areas = np.pi * scene.radii**2
        expected = [areas[1:].sum(), areas.sum(), areas[0]]  # red lacks green and blue, blue lacks red and green
        off = np.abs(lacking - expected)[scene.whole] / areas.sum()
        assert off.max() < 0.02


@pytest.mark.parametrize("setup", SETUPS)
def test_true_videos_are_read_to_a_hundredth_of_a_pixel(setup: str) -> None:
    scenes = inside(setup)
    videos = paint(scenes, 64)
    for scene, video in zip(scenes, videos, strict=True):
        away = np.abs(locate(video, scene.radii) - scene.positions)[scene.whole]
        assert away.max() < 0.03 * WORLD / 64
    assert error(setup, scenes, videos) < FLOORS[setup]


@pytest.mark.parametrize("setup", ["uniform", "parabola", "collision"])
def test_phyworlds_read_out_gives_phyworlds_floor(setup: str) -> None:
    """At 256 pixels, as they were drawn: so the error is defined as theirs is."""
    scenes = inside(setup, 12)
    assert error(setup, scenes, paint(scenes, 256), by_threshold) == pytest.approx(PUBLISHED[setup], rel=0.35)


def test_a_disc_that_has_vanished_is_missing_not_zero() -> None:
    scene = inside("uniform", 1)[0]
    video = paint([scene], 64)[0]
    video[8:] = 255
    found = locate(video, scene.radii)
    assert np.isnan(found[8:]).all()
    assert not np.isnan(found[:8]).any()
    told = measure(scene, found, (0,))
    assert (told.pairs, told.missing) == (FRAMES - KNOWN, FRAMES - 8)
    assert told.error < 0.05
    nothing = measure(scene, locate(np.full_like(video, 255), scene.radii), (0,))
    assert np.isnan(nothing.error)
    assert nothing.missing == nothing.pairs


def test_what_is_left_of_a_disc_is_no_disc() -> None:
    scene = inside("uniform", 1)[0]
    small = Scene(scene.radii * 0.4, scene.positions)
    assert np.isnan(locate(paint([small], 64)[0], scene.radii)).all()
    pale = 255 - (255 - paint([scene], 64)[0]) // 3
    assert np.isnan(locate(pale, scene.radii)).all()


def test_a_disc_in_two_places_is_in_none() -> None:
    left, right = (Scene(np.array([0.8]), np.tile([[x, 5.0]], (FRAMES, 1))[:, None]) for x in (1.5, 8.5))
    both = np.minimum(*paint([left, right], 64))
    assert np.isnan(locate(both, np.array([0.8]))).all()


def test_a_haze_over_the_picture_moves_nothing() -> None:
    scene = inside("uniform", 1)[0]
    video = paint([scene], 64)[0]
    hazy = video.copy()
    hazy[:, :, :24] = np.minimum(hazy[:, :, :24], 245)
    np.testing.assert_allclose(locate(hazy, scene.radii), locate(video, scene.radii), atol=0.02)


def test_the_error_of_a_disc_at_another_speed_is_the_difference() -> None:
    r, y = np.array([1.0]), np.full(FRAMES, 5.0)
    true, faster = (Scene(r, np.stack([2 + v * TIMES, y], -1)[:, None]) for v in (2.0, 2.5))
    told = measure(true, faster.positions, (0,))
    assert told.error == pytest.approx(0.5)
    assert told.drift == pytest.approx(0.5)
    assert measure(faster, true.positions, (0, 1)).drift == pytest.approx(-0.5)
    up = Scene(r, true.positions + np.stack([0 * TIMES, 0.3 * TIMES], -1)[:, None])
    assert measure(true, up.positions, (0,)).error == pytest.approx(0.0)
    assert measure(true, up.positions, (0, 1)).error == pytest.approx(0.3)


def test_only_what_shows_the_law_counts() -> None:
    for scene in inside("collision"):
        counted = scored_pairs(scene)
        assert counted.sum() >= 3
        assert (TIMES[:-1][counted] >= scene.since).all()
        assert (scene.whole[:-1] & scene.whole[1:])[counted].all()
    leaving = Scene(np.array([1.0]), np.stack([5 + 4 * TIMES, 0 * TIMES + 5], -1)[:, None])
    assert scored_pairs(leaving).nonzero()[0].tolist() == list(range(KNOWN - 1, round(1.0 / STEP)))
