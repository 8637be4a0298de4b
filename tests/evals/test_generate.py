"""`generate`: what the keys ask for is what comes out, and known frames are kept."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from evals import config
from evals.cli import main
from evals.generate import shot_of
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
        (["size=8x64"], "8 is outside 16 to 1024"),
        (["seconds=61"], "61 is outside"),
        (["strength=0.5"], "give video=FILE"),
        (["prompt= "], "say what happens"),
        ([f"prompt={'word ' * 5000}"], "up to 2000 are read"),
        (["first=nothing.png"], "cannot read the picture"),
        (["video=nothing.mp4@3s"], "cannot open"),
    ],
)
def test_what_cannot_be_done_is_said(overrides: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        shot_of(asked(*overrides))


def test_known_frames_outside_the_clip_are_refused(files: Path) -> None:
    with pytest.raises(UsageError, match="begins after the end"):
        shot_of(asked(f"video={files / 'c.mkv'}@9s"))
    with pytest.raises(UsageError, match="all 8 frames are known"):
        shot_of(asked(f"video={files / 'c.mkv'}", "seconds=1"))


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
