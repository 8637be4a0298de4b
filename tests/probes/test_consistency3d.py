import itertools

import cv2
import numpy as np
import pytest

from probes import consistency3d
from probes.multiview import epipolar_residual, rigid_residual, sampson
from probes.perception.observation import PointTracks, Things
from probes.reading import Scored, Unscored
from simulator.script import Expected
from tests.probes import fakes
from tests.probes.test_adherence_parts import Shown

SIGMA = 0.001
STILL_SCENE = fakes.script(moving=True, motion="fixed")


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


def test_where_things_move_half_of_the_points_may_go_their_own_way():
    xy = fakes.orbit(np.random.default_rng(8))
    xy[:24, :, 1] += 0.05 * np.sin(np.linspace(0, 9, 16))
    lively = consistency3d.score(observe(xy), fakes.script(moving=True), None)
    assert isinstance(lively, Scored)
    assert lively.value > 0.5 > value(observe(xy))


def test_a_cut_that_the_script_tells_is_no_other_world():
    xy = fakes.orbit(np.random.default_rng(9))
    told = fakes.script(Expected("cut", "ball", 0.9, 1.1), moving=True)
    seen = np.ones(xy.shape[:2], bool)
    seen[:60, 8:] = seen[60:, :8] = False
    cut = observe(xy, seen, cuts=(8,))
    assert value(cut) < 0.5
    reading = consistency3d.score(cut, told, None)
    assert isinstance(reading, Unscored) or reading.value > 0.5


@pytest.mark.parametrize(("same", "clean"), [(True, True), (False, False)])
def test_the_first_camera_comes_back_to_the_world_that_it_left(same, clean):
    rng = np.random.default_rng(10)
    first, other, third = (rng.uniform(0, 255, (6, 6, 3)) for _ in range(3))
    shots = [cv2.resize(s, (64, 64), interpolation=cv2.INTER_NEAREST) for s in (first, other, first if same else third)]
    frames = np.repeat(np.rint(shots).astype(np.uint8), (6, 4, 6), 0)
    cuts = (Expected("cut", "ball", 0.7, 0.8), Expected("cut", "ball", 1.2, 1.3))
    shown = Shown(frames, cuts=(6, 10), camera=fakes.camera(moving=False))
    reading = consistency3d.score(shown, fakes.script(*cuts, motion="fixed"), None)
    assert isinstance(reading, Scored)
    assert (reading.value > 0.5) == clean


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
