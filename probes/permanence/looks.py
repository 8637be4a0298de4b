"""Looks: how like itself a thing is in other frames, whatever the light and whatever hides a part of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from probes.perception.observation import Observation, ThingTrack
from probes.trajectory import at_border, pixel

BRIGHTNESS = 0.35  # what a change of brightness counts, of a change of colour: shade and lamps make it
BLACK = 16.0  # added to L: light then scales (L + 16, a, b) by its cube root
NEAREST = 4  # frames next to a gap in which a thing shows how it went out of sight, or came back
WHOLE = 0.87  # of the greatest area: seen whole
COVERED = 0.1  # of its outline borders on other things: they may cover a part of it
RING = np.ones((3, 3), np.uint8)
STEADY = 0.07  # how far the area goes from one frame to the next while a thing is seen whole


def unlike(lab: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(..., 3) and (..., 3) CIE Lab -> (...,) how unlike two colours are if light is not known, in about units of Lab.

    Light that is k times as strong scales (L + 16, a, b) by the cube root of k (by the definition of Lab): the
    direction of this vector is the surface's, its length also the light's.
    """
    u, v = (np.add(x, (BLACK, 0.0, 0.0)) for x in (lab, other))
    a, b = (np.maximum(np.linalg.norm(x, axis=-1), 1e-6) for x in (u, v))
    turned = np.sqrt(a * b) * np.linalg.norm(u / a[..., None] - v / b[..., None], axis=-1)
    return np.asarray(np.hypot(turned, BRIGHTNESS * (a - b)))


def extents(observation: Observation, track: ThingTrack) -> np.ndarray:
    """(T, 3) logarithms of width, height and root of the area, heights; NaN where not seen."""
    aspect = observation.clip.width / observation.clip.height
    box = track.box
    sides = np.stack([aspect * (box[:, 2] - box[:, 0]), box[:, 3] - box[:, 1], np.sqrt(aspect * track.area)], -1)
    return np.log(np.maximum(sides, 1e-6))


def grain(observation: Observation, sizes: np.ndarray) -> np.ndarray:
    """(3,) how far logarithms of extents (3,) are off by a pixel at one side; half of it for the area."""
    return np.asarray(pixel(observation) * np.array([1.0, 1.0, 0.5]) / np.exp(sizes))


@dataclass(frozen=True, eq=False)
class Look:
    """How a thing looks over some frames, those next to a gap.

    colour: (3,) median Lab. low, high: (3,) least and greatest of `extents`. complete: whether it is seen whole;
    otherwise it may be larger.
    """

    colour: np.ndarray
    low: np.ndarray
    high: np.ndarray
    complete: bool


def look(observation: Observation, index: int, frames: np.ndarray, *, bare: bool) -> Look:
    """Of a stretch of frames in which the track at `index` is measured, those that lie next to the gap first.

    Partly covered or cut by the border, a thing is smaller and perhaps of another colour than it is. bare: it counts as
    complete only where it borders on nothing else: for another view, in which something may cover it all the time.
    """
    track = observation.things.tracks[index]
    area, inside = track.area[frames], ~at_border(track)[frames]
    clear = area >= WHOLE * (area[inside].max() if inside.any() else area.max())
    best = frames[clear & inside] if (clear & inside).any() else frames[clear]
    ratio = np.abs(np.diff(np.log(area)))
    complete = clear & inside & (np.r_[ratio < STEADY, False] | np.r_[False, ratio < STEADY])
    if bare:
        complete &= [bordering(observation, index, int(t))[0] < COVERED for t in frames]
    sizes = extents(observation, track)[best[:NEAREST]]
    return Look(np.median(track.colour[best[:NEAREST]], axis=0), sizes.min(0), sizes.max(0), bool(complete.any()))


def bordering(observation: Observation, index: int, frame: int) -> tuple[float, set[int]]:
    """Share of a track's outline that borders on other tracks, and which; 0 where sight does not know all bodies."""
    masks = observation.things.masks
    if masks is None or observation.things.tracks[index].name is None:
        return 0.0, set()
    own = (masks[frame] == index + 1).astype(np.uint8)
    ring = masks[frame][(cv2.dilate(own, RING) > 0) & (own == 0)]
    return (float((ring > 0).mean()) if ring.size else 0.0), {int(i) - 1 for i in np.unique(ring) if i > 0}


def resized(observation: Observation, first: Look, second: Look, views: np.ndarray) -> np.ndarray:
    """(3,) how far (w, h, root of area) grew beyond what was seen before and what grain makes, in logarithms.

    views: (3,) by how much the second view enlarges it.
    """
    low, high = second.low - views, second.high - views
    more = np.maximum(low - first.high, 0.0) * first.complete
    less = np.maximum(first.low - high, 0.0) * second.complete
    change = more - less
    slack = grain(observation, np.minimum(first.low, second.low))
    return np.asarray(np.sign(change) * np.maximum(np.abs(change) - slack, 0.0))


def called(grown: np.ndarray) -> tuple[str, str]:
    """The kind of violation and the words for a change of (w, h, root of area)."""
    w, h = float(grown[0]), float(grown[1])
    if w * h > 0 and 0.4 < w / h < 2.5:
        return "size_change", "another size"
    return "shape_change", "another shape"
