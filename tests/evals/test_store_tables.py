"""`sql` and `export`: the tables of many runs as one, nothing added, nothing lost, missing stays missing."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import fastparquet
import pytest

from evals.cli import main
from evals.outcomes import outcomes
from evals.store import load, snapshot
from evals.store.gathering import gather, names, rows, tables
from simulator.errors import UsageError
from tests.synthetic import run, write


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("runs")
    weak = write(run("weak", quality=0.3, seeds=2, failed=0.1), folder / "weak")
    strong = write(run('strong, "the"\nnew', quality=0.9, seeds=2, prompt="=1+1, 'é'\n\"x\""), folder / "strong")
    with closing(sqlite3.connect(strong / "results.sqlite")) as db, db:
        db.execute("UPDATE reading SET value = 0.1 + 0.2, perception_version = 2 WHERE value > 0.9")
    return [str(weak), str(strong)]


def ask(runs: list[str], query: str, capsys: pytest.CaptureFixture[str]) -> list[list[object]]:
    capsys.readouterr()
    assert main(["sql", *runs, f"query={query}", "--json"]) == 0
    found: list[list[object]] = json.loads(capsys.readouterr().out)["rows"]
    return found


def test_counts_and_means_are_those_of_the_runs(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    asked = "SELECT run, probe, count(*), count(value), avg(value) FROM result GROUP BY run, probe"
    found = {(r, p): (n, k, m) for r, p, n, k, m in ask(runs, asked, capsys)}
    for folder in runs:
        readings = load(folder).readings
        for probe, part in readings.groupby("probe"):
            n, scored, mean = found.pop((Path(folder).name, probe))
            assert (n, scored) == (len(part), part["value"].notna().sum())
            assert mean == pytest.approx(part["value"].mean(), rel=1e-12)
    assert not found


def test_the_clean_rate_can_be_asked_for(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The query that docs/design/store.md shows is the clean rule."""
    text = (Path(__file__).parents[2] / "docs" / "design" / "store.md").read_text()
    query = " ".join(text.split("<!-- clean rate -->")[1].split("```")[1].removeprefix("sql").split())
    found = {r: (rate, share) for r, rate, share in ask(runs, query, capsys)}
    for folder in runs:
        clean = outcomes(load(folder))["clean"]
        assert found[Path(folder).name] == pytest.approx((clean.mean(), clean.notna().mean()))


def test_the_view_of_one_run_says_what_the_gathered_one_says(runs: list[str]) -> None:
    shared = "shot_id, family, seed, mode, probe, version, perception, perception_version, status, value, reason, "
    shared += "measures, prompt, clip, digest, path, error"
    with snapshot(runs[0]) as db, closing(gather(names(runs[:1]))) as all_of_them:
        query = f"SELECT {shared} FROM result ORDER BY shot_id, probe"
        assert db.execute(query).fetchall() == all_of_them.execute(query).fetchall()
        assert [c[0] for c in db.execute("SELECT * FROM result").description] == shared.split(", ")


def test_specs_can_be_asked(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    asked = "SELECT run, label, json_extract(spec, '$.suite.seeds') FROM run ORDER BY run"
    assert ask(runs, asked, capsys) == [["strong", 'strong, "the"\nnew', 2], ["weak", "weak", 2]]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT x FROM reading", "no such column: x; `worldassay sql RUN` lists tables and columns"),
        ("SELEC 1", 'near "SELEC": syntax error'),
        ("DELETE FROM reading", "readonly"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("", "gives no rows"),
    ],
)
def test_a_query_that_fails_is_told(query: str, says: str, runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = Path(runs[0], "results.sqlite").read_bytes()
    assert main(["sql", *runs, f"query={query}"]) == 2
    assert says in capsys.readouterr().err
    assert Path(runs[0], "results.sqlite").read_bytes() == before


def test_in_a_pipe_rows_come_as_csv(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["sql", *runs, "query=SELECT run, prompt, NULL AS blank FROM shot WHERE seed = 1"]) == 0
    head, *lines = csv.reader(capsys.readouterr().out.splitlines(keepends=True))
    assert head == ["run", "prompt", "blank"]
    assert ["strong", "=1+1, 'é'\n\"x\"", ""] in lines


def test_without_a_query_the_tables_are_listed(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", runs[0]]) == 0
    listed = dict(csv.reader(capsys.readouterr().out.splitlines()))
    assert {table: text.split(", ") for table, text in listed.items() if table != "table"} == {
        table: list(columns) for table, columns in tables().items()
    }


def told(runs: list[str]) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = {table: [] for table in tables()}
    for table, some in rows(names(runs)):
        found[table] += some
    return found


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_export_is_exact(form: str, runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", *runs, f"out={tmp_path}", f"format={form}", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["rows"]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(f"{table}.{form}" for table in tables())
    for table, wanted in told(runs).items():
        kinds = tables()[table]
        if form == "parquet":
            frame = fastparquet.ParquetFile(str(tmp_path / f"{table}.parquet")).to_pandas()
            assert {c: str(frame[c].dtype) for c, k in kinds.items() if k != "TEXT"} == {
                c: {"INTEGER": "Int64", "REAL": "float64"}[k] for c, k in kinds.items() if k != "TEXT"
            }
            values = zip(*(frame[c].astype(object).where(frame[c].notna(), None) for c in kinds), strict=True)
            found = [tuple(row) for row in values]
        else:
            with (tmp_path / f"{table}.csv").open(encoding="utf-8", newline="") as file:
                head, *lines = csv.reader(file)
            assert head == list(kinds)
            read = {"INTEGER": int, "REAL": float, "TEXT": str}
            found = [
                tuple(read[k](v) if v else None for v, k in zip(line, kinds.values(), strict=True)) for line in lines
            ]
        assert found == wanted
        assert counts[table] == len(wanted) > 0


def test_a_run_without_any_reading_is_exported(tmp_path: Path) -> None:
    empty = write(run("empty", failed=1.0, seeds=1), tmp_path / "empty")
    assert main(["export", str(empty), f"out={tmp_path / 'out'}"]) == 0
    frame = fastparquet.ParquetFile(str(tmp_path / "out" / "reading.parquet")).to_pandas()
    assert (list(frame.columns), len(frame)) == (list(tables()["reading"]), 0)
    assert load(empty).readings["value"].dtype == "float64"


def test_an_export_that_fails_leaves_nothing(
    runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fastparquet.write", full)
    assert main(["export", *runs, f"out={tmp_path / 'out'}"]) == 2
    assert f"No space left on device: {tmp_path / 'out'}" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["export"], "give run folders: worldassay export runs/*"),
        (["sql"], "give run folders: worldassay sql"),
        (["export", "RUN", "format=parkett"], "unknown format 'parkett'. Did you mean: parquet"),
        (["export", "RUN", "RUN"], "is given twice"),
        (["sql", "nowhere"], "no such folder: nowhere"),
    ],
)
def test_slips(
    arguments: list[str], says: str, runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    given = [runs[0] if word == "RUN" else word for word in arguments]
    code = main([*given, "query=SELECT 1"] if given[0] == "sql" else given)
    assert code == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [] or says == "is given twice"


def test_folders_of_one_name_are_told_apart(runs: list[str], tmp_path: Path) -> None:
    other = write(run("weak", quality=0.5, seeds=2), tmp_path / "weak")
    assert names([runs[0], str(other)]) == {runs[0]: Path(runs[0]), str(other): other}
    assert list(names(runs)) == ["weak", "strong"]
    with pytest.raises(UsageError, match="is given twice"):
        names([runs[0], runs[0]])
