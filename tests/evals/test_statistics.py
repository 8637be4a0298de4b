"""Statistics against scipy, closed forms and simulations of what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics import (
    MANY_FAMILIES,
    benjamini_hochberg,
    mean_interval,
    sign_flip_test,
    smallest_detectable,
    wilson,
)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (0, 20), (3, 7), (15, 30), (60, 60)])
def test_wilson_is_scipys(k: int, n: int) -> None:
    reference = scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
    assert wilson(k, n) == pytest.approx((reference.low, reference.high), abs=1e-9)


def test_wilson_of_nothing_is_unknown() -> None:
    assert np.isnan(wilson(0, 0)).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_is_scipys(p: list[float]) -> None:
    np.testing.assert_allclose(benjamini_hochberg(np.array(p)), scipy.stats.false_discovery_control(p), atol=1e-12)


def test_benjamini_hochberg_leaves_out_what_was_not_tested() -> None:
    adjusted = benjamini_hochberg(np.array([0.01, np.nan, 0.04]))
    np.testing.assert_allclose(adjusted[[0, 2]], scipy.stats.false_discovery_control([0.01, 0.04]))
    assert np.isnan(adjusted[1])


@pytest.mark.parametrize("n", [3, 8, 14])
def test_sign_flip_is_scipys_exact_permutation_test(n: int) -> None:
    d = np.random.default_rng(n).normal(0.5, 1, n)
    reference = scipy.stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=2**n)
    assert sign_flip_test(d, np.random.default_rng(0)) == pytest.approx(reference.pvalue)


def test_sign_flip_on_binary_outcomes_is_mcnemars_exact_test() -> None:
    d = np.repeat([1.0, -1.0, 0.0], [9, 2, 30])
    assert sign_flip_test(d, np.random.default_rng(0)) == pytest.approx(scipy.stats.binomtest(9, 11).pvalue)


def test_sign_flip_by_draws_agrees_with_the_exact_p() -> None:
    d = np.repeat([1.0, -1.0], [30, 15])
    exact = scipy.stats.binomtest(30, 45).pvalue
    assert sign_flip_test(d, np.random.default_rng(0)) == pytest.approx(exact, abs=0.005)


def test_no_difference_at_all_is_no_evidence() -> None:
    assert sign_flip_test(np.zeros(40), np.random.default_rng(0)) == 1.0


@pytest.mark.parametrize("n", [6, 20, 40])
def test_false_alarms_of_the_sign_flip_test(n: int) -> None:
    rng = np.random.default_rng(n)
    alarms = np.mean([sign_flip_test(rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0], n), rng) <= 0.05 for _ in range(400)])
    assert alarms <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.parametrize(
    ("families", "per"), [(6, (2, 3, 4, 5, 3, 3)), (6, (10,) * 6), (6, (20,) * 6), (3, (7,) * 3), (12, (5,) * 12)]
)
@pytest.mark.parametrize("shape", ["normal", "three-valued"])
def test_coverage_of_the_interval(families: int, per: tuple[int, ...], shape: str) -> None:
    """93 to 97 % for 20 to 200 cells, give or take the error of 400 simulations; families differ from each other."""
    rng = np.random.default_rng(families * 1000 + sum(per))
    names = np.repeat([f"family {i}" for i in range(families)], per)
    effects = np.linspace(-0.2, 0.2, families)
    many, hits = families >= MANY_FAMILIES, 0
    truth = 0.0 if many else float(np.repeat(effects, per).mean())
    for _ in range(400):
        drawn = rng.normal(0, 0.2, families).clip(-0.4, 0.4) if many else effects
        mean = np.repeat(drawn, per)
        if shape == "normal":
            values = mean + rng.normal(0, 0.3, len(mean))
        else:
            values = (rng.random(len(mean)) < 0.5 + mean) * 1.0 - (rng.random(len(mean)) < 0.5)
        low, high = mean_interval(values, names, rng)
        hits += low <= truth <= high
    assert 0.93 - 0.02 <= hits / 400 <= 0.97 + 0.02


def test_interval_of_one_big_family_is_students() -> None:
    values = np.random.default_rng(1).normal(0, 1, 80)
    low, high = mean_interval(values, np.full(80, "a"), np.random.default_rng(0))
    reference = scipy.stats.ttest_1samp(values, 0).confidence_interval()
    assert (low, high) == pytest.approx((reference.low, reference.high), abs=0.02)


def test_interval_ignores_what_differs_between_given_families() -> None:
    names = np.repeat(["a", "b"], 20)
    noise = np.random.default_rng(0).normal(0, 0.1, 40)
    apart = np.subtract(*mean_interval(noise + 5.0 * (names == "a"), names, np.random.default_rng(0)))
    together = np.subtract(*mean_interval(noise, names, np.random.default_rng(0)))
    assert apart == pytest.approx(together, rel=1e-6)


def test_interval_of_equal_values_is_not_a_point() -> None:
    low, high = mean_interval(np.ones(20), np.full(20, "a"), np.random.default_rng(0), (0.0, 1.0))
    assert high == 1.0
    assert low == pytest.approx(scipy.stats.binomtest(20, 20).proportion_ci().low)  # Clopper and Pearson


def test_interval_of_one_cell_is_unknown() -> None:
    assert np.isnan(mean_interval(np.array([0.3]), np.array(["a"]), np.random.default_rng(0))).all()


def test_interval_with_families_of_one_cell_each() -> None:
    values = np.array([0.1, 0.5, 0.3, 0.8, 0.2, 0.6])
    low, high = mean_interval(values, np.array(list("abcdef")), np.random.default_rng(0))
    assert low < values.mean() < high


@pytest.mark.parametrize("n", [12, 60])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_smallest_detectable_change_is_found_in_four_of_five(n: int, alpha: float) -> None:
    rng = np.random.default_rng(n)
    d = rng.normal(0, 1, n)
    change = smallest_detectable(d, alpha)
    found = np.mean([sign_flip_test(rng.normal(change, d.std(ddof=1), n), rng) <= alpha for _ in range(400)])
    assert 0.72 <= found <= 0.88


def test_smallest_detectable_change_is_unknown_without_spread() -> None:
    assert np.isnan(smallest_detectable(np.zeros(50)))
    assert np.isnan(smallest_detectable(np.array([0.0, 1.0, 0.0])))


def test_same_seed_same_numbers() -> None:
    values, names = np.random.default_rng(3).normal(size=30), np.repeat(["a", "b", "c"], 10)
    twice = [mean_interval(values, names, np.random.default_rng(5)) for _ in range(2)]
    assert twice[0] == twice[1]
