import itertools
from dataclasses import replace

import numpy as np
import pytest

from probes import permanence
from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Pop, Things, ThingTrack
from probes.permanence.looks import unlike
from probes.reading import Scored, Unscored
from simulator.script import Expected, Script
from tests.probes import fakes

SLIDE = np.linspace(0.15, 0.85, 16)
LEVEL = np.full(16, 0.6)
SLOW = np.linspace(0.45, 0.55, 16)


def states(*spans: tuple[int, int]) -> np.ndarray:
    """E.g. (SEEN, 8), (ABSENT, 8)."""
    return np.concatenate([np.full(count, state, np.uint8) for state, count in spans])


def mirrored(track: ThingTrack) -> ThingTrack:
    """The same to somebody who looks in a mirror."""
    flip = lambda values: values[..., [2, 1, 0, 3]] * (-1, 1, -1, 1) + (1, 0, 1, 0)  # noqa: E731
    return replace(track, centre=track.centre * (-1, 1) + (1, 0), steady=None, box=flip(track.box))


def resized(track: ThingTrack, frame: int, factor: float) -> ThingTrack:
    """Larger by a factor from a frame on, about its centre."""
    late = np.arange(len(track.state)) >= frame
    middle = (track.box[:, [0, 1]] + track.box[:, [2, 3]])[:, [0, 1, 0, 1]] / 2
    return replace(track, area=np.where(late, factor**2 * track.area, track.area),
                   box=np.where(late[:, None], middle + factor * (track.box - middle), track.box))  # fmt: skip


def tinted(track: ThingTrack, frame: int, share: float) -> ThingTrack:
    """So far on the way from its colour to blue from a frame on."""
    late = (np.arange(len(track.state)) >= frame)[:, None]
    return replace(track, colour=np.where(late, (1 - share) * track.colour + share * fakes.BLUE, track.colour))


def score(*tracks: ThingTrack, script: Script | None = None, **fields: object) -> Scored:
    reading = permanence.score(fakes.observe(*tracks, **fields), script, None)
    assert isinstance(reading, Scored), reading
    return reading


def test_a_thing_that_is_seen_throughout_is_fine():
    assert score(fakes.track(SLIDE, LEVEL)).value > 0.5


@pytest.mark.parametrize("away", [HIDDEN, OUT])
def test_a_thing_that_is_accounted_for_while_it_is_not_seen_is_fine(away):
    assert score(fakes.track(SLIDE, LEVEL, state=states((SEEN, 6), (away, 4), (SEEN, 6)))).value > 0.5


def test_a_thing_that_vanishes_is_named_with_its_time_and_place():
    reading = score(fakes.track(SLIDE, LEVEL, state=states((SEEN, 10), (ABSENT, 6))))
    assert reading.value < 0.5
    span = reading.spans[0]
    assert (span.kind, span.start, span.end) == ("vanish", 1.25, 2.0)
    assert span.text == "red thing gone from 1.25 s; nothing hid it"
    assert span.box is not None
    assert span.box[0] < SLIDE[9] < span.box[2]


def test_the_longer_a_thing_is_gone_the_lower_the_value():
    values = [score(fakes.track(SLIDE, LEVEL, state=states((SEEN, 15 - k), (ABSENT, k), (SEEN, 1)))).value
              for k in range(6)]  # fmt: skip
    assert all(b <= a for a, b in itertools.pairwise(values))
    assert values[0] > 0.5 > values[-1]


def test_what_leaves_by_the_border_may_be_gone():
    x = np.linspace(0.3, 0.95, 16)
    state = states((SEEN, 14), (ABSENT, 2))
    assert score(fakes.track(x, LEVEL, state=state, size=0.25)).value > 0.5


def test_a_thing_out_of_nothing():
    reading = score(fakes.track(SLIDE, LEVEL), fakes.track(SLIDE, LEVEL - 0.3, state=states((ABSENT, 8), (SEEN, 8))))
    assert reading.value < 0.5
    assert reading.spans[0].kind == "appear"


def test_a_thing_that_comes_back_in_another_colour_or_size():
    state = states((SEEN, 6), (HIDDEN, 4), (SEEN, 6))
    same = fakes.track(SLIDE, LEVEL, state=state)
    late = np.arange(16) >= 8
    other = np.where(late[:, None], fakes.BLUE, fakes.RED)
    recoloured = ThingTrack(**{**same.__dict__, "colour": np.where((state == SEEN)[:, None], other, np.nan)})
    large = fakes.track(SLIDE, LEVEL, state=state, size=0.4)
    grown = ThingTrack(**{**same.__dict__, "box": np.where(late[:, None], large.box, same.box),
                          "area": np.where(late, large.area, same.area)})  # fmt: skip
    for track, kind in ((recoloured, "colour_change"), (grown, "size_change")):
        reading = score(track)
        assert reading.value < 0.5
        assert (reading.spans[0].kind, reading.spans[0].start) == (kind, 1.25)


def test_a_flame_that_goes_out_is_no_matter_of_permanence():
    still = np.full(16, 0.5)
    assert score(fakes.track(still, still, state=states((SEEN, 8), (ABSENT, 8)), flame=True)).value > 0.5


def test_two_things_for_one_of_the_script():
    script = fakes.script(Expected("present", "ball", 0.0, 2.0))
    reading = score(fakes.track(SLIDE, LEVEL), fakes.track(SLIDE, LEVEL - 0.3), script=script)
    assert reading.value < 0.5
    assert reading.spans[0].text == "a second red ball from 0.00 s"


