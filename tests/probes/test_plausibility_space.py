"""Plausibility where sight tells depth: closed forms of flight, impact, support and drive, and what breaks them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from probes import plausibility
from probes.evidence import Found, greatest
from probes.perception.observation import OUT, SEEN, Things, ThingTrack
from simulator.clip import Clip
from simulator.scene import Body, Camera, CameraKey, Geom, Key, Material, Room, Scene
from simulator.script import Script, Thing
from tests.probes import fakes

FOCAL = 0.5 / np.tan(np.radians(22.5))  # heights, of a field of view of 45 degrees
RADIUS = 0.15
WAY_OFF = 6.0  # metres from the camera to the plane y = 0


@dataclass
class Seen(fakes.FakeObservation):
    """Sight with depth, at any frame rate."""

    fps: float = 12.0

    @property
    def clip(self) -> Clip:
        return Clip(np.full((self.frames, 128, 128, 3), 120, np.uint8), self.fps)


def body(name: str, **fields: object) -> Body:
    ball = Geom("sphere", (RADIUS, 0.0, 0.0))
    given: dict[str, object] = {"pos": (0.0, 0.0, 2.0), "motion": "free", **fields}
    return Body(name, "ball", "red", (ball,), Material((0.8, 0.1, 0.1)), **given)  # type: ignore[arg-type]


def script(*bodies: Body, gravity: float = 9.81) -> Script:
    camera = Camera((CameraKey(0.0, (0.0, -WAY_OFF, 2.0), (0.0, 0.0, 2.0)),))
    scene = Scene(bodies, camera, Room(Material((0.5, 0.5, 0.5))), (), gravity=(0.0, 0.0, -gravity))
    return Script(scene, ("balls",), (), tuple(Thing(b.name, b.noun, b.colour) for b in bodies), (), ())


def track(name: str, x: np.ndarray, z: np.ndarray) -> ThingTrack:
    """A ball in the plane y = 0 at x, z (T,) metres."""
    px, py = 0.5 + FOCAL * x / WAY_OFF, 0.5 - FOCAL * (z - 2.0) / WAY_OFF
    size = 2 * RADIUS * FOCAL / WAY_OFF
    out = np.where((np.abs(px - 0.5) < 0.5 + size / 2) & (np.abs(py - 0.5) < 0.5 + size / 2), SEEN, OUT)
    seen = fakes.track(px, py, size=size, name=name, state=out.astype(np.uint8))
    return replace(seen, depth=np.where(seen.state == SEEN, WAY_OFF, np.nan))


def strengths(script: Script, fps: float, **ways: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    tracks = tuple(track(name, np.asarray(x, float), np.asarray(z, float)) for name, (x, z) in ways.items())
    found = plausibility.find(Seen(Things(tracks), frames=len(tracks[0].state), fps=fps), script)
    assert isinstance(found, Found), found
    return greatest(found.findings, plausibility.LAWS)


def thrown(t: np.ndarray, g: float) -> tuple[np.ndarray, np.ndarray]:
    """(x, z) of a throw that fits into the picture for a second."""
    return -0.8 + 1.5 * t, 1.5 + 0.5 * g * t - 0.5 * g * t**2


@pytest.mark.parametrize("fps", [8.0, 12.0, 24.0, 30.0])
@pytest.mark.parametrize("g", [1.6, 3.7, 9.81])
def test_a_parabola_is_fine_under_any_gravity_and_frame_rate(fps, g):
    t = np.arange(round(fps)) / fps
    assert max(strengths(script(body("ball"), gravity=g), fps, ball=thrown(t, g)).values()) < 0.3


@pytest.mark.parametrize("fps", [8.0, 12.0, 24.0])
def test_a_kink_in_flight_is_not_and_neither_is_its_mirror_image(fps):
    t = np.arange(round(fps)) / fps
    x, z = thrown(t, 9.81)
    x = np.where(t > 0.5, 2 * (-0.8 + 1.5 * 0.5) - x, x)
    here = strengths(script(body("ball")), fps, ball=(x, z))
    assert here["inertia"] > 1.0
    assert strengths(script(body("ball")), fps, ball=(-x, z)) == pytest.approx(here, abs=1e-6)


def test_less_weight_is_worse_the_more_of_it_is_missing():
    t = np.arange(12) / 12
    found = [
        strengths(script(body("ball")), 12.0, ball=(0.3 * t, 3.0 - 0.5 * 9.81 * (1 - s) * t**2))["gravity"]
        for s in (0.3, 0.5, 0.7, 1.0)
    ]
    assert found == sorted(found)
    assert found[0] > 0.3


def bounce(t: np.ndarray, restitution: float, top: float = 2.5) -> np.ndarray:
    """(T,) metres: a ball let go at `top` that meets the floor once and more."""
    fallen = np.sqrt(2 * (top - RADIUS) / 9.81)
    z = top - 0.5 * 9.81 * t**2
    since, speed = t - fallen, restitution * 9.81 * fallen
    for _ in range(8):
        z = np.where(since > 0, RADIUS + speed * since - 0.5 * 9.81 * since**2, z)
        since, speed = since - 2 * speed / 9.81, restitution * speed
    return np.maximum(z, RADIUS)


@pytest.mark.parametrize("restitution", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("fps", [12.0, 24.0])
def test_a_bounce_loses_energy_and_does_not_gain_any(restitution, fps):
    t = np.arange(round(1.6 * fps)) / fps
    assert max(strengths(script(body("ball")), fps, ball=(0.2 * t, bounce(t, restitution))).values()) < 0.5
    assert strengths(script(body("ball")), fps, ball=(0.2 * t, bounce(t, 1.15, top=1.8)))["energy"] > 0.5


def impact(t: np.ndarray, after: tuple[float, float]) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Two balls on the floor, one at rest, that meet after half a second and then have these speeds."""
    speed, meets = 2.0, 0.5
    x = np.where(t < meets, speed * (t - meets), after[0] * (t - meets)) - RADIUS
    y = np.where(t < meets, 0.0, after[1] * (t - meets)) + RADIUS
    rests = np.full(len(t), RADIUS)
    return (x, rests), (y, rests)


