import itertools

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from probes import plausibility
from probes.perception.observation import ABSENT, SEEN, Things, ThingTrack
from probes.perception.oracle import observe
from probes.plausibility.flight import gravity
from probes.reading import Scored, Unscored
from probes.trajectory import pieces
from simulator.scenarios import make_script
from simulator.script import Expected, Script
from simulator.stage import play
from tests.probes import fakes

T = fakes.times()
MIDDLE = np.full(16, 0.5)
FALLS = fakes.script(Expected("falls", "ball", 0.0, 2.0))


def score(track: ThingTrack, script: Script | None = FALLS) -> Scored:
    reading = plausibility.score(fakes.observe(track), script, None)
    assert isinstance(reading, Scored), reading
    return reading


def kinds(reading: Scored) -> set[str]:
    return {span.kind for span in reading.spans}


def test_pieces_find_the_break_of_two_parabolas():
    rng = np.random.default_rng(0)
    t = np.arange(20) / 8
    y = np.where(t < 1.2, 0.2 + 1.5 * t**2, 2.36 - 3.0 * (t - 1.2) + 1.5 * (t - 1.2) ** 2)
    found, cost = pieces(t, np.c_[0.1 * t, y] + rng.normal(0, 0.005, (20, 2)), 0.005, (3.0, 0.0))
    assert [(p.start, p.stop, p.a) for p in found] == [(0, 10, 3.0), (10, 20, 3.0)]
    assert found[1].v[1] == pytest.approx(-3.0 + 3.0 * (t[10] - 1.2), abs=0.05)
    assert cost < 2 * 12.0 + 2 * 40


def test_a_single_piece_is_the_least_squares_parabola():
    rng = np.random.default_rng(1)
    t, xy = T, rng.normal(0, 1, (16, 2))
    piece = pieces(t, xy, 1e3, (2.0,))[0][0]
    by_hand = np.polyfit(t, xy[:, 1] - t**2, 1)
    assert piece.v[1] == pytest.approx(by_hand[0])
    assert piece.p[1] == pytest.approx(by_hand[1])
    best = minimize_scalar(lambda v: float(((xy[:, 0] - xy[:, 0].mean() - v * (t - t.mean())) ** 2).sum()))
    assert piece.v[0] == pytest.approx(best.x, abs=1e-6)


def test_gravity_in_the_picture_is_that_of_the_pinhole():
    assert gravity(FALLS, (0.0, 0.0, 1.0)) == pytest.approx(fakes.GRAVITY)


@pytest.mark.parametrize("restitution", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("noise", [0.0, 0.004])
def test_a_bouncing_ball_is_fine(restitution, noise):
    rng = np.random.default_rng(2)
    y = fakes.bounce(restitution=restitution) + rng.normal(0, noise, 16)
    assert score(fakes.track(0.3 + 0.1 * T, y)).value > 0.5


def test_a_thing_that_slides_along_is_fine():
    assert score(fakes.track(np.linspace(0.15, 0.85, 16), MIDDLE), None).value > 0.5


def test_a_ball_that_stays_in_the_air():
    y = fakes.bounce(top=0.2)
    y[3:] = y[2]
    y[12:] = 0.75  # so that the floor is known
    reading = score(fakes.track(MIDDLE, y))
    assert reading.value < 0.5
    assert kinds(reading) & {"float", "sudden_stop"}


def test_a_ball_that_turns_in_the_air():
    y = fakes.bounce()
    x = 0.2 + 0.6 * np.abs(T - 0.95)  # turned round in the middle of a flight
    assert score(fakes.track(x, y)).value < score(fakes.track(0.2 + 0.3 * T, y)).value


def test_a_bounce_that_goes_higher_than_the_fall():
    y = fakes.bounce(top=0.4, restitution=0.99)
    after = np.argmax(y) + 1
    y[after:] = 0.75 - 1.4 * (0.75 - y[after:])
    reading = score(fakes.track(MIDDLE, y))
    assert reading.value < 0.5
    assert "energy_gain" in kinds(reading)


def test_a_jump_is_found_at_its_frame_and_larger_jumps_score_no_higher():
    values = []
    for far in (0.0, 0.1, 0.2, 0.4):
        x = 0.1 + 0.02 * np.arange(16) + far * (np.arange(16) >= 9)
        values.append(score(fakes.track(x, MIDDLE), None))
    assert all(b.value <= a.value for a, b in itertools.pairwise(values))
    assert values[0].value > 0.5 > values[-1].value
    span = values[-1].spans[0]
    assert (span.kind, span.start, span.end) == ("teleport", 1.0, 1.125)


def test_the_mirrored_path_scores_the_same():
    x = 0.1 + 0.02 * np.arange(16) + 0.3 * (np.arange(16) >= 9)
    assert score(fakes.track(x, MIDDLE), None).value == pytest.approx(score(fakes.track(1 - x, MIDDLE), None).value)


def flame(*lit: tuple[int, int]) -> ThingTrack:
    state = np.full(16, ABSENT, np.uint8)
    for start, stop in lit:
        state[start:stop] = SEEN
    return fakes.track(MIDDLE, MIDDLE, state=state, flame=True)


@pytest.mark.parametrize(
    ("track", "kind"),
    [
        (flame((0, 10)), None),
        (flame((0, 3)), "flame_dies_early"),
        (flame((0, 16)), "flame_stays"),
        (flame((0, 10), (13, 16)), "relight"),
    ],
)
def test_a_flame_has_a_cause_to_go_out(track, kind):
    script = fakes.script(Expected("goes_out", "flame", 0.9, 1.4), noun="flame", motion="scripted")
    reading = score(track, script)
    assert (reading.value > 0.5) == (kind is None)
    assert kind is None or kind in kinds(reading)


@pytest.mark.parametrize("seed", range(6))
def test_each_of_several_flames_has_a_fate_of_its_own(seed):
    script = make_script("candle_blowout", seed, split="calibration", view="still")
    found = plausibility.find(observe(play(script, 64, 64, 8.0)), script)
    assert [f.text for f in found.findings if f.law == "causality" and f.strength >= 1.0] == []


def test_what_cannot_be_told_is_not_scored():
    for things, reason in ((Things((), None, "noise"), "noise"), (Things(()), "nothing moves")):
        reading = plausibility.score(fakes.FakeObservation(things), None, None)
        assert isinstance(reading, Unscored)
        assert reason in reading.reason
    assert isinstance(plausibility.score(fakes.FakeObservation(Things(()), frames=3), None, None), Unscored)
