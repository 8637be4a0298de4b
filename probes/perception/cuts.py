"""Cuts: frames at which another shot begins."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from probes.perception.flow import dense_flow, warp_back

THUMB = 48  # pixels, short side
BLOCKS = 5  # a side, in which frames are compared
FLAT = 3.0  # of 255, standard deviation: less is no texture
UNLIKE = 0.8  # correlation after motion compensation below which two blocks show different things
TORN = 0.35  # share of blocks alike below which two frames do not belong together
RECOLOURED = 0.35  # distance of colour histograms in [0, 1]


def _thumbs(frames: np.ndarray) -> np.ndarray:
    """(T, h, w, 3) -> small uint8 copies: large enough for layout, too small for detail."""
    h, w = frames.shape[1:3]
    scale = min(1.0, THUMB / min(h, w))
    to = (max(16, round(w * scale)), max(16, round(h * scale)))
    return np.stack([cv2.resize(f, to, interpolation=cv2.INTER_AREA) for f in frames])


def _belonging(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the textured blocks of two grey images in which they correlate; 1 where few have texture.

    Correlation is blind to a change of brightness or contrast, and blocks keep one large thing from deciding alone.
    """
    like = []
    for rows in np.array_split(np.arange(a.shape[0]), BLOCKS):
        for cols in np.array_split(np.arange(a.shape[1]), BLOCKS):
            x, y = (i[np.ix_(rows, cols)].astype(np.float32).ravel() for i in (a, b))
            x, y = x - x.mean(), y - y.mean()
            if max(x @ x, y @ y) > FLAT**2 * len(x):
                like.append(x @ y > UNLIKE * np.sqrt((x @ x) * (y @ y)))
    return float(np.mean(like)) if len(like) >= BLOCKS**2 / 2 else 1.0


def _alike(thumbs: np.ndarray) -> np.ndarray:
    """(T - 1,) how far each frame and the next show the same, as they are or moved by optical flow; see _belonging."""
    grey = np.stack([cv2.GaussianBlur(cv2.cvtColor(t, cv2.COLOR_RGB2GRAY), (3, 3), 0) for t in thumbs])
    flow = dense_flow(grey)
    return np.array(
        [
            max(_belonging(warp_back(b, f), a), _belonging(b, a))
            for a, b, f in zip(grey[:-1], grey[1:], flow, strict=True)
        ]
    )


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """The share of the textured blocks in which two frames (H, W, 3) show the same, [0, 1]; 1 if few have any."""
    return float(_alike(_thumbs(np.stack([a, b])))[0])


def _colours(thumb: np.ndarray) -> np.ndarray:
    """Chromaticity histogram (16 x 16), sums to 1."""
    chroma = cv2.cvtColor(thumb, cv2.COLOR_RGB2LAB)[..., 1:]
    hist = np.histogram2d(chroma[..., 0].ravel(), chroma[..., 1].ravel(), bins=16, range=((64, 192), (64, 192)))[0]
    smooth = cv2.GaussianBlur(hist.astype(np.float32), (3, 3), 0)
    return smooth / max(float(smooth.sum()), 1.0)


def find_cuts(frames: np.ndarray) -> tuple[int, ...]:
    """Indices of frames (0 excluded) that begin a new shot.

    A frame does when its predecessor, moved by optical flow, does not look like it (correlation of brightness in
    most blocks), while either the two frames before or the two after it do belong together, or its colours are others.
    Noise, in which no two frames belong together, has no cuts.
    """
    if len(frames) < 2:
        return ()
    thumbs = _thumbs(frames)
    belonging = _alike(thumbs)
    colours = [_colours(t) for t in thumbs]
    recoloured = np.array([0.5 * np.abs(a - b).sum() for a, b in pairwise(colours)])
    cuts = []
    for i, share in enumerate(belonging):
        around = [belonging[j] for j in (i - 1, i + 1) if 0 <= j < len(belonging)]
        sudden = bool(around) and max(around) > 0.7
        if share < TORN and (sudden or recoloured[i] > RECOLOURED):
            cuts.append(i + 1)
    return tuple(cuts)
