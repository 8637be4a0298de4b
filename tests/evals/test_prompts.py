"""Suites of other people's prompts: the formats they come in, every fault by its line, and a run of them."""

from __future__ import annotations

import csv
import io
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from evals import config
from evals.cli import main
from evals.prompt_file import read_prompts
from evals.prompts import PromptSuite, suite_of
from evals.store import load
from simulator.errors import UsageError

PROGRAM = Path(__file__).parents[1] / "simulator" / "square_program.py"
COMMAND = (
    f"{sys.executable} {shlex.quote(str(PROGRAM))} --prompt {{prompt}} --out {{out}} --height {{height}} "
    "--width {width} --frames {frames} --fps {fps} --seed {seed} --video {video}"
)


def wrote(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def suite(path: Path, **changes: Any) -> PromptSuite:
    settings = config.load("run", ["suite=prompts", f"suite.file={path}"])["suite"]
    made = suite_of({**settings, **changes})
    assert isinstance(made, PromptSuite)
    return made


def test_every_format_says_the_same(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": "A ball falls, and bounces.", "id": "one", "seed": 7, "category": "solid"},
        {"prompt": 'He said "go";\nit went.', "id": "two", "seed": "", "category": "fluid"},
    ]
    table = io.StringIO()
    writer = csv.DictWriter(table, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    files = {
        "a.csv": table.getvalue(),
        "b.csv": "\ufeff" + table.getvalue(),
        "a.json": json.dumps(rows, indent=2),
        "a.jsonl": "\n\n".join(map(json.dumps, rows)) + "\n",
    }
    found = {name: read_prompts(wrote(tmp_path / name, text)) for name, text in files.items()}
    assert len(set(found.values())) == 1
    one, two = found["a.csv"]
    assert (one.id, one.text, one.noise, one.family, one.seed) == ("one", "A ball falls, and bounces.", 7, "solid", 0)
    assert (two.id, two.text, two.noise, two.family, two.seed) == ("two", 'He said "go"; it went.', None, "fluid", 1)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "VBench_full_info.json",
            '[{"prompt_en": "a person", "dimension": ["subject_consistency", "motion_smoothness"]}]',
            [("0001-a-person", "a person", "subject_consistency+motion_smoothness")],
        ),
        (
            "prompts.json",
            '[{"caption": "A stone sinks.", "sub_category": "Buoyancy", "main_category": "Force"}]',
            [("0001-a-stone-sinks", "A stone sinks.", "Force")],
        ),
        (
            "descriptions.csv",
            "scenario,description,category,generated_video_name\n"
            "0001_take-1_ball.mp4,Two pillows.,Solid Mechanics,0001_ball.mp4\n",
            [("0001_ball", "Two pillows.", "Solid Mechanics")],
        ),
        ("list.json", '["a", "b"]', [("0001-a", "a", "prompts"), ("0002-b", "b", "prompts")]),
    ],
)
def test_benchmarks_are_read_as_they_are(
    name: str, content: str, told: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    assert [(p.id, p.text, p.family) for p in read_prompts(wrote(tmp_path / name, content))] == told


def test_another_column_can_hold_the_prompts(tmp_path: Path) -> None:
    path = wrote(tmp_path / "a.csv", "prompt,Prompt_zh\na,b\n")
    assert read_prompts(path, "prompt_zh")[0].text == "b"
    with pytest.raises(UsageError, match=r"unknown column of .*a\.csv, suite\.column= 'promt'\. Did you mean: prompt"):
        read_prompts(path, "promt")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "a.csv holds no prompts"),
        ("a.json", "", "a.json holds no prompts"),
        ("a.csv", "prompt\n", "a.csv holds no prompts"),
        ("a.csv", "text,id\nhello,1\n", "a.csv:1 names no column prompt, prompt_en, caption, description"),
        ("a.csv", 'prompt\n"a\nb"\nred, blue\n', "a.csv:4 has more cells than the header"),
        ("a.csv", 'prompt\nok\n"open\n', "a.csv:3 is not CSV"),
        ("a.csv", "prompt,id\na,1\n,2\n", "a.csv:3 has no prompt"),
        ("a.csv", "prompt\nok\n" + "word " * 5000, "a.csv:3 has a prompt of 5000 words, 24999 characters; say it in"),
        ("a.csv", "prompt,id\na,x\nb,y\nc,x\n", "a.csv:4 has the id 'x' of line 2; ids must differ"),
        ("a.csv", "prompt,id\na,../x\n", "a.csv:2 has the id '../x', which cannot be a file's name"),
        ("a.csv", "prompt,id\na,\n", "a.csv:2 has no id"),
        ("a.csv", "prompt,seed\na,-1\n", "a.csv:2 has the seed '-1'"),
        ("a.csv", "prompt,first\na,no.png\n", "a.csv:2: cannot open"),
        ("a.csv", "prompt\nok\ncafé\n".encode("latin-1"), "a.csv:3 is not UTF-8 text"),
        ("a.json", '["a",\n "b"\n "c"]', "a.json:3 is not JSON"),
        ("a.json", '["a",\n\n 3]', "a.json:3 is neither an object nor a text"),
        ("a.json", '[{"prompt": "a"},\n {"prompt": ["b"]}]', "a.json:2 has a prompt that is no text"),
        ("a.json", '["a\\ud800"]', "a.json:1 has a prompt with characters that are no text"),
        ("a.json", '{"prompt": "a"}', "a.json is no list"),
        ("a.json", "[" * 100_000, "a.json is nested too deeply"),
        ("a.jsonl", '{"prompt": "a"}\n{"prompt"}\n', "a.jsonl:2 is not JSON"),
        ("a.txt", "a ball", "a.txt is no .csv, .json or .jsonl file"),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_file_and_line(name: str, content: str | bytes, says: str, tmp_path: Path) -> None:
    path = wrote(tmp_path / name, content)
    with pytest.raises(UsageError) as raised:
        read_prompts(path)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_no_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="cannot open"):
        read_prompts(tmp_path / "nothing.csv")
    assert main(["run", "suite=prompts"]) == 2
    assert "suite.file= is missing" in capsys.readouterr().err
    path = wrote(tmp_path / "a.csv", "prompt\na\n")
    for words, says in (
        (["run", "seed_offset=3"], "seed_offset=3 is for scenes"),
        (["run", "perception=oracle"], "perception=oracle needs the simulator's truth"),
        (["run", "suite.height=4"], "suite.height=4 is outside"),
        (["simulate"], "suite=prompts has no scenes to play"),
        (["likelihood"], "suite=prompts has no scenes to play"),
    ):
        assert main([*words, "suite=prompts", f"suite.file={path}"]) == 2
        assert says in capsys.readouterr().err


