"""Halts: time that stands still for a while, for one thing or for all, and then goes on."""

from __future__ import annotations

import cv2
import numpy as np

from probes.evidence import Finding, box_at, describe
from probes.perception.observation import Observation, ThingTrack
from probes.trajectory import noise, runs, trust, whole

STIR = 0.3  # grey levels, the mean change of a picture in which something moves
HALTED = 0.12  # of the step before and after: what moves less stands still
SIDE = 96  # pixels
LASTS = 2  # frames: in one step a bounce may lead back to where it began


def halts(observation: Observation, track: ThingTrack, pauses: bool) -> list[Finding]:
    """A thing in motion that stands still for a while and then goes on the same way as fast: time stood still.

    pauses: whether it may do so by itself.
    """
    fps, sigma = observation.clip.fps, noise(observation, track) / 2.0
    worst: tuple[float, int, int] | None = None
    for start, stop in runs(whole(track)):
        moved = np.diff(track.steady[start:stop], axis=0)
        step = np.linalg.norm(moved, axis=1)
        for a in range(1, len(step) - 1):
            for b in range(a + LASTS, len(step)):
                before, after = moved[max(0, a - 2) : a], moved[b : b + 2]  # the steps next to it may be part of it
                least = min(step[max(0, a - 2) : a].max(), step[b : b + 2].max())
                if step[a:b].max() > HALTED * least + sigma:
                    break
                v, w = before.sum(0), after.sum(0)
                if pauses or v @ w < 0.7 * np.linalg.norm(v) * np.linalg.norm(w):
                    continue
                clear = (least - 3.0 * sigma) / (2.0 * sigma)
                if worst is None or clear > worst[0]:
                    worst = clear, start + a, start + b
    if worst is None or worst[0] <= 0.0:
        return []
    strength, a, b = worst
    text = f"{describe(track)} stands still from {a / fps:.2f} s and goes on at {b / fps:.2f} s"
    sure = trust(observation, track)
    return [Finding("continuity", "freeze", a / fps, b / fps, box_at(track, a), strength * sure, text)]


def standstill(observation: Observation, restless: bool) -> list[Finding]:
    """Nothing at all changes in a picture for a while, and then all goes on; before a still camera.

    restless: whether something is seen all the while that does not pause by itself.
    """
    clip = observation.clip
    if observation.camera.moving or observation.cuts or not restless or len(clip) < 6:
        return []
    grey = np.stack([cv2.resize(f, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for f in clip.frames]).astype(np.float32)
    change = np.abs(np.diff(grey, axis=0)).mean((1, 2, 3))
    worst = (0.0, 0, 0)
    for start in range(2, len(change) - 2):
        for stop in range(start + LASTS, len(change) - 1):
            around = min(change[start - 2 : start].max(), change[stop : stop + 2].max())
            most = float(change[start:stop].max())
            if around <= 0.0 or most > HALTED * around:
                break
            worst = max(worst, ((1.0 - most / (HALTED * around)) * min(1.0, around / STIR), start, stop))
    strength, start, stop = worst
    if strength <= 0.0:
        return []
    words = f"everything stands still from {start / clip.fps:.2f} s and goes on at {stop / clip.fps:.2f} s"
    return [Finding("continuity", "freeze", start / clip.fps, stop / clip.fps, None, 2.0 * strength, words)]
