"""The command line: one clear line for a slip, exact exit codes, one JSON document, free imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evals import config
from evals.cli import VERBS, main

HEAVY = ("torch", "mujoco", "cv2", "matplotlib", "open_clip")


def error_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    return said.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("rum", "unknown verb 'rum'. Did you mean: run"),
        ("run sed=1", "unknown key 'sed'. Did you mean: seed"),
        ("run model=erly", "unknown model 'erly'. Did you mean: early"),
        ("run suite=smok", "unknown suite 'smok'. Did you mean: smoke"),
        ("run suite.seed=1", "unknown key 'suite.seed'. Did you mean: suite.seeds"),
        ("run seed=x", "seed=x should be like seed=0"),
        ("run seed=1.5", "seed=1.5 should be like"),
        ("run seed=true", "seed=true should be like"),
        ("run seed=-1", "seed=-1 is negative"),
        ("run workers=0", "workers=0 is less than 1"),
        ("run engine=lokal", "unknown engine 'lokal'. Did you mean: local"),
        ("run suite.families=[drop_bonce]", "unknown family 'drop_bonce'. Did you mean: drop_bounce"),
        ("run drop_bounce", "takes key=value only, not 'drop_bounce'"),
        ("run =3", "cannot read '=3'; write key=value"),
        ("run +seed=3", "cannot read '+seed=3'"),
        ("run --jsno", "unrecognized arguments: --jsno"),
        ("run model=command", "model.command= is missing"),
        ("score", "path= is missing; see `worldassay score --help`"),
        ("score path=nowhere", "no such folder: path=nowhere"),
        ("score path=.", "no videos in ."),
        ("compare nowhere neither", "no such folder: nowhere"),
        ("show drop_bonce", "unknown name 'drop_bonce'. Did you mean: drop_bounce"),
        ("simulate violations=vanished", "unknown violation 'vanished'. Did you mean: vanish"),
    ],
)
def test_a_slip_is_told_in_one_line(
    arguments: str, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in error_of(arguments.split(), capsys)
    assert list(tmp_path.iterdir()) == []


def test_with_json_a_slip_is_a_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "sed=1", "--json"]) == 2
    said = capsys.readouterr()
    assert "unknown key 'sed'" in json.loads(said.out)["error"]
    assert "unknown key 'sed'" in said.err


def test_ls_as_json_has_all_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["families", "violations", "probes", "models", "suites", "perceptions", "engines"]
    assert all(found.values())
    assert all(row["summary"] for rows in found.values() for row in rows)


@pytest.mark.parametrize("name", ["drop_bounce", "vanish", "permanence", "damaged", "smoke", "classical", "local"])
def test_show_tells_of_everything(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == name


@pytest.mark.parametrize("verb", VERBS.names())
def test_every_verb_explains_its_keys(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"usage: worldassay {verb}" in said
    assert all(key.name in said for key in config.keys(verb) if key.name != "words")
    assert verb in ("train", "generate") or all(key.help for key in config.keys(verb)), "a key has no comment"


def test_without_a_verb_the_overview_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in VERBS.names())


@pytest.mark.parametrize("text", ["a ball, red; it's 'here' (really) = {yes}", "12", "null", "null and void", "[a]"])
def test_a_prompt_is_taken_as_it_is_typed(text: str) -> None:
    assert config.load("generate", [f"prompt={text}"])["prompt"] == text


def test_values_keep_their_types() -> None:
    cfg = config.load("run", ["suite.seeds=2", "suite.fps=12", "suite.families=[drop_bounce]", "workers=1", "out=7"])
    assert cfg["suite"]["seeds"] == 2
    assert cfg["suite"]["families"] == ["drop_bounce"]
    assert cfg["workers"] == 1


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["ls"], ["show", "drop_bounce"], ["doctor"]])
def test_imports_are_free(arguments: list[str]) -> None:
    code = f"""
import sys
from evals.cli import main
code = main({arguments!r})
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stderr.strip().splitlines()[-1] == "[]"
