import itertools

import numpy as np
import pytest

from probes import permanence
from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Pop, Things, ThingTrack
from probes.reading import Scored, Unscored
from simulator.script import Expected, Script
from tests.probes import fakes

SLIDE = np.linspace(0.15, 0.85, 16)
LEVEL = np.full(16, 0.6)


def states(*spans: tuple[int, int]) -> np.ndarray:
    """E.g. (SEEN, 8), (ABSENT, 8)."""
    return np.concatenate([np.full(count, state, np.uint8) for state, count in spans])


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


def test_a_thing_that_the_script_brings_back_and_that_stays_away():
    script = fakes.script(Expected("revealed", "ball", 0.8, 1.2, "screen"))
    track = fakes.track(SLIDE, LEVEL, state=states((SEEN, 6), (HIDDEN, 10)))
    assert score(track, script=script).value < 0.5 < score(track).value


def test_sudden_changes_under_a_moving_camera():
    things = Things((), None, "the camera moves around the scene")
    moving = fakes.camera(moving=True)
    calm = permanence.score(fakes.FakeObservation(things, camera=moving), None, None)
    pop = Pop(8, (0.4, 0.4, 0.6, 0.6), 0.04, 60.0)
    popped = permanence.score(fakes.FakeObservation(things, camera=moving, pops=(pop,)), None, None)
    assert isinstance(calm, Scored)
    assert isinstance(popped, Scored)
    assert popped.value < 0.5 < calm.value
    assert popped.spans[0].box == pop.box


def test_what_cannot_be_told_is_not_scored():
    things = Things((), None, "the picture is too small")
    reading = permanence.score(fakes.FakeObservation(things), None, None)
    assert reading == Unscored("things cannot be told apart: the picture is too small")
    assert isinstance(permanence.score(fakes.FakeObservation(Things(()), frames=1), None, None), Unscored)
