import itertools
from functools import cache

import numpy as np
import pytest

from probes import adherence
from probes.adherence.case import Outcome
from probes.adherence.events import LOOKS
from probes.cast import cast, colour_distance, lab_of
from probes.evidence import Found
from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Observation, Things, ThingTrack
from probes.perception.oracle import OracleObservation
from probes.reading import Unscored
from simulator.promises import kept
from simulator.scenarios import make_script
from simulator.script import EXPECTED_KINDS, Expected, Script
from simulator.stage import play
from simulator.truth import Take
from simulator.violations import draw
from tests.probes import fakes

SLIDE = np.linspace(0.15, 0.85, 16)
MIDDLE = np.full(16, 0.5)


def states(*spans: tuple[int, int]) -> np.ndarray:
    return np.concatenate([np.full(count, state, np.uint8) for state, count in spans])


def amiss(observation: Observation, script: Script) -> float:
    """The worst of what became of the expected events."""
    verdicts = adherence.verdicts(observation, script, cast(observation, script))
    assert all(isinstance(v, Outcome) for v in verdicts), verdicts
    return max(v.amiss for v in verdicts)


def of(track: ThingTrack, *expected: Expected, noun: str = "ball") -> float:
    return amiss(fakes.observe(track), fakes.script(*expected, noun=noun))


HIDES = fakes.track(SLIDE, MIDDLE, state=states((SEEN, 6), (HIDDEN, 4), (SEEN, 6)))
LEAVES = fakes.track(SLIDE, MIDDLE, state=states((SEEN, 6), (OUT, 4), (SEEN, 6)))
STAYS = fakes.track(MIDDLE, MIDDLE)
THERE = fakes.track(MIDDLE, MIDDLE, name="ball")
GONE = fakes.track(MIDDLE, MIDDLE, state=states((SEEN, 6), (ABSENT, 10)), name="ball")
FLAME = fakes.track(MIDDLE, MIDDLE, state=states((SEEN, 9), (ABSENT, 7)), flame=True)
BALL = fakes.track(MIDDLE, fakes.bounce())
SWINGS = fakes.track(0.5 + 0.2 * np.cos(2 * np.pi * fakes.times() / 1.6), MIDDLE)


@pytest.mark.parametrize(
    ("kind", "window", "does", "does_not", "noun"),
    [
        ("present", (0.0, 2.0), THERE, GONE, "ball"),
        ("hidden_by", (0.6, 0.9), HIDES, STAYS, "ball"),
        ("revealed", (1.1, 1.4), HIDES, STAYS, "ball"),
        ("leaves_frame", (0.6, 0.9), LEAVES, STAYS, "ball"),
        ("returns", (1.1, 1.4), LEAVES, STAYS, "ball"),
        ("falls", (0.0, 0.7), BALL, STAYS, "ball"),
        ("bounces", (0.3, 0.9), BALL, STAYS, "ball"),
        ("swings", (0.6, 1.0), SWINGS, fakes.track(SLIDE, MIDDLE), "ball"),
        ("stays", (0.0, 2.0), STAYS, fakes.track(SLIDE, MIDDLE), "ball"),
        ("moves_right", (0.0, 2.0), fakes.track(SLIDE, MIDDLE), fakes.track(SLIDE[::-1], MIDDLE), "ball"),
        ("moves_left", (0.0, 2.0), fakes.track(SLIDE[::-1], MIDDLE), fakes.track(SLIDE, MIDDLE), "ball"),
        ("moves_up", (0.0, 2.0), fakes.track(MIDDLE, SLIDE[::-1]), fakes.track(MIDDLE, SLIDE), "ball"),
        ("moves_down", (0.0, 2.0), fakes.track(MIDDLE, SLIDE), fakes.track(MIDDLE, SLIDE[::-1]), "ball"),
        ("goes_out", (0.8, 1.3), FLAME, fakes.track(MIDDLE, MIDDLE, flame=True), "flame"),
        ("stays_lit", (0.0, 2.0), fakes.track(MIDDLE, MIDDLE, flame=True), FLAME, "flame"),
    ],
)
def test_an_event_that_takes_place_and_one_that_does_not(kind, window, does, does_not, noun):
    expected = Expected(kind, noun, *window, "screen")
    assert of(does, expected, noun=noun) < 0.25
    assert of(does_not, expected, noun=noun) > 0.75


