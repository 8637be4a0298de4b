"""Codecs turn videos into a grid of tokens and back; the flow runs in the space of a codec."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from simulator.errors import unknown


class Codec(Protocol):
    """Videos (B, T, H, W, 3) in [-1, 1] to grids (B, T', H', W', C) and back.

    patch: frames, rows and columns that one token of the grid stands for.
    channels: C.
    """

    patch: tuple[int, int, int]
    channels: int

    def encode(self, video: Tensor) -> Tensor:
        """The grid of a video; sizes that do not fill the grid are padded with the nearest pixels."""
        ...

    def decode(self, grid: Tensor, frames: int, height: int, width: int) -> Tensor:
        """The video of a grid, cut to frames x height x width."""
        ...

    def spread(self, frame_values: Tensor) -> Tensor:
        """One number a frame (B, T) to the same number on what the grid holds of that frame (B, T', 1, 1, C)."""
        ...


class PixelCodec:
    """Tokens are spacetime patches of plain pixels: exact, nothing to train."""

    def __init__(self, patch: tuple[int, int, int], merge: int) -> None:
        self.patch = patch
        self.merge = merge
        self.channels = 3 * patch[0] * patch[1] * patch[2]

    def encode(self, video: Tensor) -> Tensor:
        b, t, h, w, c = video.shape
        pt, ph, pw = self.patch
        pad = (0, -w % (pw * self.merge), 0, -h % (ph * self.merge), 0, -t % pt)
        if any(pad):
            video = F.pad(video.movedim(-1, 1), pad, mode="replicate").movedim(1, -1)
        t, h, w = video.shape[1:4]
        grid = video.reshape(b, t // pt, pt, h // ph, ph, w // pw, pw, c)
        grid = grid.permute(0, 1, 3, 5, 2, 4, 6, 7)  # (B, T', H', W', pt, ph, pw, 3)
        return grid.reshape(b, t // pt, h // ph, w // pw, self.channels)

    def decode(self, grid: Tensor, frames: int, height: int, width: int) -> Tensor:
        b, t, h, w, _ = grid.shape
        pt, ph, pw = self.patch
        video = grid.reshape(b, t, h, w, pt, ph, pw, 3).permute(0, 1, 4, 2, 5, 3, 6, 7)
        return video.reshape(b, t * pt, h * ph, w * pw, 3)[:, :frames, :height, :width]

    def spread(self, frame_values: Tensor) -> Tensor:
        b = len(frame_values)
        pt, ph, pw = self.patch
        slabs = slab_levels(frame_values, pt)  # (B, T', pt)
        return slabs[..., None].expand(*slabs.shape, ph * pw * 3).reshape(b, -1, 1, 1, self.channels)


def slab_levels(frame_values: Tensor, patch_frames: int) -> Tensor:
    """Values of frames (B, T) by slab (B, T', pt); the last value repeats where the last slab is not full."""
    short = -frame_values.shape[1] % patch_frames
    padded = torch.cat([frame_values, frame_values[:, -1:].expand(-1, short)], dim=1)
    return padded.reshape(len(frame_values), -1, patch_frames)


def make_codec(name: str, patch: tuple[int, int, int], merge: int) -> Codec:
    """The codec of that name; its grids have a multiple of `merge` rows and columns.

    Raises:
        UsageError: there is none.
    """
    if name != "pixels":
        raise unknown("codec", name, ("pixels",))
    return PixelCodec(patch, merge)
