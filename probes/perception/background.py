"""What lies behind everything that moves, and what stands out from it; for a picture that holds still."""

from __future__ import annotations

import cv2
import numpy as np

from probes.perception.light import light_states, shadow, smooth_light
from probes.perception.working import lab

CONTRAST = 7.0  # Lab units: least difference that counts as another thing
NOISE_SIGMAS = 6.0
WINDOWS = ((0, 0.5), (0.5, 1), (0, 0.3), (0.7, 1), (0.35, 0.65))  # of the clip
SAMPLES = 31  # frames a median is taken over
SINGLES = 16  # frames that are candidates on their own
REPAIR = 0.85  # of the outline's sharpness: a candidate has to be smoother than this to be taken
SHADE = 0.3  # the same where the candidate is the same surface, darker
UNSHADOW = 1.25  # the same where the candidate is the same surface without a shadow
NOVEL = 0.45  # share of the gradients along its outline that a thing brings with it or hides
OTHER_COLOUR = 30.0  # of 255: how far no change of brightness gets a surface from its colour
SEAM = 0.8  # of the root of its area: how long the border of a shaded side to the lit one is, at least
SMOOTH = 6.0  # Lab units a pixel: a thing's shading is no sharper
CRISP = 1.5  # Lab units a pixel: the outline of a thing is at least this sharp
BOX = np.ones((3, 3), np.uint8)


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


def _gradients(image: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32 -> (h, w, 3, 2) Lab units a pixel along x and y."""
    return np.stack([cv2.Sobel(image, cv2.CV_32F, dx, 1 - dx, scale=0.125) for dx in (1, 0)], -1)


def _outline(region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (bool, as `region`) along the outline of a uint8 region and the unit normal (h, w, 2) there."""
    band = (cv2.dilate(region, BOX, iterations=2) > 0) & (cv2.erode(region, BOX) == 0)
    soft = cv2.GaussianBlur(region.astype(np.float32), (5, 5), 0)
    normal = np.stack([cv2.Sobel(soft, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0)], -1)
    return band, normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)


def _edge(image: np.ndarray, band: np.ndarray, normal: np.ndarray) -> float:
    """Mean gradient of a Lab image across an outline, Lab units a pixel."""
    across = (_gradients(image) * normal[:, :, None, :]).sum(-1)
    return float(np.linalg.norm(across, axis=-1)[band].mean()) if band.any() else 0.0


def _regions(mask: np.ndarray, least: int) -> list[tuple[slice, slice, np.ndarray]]:
    """Connected regions of at least `least` pixels: rows, columns and uint8 crop, with a margin of 4 pixels."""
    h, w = mask.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    out = []
    for i in range(1, count):
        x, y, bw, bh, area = (int(v) for v in stats[i])
        if area >= least:
            rows, cols = slice(max(0, y - 4), min(h, y + bh + 4)), slice(max(0, x - 4), min(w, x + bw + 4))
            out.append((rows, cols, (labels[rows, cols] == i).astype(np.uint8)))
    return out


