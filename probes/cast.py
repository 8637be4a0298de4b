"""Which track plays which body of a script: by name with oracle sight, by colour otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Observation, ThingTrack
from simulator.scene import Body, Vec
from simulator.script import Script

ALIKE = 45.0  # distance in Lab's a, b plane beyond which a thing is not of the colour the script says
GREY = 18.0  # chroma under which hue says nothing


@dataclass(frozen=True, eq=False)
class Part:
    """A body of the script and the tracks that play it, in order of time; T frames.

    state: (T,) as in ThingTrack, of all tracks together. centre: (T, 2) heights, NaN where not seen.
    """

    body: Body
    tracks: tuple[ThingTrack, ...]
    state: np.ndarray
    centre: np.ndarray


def lab_of(rgb: Vec) -> np.ndarray:
    """(3,) CIE Lab of an sRGB colour in [0, 1]."""
    return cv2.cvtColor(np.asarray(rgb, np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0].astype(float)


def colour_distance(lab: np.ndarray, other: np.ndarray) -> float:
    """How unlike two colours are when light is not known: by hue and chroma, lightness only between greys."""
    hue = float(np.linalg.norm(lab[1:] - other[1:]))
    grey = max(np.linalg.norm(lab[1:]), np.linalg.norm(other[1:])) < GREY
    return max(hue, 0.5 * abs(float(lab[0] - other[0]))) if grey else hue


def colour_of(track: ThingTrack) -> np.ndarray:
    """(3,) median Lab of a track that is seen at all."""
    return np.median(track.colour[track.state == SEEN], axis=0)


def cast(observation: Observation, script: Script) -> dict[str, Part]:
    """A Part for each body of the inventory, without tracks where none will do; no track plays two bodies.

    With oracle sight a dot in a track's name marks the double of a body, which plays it as well.
    """
    tracks = [t for t in observation.things.tracks if (t.state == SEEN).any()]
    bodies = [script.scene.body(thing.name) for thing in script.inventory]
    if any(t.name for t in tracks):
        return {
            b.name: _part(observation, b, [t for t in tracks if t.name and t.name.split(".")[0] == b.name])
            for b in bodies
        }
    taken: dict[str, list[ThingTrack]] = {b.name: [] for b in bodies}
    for track in tracks:
        fits = [b for b in bodies if (b.noun == "flame") == track.flame]
        if not fits:
            continue
        best = min(fits, key=lambda b: (colour_distance(colour_of(track), lab_of(b.material.rgb)), b.name))
        if track.flame or colour_distance(colour_of(track), lab_of(best.material.rgb)) <= ALIKE:
            taken[best.name].append(track)
    return {b.name: _part(observation, b, taken[b.name]) for b in bodies}


def _part(observation: Observation, body: Body, tracks: list[ThingTrack]) -> Part:
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
    return Part(body, tuple(ordered), state, centre)
