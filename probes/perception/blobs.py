"""Blobs: connected regions that stand out in one frame, with what can be measured on them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SPECK = 0.0012  # of the picture: smaller regions are dust


@dataclass(frozen=True, eq=False)
class Blob:
    """A region of frame `t` at working size (h, w).

    mask: bool crop; y, x: the crop's origin in pixels. centre: (2,) pixels (x, y), pixel centres at + 0.5.
    area: pixels. colour: (3,) mean Lab. edges: left, top, right, bottom borders of the picture that it touches.
    """

    t: int
    mask: np.ndarray
    y: int
    x: int
    centre: np.ndarray
    area: int
    colour: np.ndarray
    edges: tuple[bool, bool, bool, bool]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 in pixels, the last two exclusive."""
        return self.x, self.y, self.x + self.mask.shape[1], self.y + self.mask.shape[0]

    @property
    def size(self) -> float:
        """Diameter in pixels of the disc of the same area."""
        return 2.0 * float(np.sqrt(self.area / np.pi))


def blob_of(t: int, mask: np.ndarray, lab_frame: np.ndarray) -> Blob:
    """The Blob of the pixels of `mask` (h, w) bool, not empty, in a Lab frame (h, w, 3)."""
    h, w = mask.shape
    ys, xs = np.nonzero(mask)
    y0, y1, x0, x1 = int(ys.min()), int(ys.max()) + 1, int(xs.min()), int(xs.max()) + 1
    crop = mask[y0:y1, x0:x1]
    core = cv2.erode(np.pad(crop.astype(np.uint8), 1), np.ones((3, 3), np.uint8))[1:-1, 1:-1] > 0
    colour = lab_frame[y0:y1, x0:x1][core if core.any() else crop].mean(0)
    return Blob(
        t,
        crop,
        y0,
        x0,
        np.array([xs.mean() + 0.5, ys.mean() + 0.5]),
        len(xs),
        colour,
        (x0 == 0, y0 == 0, x1 == w, y1 == h),
    )


def least(shape: tuple[int, ...]) -> int:
    """Pixels that a region needs to be more than a speck in a picture of this shape."""
    return max(6, round(SPECK * shape[0] * shape[1]))


def blobs(t: int, front: np.ndarray, lab_frame: np.ndarray) -> list[Blob]:
    """Connected regions of `front` (h, w) uint8 that are larger than a speck."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(front, connectivity=8)
    large = np.nonzero(stats[:count, cv2.CC_STAT_AREA] >= least(front.shape))[0]
    return [blob_of(t, labels == i, lab_frame) for i in large if i > 0]


def join(parts: list[Blob]) -> Blob:
    """One Blob of several of the same frame (fragments of one thing)."""
    x0, y0 = min(b.x for b in parts), min(b.y for b in parts)
    x1, y1 = max(b.box[2] for b in parts), max(b.box[3] for b in parts)
    mask = np.zeros((y1 - y0, x1 - x0), bool)
    for b in parts:
        mask[b.y - y0 : b.box[3] - y0, b.x - x0 : b.box[2] - x0] |= b.mask
    area = sum(b.area for b in parts)
    centre = sum((b.centre * b.area for b in parts), np.zeros(2)) / area
    colour = sum((b.colour * b.area for b in parts), np.zeros(3)) / area
    left, top, right, bottom = (any(e) for e in zip(*(b.edges for b in parts), strict=True))
    return Blob(parts[0].t, mask, y0, x0, centre, area, colour, (left, top, right, bottom))