@pytest.mark.parametrize(("after", "law"), [
    ((0.2, 1.8), None), ((1.0, 1.0), None), ((-1.6, 0.0), "inertia"), ((0.5, 3.0), "energy"), ((2.0, 0.0), "solidity"),
])  # fmt: skip
def test_balls_that_meet_share_their_momentum(after, law):
    t = np.arange(14) / 12
    first, second = impact(t, after)
    pucks = [body(name, friction=0.01, pos=(0.0, 0.0, RADIUS)) for name in ("first", "second")]
    pair = script(*pucks)
    found = strengths(pair, 12.0, first=first, second=second)
    if law is None:
        assert max(found.values()) < 0.5
    else:
        assert found[law] > 0.5


def test_what_is_at_rest_is_neither_praised_nor_blamed():
    rest = np.zeros(12), np.full(12, RADIUS)
    assert max(strengths(script(body("ball", pos=(0.0, 0.0, RADIUS))), 12.0, ball=rest).values()) == 0.0
    assert max(strengths(script(body("ball", motion="fixed")), 12.0, ball=(rest[0], rest[0] + 2.0)).values()) == 0.0


def test_a_driven_thing_may_do_at_any_time_what_its_drive_does_but_not_stop_or_rise():
    keys = (Key(0.0, (-1.0, 0.0, 1.0)), Key(2.0, (1.0, 0.0, 1.0)))
    driven = script(body("ball", motion="scripted", keys=keys, pos=(-1.0, 0.0, 1.0)))
    t, high = np.arange(20) / 12, np.ones(20)
    assert max(strengths(driven, 12.0, ball=(t - 0.7, high)).values()) < 0.2
    assert strengths(driven, 12.0, ball=(np.minimum(t, 0.8) - 0.7, high))["inertia"] > 0.5
    rises = [strengths(driven, 12.0, ball=(t - 0.7, high + s * t))["gravity"] for s in (0.2, 0.5, 1.0)]
    assert rises == sorted(rises)
    assert rises[0] > 0.3


def test_time_that_stands_still_and_goes_on():
    t = np.arange(20) / 12
    held = np.where(t < 0.6, t, np.maximum(0.6, t - 0.5))
    keys = (Key(0.0, (-1.0, 0.0, 1.0)), Key(2.0, (1.0, 0.0, 1.0)))
    driven = script(body("ball", motion="scripted", keys=keys, pos=(-1.0, 0.0, 1.0)))
    assert strengths(driven, 12.0, ball=(held - 0.7, np.ones(20)))["continuity"] > 0.5
