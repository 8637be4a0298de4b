"""Which track plays which body of a script: by name with oracle sight, by colour otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Observation, ThingTrack
from simulator import camera as pinhole
from simulator.scene import Body, Vec
from simulator.script import Script

ALIKE = 45.0  # colour_distance beyond which a thing is not of the colour that the script says
GREY = 18.0  # chroma under which hue says nothing
MOVED = 0.08  # heights: what goes farther is no fixed body
_MEASURED: dict[str, tuple[int, ...]] = {"centre": (2,), "steady": (2,), "box": (4,), "area": ()}


@dataclass(frozen=True, eq=False)
class Part:
    """A body of the script and the tracks that play it, in order of time; T frames.

    others: the other bodies of the scene.
    numbers: (of `tracks`) what marks each in Things.masks.
    state: (T,) as in ThingTrack, of all tracks together. centre, steady: (T, 2) heights, box: (T, 4) and area: (T,)
    fractions, as in ThingTrack, of the first track that is seen; NaN where none is.
    """

    body: Body
    others: tuple[Body, ...]
    tracks: tuple[ThingTrack, ...]
    numbers: tuple[int, ...]
    state: np.ndarray
    centre: np.ndarray
    steady: np.ndarray
    box: np.ndarray
    area: np.ndarray


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
    every = tracks(observation, script)
    bodies = [script.scene.body(thing.name) for thing in script.inventory]
    if any(t.name for t in every):
        return {b.name: by_name(observation, script, b) for b in bodies}
    taken: dict[str, list[int]] = {b.name: [] for b in bodies}
    for i, track in enumerate(every):
        if not (track.state == SEEN).any():
            continue
        goes = moves(track)
        fits = [b for b in bodies if (b.noun == "flame") == track.flame and not (goes and b.motion == "fixed")]
        if not fits:
            continue
        seen_at = track.centre[np.argmax(track.state == SEEN)]
        best = min(fits, key=lambda b: (
            round(colour_distance(colour_of(track), lab_of(b.material.rgb)), 6),
            float(np.linalg.norm(_place(observation, script, b) - seen_at)), b.name,
        ))  # fmt: skip
        if track.flame or colour_distance(colour_of(track), lab_of(best.material.rgb)) <= ALIKE:
            taken[best.name].append(i)
    return {b.name: _part(len(observation.clip), every, script, b, taken[b.name]) for b in bodies}


def _place(observation: Observation, script: Script, body: Body) -> np.ndarray:
    """(2,) heights: where the script first has a body in the picture; of things alike, the nearest plays its part."""
    eye, axes = pinhole.frame(script.scene.camera, 0.0)
    x, y, z = (np.asarray(body.keys[0].pos if body.keys else body.pos) - eye) @ axes
    width, height = observation.clip.width, observation.clip.height
    focal = pinhole.intrinsics(script.scene.camera, height, width)[0, 0] / height
    return np.array([width / height / 2, 0.5]) + np.array([x, y]) / max(float(z), 0.1) * focal


def by_name(observation: Observation, script: Script, body: Body) -> Part:
    """The Part of a body that oracle sight knows by name, be it of the inventory or a prop."""
    every = tracks(observation, script)
    mine = [i for i, t in enumerate(every) if t.name and t.name.split(".")[0] == body.name]
    return _part(len(observation.clip), every, script, body, mine)


def mask(observation: Observation, part: Part) -> np.ndarray | None:
    """(T, h, w) bool: where the part is seen; None where sight gives no masks."""
    masks = observation.things.masks
    return None if masks is None else np.isin(masks, part.numbers)


def listed(track: ThingTrack, script: Script) -> bool:
    """Whether a track looks like something of the script's inventory."""
    bodies = [script.scene.body(thing.name) for thing in script.inventory]
    if not (track.state == SEEN).any():
        return False
    if track.name:
        return any(track.name.split(".")[0] == b.name for b in bodies)
    return any(colour_distance(colour_of(track), lab_of(b.material.rgb)) <= ALIKE for b in bodies)


def _part(count: int, every: tuple[ThingTrack, ...], script: Script, body: Body, mine: list[int]) -> Part:
    """These of all tracks as one: seen where any is; otherwise out of sight as the one last seen says."""
    numbers = sorted(mine, key=lambda i: int(np.argmax(every[i].state == SEEN)))
    ordered = tuple(every[i] for i in numbers)
    state = np.full(count, ABSENT, np.uint8)
    values = {name: np.full((count, *shape), np.nan) for name, shape in _MEASURED.items()}
    for kind in (OUT, HIDDEN):
        for track in ordered:
            state[track.state == kind] = kind
    for track in ordered[::-1]:
        seen = track.state == SEEN
        state[seen] = SEEN
        for name, value in values.items():
            value[seen] = getattr(track, name)[seen]
    others = tuple(b for b in script.scene.bodies if b is not body)
    return Part(body, others, ordered, tuple(i + 1 for i in numbers), state, **values)
