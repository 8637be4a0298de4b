"""AUROC, rank correlations, clustered intervals and calibration error, against second implementations."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics import (
    auroc,
    calibration_error,
    clustered_interval,
    fisher_interval,
    mean_interval,
    partial_spearman,
    reliability,
    spearman,
    wins,
)

SCORES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=12).map(np.array)


def pairs(positive: np.ndarray, negative: np.ndarray) -> float:
    """The share of pairs that the positive wins, counted one by one."""
    won = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative]
    return sum(won) / len(won)


@given(SCORES, SCORES)
def test_auroc_counts_pairs(positive: np.ndarray, negative: np.ndarray) -> None:
    assert auroc(positive, negative) == pytest.approx(pairs(positive, negative))
    assert auroc(negative, positive) == pytest.approx(1 - pairs(positive, negative))


def test_auroc_of_nothing_is_unknown() -> None:
    assert np.isnan(auroc(np.array([]), np.array([1.0])))


@given(SCORES, SCORES, st.integers(1, 4))
def test_wins_by_group_add_up_to_the_auroc(positive: np.ndarray, negative: np.ndarray, count: int) -> None:
    groups = np.arange(len(positive)) % count, np.arange(len(negative)) % count
    won, told = wins(positive, negative, groups, count)
    assert told.sum() == len(positive) * len(negative)
    assert won.sum() / told.sum() == pytest.approx(pairs(positive, negative))
    for a in range(count):
        for b in range(count):
            some, others = positive[groups[0] == a], negative[groups[1] == b]
            if len(some) and len(others):
                assert won[a, b] / told[a, b] == pytest.approx(pairs(some, others))


def test_spearman_is_scipys_and_row_by_row() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 6, (4, 20)).astype(float), rng.normal(size=20)
    np.testing.assert_allclose(spearman(x, y), [scipy.stats.spearmanr(row, y).statistic for row in x])
    assert np.isnan(spearman(np.ones(5), np.arange(5.0)))


def test_partial_correlation_is_that_of_the_inverse_of_the_matrix_of_correlations() -> None:
    rng = np.random.default_rng(1)
    given_ = rng.normal(size=(60, 2))
    x, y = given_[:, 0] + rng.normal(size=60), given_ @ [1.0, 2.0] + rng.normal(size=60)
    inverse = np.linalg.inv(scipy.stats.spearmanr(np.column_stack([x, y, given_])).statistic)
    expected = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
    assert partial_spearman(x, y, given_) == pytest.approx(expected)


def test_what_the_others_tell_leaves_no_partial_correlation() -> None:
    motion, y = np.random.default_rng(2).normal(size=(2, 30))
    assert np.isnan(partial_spearman(np.exp(motion), y, motion[:, None]))
    assert np.isnan(partial_spearman(motion[:3], y[:3], motion[:3, None]))


def test_fishers_interval_covers() -> None:
    rng, hits, true = np.random.default_rng(3), 0, 0.6
    spearmans = 6 / np.pi * np.arcsin(true / 2)  # of a bivariate normal with this correlation
    for _ in range(400):
        x = rng.normal(size=40)
        y = true * x + np.sqrt(1 - true**2) * rng.normal(size=40)
        low, high = fisher_interval(float(spearman(x, y)), 40)
        hits += low <= spearmans <= high
    assert 0.92 <= hits / 400 <= 0.98


def test_the_interval_of_a_mean_over_families_is_that_of_mean_interval() -> None:
    rng = np.random.default_rng(4)
    family = np.repeat(np.arange(15), 6)
    values = rng.normal(0, 1, 15)[family] + rng.normal(0, 0.3, 90)
    sums, counts = np.bincount(family, values), np.bincount(family)
    ours = clustered_interval(values.mean(), lambda w: (w @ sums) / (w @ counts), 15, np.random.default_rng(0))
    reference = mean_interval(values, family.astype(str))
    assert ours == pytest.approx(reference, abs=0.06)


def test_the_interval_of_an_auroc_covers() -> None:
    """Families differ in how easy they are; their mean AUROC is drawn from normals with a common spread."""
    rng, hits, families, each = np.random.default_rng(5), 0, 15, 6
    truth = scipy.stats.norm.cdf(1 / np.sqrt(2 + 0.5**2))
    family = np.repeat(np.arange(families), each)
    for _ in range(200):
        positive = 1.0 + rng.normal(0, 0.5, families)[family] + rng.normal(size=len(family))
        negative = rng.normal(size=len(family))
        won, told = wins(positive, negative, (family, family), families)
        value = won.sum() / told.sum()
        low, high = clustered_interval(
            value, lambda w, a=won, b=told: ((w @ a) * w).sum(1) / ((w @ b) * w).sum(1), families, rng, (0.0, 1.0)
        )  # fmt: skip
        hits += low <= truth <= high
    assert hits / 200 >= 0.92 - 2 * np.sqrt(0.92 * 0.08 / 200)  # 92 % in a simulation of 400


def test_the_interval_of_one_family_or_of_nothing_is_unknown() -> None:
    for value, clusters in ((0.5, 1), (np.nan, 5)):
        found = clustered_interval(value, lambda w: w.sum(1), clusters, np.random.default_rng(0))
        assert np.isnan(found).all()


def test_the_interval_of_equal_families_is_not_a_point() -> None:
    low, high = clustered_interval(1.0, lambda w: np.ones(len(w)), 20, np.random.default_rng(0), (0.0, 1.0))
    assert high == 1.0
    assert low == pytest.approx(scipy.stats.binomtest(20, 20).proportion_ci().low)  # Clopper and Pearson


def test_calibration_error_by_hand() -> None:
    told = np.array([0.05, 0.05, 0.95, 0.95, 1.0])
    true = np.array([0.0, 1.0, 1.0, 1.0, 0.0])
    bins = reliability(told, true, np.ones(5))
    assert bins.weight.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert calibration_error(bins) == pytest.approx((abs(0.1 - 1) + abs(2.9 - 2)) / 5)
    assert calibration_error(reliability(true, true, np.ones(5))) == 0.0
    assert np.isnan(calibration_error(reliability(told[:0], true[:0], told[:0])))


@given(st.floats(0.1, 0.9))
def test_a_score_that_is_the_share_is_calibrated(share: float) -> None:
    true, weights = np.array([0.0, 1.0]), np.array([1 - share, share])
    assert calibration_error(reliability(np.full(2, share), true, weights)) == pytest.approx(0.0, abs=1e-12)
