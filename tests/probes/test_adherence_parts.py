"""The pure functions that adherence is made of."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.adherence import course, filming
from probes.adherence.likeness import miscoloured, roughness
from probes.adherence.outline import axis_of, changed, turn
from probes.adherence.rivals import COLOURS, rivals
from probes.cast import lab_of
from probes.perception.observation import CameraMotion, Things
from simulator.clip import Clip
from simulator.scene import CameraKey
from simulator.workshop.words import COLOURS as PAINT
from tests.probes import fakes

PLAIN = [name for name in PAINT if name != "white"]


class Shown(fakes.FakeObservation):
    """An observation of given frames."""

    def __init__(self, frames: np.ndarray, **fields: object) -> None:
        super().__init__(Things(()), frames=len(frames), **fields)  # type: ignore[arg-type]
        self._shown = Clip(frames, fakes.FPS)

    @property
    def clip(self) -> Clip:
        return self._shown


def slide(count: int = 16) -> np.ndarray:
    """(T, 64, 64, 3) uint8: a white square on its way over black."""
    frames = np.zeros((count, 64, 64, 3), np.uint8)
    for t in range(count):
        frames[t, 24:40, 2 * t : 2 * t + 16] = 255
    return frames


def test_neighbours_are_more_alike_until_the_frames_are_shuffled():
    frames = slide()
    assert course.disorder(Shown(frames)) == course.disorder(Shown(frames[::-1].copy())) == 0.0
    assert course.disorder(Shown(frames[np.random.default_rng(0).permutation(16)])) > 0.5
    assert course.disorder(Shown(np.random.default_rng(0).integers(0, 256, frames.shape, np.uint8))) > 0.9


def test_a_still_is_a_still_whatever_the_grain():
    still = np.repeat(slide()[:1], 16, 0)
    grain = np.random.default_rng(0).normal(0, 2, still.shape)
    assert course.standstill(Shown(still)) == 1.0
    assert course.standstill(Shown(np.clip(still + grain, 0, 255).astype(np.uint8))) == 1.0
    assert course.standstill(Shown(slide())) == 0.0


def test_a_scene_that_dissolves_into_fog_loses_its_detail():
    scene = np.random.default_rng(0).uniform(40, 200, (64, 64, 1)).repeat(3, 2)
    blurred = cv2.GaussianBlur(scene, (0, 0), 2.0)
    share = np.linspace(0, 1, 16)[:, None, None, None]
    fogged = Shown(np.rint(scene + share * (blurred - scene)).astype(np.uint8))
    assert course.fading(fogged) == course.fading(Shown(fogged.clip.frames[::-1])) == 1.0
    whole = np.repeat(np.rint(scene)[None], 16, 0)
    assert course.fading(Shown(whole.astype(np.uint8))) == 0.0
    assert course.fading(Shown(np.rint(whole * (0.5 + 0.5 * share)).astype(np.uint8))) < 0.1  # it only grows lighter
    whole[:, 10:50, 10:40] = 120.0
    whole[8:, 10:50, 10:40] = scene[10:50, 10:40]  # a plain thing is gone from before it
    assert course.fading(Shown(np.rint(whole).astype(np.uint8))) == 0.0


@pytest.mark.parametrize("name", PAINT)
@pytest.mark.parametrize("light", [0.25, 0.6, 1.0])
def test_a_colour_is_itself_in_any_light_and_no_far_one(name, light):
    told = lab_of(PAINT[name])
    assert miscoloured(lab_of(tuple(light * c for c in PAINT[name])), told) < 0.5
    for other in PLAIN:
        apart = np.degrees(np.arccos(np.clip(_unit(lab_of(PAINT[other])) @ _unit(told), -1, 1)))
        if name == "white" or apart > 70:
            assert miscoloured(lab_of(PAINT[other]), told) > 0.5, other


def _unit(lab: np.ndarray) -> np.ndarray:
    return lab[1:] / max(float(np.linalg.norm(lab[1:])), 1e-9)


def test_the_roughness_of_an_ellipse_is_nothing_and_that_of_a_rectangle_its_closed_form():
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], -1)
    assert roughness(circle * (30, 10) + 50) == pytest.approx(0, abs=1e-3)
    assert roughness((circle * (30, 20) + 50)[:260]) == pytest.approx(0, abs=1e-3)
    along = np.linspace(-1, 1, 400)
    flat = np.c_[along, np.ones(400)]
    square = np.r_[flat, -flat, flat[:, ::-1], -flat[:, ::-1]]
    far = np.hypot(1.0, along)
    for scale in ((20, 20), (40, 10)):
        assert roughness(square * scale) == pytest.approx(far.std() / far.mean(), rel=0.15)


@given(st.floats(-180, 180), st.floats(-180, 180))
def test_a_turn_between_axes_is_symmetric_and_at_most_a_right_angle(a, b):
    assert turn(a, b) == pytest.approx(turn(b, a), abs=1e-6)
    assert 0 <= turn(a, b) <= 90
    assert turn(a, a + 180) == pytest.approx(0, abs=1e-6)


def test_a_bar_that_falls_turns_its_long_axis_and_a_scaled_outline_is_the_same():
    upright, lying = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    upright[10:50, 30:36], lying[40:46, 10:50] = True, True
    assert turn(axis_of(upright)[0], axis_of(lying)[0]) == pytest.approx(90, abs=1)
    assert axis_of(upright)[2] == 40
    assert changed([upright, upright[::2, ::2]]) == 0.0
    disc = np.hypot(*np.mgrid[-32:32, -32:32]) < 20
    assert changed([upright, disc]) > 0.15


def camera(script, *, sign: float = 1.0, count: int = 16) -> CameraMotion:
    """What an ideal eye would make of the script's camera as it turns on the spot, or of its mirror image."""
    paths = filming.floor_paths(script, 64, 64, np.arange(count) / fakes.FPS)
    shift = sign * np.nanmean(paths[:, :, 0] - paths[0, :, 0], axis=1)
    to_first = np.repeat(np.eye(3)[None], count, 0)
    to_first[:, 0, 2] = -shift
    return CameraMotion(to_first, np.abs(np.diff(shift)) * fakes.FPS, True, False)


