"""Truth: what really is in every frame of a Take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.clip import Clip

# Visibility of a body in a frame.
ABSENT, SEEN, HIDDEN, OUT = 0, 1, 2, 3  # not in the world; in the picture; behind something; outside the picture


@dataclass(frozen=True)
class Event:
    """Something that took place: kind as in script.EXPECTED_KINDS or "contact", at `t` seconds."""

    kind: str
    t: float
    subject: str
    object: str | None = None


@dataclass(frozen=True)
class Broken:
    """The violation in a take: what, which law, to whom, when (seconds), how badly ([0, 1])."""

    kind: str
    law: str
    body: str | None
    start: float
    end: float
    severity: float


@dataclass(frozen=True, eq=False)
class Truth:
    """Per-frame ground truth; T frames, N bodies in the order of `names`, (H, W) the clip's size.

    times: (T,) seconds.
    masks: (T, H, W) uint8; 0 is floor, wall or sky; i + 1 is body i.
    depth: (T, H, W) float32, metres along the optical axis.
    pos, quat: (T, N, 3) metres and (T, N, 4) WXYZ, world frame.
    velocity: (T, N, 3) m/s, world frame.
    state: (T, N) uint8, one of ABSENT, SEEN, HIDDEN, OUT.
    intrinsics: (3, 3) pixels. extrinsics: (T, 4, 4), world to camera (x right, y down, z forward).
    """

    names: tuple[str, ...]
    times: np.ndarray
    masks: np.ndarray
    depth: np.ndarray
    pos: np.ndarray
    quat: np.ndarray
    velocity: np.ndarray
    state: np.ndarray
    intrinsics: np.ndarray
    extrinsics: np.ndarray
    events: tuple[Event, ...]
    broken: Broken | None = None

    def mask(self, name: str) -> np.ndarray:
        """(T, H, W) bool: where the body called `name` is seen."""
        return self.masks == self.names.index(name) + 1


@dataclass(frozen=True, eq=False)
class Take:
    """A Script as played: the picture and the truth."""

    clip: Clip
    truth: Truth
