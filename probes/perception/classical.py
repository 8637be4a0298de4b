"""Classical sight: an Observation from the pixels alone; no learned weights."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from probes.perception import working
from probes.perception.camera import camera_motion
from probes.perception.cuts import find_cuts
from probes.perception.flow import dense_flow
from probes.perception.observation import CameraMotion, PointTracks, Pop, Reference, Things
from probes.perception.points import follow_points
from probes.perception.pops import find_pops
from probes.perception.things import find_things
from simulator.clip import Clip

cv2.setNumThreads(1)  # clips are spread over processes

LIVELY = 0.01  # heights a frame: the 95th percentile of flow at which a clip counts as moving plenty


class ClassicalObservation:
    """What can be seen in a clip; every attribute is computed when first asked for and kept."""

    kind = "classical"
    version = 1
    reference: Reference | None = None

    def __init__(self, clip: Clip) -> None:
        self._clip = clip

    @property
    def clip(self) -> Clip:
        return self._clip

    @cached_property
    def _frames(self) -> np.ndarray:
        return working.shrink(self._clip.frames)

    @cached_property
    def _grey(self) -> np.ndarray:
        return working.grey(self._frames)

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        return find_cuts(self._frames)

    @cached_property
    def flow(self) -> np.ndarray:
        return dense_flow(self._grey)

    @cached_property
    def points(self) -> PointTracks:
        return follow_points(self._grey)

    @cached_property
    def camera(self) -> CameraMotion:
        return camera_motion(self._grey, self.points, self._clip.fps)

    @cached_property
    def things(self) -> Things:
        return find_things(self._frames, self.camera, self.cuts)

    @cached_property
    def pops(self) -> tuple[Pop, ...]:
        return find_pops(self._frames, self._grey, self.flow, self.cuts)

    @cached_property
    def stillness(self) -> float:
        changed = [float(np.quantile(np.hypot(f[..., 0], f[..., 1]), 0.95)) for f in self.flow[:, ::2, ::2]]
        return 1.0 - min(1.0, float(np.mean(changed)) / LIVELY) if changed else 1.0


def observe(clip: Clip) -> ClassicalObservation:
    """Look at a clip."""
    return ClassicalObservation(clip)
