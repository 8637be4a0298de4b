from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from simulator.build import damping_ratio, rebound
from simulator.errors import UsageError
from simulator.scene import Camera, CameraKey, Key, Light, Material
from simulator.script import Script
from simulator.stage import play
from simulator.truth import ABSENT, HIDDEN, OUT, SEEN, Take
from simulator.world import TICK, World
from tests.simulator.small import CAMERA, ball, box, candle, script

G = 9.81


def heights(drop: float, restitution: float) -> tuple[np.ndarray, np.ndarray]:
    """Height over the floor and vertical velocity of a ball that was dropped, at every tick of 1.2 s."""
    thing = ball(pos=(0.0, 0.0, drop + 0.25), motion="free", restitution=restitution)
    world = World(script(thing).scene, 16, 16)
    rows = []
    for _ in range(round(1.2 / TICK)):
        world.pose(world.time)
        world.dress()
        world.advance()
        rows.append((world.where("ball")[0][2] - 0.25, world.velocity("ball")[2]))
    h, v = np.array(rows).T
    return h, v


def test_free_fall_and_contact_time() -> None:
    take = play(script(ball(pos=(0.0, 0.0, 2.25), motion="free")), 16, 16, 48)
    t = take.truth.times
    flight = t < math.sqrt(2 * 2.0 / G)
    assert np.abs(take.truth.pos[flight, 0, 2] - (2.25 - G * t[flight] ** 2 / 2)).max() < 1e-3
    assert np.abs(take.truth.velocity[flight, 0, 2] + G * t[flight]).max() < 0.01
    first = next(e for e in take.truth.events if e.kind == "contact")
    assert (first.kind, first.subject, first.object) == ("contact", "ball", "floor")
    assert first.t == pytest.approx(math.sqrt(2 * 2.0 / G), abs=2 * TICK)


@pytest.mark.parametrize("restitution", [0.3, 0.5, 0.7, 0.85, 0.95])
def test_restitution(restitution: float) -> None:
    """Speed away over speed at the impact, over several phases of the step."""
    got = []
    for drop in (0.8, 1.0, 1.21):
        _, v = heights(drop, restitution)
        low = int(np.argmax(v > 0))
        got.append(v[low:].max() / -v[:low].min())
    assert np.abs(np.mean(got) / restitution - 1) < 0.03
    assert np.abs(np.array(got) / restitution - 1).max() < 0.05


@pytest.mark.parametrize("zeta", [0.05, 0.4, 0.9, 1.5])
def test_rebound_formula_against_integration(zeta: float) -> None:
    x, v, dt = 0.0, -1.0, 1e-5
    while True:
        a = -x - 2 * zeta * v
        if a < 0 and v > 0:
            break
        v += a * dt
        x += v * dt
    assert rebound(zeta) == pytest.approx(v, abs=2e-4)
    assert damping_ratio(rebound(zeta)) == pytest.approx(zeta, rel=1e-6)


def test_sliding_distance() -> None:
    """v^2 / (2 mu g) under Coulomb friction."""
    thing = box("box", (0.3, 0.3, 0.1), (0.0, 0.0, 0.1), motion="free", velocity=(1.5, 0.0, 0.0), friction=0.5)
    end = play(script(thing), 16, 16, 10).truth.pos[-1, 0]
    assert end[0] == pytest.approx(1.5**2 / (2 * 0.5 * G), rel=0.01)
    assert end[2] == pytest.approx(0.1, abs=1e-3)


def test_a_moving_scripted_thing_pushes_and_a_hollow_one_does_not() -> None:
    for solid in (True, False):
        pusher = box(
            "pusher",
            (0.1, 0.5, 0.2),
            (-1.0, 0.0, 0.2),
            motion="scripted",
            keys=(Key(0.0, (-1.0, 0.0, 0.2)), Key(1.0, (0.5, 0.0, 0.2))),
        )
        pusher = replace(pusher, geoms=tuple(replace(g, solid=solid) for g in pusher.geoms))
        thing = box("thing", (0.1, 0.1, 0.1), (0.0, 0.0, 0.1), motion="free")
        truth = play(script(pusher, thing), 16, 16, 10).truth
        assert (truth.pos[-1, 1, 0] > 0.3) == solid
        assert truth.velocity[5, 0, 0] == pytest.approx(1.5)


def test_the_course_of_the_world_does_not_depend_on_the_frame_rate() -> None:
    scene = script(ball(motion="free", velocity=(1.0, 0.3, 0.0), spin=(3.0, 0.0, 1.0)), *candle())
    slow, fast = play(scene, 16, 16, 12), play(scene, 24, 16, 48)
    assert np.array_equal(slow.truth.pos, fast.truth.pos[::4])
    assert np.array_equal(slow.truth.quat, fast.truth.quat[::4])


