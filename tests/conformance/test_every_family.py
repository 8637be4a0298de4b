"""What holds for every registered family: its data is sound, and what a script promises happens when it is played."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from simulator.scenarios import FAMILIES, SPLITS, make_script
from simulator.scene import Scene
from simulator.script import Expected, Script
from simulator.stage import play
from simulator.truth import ABSENT, HIDDEN, OUT, SEEN, Take
from simulator.violations import VIOLATIONS

SIZE, FPS = 32, 16.0
SEEDS = range(6)

every_family = pytest.mark.parametrize("family", FAMILIES.names())


@every_family
@pytest.mark.parametrize("seconds", [1.0, 2.0, 3.7, 8.0])
@pytest.mark.parametrize("split", SPLITS)
def test_data_is_sound(family: str, split: str, seconds: float) -> None:
    for seed in range(8):
        script = make_script(family, seed, split=split, seconds=seconds, difficulty=seed / 7)
        assert (script.family, script.seed, script.split, script.seconds) == (family, seed, split, seconds)
        names = [body.name for body in script.scene.bodies]
        assert len(set(names)) == len(names)
        for thing in script.inventory:
            body = script.scene.body(thing.name)
            assert (body.noun, body.colour, body.role) == (thing.noun, thing.colour, "thing")
        assert {b.name for b in script.scene.bodies if b.role == "thing"} == {t.name for t in script.inventory}
        for event in script.expected:
            assert 0.0 <= event.start < event.end <= seconds
            assert event.subject in names
            assert event.object is None or event.object in names
        for way in script.breakable:
            assert way.kind in VIOLATIONS.names()
            assert way.body is None or way.body in names
            assert 0.0 < way.start <= way.end < seconds
        assert len({way.kind for way in script.breakable}) >= 2
        for body in script.scene.bodies:
            times = [key.t for key in body.keys]
            assert times == sorted(times)
            assert (body.motion == "scripted") == bool(times)


@every_family
@pytest.mark.parametrize("split", ["train", "ood"])
def test_prompts_tell_what_varies(family: str, split: str) -> None:
    for seed in range(8):
        script = make_script(family, seed, split=split)
        assert len(script.prompts) >= 8
        assert len(set(script.prompts)) == len(script.prompts)
        assert len(set(script.counterfactuals)) == len(script.counterfactuals) >= 4
        assert not set(script.prompts) & set(script.counterfactuals)
        main = script.inventory[0]
        for line in (*script.prompts, *script.counterfactuals):
            assert "{" not in line
            assert line[0].isupper()
        for prompt in script.prompts:
            assert main.colour in prompt.lower()
            assert main.noun in prompt.lower()
            if "side" in script.parameters and script.parameters["side"] != "none":
                assert script.parameters["side"] in prompt.lower()


@every_family
def test_seeds_and_splits_differ(family: str) -> None:
    scripts = [make_script(family, seed, split=split) for seed in range(3) for split in SPLITS]
    assert all(a.scene != b.scene for i, a in enumerate(scripts) for b in scripts[:i])


@pytest.mark.slow
def test_same_arguments_same_script_and_frames_in_another_process() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = list(pool.map(_made_and_played, FAMILIES.names()))
    assert there == [_made_and_played(family) for family in FAMILIES.names()]


def _made_and_played(family: str) -> tuple[Script, str]:
    script = make_script(family, 3, split="train", difficulty=0.7)
    return script, play(script, SIZE, SIZE, FPS, frames=4).clip.digest


@pytest.mark.slow
@every_family
def test_what_a_script_promises_happens(family: str) -> None:
    for seed in SEEDS:
        script = make_script(family, seed, split="ood" if seed == 5 else "test", seconds=1.0 if seed == 4 else 2.0)
        take = play(script, SIZE, SIZE, FPS)
        for thing in script.inventory:
            assert (_state(take, thing.name) == SEEN).any(), (family, seed, thing)
        for event in script.expected:
            assert keeps(take, script.scene, event), (family, seed, event)
        if family == "camera_orbit":
            assert np.ptp(take.truth.pos, axis=0).max() < 1e-3


def keeps(take: Take, scene: Scene, event: Expected) -> bool:
    """Whether the take's truth agrees with the event; one frame's time of tolerance after the window."""
    truth, name = take.truth, event.subject
    state, pos = _state(take, name), truth.pos[:, truth.names.index(name)]
    inside = (truth.times >= event.start) & (truth.times <= event.end)
    match event.kind:
        case "present":
            return state[0] == SEEN and ABSENT not in state[inside]
        case "leaves_frame":
            return _within(truth.times[_first(state == OUT)], event)
        case "hidden_by":
            return _within(truth.times[_first(state == HIDDEN)], event)
        case "returns" | "revealed":
            gone = np.flatnonzero(state == (OUT if event.kind == "returns" else HIDDEN))
            share = 0.25 if event.kind == "returns" else 0.12
            whole = len(gone) == gone[-1] - gone[0] + 1 >= share * len(state)
            return whole and state[-1] == SEEN and _within(truth.times[gone[-1] + 1], event)
        case "falls":
            rows = _project(take, pos)[:, 1]
            return float(rows[inside].max() - rows[inside][0]) > 0.15 * SIZE
        case "bounces":
            speed = truth.velocity[:, truth.names.index(name), 2]
            turn = _first((speed[1:] > 0.1) & (np.minimum.accumulate(speed)[:-1] < -0.5)) + 1
            return event.start <= truth.times[turn] and truth.times[turn - 1] <= event.end
        case "passes_through":
            crossings = _crossings(take, scene, name, str(event.object))
            return [through for _, through in crossings[:1]] == [True] and _within(crossings[0][0], event)
        case "goes_out":
            before, after, lit = truth.times < event.start, truth.times > event.end, _lit(take)
            alive = (state[before] == SEEN).all() and lit[0]
            return bool(alive and (state[after] != SEEN).all() and not lit[after].any())
        case "stays_lit":
            return bool((state == SEEN).all() and _lit(take).all())
        case "moves_left" | "moves_right":
            columns = _project(take, pos)[inside, 0]
            return float(columns[-1] - columns[0]) * (1 if event.kind == "moves_right" else -1) > 0.2 * SIZE
        case "camera_orbits":
            return abs(_turned(take, pos[0])) > math.radians(20)
    raise AssertionError(f"no check for {event.kind}")


def test_a_ball_on_the_rim_does_not_go_through() -> None:
    scripts = (make_script("ball_through_hoop", seed) for seed in range(40))
    rims = [script for script in scripts if script.parameters["way"] == "rim"][:3]
    assert rims
    for script in rims:
        take = play(script, SIZE, SIZE, FPS)
        assert not any(through for _, through in _crossings(take, script.scene, "ball", "hoop"))


def _state(take: Take, name: str) -> np.ndarray:
    return take.truth.state[:, take.truth.names.index(name)]


def _first(condition: np.ndarray) -> int:
    assert condition.any()
    return int(np.argmax(condition))


def _within(t: float, event: Expected) -> bool:
    return event.start <= t <= event.end + 1 / FPS


def _project(take: Take, pos: np.ndarray) -> np.ndarray:
    """(T, 2) column and row of world points (T, 3)."""
    truth = take.truth
    seen = np.einsum("tij,tj->ti", truth.extrinsics[:, :3], np.c_[pos, np.ones(len(pos))]) @ truth.intrinsics.T
    return np.asarray(seen[:, :2] / seen[:, 2:])


def _crossings(take: Take, scene: Scene, name: str, ring: str) -> list[tuple[float, bool]]:
    """When the centre of `name` crosses the plane of the ring, and whether it is then wholly inside the opening."""
    truth = take.truth
    i, j = truth.names.index(name), truth.names.index(ring)
    w, x, y, z = truth.quat[0, j]
    axis = np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
    tube = scene.body(ring).geoms[0]
    opening = math.hypot(tube.pos[0], tube.pos[1]) - tube.size[0] - scene.body(name).geoms[0].size[0]
    off = truth.pos[:, i] - truth.pos[0, j]
    height = off @ axis
    out = []
    for k in np.flatnonzero(np.sign(height[1:]) != np.sign(height[:-1])):
        part = height[k] / (height[k] - height[k + 1])
        at = off[k] + part * (off[k + 1] - off[k])
        aside = float(np.linalg.norm(at - (at @ axis) * axis))
        out.append((float(truth.times[k] + part / FPS), aside < opening))
    return out


def _lit(take: Take) -> np.ndarray:
    """(T,) whether the picture holds a bright, warm spot as a flame has: judged by the pixels alone."""
    rgb = take.clip.frames.astype(int)
    warm = (rgb[..., 0] > 220) & (rgb[..., 1] > 120) & (rgb[..., 2] < 140) & (rgb[..., 0] - rgb[..., 2] > 110)
    middle = warm[:, :, SIZE * 3 // 8 : SIZE * 5 // 8]
    return np.asarray(middle.sum((1, 2)) >= 3)


def _turned(take: Take, subject: np.ndarray) -> float:
    """Radians by which the camera turns about the vertical through the clip."""
    right = take.truth.extrinsics[:, 0, :3]
    return float(np.unwrap(np.arctan2(right[:, 1], right[:, 0]))[-1] - np.arctan2(right[0, 1], right[0, 0]))
