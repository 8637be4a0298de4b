"""Comparisons of made-up runs whose truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from evals.comparison import BETTER, UNCHANGED, WORSE, compare
from evals.outcomes import labels, outcomes
from simulator.errors import UsageError
from tests.synthetic import FAMILIES, run


def test_clean_rule() -> None:
    """Without a score a probe does no harm; without one of adherence a shot is undecided, broken or not; a failed clip
    is unclean."""
    results = run(families=("drop_bounce",), seeds=5, modes=("prompt",), quality=1.0, unscored=0.0)
    readings = results.readings.set_index(["shot_id", "probe"])
    shots = list(results.shots["shot_id"])
    readings["value"] = 0.9
    readings.loc[(shots[0], "adherence"), ["status", "value"]] = ["unscored", np.nan]
    readings.loc[(shots[1], "permanence"), ["status", "value"]] = ["unscored", np.nan]
    readings.loc[(shots[2], "adherence"), ["status", "value"]] = ["failed", np.nan]
    readings.loc[(shots[2], "permanence"), "value"] = 0.49
    readings.loc[(shots[3], "plausibility"), "value"] = 0.49
    results.readings = readings.drop(shots[4], level="shot_id").reset_index()
    results.clips.loc[results.clips["shot_id"] == shots[4], "status"] = "failed"
    np.testing.assert_array_equal(outcomes(results)["clean"], [np.nan, 1.0, np.nan, 0.0, 0.0])


def test_a_run_against_itself_has_no_difference() -> None:
    a = run(seeds=40, modes=("prompt",))
    c = compare(a, a)
    assert all(row.no_worse == (row.n >= 183) for row in c.rows)  # then no loss at all leaves less than two points
    assert {row.no_worse for row in c.rows} == {True, False}
    assert c.verdict == UNCHANGED
    assert not c.regressed
    assert all(row.difference == 0 and row.p == 1 and row.low <= 0 <= row.high for row in c.rows)
    assert c.worst(5).empty
    assert c.spec_differences == ()


def test_directions() -> None:
    weak, strong = run("weak", quality=0.3, seeds=6), run("strong", quality=0.9, seeds=6)
    forth, back = compare(weak, strong), compare(strong, weak)
    assert forth.headline.verdict == BETTER
    assert back.headline.verdict == WORSE
    assert back.regressed
    for one, other in zip(forth.rows, back.rows, strict=True):
        assert (one.measure, one.family, one.n, one.adjusted_p) == (
            other.measure,
            other.family,
            other.n,
            other.adjusted_p,
        )
        assert one.difference == pytest.approx(-other.difference)


def test_means_and_counts_are_those_of_the_tables() -> None:
    a, b = run("a", seed=1), run("b", seed=2, failed=0.1)
    c = compare(a, b)
    both = outcomes(a).merge(outcomes(b), on=["shot_id", "family", "seed"], suffixes=("_a", "_b"))
    both = both[both["permanence_a"].notna() & both["permanence_b"].notna()]
    by_cell = both.groupby(["family", "seed"])[["permanence_a", "permanence_b"]].mean()
    row = next(r for r in c.rows if r.measure == "permanence" and r.family is None)
    assert (row.n, row.mean_a, row.mean_b) == pytest.approx((len(by_cell), *by_cell.mean()))
    for count in c.counts:
        assert count.scored + count.unscored + count.failed + count.missing == len(a.shots)
    clips = next(count for count in c.counts if (count.run, count.of) == ("b", "clip"))
    assert clips.failed == (b.clips["status"] == "failed").sum() > 0


def test_one_broken_family_is_found_and_named() -> None:
    """The test set's other families are unchanged; the report says where it went wrong."""
    sound, broken = run("sound", seed=1, quality=0.95, seeds=10), run("broken", seed=2, quality=0.95, seeds=10,
                                                                     hard={"drop_bounce": 0.9})  # fmt: skip
    c = compare(sound, broken)
    assert c.regressed
    assert {row.family for row in c.rows if row.verdict == WORSE and row.family} == {"drop_bounce"}
    assert set(c.worst(6)["family"]) == {"drop_bounce"}
    assert (c.worst(6)["flip"] == -1).all()


