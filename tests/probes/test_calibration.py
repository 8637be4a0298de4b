import itertools

import numpy as np
import pytest

from probes.calibration import CAP, Table, dumps, load, loads
from probes.calibration.fitting import FALSE_ALARMS, fit
from simulator.errors import UsageError

LAWS = ("gone", "changed")


def table(**weights: float) -> Table:
    return Table("permanence", 1, "classical-v1", 2.0, weights, 10, 10)


def test_value_is_the_logistic_function_of_the_weighed_strengths():
    t = table(gone=3.0, changed=1.0)
    assert t.value({"gone": 0.0, "changed": 0.0}) == pytest.approx(1 / (1 + np.exp(-2)))
    assert t.value({"gone": 1.0, "changed": 0.5}) == pytest.approx(1 / (1 + np.exp(1.5)))


def test_more_evidence_never_raises_the_value_and_the_cap_bounds_it():
    t = table(gone=3.0, changed=1.0)
    values = [t.value({"gone": s, "changed": 0.0}) for s in np.linspace(0, 10, 50)]
    assert all(a >= b for a, b in itertools.pairwise(values))
    assert values[-1] == t.value({"gone": CAP, "changed": 0.0}) > 0


def test_tables_survive_the_file():
    t = table(gone=3.0)
    assert loads(dumps([t])) == {"classical-v1": t}


def test_an_unknown_perception_is_an_error_that_names_the_next_step():
    with pytest.raises(UsageError, match=r"no calibration table for guess-v9 .*worldassay calibrate"):
        load("permanence", 1, "guess", 9)


def sample(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Strengths and labels drawn from a known logistic model: logit of valid = 3 - 4 gone, whatever `changed` is."""
    x = rng.exponential(0.7, (count, 2))
    return x, rng.random(count) > 1 / (1 + np.exp(-(3 - 4 * np.minimum(x[:, 0], CAP))))


def test_fit_finds_the_weights_that_made_the_data():
    x, y = sample(np.random.default_rng(0), 4000)
    fitted = fit(x, y, LAWS, probe="permanence", version=1, perception="oracle-v1")
    assert fitted.weights["gone"] > 5 * fitted.weights["changed"]
    assert 0.5 < fitted.intercept / fitted.weights["gone"] / 0.75 < 2.5  # the line lies near 0.75, or above for safety
    assert fitted.valid + fitted.violated == 4000


def test_hardly_any_valid_take_lies_below_the_line():
    x, y = sample(np.random.default_rng(1), 1000)
    fitted = fit(x, y, LAWS, probe="permanence", version=1, perception="oracle-v1")
    below = [fitted.value(dict(zip(LAWS, row, strict=True))) < 0.5 for row in x[~y]]
    assert np.mean(below) <= FALSE_ALARMS + 1 / len(below)


def test_fit_does_not_depend_on_the_order_of_the_takes():
    x, y = sample(np.random.default_rng(2), 300)
    order = np.random.default_rng(3).permutation(300)
    a = fit(x, y, LAWS, probe="p", version=1, perception="oracle-v1")
    b = fit(x[order], y[order], LAWS, probe="p", version=1, perception="oracle-v1")
    assert a.intercept == pytest.approx(b.intercept, abs=1e-2)
    assert a.weights == pytest.approx(b.weights, abs=1e-2)


def test_fit_needs_both_classes():
    with pytest.raises(ValueError, match="valid and violated"):
        fit(np.zeros((5, 2)), np.zeros(5, bool), LAWS, probe="p", version=1, perception="oracle-v1")
