"""What lies behind everything that moves, and what stands out from it; for a picture that holds still."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import median_filter

from probes.perception.working import lab

CONTRAST = 7.0  # Lab units: least difference that counts as another thing
NOISE_SIGMAS = 6.0
LIGHT_CELLS = 16  # cells along the short side in which a change of light is estimated
WINDOWS = ((0, 0.5), (0.5, 1), (0, 0.3), (0.7, 1), (0.35, 0.65), (0, 0.15), (0.85, 1))  # of the clip
SAMPLES = 31  # frames a median is taken over


def _median(frames: np.ndarray) -> np.ndarray:
    picks = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), SAMPLES)).astype(int))
    return np.median(frames[picks], axis=0).astype(np.uint8)


def noise_level(frames: np.ndarray) -> float:
    """Robust standard deviation of the difference of neighbouring frames, in Lab units (L)."""
    if len(frames) < 2:
        return 0.0
    picks = np.unique(np.linspace(0, len(frames) - 2, min(len(frames) - 1, 9)).astype(int))
    sigmas = [float(np.median(np.abs(lab(frames[t])[..., 0] - lab(frames[t + 1])[..., 0]))) for t in picks]
    return 1.4826 * float(np.median(sigmas))


def _outline(image: np.ndarray, region: np.ndarray) -> float:
    """Mean gradient (Lab units a pixel) of `image` along the outline of `region`, across the outline."""
    inside = cv2.erode(region, np.ones((3, 3), np.uint8))
    outside = cv2.dilate(region, np.ones((3, 3), np.uint8))
    band = (outside > 0) & (inside == 0)
    if not band.any():
        return 0.0
    gx, gy = (cv2.Sobel(image, cv2.CV_32F, dx, 1 - dx, scale=0.125) for dx in (1, 0))
    return float(np.sqrt((gx**2 + gy**2).sum(-1))[band].mean())


def _regions(mask: np.ndarray, least: int) -> list[np.ndarray]:
    """Connected regions of a bool mask as uint8 masks, largest first, those under `least` pixels dropped."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    order = sorted(range(1, count), key=lambda i: -stats[i, cv2.CC_STAT_AREA])
    return [(labels == i).astype(np.uint8) for i in order if stats[i, cv2.CC_STAT_AREA] >= least]


def background(frames: np.ndarray, threshold: float) -> np.ndarray:
    """(T, h, w, 3) uint8 -> (h, w, 3) uint8 RGB: the scene without what moves, appears or vanishes.

    The temporal median holds things that rest for long. So medians over shorter windows are candidates; where one
    differs from the picture so far, the one whose content runs on into its surroundings without an outline is taken.
    """
    count, (h, w) = len(frames), frames.shape[1:3]
    best = _median(frames)
    windows = [slice(min(round(count * a), count - 1), max(round(count * b), min(round(count * a), count - 1) + 1))
               for a, b in WINDOWS]
    candidates = [_median(frames[window]) for window in windows]
    least = max(4, round(0.0008 * h * w))
    for _ in range(2):
        for other in candidates:
            a, b = lab(best), lab(other)
            differs = np.linalg.norm(a - b, axis=-1) > threshold
            for region in _regions(cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3))), least):
                if _outline(b, region) < 0.85 * _outline(a, region):
                    grown = cv2.dilate(region, np.ones((3, 3), np.uint8)) > 0
                    best = np.where(grown[..., None], other, best)
                    a = lab(best)
    return best


def _light(difference: np.ndarray) -> np.ndarray:
    """The smooth part of a Lab difference (h, w, 3): what a change of light does, and small things cannot do."""
    h, w = difference.shape[:2]
    scale = LIGHT_CELLS / min(h, w)
    if scale >= 1:
        return np.zeros_like(difference)
    cells = cv2.resize(difference, (max(3, round(w * scale)), max(3, round(h * scale))), interpolation=cv2.INTER_AREA)
    smooth = np.stack([median_filter(cells[..., c], size=9, mode="nearest") for c in range(3)], -1)
    limit = np.array([20.0, 8.0, 8.0], np.float32)
    return cv2.resize(np.clip(smooth, -limit, limit), (w, h), interpolation=cv2.INTER_LINEAR)


def _shadow(frame: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """(h, w) bool: pixels that are the background, only darker, by the same share in every channel."""
    ratio = (frame.astype(np.float32) + 4.0) / (behind.astype(np.float32) + 4.0)
    low, high = ratio.min(-1), ratio.max(-1)
    return (high < 1.0) & (low > 0.25) & (high - low < 0.12)


class Scenery:
    """The background of a clip and what each frame shows in front of it."""

    def __init__(self, frames: np.ndarray) -> None:
        """frames: (T, h, w, 3) uint8 RGB."""
        self.threshold = max(CONTRAST, NOISE_SIGMAS * noise_level(frames))
        self.frames = frames
        self.rgb = background(frames, self.threshold)
        self.lab = lab(self.rgb)
        box = np.ones((3, 3), np.uint8)
        self._low, self._high = cv2.erode(self.lab, box), cv2.dilate(self.lab, box)

    def front(self, t: int) -> np.ndarray:
        """(h, w) uint8, 0 or 1: what frame t shows in front of the background, shadows and light left out.

        A pixel stands out when its colour lies outside the range of its 3 x 3 neighbourhood in the background.
        """
        frame = lab(self.frames[t])
        frame -= _light(frame - self.lab)
        beyond = np.maximum(np.maximum(self._low - frame, frame - self._high), 0.0)
        distance = np.linalg.norm(beyond, axis=-1)
        strong = (distance > self.threshold) & ~_shadow(self.frames[t], self.rgb)
        weak = (distance > 0.5 * self.threshold) & ~_shadow(self.frames[t], self.rgb)
        count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
        keep = np.zeros(count, bool)
        keep[np.unique(labels[strong])] = True
        keep[0] = False
        front = keep[labels].astype(np.uint8)
        return cv2.morphologyEx(front, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
