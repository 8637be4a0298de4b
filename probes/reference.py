"""Reference: how alike a clip and a real video of the same thing are; the metrics of Physics-IQ (Motamed et al. 2025).

Motion is compared where it is, when it is and how much of it there is, and the picture by its squared error. Frames
that the model was shown prove nothing and are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from probes.base import Probe
from probes.perception.observation import Observation, Reference
from probes.reading import Reading, Scored, Span, Unscored
from simulator.clip import Clip
from simulator.script import Script

VERSION = 1
MEMORY = 0.3  # weight of the newest frame in the running average
THRESHOLD = 10  # of 255: a difference to the average beyond it is motion
KERNEL = np.ones((5, 5), np.uint8)
QUARTER, SHORT = 4, 64  # pictures are compared at a quarter of their size, but not under 64 pixels on the short side


class Metrics(NamedTuple):
    """Two videos against each other: three intersections over unions in [0, 1], and the mean squared error in [0, 1].

    spatial: of where anything ever moves. spatiotemporal: frame by frame, the mean. weighted_spatial: of how often each
    place moves.
    """

    spatial: float
    spatiotemporal: float
    weighted_spatial: float
    mse: float


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """Physics-IQ's score of one clip over 100: the verified one where there are two takes, otherwise the original one.

    With a single take reality counts as exact, as the simulator's is. Not calibrated: 1 is the reference itself, and
    another course of events that is as possible scores low. The span tells the worst second.
    """
    reference, clip = observation.reference, observation.clip
    if reference is None:
        return Unscored("no real video to compare with")
    takes, made = _common(reference, clip)
    if len(made) < 2:
        return Unscored("less than two frames to compare, apart from those that were given")
    size = _size(*takes[0].shape[1:3])
    masks = [_shrunk(motion_masks(frames), size) for frames in (*takes, made)]
    small = [_pictures(frames, size) for frames in (*takes, made)]
    found = compare(masks[0], masks[-1], small[0], small[-1])
    real = compare(masks[0], masks[1], small[0], small[1]) if len(takes) > 1 else None
    measures = {**found._asdict(), "physics_iq": original(found, real or Metrics(1.0, 1.0, 1.0, 0.0))}
    if real is not None:
        measures |= {"physics_iq_verified": verified(found, real)}
        measures |= {f"real_{name}": value for name, value in real._asdict().items()}
    value = measures.get("physics_iq_verified", measures["physics_iq"]) / 100.0
    error = ((small[0] - small[-1]) ** 2).mean((1, 2, 3))
    when = reference.given + float(error.argmax()) / reference.takes[0].fps
    text = f"motion overlaps the real one by {found.spatiotemporal:.0%}, the picture differs most at {when:.2f} s"
    start, end = min(when, clip.seconds), min(when + 1.0 / reference.takes[0].fps, clip.seconds)
    spans = (Span("unlike_reference", start, end, None, 1.0 - value, text),) if value < 0.5 else ()
    return Scored(value, spans, measures)


def _common(reference: Reference, clip: Clip) -> tuple[list[np.ndarray], np.ndarray]:
    """Frames of the takes and of the clip at the same times: the first take's that were not given, as far as all go."""
    takes, fps = reference.takes, reference.takes[0].fps
    seconds = min(takes[0].seconds - reference.given_last, *(c.seconds for c in (*takes, clip)))
    times = np.arange(round(reference.given * fps), round(seconds * fps)) / fps
    at = [c.frames[np.minimum(np.round(times * c.fps).astype(int), len(c) - 1)] for c in (*takes, clip)]
    return at[:-1], at[-1]


def _size(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, max(1.0 / QUARTER, SHORT / min(height, width)))
    return max(1, int(height * scale)), max(1, int(width * scale))


def motion_masks(frames: np.ndarray) -> np.ndarray:
    """Where something moves: (T, H, W, 3) uint8 -> (T, H, W) bool; the first frame has no motion.

    Grey, 5 x 5 Gaussian blur, absolute difference to the running average that holds this frame already, over a
    threshold, opened and closed with a square of 5 pixels.
    """
    grey = [cv2.GaussianBlur(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), (5, 5), 0) for f in frames]
    average, masks = grey[0].astype(np.float64), [np.zeros(grey[0].shape, np.uint8)]
    for picture in grey[1:]:
        cv2.accumulateWeighted(picture, average, MEMORY)
        moved = (cv2.absdiff(picture, cv2.convertScaleAbs(average)) > THRESHOLD).astype(np.uint8)
        masks.append(cv2.morphologyEx(cv2.morphologyEx(moved, cv2.MORPH_OPEN, KERNEL), cv2.MORPH_CLOSE, KERNEL))
    return np.stack(masks).astype(bool)


def _shrunk(masks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Masks (T, H, W) at (h, w): where the resized mask is at least half there."""
    h, w = size
    return np.stack([cv2.resize(m.astype(np.uint8) * 255, (w, h)) > 127 for m in masks])


def _pictures(frames: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(T, H, W, 3) uint8 -> (T, h, w, 3) float32 in [0, 1]."""
    h, w = size
    return np.stack([cv2.resize(f, (w, h)) for f in frames]).astype(np.float32) / 255.0


def compare(a: np.ndarray, b: np.ndarray, picture_a: np.ndarray, picture_b: np.ndarray) -> Metrics:
    """Masks (T, h, w) bool and pictures (T, h, w, 3) in [0, 1] of two videos; symmetric."""
    each = [_iou(x, y) for x, y in zip(a, b, strict=True)]
    weighted = _iou(a.mean(0), b.mean(0))
    return Metrics(
        _iou(np.any(a, axis=0), np.any(b, axis=0)),
        float(np.mean(each)),
        weighted,
        float(((picture_a - picture_b) ** 2).mean()),
    )


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    """The sum of minima over the sum of maxima; 1 where both are empty."""
    union = float(np.maximum(a, b).sum())
    return float(np.minimum(a, b).sum()) / union if union > 0.0 else 1.0


def original(found: Metrics, real: Metrics) -> float:
    """The score as first published, [0, 100]: 100 clip(mean of the IoUs, each over the real takes', - excess of MSE).

    Take the means over scenarios of `found` and of `real` for the score of a benchmark.
    """
    ratios = [_ratio(f, r) for f, r in zip(found[:3], real[:3], strict=True)]
    return 100.0 * float(np.clip(np.mean(ratios) - (found.mse - real.mse), 0.0, 1.0))


def verified(found: Metrics, real: Metrics) -> float:
    """The verified score, [0, 100]: each of the four over what two real takes of this view reach, clipped, averaged."""
    ratios = [_ratio(f, r) for f, r in zip(found[:3], real[:3], strict=True)] + [_ratio(real.mse, found.mse)]
    return 100.0 * float(np.mean(np.clip(ratios, 0.0, 1.0)))


def _ratio(reached: float, best: float) -> float:
    """reached / best; where the best is 0, reaching it is all that can be asked."""
    return reached / best if best > 0.0 else 1.0


PROBE = Probe(
    "reference", VERSION, "does the clip show what really happened? needs a real video", (), score, headline=False
)  # fmt: skip
