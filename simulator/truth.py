"""Truth: what really is in every frame of a Take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulator.clip import Clip
from simulator.scene import Geom

# Visibility of a body in a frame.
ABSENT, SEEN, HIDDEN, OUT = 0, 1, 2, 3  # not in the world; in the picture; behind something; outside the picture
NOBODY = -1  # in `hidden_by`: nothing in particular, or the room
MOVES = 1e-5  # metres and sines: what tells a moving camera's poses apart


@dataclass(frozen=True)
class Event:
    """Something that took place at `t` seconds: "contact" (subject touches object), "hidden" (behind object) and
    "revealed", "leaves_frame" and "returns", "vanishes" and "appears", "cut"."""

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
class Tracks:
    """Points on surfaces, followed through the clip; P points, T frames.

    xy: (T, P, 2) float32 pixels (x right, y down, whole numbers are centres of pixels), where the point is or would
    be; NaN behind the camera. seen: (T, P) bool, in the picture and not hidden. part: (P,) as in Truth.parts, never 0.
    """

    xy: np.ndarray
    seen: np.ndarray
    part: np.ndarray


@dataclass(frozen=True, eq=False)
class Truth:
    """Per-frame ground truth; T frames, N bodies in the order of `names`, P parts, (H, W) the clip's size.

    times: (T,) seconds. clock: (T,) seconds, the time of the world then (another where a violation holds it up).
    parts: (T, H, W) uint16; 0 is the sky, k + 1 is part k: floor, walls and all geoms.
    part_body: (P,) int; the body that a part belongs to, NOBODY for the room.
    part_pose: (T, P, 3, 4) float32, [rotation | position] of a part in the world. part_scale: (T, P) float32.
    surfaces: parts that bend, with what says how (see simulator.surface).
    depth: (T, H, W) float32, metres along the optical axis, infinite for the sky.
    pos, quat: (T, N, 3) metres and (T, N, 4) WXYZ, world frame.
    velocity, spin: (T, N, 3) m/s of the body's origin and rad/s, world frame.
    state: (T, N) uint8, one of ABSENT, SEEN, HIDDEN, OUT. hidden_by: (T, N) int, a body or NOBODY.
    intrinsics: (3, 3) pixels. extrinsics: (T, 4, 4), world to camera (x right, y down, z forward).
    """

    names: tuple[str, ...]
    times: np.ndarray
    clock: np.ndarray
    parts: np.ndarray
    part_body: np.ndarray
    part_pose: np.ndarray
    part_scale: np.ndarray
    surfaces: tuple[tuple[int, Geom], ...]
    depth: np.ndarray
    pos: np.ndarray
    quat: np.ndarray
    velocity: np.ndarray
    spin: np.ndarray
    state: np.ndarray
    hidden_by: np.ndarray
    intrinsics: np.ndarray
    extrinsics: np.ndarray
    tracks: Tracks
    events: tuple[Event, ...]
    broken: Broken | None = None

    @cached_property
    def masks(self) -> np.ndarray:
        """(T, H, W) uint8; 0 is floor, wall or sky; i + 1 is body i."""
        return self.body_of_part[self.parts]

    @property
    def camera_moves(self) -> bool:
        """Whether the camera's pose ever changes, be it by a cut."""
        return bool(np.abs(self.extrinsics - self.extrinsics[0]).max() > MOVES)

    @property
    def body_of_part(self) -> np.ndarray:
        """(P + 1,) uint8: what `parts` counts -> what `masks` counts."""
        return np.concatenate([[0], self.part_body + 1]).astype(np.uint8)

    def mask(self, name: str) -> np.ndarray:
        """(T, H, W) bool: where the body called `name` is seen."""
        return np.isin(self.parts, 1 + np.flatnonzero(self.part_body == self.names.index(name)))


@dataclass(frozen=True, eq=False)
class Take:
    """A Script as played: the picture and the truth."""

    clip: Clip
    truth: Truth
