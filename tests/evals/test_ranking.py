"""Ranking of made-up runs whose order is known."""

from __future__ import annotations

import numpy as np
import pytest

from evals.ranking import MIN_COVERAGE, rank
from simulator.errors import UsageError
from tests.synthetic import run


def test_order_ranks_and_controls() -> None:
    entries = rank(
        [
            run("weak", quality=0.3, seeds=8),
            run("frozen", quality=0.05, name="frozen", seeds=8),
            run("strong", quality=0.9, seeds=8),
            run("reference", quality=1.0, name="reference", unscored=0.0, seeds=8),
        ]
    )
    assert [e.label for e in entries] == ["reference", "strong", "weak", "frozen"]
    assert [(e.rank, e.last) for e in entries] == [(None, None), (1, 1), (2, 2), (None, None)]
    assert [e.control for e in entries] == [True, False, False, True]


def test_models_that_cannot_be_told_apart_share_ranks() -> None:
    entries = rank([run("one", seed=1, quality=0.8), run("other", seed=2, quality=0.8)])
    assert [(e.rank, e.last) for e in entries] == [(1, 2), (1, 2)]


def test_no_rank_under_the_coverage() -> None:
    entries = rank([run("whole", quality=0.5), run("sparse", quality=0.95, unscored=0.6)])
    sparse = next(e for e in entries if e.label == "sparse")
    assert sparse.coverage < MIN_COVERAGE
    assert sparse.rank is None
    assert next(e for e in entries if e.label == "whole").rank == 1


def test_missing_readings_enter_no_mean() -> None:
    entry = rank([run(quality=0.9, unscored=0.5)])[0]
    results = run(quality=0.9, unscored=0.5)
    scored = results.readings[(results.readings["probe"] == "plausibility") & (results.readings["status"] == "scored")]
    cells = scored.merge(results.shots, on="shot_id").groupby(["family", "seed"])["value"].mean()
    mean = entry.means["plausibility"]
    assert (mean.value, mean.cells) == pytest.approx((cells.mean(), len(cells)))
    assert mean.coverage == pytest.approx(len(scored) / len(results.shots))


def test_a_run_without_decided_shots_is_last_and_has_no_number() -> None:
    nothing = run("nothing", unscored=1.0)
    entries = rank([nothing, run("something", quality=0.1)])
    assert entries[-1].label == "nothing"
    assert np.isnan(entries[-1].means["clean"].value)
    assert entries[-1].rank is None


def test_runs_of_other_suites_are_refused() -> None:
    with pytest.raises(UsageError, match=r"suite\.seeds"):
        rank([run("a"), run("b", seeds=2)])


def test_nothing_to_rank_is_refused() -> None:
    with pytest.raises(UsageError, match="worldassay leaderboard"):
        rank([])
