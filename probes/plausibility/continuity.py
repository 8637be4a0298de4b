"""Continuity: a thing goes no further between two frames than its motion before and after allows."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from probes.evidence import Finding, box_at, describe
from probes.perception.observation import HIDDEN, OUT, SEEN, Observation, ThingTrack
from probes.trajectory import noise, runs, size, trust, whole

FREE = 0.03  # heights that may be unaccounted for
SIGMAS = 4.0
STEADY = 0.4  # of its speed: what changes more while it is hidden did not move steadily

COARSE = 0.16  # heights: blur under which a thing that moves on overlaps itself
CALM = 0.008  # standard deviation of the coarse picture, of white: less is flicker
ORDERED = 0.65  # von Neumann's ratio of the least orderly motion; 1 is what random order gives


def disorder(observation: Observation) -> list[Finding]:
    """Frames without an order: each differs from the next as much as from any other.

    Von Neumann's ratio (1941) of the coarse picture, mean squared successive difference over twice the variance, in
    the worst four fifths of the clip.
    """
    clip = observation.clip
    size = (round(32 * clip.width / clip.height) or 1, 32)
    coarse = np.stack(
        [cv2.GaussianBlur(cv2.resize(f, size, interpolation=cv2.INTER_AREA), (0, 0), COARSE * 32) for f in clip.frames]
    ).astype(np.float32)
    count = min(len(clip), max(12, 4 * len(clip) // 5 + 1))
    starts = range(0, len(clip) - count + 1, max(1, (len(clip) - count) // 2))
    ratio, start = max((_ratio(coarse[start : start + count]), start) for start in starts)
    if ratio < ORDERED or observation.cuts:
        return []
    times = start / clip.fps, (start + count) / clip.fps
    strength = (ratio - ORDERED) / 0.12
    return [Finding("continuity", "time_skip", *times, None, strength, "the frames follow in no order")]


def _ratio(coarse: np.ndarray) -> float:
    """Von Neumann's ratio of (T, h, w, 3) pictures; 0 where they hardly change."""
    variance = float(coarse.var(0, ddof=1).mean())
    successive = float((np.diff(coarse, axis=0) ** 2).mean()) / 2.0
    return successive / variance if variance > (255.0 * CALM) ** 2 else 0.0


def jumps(
    observation: Observation, track: ThingTrack, sure: np.ndarray | None = None, fall: float = 0.0
) -> list[Finding]:
    """The worst jump of a track while it is in view, if there is one worth a word.

    Where a thing is cut by the border or half covered, its centre can be off by half of what is not seen.
    sure: (T,) where it is known to be seen whole, if that is known. fall: heights that weight may add to a step.
    """
    sigma, worst, fps = noise(observation, track), None, observation.clip.fps
    entire = whole(track) if sure is None else sure
    for start, stop in runs((track.state == SEEN) & np.isfinite(track.centre[:, 0])):
        moved = np.diff(track.steady[start:stop], axis=0)
        step = np.linalg.norm(moved, axis=1)
        unsure = (0.5 if sure is None else 1.0) * size(observation, track) * ~entire[start:stop]
        for i in range(len(step) if len(step) >= 3 else 0):
            if start + i + 1 in observation.cuts:
                continue
            excess = float(step[i] - max(unsure[i], unsure[i + 1])) - _allowed(moved, i) - fall - SIGMAS * sigma
            if worst is None or excess > worst[0]:
                worst = excess, start + i + 1, float(step[i])
    if worst is None or worst[0] <= 0.0:
        return []
    excess, frame, length = worst
    text = f"{describe(track)} jumps {length:.0%} of the picture's height at {frame / fps:.2f} s"
    return [Finding("continuity", "teleport", (frame - 1) / fps, frame / fps, box_at(track, frame),
                    excess / FREE * trust(observation, track), text)]  # fmt: skip


def exits(observation: Observation, track: ThingTrack) -> list[Finding]:
    """A thing that is out of the picture at once, or comes in at once, far from its border."""
    fps, aspect = observation.clip.fps, observation.clip.width / observation.clip.height
    seen = (track.state == SEEN) & np.isfinite(track.area)
    findings = []
    for start, stop in runs(seen):
        for at, next_, beyond in ((stop - 1, stop - 2, stop), (start, start + 1, start - 1)):
            if not (0 <= beyond < len(seen)) or track.state[beyond] != OUT or not start <= next_ < stop:
                continue
            if max(at, beyond) in observation.cuts:
                continue
            box = track.box[at]
            gap = min(box[0] * aspect, box[1], (1.0 - box[2]) * aspect, 1.0 - box[3])
            wide = max((box[2] - box[0]) * aspect, box[3] - box[1])
            near = slice(max(start, at - 4), min(stop, at + 5))
            step = float(np.linalg.norm(np.diff(track.centre[near], axis=0), axis=1).max())
            excess = float(gap) + wide - 3.0 * step - 0.1
            if excess > 0.0:
                text = f"{describe(track)} is out of the picture at once at {max(at, beyond) / fps:.2f} s"
                start_s, end_s = min(at, beyond) / fps, max(at, beyond) / fps
                strength = excess / (3.0 * FREE) * trust(observation, track)
                findings.append(Finding("continuity", "time_skip", start_s, end_s, box_at(track, at), strength, text))
    return findings


def missteps(observation: Observation, track: ThingTrack) -> list[Finding]:
    """A thing that comes back from behind something elsewhere than its steady motion leads.

    Only where it moves as fast, and in the same direction, before and after.
    """
    fps, sigma = observation.clip.fps, noise(observation, track)
    found = runs(whole(track))
    findings = []
    for (a0, a1), (b0, b1) in pairwise(found):
        if min(a1 - a0, b1 - b0) < 2 or not (track.state[a1:b0] == HIDDEN).any():
            continue
        v, w = ((track.centre[s - 1] - track.centre[r]) / (s - 1 - r) for r, s in ((a0, a1), (b0, b1)))
        if np.linalg.norm(v - w) > STEADY * max(np.linalg.norm(v), np.linalg.norm(w)):
            continue
        away = b0 - (a1 - 1)
        off = float(np.linalg.norm(track.centre[b0] - track.centre[a1 - 1] - (v + w) / 2.0 * away))
        error = sigma * (1.0 + away / min(a1 - a0, b1 - b0)) + float(np.linalg.norm(v - w)) / 2.0 * away
        excess = off - SIGMAS / 2.0 * error
        if excess > 0.0:
            text = f"{describe(track)} comes out {off:.0%} of the picture's height from where it was going"
            findings.append(Finding("continuity", "teleport", (a1 - 1) / fps, b0 / fps, box_at(track, b0),
                                    excess / (3.0 * FREE) * trust(observation, track), text))  # fmt: skip
    return findings


def _allowed(moved: np.ndarray, i: int) -> float:
    """The length of step i of `moved` (N, 2) that its neighbours explain: the longer one, and what they change by."""
    before, after = moved[max(0, i - 2) : i], moved[i + 1 : i + 3]
    near = max((float(np.linalg.norm(d)) for d in (*before[-1:], *after[:1])), default=0.0)
    change = max((float(np.linalg.norm(d[1] - d[0])) for d in (before, after) if len(d) == 2), default=0.0)
    return near + min(change, 3.0 * near)