def test_the_same_prompt_again_is_the_same_cell_and_seeds_go_to_the_model(tmp_path: Path) -> None:
    rows = [{"prompt": "a", "seed": 1}, {"prompt": "b"}, {"prompt": "a", "seed": 2}, {"prompt": "a", "family": "f"}]
    made = suite(wrote(tmp_path / "a.json", json.dumps(rows)))
    cells = made.cells()
    assert [(c.family, c.seed) for c in cells] == [("prompts", 0), ("prompts", 1), ("prompts", 0), ("f", 2)]
    shots = [made.shot(cell, 0) for cell in cells]
    assert [shot.seed for shot in shots][::2] == [1, 2]
    assert shots[1].seed != made.shot(cells[1], 5).seed
    assert all(shot.script is None for shot in shots)


def test_a_first_picture_is_a_known_frame_and_part_of_the_spec(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "p.png"), np.full((20, 30, 3), 77, np.uint8))
    path = wrote(tmp_path / "a.csv", "prompt,first\na,p.png\nb,\n")
    made = suite(path, height=16, width=24)
    first, second = (made.shot(cell, 0) for cell in made.cells())
    assert (first.mode, second.mode, second.known) == ("first_frames", "prompt", {})
    np.testing.assert_array_equal(first.known[0], np.full((16, 24, 3), 77, np.uint8))
    cv2.imwrite(str(tmp_path / "p.png"), np.full((20, 30, 3), 78, np.uint8))
    changed = suite(path, height=16, width=24)
    assert changed.spec() != made.spec()
    assert changed.spec()["content"] == made.spec()["content"]
    wrote(tmp_path / "p.png", "no picture")
    with pytest.raises(UsageError, match="cannot read the picture"):
        suite(path)


def test_a_run_of_prompts_and_another_file_is_another_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = wrote(tmp_path / "a.csv", "prompt,category\nA red ball falls.,solid\nA cup tips over.,fluid\n")
    size = ["suite.height=32", "suite.width=32", "suite.fps=8", "suite.seconds=1"]
    asked = ["run", "model=command", f"model.command={COMMAND}", "suite=prompts", f"suite.file={path}", *size]
    out = [f"out={tmp_path / 'run'}", "workers=1", "probes=[permanence,reference,quality]"]
    assert main([*asked, *out]) == 0
    results = load(tmp_path / "run")
    assert list(results.shots["family"]) == ["solid", "fluid"]
    assert list(results.shots["prompt"]) == ["A red ball falls.", "A cup tips over."]
    assert set(results.clips["status"]) == {"ok"}
    readings = results.readings[results.readings["probe"] == "reference"]
    assert set(readings["status"]) == {"unscored"}
    assert set(readings["reason"]) == {"no real video to compare with"}
    wrote(path, path.read_text() + "A door opens.,solid\n")
    capsys.readouterr()
    assert main([*asked, *out]) == 2
    assert "holds another run (suite.content:" in capsys.readouterr().err


def test_prompts_as_shots_for_a_model_elsewhere(tmp_path: Path) -> None:
    path = wrote(tmp_path / "a.json", '["A red ball falls.", "A cup tips over."]')
    assert main(["shots", "suite=prompts", f"suite.file={path}", f"out={tmp_path / 'out'}"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "out" / "shots.jsonl").read_text().splitlines()]
    assert [row["file"] for row in rows] == ["0001-a-red-ball-falls.mp4", "0002-a-cup-tips-over.mp4"]
    assert all("known" not in row for row in rows)