def test_half_of_the_error_goes_to_families() -> None:
    c = compare(run("weak", quality=0.3), run("strong", quality=0.6))
    overall = [row for row in c.rows if row.family is None]
    assert max(r.adjusted_p for r in overall) == pytest.approx(min(1.0, 2 * max(r.p for r in overall)))
    assert {row.family for row in c.rows} == {None, *FAMILIES}


def test_no_worse_reads_the_interval_against_the_margin_of_its_measure() -> None:
    a, b = run("a", seeds=10), run("b", seed=3, seeds=10)
    c = compare(a, b, 0.1, {"permanence": 0.5, "clean": 0.01})
    for row in c.rows:
        assert row.margin == {"permanence": 0.5, "clean": 0.01}.get(row.measure, 0.1)
        assert row.no_worse == (row.low >= -row.margin)
    assert {row.no_worse for row in c.rows if row.family is None} == {True, False}
    plain = {"margin": 0.02, "no_worse": False}
    for row, other in zip(c.rows, compare(a, b).rows, strict=True):
        assert dataclasses.replace(row, **plain) == dataclasses.replace(other, **plain)  # it is beside the difference


def test_a_margin_of_what_is_not_compared_is_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown measure 'permanense'. Did you mean: permanence"):
        compare(run("a"), run("b"), margins={"permanense": 0.1})


def test_one_family_has_no_rows_of_its_own() -> None:
    a = run(families=("drop_bounce",))
    assert {row.family for row in compare(a, a).rows} == {None}


def test_a_run_without_any_clip_can_be_compared() -> None:
    c = compare(run("a", quality=0.9), run("b", failed=1.0))
    assert c.headline.mean_b == 0
    assert c.headline.verdict == WORSE
    probe = next(r for r in c.rows if r.measure == "permanence")
    assert (probe.n, probe.verdict) == (0, UNCHANGED)
    assert np.isnan(probe.difference)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (run("b", perception="oracle"), "perception"),
        (run("b", seeds=5), "suite.seeds"),
        (run("b", families=FAMILIES[:5]), "suite.families"),
    ],
)
def test_unlike_runs_are_refused(other: object, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        compare(run("a"), other)  # type: ignore[arg-type]


def test_all_keys_that_differ_are_listed() -> None:
    with pytest.raises(UsageError) as refused:
        compare(run("a"), run("b", perception="oracle", seeds=5, modes=("prompt",)))
    assert all(f"{key}: " in str(refused.value) for key in ("perception", "suite.seeds"))
    assert "suite.modes" in str(refused.value)


def test_other_versions_of_a_probe_are_refused() -> None:
    a, b = run("a"), run("b")
    b.readings.loc[b.readings["probe"] == "permanence", "version"] = 2
    with pytest.raises(UsageError, match="permanence: v1, classical -> v2, classical"):
        compare(a, b)


def test_other_sizes_are_refused() -> None:
    a, b = run("a"), run("b")
    b.shots["height"] = 128
    with pytest.raises(UsageError, match="shots"):
        compare(a, b)


def test_other_root_seeds_are_fine_and_labelled() -> None:
    c = compare(run("m", seed=1), run("m", seed=2))
    assert (c.label_a, c.label_b) == ("m (seed 1)", "m (seed 2)")
    assert c.spec_differences == ("seed: 1 -> 2",)


def test_labels_differ_by_what_tells_runs_apart() -> None:
    assert labels([run("m"), run("m"), run("n")]) == ["m (run 1)", "m (run 2)", "n"]
    assert labels([run("m", seed=1), run("m", seed=2)]) == ["m (seed 1)", "m (seed 2)"]


def test_rows_are_plain_data() -> None:
    row = dataclasses.asdict(compare(run("a"), run("b", seed=4)).headline)
    assert all(isinstance(v, (int, float, str, type(None))) for v in row.values())
