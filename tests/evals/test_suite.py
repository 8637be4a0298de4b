"""Suites: what they expand to."""

from __future__ import annotations

from typing import Any

import pytest

from evals import config
from evals.suite import Suite, model_seed, prompt_of
from simulator.errors import UsageError


def settings(**changes: Any) -> dict[str, Any]:
    suite = config.load("run", ["suite=smoke"])["suite"]
    return {**suite, **changes}


@pytest.mark.parametrize("name", config.names("suite"))
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
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says.replace(".", r"\.")):
        Suite.from_config(settings(**changes))
