from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simulator.checks import check_twin
from simulator.correspondence import project
from simulator.errors import UsageError
from simulator.interventions.permanence import DOUBLE
from simulator.scene import Body, Geom, Hinge, Key, Material
from simulator.script import Breakable, Expected, Script, Thing
from simulator.stage import play
from simulator.truth import ABSENT, HIDDEN, SEEN, Take, Truth
from simulator.violations import LEAST_SEVERITY, VIOLATIONS, WITHOUT_DEGREES, Violation, draw, prompt_breaks
from tests.simulator.small import ball, box, candle, script

FPS, SIZE = 10.0, 48
BOLD = Material((0.6, 0.5, 0.4), "checker")
STONE = Material((0.4, 0.4, 0.4))


def inventory(*bodies: Body) -> tuple[Thing, ...]:
    return tuple(Thing(b.name, b.noun, b.colour) for b in bodies)


def bounce() -> Script:
    """A bouncing ball on its way to the right, a candle that goes out, and a block."""
    thing = ball(pos=(-0.6, 0.0, 0.75), motion="free", velocity=(0.9, 0.0, 0.0), restitution=0.8)
    block = box("block", (0.2, 0.2, 0.2), (-0.2, 0.9, 0.2))
    small = script(thing, *candle(), block, floor=BOLD)
    expected = (Expected("falls", "ball", 0.0, 0.4), Expected("bounces", "ball", 0.3, 0.6))
    return replace(small, inventory=inventory(thing), expected=expected, parameters={"side": "right"})


def strike() -> Script:
    """A ball slides on the floor into a block that stands free."""
    thing = ball(pos=(-1.0, 0.0, 0.25), motion="free", velocity=(3.0, 0.0, 0.0), friction=0.0, restitution=0.5)
    return script(thing, box("block", (0.2, 0.2, 0.25), (0.0, 0.0, 0.25), motion="free", friction=0.1))


def row() -> Script:
    """Four balls in a row, the first of them blue."""
    first = replace(ball("a", pos=(-1.2, 0.0, 0.3)), material=Material((0.1, 0.2, 0.9)))
    return script(first, *(ball(n, pos=(x, 0.0, 0.3)) for n, x in (("b", -0.4), ("c", 0.4), ("d", 1.2))))


def screens() -> Script:
    """A ball goes from behind one screen to behind another, and there is a gap between them."""
    keys = (Key(0.0, (-1.2, 0.5, 0.6)), Key(1.0, (1.2, 0.5, 0.6)))
    thing = ball(pos=(-1.2, 0.5, 0.6), motion="scripted", keys=keys)
    walls = (box(n, (0.5, 0.05, 0.9), (x, 0.0, 0.9), role="prop") for n, x in (("left", -1.0), ("right", 1.0)))
    return replace(script(thing, *walls), parameters={"gap_from": -0.8, "gap_to": 0.8})


def figure() -> Script:
    """A body of a trunk and two limbs, one of which swings, that glides to the right."""
    swing = tuple(
        Key(t, (0.3, 0.0, -0.1), (math.cos(a / 2), 0.0, math.sin(a / 2), 0.0)) for t, a in ((0.0, -0.5), (1.0, 0.5))
    )
    limbs = (Geom("capsule", (0.06, 0.25, 0.0), keys=swing), Geom("capsule", (0.06, 0.25, 0.0), (-0.3, 0.0, -0.1)))
    trunk = Geom("box", (0.2, 0.15, 0.4))
    keys = (Key(0.0, (-0.5, 0.0, 0.5)), Key(1.0, (0.5, 0.0, 0.5)))
    material = Material((0.1, 0.6, 0.2))
    return script(
        Body("figure", "figure", "green", (trunk, *limbs), material, (-0.5, 0.0, 0.5), motion="scripted", keys=keys)
    )


def mirror() -> Script:
    """A ball on the floor before a mirror."""
    lying = (math.cos(math.pi / 4), math.sin(math.pi / 4), 0.0, 0.0)  # its +z face looks at the camera
    glass = Body(
        "mirror",
        "mirror",
        "grey",
        (Geom("box", (1.2, 0.9, 0.03)),),
        Material((0.3, 0.3, 0.3), mirror=0.8),
        (0.0, 0.8, 0.9),
        lying,
        role="prop",
    )
    return script(ball(pos=(1.0, -0.6, 0.45)), glass)


