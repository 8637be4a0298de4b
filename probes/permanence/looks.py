"""Looks: a thing that comes back, or goes on, in another colour, size or shape."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from probes.evidence import Finding, box_at, describe
from probes.perception.observation import HIDDEN, OUT, SEEN, Observation, ThingTrack
from probes.trajectory import pixel, runs, trust

COLOUR = 18.0  # distance in Lab, lightness at a third, that shade and noise do not make
RATIO = 0.18  # of heights, in logarithms


def seen_frames(track: ThingTrack) -> np.ndarray:
    """The frames in which a track is seen and measured."""
    return np.flatnonzero((track.state == SEEN) & np.isfinite(track.area))


@dataclass(frozen=True)
class _Look:
    """How a thing looks over some frames: median Lab of its clearest frames, greatest box (w, h) in heights."""

    colour: np.ndarray
    width: float
    height: float


def _look(observation: Observation, track: ThingTrack, frames: np.ndarray) -> _Look:
    """Of the frames in which most of it is seen; partly covered, a thing is darker and narrower than it is."""
    aspect = observation.clip.width / observation.clip.height
    clear = frames[track.area[frames] >= 0.5 * track.area[frames].max()]
    box = track.box[clear]
    return _Look(
        np.median(track.colour[clear], axis=0),
        aspect * float((box[:, 2] - box[:, 0]).max()),
        float((box[:, 3] - box[:, 1]).max()),
    )


def _recoloured(before: _Look, after: _Look) -> float:
    """How unlike two colours are; 1 is more than shade and turning make."""
    return float(np.linalg.norm((after.colour - before.colour) * (0.35, 1.0, 1.0))) / COLOUR


def _reshaped(observation: Observation, before: _Look, after: _Look) -> float:
    """How unlike two heights are, which hold while something hides one side; 1 is more than turning and noise make."""
    grain = 1.5 * pixel(observation) / min(before.height, after.height)
    return max(0.0, abs(np.log(after.height / before.height)) - grain) / RATIO


def changed(observation: Observation, track: ThingTrack) -> list[Finding]:
    """A thing that comes back from out of sight as another, or takes another colour before our eyes."""
    found = runs((track.state == SEEN) & np.isfinite(track.area))
    findings = []
    for (a0, a1), (b0, b1) in pairwise(found):
        if b1 - b0 >= 2 and a1 - a0 >= 2 and np.isin(track.state[a1:b0], (HIDDEN, OUT)).any():
            findings += _returned(observation, track, np.arange(a0, a1), track, np.arange(b0, b1))
    for start, stop in found:
        clear = start + np.flatnonzero(track.area[start:stop] >= 0.5 * track.area[start:stop].max())
        for k in range(2, len(clear) - 1):
            if int(clear[k]) in observation.cuts:
                continue
            before = _look(observation, track, clear[max(0, k - 3) : k])
            unlike = _recoloured(before, _look(observation, track, clear[k : k + 3]))
            if unlike >= 0.5:
                when = int(clear[k]) / observation.clip.fps
                text = f"{describe(track)} takes another colour at {when:.2f} s"
                findings.append(Finding("changed", "colour_change", when, stop / observation.clip.fps,
                                        box_at(track, int(clear[k])), unlike, text))  # fmt: skip
    return sorted(findings, key=lambda f: -f.strength)[:1]


def _returned(
    observation: Observation, before: ThingTrack, a: np.ndarray, after: ThingTrack, b: np.ndarray
) -> list[Finding]:
    """What is other in the frames `b`, after it was out of sight, than in the frames `a` before."""
    first, second = _look(observation, before, a), _look(observation, after, b)
    recoloured, reshaped = _recoloured(first, second), _reshaped(observation, first, second)
    unlike = max(recoloured, reshaped)
    if unlike < 0.5:
        return []
    wider = second.width / first.width
    kind, words = ("size_change", "in another size") if (wider > 1) == (second.height > first.height) else (
        "shape_change", "in another shape")  # fmt: skip
    if recoloured == unlike:
        kind, words = "colour_change", "in another colour"
    when = int(b[0]) / observation.clip.fps
    return [Finding("changed", kind, when, (int(b[-1]) + 1) / observation.clip.fps, box_at(after, int(b[0])), unlike,
                    f"{describe(before)} comes back {words} at {when:.2f} s")]  # fmt: skip


def exchanged(observation: Observation, tracks: tuple[ThingTrack, ...]) -> list[Finding]:
    """A thing that goes out of sight for good, and after it another that comes from there."""
    findings = []
    lost = [t for t in tracks if not t.flame and t.state[-1] in (HIDDEN, OUT) and seen_frames(t).size >= 2]
    found = [t for t in tracks if not t.flame and t.state[0] in (HIDDEN, OUT) and seen_frames(t).size >= 2]
    for before in lost:
        a = seen_frames(before)
        later = [t for t in found if t is not before and seen_frames(t)[0] > a[-1]]
        if later:
            after = min(later, key=lambda t: int(seen_frames(t)[0]))
            sure = min(trust(observation, before), trust(observation, after))
            made = _returned(observation, before, a, after, seen_frames(after))
            findings += [replace(f, strength=f.strength * sure) for f in made]
    return findings
