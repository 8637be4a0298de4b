"""Clip: frames and a frame rate; reading and writing video."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np


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
    """Write `clip` to `path` by way of a temporary file beside it.

    lossless: FFV1 (bgr0), exact, for what is measured (use .mkv); otherwise H.264 yuv420p crf 18
    with faststart, for pages (use .mp4; odd sizes are padded by one pixel).
    """
    raise NotImplementedError


def read_video(path: str | Path, *, max_frames: int = 4096, max_pixels: int = 4096 * 4096) -> Clip:
    """Decode a video file; the demuxer is forced from the file's first bytes, never guessed.

    Raises:
        simulator.errors.UsageError: not a video, no frames, or over the limits; says which.
    """
    raise NotImplementedError
