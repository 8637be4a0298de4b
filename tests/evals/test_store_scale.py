"""What is done at once for speed is what is done one by one; memory does not grow with the number of draws."""

from __future__ import annotations

import tracemalloc
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from evals.comparison import CLEAN, compare
from evals.outcomes import cells, outcomes, records
from evals.ranking import _differences, rank
from evals.statistics import FLIPS, flips, sign_flip_test, sign_flip_tests
from reports import explorer
from tests.synthetic import run


def naive(d: np.ndarray, rng: np.random.Generator) -> float:
    """The test as its definition says it, all flips in memory."""
    d = d[d != 0]
    if len(d) <= 14:
        signs = 1.0 - 2 * ((np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1)
        return float(np.mean(np.abs(signs @ d) >= abs(d.sum()) - 1e-9)) if len(d) else 1.0
    signs = 2.0 * rng.integers(2, size=(FLIPS, len(d)), dtype=np.int8) - 1
    return float((1 + np.sum(np.abs(signs @ d) >= abs(d.sum()) - 1e-9)) / (1 + FLIPS))


def differences(n: int, kind: str) -> np.ndarray:
    rng = np.random.default_rng([n, len(kind)])
    return {"normal": rng.normal(0.05, 1, n), "halves": rng.integers(-2, 3, n) / 2, "none": np.zeros(n)}[kind]


@pytest.mark.parametrize("kind", ["normal", "halves", "none"])
@pytest.mark.parametrize("n", [1, 7, 14, 15, 16, 33, 75, 600])
def test_flips_in_blocks_are_the_flips(n: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    d = differences(n, kind)
    expected = naive(d, np.random.default_rng(3))
    for held in (1, 5000, 2**18):
        monkeypatch.setattr(flips, "HELD", held)
        assert sign_flip_test(d, np.random.default_rng(3)) == expected


@pytest.mark.parametrize("kept", [0, 20000 * 40, 2**28])
def test_many_tests_are_each_of_them(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the flips of only some of them, or of none, are kept."""
    monkeypatch.setattr(flips, "KEPT", kept)
    many = [differences(n, kind) for n in (1, 14, 15, 40, 41, 90) for kind in ("normal", "halves", "none")]
    many += [-d for d in many] + [np.zeros(0)]
    one_by_one = [sign_flip_test(d, np.random.default_rng(7)) for d in many]
    np.testing.assert_array_equal(sign_flip_tests(many, 7), one_by_one)
    assert len(sign_flip_tests([], 0)) == 0


def test_memory_does_not_grow_with_the_draws() -> None:
    """20,000 flips of 5,000 cells would be 800 MB at once."""
    d = differences(5000, "normal")
    tracemalloc.start()
    sign_flip_test(d, np.random.default_rng(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


def some_runs() -> list[Any]:
    return [run(f"m{k}", seed=k, quality=0.3 + 0.1 * k, unscored=0.1, failed=0.05) for k in range(5)]


def test_differences_of_all_pairs_are_those_of_each() -> None:
    tables = [outcomes(r) for r in some_runs()]
    tables[2] = tables[2].sample(frac=1, random_state=0)  # whatever the order of rows
    pairs = list(combinations(range(len(tables)), 2))
    for (i, j), found in zip(pairs, _differences(tables, pairs), strict=True):
        both = tables[i][["shot_id", "family", "seed", CLEAN]].merge(
            tables[j][["shot_id", CLEAN]], on="shot_id", suffixes=("", "_b")
        )
        both["change"] = both[CLEAN] - both[f"{CLEAN}_b"]
        np.testing.assert_array_equal(found, cells(both, "change")["change"])


def test_ranks_do_not_depend_on_how_many_pairs_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rank(some_runs())
    monkeypatch.setattr("evals.ranking.HELD", 1)
    assert repr(rank(some_runs())) == repr(whole)


def test_rows_of_a_family_are_those_of_a_comparison_of_it_alone() -> None:
    a, b = some_runs()[:2]
    c = compare(a, b)
    both = outcomes(a).merge(outcomes(b), on=["shot_id", "family", "seed"], suffixes=("_a", "_b"))
    for row in c.rows:
        part = both if row.family is None else both[both["family"] == row.family]
        found = cells(part.assign(d=part[f"{row.measure}_b"] - part[f"{row.measure}_a"]), "d", f"{row.measure}_a")
        assert row.n == len(found)
        assert row.mean_a == pytest.approx(found[f"{row.measure}_a"].mean(), rel=1e-12, nan_ok=True)


def test_records_are_the_rows() -> None:
    table = outcomes(some_runs()[0])
    one_by_one = [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    assert repr(records(table)) == repr(one_by_one)
    assert {type(v) for row in records(table) for v in row.values()} <= {str, int, float, type(None)}


def test_a_page_written_in_pieces_holds_the_same_data(tmp_path: Any) -> None:
    clips = {f"m/{i}": {"prompt": "</script><b>'&", "spans": [], "v": 0.1 * i} for i in range(5)}
    columns = [explorer.column("shot", "shot", filtered=True)]
    rows = [{"shot": key, "clips": [key]} for key in clips]
    shown = {"title": "t", "lead": "l", "links": [], "runs": []}
    whole = {"columns": columns, "rows": rows, "clips": clips, "sort": "shot", "noun": "clips"}
    parts = whole | {"clips": ({k: clips[k]} for k in clips)}
    texts = [
        explorer.write(tmp_path, f"{n}.html", data=data, **shown).read_text() for n, data in enumerate((whole, parts))
    ]
    assert texts[0] == texts[1]
    assert "</script><b>" not in texts[0]
    empty = explorer.write(tmp_path, "none.html", data=whole | {"rows": [], "clips": iter([{}])}, **shown).read_text()
    assert '"clips":{},' in empty
