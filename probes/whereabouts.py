"""Where a body that does not move is in the picture: by its name with oracle sight, by its colour otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from probes.cast import GREY, lab_of
from probes.perception.observation import SEEN, Observation
from probes.reading import Box
from simulator import camera as pinhole
from simulator.scene import Body
from simulator.script import Script

SIDE = 64  # pixels: enough to find a thing by its colour
HUE = 22.0  # degrees
PALE = 0.4  # of its own chroma: a shaded or shining surface keeps at least this
NONE = 0.001  # of the picture: less of a colour is none of it
LEAST = 0.003  # of the picture: a smaller patch is no evidence


@dataclass(frozen=True, eq=False)
class Spot:
    """share: (T,) of the picture that shows the body. box: around most of it, fractions."""

    share: np.ndarray
    box: Box


def whereabouts(observation: Observation, body: Body) -> Spot | None:
    """Where a body is seen; None if it is not, or if its colour does not tell it from the background."""
    for track in observation.things.tracks:
        if track.name == body.name and np.isfinite(track.box).any():  # seen, and by a whole pixel
            x0, y0, x1, y1 = np.nanmedian(track.box, axis=0).tolist()
            return Spot(np.where(track.state == SEEN, np.nan_to_num(track.area), 0.0), (x0, y0, x1, y1))
    target = lab_of(body.material.rgb)
    chroma = float(np.linalg.norm(target[1:]))
    if chroma < GREY or any(track.name for track in observation.things.tracks):
        return None
    match = _matching(observation, target, chroma)
    share = match.mean((1, 2))
    usual = match.mean(0) >= 0.5
    if float(np.median(share)) < LEAST or usual.sum() < 4:
        return None
    y, x = np.nonzero(usual)
    (x0, y0), (x1, y1) = np.quantile(np.stack([x, y], -1), (0.02, 0.98), axis=0).tolist()
    h, w = usual.shape
    return Spot(share, (x0 / w, y0 / h, (x1 + 1.0) / w, (y1 + 1.0) / h))


def missing(observation: Observation, script: Script, body: Body) -> bool:
    """Whether the colour of a body, large enough in the script to be seen, is nowhere in any frame."""
    target = lab_of(body.material.rgb)
    chroma = float(np.linalg.norm(target[1:]))
    if chroma < GREY or _extent(observation, script, body) < LEAST:
        return False
    return float(_matching(observation, target, chroma).mean((1, 2)).max()) < NONE


def _extent(observation: Observation, script: Script, body: Body) -> float:
    """About the share of the picture that a body takes in the script: that of a disc half as wide as it is at most."""
    eye, axes = pinhole.frame(script.scene.camera, 0.0)
    pos = body.keys[0].pos if body.keys else body.pos
    away = max(float((np.asarray(pos) - eye) @ axes[:, 2]), 0.1)
    focal = pinhole.intrinsics(script.scene.camera, observation.clip.height, observation.clip.width)[0, 0]
    reach = max(float(np.linalg.norm(g.pos)) + max(g.size) for g in body.geoms)
    return float(np.pi * (focal * reach / 2 / away) ** 2) / (observation.clip.height * observation.clip.width)


def _matching(observation: Observation, target: np.ndarray, chroma: float) -> np.ndarray:
    """(T, h, w) bool: `_matches` of every frame, at SIDE pixels along the shorter side."""
    clip = observation.clip
    size = (max(16, round(SIDE * clip.width / min(clip.width, clip.height))),
            max(16, round(SIDE * clip.height / min(clip.width, clip.height))))  # fmt: skip
    return np.stack([_matches(cv2.resize(f, size, interpolation=cv2.INTER_AREA), target, chroma) for f in clip.frames])


def _matches(rgb: np.ndarray, target: np.ndarray, chroma: float) -> np.ndarray:
    """(h, w) bool: pixels of the hue of `target`, and not much paler."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    own = np.linalg.norm(lab[..., 1:], axis=-1)
    near = (lab[..., 1:] @ target[1:]) >= np.cos(np.radians(HUE)) * own * chroma
    return near & (own >= PALE * chroma)
