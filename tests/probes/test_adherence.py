import itertools

import numpy as np
import pytest

from probes import adherence
from probes.cast import cast, colour_distance, lab_of
from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Things, ThingTrack
from probes.reading import Scored, Unscored
from simulator.script import Expected
from tests.probes import fakes

SLIDE = np.linspace(0.15, 0.85, 16)
MIDDLE = np.full(16, 0.5)


def states(*spans: tuple[int, int]) -> np.ndarray:
    return np.concatenate([np.full(count, state, np.uint8) for state, count in spans])


def value(track: ThingTrack, *expected: Expected, noun: str = "ball") -> float:
    reading = adherence.score(fakes.observe(track), fakes.script(*expected, noun=noun), None)
    assert isinstance(reading, Scored), reading
    return reading.value


HIDES = fakes.track(SLIDE, MIDDLE, state=states((SEEN, 6), (HIDDEN, 4), (SEEN, 6)))
LEAVES = fakes.track(SLIDE, MIDDLE, state=states((SEEN, 6), (OUT, 4), (SEEN, 6)))
STAYS = fakes.track(MIDDLE, MIDDLE)
FLAME = fakes.track(MIDDLE, MIDDLE, state=states((SEEN, 9), (ABSENT, 7)), flame=True)
BALL = fakes.track(MIDDLE, fakes.bounce())


@pytest.mark.parametrize(
    ("kind", "window", "does", "does_not", "noun"),
    [
        ("present", (0.0, 2.0), STAYS, fakes.track(MIDDLE, MIDDLE, state=states((SEEN, 6), (ABSENT, 10))), "ball"),
        ("hidden_by", (0.6, 0.9), HIDES, STAYS, "ball"),
        ("revealed", (1.1, 1.4), HIDES, STAYS, "ball"),
        ("leaves_frame", (0.6, 0.9), LEAVES, STAYS, "ball"),
        ("returns", (1.1, 1.4), LEAVES, STAYS, "ball"),
        ("falls", (0.0, 0.7), BALL, STAYS, "ball"),
        ("bounces", (0.3, 0.9), BALL, STAYS, "ball"),
        ("moves_right", (0.0, 2.0), fakes.track(SLIDE, MIDDLE), fakes.track(SLIDE[::-1], MIDDLE), "ball"),
        ("moves_left", (0.0, 2.0), fakes.track(SLIDE[::-1], MIDDLE), fakes.track(SLIDE, MIDDLE), "ball"),
        ("goes_out", (0.8, 1.3), FLAME, fakes.track(MIDDLE, MIDDLE, flame=True), "flame"),
        ("stays_lit", (0.0, 2.0), fakes.track(MIDDLE, MIDDLE, flame=True), FLAME, "flame"),
    ],
)
def test_an_event_that_takes_place_and_one_that_does_not(kind, window, does, does_not, noun):
    expected = Expected(kind, noun, *window, "screen")
    assert value(does, expected, noun=noun) > 0.5 > value(does_not, expected, noun=noun)


def test_the_evidence_says_what_did_not_happen_and_by_when():
    script = fakes.script(Expected("goes_out", "flame", 0.8, 1.25), noun="flame")
    reading = adherence.score(fakes.observe(fakes.track(MIDDLE, MIDDLE, flame=True)), script, None)
    assert isinstance(reading, Scored)
    assert reading.spans[0].text == "flame never goes out; expected by 1.25 s"
    assert (reading.spans[0].start, reading.spans[0].end) == (0.8, 1.25)


def test_the_later_an_event_the_lower_the_value():
    values = [value(HIDES, Expected("hidden_by", "ball", end - 0.4, end, "screen")) for end in (0.8, 0.5, 0.4, 0.3)]
    assert all(b <= a for a, b in itertools.pairwise(values))
    assert values[-1] < values[0]


def test_nothing_that_could_play_the_part_fails():
    blue = fakes.track(SLIDE, MIDDLE, colour=fakes.BLUE)
    assert value(blue, Expected("moves_right", "ball", 0.0, 2.0)) < 0.5


def test_a_camera_that_has_to_move():
    script = fakes.script(Expected("camera_orbits", "ball", 0.0, 2.0), moving=True)
    things = Things((), None, "the camera moves around the scene")
    scores = [adherence.score(fakes.FakeObservation(things, camera=fakes.camera(moving=m)), script, None).value
              for m in (False, True)]  # fmt: skip
    assert scores[0] < 0.5 < scores[1]


def test_shade_does_not_change_who_plays_the_part():
    red = lab_of((0.84, 0.08, 0.08))
    assert colour_distance(lab_of((0.42, 0.04, 0.04)), red) < 20
    assert colour_distance(lab_of((0.08, 0.2, 0.85)), red) > 45


def test_parts_are_cast_by_name_where_there_are_names():
    script = fakes.script()
    named = fakes.track(SLIDE, MIDDLE, colour=fakes.BLUE, name="ball")
    assert cast(fakes.observe(named), script)["ball"].tracks == (named,)


def test_without_a_script_a_prompt_needs_a_model(monkeypatch):
    monkeypatch.delenv("WORLDASSAY_CLIP_MODEL", raising=False)
    reading = adherence.score(fakes.observe(STAYS), None, "a red ball")
    assert isinstance(reading, Unscored)
    assert reading.reason.startswith("no script, and no text-video model: ")
    assert adherence.score(fakes.observe(STAYS), None, None) == Unscored("no script and no prompt")
