"""Oracle sight: what it reports follows from the truth it was given, by geometry worked out here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from probes.perception.observation import ABSENT, SEEN
from probes.perception.oracle import observe
from simulator.clip import Clip
from simulator.correspondence import track
from simulator.truth import NOBODY, Take, Tracks, Truth

SIZE, FRAMES, FOCAL, FAR, NEAR, SHIFT = 40, 5, 40.0, 4.0, 2.0, 0.1


def take(camera_moves: bool) -> Take:
    """A wall 4 m away and a square 2 m away that goes right by 0.1 m a frame and is gone in the last one."""
    parts = np.ones((FRAMES, SIZE, SIZE), np.uint16)  # the wall
    depth = np.full((FRAMES, SIZE, SIZE), FAR, np.float32)
    extrinsics = np.repeat(np.eye(4)[None], FRAMES, axis=0)
    pos = np.zeros((FRAMES, 1, 3))
    for t in range(FRAMES):
        pos[t, 0] = (SHIFT * t - 0.4, 0.0, NEAR)
        if camera_moves:
            extrinsics[t, 0, 3] = -SHIFT * t  # the camera goes right, too
        x = round((pos[t, 0, 0] + extrinsics[t, 0, 3]) / NEAR * FOCAL + SIZE / 2)
        if t < FRAMES - 1:
            parts[t, 16:24, x - 4 : x + 4] = 2
            depth[t, 16:24, x - 4 : x + 4] = NEAR
    state = np.full((FRAMES, 1), SEEN, np.uint8)
    state[-1] = ABSENT
    frames = np.where(parts[..., None] == 2, np.uint8([200, 30, 30]), np.uint8([90, 90, 90]))
    part_pose = np.tile(np.eye(3, 4, dtype=np.float32), (FRAMES, 2, 1, 1))
    part_pose[:, 1, :, 3] = pos[:, 0]
    truth = Truth(
        names=("square",),
        times=np.arange(FRAMES) / 8,
        clock=np.arange(FRAMES) / 8,
        parts=parts,
        part_body=np.array([NOBODY, 0]),
        part_pose=part_pose,
        part_scale=np.ones((FRAMES, 2), np.float32),
        surfaces=(),
        depth=depth,
        pos=pos,
        quat=np.tile([1.0, 0, 0, 0], (FRAMES, 1, 1)),
        velocity=np.zeros((FRAMES, 1, 3)),
        spin=np.zeros((FRAMES, 1, 3)),
        state=state,
        hidden_by=np.full((FRAMES, 1), NOBODY),
        intrinsics=np.array([[FOCAL, 0, SIZE / 2], [0, FOCAL, SIZE / 2], [0, 0, 1]]),
        extrinsics=extrinsics,
        tracks=Tracks(np.empty((FRAMES, 0, 2)), np.empty((FRAMES, 0), bool), np.empty(0, int)),
        events=(),
    )
    return Take(Clip(frames, 8.0), replace(truth, tracks=track(truth)))


def test_boxes_states_and_names_are_those_of_the_truth() -> None:
    sight = observe(take(camera_moves=False))
    (track,) = sight.things.tracks
    assert (sight.kind, track.name) == ("oracle", "square")
    np.testing.assert_array_equal(track.state, [SEEN] * 4 + [ABSENT])
    step = SHIFT / NEAR * FOCAL / SIZE
    np.testing.assert_allclose(np.diff(track.centre[:4, 0]), step, atol=1e-9)
    np.testing.assert_allclose(track.area[:4], 64 / SIZE**2)
    assert np.isnan(track.centre[4]).all()


def test_a_still_camera_is_still_and_a_moving_one_has_the_speed_of_the_wall() -> None:
    assert not observe(take(camera_moves=False)).camera.moving
    camera = observe(take(camera_moves=True)).camera
    assert camera.moving
    step = SHIFT / FAR * FOCAL / SIZE  # heights a frame that the wall goes left
    np.testing.assert_allclose(camera.speed, step * 8.0, rtol=1e-6)
    np.testing.assert_allclose(camera.to_first[3][:2, 2], [3 * step, 0.0], atol=1e-6)
    assert not camera.parallax


def test_points_ride_on_their_body_and_end_with_it() -> None:
    points = observe(take(camera_moves=False)).points
    moved = points.xy[:, 3, 0] - points.xy[:, 0, 0]
    rides = points.seen[:, 0] & points.seen[:, 3]
    step = SHIFT / NEAR * FOCAL / SIZE
    assert np.isclose(moved[rides], 0.0, atol=1e-6).any()
    on_body = rides & (np.abs(moved) > 1e-6)
    assert on_body.any()
    np.testing.assert_allclose(moved[on_body], 3 * step, atol=1e-6)
    assert not points.seen[on_body, 4].any()