def background(frames: np.ndarray, threshold: float) -> np.ndarray:
    """(T, h, w, 3) uint8 -> (h, w, 3) uint8 RGB: the scene without what moves, appears or vanishes.

    The temporal median holds things that rest for long. So medians over shorter windows, and single frames, are
    candidates; where one differs from the picture so far, the one whose content runs on into its surroundings
    without an outline is taken.
    """
    count, (h, w) = len(frames), frames.shape[1:3]
    best = _median(frames)
    starts = [(min(round(count * a), count - 1), round(count * b)) for a, b in WINDOWS]
    candidates = [_median(frames[a : max(b, a + 1)]) for a, b in starts]
    candidates += [frames[t] for t in np.unique(np.linspace(0, count - 1, min(count, SINGLES)).astype(int))]
    looks = lab(best)
    steady = np.ptp(np.stack(candidates), axis=0).max(-1) < 4.0 * threshold  # of 255: no thing and no shadow passes
    for other in candidates:
        theirs = lab(other)
        differs = np.linalg.norm(looks - theirs, axis=-1) > threshold
        lighter, darker = shadow(best, other), shadow(other, best)
        for mask in (differs, differs & lighter):
            closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, BOX)
            for rows, cols, region in _regions(closed, max(4, h * w // 1200)):
                band, normal = _outline(region)
                patch = cv2.dilate(region, BOX) > 0
                mended = np.where(patch[..., None], theirs[rows, cols], looks[rows, cols])
                lit, unlit = (m[rows, cols][region > 0].mean() > 0.7 for m in (lighter, darker))
                near = (cv2.dilate(region, BOX, iterations=3) > 0) & ~patch & steady[rows, cols]
                like = near.any() and np.linalg.norm(
                    np.median(looks[rows, cols][near], axis=0) - np.median(theirs[rows, cols][region > 0], axis=0))
                allowed = UNSHADOW if lit and near.any() and like < 1.5 * threshold else SHADE if unlit else REPAIR
                if _edge(mended, band, normal) < allowed * _edge(looks[rows, cols], band, normal):
                    best[rows, cols][patch] = other[rows, cols][patch]
                    looks[rows, cols] = mended
    return best


class Scenery:
    """The background of a clip, one for each state of its light, and what each frame shows in front of it."""

    def __init__(self, frames: np.ndarray) -> None:
        """frames: (T, h, w, 3) uint8 RGB."""
        self.threshold = max(CONTRAST, NOISE_SIGMAS * noise_level(frames))
        self.frames = frames
        self.states = light_states(frames)
        self.rgb = [background(frames[self.states == s], self.threshold) for s in range(self.states.max() + 1)]
        self.lab = [lab(b) for b in self.rgb]
        self._range = [(cv2.erode(b, BOX), cv2.dilate(b, BOX)) for b in self.lab]

    def behind(self, t: int) -> np.ndarray:
        """(h, w, 3) Lab background of frame t."""
        return self.lab[self.states[t]]

    def front(self, t: int) -> np.ndarray:
        """(h, w) uint8, 0 or 1: what frame t shows in front of the background, shadows and light left out.

        A pixel stands out when its colour lies outside the range of its 3 x 3 neighbourhood in the background. A
        region stands out when its colours are others, or when its outline is sharp and is there in only one of frame
        and background.
        """
        state = self.states[t]
        behind, (low, high) = self.lab[state], self._range[state]
        seen = lab(self.frames[t])
        level = seen - smooth_light(seen - behind)
        beyond = np.maximum(np.maximum(low - level, level - high), 0.0)
        distance = np.linalg.norm(beyond, axis=-1)
        distance[_shade(seen, shadow(self.frames[t], self.rgb[state]) & (distance > 0), distance)] = 0.0
        weak = (distance > 0.5 * self.threshold).astype(np.uint8)
        count, labels = cv2.connectedComponents(weak, connectivity=8)
        keep = np.zeros(count, bool)
        keep[np.unique(labels[distance > self.threshold])] = True
        keep[0] = False
        front = cv2.morphologyEx(keep[labels].astype(np.uint8), cv2.MORPH_CLOSE, BOX)
        for rows, cols, region in _regions(front, 4):
            if not (_recoloured(self.frames[t][rows, cols], self.rgb[state][rows, cols], region)
                    or _novel(seen[rows, cols], behind[rows, cols], region)):
                front[rows, cols][region > 0] = 0
        return front


def _novel(seen: np.ndarray, behind: np.ndarray, region: np.ndarray) -> bool:
    """Whether a region is another surface than the background's, and not the same in other light."""
    band, _ = _outline(region)
    a, b = _gradients(seen)[band], _gradients(behind)[band]
    change, total = (np.linalg.norm(v, axis=(-2, -1)) for v in (a - b, np.concatenate([a, b], -1)))
    return float(change.mean()) > CRISP and float(change.sum()) > NOVEL * float(total.sum())


def _recoloured(frame: np.ndarray, behind: np.ndarray, region: np.ndarray) -> bool:
    """Whether the colours in a region (RGB) are others than the background's, whatever the light."""
    f, b = frame[region > 0].astype(np.float32), behind[region > 0].astype(np.float32)
    share = (f * b).sum(-1, keepdims=True) / ((b * b).sum(-1, keepdims=True) + 1.0)
    return float(np.linalg.norm(f - share * b, axis=-1).mean()) > OTHER_COLOUR


def _shade(seen: np.ndarray, dark: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The part of `dark` (pixels that could be shadow) that is no shaded side of something that stands out.

    A shaded side runs on into the lit side; a cast shadow ends at the edge of what casts it.
    """
    lit = cv2.dilate(((distance > CONTRAST) & ~dark).astype(np.uint8), BOX) > 0
    sharp = np.linalg.norm(_gradients(seen), axis=(-2, -1))
    out = dark.copy()
    for rows, cols, region in _regions(dark.astype(np.uint8), 4):
        seam = (region > 0) & lit[rows, cols]
        if seam.sum() > SEAM * region.sum() ** 0.5 and sharp[rows, cols][seam].mean() < SMOOTH:
            out[rows, cols][region > 0] = False
    return out