def basin() -> Script:
    """A sheet of water in a basin, and a ball that floats on it and drifts."""
    keys = (Key(0.0, (-0.2, 0.0, 0.75)), Key(1.0, (0.2, 0.0, 0.75)))
    water = Body("water", "water", "blue", (Geom("disc", (0.8, 0.8, 0.0)),), BOLD, (0.0, 0.0, 0.7), role="effect")
    wall = box("basin", (0.8, 0.05, 0.4), (0.0, -0.8, 0.4), role="prop")
    return script(ball(pos=(-0.2, 0.0, 0.75), r=0.2, motion="scripted", keys=keys), water, wall)


def fall() -> Script:
    """A ball that a script lets down, and a tall block that stands free."""
    keys = tuple(Key(t, (-0.4, 0.0, 1.6 - 1.3 * t * t)) for t in np.linspace(0.0, 1.0, 30).tolist())
    thing = ball(pos=keys[0].pos, motion="scripted", keys=keys)
    return script(thing, box("block", (0.12, 0.2, 0.5), (0.7, 0.0, 0.5), motion="free"))


def swing() -> Script:
    """A hinged pendulum beside a block."""
    hinge = Hinge((0.0, 0.0, 1.7), (0.0, 1.0, 0.0), angle=0.8)
    bob = (Geom("sphere", (0.22, 0.0, 0.0)), Geom("capsule", (0.03, 0.45, 0.0), (0.0, 0.0, 0.5)))
    body = Body("bob", "ball", "red", bob, Material((0.9, 0.1, 0.1)), (0.0, 0.0, 0.7), motion="hinged", hinge=hinge)
    return script(body)


def things() -> Script:
    """The row, with its inventory: prompts could say how many there are."""
    small = row()
    return replace(small, inventory=inventory(*small.scene.bodies))


# kind -> what is played, which body, onset, the other body
CASES: dict[str, tuple[Callable[[], Script], str | None, float, str | None]] = {
    "vanish": (bounce, "ball", 0.25, None),
    "appear": (bounce, "ball", 0.25, None),
    "duplicate": (figure, "figure", 0.25, None),
    "merge": (row, "b", 0.25, "c"),
    "return_missing": (screens, "ball", 0.25, None),
    "return_duplicate": (screens, "ball", 0.15, None),
    "count_change": (row, "b", 0.25, None),
    "skip_gap": (screens, "ball", 0.15, None),
    "only_in_gap": (screens, "left", 0.2, None),
    "colour_change": (figure, "figure", 0.25, None),
    "size_change": (bounce, "ball", 0.25, None),
    "shape_change": (figure, "figure", 0.25, None),
    "identity_swap": (row, "a", 0.25, "b"),
    "limb_change": (figure, "figure", 0.25, None),
    "teleport": (bounce, "ball", 0.25, None),
    "time_skip": (figure, None, 0.25, None),
    "freeze": (figure, None, 0.25, None),
    "pass_through": (strike, "ball", 0.1, None),
    "sink_in": (figure, "figure", 0.25, None),
    "float": (fall, "ball", 0.25, None),
    "drift_up": (bounce, "ball", 0.25, None),
    "no_fall": (fall, "ball", 0.25, None),
    "wrong_fall": (fall, "ball", 0.25, None),
    "sudden_start": (fall, "block", 0.25, None),
    "sudden_stop": (swing, "bob", 0.25, None),
    "sudden_turn": (screens, "ball", 0.45, None),
    "energy_gain": (bounce, "ball", 0.1, None),
    "no_response": (strike, "block", 0.1, "ball"),
    "flame_stays": (bounce, "flame", 0.65, None),
    "flame_dies_early": (bounce, "flame", 0.2, None),
    "relight": (bounce, "flame", 0.7, None),
    "untouched_fall": (fall, "block", 0.25, None),
    "wrong_buoyancy": (basin, "ball", 0.25, None),
    "volume_change": (basin, "water", 0.25, None),
    "shadow_missing": (mirror, "ball", 0.25, None),
    "shadow_wrong": (mirror, "ball", 0.25, None),
    "reflection_missing": (mirror, "ball", 0.25, None),
    "reflection_wrong": (mirror, "ball", 0.25, None),
    "warp": (bounce, None, 0.25, None),
    "slide_texture": (bounce, None, 0.25, None),
    "other_world": (bounce, None, 0.25, None),
    "bend": (figure, "figure", 0.25, None),
    "wrong_colour": (bounce, "ball", 0.0, None),
    "wrong_count": (things, "c", 0.0, None),
    "wrong_thing": (bounce, "ball", 0.0, None),
    "wrong_direction": (bounce, None, 0.0, None),
    "wrong_order": (bounce, None, 0.0, None),
    "event_missing": (bounce, None, 0.0, None),
}


