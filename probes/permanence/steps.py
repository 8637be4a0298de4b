"""Steps: a thing that takes another colour, size or shape before our eyes, from one frame to the next."""

from __future__ import annotations

import numpy as np

from probes.evidence import Finding
from probes.perception.observation import Observation
from probes.permanence.excuses import VEIL, coverable, lit, passing, speed, veiled
from probes.permanence.looks import called, extents, grain, unlike
from probes.permanence.scale import change
from probes.trajectory import at_border, pixel
from simulator.script import Script

COLOUR = 12.0  # Lab: a step of colour that begins to be believed
SIZE = 0.1  # logarithm: the same of size
GOES_ON = 1.5  # times the steps next to one: what turns or is covered may do so unevenly
CROSSING = 1.5  # pixels a frame: what moves farther comes in or goes out at the border
NOTED = 0.25  # times what begins to be believed: less is not looked into
AROUND = 3  # frames before and after a step that have to differ as well
USUAL = 0.9  # quantile of its other steps: what a thing does all the time is no step
LEAST = 4  # frames in a row that show a step
CLEAR = 0.5  # of its greatest area: a thing is seen well enough for its colour


def steps(observation: Observation, index: int, script: Script | None, start: int, stop: int) -> list[Finding]:
    """The greatest of colour and of size in frames [start, stop), in which the track at `index` is measured."""
    area = observation.things.tracks[index].area[start:stop]
    clear = start + np.flatnonzero(area >= CLEAR * area.max())  # partly covered, a thing may seem of another colour
    return _recoloured(observation, index, script, clear) + _regrown(observation, index, np.arange(start, stop))


def _recoloured(observation: Observation, index: int, script: Script | None, frames: np.ndarray) -> list[Finding]:
    if len(frames) < LEAST:
        return []
    track = observation.things.tracks[index]
    colour = track.colour[frames]
    before, after = _sides(colour)
    at_once = unlike(colour[1:], colour[:-1])
    excess = np.minimum(at_once, unlike(before, after)) - np.maximum(_usual(at_once), 0.5 * _next(at_once))
    veil = veiled(observation, track, script)[frames[1:]]
    excess = np.where(passing(veil), 0.0, excess * (1.0 - VEIL * veil))
    k = int(np.argmax(excess))
    if excess[k] < NOTED * COLOUR:
        return []
    times = (float(excess[k]) - lit(observation, int(frames[k]), int(frames[k + 1]))) / COLOUR
    return change(observation, track, "colour_change", "takes another colour", frames[k + 1 :], times)


def _regrown(observation: Observation, index: int, frames: np.ndarray) -> list[Finding]:
    if len(frames) < LEAST:
        return []
    track = observation.things.tracks[index]
    sizes = extents(observation, track)[frames]
    before, after = _sides(sizes)
    at_once, for_good = np.diff(sizes, axis=0), after - before
    grown = np.where(at_once * for_good > 0, np.sign(at_once) * np.minimum(np.abs(at_once), np.abs(for_good)), 0.0)
    anyway = np.maximum(_usual(np.abs(at_once)), GOES_ON * _next(np.abs(at_once)))
    excess = np.abs(grown) - anyway - grain(observation, np.minimum(sizes[1:], sizes[:-1]))
    edge = at_border(track)[frames]
    crosses = (edge[1:] | edge[:-1]) & [speed(track, int(t)) > CROSSING * pixel(observation) for t in frames[1:]]
    excess[crosses] = 0.0
    k = int(np.argmax(excess.max(1)))
    if excess[k].max() < NOTED * SIZE:
        return []
    slack = coverable(observation, index, int(frames[k + 1]), bool(grown[k, 2] > 0)) / np.exp(sizes[k : k + 2].min(0))
    kind, words = called(grown[k])
    times = float((excess[k] - slack).max()) / SIZE
    return change(observation, track, kind, f"takes {words}", frames[k + 1 :], times)


def _sides(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3) -> two (N - 1, 3): medians of the AROUND values before, and after, each step."""
    steps = range(1, len(values))
    before = np.stack([np.median(values[max(0, k - AROUND) : k], axis=0) for k in steps])
    return before, np.stack([np.median(values[k : k + AROUND], axis=0) for k in steps])


def _next(steps: np.ndarray) -> np.ndarray:
    """(N, ...) -> (N, ...) the greater of the steps right before and after each: what turns goes on."""
    still = np.zeros_like(steps[:1])
    return np.maximum(np.concatenate([still, steps[:-1]]), np.concatenate([steps[1:], still]))


def _usual(steps: np.ndarray) -> np.ndarray:
    """(N, ...) -> (N, ...) how large the steps that are not next to each usually are: their quantile."""
    usual = np.zeros_like(steps)
    for k in range(len(steps)):
        others = np.r_[steps[: max(0, k - 1)], steps[k + 2 :]]
        if len(others):
            usual[k] = np.quantile(others, USUAL, axis=0)
    return usual
