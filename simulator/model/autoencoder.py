"""The video autoencoder: a slab of frames to a small grid of numbers, and back.

The encoder looks at one slab of frames alone, so what is known of a slab is encoded the same whatever lies around it.
The decoder sees its own slab and, by way of a quarter of the channels in each block, those before (Lin et al. 2019,
"TSM"), never those after. Both work on patches of half the final size first and on whole ones within.

Shapes: B clips, T slabs, h x w places in a slab, D width, C latent channels.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simulator.errors import UsageError
from simulator.model.patches import Patch, cut, join

NOISE = 0.1  # standard deviation of what is added to the latents in training; theirs is 1
EDGES = 0.5  # what the differences between neighbours in time, rows and columns count beside the pixels
FOLLOW = 0.05  # of a batch's mean and deviation, what the kept ones take up
PAST = 4  # one in so many channels of the slab before is seen
HALF = (1, 2, 2)


class Autoencoder(nn.Module):
    """encode(video) to latents with mean 0 and variance 1, decode(latents) to video.

    patch: frames, rows and columns of one place of the latent grid; rows and columns even. width: of the blocks on half
    patches, a multiple of 12; those on whole ones are a third wider. channels: C.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, patch: Patch, width: int, channels: int) -> None:
        super().__init__()
        self.patch, self.channels = patch, channels
        self.stem = (patch[0], patch[1] // 2, patch[2] // 2)
        numbers, inner = 3 * math.prod(self.stem), width * 4 // 3
        if patch[1] % 2 or patch[2] % 2 or width % 12 or width > numbers or channels > inner:
            raise UsageError(
                f"no autoencoder has patch={list(patch)}, width={width} and {channels} channels: rows and columns of "
                "the patch must be even, the width a multiple of 12 and at most the numbers in a quarter of the patch, "
                "the channels at most 4/3 of the width; try patch=[4,8,8], width=96 and channels=32"
            )
        self.enter = nn.Linear(numbers, width)
        self.fine_in = nn.ModuleList(Block(width) for _ in range(2))
        self.merge = nn.Linear(4 * width, inner)
        self.inner_in = nn.ModuleList(Block(inner) for _ in range(2))
        self.narrow = nn.Linear(inner, channels)
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))
        self.widen = nn.Linear(channels, inner)
        self.inner_out = nn.ModuleList(Block(inner, inner // PAST) for _ in range(3))
        self.split = nn.Linear(inner, 4 * width)
        self.fine_out = nn.ModuleList(Block(width, width // PAST) for _ in range(3))
        self.leave = nn.Linear(width, numbers)

    def analyse(self, video: Tensor) -> Tensor:
        """(B, frames, rows, columns, 3) of whole patches to latents (B, T, h, w, C), not normalised."""
        x = self.enter(cut(video, self.stem))  # (B, T, 2h, 2w, D)
        for block in self.fine_in:
            x = block(x)
        x = self.merge(cut(x, HALF))
        for block in self.inner_in:
            x = block(x)
        return self.narrow(x)

    def encode(self, video: Tensor) -> Tensor:
        """(B, frames, rows, columns, 3) in [-1, 1] of whole patches to normalised latents (B, T, h, w, C)."""
        return (self.analyse(video) - self.mean) / self.std

    def decode(self, latents: Tensor) -> Tensor:
        """The inverse of `encode`, as nearly as the latents hold it."""
        x = self.widen(latents)
        for block in self.inner_out:
            x = block(x)
        x = join(self.split(x), HALF)
        for block in self.fine_out:
            x = block(x)
        return join(self.leave(x), self.stem)

    @torch.no_grad()
    def start(self, video: Tensor, weight: Tensor) -> None:
        """Make the way past the blocks, which add nothing yet, the best linear one: principal components of patches.

        video: as for `encode`. weight: how much each pixel counts, (..., 1). Without it the first hundreds of steps
        would go into finding the mean colour of a patch.
        """
        x = cut(video, self.stem)
        mean, basis, scale = components(x, cut(weight, self.stem).mean(-1), self.enter.out_features)
        _set(self.enter, basis / scale, -mean @ basis / scale)
        _set(self.leave, (basis * scale).T, mean)
        x, before = cut((x - mean) @ basis, HALF), scale.repeat(4)
        mean, basis, scale = components(x, cut(weight, self.patch).mean(-1), self.merge.out_features)
        _set(self.merge, before[:, None] * basis / scale, -mean @ basis / scale)
        _set(self.split, (basis * scale).T / before, mean / before)
        z = self.merge(cut(self.enter(cut(video, self.stem)), HALF))[..., : self.channels].flatten(0, 3)
        self.std.copy_(z.std(0))
        first = torch.eye(len(scale), self.channels)
        _set(self.narrow, first, torch.zeros(self.channels))
        _set(self.widen, first.T * self.std[:, None], torch.zeros(len(scale)))

    def normalise(self, raw: Tensor) -> Tensor:
        """Latents of a training batch by their own mean and deviation, which the kept ones follow slowly."""
        std, mean = torch.std_mean(raw.float(), dim=(0, 1, 2, 3))
        with torch.no_grad():
            self.mean.lerp_(mean, FOLLOW)
            self.std.lerp_(std, FOLLOW)
        return (raw - mean) / (std + 1e-4)

    @torch.no_grad()
    def settle(self, video: Tensor) -> None:
        """Keep the mean and deviation of these clips' latents instead; the decoder gives the same videos as before."""
        std, mean = torch.std_mean(self.analyse(video), dim=(0, 1, 2, 3))
        std = std.clamp(min=1e-4)
        self.widen.bias.add_(self.widen.weight @ ((mean - self.mean) / self.std))
        self.widen.weight.mul_(std / self.std)
        self.mean.copy_(mean)
        self.std.copy_(std)


def components(x: Tensor, weight: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (N,), first `count` principal components (N, count) and their scales (count,) of x (..., N), weight: (...).

    The scale is the root of the deviation: without any the mean colour would fill the blocks' sight, with the whole
    of it the noise of the picture would.
    """
    x, weight = x.flatten(0, -2), weight.flatten()[:, None] / weight.mean()
    mean = (weight * x).mean(0)
    away = (x - mean) * weight.sqrt()
    values, vectors = torch.linalg.eigh(away.T @ away / len(x))
    return mean, vectors.flip(1)[:, :count], values.flip(0)[:count].clamp(min=1e-6) ** 0.25


def _set(layer: nn.Linear, matrix: Tensor, bias: Tensor) -> None:
    """Make the layer x -> x matrix + bias."""
    layer.weight.copy_(matrix.T)
    layer.bias.copy_(bias)


class Block(nn.Module):
    """A convolution over rows and columns, then a mixing of channels, added to what came in: (B, T, h, w, D)."""

    def __init__(self, width: int, past: int = 0) -> None:
        super().__init__()
        self.past = past  # channels of the slab before that are seen
        self.look = nn.Linear(9 * (width + past), width)  # its matrix holds the kernels
        self.mix = nn.Linear(width, width)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)

    def forward(self, x: Tensor) -> Tensor:
        y = F.rms_norm(x, x.shape[-1:])
        if self.past:
            before = F.pad(y[:, :-1, ..., : self.past], (0, 0, 0, 0, 0, 0, 1, 0))  # nothing before the first slab
            y = torch.cat([y, before], dim=-1)
        kernels = self.look.weight.reshape(len(self.look.weight), -1, 3, 3)
        y = F.conv2d(y.flatten(0, 1).movedim(-1, 1), kernels, self.look.bias, padding=1).movedim(1, -1)
        return x + self.mix(F.silu(y)).unflatten(0, x.shape[:2])


def reconstruction_loss(net: Autoencoder, video: Tensor, weight: Tensor, noise: Tensor) -> Tensor:
    """The absolute error of pixels and of the steps between neighbours, after noise on the latents: a scalar.

    video: (B, frames, rows, columns, 3) of whole patches. weight: how much each pixel counts, (..., 1). noise: standard
    normal, of the latents' shape.
    """
    latents = net.normalise(net.analyse(video))
    error = net.decode(latents + NOISE * noise).float() - video
    total = (weight * error.abs()).mean()
    for axis in (1, 2, 3):
        size = error.shape[axis] - 1
        if size:
            total = total + EDGES * (weight.narrow(axis, 1, size) * error.diff(dim=axis).abs()).mean()
    return total
