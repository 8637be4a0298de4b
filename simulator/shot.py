"""Shot: what a model is asked to generate; VideoModel: what answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from simulator.clip import Clip
from simulator.script import Script

MODES = ("prompt", "first_frames")  # no known frames; the first quarter of the clip is known


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


class VideoModel(Protocol):
    """A model of worlds: Shot to Clip, deterministic in (shot, weights, threads)."""

    name: str

    def generate(self, shot: Shot) -> Clip:
        """A clip of exactly shot.frames frames of shot.height x shot.width at shot.fps."""
        ...

    def identity(self) -> dict[str, str]:
        """What the run's record needs to tell this model from another: name, weights digest, settings."""
        ...
