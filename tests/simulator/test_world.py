"""What the world can hold beside plain bodies: axles, limbs, sheets, mirrors, and cameras that roll and cut."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from simulator import camera as pinhole
from simulator.scene import Body, Camera, CameraKey, Geom, Hinge, Key, Light, Material, Wave
from simulator.script import Script
from simulator.stage import play
from simulator.surface import height, mesh, normals, slope
from simulator.truth import HIDDEN, NOBODY, SEEN
from tests.simulator.small import CAMERA, ball, box, script

G = 9.81
RED = Material((0.9, 0.1, 0.1))


def bar(angle: float, half: float = 0.5) -> Body:
    """A thin bar of length 2 * half that hangs from its upper end, 2 m high."""
    geom = Geom("box", (0.02, 0.02, half))
    hinge = Hinge((0.0, 0.0, 2.0), (0.0, 1.0, 0.0), angle)
    return Body("bar", "bar", "red", (geom,), RED, (0.0, 0.0, 2.0 - half), motion="hinged", hinge=hinge)


def test_a_hanging_bar_has_the_period_of_a_compound_pendulum() -> None:
    truth = play(script(bar(0.05), seconds=4.0), 16, 16, 120).truth
    x = truth.pos[:, 0, 0]
    crossing = np.flatnonzero((x[:-1] < 0) != (x[1:] < 0))
    times = truth.times[crossing] + x[crossing] / (x[crossing] - x[crossing + 1]) / 120
    inertia = 1.0 / 3 + (0.04**2 + 0.0) / 12 / 4  # m^2 a kg, about its end
    assert 2 * np.diff(times).mean() == pytest.approx(2 * math.pi * math.sqrt(inertia / (G * 0.5)), rel=0.005)


def test_a_hinged_body_moves_as_its_velocity_and_spin_say() -> None:
    truth = play(script(bar(1.0)), 16, 16, 240).truth
    by_position = np.gradient(truth.pos[:, 0], truth.times, axis=0)
    assert np.abs(truth.velocity[2:-2, 0] - by_position[2:-2]).max() < 0.02
    arm = truth.pos[:, 0] - (0.0, 0.0, 2.0)
    assert np.allclose(np.cross(truth.spin[:, 0], arm), truth.velocity[:, 0], atol=1e-9)


def test_limits_stop_a_hinge() -> None:
    door = replace(bar(1.2), hinge=Hinge((0.0, 0.0, 2.0), (0.0, 1.0, 0.0), 1.2, limits=(0.3, 1.3)))
    truth = play(script(door, seconds=2.0), 16, 16, 60).truth
    angle = np.arctan2(-truth.pos[:, 0, 0], 2.0 - truth.pos[:, 0, 2])
    assert 0.25 < angle.min() < 0.35


def walker(t1: float = 1.0) -> Body:
    """A box whose second box swings from one side to the other, and grows."""
    limb = Geom(
        "box",
        (0.1, 0.1, 0.1),
        keys=(Key(0.0, (-0.5, 0.0, 0.0)), Key(t1, (0.5, 0.0, 0.0), scale=2.0)),
    )
    return Body("walker", "figure", "red", (Geom("box", (0.2, 0.1, 0.3)), limb), RED, (0.0, 0.0, 1.0))


def test_limbs_move_in_their_body_and_belong_to_it() -> None:
    truth = play(script(walker()), 64, 64, 10).truth
    assert set(np.unique(truth.masks)) == {0, 1}
    part = int(np.flatnonzero(truth.part_body == 0)[1])
    assert truth.part_pose[:, part, 0, 3] == pytest.approx(-0.5 + truth.times)
    assert truth.part_scale[:, part] == pytest.approx(1.0 + truth.times)
    area = (truth.parts == part + 1).sum((1, 2))
    assert area[-1] > 2 * area[0] > 0


def flag(**more: object) -> Body:
    """A sheet that stands in the picture and waves towards the camera."""
    waves = (Wave(0.08, 5.0, 0.0, 6.0), Wave(0.03, 9.0, 4.0, 11.0, 0.5))
    geom = Geom("sheet", (0.7, 0.45, 0.0), waves=waves, **more)  # type: ignore[arg-type]
    upright = (math.sqrt(0.5), math.sqrt(0.5), 0.0, 0.0)
    return Body(
        "flag", "flag", "red", (geom,), Material((0.9, 0.1, 0.1), "checker", scale=0.3), (0.0, 0.0, 1.0), upright
    )


def test_a_pinned_sheet_is_still_at_its_edge_and_the_picture_follows_its_height() -> None:
    geom = flag(pinned=True).geoms[0]
    assert np.abs(height(geom, -0.7, np.linspace(-0.4, 0.4, 5), 0.3)).max() == 0.0
    truth = play(script(flag(pinned=True)), 96, 96, 8).truth
    assert truth.surfaces[0][1] == geom
    for t in range(len(truth.times)):
        y, x = np.nonzero(truth.masks[t] == 1)
        z = truth.depth[t, y, x]
        k = truth.intrinsics
        along, up = (x - k[0, 2]) / k[0, 0] * z, (k[1, 2] - y) / k[1, 1] * z
        assert np.abs(5.0 - z - height(geom, along, up, truth.times[t])).max() < 0.03


def test_slope_and_normals_agree_with_the_height() -> None:
    geom = flag().geoms[0]
    points, faces, _ = mesh(geom, 0.4)
    up = normals(points, faces)[: len(points) // 2]
    for i in (100, 200, 300):
        dx, dy = slope(geom, *points[i, :2], 0.4)
        expected = np.array([-dx, -dy, 1.0]) / math.sqrt(1 + dx * dx + dy * dy)
        assert up[i] @ expected > 0.99


def test_a_cone_lies_on_its_side_only_if_it_falls() -> None:
    cone = Body("cone", "cone", "red", (Geom("cone", (0.2, 0.3, 0.0)),), RED, (0.0, 0.0, 0.3), motion="free")
    truth = play(script(cone), 64, 64, 10).truth
    assert truth.pos[-1, 0] == pytest.approx((0.0, 0.0, 0.3), abs=0.02)
    ys, _ = np.nonzero(truth.masks[-1])
    widths = [(truth.masks[-1, y] == 1).sum() for y in sorted(set(ys.tolist()))]
    assert widths[-2] > 2 * widths[1]  # its tip is up


def test_who_hides_whom() -> None:
    keys = (Key(0.0, (-2.0, 1.0, 1.0)), Key(1.0, (0.0, 1.0, 1.0)))
    truth = play(
        script(ball("runner", motion="scripted", keys=keys), box("screen", (0.5, 0.05, 1.0), (0, 0, 1))),
        64,
        64,
        4,
        frames=5,
    ).truth
    assert truth.state[0, 0] == SEEN
    assert truth.state[-1, 0] == HIDDEN
    assert truth.hidden_by[:, 0].tolist() == [NOBODY] * 4 + [1]
    assert [(e.kind, e.subject, e.object) for e in truth.events] == [("hidden", "runner", "screen")]


def test_a_scripted_body_has_the_velocity_and_spin_of_its_keys() -> None:
    turn = (math.cos(0.6), 0.0, 0.0, math.sin(0.6))
    keys = (Key(0.0, (0.0, 0.0, 1.0)), Key(1.0, (0.5, 0.0, 1.3), turn))
    truth = play(script(ball(motion="scripted", keys=keys)), 16, 16, 8).truth
    assert truth.velocity[:, 0] == pytest.approx(np.tile([0.5, 0.0, 0.3], (8, 1)), abs=1e-6)
    assert truth.spin[:, 0] == pytest.approx(np.tile([0.0, 0.0, 1.2], (8, 1)), abs=1e-6)


def test_cuts_jump_and_rolls_turn() -> None:
    keys = (
        CameraKey(0.0, (0.0, -5.0, 1.0), (0.0, 0.0, 1.0)),
        CameraKey(0.5, (3.0, -4.0, 2.0), (0.0, 0.0, 1.0), roll=30.0, cut=True),
    )
    camera = Camera(keys)
    assert pinhole.cuts(camera) == (0.5,)
    before, at = pinhole.frame(camera, 0.49)[0], pinhole.frame(camera, 0.5)
    assert before == pytest.approx((0.0, -5.0, 1.0))
    assert at[0] == pytest.approx((3.0, -4.0, 2.0))
    right, down, forward = at[1].T
    assert right @ np.cross(down, forward) == pytest.approx(1.0)
    assert math.degrees(math.asin(-right[2])) == pytest.approx(30.0 - 0.0, abs=3.0)
    events = play(script(ball(), camera=camera), 32, 32, 8).truth.events
    assert ("cut", 0.5) in [(e.kind, e.t) for e in events]


def test_a_narrow_picture_shows_what_a_square_one_does() -> None:
    square, tall = (play(script(ball()), h, 48, 8, frames=1).truth for h in (48, 96))
    assert np.array_equal(square.masks[0], tall.masks[0, 24:72])


def test_a_mirror_shows_what_is_before_it_and_has_a_depth_of_its_own() -> None:
    glass = Material((0.5, 0.5, 0.5), mirror=0.9)
    facing = (math.sqrt(0.5), math.sqrt(0.5), 0.0, 0.0)  # z looks to -y, at the camera
    mirror = Body(
        "mirror", "mirror", "grey", (Geom("box", (1.0, 1.0, 0.02)),), glass, (0.0, 1.0, 1.0), facing, role="prop"
    )
    lamps = (Light((0.0, -4.0, 4.0), (0.0, 1.0, 1.0), shadow=False),)
    aside = Camera((CameraKey(0.0, (1.5, -4.0, 1.0), (0.0, 1.0, 1.0)),))
    scene = script(ball(pos=(-0.5, -1.0, 1.0)), mirror, camera=aside, lights=lamps)
    take = play(scene, 128, 128, 8, frames=1)
    red = (take.clip.frames[0, ..., 0] > 90) & (take.clip.frames[0, ..., 1] < 70)
    glassy = take.truth.mask("mirror")[0]
    assert (red & glassy).sum() > 20  # the image
    assert (red & take.truth.mask("ball")[0]).sum() > 20
    image = np.argwhere(red & glassy).mean(0)[::-1]
    there = take.truth.extrinsics[0, :3] @ (-0.5, 2 * 0.98 + 1.0, 1.0, 1.0)  # the ball behind the mirror's plane
    expected = take.truth.intrinsics @ there
    assert image == pytest.approx(expected[:2] / expected[2], abs=3.0)


def test_long_and_wide_takes_keep_to_their_count() -> None:
    still: Script = script(ball(), seconds=60.0, camera=CAMERA)
    assert len(play(still, 16, 40, 1).clip) == 60
