"""Things: what moves, appears or vanishes in front of a background that holds still; and flames."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from probes.perception.background import BOX
from probes.perception.blobs import Blob, blobs, join
from probes.perception.flames import Flame, find_flames
from probes.perception.linking import link, ordered
from probes.perception.observation import ABSENT, HIDDEN, SEEN, CameraMotion, Things, ThingTrack
from probes.perception.scenery import Scenery
from probes.perception.tracking import Track, completes, follow
from probes.perception.working import lab

CROWDED = 0.5  # of the picture in front of the background, in half of the frames: the background is not known
MOST = 24  # tracks; the largest are kept
SATELLITE = 0.35  # of the area of the thing that it sticks to: smaller is a part of it, or its shadow
FLASH = 0.015  # of the picture: smaller things have to be seen twice
COLOURLESS = 12.0  # Lab chroma
THIN = 22.0  # Lab units between smoke and what is behind it, at most
FRAYED, FIRM = 0.5, 0.75  # overlap of a thing's masks in neighbouring frames, aligned: none and full confidence
SPARSE = 0.25  # of its box: what fills less is no compact thing; twice that is
SURE = 0.09  # heights: a thing of this diameter is measured with full confidence


def _coherence(seen: list[Blob]) -> float:
    """How far a track keeps its shape from frame to frame, in [0, 1]: 0 for what flows, flickers or frays."""
    alike = []
    for a, b in pairwise(seen):
        shift = np.round(b.centre - a.centre).astype(int)
        x0, y0 = max(a.x + shift[0], b.x), max(a.y + shift[1], b.y)
        x1, y1 = min(a.box[2] + shift[0], b.box[2]), min(a.box[3] + shift[1], b.box[3])
        shared = 0
        if x1 > x0 and y1 > y0:
            ours = a.mask[y0 - a.y - shift[1] : y1 - a.y - shift[1], x0 - a.x - shift[0] : x1 - a.x - shift[0]]
            shared = int((ours & b.mask[y0 - b.y : y1 - b.y, x0 - b.x : x1 - b.x]).sum())
        alike.append(shared / (a.area + b.area - shared))
    filled = float(np.median([b.area / b.mask.size for b in seen]))
    shape = float(np.median(alike)) if alike else 1.0
    return float(np.clip((shape - FRAYED) / (FIRM - FRAYED), 0, 1) * np.clip((filled - SPARSE) / SPARSE, 0, 1))


def _measured(track: Track, gaps: dict[int, int], shape: tuple[int, ...], flame: bool = False) -> ThingTrack:
    """Measurements of one track in the units of the contract; shape: (T, h, w)."""
    count, h, w = shape
    state = np.array([gaps.get(t, SEEN) for t in range(count)], np.uint8)
    centre, box = np.full((count, 2), np.nan), np.full((count, 4), np.nan)
    area, colour = np.full(count, np.nan), np.full((count, 3), np.nan)
    cut, confidence = np.zeros(count, bool), np.zeros(count)
    trust = min(1.0, len(track.blobs) / 4) * (1.0 if flame else _coherence(ordered(track)))
    for t, b in track.blobs.items():
        centre[t] = b.centre / h
        box[t] = np.array(b.box) / (w, h, w, h)
        area[t], colour[t], cut[t] = b.area / (h * w), b.colour, any(b.edges)
        confidence[t] = min(1.0, (b.size / (SURE * h)) ** 2) * trust
    return ThingTrack(state, centre, box, area, colour, confidence, cut, flame)


def _touch(a: Blob, b: Blob) -> bool:
    """Whether two blobs of a frame lie within two pixels of each other, by their boxes."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = a.box, b.box
    return ax0 <= bx1 + 2 and bx0 <= ax1 + 2 and ay0 <= by1 + 2 and by0 <= ay1 + 2


def _part_of(b: Blob, whole: Track) -> bool:
    """Whether a blob is a piece of `whole` in its frame: stuck to it, and small or completing it."""
    if b.t not in whole.blobs or not _touch(b, whole.blobs[b.t]):
        return False
    usual = max(whole.blobs.values(), key=lambda k: k.area)
    return b.area < SATELLITE * whole.blobs[b.t].area or completes(join([b, whole.blobs[b.t]]), usual, b)


