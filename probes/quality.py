"""Quality: is there a moving, steady, sharp picture to judge at all? Gates and context; no law of physics."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from probes.base import Probe
from probes.perception.observation import Observation
from probes.reading import Reading, Scored, Span, Unscored
from simulator.script import RESTS, Script

VERSION = 1
SIDE = 60  # pixels, the least short side of the small copies that motion and flicker are seen in
BLOCKS = 6  # a side, in which brightness is followed
CHANGE = 0.03  # of the brightness range: a change that is seen, and that no codec makes
MOVING = 0.005  # share of the picture: where less ever changes, next to nothing moves
FLICKER = 0.02  # of the brightness range: from here on a picture flickers
SHARP = 0.15  # sharpness below which a picture is a blur
LOOKS = 8  # frames whose sharpness is measured


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """The least of four gates in [0, 1], each 0.5 at its constant above; spans say which are shut.

    Measures: stillness [0, 1]; still_s, the longest time without a change; flicker, the standard deviation of the
    brightness noise that would look the same, in fractions of the range; sharpness [0, 1]; cuts, their number;
    longest_shot_s. Rest and cuts that the script asks for shut no gate, nor do cuts where there is no script.
    """
    clip = observation.clip
    if len(clip) < 3:
        return Unscored(f"{len(clip)} frames are too few to see motion and flicker")
    grey, sharp = _small(clip.frames), sharpness(clip.frames)
    if np.isnan(sharp):
        return Unscored("every frame is one flat colour")
    share, trembling, cuts = moved(grey), flicker(grey), observation.cuts
    stillness = 1.0 - min(1.0, share / MOVING / 2.0)
    asked = {event.kind for event in script.expected} if script is not None else {"cut"}
    gates = {
        "still": 1.0 if script is not None and asked <= set(RESTS) else 1.0 - stillness,
        "flicker": 1.0 / (1.0 + (trembling / FLICKER) ** 2),
        "blur": min(1.0, sharp / SHARP / 2.0),
        "cut": 0.0 if cuts and "cut" not in asked else 1.0,
    }
    told = {
        "still": f"{share:.2%} of the picture ever changes",
        "flicker": f"the picture as a whole flickers by {trembling:.1%} of the brightness range",
        "blur": f"the picture is a blur: sharpness {sharp:.2f}, {SHARP} is the least",
        "cut": f"cuts that the script does not have: {len(cuts)}",
    }
    spans = (Span(k, 0.0, clip.seconds, None, 1.0 - gate, told[k]) for k, gate in gates.items() if gate < 0.5)
    measures = {
        "stillness": stillness, "still_s": _longest(~_changes(grey)) / clip.fps, "flicker": trembling,
        "sharpness": sharp, "cuts": float(len(cuts)),
        "longest_shot_s": float(np.diff([0, *cuts, len(clip)]).max()) / clip.fps,
    }  # fmt: skip
    return Scored(min(gates.values()), tuple(spans), measures)


def _small(frames: np.ndarray) -> np.ndarray:
    """(T, H, W, 3) uint8 -> (T, h, w) float32 brightness in [0, 1]: averages of whole squares of pixels."""
    height, width = frames.shape[1:3]
    k = max(1, min(height, width) // SIDE)
    h, w = height // k, width // k
    grey = (cv2.cvtColor(f, cv2.COLOR_RGB2GRAY)[: h * k, : w * k] for f in frames)
    return np.stack([cv2.resize(g, (w, h), interpolation=cv2.INTER_AREA) for g in grey]).astype(np.float32) / 255.0


def moved(grey: np.ndarray) -> float:
    """The share of the picture whose brightness (T, h, w) ever changes by CHANGE, [0, 1]."""
    return float((np.ptp(grey, axis=0) > CHANGE).mean())


def _changes(grey: np.ndarray) -> np.ndarray:
    """(T - 1,) bool: whether anything changes from one frame to the next, be it 0.05 % of the picture."""
    return np.array([(np.abs(b - a) > CHANGE / 2).mean() > 5e-4 for a, b in pairwise(grey)])


def _longest(run: np.ndarray) -> int:
    """The length of the longest run of True."""
    best = length = 0
    for on in run:
        length = length + 1 if on else 0
        best = max(best, length)
    return best


def flicker(grey: np.ndarray) -> float:
    """Trembling of the whole picture (T, h, w), T >= 3, in fractions of the brightness range.

    The median over blocks of the second difference in time, which motion moves up in some blocks and down in others;
    its root mean square over sqrt(6) is the standard deviation of white noise added to the brightness of each frame.
    """
    h, w = grey.shape[1:]
    rows, columns = (np.linspace(0, n, min(BLOCKS, n) + 1).astype(int)[:-1] for n in (h, w))
    blocks = np.add.reduceat(np.add.reduceat(grey.astype(np.float64), rows, 1), columns, 2)
    sizes = np.outer(np.diff([*rows, h]), np.diff([*columns, w]))
    common = np.median(np.diff(blocks / sizes, n=2, axis=0).reshape(len(grey) - 2, -1), axis=1)
    return float(np.sqrt((common**2).mean() / 6.0))


def sharpness(frames: np.ndarray) -> float:
    """How much of the detail one more blur takes away, [0, 1]: the median over frames (T, H, W, 3); NaN if flat.

    1 - blur of Crete et al. 2007, with a filter as long as 1/54 of the picture's height (9 pixels of 480), the worse
    of the two directions.
    """
    picks = np.unique(np.linspace(0, len(frames) - 1, LOOKS).astype(int))
    found = [_detail(cv2.cvtColor(frames[i], cv2.COLOR_RGB2GRAY)) for i in picks]
    known = [value for value in found if not np.isnan(value)]
    return float(np.median(known)) if known else np.nan


def _detail(grey: np.ndarray) -> float:
    taps = 2 * max(1, round(grey.shape[0] / 108)) + 1
    picture, kept = grey.astype(np.float32), []
    for axis, size in ((0, (1, taps)), (1, (taps, 1))):
        before = np.abs(np.diff(picture, axis=axis))
        after = np.abs(np.diff(cv2.blur(picture, size), axis=axis))
        total = float(before.sum())
        if total > 0.0:
            kept.append(float(np.maximum(before - after, 0.0).sum()) / total)
    return min(kept) if kept else np.nan


PROBE = Probe(
    "quality", VERSION, "does the picture move, without flicker, blur or cuts?", (), score, headline=False
)  # fmt: skip