@cache
def plain(made: Callable[[], Script]) -> Take:
    """The scene with nothing broken."""
    return play(made(), SIZE, SIZE, FPS)


def violation(kind: str, severity: float) -> Violation:
    _, body, onset, other = CASES[kind]
    over = 0.85 if kind == "skip_gap" else 1.0
    return Violation(kind, body, onset, over - onset, severity, other)


def broken(kind: str, severity: float = 1.0) -> Truth:
    return play(CASES[kind][0](), SIZE, SIZE, FPS, violation=violation(kind, severity)).truth


@pytest.mark.parametrize("kind", VIOLATIONS.names())
def test_twins_agree_up_to_the_onset_and_worse_is_more_visible(kind: str) -> None:
    made = CASES[kind][0]
    valid = plain(made)
    takes = [check_twin(made(), violation(kind, severity), valid) for severity in (0.3, 1.0)]
    slight, worst = (np.abs(take.clip.frames.astype(int) - valid.clip.frames).mean() for take in takes)
    assert worst > 0.05
    assert slight <= worst if kind in WITHOUT_DEGREES else slight < worst


def test_every_kind_has_one_law_and_there_are_48() -> None:
    assert all(len(VIOLATIONS.entry(kind).tags) == 1 for kind in VIOLATIONS.names())
    assert len(VIOLATIONS.names()) == 48 == len(CASES)
    assert len({VIOLATIONS.entry(kind).tags for kind in VIOLATIONS.names()}) == 11


# Permanence and immutability


def test_what_is_gone_is_absent_and_comes_back_where_it_would_be() -> None:
    gone, valid = broken("vanish", 0.5), plain(bounce).truth
    assert gone.broken is not None
    assert gone.broken.end == pytest.approx(0.25 + 0.375)
    inside = (gone.times >= 0.25) & (gone.times < gone.broken.end)
    assert ((gone.state[:, 0] == ABSENT) == inside).all()
    assert np.array_equal(gone.pos, valid.pos)


def test_a_double_is_in_the_truth() -> None:
    truth = broken("appear")
    assert truth.names[-1] == "ball" + DOUBLE
    assert (truth.state[truth.times < 0.25, -1] == ABSENT).all()
    assert (truth.state[truth.times >= 0.25, -1] == SEEN).any()


def test_nothing_is_seen_in_the_gap_and_both_ends_are_as_they_should_be() -> None:
    truth, valid = broken("skip_gap"), plain(screens).truth
    assert (valid.state[:, 0] == SEEN).any()
    assert not (truth.state[:, 0] == SEEN).any()
    assert (truth.state[[0, 1, -1], 0] == HIDDEN).all()


def test_something_is_seen_in_the_gap_that_comes_from_nowhere() -> None:
    small = screens()
    still = replace(small.scene.bodies[0], motion="fixed", keys=())
    small = replace(small, scene=replace(small.scene, bodies=(still, *small.scene.bodies[1:])))
    truth = play(small, SIZE, SIZE, FPS, violation=Violation("only_in_gap", "ball", 0.2, 0.6, 1.0)).truth
    assert (truth.state[:, 0] == HIDDEN).all()
    inside = (truth.times >= 0.2) & (truth.times < 0.8)
    assert (truth.state[~inside, -1] == ABSENT).all()
    assert truth.pos[inside, -1, 0] == pytest.approx(np.interp(truth.times[inside], (0.2, 0.8), (-0.8, 0.8)))
    with pytest.raises(UsageError, match="gap_from"):
        play(bounce(), 16, 16, 8, violation=Violation("only_in_gap", "ball", 0.2, 0.6, 1.0))


