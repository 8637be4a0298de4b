"""Excuses: what the light, what stands in front, and what one sees through do to a thing's looks."""

from __future__ import annotations

import cv2
import numpy as np

from probes.perception.observation import Observation, ThingTrack
from probes.permanence.looks import COVERED, bordering, unlike
from probes.permanence.views import seen_box
from simulator.script import Script

GLARE = 2.0  # times what the background's colour changes: lamps are nearer to things
CLEAR = 0.15  # opacity from which on what one sees through tints
VEIL = 0.8  # of a change of colour that may come from the clear bodies that a thing is behind
PASSING = 0.1  # of a thing's box that goes in or out of what one sees through, in the frames around a step
BARELY = 0.03  # of a thing's outline borders on others: they cover nothing of it


def lit(observation: Observation, before: int, frame: int) -> float:
    """Lab units by which the light may change a thing's colour between two frames, as it does the background's."""
    masks = observation.things.masks
    if masks is None:
        return 0.0
    size = masks.shape[2], masks.shape[1]
    pair = [cv2.resize(observation.clip.frames[t], size, interpolation=cv2.INTER_AREA) for t in (before, frame)]
    bare = (masks[before] == 0) & (masks[frame] == 0)
    if not bare.any():
        return 0.0
    a, b = (cv2.cvtColor(f[bare].mean(0, dtype=np.float32)[None, None] / 255.0, cv2.COLOR_RGB2LAB) for f in pair)
    return GLARE * float(unlike(a[0, 0], b[0, 0]))


def veiled(observation: Observation, track: ThingTrack, script: Script | None) -> np.ndarray:
    """(T,) share of a thing's box that lies where the script's clear bodies are in the picture."""
    clip, count = observation.clip, len(track.state)
    most = np.zeros(count)
    for body in script.scene.bodies if script is not None else ():
        clear = any(CLEAR <= (g.material or body.material).alpha < 1.0 for g in body.geoms)
        if script is not None and clear and body.name != track.name:
            boxes = [seen_box(script, body, t / clip.fps, clip.width / clip.height) for t in range(count)]
            most = np.maximum(most, [_inside(track.box[t], b) if b is not None else 0.0 for t, b in enumerate(boxes)])
    return most


def passing(share: np.ndarray) -> np.ndarray:
    """(T,) shares of `veiled` -> (T,) whether a thing goes into or out of clear bodies around the step into a frame."""
    at = np.arange(len(share))
    around = np.stack([share[np.clip(at + d, 0, len(share) - 1)] for d in (-2, -1, 0, 1)])
    return np.asarray(np.ptp(around, axis=0) > PASSING)


def _inside(box: np.ndarray, other: np.ndarray) -> float:
    """Share of a box (fractions) that lies in another; 0 where it is not seen."""
    if not np.isfinite(box).all():
        return 0.0
    sides = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    return float(np.prod(np.maximum(sides, 0.0)) / np.prod(np.maximum(box[2:] - box[:2], 1e-6)))


def coverable(observation: Observation, index: int, frame: int, grew: bool) -> float:
    """Heights by which something may cover a track, or uncover it where it grew, in the step into a frame.

    As far as it and what it borders on move in a frame; where sight does not know all bodies, it may border on any.
    """
    tracks = observation.things.tracks
    if tracks[index].name is None or observation.things.masks is None:
        return speed(tracks[index], frame)
    share, near = bordering(observation, index, frame - 1 if grew else frame)
    part = float(np.clip((share - BARELY) / (COVERED - BARELY), 0.0, 1.0))
    return part * sum(speed(tracks[i], frame) for i in near | {index})


def speed(track: ThingTrack, frame: int) -> float:
    """Heights by which a side of a track's box moves in a frame, before or after the step into `frame`."""
    ways = [np.abs(track.box[t] - track.box[t - 1]).max() for t in (frame - 1, frame + 1) if 0 < t < len(track.state)]
    known = [float(w) for w in ways if np.isfinite(w)]
    return max(known, default=0.0)
