"""Names for runs: what was named is found, also after the folder moved; what is gone is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evals import baselines
from evals.cli import main
from simulator.errors import UsageError
from tests.synthetic import run, write

SMALL = {"families": ("drop_bounce",), "seeds": 1, "modes": ("prompt",)}


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `runs` with the runs `old` and `new`, beside which we work."""
    monkeypatch.chdir(tmp_path)
    for name, seed in (("old", 0), ("new", 1)):
        write(run(name, seed=seed, **SMALL), tmp_path / "runs" / name)  # type: ignore[arg-type]
    return tmp_path / "runs"


def test_set_list_and_remove(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "main", "runs/old"]) == 0
    assert main(["baseline", "other", "runs/new"]) == 0
    capsys.readouterr()
    assert main(["baseline", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"baselines": {"main": "runs/old", "other": "runs/new"}}
    assert baselines.find(Path("runs"), "main").samefile(runs / "old")
    assert main(["baseline", "main", "runs/new"]) == 0  # the name moves on
    assert main(["baseline", "remove=other"]) == 0
    assert baselines.named(runs) == {"main": "new"}
    assert sorted(p.name for p in runs.glob("[!.]*")) == ["new", "old"]  # runs/* are runs alone


def test_names_move_with_their_folder(runs: Path) -> None:
    main(["baseline", "main", str(runs / "old")])
    runs.rename(runs.with_name("moved"))
    assert baselines.find(Path("moved"), "main").samefile(Path("moved/old"))


def test_dry_run_writes_nothing(runs: Path) -> None:
    assert main(["baseline", "main", "runs/old", "--dry-run"]) == 0
    assert baselines.named(runs) == {}


def test_compare_takes_the_named_run(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["baseline", "main", "runs/old"])
    capsys.readouterr()
    assert main(["compare", "baseline=main", "runs/new", "--json", "--dry-run"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["a"], told["b"]) == ("old", "new")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("baseline main", "worldassay baseline NAME RUN"),
        ("baseline main runs/old remove=main", "worldassay baseline NAME RUN"),
        ("baseline main nowhere", "no such folder: nowhere"),
        ("baseline remove=mian", "unknown baseline 'mian'"),
        ("compare baseline=mian runs/new", "unknown baseline 'mian'. Did you mean: main"),
        ("compare baseline=main", "baseline=NAME CANDIDATE"),
        ("compare baseline=main runs/old runs/new", "baseline=NAME CANDIDATE"),
    ],
)
def test_slips(arguments: str, says: str, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["baseline", "main", "runs/old"])
    assert main(arguments.split()) == 2
    assert says in capsys.readouterr().err


def test_a_run_that_is_gone_and_a_damaged_file_are_told(runs: Path) -> None:
    main(["baseline", "main", "runs/old"])
    shutil.rmtree(runs / "old")
    with pytest.raises(
        UsageError, match=r"baseline main was .*old, which is gone; name another: worldassay baseline main"
    ):
        baselines.find(runs, "main")
    (runs / baselines.FILE).write_text("[")
    with pytest.raises(UsageError, match="damaged"):
        baselines.find(runs, "main")
