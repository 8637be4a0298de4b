"""Sheets of samples: what a network makes of clips that it was never trained on, beside the truth."""

from __future__ import annotations

import copy

import cv2
import numpy as np

from simulator.model.codec import Codec
from simulator.model.data import Clips
from simulator.model.sample import WorldModel
from simulator.model.transformer import Transformer
from simulator.shot import Shot

SCENES = 6  # on a sheet, at most
COLUMNS = 8  # frames of a clip, at most
GUTTER, BAND = 84, 16  # pixels to the left of a row and above a scene, for words
Picture = np.ndarray


def sheet(net: Transformer, clips: Clips, seed: int = 0, codec: Codec | None = None) -> Picture:
    """(H, W, 3) uint8: for each scene the truth, a clip from the prompt alone, and one that goes on from the first
    quarter; of clips of one shape, spread evenly over those given. codec: see WorldModel."""
    model = WorldModel(copy.deepcopy(net).cpu().eval(), codec)
    alike = clips.alike[0]
    chosen = np.unique(np.linspace(0, len(alike) - 1, min(SCENES, len(alike))).round().astype(int))
    return np.concatenate([_scene(model, clips, int(i), seed) for i in alike[chosen]])


def _scene(model: WorldModel, clips: Clips, i: int, seed: int) -> Picture:
    truth, prompt, fps = np.asarray(clips.frames[i]), clips.prompts[i][0], clips.fps[i]
    count, height, width = truth.shape[:3]
    rows = [_row(truth, "truth")]
    for words, first in (("prompt", 0), (f"{max(1, count // 4)} frames", max(1, count // 4))):
        known = dict(enumerate(truth[:first])) if count > 1 else {}
        shot = Shot("sheet", prompt, height, width, count, fps, seed + i, known=known)
        rows.append(_row(model.generate(shot).frames, words))
    return np.concatenate([_words(prompt, BAND, rows[0].shape[1]), *rows])


def _row(frames: np.ndarray, words: str) -> Picture:
    """Words, then frames side by side."""
    at = np.linspace(0, len(frames) - 1, min(COLUMNS, len(frames))).round().astype(int)
    return np.concatenate([_words(words, frames.shape[1], GUTTER), *frames[at]], axis=1)


def _words(words: str, height: int, width: int) -> Picture:
    picture = np.full((height, width, 3), 255, np.uint8)
    return cv2.putText(picture, words, (3, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
