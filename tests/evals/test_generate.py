"""`generate`: what the keys ask for is what comes out, and known frames are kept."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from evals import config
from evals.cli import main
from evals.generate import command, shot_of
from simulator.clip import Clip, read_video, write_video
from simulator.errors import UsageError


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A picture, another one, and a video of 8 grey frames at 8 a second that get lighter."""
    for name, level in (("a", 40), ("b", 200)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((24, 40, 3), level, np.uint8))
    frames = np.stack([np.full((32, 32, 3), 20 * i, np.uint8) for i in range(8)])
    write_video(tmp_path / "c.mkv", Clip(frames, 8.0))
    return tmp_path


def asked(*overrides: str) -> dict:  # type: ignore[type-arg]
    return config.load("generate", ["prompt=a ball falls", *overrides])


def test_pictures_and_videos_are_known_where_they_are_said_to_be(files: Path) -> None:
    shot, draft = shot_of(
        asked(f"first={files / 'a.png'}", f"last=[{files / 'a.png'},{files / 'b.png'}]", "size=24x40", "seconds=1")
    )
    assert draft is None
    assert (shot.frames, shot.height, shot.width) == (8, 24, 40)
    assert {i: int(f.mean()) for i, f in shot.known.items()} == {0: 40, 6: 40, 7: 200}
    shot, _ = shot_of(asked(f"video={files / 'c.mkv'}@1.0s", "seconds=2.5"))
    assert {i: int(f.mean()) for i, f in shot.known.items()} == {8 + i: 20 * i for i in range(8)}
    shot, _ = shot_of(asked(f"video={files / 'c.mkv'}", "seconds=2", "fps=4"))
    assert {i: int(f.mean()) for i, f in shot.known.items()} == {i: 40 * i for i in range(4)}


def test_a_video_is_edited_with_a_strength(files: Path) -> None:
    shot, draft = shot_of(asked(f"video={files / 'c.mkv'}", "strength=0.5", "seconds=2"))
    assert not shot.known
    assert draft is not None
    assert [int(f.mean()) for f in draft] == [*(20 * i for i in range(8)), *[140] * 8]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["size=64"], "no HEIGHTxWIDTH"),
        (["size=8x64"], "outside 16 to 1024"),
        (["seconds=61"], "61 is outside"),
        (["seconds=nan"], "nan is outside"),
        (["fps=0"], "outside 1 to 120"),
        (["seed=-1"], "outside 0 to"),
        (["steps=0"], "outside 1 to 1000"),
        (["steps=100000000"], "outside 1 to 1000"),
        (["steps=1.5"], "no whole number"),
        (["guidance=nan"], "nan is outside"),
        (["guidance=much"], "is no number"),
        (["strength=0.5"], "give one video=FILE"),
        (["strength=1.5"], "outside 0.001 to 1"),
        (["strength=true"], "is no number"),
        (["prompt= "], "say what happens"),
        ([f"prompt={'word ' * 5000}"], "say it in 2000"),
        (["first=nothing.png"], "cannot read the picture"),
        (["video="], "names no file"),
    ],
)
def test_what_cannot_be_done_is_said(overrides: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        shot_of(asked(*overrides))


def test_files_that_are_not_what_they_are_said_to_be(files: Path) -> None:
    (files / "words.txt").write_text("no picture")
    (files / "empty.mp4").touch()
    whole = (files / "c.mkv").read_bytes()
    (files / "short.mkv").write_bytes(whole[: len(whole) // 2])
    for key, name, message in (
        ("first", "words.txt", "cannot read the picture"), ("last", "empty.mp4", "is not a video"),
        ("video", "short.mkv", "damaged or cut short"), ("video", "nothing.mp4@3s", "nothing.mp4"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=message):
            shot_of(asked(f"{key}={files / name}", "seconds=4"))


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("clip.avi", "should end in"),
        ("nowhere/clip.mp4", "no such folder"),
        ("folder.mp4", "is a folder"),
        ("/proc/clip.mp4", "cannot write into /proc"),
    ],
)
def test_where_no_video_can_be_written(tmp_path: Path, out: str, message: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(UsageError, match=message):
        command(asked(f"out={tmp_path / out}"), json_out=False, dry_run=True)


def test_other_models_take_no_settings_of_the_sampler(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="model=noise has no use for steps="):
        command(asked("model=noise", "steps=3", f"out={tmp_path / 'x.mkv'}"), json_out=False, dry_run=False)


def test_known_frames_outside_the_clip_or_in_one_place_are_refused(files: Path) -> None:
    a, c = files / "a.png", files / "c.mkv"
    for overrides, message in (
        ([f"video={c}@9s"], "begins after the end"),
        ([f"video={c}", "seconds=1"], "all 8 frames are known"),
        ([f"first={c}", f"last={c}", "seconds=1.5"], "have 16 frames and the clip 12"),
        ([f"first={a}", f"video={c}"], "frame 0 is given twice"),
        ([f"video=[{a}@1.5s,{c}@1s]"], "frame 12 is given twice"),
        ([f"video=[{a},{c}@1s]", "strength=0.5"], "there are 2"),
    ):
        with pytest.raises(UsageError, match=message):
            shot_of(asked(*overrides))


def test_two_videos_are_connected_and_pictures_lie_in_between(files: Path) -> None:
    a, c = files / "a.png", files / "c.mkv"
    shot, _ = shot_of(asked(f"first={c}", f"video={a}@1.5s", f"last={c}", "seconds=4"))
    levels = {i: int(f.mean()) for i, f in shot.known.items()}
    assert levels == {i: 20 * i for i in range(8)} | {12: 40} | {24 + i: 20 * i for i in range(8)}


def test_forward_backward_and_long(files: Path) -> None:
    """The world model itself: known frames are in the file as they were, before and after what is made."""
    video = read_video(files / "c.mkv")
    for name, overrides, first in (
        ("on", [f"video={files / 'c.mkv'}", "seconds=4"], 0),
        ("back", [f"video={files / 'c.mkv'}@3.0s", "seconds=4"], 24),
    ):
        path = files / f"{name}.mkv"
        assert main(["generate", "prompt=a ball falls", *overrides, "size=32x32", "steps=1", f"out={path}"]) == 0
        clip = read_video(path)
        assert len(clip) == 32
        assert np.array_equal(clip.frames[first : first + 8], video.frames)
    again = files / "again.mkv"
    main(
        [
            "generate",
            "prompt=a ball falls",
            f"video={files / 'c.mkv'}",
            "seconds=4",
            "size=32x32",
            "steps=1",
            f"out={again}",
        ]
    )
    assert read_video(again).digest == read_video(files / "on.mkv").digest
    edited = files / "edited.mkv"
    assert (
        main(
            [
                "generate",
                "prompt=a ball",
                f"video={files / 'c.mkv'}",
                "strength=0.2",
                "seconds=1",
                "size=32x32",
                f"out={edited}",
            ]
        )
        == 0
    )
    difference = np.abs(read_video(edited).frames.astype(int) - video.frames).mean()
    assert 0 < difference < 40
