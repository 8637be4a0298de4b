"""Laws against closed forms and conservation, splits against their ranges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import UsageError
from simulator.yardstick import splits, worlds
from simulator.yardstick.worlds import CONTACT, GRAVITY, KNOWN, SETUPS, STEP, TIMES, WORLD

CLIPS = 40
RNG = np.random.default_rng


def scenes(setup: str, split: splits.Split = splits.INSIDE, hold_out: str = "none"):  # type: ignore[no-untyped-def]
    return [splits.draw(SETUPS[setup], split, hold_out, RNG(i)) for i in range(CLIPS)]


def test_uniform_motion_is_a_straight_line_to_the_right() -> None:
    for scene, (speed,) in scenes("uniform"):
        velocity = np.diff(scene.positions[:, 0], axis=0) / STEP
        np.testing.assert_allclose(velocity, np.tile([speed, 0.0], (len(TIMES) - 1, 1)), atol=1e-12)


def test_a_thrown_disc_falls_as_galileo_says() -> None:
    for scene, (speed,) in scenes("parabola"):
        x, y = scene.positions[:, 0].T
        np.testing.assert_allclose(x - x[0], speed * TIMES, atol=1e-12)
        np.testing.assert_allclose(y[0] - y, GRAVITY * TIMES**2 / 2, atol=1e-12)
        np.testing.assert_allclose(np.diff(y, 2) / STEP**2, -GRAVITY, atol=1e-9)


def test_a_collision_keeps_momentum_and_energy_and_happens_at_contact() -> None:
    for scene, speeds in scenes("collision"):
        mass, contact = scene.radii**2, scene.since
        assert max(CONTACT[0], TIMES[KNOWN]) <= contact <= CONTACT[1]
        velocity = np.diff(scene.positions[..., 0], axis=0) / STEP
        before, after = velocity[TIMES[1:] <= contact], velocity[TIMES[:-1] >= contact]
        np.testing.assert_allclose(before, np.tile(speeds * [1, -1], (len(before), 1)), atol=1e-9)
        assert np.ptp(after, axis=0).max() < 1e-9
        for v in after:
            assert v @ mass == pytest.approx(before[0] @ mass)
            assert v**2 @ mass == pytest.approx(before[0] ** 2 @ mass)
            assert v[1] - v[0] == pytest.approx(before[0][0] - before[0][1])
        gap = np.diff(scene.positions[..., 0], axis=1)[:, 0] - scene.radii.sum()
        assert gap.min() > -1e-9
        np.testing.assert_allclose(gap, np.abs(TIMES - contact) * speeds.sum(), atol=1e-9)


@given(*[st.floats(0.01, 100)] * 2, *[st.floats(-100, 100)] * 2)
def test_parting_twice_gives_the_velocities_back(m1: float, m2: float, v1: float, v2: float) -> None:
    np.testing.assert_allclose(worlds.part(m1, m2, *worlds.part(m1, m2, v1, v2)), (v1, v2), atol=1e-6)


@pytest.mark.parametrize("setup", SETUPS)
def test_scenes_inside_the_range_stay_in_view_as_long_as_they_count(setup: str) -> None:
    for scene, _ in scenes(setup):
        assert scene.whole[: KNOWN + 1].all()
        assert (scene.whole & (scene.since <= TIMES)).sum() >= worlds.AFTER
        if setup != "collision":
            assert scene.whole.all()


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("split", splits.OUTSIDE, ids=lambda s: s.name)
def test_splits_lie_outside_the_training_range_where_they_say(setup: str, split: splits.Split) -> None:
    drawn = scenes(setup, split)
    for values, inside, ranges in (
        ([speeds for _, speeds in drawn], splits.SPEED, split.speed),
        ([scene.radii for scene, _ in drawn], splits.RADIUS, split.radius),
    ):
        first = np.array([v[0] for v in values])
        assert all(any(low <= v <= high for low, high in ranges) for v in first)
        if inside not in ranges:
            assert ((first < inside[0]) | (first > inside[1])).all()
            assert all(((first >= low) & (first <= high)).any() for low, high in ranges)
        rest = np.array([v[1:] for v in values])
        assert ((rest >= inside[0]) & (rest <= inside[1])).all()
    assert splits.RADIUS not in split.radius or splits.SPEED not in split.speed


def test_far_lies_beyond_near() -> None:
    by_name = {split.name: split for split in splits.OUTSIDE}
    assert len(by_name) == 10
    for kind, key, sign in (
        ("slow", "speed", -1),
        ("fast", "speed", 1),
        ("small", "radius", -1),
        ("large", "radius", 1),
    ):
        (near,), (far,) = (getattr(by_name[f"{kind}_{level}"], key) for level in ("near", "far"))
        assert sign * min(sign * v for v in far) == sign * max(sign * v for v in near)


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("hold_out", ["combinations", "gap"])
def test_what_is_held_out_is_never_trained_on_and_always_asked(setup: str, hold_out: str) -> None:
    trained, asked = scenes(setup, splits.INSIDE, hold_out), scenes(setup, splits.HELD, hold_out)
    assert not any(splits.is_held_out(hold_out, scene.radii, speeds) for scene, speeds in trained)
    assert all(splits.is_held_out(hold_out, scene.radii, speeds) for scene, speeds in asked)
    speeds = np.array([v for _, v in trained])
    if hold_out == "gap":
        assert not ((speeds > 1.75) & (speeds < 3.25)).any()
    else:  # every value by itself was seen
        assert ((speeds < 2.5).any(axis=0) & (speeds > 2.5).any(axis=0)).all()


def test_training_and_test_clips_are_never_the_same() -> None:
    setup = SETUPS["uniform"]
    trained = {splits.training_scene(setup, "none", seed, i).radii[0] for seed in (0, 1) for i in range(200)}
    asked = {s.radii[0] for split in splits.ALL[:1] for s in splits.test_scenes(setup, split, "none", 200)}
    assert len(trained) == 400
    assert len(asked) == 200
    assert not trained & asked


def test_clips_are_the_same_in_any_order() -> None:
    setup = SETUPS["collision"]
    a, b = (splits.training_scene(setup, "none", 3, i) for i in (7, 7))
    assert a.positions.tobytes() == b.positions.tobytes()
    more, few = (splits.test_scenes(setup, splits.OUTSIDE[2], "none", n) for n in (5, 2))
    assert [s.since for s in more[:2]] == [s.since for s in few]


def test_unknown_names_are_told() -> None:
    with pytest.raises(UsageError, match=r"unknown setup 'unifrom'. Did you mean: uniform"):
        worlds.find("unifrom")
    with pytest.raises(UsageError, match=r"unknown hold_out 'gaps'. Did you mean: gap"):
        splits.check_hold_out("gaps")


def test_the_world_is_phyworlds() -> None:
    assert (WORLD, STEP, KNOWN, splits.SPEED, splits.RADIUS) == (10.0, 0.1, 3, (1.0, 4.0), (0.7, 1.4))