def test_a_thing_that_changes_before_our_eyes_is_named_and_the_worse_the_lower():
    ball = fakes.track(SLOW, LEVEL)
    for change, kind, levels in ((tinted, "colour_change", (0.3, 0.6, 1.0)), (resized, "size_change", (1.3, 1.6, 2.0))):
        readings = [score(change(ball, 8, level)) for level in levels]
        values = [score(ball).value, *(r.value for r in readings)]
        assert all(b < a for a, b in itertools.pairwise(values))
        span = readings[-1].spans[0]
        assert values[-1] < 0.5
        assert (span.kind, span.start, span.end) == (kind, 1.0, 2.0)
        assert " takes another " in span.text


def test_what_grows_or_turns_all_the_time_is_fine():
    ball = fakes.track(SLIDE, LEVEL, size=0.1)
    nearing, tumbling = ball, ball
    for frame in range(1, 16):
        nearing = resized(nearing, frame, 1.06)
        tumbling = resized(tumbling, frame, 1.3 if frame % 2 else 1 / 1.3)
    assert min(score(nearing).value, score(tumbling).value) > 0.5


@pytest.mark.parametrize("light", [0.3, 2.0])
def test_light_changes_no_surface(light):
    shifted = np.add(fakes.RED, (16, 0, 0)) * np.cbrt(light) - (16, 0, 0)
    assert unlike(fakes.RED, shifted) < 0.4 * np.linalg.norm(shifted - fakes.RED)
    assert unlike(fakes.RED, fakes.BLUE) > 60


def test_a_mirror_changes_nothing():
    state = states((SEEN, 6), (HIDDEN, 3), (SEEN, 4), (ABSENT, 3))
    for track in (fakes.track(SLIDE, LEVEL), fakes.track(SLIDE, LEVEL, state=state),
                  tinted(fakes.track(SLIDE, LEVEL), 5, 0.5), resized(fakes.track(SLIDE, LEVEL), 9, 1.5)):  # fmt: skip
        assert score(mirrored(track)).value == pytest.approx(score(track).value, abs=1e-9)


def test_things_that_go_at_once_weigh_more_than_one_and_are_one_finding():
    gone = states((SEEN, 10), (ABSENT, 6))
    one = fakes.track(SLIDE, LEVEL, state=gone, name="first")
    other = fakes.track(SLIDE, LEVEL - 0.3, state=gone, name="second")
    both = score(one, other)
    assert both.value < score(one).value
    assert [s.text for s in both.spans if s.kind == "vanish"] == ["first and 1 more gone from 1.25 s; nothing hid it"]


def test_what_the_script_lets_be_consumed_may_go():
    script = fakes.script(Expected("present", "ball", 0.0, 2.0))
    body = script.scene.bodies[0]
    smoke = replace(body, name="smoke", role="effect")
    script = replace(script, scene=replace(script.scene, bodies=(body, smoke)))
    ball, gone = fakes.track(SLIDE, LEVEL, name="ball"), states((SEEN, 8), (ABSENT, 8))
    assert score(ball, fakes.track(SLIDE, LEVEL - 0.3, state=gone, name="smoke"), script=script).value > 0.5
    assert score(ball, fakes.track(SLIDE, LEVEL - 0.3, state=gone, name="other"), script=script).value < 0.5


def test_a_double_is_told_from_its_model_by_how_far_it_goes():
    ball, late = fakes.track(SLIDE, LEVEL, name="ball"), states((ABSENT, 8), (SEEN, 8))
    values = [
        score(ball, fakes.track(SLIDE, LEVEL - d, state=late, name="ball.double")).value for d in (0.05, 0.2, 0.3)
    ]
    assert all(b < a for a, b in itertools.pairwise(values))
    assert values[-1] < 0.5


def test_a_thing_that_the_script_brings_back_and_that_stays_away():
    script = fakes.script(Expected("revealed", "ball", 0.8, 1.2, "screen"))
    track = fakes.track(SLIDE, LEVEL, state=states((SEEN, 6), (HIDDEN, 10)))
    assert score(track, script=script).value < 0.5 < score(track).value


def test_sudden_changes_under_a_moving_camera():
    things = Things((), None, "the camera moves around the scene")
    moving = fakes.camera(moving=True)
    pop = Pop(8, (0.4, 0.4, 0.6, 0.6), 0.04, 60.0)
    still = fakes.script(motion="fixed", moving=True)
    popped = permanence.score(fakes.FakeObservation(things, camera=moving, pops=(pop,)), still, None)
    assert isinstance(popped, Scored)
    assert popped.value < 0.5
    assert popped.spans[0].box == pop.box
    for script, pops in ((still, ()), (fakes.script(motion="free", moving=True), (pop,)), (None, (pop,))):
        calm = permanence.score(fakes.FakeObservation(things, camera=moving, pops=pops), script, None)
        assert calm == Unscored("things cannot be told apart: the camera moves around the scene")


def test_what_cannot_be_told_is_not_scored():
    things = Things((), None, "the picture is too small")
    reading = permanence.score(fakes.FakeObservation(things), None, None)
    assert reading == Unscored("things cannot be told apart: the picture is too small")
    assert isinstance(permanence.score(fakes.FakeObservation(Things(()), frames=1), None, None), Unscored)


def test_fog_is_no_proof_of_permanence():
    """Neither nothing at all nor wisps that are hardly there."""
    nothing = permanence.score(fakes.FakeObservation(Things(())), None, None)
    assert nothing == Unscored("nothing was seen that could be followed")
    wisp = fakes.track(SLIDE, LEVEL)
    wisp = replace(wisp, confidence=0.1 * wisp.confidence)
    assert isinstance(permanence.score(fakes.observe(wisp), None, None), Unscored)
