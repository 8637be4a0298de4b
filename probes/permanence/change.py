"""Change: a thing that takes another colour, size or shape at once, or comes back from out of sight as another."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from probes.cast import moves
from probes.evidence import Finding, box_at, describe
from probes.perception.observation import HIDDEN, OUT, Observation, ThingTrack
from probes.permanence.looks import extents, grain, look, resized, unlike
from probes.permanence.presence import measured
from probes.permanence.scale import strength
from probes.permanence.views import seen_size
from probes.trajectory import at_border, runs, trust
from simulator.script import Script

COLOUR = 12.0  # Lab: a step of colour before our eyes
OTHER_COLOUR = 18.0  # the same of what was out of sight meanwhile
STEP = 0.1  # logarithm: a step of size
OTHER_SIZE = 0.18  # the same of what was out of sight meanwhile
AROUND = 3  # frames before and after a step that have to differ as well
USUAL = 0.9  # quantile of a thing's other steps: what it does all the time is no step
LEAST = 4  # frames in a row that show a step
CLEAR = 0.5  # of its greatest area: a thing is seen well enough for its colour
NOTED = 0.25  # times what begins to be believed: less is not looked into
OTHER_VIEW = 1.5  # times as much, where another camera takes over
RING = np.ones((3, 3), np.uint8)
SAME_VIEW = np.zeros(3)
Shown = tuple[ThingTrack, np.ndarray]  # a track and frames in which it is measured


def changed(observation: Observation, index: int, script: Script | None) -> list[Finding]:
    """The greatest change of the track at `index` of the observation's."""
    track = observation.things.tracks[index]
    spans = _spans(observation, track)
    made = [f for start, stop in spans for f in _steps(observation, index, start, stop)]
    for (a0, a1), (b0, b1) in pairwise(spans):
        cut = any(a1 <= c <= b0 for c in observation.cuts)
        if min(a1 - a0, b1 - b0) >= 2 and (cut or np.isin(track.state[a1:b0], (HIDDEN, OUT)).any()):
            views = _views(observation, track, script, a1 - 1, b0) if cut else SAME_VIEW
            made += returned(observation, (track, np.arange(a0, a1)), (track, np.arange(b0, b1)), views)
    return sorted(made, key=lambda f: -f.strength)[:1]


def _views(observation: Observation, track: ThingTrack, script: Script | None, before: int, after: int) -> np.ndarray:
    """(3,) how much larger a thing is to the camera of one frame than to that of another; NaN where none can tell."""
    body = None if script is None else next((b for b in script.scene.bodies if b.name == track.name), None)
    if script is None or body is None:
        return np.full(3, np.nan)
    sizes = [seen_size(script, body, t / observation.clip.fps) for t in (before, after)]
    return np.full(3, np.nan) if sizes[0] is None or sizes[1] is None else sizes[1] - sizes[0]


def _spans(observation: Observation, track: ThingTrack) -> list[tuple[int, int]]:
    """Stretches of frames in which a track is measured, divided at cuts."""
    spans = []
    for start, stop in runs(measured(track)):
        edges = [start, *(c for c in observation.cuts if start < c < stop), stop]
        spans += list(pairwise(edges))
    return spans


def _others(steps: np.ndarray) -> np.ndarray:
    """For each of (N, ...) steps, what the steps that are not next to it usually are: their USUAL quantile."""
    usual = np.zeros_like(steps)
    for k in range(len(steps)):
        others = np.r_[steps[: max(0, k - 1)], steps[k + 2 :]]
        if len(others):
            usual[k] = np.quantile(others, USUAL, axis=0)
    return usual


def _steps(observation: Observation, index: int, start: int, stop: int) -> list[Finding]:
    """Steps of colour and of size in frames [start, stop), in which the track is measured."""
    track = observation.things.tracks[index]
    area = track.area[start:stop]
    clear = start + np.flatnonzero(area >= CLEAR * area.max())  # partly covered, a thing may seem of another colour
    return _recoloured(observation, track, clear) + _regrown(observation, index, np.arange(start, stop))


