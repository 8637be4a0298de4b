"""Videos cut into spacetime patches, and put together again."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

Patch = tuple[int, int, int]  # frames, rows and columns


def fill(video: Tensor, patch: Patch) -> Tensor:
    """(B, T, H, W, C), the nearest pixels repeated behind and below until whole patches fill it."""
    t, h, w = video.shape[1:4]
    pad = (0, -w % patch[2], 0, -h % patch[1], 0, -t % patch[0])
    if not any(pad):
        return video
    return F.pad(video.movedim(-1, 1), pad, mode="replicate").movedim(1, -1)


def cut(video: Tensor, patch: Patch) -> Tensor:
    """(B, T, H, W, C) of whole patches to (B, T', H', W', frames x rows x columns x C)."""
    b, t, h, w, c = video.shape
    pt, ph, pw = patch
    grid = video.reshape(b, t // pt, pt, h // ph, ph, w // pw, pw, c)
    grid = grid.permute(0, 1, 3, 5, 2, 4, 6, 7)  # (B, T', H', W', pt, ph, pw, C)
    return grid.reshape(b, t // pt, h // ph, w // pw, -1)


def join(grid: Tensor, patch: Patch) -> Tensor:
    """The inverse of `cut`."""
    b, t, h, w, n = grid.shape
    pt, ph, pw = patch
    video = grid.reshape(b, t, h, w, pt, ph, pw, n // (pt * ph * pw)).permute(0, 1, 4, 2, 5, 3, 6, 7)
    return video.reshape(b, t * pt, h * ph, w * pw, -1)
