"""Flames: small, bright, warm regions that flicker while their foot stays where it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from probes.perception.blobs import Blob, blob_of
from probes.perception.working import lab

BRIGHT, WARM = 76.0, 40.0  # Lab: least L, least b
RED = -13.0, 40.0  # Lab a, on average: a lemon or a yellow ball is greener
FLICKER = 0.06  # of its area that changes from frame to frame, at least, where it burns
LARGEST = 0.15  # of the picture
SMALLEST = 0.002
SPARK = 0.3  # of the largest flame: what is smaller is its glow on something


@dataclass(eq=False)
class Flame:
    """Where it burned: blobs by frame, and the place (h, w) bool in which it ever did."""

    blobs: dict[int, Blob]
    place: np.ndarray


def _warm(lab_frame: np.ndarray) -> np.ndarray:
    """(h, w) uint8: bright pixels between orange and yellow."""
    light, a, b = (lab_frame[..., i] for i in range(3))
    warm = (light > BRIGHT) & (b > WARM) & (a > -25.0) & (a < 60.0)
    return warm.astype(np.uint8)


def _steady_foot(blobs: list[Blob]) -> bool:
    """Whether the lower end stays put (within a sixth of the height) while the outline changes."""
    feet = np.array([b.box[3] for b in blobs])
    middles = np.array([b.centre[0] for b in blobs])
    tall = float(np.median([b.box[3] - b.y for b in blobs]))
    sways = float(np.ptp(np.quantile(feet, (0.1, 0.9)))), float(np.std(middles))
    return max(sways) <= max(1.5, tall / 6)


def _flickers(blobs: list[Blob]) -> bool:
    """Whether the outline changes from frame to frame, in most frames."""
    changes = []
    for a, b in pairwise(blobs):
        if b.t - a.t == 1:
            x0, y0, x1, y1 = min(a.x, b.x), min(a.y, b.y), max(a.box[2], b.box[2]), max(a.box[3], b.box[3])
            both = np.zeros((2, y1 - y0, x1 - x0), bool)
            for mask, blob in zip(both, (a, b), strict=True):
                mask[blob.y - y0 : blob.box[3] - y0, blob.x - x0 : blob.box[2] - x0] = blob.mask
            changes.append(float((both[0] ^ both[1]).sum()) / max(a.area, b.area))
    return len(changes) >= 2 and float(np.median(changes)) > FLICKER


def find_flames(frames: np.ndarray) -> list[Flame]:
    """(T, h, w, 3) uint8 RGB frames of a picture that holds still -> its flames, largest first."""
    h, w = frames.shape[1:3]
    chains: list[list[Blob]] = []
    for t, frame in enumerate(map(lab, frames)):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(_warm(frame), connectivity=4)
        for i in range(1, count):
            if SMALLEST * h * w <= stats[i, cv2.CC_STAT_AREA] <= LARGEST * h * w:
                blob = blob_of(t, labels == i, frame)
                near = [
                    c
                    for c in chains
                    if c[-1].t < t
                    and 0.25 < blob.area / c[-1].area < 4.0
                    and np.linalg.norm(c[-1].centre - blob.centre) < 0.8 * c[-1].size
                ]
                if near:
                    min(near, key=lambda c: float(np.linalg.norm(c[-1].centre - blob.centre))).append(blob)
                else:
                    chains.append([blob])
    flames = []
    for chain in chains:
        hue = float(np.median([b.colour[1] for b in chain]))
        if len(chain) >= 3 and RED[0] < hue < RED[1] and _steady_foot(chain) and _flickers(chain):
            place = np.zeros((h, w), bool)
            for b in chain:
                place[b.y : b.box[3], b.x : b.box[2]] |= b.mask
            flames.append(Flame({b.t: b for b in chain}, place))
    flames.sort(key=lambda f: -int(f.place.sum()))
    return [f for f in flames if f.place.sum() > SPARK * flames[0].place.sum()]