def _recoloured(observation: Observation, track: ThingTrack, frames: np.ndarray) -> list[Finding]:
    """The greatest step of colour in these frames."""
    if len(frames) < LEAST:
        return []
    colour = track.colour[frames]
    before, after = _sides(colour)
    at_once = unlike(colour[1:], colour[:-1])
    steps = np.minimum(at_once, unlike(before, after)) - _usual(at_once)
    k = int(np.argmax(steps))
    if steps[k] < NOTED * COLOUR:
        return []
    excess = float(steps[k]) - _lit(observation, int(frames[k]), int(frames[k + 1]))
    return _finding(observation, track, "colour_change", "takes another colour", frames[k + 1 :], excess / COLOUR)


def _regrown(observation: Observation, index: int, frames: np.ndarray) -> list[Finding]:
    """The greatest step of size in these frames."""
    if len(frames) < LEAST:
        return []
    track = observation.things.tracks[index]
    sizes = extents(observation, track)[frames]
    before, after = _sides(sizes)
    steps = np.diff(sizes, axis=0)
    at_once = steps - _trend(steps)
    for_good = after - before
    grown = np.where(at_once * for_good > 0, np.sign(at_once) * np.minimum(np.abs(at_once), np.abs(for_good)), 0.0)
    excess = np.abs(grown) - _usual(np.abs(at_once)) - grain(observation, np.minimum(sizes[1:], sizes[:-1]))
    edge = at_border(track)[frames] & moves(track)
    excess[edge[1:] | edge[:-1]] = 0.0
    k = int(np.argmax(excess.max(1)))
    if excess[k].max() < NOTED * STEP:
        return []
    slack = _coverable(observation, index, int(frames[k + 1])) / np.exp(sizes[k : k + 2].min(0))
    kind, words = _called(grown[k])
    times = float((excess[k] - slack).max()) / STEP
    return _finding(observation, track, kind, f"takes {words}", frames[k + 1 :], times)


