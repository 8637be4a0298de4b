"""The ground of a script: how gravity, and the floor below a thing, look in the picture of its camera."""

from __future__ import annotations

import math

import numpy as np

from probes.perception.observation import Observation, ThingTrack
from simulator import camera as pinhole
from simulator.scene import Body
from simulator.script import Script

ASTRAY = 0.1  # heights: a thing that begins farther from where the script has it is filmed otherwise


def gravity(observation: Observation, script: Script, body: Body) -> float:
    """The script's gravity as it looks at a body's first place from its camera, heights a second squared."""
    eye, axes = pinhole.frame(script.scene.camera, 0.0)
    away = float((np.asarray(place(body)) - eye) @ axes[:, 2])
    upright = math.sqrt(max(0.0, 1.0 - float(axes[2, 2]) ** 2))  # the share that is not along the view
    return float(-script.scene.gravity[2] * upright * focal(observation, script) / max(away, 0.1))


def focal(observation: Observation, script: Script) -> float:
    """The focal length of the script's camera, heights."""
    clip = observation.clip
    return float(pinhole.intrinsics(script.scene.camera, clip.height, clip.width)[0, 0] / clip.height)


def place(body: Body) -> tuple[float, float, float]:
    """Where a body is first, metres."""
    return body.keys[0].pos if body.keys else body.pos


def altitude(
    observation: Observation, script: Script | None, body: Body | None, track: ThingTrack, clear: np.ndarray
) -> np.ndarray:
    """(T,) heights in the picture from the lower side of a thing down to the floor below it.

    clear: (T,) bool, where the thing is seen whole; NaN elsewhere, and everywhere if it does not begin where the script
    has it. How far away a ball is, is told from its size; other things are taken to stay as far as they were.
    """
    nowhere = np.full(len(clear), np.nan)
    if script is None or body is None or not clear.any() or observation.cuts:
        return nowhere
    middle, f = np.array([observation.clip.width / observation.clip.height / 2.0, 0.5]), focal(observation, script)
    eye, axes = pinhole.frame(script.scene.camera, 0.0)
    x, y, away = (np.asarray(place(body)) - eye) @ axes
    first = int(np.argmax(clear))
    if first > 1 or away < 0.1 or np.linalg.norm(track.steady[first] - middle - f * np.array([x, y]) / away) > ASTRAY:
        return nowhere
    ball = all(g.shape == "sphere" for g in body.geoms)
    depth = away * np.sqrt(track.area[first] / track.area) if ball else np.full(len(clear), away)
    low = track.box[:, 3] + track.steady[:, 1] - track.centre[:, 1]
    across, down = (track.steady[:, 0] - middle[0]) / f, (low - middle[1]) / f
    above = eye[2] + depth * (axes[2, 2] + axes[2, 1] * down + axes[2, 0] * across)
    return np.asarray(np.where(clear, above * f / depth, np.nan))
