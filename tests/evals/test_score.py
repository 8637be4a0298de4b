"""`score`: whatever lies in a folder gets a reading or a reason; nothing stops the run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from evals.cli import main
from evals.score import Told, match, read_manifest, real_videos
from evals.store import export, load
from simulator.clip import Clip, write_video
from simulator.errors import UsageError


def ball(shift: int) -> Clip:
    """A disc that moves to the right over a textured wall."""
    rng = np.random.default_rng(shift)
    wall = rng.integers(90, 160, (48, 64, 3), dtype=np.uint8)
    y, x = np.mgrid[:48, :64]
    frames = np.stack([wall] * 12)
    for t in range(12):
        frames[t][(x - 10 - shift - 3 * t) ** 2 + (y - 24) ** 2 < 36] = (220, 30, 30)
    return Clip(frames, 8.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    videos = tmp_path / "videos"
    write_video(videos / "b.mkv", ball(1))
    write_video(videos / "deep" / "a.mp4", ball(2), lossless=False)
    (videos / "text.mp4").write_text("ffconcat version 1.0\nfile b.mkv\n")
    whole = (videos / "deep" / "a.mp4").read_bytes()
    (videos / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (videos / ".hidden.mp4").write_bytes(whole)
    (videos / "notes.txt").write_text("not a video")
    (tmp_path / "prompts.csv").write_text('file,caption,more\nb.mkv,"A red disc, moving right.",1\nnone.mp4,x,2\n')
    return videos


def test_every_file_gets_a_reading_or_a_reason(folder: Path, tmp_path: Path) -> None:
    manifest = ["manifest=" + str(tmp_path / "prompts.csv"), "path_column=file", "prompt=caption"]
    asked = ["score", f"path={folder}", *manifest, "workers=1"]
    assert main([*asked, f"out={tmp_path / 'run'}"]) == 3  # two files cannot be read
    results = load(tmp_path / "run")
    shots = results.shots.set_index("shot_id")
    assert list(shots.index) == ["b.mkv", "cut.mp4", "deep/a.mp4", "text.mp4"]
    assert shots.loc["b.mkv", "prompt"] == "A red disc, moving right."
    assert shots["prompt"].notna().sum() == 1
    clips = results.clips.set_index("shot_id")
    assert list(clips["status"]) == ["ok", "failed", "ok", "failed"]
    assert clips.loc["b.mkv", "digest"] == ball(1).digest
    assert (clips.loc["b.mkv", "frames"], clips.loc["b.mkv", "width"], clips.loc["b.mkv", "fps"]) == (12, 64, 8.0)
    assert "not a video" in str(clips.loc["text.mp4", "error"])
    assert len(results.readings) == 4 * len(results.spec["scoring"]["probes"])
    told = results.readings[results.readings["status"] != "scored"]
    assert told["value"].isna().all()
    assert (told["reason"].str.len() > 0).all()
    assert not list((tmp_path / "run" / "clips").iterdir())  # what exists is not copied
    assert main([*asked, f"out={tmp_path / 'again'}", "workers=2"]) == 3
    assert export(tmp_path / "again") == export(tmp_path / "run")


def test_a_manifest_may_be_csv_or_jsonl(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes('\ufeffpath,prompt,n\r\na.mp4,"one, ""two""",1\r\nb.mp4,,2\r\n,x,3\r\n'.encode())
    (tmp_path / "m.jsonl").write_text(
        '{"path": "a.mp4", "prompt": "one, \\"two\\"", "n": 1}\n\n{"path": "b.mp4", "n": 2}\n'
    )
    expected = [Told("a.mp4", "1", 'one, "two"'), Told("b.mp4", "2", None)]
    assert read_manifest(tmp_path / "m.csv", "path", "prompt", "n") == expected
    assert read_manifest(tmp_path / "m.jsonl", "path", "prompt", "n") == expected


def test_paths_may_be_relative_to_the_manifest(tmp_path: Path) -> None:
    videos, manifest = tmp_path / "videos", tmp_path / "m.csv"
    one, two = Told("videos/a.mp4", None, "x"), Told("deep/b.mp4", "second", None)
    assert match(["a.mp4", "deep/b.mp4"], videos, manifest, [one, two]) == {"a.mp4": one, "deep/b.mp4": two}
    with pytest.raises(UsageError, match="no path in"):
        match(["a.mp4"], videos, manifest, [Told("../a.mp4", None, "x")])
    with pytest.raises(UsageError, match=r"calls two videos 'b\.mp4'"):
        match(["a.mp4", "b.mp4"], videos, manifest, [Told("a.mp4", "b.mp4", None)])


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("path,promt\na,b\n", "m.csv", "unknown column of m.csv, prompt= 'prompt'. Did you mean: promt"),
        ("{}\n[", "m.jsonl", "m.jsonl:2 is not a JSON object"),
        ("[1]", "m.jsonl", "must hold one JSON object a line"),
        (None, "m.csv", "no such file: manifest="),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(text: str | None, name: str, says: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as error:
        read_manifest(tmp_path / name, "path", "prompt")
    assert says in str(error.value)


def test_dry_run_measures_two_videos_and_writes_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", f"path={folder}", f"out={tmp_path / 'run'}", "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["shots"] == 4
    assert told["bytes"] == 0
    assert not (tmp_path / "run").exists()


def test_real_videos_are_found_by_name_and_make_another_run(folder: Path, tmp_path: Path) -> None:
    for take, shift in (("one", 1), ("two", 2)):
        write_video(tmp_path / take / "b.mp4", ball(shift), lossless=False)  # another suffix is no matter
        write_video(tmp_path / take / "cut.mkv", ball(1))
    asked = ["score", f"path={folder}", "probes=[reference]", "workers=1"]
    both = f"references=[{tmp_path / 'one'},{tmp_path / 'two'}]"
    assert main([*asked, both, f"out={tmp_path / 'run'}"]) == 3
    readings = load(tmp_path / "run").readings.set_index("shot_id")
    assert readings.loc["b.mkv", "value"] > 0.8
    assert "physics_iq_verified" in json.loads(readings.loc["b.mkv", "measures"])
    assert readings.loc["deep/a.mp4", "reason"] == "no real video to compare with"
    assert main([*asked, f"references={tmp_path / 'one'}", f"out={tmp_path / 'run'}"]) == 2  # readings would differ
    (tmp_path / "one" / "b.mp4").write_text("no video")
    assert main([*asked, both, f"out={tmp_path / 'bad'}"]) == 3
    found = load(tmp_path / "bad").readings.set_index("shot_id").loc["b.mkv"]
    assert (found["status"], "no real video" in found["reason"]) == ("failed", True)


def test_folders_of_real_videos_that_do_not_fit_are_told(folder: Path, tmp_path: Path) -> None:
    names = ["b.mkv", "deep/a.mp4"]
    (tmp_path / "empty").mkdir()
    for asked, says in (
        ("nowhere", "no such folder: references=nowhere"),
        (str(tmp_path / "empty"), "is called like one that is scored, e.g. 'b.mkv'"),
        (["a", "b", "c"], "names 3 folders; give one, or two"),
    ):
        with pytest.raises(UsageError, match=re.escape(says)):
            real_videos(asked, names)
    assert real_videos(None, names) == {}
