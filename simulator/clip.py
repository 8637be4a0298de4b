"""Clip: frames and a frame rate; reading and writing video."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import av
import numpy as np

from simulator import decoding
from simulator.errors import UsageError


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


def read_video(path: str | Path, *, max_frames: int | None = None, max_pixels: int | None = None) -> Clip:
    """Decode a video file, in a process that can do nothing else (see simulator.decoding).

    The demuxer is forced from the file's first bytes, never guessed. Pictures are turned upright where the file says
    so; alpha is dropped; a variable frame rate becomes its mean.

    max_frames, max_pixels (of a frame): in place of the process's own limits.

    Raises:
        simulator.errors.UsageError: not a video, truncated, no frames, or over the limits; says which.
    """
    allowed = decoding.limits()
    if max_frames is not None:
        allowed = replace(allowed, frames=max_frames)
    if max_pixels is not None:
        allowed = replace(allowed, pixels=max_pixels)
    return Clip(*decoding.decode(Path(path), allowed))