def _sides(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3) -> two (N - 1, 3): medians of the AROUND values before, and after, each step."""
    steps = range(1, len(values))
    before = np.stack([np.median(values[max(0, k - AROUND) : k], axis=0) for k in steps])
    return before, np.stack([np.median(values[k : k + AROUND], axis=0) for k in steps])


def _trend(steps: np.ndarray) -> np.ndarray:
    """(N, 3) -> (N, 3) the median of the two steps before and the two after each."""
    around = [np.r_[steps[max(0, k - 2) : k], steps[k + 1 : k + 3]] for k in range(len(steps))]
    return np.stack([np.median(a, axis=0) for a in around])


def _usual(steps: np.ndarray) -> np.ndarray:
    """(N, ...) -> (N, ...) how large the steps that are not next to each usually are: their USUAL quantile."""
    usual = np.zeros_like(steps)
    for k in range(len(steps)):
        others = np.r_[steps[: max(0, k - 1)], steps[k + 2 :]]
        if len(others):
            usual[k] = np.quantile(others, USUAL, axis=0)
    return usual


def _finding(
    observation: Observation, track: ThingTrack, kind: str, words: str, frames: np.ndarray, times: float
) -> list[Finding]:
    """A change that shows in these frames, so many times as large as what begins to be believed."""
    if times <= 0.0:
        return []
    start, stop = int(frames[0]) / observation.clip.fps, (int(frames[-1]) + 1) / observation.clip.fps
    shown = min(1.0, len(frames) / AROUND)
    return [Finding("changed", kind, start, stop, box_at(track, int(frames[0])), strength(times) * shown,
                    f"{describe(track)} {words} at {start:.2f} s")]  # fmt: skip


def _called(grown: np.ndarray) -> tuple[str, str]:
    """The kind and words for a change of (w, h, root of area)."""
    w, h = float(grown[0]), float(grown[1])
    if w * h > 0 and 0.4 < w / h < 2.5:
        return "size_change", "another size"
    return "shape_change", "another shape"


def _lit(observation: Observation, before: int, frame: int) -> float:
    """How far the colour of what no thing covers changes between two frames: that of the light."""
    masks = observation.things.masks
    if masks is None:
        return 0.0
    size = masks.shape[2], masks.shape[1]
    here, there = (cv2.resize(observation.clip.frames[t], size, interpolation=cv2.INTER_AREA) for t in (before, frame))
    bare = (masks[before] == 0) & (masks[frame] == 0)
    if not bare.any():
        return 0.0
    a, b = (
        cv2.cvtColor(f[bare].mean(0, dtype=np.float32)[None, None] / 255.0, cv2.COLOR_RGB2LAB)[0, 0]
        for f in (here, there)
    )
    return float(unlike(a, b))


def _coverable(observation: Observation, index: int, frame: int) -> float:
    """Heights by which something may cover or uncover a track between a frame and the one before.

    As far as it, or what it touches, moves in a frame; of what sight does not know all bodies, it may touch any.
    """
    tracks, masks = observation.things.tracks, observation.things.masks
    track = tracks[index]
    near = {index}
    if track.name is not None and masks is not None:
        for t in (frame - 1, frame):
            own = (masks[t] == index + 1).astype(np.uint8)
            near |= {int(i) - 1 for i in np.unique(masks[t][(cv2.dilate(own, RING) > 0) & (own == 0)]) if i > 0}
        if near == {index}:
            return 0.0
    return sum(_speed(tracks[i], frame) for i in near)


def _speed(track: ThingTrack, frame: int) -> float:
    """Heights a frame of a track's centre, next to the step into `frame` and not across it."""
    ways = [
        np.linalg.norm(track.centre[t] - track.centre[t - 1])
        for t in (frame - 1, frame + 1)
        if 0 < t < len(track.state)
    ]
    known = [float(w) for w in ways if np.isfinite(w)]
    return max(known, default=0.0)


def returned(observation: Observation, before: Shown, after: Shown, views: np.ndarray = SAME_VIEW) -> list[Finding]:
    """What is other in a track's frames after it was out of sight than in those before.

    views: (3,) as of `_views`; another view shows other sides.
    """
    track, frames = after
    first, second = look(observation, before[0], before[1][::-1]), look(observation, track, frames)
    doubt = 1.0 if views is SAME_VIEW else OTHER_VIEW
    grown = np.nan_to_num(resized(observation, first, second, views))
    tinted = float(unlike(first.colour, second.colour)) / (OTHER_COLOUR * doubt)
    kind, words = _called(grown)
    times = float(np.abs(grown[:2]).max()) / (OTHER_SIZE * doubt)
    if tinted > times:
        kind, words, times = "colour_change", "another colour", tinted
    return _finding(observation, track, kind, f"comes back in {words}", frames, times if times > NOTED else 0.0)


def exchanged(observation: Observation) -> list[Finding]:
    """A thing without a name that goes out of sight for good, and after it another that comes from there."""
    findings = []
    known = [(t, np.flatnonzero(measured(t))) for t in observation.things.tracks if not t.flame and t.name is None]
    known = [(t, seen) for t, seen in known if seen.size >= 2]
    for before, a in known:
        later = [(t, b) for t, b in known if t is not before and t.state[0] in (HIDDEN, OUT) and b[0] > a[-1]]
        if before.state[-1] in (HIDDEN, OUT) and later:
            after, b = min(later, key=lambda one: int(one[1][0]))
            sure = min(trust(observation, before), trust(observation, after))
            made = returned(observation, (before, a), (after, b))
            findings += [replace(f, strength=f.strength * sure) for f in made]
    return findings