def test_there_is_a_look_for_every_kind_of_event():
    assert set(LOOKS) == set(EXPECTED_KINDS)


def test_the_evidence_says_what_did_not_happen_and_by_when():
    script = fakes.script(Expected("goes_out", "flame", 0.8, 1.25), noun="flame")
    found = adherence.find(fakes.observe(fakes.track(MIDDLE, MIDDLE, flame=True)), script)
    assert isinstance(found, Found)
    (finding,) = (f for f in found.findings if f.law == "event")
    assert finding.text == "flame never goes out; expected by 1.25 s"
    assert (finding.start, finding.end) == (0.8, 1.25)


def test_the_later_an_event_the_more_is_amiss():
    late = [of(HIDES, Expected("hidden_by", "ball", end - 0.4, end, "screen")) for end in (0.8, 0.5, 0.4, 0.3)]
    assert all(b >= a for a, b in itertools.pairwise(late))
    assert late[0] == 0.0 < late[2] < late[3]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_the_shorter_the_way_the_more_is_amiss(share):
    path = fakes.track(0.5 + share * (SLIDE - 0.5) * 0.12, MIDDLE)
    assert of(path, Expected("moves_right", "ball", 0.0, 2.0)) == pytest.approx(
        1.0 - min(1.0, share * 0.084 / 0.06), abs=0.3
    )


def test_motion_is_that_of_the_thing_and_not_of_the_camera():
    still, follows = fakes.track(SLIDE, MIDDLE), fakes.track(MIDDLE, MIDDLE)
    object.__setattr__(still, "steady", np.stack([MIDDLE, MIDDLE], -1))
    object.__setattr__(follows, "steady", np.stack([SLIDE, MIDDLE], -1))
    expected = Expected("moves_right", "ball", 0.0, 2.0)
    assert of(follows, expected) < 0.25
    assert of(still, expected) > 0.75
    assert of(still, Expected("stays", "ball", 0.0, 2.0)) < 0.25


def test_to_and_fro_is_no_progress():
    rng = np.random.default_rng(0)
    shuffled = fakes.track(SLIDE[rng.permutation(16)], MIDDLE)
    assert of(shuffled, Expected("moves_right", "ball", 0.0, 2.0)) > 0.5


def test_nothing_that_could_play_the_part_fails():
    blue = fakes.track(SLIDE, MIDDLE, colour=fakes.BLUE)
    assert of(blue, Expected("moves_right", "ball", 0.0, 2.0)) == 1.0


def test_what_is_out_of_sight_is_not_told():
    hidden = fakes.track(MIDDLE, MIDDLE, state=states((SEEN, 4), (HIDDEN, 12)))
    script = fakes.script(Expected("moves_right", "ball", 0.5, 2.0), motion="fixed")
    reading = adherence.find(fakes.observe(hidden), script)
    assert isinstance(reading, Unscored)
    assert reading.reason.startswith("cannot be seen: ball moves right (")


def test_a_camera_that_has_to_move():
    script = fakes.script(Expected("camera_orbits", "ball", 0.0, 2.0), moving=True)
    things = Things((), None, "the camera moves around the scene")
    moves, stands = (amiss(fakes.FakeObservation(things, camera=fakes.camera(moving=m)), script) for m in (True, False))
    assert moves < 0.25
    assert stands == 1.0


