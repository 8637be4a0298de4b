"""What lies behind everything that moves, appears or vanishes, in a picture that holds still."""

from __future__ import annotations

import cv2
import numpy as np

from probes.perception.light import shadow
from probes.perception.working import lab, length

WINDOWS = ((0, 0.5), (0.5, 1), (0, 0.3), (0.7, 1), (0.35, 0.65))  # of the clip
SAMPLES = 31  # frames a median is taken over
SINGLES = 16  # frames that are candidates on their own
REPAIR = 0.85  # of the outline's sharpness: a candidate has to be smoother than this to be taken
SHADE = 0.3  # the same where the candidate is the same surface, darker
UNSHADOW = 1.25  # the same where the candidate is the same surface without a shadow
BOX = np.ones((3, 3), np.uint8)


def _median(frames: np.ndarray) -> np.ndarray:
    picks = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), SAMPLES)).astype(int))
    return np.partition(frames[picks], len(picks) // 2, axis=0)[len(picks) // 2]  # of an even number no blend


def gradients(image: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32 -> (h, w, 3, 2) Lab units a pixel along x and y."""
    return np.stack([cv2.Sobel(image, cv2.CV_32F, dx, 1 - dx, scale=0.125) for dx in (1, 0)], -1)


def outline(region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (bool, as `region`) along the outline of a uint8 region and the unit normal (h, w, 2) there."""
    band = (cv2.dilate(region, BOX, iterations=2) > 0) & (cv2.erode(region, BOX) == 0)
    soft = cv2.GaussianBlur(region.astype(np.float32), (5, 5), 0)
    normal = np.stack([cv2.Sobel(soft, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0)], -1)
    return band, normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)


def sharpness(image: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """(h, w) gradient of a Lab image along `normal` (h, w, 2), Lab units a pixel."""
    return length(np.einsum("hwci,hwi->hwc", gradients(image), normal))


def edge_across(image: np.ndarray, band: np.ndarray, normal: np.ndarray) -> float:
    """Mean gradient of a Lab image across an outline, Lab units a pixel."""
    return float(sharpness(image, normal)[band].mean()) if band.any() else 0.0


def regions(mask: np.ndarray, least: int) -> list[tuple[slice, slice, np.ndarray]]:
    """Connected regions of at least `least` pixels: rows, columns and uint8 crop, with a margin of 4 pixels."""
    h, w = mask.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    out = []
    for i in np.nonzero(stats[:count, cv2.CC_STAT_AREA] >= least)[0]:
        x, y, bw, bh, _ = (int(v) for v in stats[i])
        if i > 0:
            rows, cols = slice(max(0, y - 4), min(h, y + bh + 4)), slice(max(0, x - 4), min(w, x + bw + 4))
            out.append((rows, cols, (labels[rows, cols] == i).astype(np.uint8)))
    return out


class _Canvas:
    """The background so far, and what makes a candidate better in some region of it."""

    def __init__(self, frames: np.ndarray, steady: np.ndarray, threshold: float) -> None:
        """frames: (T, h, w, 3); steady: (h, w) bool, where no candidate differs."""
        self.rgb = _median(frames)
        self.lab = lab(self.rgb)
        self.steady, self.threshold = steady, threshold

    def take(self, other: np.ndarray) -> None:
        """Take over from the candidate `other` (h, w, 3) what runs on more smoothly into its surroundings."""
        theirs = lab(other)
        differs = length(self.lab - theirs) > self.threshold
        if not differs.any():
            return
        for mask in (differs, differs & shadow(self.rgb, other)):
            closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, BOX)
            for rows, cols, region in regions(closed, max(4, mask.size // 1200)):
                window = np.s_[rows, cols]
                if not self._mend(window, region, other[window], theirs[window]):
                    for y, x, part in regions(self._better_part(window, region, theirs[window]), 4):
                        top, left = rows.start, cols.start
                        inner = np.s_[top + y.start : top + y.stop, left + x.start : left + x.stop]
                        self._mend(inner, part, other[inner], theirs[inner])

    def _mend(self, window: tuple[slice, slice], region: np.ndarray, other: np.ndarray, theirs: np.ndarray) -> bool:
        """Put the candidate's pixels in `region` if that makes the picture smoother across its outline."""
        band, normal = outline(region)
        patch = cv2.dilate(region, BOX) > 0
        mended = np.where(patch[..., None], theirs, self.lab[window])
        better = edge_across(mended, band, normal) < self._allowed(window, region, patch, other, theirs) * edge_across(
            self.lab[window], band, normal
        )
        if better:
            self.rgb[window][patch] = other[patch]
            self.lab[window] = mended
        return better

    def _allowed(
        self, window: tuple[slice, slice], region: np.ndarray, patch: np.ndarray, other: np.ndarray, theirs: np.ndarray
    ) -> float:
        """How much of the present sharpness the mended picture may have; a surface is rather lit than in shadow."""
        inside = region > 0
        if shadow(other, self.rgb[window])[inside].mean() > 0.7:
            return SHADE
        near = (cv2.dilate(region, BOX, iterations=3) > 0) & ~patch & self.steady[window]
        if near.any() and shadow(self.rgb[window], other)[inside].mean() > 0.7:
            unlike = np.median(self.lab[window][near], axis=0) - np.median(theirs[inside], axis=0)
            if np.linalg.norm(unlike) < 1.5 * self.threshold:
                return UNSHADOW
        return REPAIR

    def _better_part(self, window: tuple[slice, slice], region: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        """The part of a region (uint8) nearest to where its outline is sharper in the canvas than in the candidate."""
        band, normal = outline(region)
        gain = sharpness(self.lab[window], normal) - sharpness(theirs, normal)
        reach = (max(3, int(region.sum() ** 0.5) // 4) * 2 + 1,) * 2
        votes = cv2.GaussianBlur(np.where(band, gain, 0.0).astype(np.float32), reach, 0)
        return cv2.morphologyEx(((votes > 0) & (region > 0)).astype(np.uint8), cv2.MORPH_OPEN, BOX)


def background(frames: np.ndarray, threshold: float) -> np.ndarray:
    """(T, h, w, 3) uint8 -> (h, w, 3) uint8 RGB: the scene without what moves, appears or vanishes.

    The temporal median holds things that rest for long. So medians over shorter windows, and single frames, are
    candidates; where one differs from the picture so far, the one whose content runs on into its surroundings
    without an outline is taken. threshold: Lab units that count as a difference.
    """
    count = len(frames)
    starts = [(min(round(count * a), count - 1), round(count * b)) for a, b in WINDOWS]
    candidates = [_median(frames[a : max(b, a + 1)]) for a, b in starts]
    candidates += [frames[t] for t in np.unique(np.linspace(0, count - 1, min(count, SINGLES)).astype(int))]
    low, high = np.minimum.reduce(candidates), np.maximum.reduce(candidates)
    canvas = _Canvas(frames, (high - low).max(-1) < 4.0 * threshold, threshold)
    for other in candidates:
        canvas.take(other)
    return canvas.rgb
