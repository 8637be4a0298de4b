import itertools

import numpy as np
import pytest

from probes import consistency3d
from probes.multiview import epipolar_residual, rigid_residual, sampson
from probes.perception.observation import PointTracks, Things
from probes.reading import Scored, Unscored
from tests.probes import fakes

SIGMA = 0.001
STILL_SCENE = fakes.script(moving=True)


def observe(xy: np.ndarray, seen: np.ndarray | None = None, **fields: object) -> fakes.FakeObservation:
    seen = np.ones(xy.shape[:2], bool) if seen is None else seen
    moving = {"camera": fakes.camera(moving=True), **fields}
    return fakes.FakeObservation(Things((), None, "the camera moves"), points=PointTracks(xy, seen), **moving)


def value(observation: fakes.FakeObservation) -> float:
    reading = consistency3d.score(observation, STILL_SCENE, None)
    assert isinstance(reading, Scored), reading
    return reading.value


def test_sampson_distance_is_the_distance_to_the_line_for_a_sideways_camera():
    f = np.array([[0, 0, 0], [0, 0, -1], [0, 1, 0]], float)  # rows of both pictures correspond
    a, b = np.array([[0.2, 0.3]]), np.array([[0.7, 0.34]])
    assert sampson(f, a, b) == pytest.approx(0.04 / np.sqrt(2))


def test_a_rigid_scene_leaves_only_noise():
    xy = fakes.orbit(np.random.default_rng(0), sigma=SIGMA)
    assert np.median(np.sqrt((rigid_residual(xy[:, :8]) ** 2).mean(1))) < 2.5 * SIGMA
    assert np.median(epipolar_residual(xy[:, 0], xy[:, 8], SIGMA)) < 2.0 * SIGMA


def test_points_that_go_their_own_way_stand_out_from_a_rigid_scene():
    xy = fakes.orbit(np.random.default_rng(1), sigma=SIGMA)
    xy[:16, :, 1] += 0.03 * np.sin(np.linspace(0, 9, 16))
    error = np.sqrt((rigid_residual(xy) ** 2).mean(1))
    assert np.median(error[:16]) > 4 * np.median(error[16:])


def test_a_rigid_scene_scores_high_and_a_warped_one_low():
    rng = np.random.default_rng(2)
    xy = fakes.orbit(rng)
    warped = xy + 0.03 * np.sin(9 * xy[:, :, ::-1] + np.linspace(0, 12, 16)[:, None])
    assert value(observe(xy)) > 0.5 > value(observe(warped))


def test_more_warp_never_scores_higher():
    xy = fakes.orbit(np.random.default_rng(3))
    swing = np.sin(9 * xy[:, :, ::-1] + np.linspace(0, 12, 16)[:, None])
    values = [value(observe(xy + a * swing)) for a in (0.0, 0.01, 0.02, 0.04)]
    assert all(b <= a + 1e-6 for a, b in itertools.pairwise(values))


def test_without_a_script_a_few_points_may_go_their_own_way():
    xy = fakes.orbit(np.random.default_rng(8))
    xy[:12, :, 1] += 0.05 * np.sin(np.linspace(0, 9, 16))
    free = consistency3d.score(observe(xy), None, None)
    assert isinstance(free, Scored)
    assert free.value > 0.5 > value(observe(xy))


def test_noise_is_never_consistent():
    assert value(observe(np.random.default_rng(4).uniform(0, 1, (80, 16, 2)))) < 0.5


def test_points_lost_all_at_once_are_another_world():
    xy = fakes.orbit(np.random.default_rng(5))
    seen = np.ones(xy.shape[:2], bool)
    seen[:70, 8:] = False
    reading = consistency3d.score(observe(xy, seen), None, None)
    assert isinstance(reading, Scored)
    assert reading.value < 0.5
    assert any(s.kind == "other_world" and s.end == 1.0 for s in reading.spans)


@pytest.mark.parametrize(
    ("observation", "reason"),
    [
        (observe(np.full((80, 16, 2), 0.5), camera=fakes.camera(moving=False)), "the camera does not move"),
        (observe(fakes.orbit(np.random.default_rng(6), points=8)), "too few points"),
        (observe(fakes.orbit(np.random.default_rng(7), angle=0.005, sigma=0.0)), "too few points"),
    ],
)
def test_what_cannot_be_told_is_not_scored(observation, reason):
    reading = consistency3d.score(observation, None, None)
    assert isinstance(reading, Unscored)
    assert reason in reading.reason