def test_events_in_the_wrong_order_are_told_as_such():
    script = fakes.script(Expected("hidden_by", "ball", 0.2, 0.4), Expected("leaves_frame", "ball", 0.5, 1.9))
    track = fakes.track(SLIDE, MIDDLE, state=states((SEEN, 3), (OUT, 4), (SEEN, 3), (HIDDEN, 6)))
    found = adherence.find(fakes.observe(track), script)
    assert isinstance(found, Found)
    assert [f.kind for f in found.findings if f.law == "order"] == ["wrong_order"]


def test_shade_does_not_change_who_plays_the_part():
    red = lab_of((0.84, 0.08, 0.08))
    assert colour_distance(lab_of((0.42, 0.04, 0.04)), red) < 20
    assert colour_distance(lab_of((0.08, 0.2, 0.85)), red) > 45


def test_parts_are_cast_by_name_where_there_are_names():
    script = fakes.script()
    named = fakes.track(SLIDE, MIDDLE, colour=fakes.BLUE, name="ball")
    assert cast(fakes.observe(named), script)["ball"].tracks == (named,)


@cache
def scripted(family: str, seed: int) -> tuple[Script, Take]:
    script = make_script(family, seed, split="calibration")
    return script, play(script, 64, 64, 8.0)


def broken(family: str, seed: int, kind: str) -> Take:
    script = scripted(family, seed)[0]
    return play(script, 64, 64, 8.0, violation=draw(script, np.random.default_rng(0), kind=kind, severity=0.9))


def worst(take: Take, script: Script) -> tuple[float, set[str]]:
    """The greatest strength, and the kinds of what is at least as likely as not."""
    found = adherence.find(OracleObservation(take), script)
    assert isinstance(found, Found)
    return max((f.strength for f in found.findings), default=0.0), {f.kind for f in found.findings if f.strength >= 1.0}


@pytest.mark.parametrize(
    ("family", "kind", "finding"),
    [
        ("dominoes", "event_missing", "topples"),
        ("spinning_top", "event_missing", "topples"),
        ("cloth_flag", "event_missing", "changes_shape"),
        ("collision", "event_missing", "collides"),
        ("newtons_cradle", "event_missing", "swings"),
        ("camera_orbit", "wrong_direction", "camera_orbits"),
        ("seesaw", "wrong_direction", "wrong_direction"),
        ("crossing_paths", "wrong_colour", "wrong_colour"),
        ("paper_flock", "wrong_count", "wrong_count"),
        ("drop_bounce", "wrong_count", "wrong_count"),
        ("shadow_walk", "wrong_thing", "wrong_thing"),
        ("leaves_frame", "wrong_thing", "wrong_thing"),
    ],
)
def test_what_goes_against_the_prompt_is_found_and_named(family, kind, finding):
    script, valid = scripted(family, 0)
    assert worst(valid, script)[0] < 1.0
    assert finding in worst(broken(family, 0, kind), script)[1]


@pytest.mark.parametrize(("family", "kind"), [("leaves_frame", "return_missing"), ("candle_blowout", "flame_stays"),
                                              ("support_removed", "event_missing"), ("tower", "float")])  # fmt: skip
def test_logic_agrees_with_the_truth_on_which_events_take_place(family, kind):
    script = scripted(family, 1)[0]
    take = broken(family, 1, kind)
    observation = OracleObservation(take)
    for verdict in adherence.verdicts(observation, script, cast(observation, script)):
        assert isinstance(verdict, Outcome)
        if verdict.amiss > 0.75:
            assert not kept(script, take, verdict.expected), verdict
        elif verdict.amiss < 0.1:
            assert kept(script, take, verdict.expected), verdict


def test_without_a_script_a_prompt_needs_a_model(monkeypatch):
    monkeypatch.delenv("WORLDASSAY_CLIP_MODEL", raising=False)
    reading = adherence.score(fakes.observe(STAYS), None, "a red ball")
    assert isinstance(reading, Unscored)
    assert reading.reason.startswith("no script, and no text-video model: ")
    assert adherence.score(fakes.observe(STAYS), None, None) == Unscored("no script and no prompt")
