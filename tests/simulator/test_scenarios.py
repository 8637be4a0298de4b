"""The families' arithmetic against closed forms; nothing is drawn here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator import camera as pinhole
from simulator.errors import UsageError
from simulator.scenarios import make_script, parts
from simulator.script import Script

G = 9.81


def _scripts(family: str, count: int = 16, **settings: object) -> list[Script]:
    return [make_script(family, seed, **settings) for seed in range(count)]  # type: ignore[arg-type]


def test_project_agrees_with_the_stage() -> None:
    for script in _scripts("ball_through_hoop", 5):
        cam, point = script.scene.camera, script.scene.body("hoop").pos
        seen = pinhole.extrinsics(*pinhole.frame(cam, 0.0)) @ (*point, 1.0)
        column, row, depth = pinhole.intrinsics(cam, 100, 100) @ seen[:3]
        right, up, away = parts.project(cam, point)
        where = ((column / depth + 0.5) / 100 - 0.5, 0.5 - (row / depth + 0.5) / 100, depth)
        assert (right, up, away) == pytest.approx(where)


def test_z_towards_turns_z() -> None:
    rng = np.random.default_rng(0)
    for direction in (*rng.normal(size=(20, 3)), np.array([0.0, 0.0, -2.0]), np.array([0.0, 0.0, 3.0])):
        w, x, y, z = parts.z_towards(tuple(direction))
        turned = (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y))
        assert turned == pytest.approx(direction / np.linalg.norm(direction), abs=1e-9)


def test_colours_are_apart_even_with_jitter() -> None:
    colours = list({**parts.COLOURS, **parts.OOD_COLOURS}.values())
    assert min(math.dist(a, b) for i, a in enumerate(colours) for b in colours[:i]) > 0.35


def test_background_stands_apart() -> None:
    rng = np.random.default_rng(0)
    for rgb in parts.COLOURS.values():
        assert all(math.dist(parts.background(rng, [rgb])[1], rgb) > 0.4 for _ in range(20))


def test_a_dropped_ball_lands_when_the_script_says() -> None:
    for script in _scripts("drop_bounce"):
        ball, fall = script.scene.body("ball"), float(script.parameters["fall_s"])
        drop = ball.pos[2] - ball.geoms[0].size[0]
        assert math.sqrt(2 * drop / G) == pytest.approx(fall)
        assert abs(ball.velocity[0]) == pytest.approx(script.parameters["speed"] * script.parameters["span_m"])


@pytest.mark.parametrize("split", ["train", "ood"])
def test_a_ball_for_the_hoop_clears_its_rim_and_one_for_the_rim_hits_it(split: str) -> None:
    for script in _scripts("ball_through_hoop", 60, split=split):
        ball, hoop = script.scene.body("ball"), script.scene.body("hoop")
        at, r, rim = float(script.parameters["at_s"]), ball.geoms[0].size[0], hoop.geoms[0].size[0]
        times = np.linspace(0.0, at, 200)[:, None]
        path = np.array(ball.pos) + np.array(ball.velocity) * times - np.array([0, 0, G / 2]) * times**2
        w, x, y, z = hoop.quat
        axis = np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
        off = path - np.array(hoop.pos)
        along = off @ axis
        wide = math.hypot(*hoop.geoms[0].pos[:2])
        apart = np.hypot(np.linalg.norm(off - along[:, None] * axis, axis=1) - wide, along)  # centre to rim's circle
        if script.parameters["way"] == "rim":
            assert apart[-1] == pytest.approx(r + rim, rel=0.02)
            assert apart[:-1].min() > (r + rim) * 0.98
        else:
            assert np.linalg.norm(off[-1]) < 1e-6
            assert apart.min() > 1.1 * (r + rim)


@pytest.mark.parametrize("seconds", [1.0, 2.0, 5.0, 8.0])
def test_out_and_hidden_for_long_enough(seconds: float) -> None:
    assert min(s.parameters["out_s"] for s in _scripts("leaves_frame", seconds=seconds)) >= 0.25 * seconds
    assert min(s.parameters["hidden_s"] for s in _scripts("occluder_pass", seconds=seconds)) >= max(
        0.25, 0.13 * seconds
    )


@pytest.mark.parametrize(
    ("family", "parameter"),
    [
        ("candle_blowout", "size"),
        ("ball_through_hoop", "size"),
        ("leaves_frame", "size"),
        ("occluder_pass", "size"),
        ("camera_orbit", "arc_deg"),
        ("camera_orbit", "count"),
    ],
)
def test_ood_lies_outside_the_training_range(family: str, parameter: str) -> None:
    inside = [float(s.parameters[parameter]) for s in _scripts(family, split="train")]
    outside = [float(s.parameters[parameter]) for s in _scripts(family, split="ood")]
    assert max(inside) < min(outside) or max(outside) < min(inside)


def test_difficulty_makes_backgrounds_busier() -> None:
    def contrast(difficulty: float) -> float:
        floors = [s.scene.room.floor for s in _scripts("drop_bounce", difficulty=difficulty)]
        return float(np.mean([math.dist(f.rgb, f.rgb2 or f.rgb) for f in floors]))

    assert contrast(0.0) < contrast(0.5) < contrast(1.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"family": "drop_bonce"}, "unknown family 'drop_bonce'. Did you mean: drop_bounce?"),
        ({"split": "exam"}, "unknown split 'exam'. Available: train, calibration, test, ood"),
        ({"difficulty": 1.5}, r"difficulty=1.5 is outside \[0, 1\]"),
        ({"seconds": 0.0}, r"seconds=0.0 is outside \(0, 60\]"),
        ({"seed": -1}, "seed=-1 is negative; seeds are 0 or more"),
    ],
)
def test_errors_name_the_next_step(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_script(**{"family": "drop_bounce", "seed": 0, **settings})  # type: ignore[arg-type]
