"""The arithmetic of the families with cups, crossings, flags, shadows and mirrors; nothing is drawn here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator import camera as pinhole
from simulator.scenarios import make_script
from simulator.scene import Body
from simulator.script import Script
from simulator.surface import height
from simulator.workshop import hops

G = 9.81


def _scripts(family: str, count: int = 8, **settings: object) -> list[Script]:
    return [make_script(family, seed, **settings) for seed in range(count)]  # type: ignore[arg-type]


def _way(body: Body, times: np.ndarray) -> np.ndarray:
    """(T, 3) where a scripted body is."""
    return np.stack([np.interp(times, [k.t for k in body.keys], [k.pos[i] for k in body.keys]) for i in range(3)], -1)


@pytest.mark.parametrize("split", ["train", "ood"])
def test_cups_never_touch_and_the_ball_stays_under_its_own(split: str) -> None:
    for script in _scripts("shell_game", split=split, seconds=6.0, difficulty=0.8):
        times = np.linspace(0, 6, 721)
        ways = [_way(b, times) for b in script.scene.bodies if b.noun == "cup"]
        cup = script.scene.body("cup0").geoms[0]
        wide = 2 * (math.hypot(cup.size[0], cup.size[1]) if cup.shape == "box" else cup.size[0])
        for i, a in enumerate(ways):
            for b in ways[:i]:
                assert np.linalg.norm((a - b)[:, :2], axis=1).min() > wide
        ball = _way(script.scene.body("ball"), times)
        assert min(np.linalg.norm((ball - w)[:, :2], axis=1).max() for w in ways) < 1e-6
        swapped = sorted(w[-1, 0] for w in ways)
        assert swapped == pytest.approx(sorted(w[0, 0] for w in ways))


@pytest.mark.parametrize("split", ["train", "ood"])
def test_things_that_cross_do_not_touch(split: str) -> None:
    for script in _scripts("crossing_paths", 16, split=split):
        times = np.linspace(0, 2, 401)
        things = [b for b in script.scene.bodies if b.role == "thing"]
        for i, a in enumerate(things):
            for b in things[:i]:
                apart = np.linalg.norm((_way(a, times) - _way(b, times))[:, :2], axis=1).min()
                assert apart > sum(_beam(body) for body in (a, b)), (script.seed, a.noun, b.noun)


def _beam(body: Body) -> float:
    """The radius of a thing seen from above."""
    geom = body.geoms[0]
    return math.hypot(geom.size[0], geom.size[1]) if geom.shape == "box" else geom.size[0]


def test_a_flag_is_still_at_its_pole_and_its_waves_run_away_from_it() -> None:
    for script in _scripts("cloth_flag"):
        flag = script.scene.body("flag0").geoms[0]
        a, b, _ = flag.size
        assert float(np.abs(height(flag, -a, np.linspace(-b, b, 5), 0.7)).max()) < 1e-12
        assert all(w.omega / w.kx > 0 for w in flag.waves)
        speed = flag.waves[0].omega / flag.waves[0].kx
        assert speed == pytest.approx(0.4 * float(script.parameters["wind_m_s"]))
        _, _, y, z = script.scene.body("flag0").quat
        along = 1 - 2 * (y * y + z * z)  # of the flag's x axis, to the right
        assert (along > 0) == (script.parameters["side"] == "right")


def test_hops_are_throws() -> None:
    for made in (hops.Hops(0.4, 3), hops.Hops(0.62, 1)):
        times = np.linspace(0.02, made.air - 0.02, 50)
        up = np.array([made.at(t)[1] for t in times])
        assert np.diff(up, 2) / (times[1] - times[0]) ** 2 == pytest.approx(-G)
        assert up.max() == pytest.approx(made.height, rel=1e-2)
        assert made.at(0.0) == (0.0, 0.0)
        assert made.at(100.0)[0] == pytest.approx(1.0)


def test_a_shadow_falls_where_its_lamp_does_not_stand() -> None:
    for script in _scripts("shadow_walk"):
        lamp = script.scene.lights[0]
        rise = math.atan2(lamp.pos[2], math.hypot(lamp.pos[0], lamp.pos[1]))
        assert math.degrees(rise) == pytest.approx(script.parameters["elevation_deg"])
        away = math.degrees(math.atan2(-lamp.pos[1], -lamp.pos[0]))
        assert math.remainder(away - float(script.parameters["towards_deg"]), 360.0) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("view", ["still", "moving"])
def test_every_line_of_sight_to_the_image_goes_through_the_mirror(view: str) -> None:
    for script in _scripts("mirror_room", view=view):
        mirror, thing = script.scene.body("mirror"), script.scene.body("thing")
        w, x, y, z = mirror.quat
        across = np.array([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)])
        up = np.array([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)])
        n = np.cross(across, up)
        assert n[1] < -0.9  # it faces the camera
        wide, high, thick = mirror.geoms[0].size
        m = np.asarray(mirror.pos) + thick * n
        for t in np.linspace(0, 2, 9):
            p = _way(thing, np.array([t]))[0]
            image = p - 2 * ((p - m) @ n) * n
            eye = pinhole.frame(script.scene.camera, t)[0]
            at = eye + (image - eye) * ((m - eye) @ n) / ((image - eye) @ n) - m
            assert abs(at @ across) < wide
            assert abs(at @ up) < high
            assert np.linalg.norm(eye - at - m) + np.linalg.norm(at + m - p) == pytest.approx(
                np.linalg.norm(eye - image)
            )
