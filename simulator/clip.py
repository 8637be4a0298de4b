"""Clip: frames and a frame rate; reading and writing video."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import av
import numpy as np

from simulator.errors import UsageError

MAX_BYTES = 2 << 30  # of decoded frames


@dataclass(frozen=True, eq=False)
class Clip:
    """A video in memory.

    frames: (T, H, W, 3) uint8, RGB, made read-only; frame i is shown at i / fps seconds.
    fps: frames per second, > 0 and finite.
    """

    frames: np.ndarray
    fps: float

    def __post_init__(self) -> None:
        f = np.ascontiguousarray(self.frames)
        if f.dtype != np.uint8 or f.ndim != 4 or f.shape[-1] != 3 or 0 in f.shape:
            raise ValueError(f"frames must be (T, H, W, 3) uint8 and not empty, got {f.shape} {f.dtype}")
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f"fps must be positive and finite, got {self.fps}")
        if f is self.frames and f.flags.writeable:
            f = f.view()
        f.flags.writeable = False
        object.__setattr__(self, "frames", f)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def height(self) -> int:
        return int(self.frames.shape[1])

    @property
    def width(self) -> int:
        return int(self.frames.shape[2])

    @property
    def seconds(self) -> float:
        """T / fps."""
        return len(self.frames) / self.fps

    @cached_property
    def digest(self) -> str:
        """sha256 (hex) of shape, frame rate and decoded frames: the clip's identity."""
        h = hashlib.sha256(f"{self.frames.shape} {self.fps:.6f}".encode())
        h.update(self.frames.data)
        return h.hexdigest()


def write_video(path: str | Path, clip: Clip, *, lossless: bool = True) -> None:
    """Write `clip` to `path` by way of a temporary file beside it; folders on the way are made.

    lossless: FFV1 (bgr0), exact, for what is measured (.mkv); otherwise H.264 yuv420p crf 18
    with faststart, for pages (.mp4; odd sizes are padded by one pixel).

    Raises:
        simulator.errors.UsageError: the name does not end in .mkv, or .mp4.
    """
    path = Path(path)
    muxer, suffix = ("matroska", ".mkv") if lossless else ("mp4", ".mp4")
    if path.suffix.lower() != suffix:
        raise UsageError(f"cannot write {'lossless' if lossless else 'H.264'} video to '{path.name}'; use {suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = clip.frames
    if not lossless:
        frames = np.pad(frames, ((0, 0), (0, clip.height % 2), (0, clip.width % 2), (0, 0)), mode="edge")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        options = {"fflags": "+bitexact"} if lossless else {"movflags": "+faststart"}  # no random name in the file
        with av.open(str(temporary), "w", format=muxer, options=options) as container:
            container.metadata.update(fps=repr(float(clip.fps)), frames=str(len(clip)))  # containers round them
            rate = Fraction(clip.fps).limit_denominator(1_000_000)
            stream = container.add_stream(
                "ffv1" if lossless else "libx264",
                rate=rate,
                options={"level": "3", "slicecrc": "1"} if lossless else {"crf": "18", "preset": "fast"},
            )
            stream.height, stream.width = frames.shape[1:3]
            stream.pix_fmt = "bgr0" if lossless else "yuv420p"
            stream.codec_context.time_base = 1 / rate
            for i, picture in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = i, 1 / rate
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_video(path: str | Path, *, max_frames: int = 4096, max_pixels: int = 4096 * 4096) -> Clip:
    """Decode a video file; the demuxer is forced from the file's first bytes, never guessed.

    Pictures are turned upright where the file says so; alpha is dropped; a variable frame rate becomes its mean.

    Raises:
        simulator.errors.UsageError: not a video, truncated, no frames, or over the limits; says which.
    """
    path = Path(path)
    demuxer = _sniff(path)
    try:
        with av.open(str(path), format=demuxer) as container:
            return _decode(container, path, max_frames, max_pixels)
    except av.FFmpegError as error:
        raise UsageError(f"cannot read '{path}': {error.strerror}; the file is damaged or cut short") from error


def _sniff(path: Path) -> str:
    """The demuxer for a file, by its first bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise UsageError(f"cannot open '{path}': {error.strerror}") from error
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:4] == b"GIF8":
        return "gif"
    raise UsageError(f"'{path}' is not a video (mp4, mov, mkv, webm, avi or gif); convert it with ffmpeg first")


def _decode(container: av.container.InputContainer, path: Path, max_frames: int, max_pixels: int) -> Clip:
    if not container.streams.video:
        raise UsageError(f"'{path}' holds no video stream")
    stream = container.streams.video[0]
    rate = stream.average_rate or stream.guessed_rate
    if not rate or rate <= 0:
        raise UsageError(f"'{path}' states no frame rate; convert it with ffmpeg -r RATE")
    size = stream.codec_context.width * stream.codec_context.height
    cap = min(max_frames, MAX_BYTES // max(3 * size, 1)) if size <= max_pixels else 0
    if cap == 0 or stream.frames > cap:
        raise _too_big(path, stream.codec_context.width, stream.codec_context.height, stream.frames, cap)
    pictures: list[np.ndarray] = []
    packets, reached, damaged = 0, 0, False
    try:
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                packets += 1
                shown = (packet.pts - (stream.start_time or 0)) * packet.time_base
                reached = max(reached, packets, 1 + round(shown * rate))
            damaged |= packet.is_corrupt
            for frame in packet.decode():
                if frame.width * frame.height > max_pixels or len(pictures) >= cap:
                    raise _too_big(path, frame.width, frame.height, len(pictures) + 1, cap)
                picture = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)
                if pictures and picture.shape != pictures[0].shape:
                    raise UsageError(f"'{path}' changes its size at frame {len(pictures)}; convert it to one size")
                pictures.append(picture)
    except av.FFmpegError:
        damaged = True
    expected = stream.frames or _stated(container, rate)
    if damaged or reached < expected:
        raise UsageError(
            f"'{path}' is damaged or cut short: {len(pictures)} of {expected or 'unknown'} frames decoded; "
            "fetch or generate it again"
        )
    if not pictures:
        raise UsageError(f"'{path}' holds no frames")
    return Clip(np.stack(pictures), _fps(container, rate * Fraction(packets, max(packets, reached))))


def _noted(container: av.container.InputContainer, key: str) -> float:
    """A number that write_video left in the file; NaN where there is none."""
    try:
        return float(container.metadata.get(key.upper(), container.metadata.get(key, "nan")))
    except ValueError:
        return math.nan


def _fps(container: av.container.InputContainer, mean: Fraction) -> float:
    """The rate as write_video noted it, where that agrees with what the container says; otherwise the container's."""
    noted = _noted(container, "fps")
    return noted if abs(noted - mean) < 1e-3 * mean else float(mean)


def _stated(container: av.container.InputContainer, rate: Fraction) -> int:
    """How many frames there are at least, by note or by the duration that the container states; 0 where it is mute."""
    noted = _noted(container, "frames")
    if math.isfinite(noted):
        return int(noted)
    if not container.duration or len(container.streams) > 1:
        return 0
    return max(0, math.floor(container.duration / av.time_base * rate) - 1)


def _too_big(path: Path, width: int, height: int, frames: int, cap: int) -> UsageError:
    return UsageError(
        f"'{path}' is too big: {frames or 'unknown'} frames of {width}x{height}; "
        f"up to {cap} frames of this size can be read; cut it or scale it down"
    )
