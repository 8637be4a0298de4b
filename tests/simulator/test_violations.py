from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from simulator.checks import check_twin
from simulator.errors import UsageError
from simulator.interventions.identity import DOUBLE
from simulator.scene import Material
from simulator.script import Breakable, Script
from simulator.stage import play
from simulator.truth import ABSENT, SEEN, Take, Truth
from simulator.violations import LEAST_SEVERITY, VIOLATIONS, Violation, draw
from tests.simulator.small import ball, box, candle, script

ONSET = {"flame_stays": 0.65, "relight": 0.7, "flame_dies_early": 0.2, "energy_gain": 0.1}
WHOLE = ("warp", "time_skip", "other_world", "slide_texture")
FPS = 10.0


def scene() -> Script:
    """A bouncing ball on its way to the right, a candle that goes out, and a block."""
    thing = ball(pos=(-0.6, 0.0, 0.75), motion="free", velocity=(0.9, 0.0, 0.0), restitution=0.8)
    return script(
        thing, *candle(), box("block", (0.2, 0.2, 0.2), (-0.2, 0.9, 0.2)), floor=Material((0.6, 0.5, 0.4), "checker")
    )


def violation(kind: str, severity: float) -> Violation:
    body = "flame" if kind in ONSET and kind != "energy_gain" else "ball"
    onset = ONSET.get(kind, 0.25)
    return Violation(kind, None if kind in WHOLE else body, onset, 1.0 - onset, severity)


@pytest.mark.parametrize("kind", VIOLATIONS.names())
def test_twins_agree_up_to_the_onset_and_worse_is_more_visible(kind: str) -> None:
    valid = plain()
    worst, slight = (check_twin(scene(), violation(kind, severity), valid) for severity in (1.0, 0.15))
    change = [np.abs(take.clip.frames.astype(int) - valid.clip.frames).mean() for take in (slight, worst)]
    assert change[0] < change[1]


@cache
def plain() -> Take:
    """The scene with nothing broken."""
    return play(scene(), 48, 48, FPS)


def take(kind: str, severity: float, body: str = "ball") -> Truth:
    return play(scene(), 48, 48, FPS, violation=Violation(kind, body, 0.25, 0.75, severity)).truth


def test_what_is_gone_is_absent_and_comes_back_where_it_would_be() -> None:
    gone, valid = take("vanish", 0.5), plain().truth
    assert gone.broken is not None
    assert gone.broken.end == pytest.approx(0.25 + 0.375)
    inside = (gone.times >= 0.25) & (gone.times < gone.broken.end)
    assert ((gone.state[:, 0] == ABSENT) == inside).all()
    assert np.array_equal(gone.pos, valid.pos)


def test_a_double_is_in_the_truth() -> None:
    truth = take("appear", 1.0)
    assert truth.names[-1] == "ball" + DOUBLE
    assert (truth.state[truth.times < 0.25, -1] == ABSENT).all()
    assert (truth.state[truth.times >= 0.25, -1] == SEEN).any()


def test_another_look_is_the_same_body() -> None:
    truth, valid = take("colour_change", 1.0), plain().truth
    assert np.array_equal(truth.masks, valid.masks)


def test_teleport_is_a_jump_of_stated_length() -> None:
    truth = take("teleport", 0.5)
    steps = np.linalg.norm(np.diff(truth.pos[:, 0], axis=0), axis=1)
    at = int(steps.argmax())
    assert truth.times[at] < 0.25 <= truth.times[at + 1]
    assert steps[at] == pytest.approx((0.3 + 4 * 0.5) * 0.25, abs=0.25)


def test_through_the_floor_and_hovering() -> None:
    assert take("pass_through", 1.0).pos[-1, 0, 2] < -0.5
    hovering = take("float", 1.0)
    assert np.abs(hovering.velocity[-1, 0, 2]) < 0.05
    assert hovering.pos[-1, 0, 2] > 0.27  # it would lie at 0.25


def test_energy_gain_starts_at_the_bounce_and_is_nothing_without_one() -> None:
    def energy(truth: Truth) -> np.ndarray:
        return 9.81 * truth.pos[:, 0, 2] + (truth.velocity[:, 0] ** 2).sum(1) / 2

    valid, gained = plain().truth, take("energy_gain", 1.0)
    assert gained.broken is not None
    assert gained.broken.start > 0.3
    assert energy(valid)[-1] < energy(valid)[0] < energy(gained)[-1]
    early = play(scene(), 16, 16, FPS, frames=3, violation=Violation("energy_gain", "ball", 0.0, 0.25, 1.0))
    assert early.truth.broken is None


def test_draw_stays_inside_the_window_and_is_deterministic() -> None:
    windows = (Breakable("vanish", "ball", 0.2, 0.4), Breakable("warp", None, 0.5, 0.6))
    small = script(ball(), breakable=windows)
    drawn = [draw(small, np.random.default_rng(k)) for k in range(40)]
    assert drawn == [draw(small, np.random.default_rng(k)) for k in range(40)]
    assert {v.kind for v in drawn} == {"vanish", "warp"}
    for v in drawn:
        window = next(w for w in windows if w.kind == v.kind)
        assert window.start <= v.onset <= window.end
        assert v.onset + v.duration == pytest.approx(small.seconds)
        assert LEAST_SEVERITY <= v.severity <= 1
    assert draw(small, np.random.default_rng(0), kind="warp", severity=0.4).severity == 0.4


def test_what_cannot_be_broken_is_said() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(UsageError, match="Did you mean: vanish"):
        draw(script(ball()), rng, kind="vanihs")
    with pytest.raises(UsageError, match="Available: none"):
        draw(script(ball()), rng)
    for wrong, words in (
        (Violation("vanish", "cube", 0.1, 1.0, 0.5), "no body 'cube'"),
        (Violation("vanish", "ball", 0.1, 1.0, 1.5), "severity"),
        (Violation("vanish", "ball", -1.0, 1.0, 0.5), "onset"),
    ):
        with pytest.raises(UsageError, match=words):
            play(script(ball()), 16, 16, 8, violation=wrong)


def test_every_kind_has_one_law() -> None:
    assert all(len(VIOLATIONS.entry(kind).tags) == 1 for kind in VIOLATIONS.names())