def test_a_camera_that_goes_the_other_way_is_astray():
    script = fakes.script(moving=True)
    seen, mirrored = (filming.astray(Shown(slide(), camera=camera(script, sign=s)), script) for s in (1.0, -1.0))
    assert seen == 0.0
    assert mirrored == 1.0
    assert filming.astray(Shown(slide()), fakes.script()) is None  # a still camera is asked for nothing


def test_a_floor_point_seen_by_a_camera_that_comes_closer_moves_outwards():
    script = fakes.script(moving=True)
    keys = (CameraKey(0.0, (0.0, -4.0, 1.0), (0.0, 0.0, 0.5)), CameraKey(2.0, (0.0, -3.0, 1.0), (0.0, 0.0, 0.5)))
    object.__setattr__(script.scene, "camera", type(script.scene.camera)(keys))
    paths = filming.floor_paths(script, 64, 64, np.array([0.0, 1.0])) - 0.5
    assert (np.abs(paths[1, :, 0]) >= np.abs(paths[0, :, 0]) - 1e-9).all()


def test_the_rivals_of_a_prompt_say_another_colour_direction_and_number():
    assert rivals("Two red balls roll to the left.") == (
        f"Two {COLOURS['red']} balls roll to the left.",
        "Two red balls roll to the right.",
        "Four red balls roll to the left.",
    )
    assert rivals("A dog barks.") == ()


@given(st.text(max_size=60))
def test_rivals_differ_from_the_prompt(prompt):
    assert prompt not in rivals(prompt)


def test_directions_exchanged_twice_are_the_same():
    prompt = "A ball goes up and left, above the box."
    (once,) = rivals(prompt)
    assert rivals(once) == (prompt,)
