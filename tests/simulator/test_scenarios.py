"""The families' arithmetic against closed forms; nothing is drawn here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator import camera as pinhole
from simulator.errors import UsageError
from simulator.motion import Path
from simulator.scenarios import make_script
from simulator.scene import Body
from simulator.script import Script
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw

G = 9.81


def _scripts(family: str, count: int = 16, **settings: object) -> list[Script]:
    return [make_script(family, seed, **settings) for seed in range(count)]  # type: ignore[arg-type]


def test_project_agrees_with_the_stage() -> None:
    for script in _scripts("ball_through_hoop", 5, view="moving"):
        cam, point = script.scene.camera, script.scene.body("hoop").pos
        for t in (0.0, 0.77, 2.0):
            seen = pinhole.extrinsics(*pinhole.frame(cam, t)) @ (*point, 1.0)
            column, row, depth = pinhole.intrinsics(cam, 100, 100) @ seen[:3]
            where = ((column / depth + 0.5) / 100 - 0.5, 0.5 - (row / depth + 0.5) / 100, depth)
            assert views.project_at(cam, point, t) == pytest.approx(where)
        assert views.project(cam, point) == views.project_at(cam, point, 0.0)


def test_z_towards_turns_z() -> None:
    rng = np.random.default_rng(0)
    for direction in (*rng.normal(size=(20, 3)), np.array([0.0, 0.0, -2.0]), np.array([0.0, 0.0, 3.0])):
        turned = _axis(shapes.z_towards(tuple(direction)))
        assert turned == pytest.approx(direction / np.linalg.norm(direction), abs=1e-9)


def test_colours_are_apart_even_with_jitter() -> None:
    colours = list({**words.COLOURS, **words.OOD_COLOURS}.values())
    assert min(math.dist(a, b) for i, a in enumerate(colours) for b in colours[:i]) > 0.35


def test_background_stands_apart() -> None:
    draw = Draw(np.random.default_rng(0), "test", 0.5, 2.0)
    for rgb in words.COLOURS.values():
        assert all(math.dist(looks.background(draw, [rgb])[1], rgb) > 0.4 for _ in range(20))


def test_a_dropped_ball_lands_when_the_script_says() -> None:
    for script in _scripts("drop_bounce"):
        ball, fall = script.scene.body("ball"), float(script.parameters["fall_s"])
        drop = ball.pos[2] - ball.geoms[0].size[0]
        assert math.sqrt(2 * drop / G) == pytest.approx(fall)
        assert abs(ball.velocity[0]) == pytest.approx(script.parameters["speed"] * script.parameters["span_m"])


@pytest.mark.parametrize("split", ["train", "ood"])
def test_a_ball_goes_through_the_hoop_or_onto_its_rim_or_past_it(split: str) -> None:
    for script in _scripts("ball_through_hoop", 60, split=split):
        ball, hoop = script.scene.body("ball"), script.scene.body("hoop")
        at, r, rim = float(script.parameters["at_s"]), ball.geoms[0].size[0], hoop.geoms[0].size[0]
        times = np.linspace(0.0, at, 200)[:, None]
        axis = _axis(hoop.quat)
        off = _flight(ball, times) - np.array(hoop.pos)
        along = off @ axis
        wide = math.hypot(*hoop.geoms[0].pos[:2])
        apart = np.hypot(np.linalg.norm(off - along[:, None] * axis, axis=1) - wide, along)  # centre to rim's circle
        match script.parameters["way"]:
            case "rim":
                assert apart[-1] == pytest.approx(r + rim, rel=0.02)
                assert apart[:-1].min() > (r + rim) * 0.98
            case "beside" | "short":
                assert np.linalg.norm(off[-1]) > wide
                assert apart.min() > 1.1 * (r + rim)
            case _:
                assert np.linalg.norm(off[-1]) < 1e-6
                assert apart.min() > 1.1 * (r + rim)


def test_a_net_gives_way_to_the_ball() -> None:
    netted = [s for s in _scripts("ball_through_hoop", 40) if s.parameters["net"] == "yes"]
    through = [s for s in netted if s.parameters["way"] in ("dropped", "thrown")][:4]
    assert len(through) == 4
    for script in through:
        ball, net, at = script.scene.body("ball"), script.scene.body("net"), float(script.parameters["at_s"])
        strands = [(geom, Path.of(geom.keys)) for geom in net.geoms]
        for t in np.linspace(0.8 * at, 1.4 * at, 30):
            centre = _flight(ball, np.array([[t]]))[0] - np.array(net.pos)
            for geom, path in strands:
                pos, quat, scale, _ = path.at(float(t))
                axis, half = _axis(tuple(quat)), geom.size[1] * scale
                nearest = pos + np.clip((centre - pos) @ axis, -half, half) * axis
                assert math.dist(nearest, centre) > 0.97 * ball.geoms[0].size[0]


@pytest.mark.parametrize("split", ["train", "ood"])
def test_flames_go_out_as_told_and_in_the_order_of_the_wind(split: str) -> None:
    ways = set()
    for script in _scripts("candle_blowout", 60, split=split):
        way, side = script.parameters["way"], script.parameters["side"]
        ways.add(way)
        flames = [b for b in script.scene.bodies if b.noun == "flame"]
        outs = [(b.pos[0], b.keys[-1].t) for b in flames if not b.keys[-1].visible]
        assert len(flames) == script.parameters["count"] == len([b for b in script.scene.bodies if b.noun == "candle"])
        assert len(outs) == script.parameters["gone"] == sum(e.kind == "goes_out" for e in script.expected)
        assert len([light for light in script.scene.lights if light.flicker]) == len(flames)
        if way in ("puff", "some puff", "fan"):
            order = [t for _, t in sorted(outs, reverse=side == "right")]
            assert order == sorted(order)
            lit = [b.pos[0] for b in flames if b.keys[-1].visible]
            assert all((x > dark) == (side == "left") for x in lit for dark, _ in outs)
    assert ways == {"puff", "some puff", "fan", "snuffer", "some snuffer", "miss"}


@pytest.mark.parametrize("seconds", [1.0, 2.0, 5.0, 8.0])
def test_out_and_hidden_for_long_enough(seconds: float) -> None:
    assert min(s.parameters["out_s"] for s in _scripts("leaves_frame", seconds=seconds)) >= 0.25 * seconds
    for script in _scripts("occluder_pass", seconds=seconds):
        least = {"one": max(0.25, 0.13 * seconds), "through": 0.05 * seconds, "turns back": 0.25 * seconds}
        assert script.parameters["hidden_s"] >= least[script.parameters["way"]]


@pytest.mark.parametrize("view", ["still", "moving"])
def test_a_thing_is_hidden_at_both_ends_of_the_gap_and_seen_in_it(view: str) -> None:
    for script in _scripts("occluder_pass", 30, view=view):
        if script.parameters["way"] == "one":
            continue
        thing = script.scene.body(script.inventory[0].name)
        first, second = float(script.parameters["gap_from"]), float(script.parameters["gap_to"])
        sign = math.copysign(1.0, second - first)
        assert sign * max(sign * k.pos[0] for k in thing.keys) == pytest.approx(
            sign * max(sign * x for x in (thing.keys[-1].pos[0], first)), abs=1e-6
        )
        cam, t = script.scene.camera, script.seconds / 2
        edges = [_outline(script, script.scene.body(name), t) for name in ("screen", "screen2")]
        half = thing.geoms[0].size[0]
        for x, covered in ((first, (True, False)), ((first + second) / 2, (False, False)), (second, (False, True))):
            u = [views.project_at(cam, (x + dx, 0.0, thing.pos[2]), t)[0] for dx in (-half, half)]
            assert tuple(low < u[0] and u[1] < high for low, high in edges) == covered


def test_after_the_cuts_the_first_camera_shows_the_same_world() -> None:
    for script in (*_scripts("camera_cut"), *_scripts("camera_cut", split="ood")):
        cam = script.scene.camera
        times = pinhole.cuts(cam)
        assert len(times) == script.parameters["cuts"] == script.parameters["views"] + 1
        assert times[0] == script.parameters["first_s"]
        eyes = [pinhole.frame(cam, t)[0] for t in (0.0, *times)]
        span = float(script.parameters["span_m"])
        assert eyes[0] == pytest.approx(eyes[-1])
        assert all(math.dist(eyes[0], eye) > 0.1 * span for eye in eyes[1:-1])
        moving = [b.name for b in script.scene.bodies if b.motion != "fixed"]
        assert moving == ([] if script.parameters["story"] == "still" else [script.inventory[0].name])


def test_an_orbit_keeps_its_distance_and_may_go_all_the_way_round() -> None:
    scripts = _scripts("camera_orbit", 24, split="ood", seconds=4.0)
    for script in scripts:
        keys = script.scene.camera.keys
        assert np.ptp([math.dist(k.eye, k.target) for k in keys]) < 1e-9
        assert np.ptp([k.eye[2] for k in keys]) < 1e-9
    assert any(s.parameters["arc_deg"] == 360.0 for s in scripts)


@pytest.mark.parametrize(
    ("family", "parameter"),
    [
        ("candle_blowout", "height"),
        ("ball_through_hoop", "size"),
        ("leaves_frame", "size"),
        ("occluder_pass", "size"),
        ("camera_orbit", "arc_deg"),
        ("camera_orbit", "count"),
        ("camera_cut", "count"),
    ],
)
def test_ood_lies_outside_the_training_range(family: str, parameter: str) -> None:
    def values(split: str) -> list[float]:
        scripts = [s for s in _scripts(family, 24, split=split) if "gap_to" not in s.parameters]
        return [float(s.parameters[parameter]) for s in scripts]

    inside, outside = values("train"), values("ood")
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
        ({"split": "exam"}, "unknown split 'exam'. Available: calibration, ood, test, train"),
        ({"difficulty": 1.5}, r"difficulty=1.5 is outside \[0, 1\]"),
        ({"seconds": 0.0}, r"seconds=0.0 is outside \(0, 60\]"),
        ({"seed": -1}, "seed=-1 is negative; seeds are 0 or more"),
    ],
)
def test_errors_name_the_next_step(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_script(**{"family": "drop_bounce", "seed": 0, **settings})  # type: ignore[arg-type]


def _axis(quat: tuple[float, ...]) -> np.ndarray:
    """(3,) where a turn leads the z axis."""
    w, x, y, z = quat
    return np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])


def _flight(ball: Body, times: np.ndarray) -> np.ndarray:
    """(T, 3) free flight; times: (T, 1) seconds."""
    return np.array(ball.pos) + np.array(ball.velocity) * times - np.array([0, 0, G / 2]) * times**2


def _outline(script: Script, screen: Body, t: float) -> tuple[float, float]:
    """Left and right edge of a box in the picture."""
    (a, b, _), (x, y, z) = screen.geoms[0].size, screen.pos
    seen = [views.project_at(script.scene.camera, (x + i * a, y + j * b, z), t)[0] for i in (-1, 1) for j in (-1, 1)]
    return min(seen), max(seen)
