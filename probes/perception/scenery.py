"""The scenery of a clip: its background in each of its lights, and what each frame shows in front of it."""

from __future__ import annotations

import cv2
import numpy as np

from probes.perception.background import BOX, background, gradients, outline, regions
from probes.perception.blobs import least
from probes.perception.light import light_states, shadow, smooth_light
from probes.perception.working import lab, length

CONTRAST = 7.0  # Lab units: least difference that counts as another thing
NOISE_SIGMAS = 6.0
NOVEL = 0.45  # share of the gradients along its outline that a thing brings with it or hides
CRISP = 1.5  # Lab units a pixel: the outline of a thing is at least this sharp
OTHER_COLOUR = 30.0  # of 255: how far no change of brightness gets a surface from its colour
SEAM = 0.8  # of the root of its area: how long the border of a shaded side to the lit one is, at least
SMOOTH = 6.0  # Lab units a pixel: a thing's shading is no sharper


def noise_level(frames: np.ndarray) -> float:
    """Robust standard deviation of the difference of neighbouring frames, in Lab units (L)."""
    if len(frames) < 2:
        return 0.0
    picks = np.unique(np.linspace(0, len(frames) - 2, min(len(frames) - 1, 9)).astype(int))
    sigmas = [float(np.median(np.abs(lab(frames[t])[..., 0] - lab(frames[t + 1])[..., 0]))) for t in picks]
    return 1.4826 * float(np.median(sigmas))


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
        distance = length(beyond)
        distance[_shade(seen, shadow(self.frames[t], self.rgb[state]) & (distance > 0), distance)] = 0.0
        weak = (distance > 0.5 * self.threshold).astype(np.uint8)
        count, labels = cv2.connectedComponents(weak, connectivity=8)
        keep = np.zeros(count, bool)
        keep[np.unique(labels[distance > self.threshold])] = True
        keep[0] = False
        front = cv2.morphologyEx(keep[labels].astype(np.uint8), cv2.MORPH_CLOSE, BOX)
        for rows, cols, region in regions(front, least(front.shape)):
            if not (
                _recoloured(self.frames[t][rows, cols], self.rgb[state][rows, cols], region)
                or _novel(seen[rows, cols], behind[rows, cols], region)
            ):
                front[rows, cols][region > 0] = 0
        return front


def _novel(seen: np.ndarray, behind: np.ndarray, region: np.ndarray) -> bool:
    """Whether a region is another surface than the background's, and not the same in other light."""
    band, _ = outline(region)
    a, b = gradients(seen)[band], gradients(behind)[band]
    change, total = (np.linalg.norm(v, axis=(-2, -1)) for v in (a - b, np.concatenate([a, b], -1)))
    return float(change.mean()) > CRISP and float(change.sum()) > NOVEL * float(total.sum())


def _recoloured(frame: np.ndarray, behind: np.ndarray, region: np.ndarray) -> bool:
    """Whether the colours in a region (RGB) are others than the background's, whatever the light."""
    f, b = frame[region > 0].astype(np.float32), behind[region > 0].astype(np.float32)
    share = (f * b).sum(-1, keepdims=True) / ((b * b).sum(-1, keepdims=True) + 1.0)
    return float(length(f - share * b).mean()) > OTHER_COLOUR


def _shade(seen: np.ndarray, dark: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The part of `dark` (pixels that could be shadow) that is no shaded side of something that stands out.

    A shaded side runs on into the lit side; a cast shadow ends at the edge of what casts it.
    """
    lit = cv2.dilate(((distance > CONTRAST) & ~dark).astype(np.uint8), BOX) > 0
    lit &= dark
    if not lit.any():
        return dark
    h, w = dark.shape
    sharp = length(gradients(seen).reshape(h, w, 6))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    seam = np.bincount(labels[lit], minlength=count)
    edge = np.bincount(labels[lit], weights=sharp[lit], minlength=count)
    shaded = (seam > SEAM * stats[:, cv2.CC_STAT_AREA] ** 0.5) & (edge < SMOOTH * seam)
    return dark & ~shaded[labels]
