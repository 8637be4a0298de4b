"""Previews: sizes, pixels, and files that are not what they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reports.media import Media, preview
from simulator.clip import Clip, read_video
from tests.synthetic import write_clip


def clip(height: int, width: int) -> Clip:
    return Clip(np.random.default_rng(0).integers(0, 255, (3, height, width, 3), dtype=np.uint8), 8.0)


def test_small_clips_keep_their_pixels() -> None:
    small = clip(64, 96)
    large = preview(small)
    assert (large.height, large.width, large.fps) == (256, 384, 8.0)
    np.testing.assert_array_equal(large.frames[:, 1::4, 2::4], small.frames)


@pytest.mark.parametrize(
    ("size", "shown"), [((256, 256), (256, 256)), ((480, 640), (480, 640)), ((1080, 1920), (360, 640))]
)
def test_large_clips_shrink(size: tuple[int, int], shown: tuple[int, int]) -> None:
    seen = preview(clip(*size))
    assert (seen.height, seen.width) == shown


def test_shrinking_keeps_the_mean() -> None:
    large = clip(720, 1280)
    assert preview(large).frames.mean() == pytest.approx(large.frames.mean(), abs=1)


def test_made_once_and_played_alike(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mkv", seed=1)
    media = Media(tmp_path / "page")
    link = media.add(tmp_path / "a.mkv", "0123456789abcdef0123456789")
    assert link == "media/0123456789abcdef0123.mp4"
    made = (tmp_path / "page" / link).stat().st_mtime_ns
    assert media.add(tmp_path / "a.mkv", "0123456789abcdef0123456789") == link
    assert (tmp_path / "page" / link).stat().st_mtime_ns == made
    seen, source = read_video(tmp_path / "page" / link), read_video(tmp_path / "a.mkv")
    assert (len(seen), seen.fps) == (len(source), pytest.approx(source.fps))
    error = np.abs(seen.frames[:, 2::4, 2::4].astype(int) - source.frames)
    assert error.mean() < 6  # H.264 with halved colour: for the eye, never measured


def test_a_page_beside_shares_its_previews(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mkv", seed=1)
    link = Media(tmp_path / "one").add(tmp_path / "a.mkv", "0123")
    assert Media(tmp_path / "other").add(tmp_path / "gone.mkv", "0123") == link == "media/0123.mp4"
    assert (tmp_path / "other" / link).samefile(tmp_path / "one" / link)


def test_a_damaged_clip_is_told_not_fatal(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_text("not a video")
    media = Media(tmp_path / "page")
    assert media.add(tmp_path / "a.mkv", "00") is None
    assert media.add(tmp_path / "gone.mkv", "01") is None
    assert len(media.lost) == 2
    assert not (tmp_path / "page" / "media").exists()
