"""Things: what moves, appears or vanishes in front of a background that holds still."""

from __future__ import annotations

import numpy as np

from probes.perception.background import Scenery
from probes.perception.blobs import Blob, blobs
from probes.perception.linking import link, ordered
from probes.perception.observation import SEEN, CameraMotion, Things, ThingTrack
from probes.perception.tracking import Track, follow
from probes.perception.working import lab

CROWDED = 0.5  # of the picture in front of the background, in half of the frames: the background is not known
MOST = 24  # tracks; the largest are kept


def _thing(track: Track, gaps: dict[int, int], count: int, h: int, w: int) -> ThingTrack:
    """Measurements of one track in the units of the contract."""
    state = np.array([gaps.get(t, SEEN) for t in range(count)], np.uint8)
    centre, box = np.full((count, 2), np.nan), np.full((count, 4), np.nan)
    area, colour = np.full(count, np.nan), np.full((count, 3), np.nan)
    cut = np.zeros(count, bool)
    for t, b in track.blobs.items():
        centre[t] = b.centre / h
        box[t] = np.array(b.box) / (w, h, w, h)
        area[t], colour[t], cut[t] = b.area / (h * w), b.colour, any(b.edges)
    solid = np.array([min(1.0, (b.size / (0.04 * h)) ** 2) for b in ordered(track)])
    confidence = np.zeros(count)
    confidence[sorted(track.blobs)] = solid * min(1.0, len(track.blobs) / 4)
    return ThingTrack(state, centre, box, area, colour, confidence, cut)


def _worth(track: Track, count: int) -> bool:
    """Whether a track is a thing and no artefact: seen in two frames or more (where there are as many)."""
    return len(track.blobs) >= min(2, count)


def find_things(frames: np.ndarray, camera: CameraMotion, cuts: tuple[int, ...]) -> Things:
    """(T, h, w, 3) uint8 RGB at working size -> Things."""
    count, h, w = frames.shape[:3]
    if cuts:
        return Things((), None, "the picture is cut: things are not followed across cuts")
    if camera.moving:
        return Things((), None, "the camera moves around the scene")
    if min(h, w) < 16:
        return Things((), None, "the picture is too small")
    scenery = Scenery(frames)
    fronts = [scenery.front(t) for t in range(count)]
    if np.median([f.mean() for f in fronts]) > CROWDED:
        return Things((), None, "most of the picture changes: there is no background to tell things from")
    found: list[list[Blob]] = [blobs(t, f, lab(frames[t])) for t, f in enumerate(fronts)]
    tracks = [k for k in follow(found, lambda t: lab(frames[t])) if _worth(k, count)]
    chains = sorted(link(tracks, scenery.lab, scenery.threshold, count),
                    key=lambda c: -sum(b.area for b in c[0].blobs.values()))[:MOST]
    masks = np.zeros((count, h, w), np.uint8)
    for i, (track, _) in reversed(list(enumerate(chains))):
        for t, b in track.blobs.items():
            x0, y0, x1, y1 = b.box
            masks[t, y0:y1, x0:x1][b.mask] = i + 1
    return Things(tuple(_thing(k, gaps, count, h, w) for k, gaps in chains), masks)
