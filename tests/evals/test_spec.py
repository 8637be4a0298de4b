"""Specs: equal if and only if they ask the same; a folder holds one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.spec import canonical, claim, differences, digest
from simulator.errors import UsageError

SPEC: dict[str, Any] = {"model": {"name": "noise"}, "seed": 0, "scoring": {"perception": "classical"}}
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text(), trees, max_size=4))
def test_a_spec_survives_json_and_the_order_of_its_keys(spec: dict[str, Any]) -> None:
    again = json.loads(json.dumps(dict(reversed(spec.items()))))
    assert digest(again) == digest(spec)
    assert json.loads(canonical(spec)) == spec


def test_differences_name_the_keys() -> None:
    other = {"model": {"name": "frozen"}, "scoring": {"perception": "classical"}, "size": 3}
    assert differences(SPEC, other) == ['model.name: "noise" -> "frozen"', "seed: 0 -> null", "size: null -> 3"]
    assert differences(SPEC, SPEC) == []


def test_a_folder_holds_one_run(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    assert claim(folder, SPEC) == SPEC
    assert claim(folder, SPEC) == SPEC
    rescored = {**SPEC, "scoring": {"perception": "oracle"}}
    assert claim(folder, rescored) == SPEC
    with pytest.raises(UsageError, match=r"holds another run \(seed: 0 -> 1\); choose another out="):
        claim(folder, {**SPEC, "seed": 1})


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match="not empty and not a run folder"):
        claim(tmp_path, SPEC)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
