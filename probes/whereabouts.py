"""Where a body that does not move is in the picture: by its name with oracle sight, by its colour otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from probes.cast import GREY, lab_of
from probes.perception.observation import SEEN, Observation
from probes.reading import Box
from simulator.scene import Body

SIDE = 64  # pixels: enough to find a thing by its colour
HUE = 22.0  # degrees
PALE = 0.4  # of its own chroma: a shaded or shining surface keeps at least this
LEAST = 0.003  # of the picture: a smaller patch is no evidence


@dataclass(frozen=True, eq=False)
class Spot:
    """share: (T,) of the picture that shows the body. box: around most of it, fractions."""

    share: np.ndarray
    box: Box


def whereabouts(observation: Observation, body: Body) -> Spot | None:
    """Where a body is seen; None if it is not, or if its colour does not tell it from the background."""
    for track in observation.things.tracks:
        if track.name == body.name and (track.state == SEEN).any():
            x0, y0, x1, y1 = np.nanmedian(track.box, axis=0).tolist()
            return Spot(np.where(track.state == SEEN, np.nan_to_num(track.area), 0.0), (x0, y0, x1, y1))
    target = lab_of(body.material.rgb)
    chroma = float(np.linalg.norm(target[1:]))
    if chroma < GREY or any(track.name for track in observation.things.tracks):
        return None
    clip = observation.clip
    size = (max(16, round(SIDE * clip.width / min(clip.width, clip.height))),
            max(16, round(SIDE * clip.height / min(clip.width, clip.height))))  # fmt: skip
    match = np.stack([_matches(cv2.resize(f, size, interpolation=cv2.INTER_AREA), target, chroma) for f in clip.frames])
    share = match.mean((1, 2))
    usual = match.mean(0) >= 0.5
    if float(np.median(share)) < LEAST or usual.sum() < 4:
        return None
    y, x = np.nonzero(usual)
    (x0, y0), (x1, y1) = np.quantile(np.stack([x, y], -1), (0.02, 0.98), axis=0).tolist()
    return Spot(share, (x0 / size[0], y0 / size[1], (x1 + 1.0) / size[0], (y1 + 1.0) / size[1]))


def _matches(rgb: np.ndarray, target: np.ndarray, chroma: float) -> np.ndarray:
    """(h, w) bool: pixels of the hue of `target`, and not much paler."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    own = np.linalg.norm(lab[..., 1:], axis=-1)
    near = (lab[..., 1:] @ target[1:]) >= np.cos(np.radians(HUE)) * own * chroma
    return near & (own >= PALE * chroma)
