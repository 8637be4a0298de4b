"""Changes of light: a lamp that is switched, a flame that goes out, shadows; none of them is a thing."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import median_filter

from probes.perception.working import length

CELLS = 16  # along the short side, in which light is measured
STEP = 2.5  # of 255: a cell's change of brightness that counts
SPREAD = 0.25  # of the picture that must change together for it to be light
LIKE = 0.6  # correlation of gradients: the cell still shows the same surface
FAINT = 3.0  # of 255 a pixel: gradients below show no structure to compare
DARKEST = 0.25  # of its brightness is left of a surface in shadow
OFF_HUE = 10.0  # of 255, and OFF_HUE_SHARE of the brightness: how far off its colour shadow may push a surface
OFF_HUE_SHARE = 0.05


def _cells(image: np.ndarray) -> np.ndarray:
    """Cell means of (h, w) float32."""
    h, w = image.shape
    scale = min(1.0, CELLS / min(h, w))
    return cv2.resize(image, (max(3, round(w * scale)), max(3, round(h * scale))), interpolation=cv2.INTER_AREA)


def _relit(a: np.ndarray, b: np.ndarray) -> float:
    """Share of cells, with its sign, in which grey images a and b show the same surfaces in other light."""
    ga, gb = ([cv2.Sobel(i, cv2.CV_32F, dx, 1 - dx, scale=0.25) for dx in (1, 0)] for i in (a, b))
    both = _cells(ga[0] * gb[0] + ga[1] * gb[1])
    power_a, power_b = _cells(ga[0] ** 2 + ga[1] ** 2), _cells(gb[0] ** 2 + gb[1] ** 2)
    same = (both > LIKE * np.sqrt(power_a * power_b)) | (np.maximum(power_a, power_b) < FAINT**2)
    change = _cells(b - a)
    up, down = np.mean(same & (change > STEP)), np.mean(same & (change < -STEP))
    return float(up - down)


def light_states(frames: np.ndarray) -> np.ndarray:
    """(T, h, w, 3) uint8 -> (T,) int: frames with the same number are lit alike.

    A new state begins where a large share of the picture becomes brighter or darker at once while it goes on showing
    the same surfaces. States that look alike (a lamp off and on again) get the same number.
    """
    grey = [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY).astype(np.float32) for f in frames]
    steps = [0] + [t for t in range(1, len(grey)) if abs(_relit(grey[t - 1], grey[t])) > SPREAD]
    states = np.zeros(len(grey), int)
    known: list[np.ndarray] = []
    for start, end in zip(steps, [*steps[1:], len(grey)], strict=True):
        typical = np.median(np.stack(grey[start:end][:9]), axis=0)
        alike = [i for i, k in enumerate(known) if abs(_relit(k, typical)) < SPREAD]
        states[start:end] = alike[0] if alike else len(known)
        if not alike:
            known.append(typical)
    return states


def smooth_light(difference: np.ndarray) -> np.ndarray:
    """The smooth part of a Lab difference (h, w, 3): what a change of light does, and small things cannot do."""
    h, w = difference.shape[:2]
    if min(h, w) <= CELLS:
        return np.zeros_like(difference)
    cells = np.stack([_cells(difference[..., c]) for c in range(3)], -1)
    smooth = np.stack([median_filter(cells[..., c], size=9, mode="nearest") for c in range(3)], -1)
    limit = np.array([20.0, 8.0, 8.0], np.float32)
    return cv2.resize(np.clip(smooth, -limit, limit), (w, h), interpolation=cv2.INTER_LINEAR)


def shadow(frame: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """(h, w) bool: pixels of `frame` (uint8 RGB) that are the background `behind`, only darker."""
    f, b = frame.astype(np.float32), behind.astype(np.float32)
    power = np.einsum("...i,...i->...", b, b) + 1.0
    share = np.einsum("...i,...i->...", f, b) / power
    off = length(f - share[..., None] * b)
    return (share > DARKEST) & (share < 1.0) & (off < OFF_HUE + OFF_HUE_SHARE * np.sqrt(power))
