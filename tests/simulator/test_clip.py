from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from simulator.clip import Clip, read_video, write_video
from simulator.errors import UsageError


def noise(frames: int = 6, height: int = 17, width: int = 23, fps: float = 24.0) -> Clip:
    rng = np.random.default_rng(frames)
    return Clip(rng.integers(0, 256, (frames, height, width, 3), dtype=np.uint8), fps)


@pytest.mark.parametrize("fps", [1.0, 7.5, 8.0, 12.345678, 23.976, 24.0, 30000 / 1001, 60.0])
@pytest.mark.parametrize("frames", [1, 2, 9])
def test_lossless_is_the_same_clip(tmp_path: Path, fps: float, frames: int) -> None:
    clip = noise(frames, fps=fps)
    write_video(tmp_path / "a.mkv", clip)
    assert read_video(tmp_path / "a.mkv").digest == clip.digest
    assert [p.name for p in tmp_path.iterdir()] == ["a.mkv"]


def test_lossy_keeps_time_and_is_near(tmp_path: Path) -> None:
    y, x = np.mgrid[0:33, 0:47]
    smooth = np.stack([np.stack([5 * y + i, 4 * x, y + x], -1) for i in range(10)]).astype(np.uint8)
    write_video(tmp_path / "deep" / "a.mp4", Clip(smooth, 12.5), lossless=False)
    back = read_video(tmp_path / "deep" / "a.mp4")
    assert (back.frames.shape, back.fps) == ((10, 34, 48, 3), 12.5)
    assert np.abs(back.frames[:, :33, :47].astype(int) - smooth).mean() < 4


def test_the_ending_says_the_kind(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"use \.mkv"):
        write_video(tmp_path / "a.mp4", noise())
    with pytest.raises(UsageError, match=r"use \.mp4"):
        write_video(tmp_path / "a.mkv", noise(), lossless=False)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.995])
def test_a_cut_file_is_refused(tmp_path: Path, name: str, share: float) -> None:
    write_video(tmp_path / name, noise(24, 32, 32), lossless=name == "a.mkv")
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UsageError, match=r"cut short: \d+ of 24 frames"):
        read_video(tmp_path / name)


@pytest.mark.parametrize("text", [
    "hello", "", "ffconcat version 1.0\nfile other.mkv\n", "#EXTM3U\n#EXTINF:1,\nother.mkv\n",
    "....ftypisom and nothing more",
])  # fmt: skip
def test_what_is_not_a_video_is_refused(tmp_path: Path, text: str) -> None:
    write_video(tmp_path / "other.mkv", noise())
    (tmp_path / "a.mp4").write_text(text)
    with pytest.raises(UsageError, match=r"a\.mp4' (is not a video|cannot be read)|no video stream"):
        read_video(tmp_path / "a.mp4")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mp4", tmp_path):
        with pytest.raises(UsageError, match="cannot open"):
            read_video(path)


def test_limits(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", noise(9))
    assert len(read_video(tmp_path / "a.mkv", max_frames=9, max_pixels=17 * 23)) == 9
    with pytest.raises(UsageError, match="too big"):
        read_video(tmp_path / "a.mkv", max_frames=8)
    with pytest.raises(UsageError, match="23x17"):
        read_video(tmp_path / "a.mkv", max_pixels=17 * 23 - 1)


@pytest.mark.parametrize(("format", "codec", "pixels"), [("gray", "ffv1", "gray"), ("rgba", "ffv1", "bgra")])
def test_other_pixel_formats_become_rgb(tmp_path: Path, format: str, codec: str, pixels: str) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    picture = grey if format == "gray" else np.dstack([grey, grey, grey, np.full_like(grey, 90)])
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width = stream.height = 16
        stream.pix_fmt = pixels
        for packet in (*stream.encode(av.VideoFrame.from_ndarray(picture, format=format)), *stream.encode(None)):
            container.mux(packet)
    assert np.array_equal(read_video(tmp_path / "a.mkv").frames[0], np.dstack([grey] * 3))


def test_a_turned_picture_is_set_upright(tmp_path: Path) -> None:
    """A track header whose matrix says x' = h - y, y' = x shows the picture a quarter turn clockwise."""
    corner = np.zeros((3, 32, 64, 3), np.uint8)
    corner[:, :8, :16] = 255
    write_video(tmp_path / "a.mp4", Clip(corner, 10.0), lossless=False)
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    at = data.index(b"tkhd") + 44
    one = 1 << 16
    matrix = (0, one, 0, -one, 0, 0, 32 * one, 0, 1 << 30)
    data[at : at + 36] = b"".join(v.to_bytes(4, "big", signed=True) for v in matrix)
    (tmp_path / "a.mp4").write_bytes(data)
    upright = read_video(tmp_path / "a.mp4").frames
    assert upright.shape == (3, 64, 32, 3)
    assert upright[0, :10, -4:].min() > 200
    assert upright[0, 24:].max() < 60
