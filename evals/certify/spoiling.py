"""Copies of a valid clip: nuisances, after which it is still valid, and controls, which no probe may prefer to it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from fractions import Fraction

import av
import cv2
import numpy as np

from simulator.clip import Clip

CRF = 28  # of H.264: a small file for the web
BRIGHTER = 1.2  # times every value, cut off at white
NOISE = 5.0  # standard deviation of 255, of every value on its own
FADE = (0.25, 0.75)  # of the clip: where one scene dissolves into another


def h264(clip: Clip, rng: np.random.Generator) -> Clip:
    """Encoded as H.264 with crf 28 and 4:2:0 chroma, and decoded. Sides must be even."""
    file, rate = io.BytesIO(), Fraction(clip.fps).limit_denominator(1_000_000)
    with av.open(file, "w", format="mp4") as out:
        options = {"crf": str(CRF), "x264-params": "threads=1"}  # the same bytes on any machine
        stream = out.add_stream("libx264", rate=rate, options=options)
        stream.height, stream.width, stream.pix_fmt = clip.height, clip.width, "yuv420p"
        for picture in clip.frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        out.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r", format="mov") as made:
        return Clip(np.stack([frame.to_ndarray(format="rgb24") for frame in made.decode(video=0)]), clip.fps)


def half_size(clip: Clip, rng: np.random.Generator) -> Clip:
    """Half as high and wide, by area averaging."""
    size = (clip.width // 2, clip.height // 2)
    return Clip(np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in clip.frames]), clip.fps)


def half_rate(clip: Clip, rng: np.random.Generator) -> Clip:
    """Every second frame."""
    return Clip(clip.frames[::2], clip.fps / 2)


def brighter(clip: Clip, rng: np.random.Generator) -> Clip:
    """Every value BRIGHTER times as high."""
    return Clip(np.clip(np.rint(clip.frames * BRIGHTER), 0, 255).astype(np.uint8), clip.fps)


def noisy(clip: Clip, rng: np.random.Generator) -> Clip:
    """With Gaussian noise of its own on every value."""
    loud = clip.frames + rng.normal(0.0, NOISE, clip.frames.shape).astype(np.float32)
    return Clip(np.clip(np.rint(loud), 0, 255).astype(np.uint8), clip.fps)


Nuisance = Callable[[Clip, np.random.Generator], Clip]
NUISANCES: dict[str, Nuisance] = {f.__name__: f for f in (h264, half_size, half_rate, brighter, noisy)}


def frozen(frames: np.ndarray) -> np.ndarray:
    """The first frame, repeated."""
    return np.repeat(frames[:1], len(frames), axis=0)


def noise(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every value from 0 to 255 alike."""
    return rng.integers(0, 256, frames.shape, dtype=np.uint8)


def shuffled(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """In a random cyclic order, in which no frame stays at its place."""
    cycle, mixed = rng.permutation(len(frames)), np.empty_like(frames)
    mixed[cycle] = frames[np.roll(cycle, 1)]
    return mixed


def looped(frames: np.ndarray) -> np.ndarray:
    """The first half, again and again."""
    half = max(1, len(frames) // 2)
    return frames[np.arange(len(frames)) % half]


def cross_faded(frames: np.ndarray, other: np.ndarray) -> np.ndarray:
    """One clip that dissolves into another of the same shape."""
    at = (np.arange(len(frames)) / max(1, len(frames) - 1) - FADE[0]) / (FADE[1] - FADE[0])
    share = np.clip(at, 0, 1)[:, None, None, None]
    return np.rint(frames * (1 - share) + other * share).astype(np.uint8)


def control(name: str, clip: Clip, rng: np.random.Generator, films: Callable[[int, int], Sequence[np.ndarray]]) -> Clip:
    """The control called `name`. films(clips, frames): that many clips of other scenes, of so many frames each."""
    frames = clip.frames
    made = {
        "frozen": lambda: frozen(frames),
        "noise": lambda: noise(frames, rng),
        "shuffled": lambda: shuffled(frames, rng),
        "reversed": lambda: frames[::-1],
        "unrelated": lambda: np.concatenate(list(films(len(frames), 1))),
        "cross_faded": lambda: cross_faded(frames, films(1, len(frames))[0]),
        "looped": lambda: looped(frames),
    }[name]()
    return Clip(made, clip.fps)
