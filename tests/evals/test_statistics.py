"""Statistics against scipy, closed forms and simulations of what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics import (
    ALPHA,
    EXACT_CELLS,
    FLIPS,
    MANY_FAMILIES,
    adjusted,
    benjamini_hochberg,
    mean_interval,
    no_worse,
    sign_flip_test,
    sign_flip_tests,
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
    drawn = rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0], (400, n))
    alarms = np.mean(sign_flip_tests(list(drawn), n) <= ALPHA)
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
        low, high = mean_interval(values, names)
        hits += low <= truth <= high
    assert 0.93 - 0.02 <= hits / 400 <= 0.97 + 0.02


def test_interval_of_cells_that_are_not_skewed_is_students() -> None:
    half = np.random.default_rng(1).normal(0, 1, 40)
    values = np.concatenate([half, -half])
    low, high = mean_interval(values, np.full(80, "a"))
    reference = scipy.stats.ttest_1samp(values, 0).confidence_interval()
    assert (low, high) == pytest.approx((reference.low, reference.high), rel=1e-9)


@pytest.mark.parametrize("families", [4, 12])
def test_interval_has_the_spread_and_skewness_of_a_bootstrap(families: int) -> None:
    """Drawn here, cells within families or whole families; both but for the factors that take out their bias."""
    rng = np.random.default_rng(families)
    group = np.repeat(np.arange(families), 15)
    values = rng.exponential(1, len(group)) + 0.2 * group
    if families >= MANY_FAMILIES:
        sums = np.bincount(group, values) / 15
        drawn = sums[rng.integers(families, size=(100_000, families))].mean(1)
        n, freedom = families, families - 1
    else:
        n, freedom = 15, 14 * families
        parts = [values[group == f][rng.integers(15, size=(100_000, 15))].mean(1) for f in range(families)]
        drawn = np.mean(parts, axis=0)
    error = drawn.std() * np.sqrt(n / (n - 1))
    skewness = scipy.stats.skew(drawn) * (n * n / ((n - 1) * (n - 2))) / (n / (n - 1)) ** 1.5
    t = scipy.stats.t.ppf(1 - ALPHA / 2, freedom)
    low, high = mean_interval(values, np.array([f"family {g}" for g in group]))
    assert values.mean() - low == pytest.approx(t * error, rel=0.01)
    assert high - values.mean() == pytest.approx((t + skewness * (2 * t * t + 1) / 6) * error, rel=0.02)


@pytest.mark.parametrize(("k", "n"), [(1, 20), (3, 60), (10, 200), (5, 500)])
def test_far_end_of_a_rare_outcome_is_wilsons(k: int, n: int) -> None:
    values = np.arange(n) < k
    assert mean_interval(values.astype(float), np.full(n, "a"))[1] == pytest.approx(wilson(k, n)[1], rel=0.1)


def test_interval_of_the_negative_is_the_negative() -> None:
    values, names = np.random.default_rng(2).exponential(1, 40), np.repeat(["a", "b"], 20)
    low, high = mean_interval(values, names)
    assert mean_interval(-values, names) == pytest.approx((-high, -low))


def test_interval_ignores_what_differs_between_given_families() -> None:
    names = np.repeat(["a", "b"], 20)
    noise = np.random.default_rng(0).normal(0, 0.1, 40)
    apart = np.subtract(*mean_interval(noise + 5.0 * (names == "a"), names))
    together = np.subtract(*mean_interval(noise, names))
    assert apart == pytest.approx(together, rel=1e-6)


@pytest.mark.parametrize("n", [20, 150])
def test_interval_of_equal_values_is_not_a_point(n: int) -> None:
    low, high = mean_interval(np.ones(n), np.full(n, "a"), (0.0, 1.0))
    assert high == 1.0
    assert low == pytest.approx(scipy.stats.binomtest(n, n).proportion_ci().low)  # Clopper and Pearson


def test_interval_of_families_without_any_spread_inside_is_not_a_point() -> None:
    low, high = mean_interval(np.repeat([1.0, 0.0], 10), np.repeat(["a", "b"], 10), (0.0, 1.0))
    assert low < 0.5 < high


def test_interval_of_one_cell_is_unknown() -> None:
    assert np.isnan(mean_interval(np.array([0.3]), np.array(["a"]))).all()


def test_interval_with_families_of_one_cell_each() -> None:
    values = np.array([0.1, 0.5, 0.3, 0.8, 0.2, 0.6])
    assert mean_interval(values, np.array(list("abcdef"))) == mean_interval(values, np.full(6, "a"))


def test_groups_share_the_error_equally() -> None:
    groups = [np.array([0.01, 0.2]), np.array([0.004, 0.5, np.nan])]
    together = adjusted(groups)
    for p, q in zip(groups, together, strict=True):
        np.testing.assert_allclose(q, np.minimum(1, 2 * benjamini_hochberg(p)))
    np.testing.assert_array_equal(adjusted(groups[:1])[0], benjamini_hochberg(groups[0]))


def test_no_worse_is_the_one_sided_t_test_against_the_margin() -> None:
    """On cells that are not skewed: scipy's p for "the mean is at most -margin", at half of 5 %."""
    half = np.random.default_rng(4).normal(0, 0.1, 20)
    values, names = np.concatenate([half, -half]), np.full(40, "a")
    for margin in np.linspace(0.01, 0.08, 29):
        p = scipy.stats.ttest_1samp(values, -margin, alternative="greater").pvalue
        assert no_worse(mean_interval(values, names), margin) == (p < ALPHA / 2)


