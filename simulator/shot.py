"""Shot: what a model is asked to generate; VideoModel: what answers it."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from simulator.clip import Clip
from simulator.script import Script

MODES = ("prompt", "first_frames", "first_second", "last_frames", "both_ends")  # see known_frames
PROMPT_LENGTH = 2000  # characters, at most


@dataclass(frozen=True, eq=False)
class Shot:
    """One request.

    id: unique in its suite, e.g. "drop_bounce-7-first_frames".
    known: frame index -> (height, width, 3) uint8; the model must keep these frames.
    seed: the model's own randomness.
    script: what the prompt was made from, None for a stranger's prompt. Only control models may look at it.
    """

    id: str
    prompt: str
    height: int
    width: int
    frames: int
    fps: float
    seed: int
    mode: str = "prompt"
    known: dict[int, np.ndarray] = field(default_factory=dict)
    script: Script | None = None


def known_frames(mode: str, frames: int, fps: float) -> tuple[int, ...]:
    """The indices of the frames that a mode gives away of a clip of `frames` frames.

    prompt: none. first_frames: the first quarter, to be continued. first_second: those shown before second 1.
    last_frames: the last quarter, whose past is asked for. both_ends: an eighth at either end, to be connected. Where a
    share of the clip is meant it is at least one frame.
    """
    if mode == "first_second":
        return tuple(range(min(frames, math.ceil(fps))))
    quarter, eighth = max(1, frames // 4), max(1, frames // 8)
    head = {"first_frames": quarter, "both_ends": eighth}.get(mode, 0)
    tail = {"last_frames": quarter, "both_ends": eighth}.get(mode, 0)
    return (*range(head), *range(max(head, frames - tail), frames))


def ends(known: Container[int], frames: int) -> tuple[int, int]:
    """How many frames are known from the first one on, and how many up to the last one; all of them: (frames, 0)."""
    head = next((i for i in range(frames) if i not in known), frames)
    return head, next((i for i in range(frames - head) if frames - 1 - i not in known), 0)


class VideoModel(Protocol):
    """A model of worlds: Shot to Clip, deterministic in (shot, weights, threads)."""

    name: str

    def generate(self, shot: Shot) -> Clip:
        """A clip of exactly shot.frames frames of shot.height x shot.width at shot.fps."""
        ...

    def identity(self) -> dict[str, str]:
        """What the run's record needs to tell this model from another: name, weights digest, settings."""
        ...
