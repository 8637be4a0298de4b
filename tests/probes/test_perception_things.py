"""Things seen by classical sight: what was drawn is what is seen."""

from __future__ import annotations

import numpy as np
import pytest

from probes.perception import working
from probes.perception.classical import observe
from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, ThingTrack
from simulator.clip import Clip
from tests.probes.discs import Place, discs

SCREEN = (0.38, 0.2, 0.68, 0.95)


def passing(t: int) -> list[Place]:
    return [(0.06 + 0.0625 * t, 0.53)]


def only(clip: Clip) -> ThingTrack:
    """The one thing of a clip that has one."""
    things = observe(clip).things
    assert things.reason is None
    assert len(things.tracks) == 1
    return things.tracks[0]


def test_a_disc_behind_a_screen_is_hidden_and_comes_back_as_itself() -> None:
    track = only(discs(passing, screen=SCREEN))
    behind = [t for t in range(16) if SCREEN[0] + 0.1 < 0.06 + 0.0625 * t < SCREEN[2] - 0.1]
    assert behind
    assert all(track.state[t] == HIDDEN for t in behind)
    assert set(track.state) == {SEEN, HIDDEN}
    assert track.state[0] == track.state[-1] == SEEN
    assert np.isnan(track.centre[track.state != SEEN]).all()


def test_a_disc_that_leaves_is_out_until_it_is_back() -> None:
    track = only(discs(lambda t: [(0.5 + 0.11 * min(t, 14 - t), 0.5)], frames=15))
    out = np.array([0.5 + 0.11 * min(t, 14 - t) > 1.11 for t in range(15)])
    assert (track.state[out] == OUT).all()
    assert (track.state[[0, 1, 2, 12, 13, 14]] == SEEN).all()
    assert set(track.state) == {SEEN, OUT}


@pytest.mark.parametrize("rests", [False, True])
def test_a_disc_that_vanishes_is_nowhere_from_then_on(rests: bool) -> None:
    track = only(discs(lambda t: [(0.3 if rests else 0.2 + 0.03 * t, 0.5) if t < 9 else None]))
    assert (track.state[:9] == SEEN).all()
    assert (track.state[9:] == ABSENT).all()


def test_a_disc_that_appears_was_nowhere_before() -> None:
    track = only(discs(lambda t: [(0.3 + 0.02 * t, 0.5) if t >= 6 else None]))
    assert (track.state[:6] == ABSENT).all()
    assert (track.state[6:] == SEEN).all()


def test_a_second_disc_from_behind_the_screen_is_another_track() -> None:
    def two(t: int) -> list[Place]:
        x, y = passing(t)[0] or (0.0, 0.0)
        return [(x, y), (x, 0.8) if t > 7 else None]

    tracks = observe(discs(two, screen=SCREEN)).things.tracks
    assert len(tracks) == 2
    assert sum((k.state == HIDDEN).any() and k.state[0] == SEEN for k in tracks) == 1
    assert sum((k.state[:8] != SEEN).all() for k in tracks) == 1


def test_a_colour_that_changes_behind_the_screen_is_seen_on_the_same_track() -> None:
    track = only(discs(passing, screen=SCREEN, colour=lambda t: (200, 40, 40) if t < 8 else (40, 60, 220)))
    assert track.state[0] == track.state[-1] == SEEN
    assert np.linalg.norm(track.colour[1] - track.colour[-1]) > 50


@pytest.mark.parametrize("start", [0, 8])
def test_a_disc_that_rests_before_or_after_it_moves_is_one_track(start: int) -> None:
    track = only(discs(lambda t: [(0.3 + 0.06 * np.clip(t - start, 0, 6), 0.6)]))
    assert (track.state == SEEN).all()


def test_crossing_discs_stay_themselves() -> None:
    tracks = observe(discs(lambda t: [(0.1 + 0.05 * t, 0.45), (0.9 - 0.05 * t, 0.58)])).things.tracks
    assert len(tracks) == 2
    for track in tracks:
        seen = np.nonzero(track.state == SEEN)[0]
        x = track.centre[seen, 0]
        assert (np.diff(x) > -0.05).all() or (np.diff(x) < 0.05).all()
        assert abs(x[-1] - x[0]) > 0.6


