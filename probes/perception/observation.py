"""Observation: the one interface between sight and logic.

Two coordinate systems, both with y down and origin at the top left corner:
- *fractions*: x / width and y / height, used by boxes;
- *heights*: pixels / height for both axes (isotropic, x runs to width / height), used by positions and speeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from simulator.clip import Clip
from simulator.truth import ABSENT, HIDDEN, OUT, SEEN

__all__ = [
    "ABSENT",
    "HIDDEN",
    "OUT",
    "SEEN",
    "CameraMotion",
    "Observation",
    "PointTracks",
    "Pop",
    "Reference",
    "ThingTrack",
    "Things",
]


@dataclass(frozen=True, eq=False)
class ThingTrack:
    """One thing through the clip; T frames. Values where state != SEEN are NaN.

    state: (T,) uint8: SEEN, HIDDEN (behind something), OUT (of the picture), ABSENT (nowhere, unexplained).
    centre: (T, 2) heights. box: (T, 4) fractions. area: (T,) fraction of the picture.
    colour: (T, 3) mean CIE Lab, float (L 0..100). confidence: (T,) in [0, 1].
    cut_by_edge: (T,) bool, its mask touches the border of the picture.
    flame: whether it looks like a flame (bright, warm, flickering).
    name: the body's name with oracle sight, None otherwise.
    steady: (T, 2) heights, the centre as the camera of the first frame (of the shot) would see it: the centre mapped by
        CameraMotion.to_first, and the centre itself where the camera stands still. NaN where not seen. Exact where
        the camera turns or zooms; where it travels, a thing nearer or farther than the background drifts in it.
    depth: (T,) metres of the thing's middle along the view, as the camera of the first frame (of the shot) would see
        it: `steady` and `depth` are a place in space. NaN where not seen. None: sight tells no depth.
    """

    state: np.ndarray
    centre: np.ndarray
    box: np.ndarray
    area: np.ndarray
    colour: np.ndarray
    confidence: np.ndarray
    cut_by_edge: np.ndarray
    flame: bool = False
    name: str | None = None
    steady: np.ndarray = None  # type: ignore[assignment]  # left out: the camera stands still
    depth: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.steady is None:
            object.__setattr__(self, "steady", self.centre)


@dataclass(frozen=True)
class Things:
    """The things of a clip, or why they cannot be told from the background.

    masks: (T, h, w) uint8 at working resolution, 0 nothing, i + 1 thing i; for evidence and for adherence.
    """

    tracks: tuple[ThingTrack, ...]
    masks: np.ndarray | None = None
    reason: str | None = None  # set: tracks are not to be trusted


@dataclass(frozen=True, eq=False)
class CameraMotion:
    """Motion of the picture as a whole.

    to_first: (T, 3, 3) homographies in heights, from frame t to the first frame of its shot (identity where unknown).
    speed: (T - 1,) median background displacement between frames, heights a second.
    moving: whether the camera moves at all. parallax: whether one homography does not explain the background.
    rotation: (T, 3, 3), from the camera's axes (x right, y down, z forward) in the first frame of the shot to those in
        frame t. direction: (T, 3) unit vectors, where its centre has gone since then, along the first axes; NaN where
        it has not, or cannot be told. None: neither is known.
    """

    to_first: np.ndarray
    speed: np.ndarray
    moving: bool
    parallax: bool
    rotation: np.ndarray | None = None
    direction: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class PointTracks:
    """Points followed through the clip: xy (P, T, 2) heights, seen (P, T) bool."""

    xy: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class Pop:
    """A compact region that changes between two frames beyond what motion explains, under any camera.

    frame: the first frame that shows the change. box: fractions. area: fraction of the picture.
    strength: residual over what is typical of this clip at such places, 1 is typical.
    """

    frame: int
    box: tuple[float, float, float, float]
    area: float
    strength: float


@dataclass(frozen=True, eq=False)
class Reference:
    """What really happens in a clip.

    takes: one real video of it, or two, which then also tell how far one take differs from the next.
    given, given_last: seconds at the beginning, and at the end of the first take, that whoever made the clip was
        shown; they prove nothing.
    """

    takes: tuple[Clip, ...]
    given: float = 0.0
    given_last: float = 0.0


class Observation(Protocol):
    """What perception saw; every attribute is computed when first asked for and kept."""

    kind: str  # "classical" or "oracle"
    version: int
    reference: Reference | None  # handed in by whoever has one

    @property
    def clip(self) -> Clip: ...

    @property
    def cuts(self) -> tuple[int, ...]:
        """Indices of frames that begin a new shot (0 excluded)."""
        ...

    @property
    def camera(self) -> CameraMotion: ...

    @property
    def flow(self) -> np.ndarray:
        """(T - 1, h, w, 2) float32 forward optical flow at working resolution, in heights a frame."""
        ...

    @property
    def points(self) -> PointTracks: ...

    @property
    def things(self) -> Things: ...

    @property
    def pops(self) -> tuple[Pop, ...]:
        """Sudden local changes that no motion explains, strongest first; cuts are left out."""
        ...

    @property
    def stillness(self) -> float:
        """1 for a clip in which nothing moves, 0 for plenty of motion."""
        ...
