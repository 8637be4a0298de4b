"""Codecs turn videos into a grid of tokens and back; the flow runs in the space of a codec."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from simulator.errors import UsageError, unknown
from simulator.model.autoencoder import Autoencoder
from simulator.model.patches import Patch, cut, fill, join


class Codec(Protocol):
    """Videos (B, T, H, W, 3) in [-1, 1] to grids (B, T', H', W', C) and back.

    patch: frames, rows and columns that one token of the grid stands for.
    channels: C.
    """

    patch: Patch
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

    def noise(self, pixels: Tensor) -> Tensor:
        """White noise on the grid, out of white noise of a video's shape."""
        ...

    def weigh(self, weight: Tensor) -> Tensor:
        """How much each pixel counts (B, T, H, W, 1) to how much each number of the grid does, or each token."""
        ...

    def weights(self) -> dict[str, Tensor]:
        """What has been trained, by name."""
        ...


class PixelCodec:
    """Tokens are spacetime patches of plain pixels: exact, nothing to train."""

    def __init__(self, patch: Patch, merge: int) -> None:
        self.patch = patch
        self.merge = merge
        self.channels = 3 * patch[0] * patch[1] * patch[2]

    def encode(self, video: Tensor) -> Tensor:
        return cut(fill(video, _least(self.patch, self.merge)), self.patch)

    def decode(self, grid: Tensor, frames: int, height: int, width: int) -> Tensor:
        return join(grid, self.patch)[:, :frames, :height, :width]

    def spread(self, frame_values: Tensor) -> Tensor:
        b = len(frame_values)
        pt, ph, pw = self.patch
        slabs = slab_levels(frame_values, pt)  # (B, T', pt)
        return slabs[..., None].expand(*slabs.shape, ph * pw * 3).reshape(b, -1, 1, 1, self.channels)

    def noise(self, pixels: Tensor) -> Tensor:
        return self.encode(pixels)

    def weigh(self, weight: Tensor) -> Tensor:
        return self.encode(weight.expand(*weight.shape[:-1], 3))

    def weights(self) -> dict[str, Tensor]:
        return {}


class AutoencoderCodec:
    """Tokens are the latents of a trained autoencoder, which stays as it is.

    A number of the grid stands for a whole slab of frames, so `spread` gives the least of a slab's values: a slab is
    known where all of its frames are. Of a slab that is known in part the flow sees the known frames by way of its
    reference, makes all frames anew, and who samples puts the known ones in their place.
    """

    def __init__(self, net: Autoencoder, merge: int) -> None:
        self.net = net.eval().requires_grad_(False)
        self.merge = merge
        self.patch, self.channels = net.patch, net.channels

    @torch.no_grad()
    def encode(self, video: Tensor) -> Tensor:
        return self.net.to(video.device).encode(fill(video, _least(self.patch, self.merge)))

    @torch.no_grad()
    def decode(self, grid: Tensor, frames: int, height: int, width: int) -> Tensor:
        return self.net.to(grid.device).decode(grid)[:, :frames, :height, :width]

    def spread(self, frame_values: Tensor) -> Tensor:
        least = slab_levels(frame_values, self.patch[0]).amin(-1)
        return least[..., None, None, None].expand(*least.shape, 1, 1, self.channels)

    def noise(self, pixels: Tensor) -> Tensor:
        least = _least(self.patch, self.merge)
        slabs, rows, columns = (-(-n // p) for n, p in zip(pixels.shape[1:4], least, strict=True))
        shape = (slabs, rows * self.merge, columns * self.merge, self.channels)
        wanted, given = math.prod(shape), pixels.flatten(1)
        given = given.repeat(1, -(-wanted // given.shape[1]))  # enough at once, but for videos smaller than a token
        return given[:, :wanted].reshape(-1, *shape)

    def weigh(self, weight: Tensor) -> Tensor:
        return cut(fill(weight, _least(self.patch, self.merge)), self.patch).mean(-1, keepdim=True)

    def weights(self) -> dict[str, Tensor]:
        return {name: tensor.cpu() for name, tensor in self.net.state_dict().items()}


def _least(patch: Patch, merge: int) -> Patch:
    """Frames, rows and columns of which a padded video has a multiple."""
    return patch[0], patch[1] * merge, patch[2] * merge


def slab_levels(frame_values: Tensor, patch_frames: int) -> Tensor:
    """Values of frames (B, T) by slab (B, T', pt); the last value repeats where the last slab is not full."""
    short = -frame_values.shape[1] % patch_frames
    padded = torch.cat([frame_values, frame_values[:, -1:].expand(-1, short)], dim=1)
    return padded.reshape(len(frame_values), -1, patch_frames)


def make_codec(name: str, patch: Patch, merge: int, weights: Mapping[str, Tensor] | None = None) -> Codec:
    """The codec of that name; its grids have a multiple of `merge` rows and columns. weights: see Codec.weights.

    Raises:
        UsageError: there is none, or the autoencoder is asked for without its weights.
    """
    if name == "pixels":
        return PixelCodec(patch, merge)
    if name != "autoencoder":
        raise unknown("codec", name, ("autoencoder", "pixels"))
    if not weights:
        raise UsageError(
            "there are no weights of an autoencoder; `worldassay train model.codec=autoencoder` makes some"
        )
    net = Autoencoder(patch, len(weights["enter.weight"]), len(weights["mean"]))
    net.load_state_dict(weights)
    return AutoencoderCodec(net, merge)