def test_mirrored_clip_mirrored_tracks() -> None:
    clip = discs(passing, screen=(0.5, 0.2, 0.7, 0.9))
    a, b = only(clip), only(Clip(clip.frames[:, :, ::-1], clip.fps))
    np.testing.assert_array_equal(a.state, b.state)
    np.testing.assert_allclose(a.centre[:, 0], 1 - b.centre[:, 0], atol=0.01)
    np.testing.assert_allclose(a.centre[:, 1], b.centre[:, 1], atol=0.01)
    np.testing.assert_allclose(a.box[:, 0], 1 - b.box[:, 2], atol=0.02)


def test_half_the_size_same_places() -> None:
    whole, half = (only(discs(passing, size=size)) for size in (128, 64))
    both = (whole.state == SEEN) & (half.state == SEEN)
    assert both.mean() > 0.9
    np.testing.assert_allclose(whole.centre[both], half.centre[both], atol=0.015)
    np.testing.assert_allclose(whole.area[both], half.area[both], rtol=0.2)


def test_position_and_area_are_those_drawn() -> None:
    track = only(discs(lambda t: [(0.2 + 0.04 * t, 0.5)]))
    wanted = np.array([(0.2 + 0.04 * t, 0.5) for t in range(16)])
    np.testing.assert_allclose(track.centre, wanted, atol=0.02)
    np.testing.assert_allclose(track.area, np.pi * 0.1**2, rtol=0.2)


def test_nothing_happens_no_things_and_still() -> None:
    sight = observe(discs(lambda t: [(0.3, 0.5)]))
    assert sight.things.tracks == ()
    assert sight.things.reason is None
    assert sight.stillness == pytest.approx(1.0)
    assert not sight.camera.moving


def test_a_lamp_that_is_switched_is_no_thing() -> None:
    sight = observe(discs(lambda t: [(0.3, 0.5)], light=lambda t: 1.0 if t < 8 else 0.6))
    assert sight.things.tracks == ()


def test_reversed_time_reversed_states() -> None:
    clip = discs(passing, screen=SCREEN)
    a, b = only(clip), only(Clip(clip.frames[::-1], clip.fps))
    np.testing.assert_array_equal(a.state, b.state[::-1])


def test_masks_are_numbered_like_tracks() -> None:
    things = observe(discs(passing, screen=SCREEN)).things
    assert things.masks is not None
    for i, track in enumerate(things.tracks):
        np.testing.assert_array_equal((things.masks == i + 1).any((1, 2)), track.state == SEEN)


@pytest.mark.parametrize("flickers", [False, True])
def test_a_warm_light_is_a_flame_when_it_flickers(flickers: bool) -> None:
    rng = np.random.default_rng(5)
    frames = np.repeat(np.full((1, 64, 64, 3), 60, np.uint8), 16, axis=0)
    y, x = np.mgrid[0:64, 0:64]
    for t in range(12):
        tall = 10 + (rng.uniform(-2.5, 2.5) if flickers else 0)
        frames[t][((x - 32) / 4) ** 2 + ((y - 40 + tall) / tall) ** 2 < 1] = (255, 190, 40)
    tracks = observe(Clip(frames, 8.0)).things.tracks
    assert any(k.flame for k in tracks) == flickers
    flame = tracks[0]
    assert (flame.state[:12] == SEEN).all()
    assert (flame.state[12:] == ABSENT).all()


@pytest.mark.parametrize("shape", [(1, 64, 64), (2, 64, 64), (3, 5, 7), (2, 16, 16), (20, 33, 21), (4, 16, 200)])
@pytest.mark.parametrize("kind", ["black", "noise"])
def test_odd_clips_are_seen_without_a_fault(shape: tuple[int, int, int], kind: str) -> None:
    rng = np.random.default_rng(1)
    frames = np.zeros((*shape, 3), np.uint8) if kind == "black" else rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    sight = observe(Clip(frames, 8.0))
    count = shape[0]
    assert sight.flow.shape[0] == count - 1
    assert sight.camera.to_first.shape == (count, 3, 3)
    assert sight.camera.speed.shape == (count - 1,)
    assert sight.points.xy.shape[1:] == (count, 2)
    assert 0.0 <= sight.stillness <= 1.0
    assert all(k.state.shape == (count,) for k in sight.things.tracks)
    assert isinstance(sight.pops, tuple)
    assert isinstance(sight.cuts, tuple)


@pytest.mark.parametrize(("frames", "height", "width"), [(49, 480, 720), (4000, 1080, 1920), (4000, 64, 64)])
def test_working_copies_are_bounded(frames: int, height: int, width: int) -> None:
    h, w = working.size(frames, height, width)
    assert frames * h * w <= 1.1 * working.PIXELS
    assert h <= height
    assert w <= width
    assert w / h == pytest.approx(width / height, rel=0.05)
