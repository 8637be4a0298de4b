"""Surprise: how smoothly a clip runs through the space of a frozen embedding of its frames; nothing is trained.

Statistics of the trajectory after GeoPhys: variation of speed, curvature, consistency of angles, acceleration, residual
of linear prediction. Every one is a ratio, so that neither the embedding's units nor the frame rate's matter.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import pairwise

import cv2
import numpy as np

from probes.base import Probe
from probes.perception.observation import Observation
from probes.reading import Reading, Scored, Span, Unscored
from simulator.script import Script

VERSION = 1
LEAST = 6  # frames, for a median of four residuals
CELLS = 8  # rows and columns of the default embedding
STILL = 1e-3  # of the embedding's length: less spread is the noise of a codec
MODEL, WEIGHTS = "WORLDASSAY_SURPRISE_MODEL", "WORLDASSAY_SURPRISE_WEIGHTS"

Embed = Callable[[np.ndarray], np.ndarray]  # (T, H, W, 3) uint8 -> (T, D)


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """1 / (1 + s^2), s the greatest surprise: a frame's distance from what the two frames before it predict.

    s is 1, and the score 0.5, where a frame is as far off as an unrelated frame of the clip would be. The score falls
    with s and is not calibrated: fast motion surprises, too. A cut is a surprise, unless the script has it.
    The embedding is `layout`; an OpenCLIP model where the environment names its configuration (a name or a JSON file)
    in WORLDASSAY_SURPRISE_MODEL and its checkpoint (safetensors) in WORLDASSAY_SURPRISE_WEIGHTS.
    """
    clip = observation.clip
    if len(clip) < LEAST:
        return Unscored(f"{len(clip)} frames are too few for a trajectory; {LEAST} are the least")
    z = _embedding()(clip.frames)
    if spread(z) <= STILL * float(np.sqrt((z**2).sum(1).mean())):
        return Unscored("nothing changes")
    surprises = residuals(z)
    for frame in _cuts(script, clip.fps):
        surprises[max(0, frame - 2) : max(0, frame + 1)] = 0.0
    worst = int(surprises.argmax())
    most, when = float(surprises[worst]), (worst + 2) / clip.fps
    value = 1.0 / (1.0 + most**2)
    text = f"the picture at {when:.2f} s is {most:.1f} times as far from its prediction as an unrelated frame would be"
    spans = (Span("surprise", when - 1.0 / clip.fps, when, None, 1.0 - value, text),) if value < 0.5 else ()
    return Scored(value, spans, {"surprise": most, "surprise_at_s": when, **statistics(z)})


def _embedding() -> Embed:
    if MODEL not in os.environ or WEIGHTS not in os.environ:
        return layout
    from probes.perception.embedding import TextImage

    return TextImage.load(os.environ[MODEL], os.environ[WEIGHTS]).images


def _cuts(script: Script | None, fps: float) -> Iterator[int]:
    """The frames within the windows in which the script cuts."""
    for event in script.expected if script is not None else ():
        if event.kind == "cut":
            yield from range(int(event.start * fps), int(np.ceil(event.end * fps)) + 1)


def layout(frames: np.ndarray) -> np.ndarray:
    """(T, H, W, 3) uint8 -> (T, D): smoothed CIE Lab colours at CELLS places down and across; L in [0, 1]."""
    height, width = frames.shape[1:3]
    k = max(1, min(height, width) // (8 * CELLS))
    h, w = height // k, width // k
    out = []
    for frame in frames:
        small = cv2.resize(frame[: h * k, : w * k], (w, h), interpolation=cv2.INTER_AREA)
        small = cv2.resize(small, (8 * CELLS, 8 * CELLS), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255.0
        smooth = cv2.GaussianBlur(small, (0, 0), 4.0)[4::8, 4::8]
        out.append(cv2.cvtColor(np.ascontiguousarray(smooth), cv2.COLOR_RGB2LAB).ravel() / 100.0)
    return np.array(out, np.float64)


def spread(z: np.ndarray) -> float:
    """Root mean square distance of the points (T, D) from their mean: it does not know their order."""
    return float(np.sqrt(((z - z.mean(0)) ** 2).sum(1).mean()))


def residuals(z: np.ndarray) -> np.ndarray:
    """(T - 2,) distances of points 2.. from their linear prediction; 1 is typical of points in no order at all.

    Prediction: z[t] + c (z[t] - z[t - 1]), with the c in [0, 1] that fits this clip best by least squares. The unit is
    sqrt(2) times the spread, the root mean square distance of two points.
    """
    d = np.diff(z, axis=0)
    return np.asarray(np.linalg.norm(d[1:] - _momentum(d) * d[:-1], axis=1) / _unit(z))


def _unit(z: np.ndarray) -> float:
    return max(2.0**0.5 * spread(z), 1e-12)


def _momentum(d: np.ndarray) -> float:
    power = float((d[:-1] ** 2).sum())
    return float(np.clip((d[1:] * d[:-1]).sum() / power, 0.0, 1.0)) if power > 0.0 else 0.0


def statistics(z: np.ndarray) -> dict[str, float]:
    """The trajectory (T, D), T >= 4, in numbers without units.

    speed_variation: standard deviation of the speed over its mean. curvature: mean angle between steps, in half turns
    [0, 1]; angle_variation: its standard deviation. acceleration: mean change of a step over the mean speed.
    residual: mean residual of linear prediction over the mean speed.
    """
    d = np.diff(z, axis=0)
    speed = np.linalg.norm(d, axis=1)
    mean = max(float(speed.mean()), 1e-12)
    turns = [_angle(a, b) for a, b in pairwise(d)]
    return {
        "speed_variation": float(speed.std()) / mean,
        "curvature": float(np.mean(turns)),
        "angle_variation": float(np.std(turns)),
        "acceleration": float(np.linalg.norm(np.diff(d, axis=0), axis=1).mean()) / mean,
        "residual": float(residuals(z).mean()) * _unit(z) / mean,
    }


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    """Between two steps, in half turns; 0 where one of them does not move."""
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.arccos(np.clip(a @ b / lengths, -1.0, 1.0))) / np.pi if lengths > 0.0 else 0.0


PROBE = Probe(
    "surprise", VERSION, "does the picture run smoothly through a frozen embedding?", (), score, headline=False
)  # fmt: skip