def test_picture_masks_depth_and_poses_agree() -> None:
    eye = (1.0, -4.0, 1.5)
    camera = Camera((CameraKey(0.0, eye, (0.0, 0.0, 0.8)),), fov=40.0)
    truth = play(script(ball(pos=(0.3, 0.2, 1.1)), camera=camera), 96, 128, 8, frames=1).truth
    in_camera = truth.extrinsics[0] @ [*truth.pos[0, 0], 1.0]
    u, v, w = truth.intrinsics @ in_camera[:3]
    ys, xs = np.nonzero(truth.mask("ball")[0])
    assert (xs.mean(), ys.mean()) == pytest.approx((u / w, v / w), abs=0.35)
    distance = np.linalg.norm(np.subtract(eye, truth.pos[0, 0]))
    radius = truth.intrinsics[0, 0] * math.tan(math.asin(0.25 / distance))
    assert len(xs) == pytest.approx(math.pi * radius**2, rel=0.04)
    assert truth.depth[0, ys, xs].min() == pytest.approx(in_camera[2] - 0.25, abs=0.01)
    # The floor: every pixel, carried back into the world, lies at z = 0.
    rows, columns = np.nonzero((truth.masks[0] == 0) & np.isfinite(truth.depth[0]) & (truth.depth[0] < 20))
    rays = np.linalg.inv(truth.intrinsics) @ [columns, rows, np.ones(len(rows))]
    there = np.vstack([rays * truth.depth[0, rows, columns], np.ones(len(rows))])
    assert np.abs((np.linalg.inv(truth.extrinsics[0]) @ there)[2]).max() < 0.02
    assert np.isinf(truth.depth[0, 0]).all()  # the sky


def test_visibility() -> None:
    keys = tuple(Key(t, (x, 1.0, 1.0), visible=t < 0.7) for t, x in ((0.0, -1.0), (0.25, 0.0), (0.5, 9.0), (0.75, 0.0)))
    runner = ball("runner", motion="scripted", keys=keys)
    screen = box("screen", (0.5, 0.05, 1.0), (0.0, 0.0, 1.0), role="prop")
    truth = play(script(runner, screen), 64, 64, 4).truth
    assert truth.state[:, 0].tolist() == [SEEN, HIDDEN, OUT, ABSENT]
    assert truth.state[:, 1].tolist() == [SEEN] * 4
    assert truth.mask("runner").any(axis=(1, 2)).tolist() == [True, False, False, False]


def test_scale_and_flicker() -> None:
    keys = (Key(0.0, (0.0, 0.0, 1.0)), Key(1.0, (0.0, 0.0, 1.0), scale=2.0))
    lamp = Light((0.0, -3.0, 4.0), (0.0, 0.0, 1.0), flicker=((0.0, 1.0), (1.0, 0.0)))
    take = play(script(ball(motion="scripted", keys=keys), lights=(lamp,)), 64, 64, 2, frames=3)
    area = take.truth.mask("ball").sum(axis=(1, 2))
    assert area[2] / area[0] == pytest.approx(4.0, rel=0.1)
    bright = [frame[mask].mean() for frame, mask in zip(take.clip.frames, take.truth.mask("ball"), strict=True)]
    assert bright[0] > bright[1] > bright[2] > 0


def test_floor_texture_is_to_scale() -> None:
    """Seen from straight above, a checker of 0.5 m a repeat changes colour every 0.25 m."""
    camera = Camera((CameraKey(0.0, (0.1, 0.1, 4.0), (0.1, 0.1, 0.0)),), fov=math.degrees(2 * math.atan(0.25)))
    floor = Material((1.0, 1.0, 1.0), "checker", (0.0, 0.0, 0.0), scale=0.5)
    frame = play(script(camera=camera, floor=floor, lights=()), 200, 200, 8, frames=1).clip.frames[0]  # 2 m x 2 m
    row = frame[20, :, 1].astype(int)
    edges = np.nonzero(np.diff(row > (row.max() + row.min()) / 2))[0]
    assert np.abs(np.diff(edges) - 25).max() <= 1


def test_same_bytes_in_another_process() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/simulator'); from test_stage import busy; "
        "from simulator.stage import play; print(play(busy(), 48, 64, 8, frames=4).clip.digest)"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == play(busy(), 48, 64, 8, frames=4).clip.digest


@pytest.mark.parametrize("value", ["osmesa-is-not-here", "disable"])
def test_nothing_to_draw_with_is_said_in_one_line(value: str) -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/simulator')\n"
        "from simulator.errors import UsageError\n"
        "try:\n    from test_stage import busy, play; play(busy(), 16, 16, 8, frames=1)\n"
        "except UsageError as error:\n    print(error)"
    )
    env = {**os.environ, "MUJOCO_GL": value}
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert other.stdout.startswith(f"cannot draw without a display (MUJOCO_GL={value}")
    assert len(other.stdout.splitlines()) == 1


def busy() -> Script:
    """A script with a bit of everything."""
    camera = Camera((*CAMERA.keys, CameraKey(1.0, (1.0, -5.0, 2.0), (0.0, 0.0, 1.0))))
    stone = Material((0.6, 0.5, 0.4), "stone")
    thing = replace(ball(motion="free", spin=(0.0, 4.0, 0.0)), material=Material((0.9, 0.1, 0.1), "spots", scale=0.2))
    return script(thing, *candle(), box("wood", (0.2, 0.2, 0.2), (-0.9, 0.0, 0.2)), camera=camera, floor=stone)


def test_limits_and_defaults() -> None:
    still = script(ball(), seconds=0.5)
    assert play(still, 16, 1024, 8).clip.frames.shape == (4, 16, 1024, 3)
    assert len(play(still, 16, 16, 1).clip) == 1
    for args, words in (
        ((0, 64, 8), "0x64"),
        ((64, 4096, 8), "64x4096"),
        ((64, 64, 0), "fps"),
        ((64, 64, math.nan), "fps"),
        ((64, 64, 1000), "fps"),
    ):
        with pytest.raises(UsageError, match=words):
            play(still, *args)
    for frames in (0, 10**6):
        with pytest.raises(UsageError, match="frames"):
            play(still, 64, 64, 8, frames=frames)


def test_an_empty_world_can_be_played() -> None:
    take: Take = play(script(), 32, 32, 4)
    assert take.truth.names == ()
    assert take.truth.pos.shape == (4, 0, 3)
