"""What stops a change: exactly the rows that the gate names."""

from __future__ import annotations

from typing import Any

import pytest

from evals.comparison import BETTER, UNCHANGED, WORSE, Row
from evals.gates import Gate
from simulator.errors import UsageError

CONFIG = {"fail_on": "regression", "margin": 0.02, "margins": {}}


def row(verdict: str = UNCHANGED, family: str | None = None, no_worse: bool = False) -> Row:
    return Row("permanence", family, 10, 0.5, 0.5, 0.0, -0.1, 0.1, 0.5, 0.5, verdict, 0.1, 0.02, no_worse)


@pytest.mark.parametrize("verdict", [BETTER, WORSE, UNCHANGED])
@pytest.mark.parametrize("family", [None, "drop_bounce"])
@pytest.mark.parametrize("no_worse", [False, True])
def test_gates(verdict: str, family: str | None, no_worse: bool) -> None:
    one = row(verdict, family, no_worse)
    fails = {mode: Gate(mode).fails(one) for mode in ("regression", "not_equivalent", "never")}
    regressed = verdict == WORSE and not no_worse
    assert fails == {
        "regression": regressed,
        "not_equivalent": regressed or (family is None and not no_worse),
        "never": False,
    }


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"fail_on": "regresion"}, "unknown fail_on 'regresion'. Did you mean: regression"),
        ({"margin": 2}, "margin=2 is not in"),
        ({"margins": 0.05}, "should be like margins={permanence:0.05}"),
        ({"margins": {"permanence": -0.1}}, "permanence=-0.1 is not in"),
        ({"margins": {"permanence": "x"}}, "permanence=x is not in"),
    ],
)
def test_slips(keys: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Gate.from_config(CONFIG | keys)


def test_from_the_verbs_keys() -> None:
    assert Gate.from_config(CONFIG) == Gate()
    assert Gate.from_config(CONFIG | {"margins": {"clean": 0}}).margins == {"clean": 0.0}