def test_two_things_come_back_for_one() -> None:
    truth = broken("return_duplicate")
    apart = np.linalg.norm(truth.pos[:, 0] - truth.pos[:, -1], axis=1)
    seen = (truth.state[:, 0] == SEEN).argmax()
    assert apart[seen] == pytest.approx(0.0, abs=0.01)
    assert apart[-1] == pytest.approx(3 * 0.25, abs=0.01)


def test_two_become_one() -> None:
    truth = broken("merge")
    b, c = truth.names.index("b"), truth.names.index("c")
    assert truth.state[-1].tolist().count(ABSENT) == 1
    assert truth.state[-1, c] == ABSENT
    assert truth.pos[-1, c] == pytest.approx(truth.pos[-1, b])


def test_some_of_many_are_missing() -> None:
    counts = [int((broken("count_change", s).state[-1] == SEEN).sum()) for s in (0.2, 0.5, 1.0)]
    assert counts == [4, 3, 2]


def test_another_look_is_the_same_body_and_its_limbs_move() -> None:
    truth, valid = broken("colour_change"), plain(figure).truth
    assert np.array_equal(truth.masks, valid.masks)
    assert np.allclose(truth.part_pose[:, : len(valid.part_body)], valid.part_pose, atol=1e-5)


def test_an_exchange_of_looks_is_seen_in_both_masks() -> None:
    frames = play(row(), SIZE, SIZE, FPS, violation=violation("identity_swap", 1.0)).clip.frames[-1].astype(int)
    valid = plain(row)
    a, b = (valid.clip.frames[-1][valid.truth.mask(n)[-1]].mean(0) for n in ("a", "b"))
    now = [frames[valid.truth.mask(n)[-1]].mean(0) for n in ("b", "a")]
    assert np.abs(np.array(now) - [a, b]).max() < 12


# Continuity, solidity, gravity, inertia


def test_teleport_is_a_jump_inside_the_picture() -> None:
    truth = broken("teleport")
    steps = np.linalg.norm(np.diff(truth.pos[:, 0], axis=0), axis=1)
    at = int(steps.argmax())
    assert truth.times[at] < 0.25 <= truth.times[at + 1]
    assert steps[at] > 0.9
    assert truth.state[at + 1, 0] == SEEN


def test_time_stands_still_and_then_goes_on() -> None:
    truth = broken("freeze", 0.4)
    wanted = np.where(truth.times < 0.25, truth.times, np.maximum(0.25, truth.times - 0.3))
    assert truth.clock == pytest.approx(wanted)
    x = np.interp(wanted, (0, 1), (-0.5, 0.5))
    assert truth.pos[:, 0, 0] == pytest.approx(x)
    assert (truth.velocity[(truth.times >= 0.25) & (truth.times < 0.55)] == 0).all()


def test_through_a_block_but_not_through_the_floor() -> None:
    truth, block = broken("pass_through"), plain(strike).truth
    assert truth.pos[-1, 0] == pytest.approx([-1.0 + 3.0 * 0.9, 0.0, 0.25], abs=0.02)
    assert np.ptp(truth.pos[:, 1], axis=0).max() < 0.01 < np.ptp(block.pos[:, 1], axis=0).max()
    falling = Violation("pass_through", "ball", 0.25, 0.75, 1.0)
    assert play(bounce(), SIZE, SIZE, FPS, violation=falling).truth.pos[-1, 0, 2] < -0.5


def test_hovering_things_stop_in_the_air() -> None:
    free = play(bounce(), SIZE, SIZE, FPS, violation=Violation("float", "ball", 0.25, 0.75, 1.0)).truth
    assert np.abs(free.velocity[-1, 0, 2]) < 0.05
    assert free.pos[-1, 0, 2] > 0.27  # it would lie at 0.25
    for kind in ("float", "no_fall"):
        led = broken(kind)
        assert led.pos[-1, 0, 2] == pytest.approx(1.6 - 1.3 * 0.25**2, abs=0.01)


def test_weight_pulls_aside() -> None:
    led, free = broken("wrong_fall"), Violation("wrong_fall", "ball", 0.1, 0.2, 1.0)
    assert led.pos[-1, 0, 2] == pytest.approx(plain(fall).truth.pos[-1, 0, 2])
    assert abs(led.pos[-1, 0, 0] + 0.4) > 0.3
    high = script(ball(pos=(0.0, 0.0, 1.5), motion="free"))
    v = play(high, 16, 16, 100.0, frames=29, violation=free).truth.velocity[28, 0]
    assert v[2] == pytest.approx(-9.81 * (0.1 + 0.18 * 0.5), abs=0.1)  # cos 60 degrees
    assert abs(v[0]) == pytest.approx(9.81 * 0.18 * math.sin(math.pi / 3), abs=0.1)