def _gathered(tracks: list[Track]) -> list[Track]:
    """Tracks without those that are pieces of a larger one most of the time: fragments of it, or its shadow."""
    tracks = sorted(tracks, key=lambda k: -sum(b.area for b in k.blobs.values()))
    kept: list[Track] = []
    for track in tracks:
        for whole in kept:
            usual = max(whole.blobs.values(), key=lambda k: k.area)
            pieces = [b for b in track.blobs.values() if _part_of(b, whole)]
            if len(pieces) >= 0.5 * len(track.blobs):
                whole.blobs.update(
                    {
                        b.t: join([b, whole.blobs[b.t]])
                        for b in pieces
                        if completes(join([b, whole.blobs[b.t]]), usual, b)
                    }
                )
                break
        else:
            kept.append(track)
    return kept


def _lasts(track: Track, count: int, pixels: int) -> bool:
    """Whether a track is more than a flash: seen twice, or large."""
    return len(track.blobs) >= min(2, count) or next(iter(track.blobs.values())).area > FLASH * pixels


def _airy(track: Track, scenery: Scenery) -> bool:
    """Whether a track is smoke, breath or dust: it has no colour, comes up, and is faint, swells or thins."""
    seen = ordered(track)
    if seen[0].t == 0 or len(seen) < 2:
        return False
    chroma = float(np.median([np.hypot(b.colour[1], b.colour[2]) for b in seen]))
    behind = [scenery.behind(b.t)[b.y : b.box[3], b.x : b.box[2]][b.mask].mean(0) for b in seen]
    contrast = np.array([float(np.linalg.norm(b.colour - c)) for b, c in zip(seen, behind, strict=True)])
    sides = np.array([b.mask.shape for b in seen if not any(b.edges)] or [b.mask.shape for b in seen])
    swells = bool((sides.max(0) > 1.3 * sides.min(0)).all())  # a thing that comes out from behind another grows one way
    return chroma < COLOURLESS and (swells or np.median(contrast) < THIN or contrast[-1] < 0.6 * contrast.max())


def _flame_track(flame: Flame, tracks: list[Track], count: int) -> ThingTrack:
    """SEEN while it burns, HIDDEN while something is in front of where it burned, ABSENT when it is out."""
    gaps = {}
    for t in range(count):
        if t not in flame.blobs:
            covered = np.zeros_like(flame.place)
            for b in (k.blobs[t] for k in tracks if t in k.blobs):
                covered[b.y : b.box[3], b.x : b.box[2]] |= b.mask
            gaps[t] = HIDDEN if covered[flame.place].mean() > 0.5 else ABSENT
    return _measured(Track(flame.blobs), gaps, (count, *flame.place.shape), flame=True)


def _in_flame(blob: Blob, place: np.ndarray) -> bool:
    x0, y0, x1, y1 = blob.box
    return bool(place[y0:y1, x0:x1][blob.mask].mean() > 0.6)


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
    flames = find_flames(frames)
    fiery = np.zeros((h, w), bool)
    for flame in flames:
        fiery |= cv2.dilate(flame.place.astype(np.uint8), BOX, iterations=2) > 0
    found = [[b for b in blobs(t, f, lab(frames[t])) if not _in_flame(b, fiery)] for t, f in enumerate(fronts)]
    tracks = [k for k in follow(found, lambda t: lab(frames[t])) if _lasts(k, count, h * w)]
    tracks = [k for k in _gathered(tracks) if not _airy(k, scenery)]
    chains = sorted(
        link(tracks, scenery.behind(count // 2), scenery.threshold, count),
        key=lambda c: -sum(b.area for b in c[0].blobs.values()),
    )[:MOST]
    things = [_measured(k, gaps, (count, h, w)) for k, gaps in chains]
    things += [_flame_track(f, [k for k, _ in chains], count) for f in flames]
    masks = np.zeros((count, h, w), np.uint8)
    for i, seen in reversed(list(enumerate([k.blobs for k, _ in chains] + [f.blobs for f in flames]))):
        for t, b in seen.items():
            x0, y0, x1, y1 = b.box
            masks[t, y0:y1, x0:x1][b.mask] = i + 1
    return Things(tuple(things), masks)