def test_without_any_difference_the_rule_of_three_decides() -> None:
    """n cells without a loss leave 1 - 0.025^(1 / n) possible, less than 2 points from 183 on."""
    shown = [no_worse(mean_interval(np.zeros(n), np.full(n, "a"), (-1.0, 1.0))) for n in (182, 183)]
    assert shown == [False, True]


def test_what_is_unknown_is_not_shown() -> None:
    assert not no_worse(mean_interval(np.zeros(0), np.zeros(0, str)))


@pytest.mark.parametrize("n", [12, 60])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_smallest_detectable_change_is_found_in_four_of_five(n: int, alpha: float) -> None:
    """Also where all cells change a little. A change of some cells by much is simulated in tests/benchmarks."""
    rng = np.random.default_rng(n)
    d = rng.normal(0, 1, n)
    change = smallest_detectable(d, alpha)
    found = np.mean(sign_flip_tests(list(rng.normal(change, d.std(ddof=1), (400, n))), 0) <= alpha)
    assert found >= 0.8


def test_smallest_detectable_change_follows_its_formula() -> None:
    """Written out for 1 in 10 lost and 1 in 10 won, where J is 1."""
    d = np.repeat([1.0, -1.0, 0.0], [10, 10, 80])
    change = smallest_detectable(d)
    q = scipy.stats.t.ppf(0.975, 99) + scipy.stats.t.ppf(0.8, 99)
    assert 100 * change**2 == pytest.approx(q**2 * (d.var(ddof=1) + change))
    assert smallest_detectable(3 * d) == pytest.approx(3 * change)


def test_smallest_detectable_change_is_unknown_without_spread_and_where_nothing_can_be_found() -> None:
    assert np.isnan(smallest_detectable(np.zeros(50)))
    assert np.isnan(smallest_detectable(np.array([0.0, 1.0, 0.0])))
    ten = np.random.default_rng(0).normal(0, 1, 10)
    assert sign_flip_test(np.abs(ten), np.random.default_rng(0)) == 2 / 2**10  # the least there is
    assert np.isfinite(smallest_detectable(ten, 2 / 2**10))
    assert np.isnan(smallest_detectable(ten, 1.9 / 2**10))
    assert np.isnan(smallest_detectable(np.random.default_rng(0).normal(0, 1, EXACT_CELLS + 9), 0.9 / (1 + FLIPS)))