def test_energy_gain_starts_at_the_bounce_and_is_nothing_without_one() -> None:
    def energy(truth: Truth) -> np.ndarray:
        return 9.81 * truth.pos[:, 0, 2] + (truth.velocity[:, 0] ** 2).sum(1) / 2

    valid, gained = plain(bounce).truth, broken("energy_gain")
    assert gained.broken is not None
    assert gained.broken.start > 0.3
    assert energy(valid)[-1] < energy(valid)[0] < energy(gained)[-1]
    early = play(bounce(), 16, 16, FPS, frames=3, violation=Violation("energy_gain", "ball", 0.0, 0.25, 1.0))
    assert early.truth.broken is None


def test_what_is_hit_keeps_the_share_of_momentum_that_severity_leaves() -> None:
    speeds = [plain(strike).truth.velocity[4, 1, 0], *(broken("no_response", s).velocity[4, 1, 0] for s in (0.5, 1.0))]
    assert speeds[0] > 1.0
    assert 0.2 * speeds[0] < speeds[1] < 0.8 * speeds[0]
    assert abs(speeds[2]) < 0.02
    said = broken("no_response").broken
    assert said is not None
    assert said.start == pytest.approx((1.0 - 0.25 - 0.2) / 3.0, abs=0.02)  # the hit


def test_a_pendulum_stands_still_in_mid_swing() -> None:
    truth = broken("sudden_stop")
    after = truth.pos[truth.times >= 0.3, 0]
    assert np.ptp(after, axis=0).max() < 0.05 < np.ptp(plain(swing).truth.pos[3:, 0], axis=0).max()


def test_a_scripted_thing_stops_with_its_limbs() -> None:
    truth = play(figure(), SIZE, SIZE, FPS, violation=Violation("sudden_stop", "figure", 0.25, 0.75, 1.0)).truth
    assert np.ptp(truth.part_pose[3:], axis=0).max() < 1e-6
    assert truth.pos[-1, 0, 0] == pytest.approx(-0.25)


# Causality, buoyancy, optics, rigidity


def test_a_block_falls_that_nothing_touched() -> None:
    truth = broken("untouched_fall")
    upright = 1 - 2 * (truth.quat[:, 1, 1] ** 2 + truth.quat[:, 1, 2] ** 2)  # z of the block's z axis
    first = min((e.t for e in truth.events if "block" in (e.subject, e.object) and e.object != "floor"), default=1.0)
    assert upright[0] > 0.99
    assert upright[truth.times < first].min() < 0.7
    assert upright[-1] < 0.3


def test_what_floats_goes_under_and_water_carries_what_is_on_it() -> None:
    assert broken("wrong_buoyancy").pos[-1, 0, 2] < 0.35
    sunk = broken("volume_change").pos[-1] - plain(basin).truth.pos[-1]
    assert sunk[0] == pytest.approx(sunk[1])
    assert sunk[1, 2] < -0.3


def test_optics_leave_the_things_themselves_alone() -> None:
    valid = plain(mirror)
    thing, glass = (valid.truth.mask(n)[-1] for n in ("ball", "mirror"))
    for kind, allowed in (("shadow_missing", ~glass), ("reflection_missing", glass)):
        take = play(mirror(), SIZE, SIZE, FPS, violation=violation(kind, 1.0))
        changed = (take.clip.frames[-1] != valid.clip.frames[-1]).any(-1)
        assert changed.any()
        assert not (changed & (thing | ~allowed)).any()
        assert np.array_equal(take.truth.parts, valid.truth.parts)
    assert valid.clip.frames[-1][~glass & ~thing].mean() < take_mean("shadow_missing", ~glass & ~thing)


def take_mean(kind: str, where: np.ndarray) -> float:
    frames = play(mirror(), SIZE, SIZE, FPS, violation=violation(kind, 1.0)).clip.frames
    return float(frames[-1][where].mean())


