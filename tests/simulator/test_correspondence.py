"""Tracks and flow against projection by hand, against each other, and against depth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.correspondence import flow, lift, project, to_part, to_world
from simulator.scene import Camera, CameraKey, Key
from simulator.stage import play
from simulator.truth import Truth
from tests.simulator.small import ball, box, script
from tests.simulator.test_world import flag, walker

FPS = 8.0


def scenes() -> list[Truth]:
    """A rolling ball under a moving camera, a waving flag, a figure with a limb, a falling box that turns."""
    orbit = Camera(
        (CameraKey(0.0, (0.0, -5.0, 1.5), (0.0, 0.0, 0.8)), CameraKey(1.0, (1.5, -4.5, 1.2), (0.1, 0.0, 0.8)))
    )
    turn = (math.cos(0.7), 0.0, math.sin(0.7), 0.0)
    rolls = ball(motion="scripted", keys=(Key(0.0, (-0.8, 0.0, 0.25)), Key(1.0, (0.8, 0.0, 0.25), turn)))
    falls = box("box", (0.3, 0.2, 0.25), (0.0, 0.2, 1.2), motion="free", spin=(1.0, 2.0, 0.5))
    return [
        play(script(*bodies, camera=orbit), 96, 80, FPS).truth for bodies in ((rolls, falls), (flag(),), (walker(),))
    ]


@pytest.fixture(scope="module")
def truths() -> list[Truth]:
    return scenes()


def test_flow_agrees_with_the_tracks(truths: list[Truth]) -> None:
    for truth in truths:
        errors = []
        for t in range(len(truth.times) - 1):
            both = truth.tracks.seen[t] & truth.tracks.seen[t + 1]
            at = truth.tracks.xy[t, both].round().astype(int)
            same = truth.parts[t, at[:, 1], at[:, 0]] == truth.tracks.part[both]
            moved = (truth.tracks.xy[t + 1] - truth.tracks.xy[t])[both]
            errors.append(np.linalg.norm(flow(truth, t)[at[:, 1], at[:, 0]] - moved, axis=1)[same])
        assert np.quantile(np.concatenate(errors), 0.95) < 0.25


def test_tracks_start_on_their_part_and_keep_their_depth(truths: list[Truth]) -> None:
    for truth in truths:
        assert len(truth.tracks.part) > 60
        assert truth.tracks.seen.any(0).all()
        for t in range(len(truth.times)):
            x, y = truth.tracks.xy[t, truth.tracks.seen[t]].round().astype(int).T
            assert (truth.parts[t, y, x] == truth.tracks.part[truth.tracks.seen[t]]).all()


def test_a_point_of_a_body_goes_where_its_pose_takes_it(truths: list[Truth]) -> None:
    truth = truths[0]
    part = int(np.flatnonzero(truth.part_body == 0)[0])
    local = np.array([[0.1, -0.2, 0.1]])
    for t in range(len(truth.times)):
        there = to_world(truth, t, local, np.array([part]))
        assert np.linalg.norm(there[0] - truth.pos[t, 0]) == pytest.approx(np.linalg.norm(local), rel=1e-5)
        assert to_part(truth, t, there, np.array([part])) == pytest.approx(local, abs=1e-5)


def test_lift_undoes_project(truths: list[Truth]) -> None:
    x, y = np.array([3, 20, 35]), np.array([70, 60, 80])
    for truth in truths:
        pixels, z = project(truth.intrinsics, truth.extrinsics[2], lift(truth, 2, x, y))
        assert pixels == pytest.approx(np.stack([x, y], -1), abs=1e-6)
        assert z == pytest.approx(truth.depth[2, y, x], rel=1e-6)


def test_nothing_flows_where_nothing_moves() -> None:
    truth = play(script(ball()), 48, 48, FPS, frames=3).truth
    assert np.abs(flow(truth, 0)).max() < 1e-3
    with pytest.raises(IndexError, match="0 to 1"):
        flow(truth, 2)


def test_flow_carries_the_picture() -> None:
    """The next frame, looked up where the flow leads, resembles this one where nothing is hidden."""
    import cv2

    camera = Camera(
        (CameraKey(0.0, (0.0, -5.0, 1.0), (0.0, 0.0, 1.0)), CameraKey(1.0, (1.0, -4.0, 1.0), (0.4, 0.0, 1.0)))
    )
    take = play(script(flag(), camera=camera, lights=()), 96, 96, 6.0)  # without lamps nothing is shaded
    for t in (1, 3):
        moved = flow(take.truth, t)
        y, x = np.mgrid[:96, :96].astype(np.float32)
        back = cv2.remap(take.clip.frames[t + 1], x + moved[..., 0], y + moved[..., 1], cv2.INTER_LINEAR)
        here = take.truth.mask("flag")[t]
        still = np.abs(take.clip.frames[t + 1].astype(int) - take.clip.frames[t])[here].mean()
        assert np.abs(back.astype(int) - take.clip.frames[t])[here].mean() < 0.7 * still
