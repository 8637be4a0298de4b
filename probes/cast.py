"""Which track plays which body of a script: by name with oracle sight, by colour otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Observation, ThingTrack
from simulator.scene import Body, Vec
from simulator.script import Script

ALIKE = 45.0  # colour_distance beyond which a thing is not of the colour that the script says
GREY = 18.0  # chroma under which hue says nothing
MOVED = 0.08  # heights: what goes farther is no fixed body


@dataclass(frozen=True, eq=False)
class Part:
    """A body of the script and the tracks that play it, in order of time; T frames.

    others: the other bodies of the scene.
    state: (T,) as in ThingTrack, of all tracks together. centre: (T, 2) heights, NaN where not seen.
    """

    body: Body
    others: tuple[Body, ...]
    tracks: tuple[ThingTrack, ...]
    state: np.ndarray
    centre: np.ndarray


def lab_of(rgb: Vec) -> np.ndarray:
    """(3,) CIE Lab of an sRGB colour in [0, 1]."""
    return cv2.cvtColor(np.asarray(rgb, np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0].astype(float)


def colour_distance(lab: np.ndarray, other: np.ndarray) -> float:
    """How unlike two colours are when light is not known, in about units of Lab.

    Shade scales chroma and leaves hue: ten degrees of hue count 15, ten units of chroma 2. Between a grey and a
    colour chroma decides, between two greys lightness.
    """
    chroma, theirs = float(np.hypot(*lab[1:])), float(np.hypot(*other[1:]))
    if min(chroma, theirs) >= GREY:
        turn = np.degrees(np.arccos(np.clip(lab[1:] @ other[1:] / (chroma * theirs), -1.0, 1.0)))
        return float(1.5 * turn + 0.2 * abs(chroma - theirs))
    return abs(chroma - theirs) + (abs(float(lab[0] - other[0])) if max(chroma, theirs) < GREY else 0.0)


def colour_of(track: ThingTrack) -> np.ndarray:
    """(3,) median Lab of a track that is seen at all."""
    return np.median(track.colour[track.state == SEEN], axis=0)


def moves(track: ThingTrack) -> bool:
    """Whether a track goes farther than something that stands still can seem to."""
    path = track.centre[np.isfinite(track.centre[:, 0])]
    return path.size > 0 and float(np.ptp(path, axis=0).max()) > MOVED


def tracks(observation: Observation, script: Script | None) -> tuple[ThingTrack, ...]:
    """The clip's tracks; where the script has no flame, what looks like one is a thing."""
    seen = observation.things.tracks
    if script is None or any(body.noun == "flame" for body in script.scene.bodies):
        return seen
    return tuple(replace(track, flame=False) if track.flame else track for track in seen)


def cast(observation: Observation, script: Script) -> dict[str, Part]:
    """A Part for each body of the inventory, without tracks where none will do; no track plays two bodies.

    With oracle sight a dot in a track's name marks the double of a body, which plays it as well.
    """
    seen = [t for t in tracks(observation, script) if (t.state == SEEN).any()]
    bodies = [script.scene.body(thing.name) for thing in script.inventory]
    if any(t.name for t in seen):
        return {
            b.name: _part(observation, script, b, [t for t in seen if t.name and t.name.split(".")[0] == b.name])
            for b in bodies
        }
    taken: dict[str, list[ThingTrack]] = {b.name: [] for b in bodies}
    for track in seen:
        goes = moves(track)
        fits = [b for b in bodies if (b.noun == "flame") == track.flame and not (goes and b.motion == "fixed")]
        if not fits:
            continue
        best = min(fits, key=lambda b: (colour_distance(colour_of(track), lab_of(b.material.rgb)), b.name))
        if track.flame or colour_distance(colour_of(track), lab_of(best.material.rgb)) <= ALIKE:
            taken[best.name].append(track)
    return {b.name: _part(observation, script, b, taken[b.name]) for b in bodies}


def listed(track: ThingTrack, script: Script) -> bool:
    """Whether a track looks like something of the script's inventory."""
    bodies = [script.scene.body(thing.name) for thing in script.inventory]
    if not (track.state == SEEN).any():
        return False
    if track.name:
        return any(track.name.split(".")[0] == b.name for b in bodies)
    return any(colour_distance(colour_of(track), lab_of(b.material.rgb)) <= ALIKE for b in bodies)


def _part(observation: Observation, script: Script, body: Body, tracks: list[ThingTrack]) -> Part:
    """The tracks as one: seen where any is; otherwise out of sight as the one last seen says."""
    ordered = sorted(tracks, key=lambda t: int(np.argmax(t.state == SEEN)))
    state = np.full(len(observation.clip), ABSENT, np.uint8)
    centre = np.full((len(observation.clip), 2), np.nan)
    for kind in (OUT, HIDDEN):
        for track in ordered:
            state[track.state == kind] = kind
    for track in ordered:
        seen = track.state == SEEN
        state[seen], centre[seen] = SEEN, track.centre[seen]
    return Part(body, tuple(b for b in script.scene.bodies if b is not body), tuple(ordered), state, centre)
