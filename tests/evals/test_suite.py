"""Suites: what they expand to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evals import config
from evals.suite import Cell, Suite, model_seed, prompt_of
from simulator.adapters.controls import Reference
from simulator.errors import UsageError
from simulator.scenarios import FAMILIES, make_script
from simulator.script import Script
from simulator.shot import MODES, ends, known_frames
from simulator.workshop.words import OOD_COLOURS


def settings(**changes: Any) -> dict[str, Any]:
    suite = config.load("run", ["suite=smoke"])["suite"]
    return {**suite, **changes}


SCENES = [name for name in config.names("suite") if name != "prompts"]


@pytest.mark.parametrize("name", SCENES)
def test_every_suite_expands_to_distinct_shots_of_all_its_families(name: str) -> None:
    suite = Suite.from_config(config.load("run", [f"suite={name}"])["suite"])
    cells = suite.cells()
    assert suite.name == name
    assert len({cell.id for cell in cells}) == len(cells) == len(suite.families) * suite.seeds * len(suite.modes)
    assert {cell.family for cell in cells} == set(suite.families)


def test_seed_offset_gives_fresh_scenes_and_the_same_seed_the_same() -> None:
    plain, shifted = Suite.from_config(settings(seeds=2)), Suite.from_config(settings(seeds=2), seed_offset=2)
    assert {c.seed for c in plain.cells()} == {0, 1}
    assert {c.seed for c in shifted.cells()} == {2, 3}
    cell = plain.cells()[0]
    assert plain.script(cell) == plain.script(cell)


def test_phrasings_take_their_turn() -> None:
    suite = Suite.from_config(settings(seeds=4, families="drop_bounce", modes="prompt"))
    scripts = [suite.script(cell) for cell in suite.cells()]
    told = [script.prompts.index(prompt_of(script)) for script in scripts]
    assert len(set(told)) == min(4, len(scripts[0].prompts))


def test_a_models_seed_depends_on_the_root_seed_and_the_shot_alone() -> None:
    seeds = {model_seed(root, shot) for root in range(20) for shot in ("a", "b", "ab")}
    assert len(seeds) == 60
    assert model_seed(3, "a") == model_seed(3, "a")


@pytest.mark.parametrize("frames", [3, 9, 16, 17, 80])
@pytest.mark.parametrize("fps", [1.0, 7.5, 8.0, 24.0])
def test_a_mode_gives_away_what_it_says(frames: int, fps: float) -> None:
    known = {mode: known_frames(mode, frames, fps) for mode in MODES}
    assert known["prompt"] == ()
    assert known["first_second"] == tuple(i for i in range(frames) if i / fps < 1.0)
    assert known["last_frames"] == tuple(sorted(frames - 1 - i for i in known["first_frames"]))
    assert known["both_ends"] == tuple(sorted({frames - 1 - i for i in known["both_ends"]}))
    assert {0, frames - 1} <= set(known["both_ends"])
    assert len(known["first_frames"]) == max(1, frames // 4)
    assert ends(known["both_ends"], frames)[0] == max(1, frames // 8)
    for some in known.values():
        head, tail = ends(some, frames)
        assert some == (*range(head), *range(frames - tail, frames))


@pytest.mark.parametrize("mode", MODES)
def test_known_frames_are_those_of_the_true_clip(mode: str) -> None:
    suite = Suite.from_config(settings(families="drop_bounce", modes=[mode], height=32, width=32))
    shot = suite.shot(Cell("drop_bounce", 0, mode), 0)
    true = Reference().generate(shot)
    assert tuple(sorted(shot.known)) == suite.known(mode)
    assert all(np.array_equal(true.frames[i], frame) for i, frame in shot.known.items())


def test_the_full_suite_is_everything() -> None:
    suites = {name: Suite.from_config(config.load("run", [f"suite={name}"])["suite"]) for name in SCENES}
    full = suites.pop("full")
    assert full.families == tuple(FAMILIES.names())
    assert full.modes == MODES
    assert (full.height, full.width) == (256, 256)
    assert full.seeds > max(suite.seeds for suite in suites.values())


def test_clips_of_the_ood_suite_last_longer_than_any_that_training_sees() -> None:
    data = config.load("train")["data"]
    shapes = [(data["frames"], data["fps"]), *((shape[0], shape[3]) for shape in data["more"]), (32, 8.0)]
    ood = Suite.from_config(config.load("run", ["suite=ood"])["suite"])
    assert ood.seconds > max(frames / fps for frames, fps in shapes)


QUICK = [  # families whose scripts take little time
    "candle_blowout", "chair_at_rest", "camera_orbit", "camera_cut", "shell_game", "drop_bounce", "collision",
    "dominoes", "tower", "ramp", "pendulum", "containment", "cloth_flag", "support_removed",
]  # fmt: skip


@pytest.mark.parametrize("family", QUICK)
def test_the_ood_split_draws_from_outside_the_training_range(family: str) -> None:
    """Every scene is outside in at least one number, and has a colour that training never shows."""
    trained = [make_script(family, seed, split="train") for seed in range(12)]
    numbers = {key for script in trained for key, value in script.parameters.items() if not isinstance(value, str)}
    seen = {key: [float(s.parameters[key]) for s in trained if key in s.parameters] for key in numbers}
    ranges = {key: (min(values), max(values)) for key, values in seen.items()}

    def outside(script: Script) -> set[str]:
        told = {key: float(script.parameters[key]) for key in numbers if key in script.parameters}
        return {key for key, value in told.items() if not ranges[key][0] <= value <= ranges[key][1]}

    def colours(script: Script) -> set[str]:
        return {thing.colour for thing in script.inventory} & set(OOD_COLOURS)

    for seed in range(6):
        script = make_script(family, seed, split="ood")
        assert outside(script)
        assert colours(script)
    assert not any(colours(script) for script in trained)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"families": ["drop_bonce"]}, "unknown family 'drop_bonce'. Did you mean: drop_bounce"),
        ({"modes": ["first_frame"]}, "unknown mode 'first_frame'. Did you mean: first_frames"),
        ({"split": "tset"}, "unknown split 'tset'. Did you mean: test"),
        ({"families": []}, "suite.families is empty"),
        ({"seeds": 0}, "suite.seeds=0 is outside 1"),
        ({"fps": 0.0}, "suite.fps=0.0 is outside"),
        ({"height": 4}, "suite.height=4 is outside"),
        ({"difficulty": 1.5}, "suite.difficulty=1.5 is outside 0 to 1"),
        (
            {"modes": ["first_second"], "seconds": 1.0},
            "mode first_second knows 8 frames and suite.seconds=1.0 has no more; ask for more seconds",
        ),
        ({"modes": ["both_ends"], "seconds": 0.25}, "mode both_ends knows 2 frames"),
        ({"file": "a.csv"}, "suite=prompts has no scenes to play"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says.replace(".", r"\.")):
        Suite.from_config(settings(**changes))