def test_a_bent_thing_is_still_one_thing_and_bends_both_ways() -> None:
    truth, valid = broken("bend"), plain(figure).truth
    area = truth.mask("figure").sum((1, 2)) / valid.mask("figure").sum((1, 2))
    assert np.abs(area - 1).max() < 0.25


# The prompt


def test_a_mirrored_take_projects_to_where_it_is_seen() -> None:
    mirrored, valid = broken("wrong_direction"), plain(bounce).truth
    assert np.array_equal(mirrored.masks, valid.masks[:, :, ::-1])
    for i in (0, 5):
        xy, _ = project(mirrored.intrinsics, mirrored.extrinsics[i], mirrored.pos[i])
        was, _ = project(valid.intrinsics, valid.extrinsics[i], valid.pos[i])
        assert xy == pytest.approx(was * (-1, 1) + (SIZE - 1, 0))
    assert mirrored.tracks.xy[..., 0] == pytest.approx(SIZE - 1 - valid.tracks.xy[..., 0], abs=1e-3)


def test_backwards_is_the_same_take_from_its_end() -> None:
    back, valid = broken("wrong_order"), plain(bounce).truth
    assert np.array_equal(back.pos, valid.pos[::-1])
    assert np.array_equal(back.velocity, -valid.velocity[::-1])
    assert [e.kind for e in back.events if e.subject == "flame"] == ["appears"]


def test_prompt_kinds_change_scenes_that_stay_possible() -> None:
    less = broken("wrong_count")
    assert (less.state[:, less.names.index("c")] == ABSENT).all()
    more = play(bounce(), SIZE, SIZE, FPS, violation=Violation("wrong_count", "ball", 0.0, 1.0, 1.0)).truth
    assert more.names[-1] == "ball" + DOUBLE
    assert (more.state[:, -1] == SEEN).any()
    assert more.pos[5, -1, 2] == pytest.approx(more.pos[5, 0, 2], abs=0.01)  # it falls as well
    assert (broken("event_missing").clock == 0).all()


def test_any_script_can_go_against_its_prompt() -> None:
    kinds = {b.kind for b in prompt_breaks(bounce())}
    assert kinds == {k for k in VIOLATIONS.names() if VIOLATIONS.entry(k).tags == ("prompt",)}
    assert prompt_breaks(script(ball())) == ()
    drawn = draw(bounce(), np.random.default_rng(0), kind="wrong_count", severity=0.3)
    assert (drawn.onset, drawn.duration, drawn.severity) == (0.0, 1.0, 1.0)
    assert draw(bounce(), np.random.default_rng(0), kind="wrong_colour", severity=0.3).severity == 0.3


# draw()


def test_draw_stays_inside_the_window_and_is_deterministic() -> None:
    windows = (Breakable("vanish", "ball", 0.2, 0.4, until=0.7), Breakable("merge", "ball", 0.5, 0.6, other="cube"))
    small = script(ball(), breakable=windows)
    drawn = [draw(small, np.random.default_rng(k)) for k in range(40)]
    assert drawn == [draw(small, np.random.default_rng(k)) for k in range(40)]
    assert {v.kind for v in drawn} == {"vanish", "merge"}
    for v in drawn:
        window = next(w for w in windows if w.kind == v.kind)
        assert window.start <= v.onset <= window.end
        assert v.onset + v.duration == pytest.approx(window.until or small.seconds)
        assert v.other == window.other
        assert LEAST_SEVERITY <= v.severity <= 1
    assert draw(small, np.random.default_rng(0), kind="vanish", severity=0.4).severity == 0.4


def test_what_cannot_be_broken_is_said() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(UsageError, match="Did you mean: vanish"):
        draw(script(ball()), rng, kind="vanihs")
    with pytest.raises(UsageError, match="Available: none"):
        draw(script(ball()), rng)
    for wrong, words in (
        (Violation("vanish", "cube", 0.1, 1.0, 0.5), "no body 'cube'"),
        (Violation("merge", "ball", 0.1, 1.0, 0.5, "cube"), "no body 'cube'"),
        (Violation("merge", "ball", 0.1, 1.0, 0.5), "needs two things"),
        (Violation("vanish", "ball", 0.1, 1.0, 1.5), "severity"),
        (Violation("vanish", "ball", -1.0, 1.0, 0.5), "onset"),
    ):
        with pytest.raises(UsageError, match=words):
            play(script(ball()), 16, 16, 8, violation=wrong)
