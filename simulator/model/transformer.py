"""The diffusion transformer: a noisy grid of tokens, noise levels and a prompt to the clean grid.

Pre-norm RMSNorm, QK-norm, 3-D rotary positions, full attention, low-rank adaLN-zero, SwiGLU
(Peebles and Xie 2023, "DiT"; Li and He 2025, "JiT": predict the clean sample from large patches). Blocks on patches
surround blocks on merged patches (Crowson et al. 2024, "HDiT"), which see the whole clip at a quarter of the cost.

Shapes: B clips, T slabs of frames, N = H x W places in a slab, S = T N tokens, D width, C numbers in a token.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simulator.model.config import ModelConfig
from simulator.model.text import FIRST_WORD, TextEncoder

PLAIN_ATTENTION = 512  # up to as many tokens, matmul and softmax beat the fused kernel on a CPU
LEVEL_WAVES = 8
PLACE_WAVES = 6


class Transformer(nn.Module):
    """x(z, reference, levels, seconds, text): the clean grid seen in the noisy grid z; at first, the reference."""

    def __init__(self, config: ModelConfig, channels: int) -> None:
        super().__init__()
        d, f, area = config.width, config.fine_width, config.merge**2
        self.config = config
        self.embed = nn.Sequential(nn.Linear(channels, config.bottleneck, bias=False), nn.Linear(config.bottleneck, f))
        self.refer = nn.Linear(channels, f, bias=False)
        self.place = nn.Linear(3 * 2 * PLACE_WAVES, f)
        self.text = TextEncoder(FIRST_WORD + len(config.vocabulary), config.text_width, config.text_depth, d)
        self.level = nn.Sequential(nn.Linear(2 * LEVEL_WAVES * config.patch[0], d), nn.SiLU(), nn.Linear(d, d))
        rank = config.modulation_rank
        self.fine_in = nn.ModuleList(Block(f, config.fine_heads, d, rank) for _ in range(config.fine_in))
        self.merge = nn.Linear(area * f, d)
        self.blocks = nn.ModuleList(Block(d, config.heads, d, rank) for _ in range(config.depth))
        self.split = nn.Linear(d, area * f)
        self.fine_out = nn.ModuleList(Block(f, config.fine_heads, d, rank) for _ in range(config.fine_out))
        self.final = Modulation(d, rank, f, parts=2)
        self.head = nn.Linear(f, 2 * channels)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, z: Tensor, reference: Tensor, levels: Tensor, seconds: Tensor, ids: Tensor) -> Tensor:
        """The clean grid.

        z: (B, T, H, W, C). reference: of the same shape, what is known nearest in time, zero where nothing is.
        levels: (B, T, frames of a slab), 0 noise to 1 clean. seconds: (T,), the middle of each slab.
        ids: (B, L) of the tokenizer.
        """
        _, t, h, w, _ = z.shape
        m = self.config.merge
        places = grid_places(seconds, h, w)  # (S, 3)
        fine = rotary(places, self.config.fine_width // self.config.fine_heads)
        coarse = rotary(grid_places(seconds, h // m, w // m), self.config.width // self.config.heads)
        text = self.text(ids)[:, None]  # (B, 1, D)
        condition = F.silu(self.level(waves(levels, LEVEL_WAVES)) + text)  # (B, T, D)

        x = (self.embed(z) + self.refer(reference)).flatten(2, 3)  # (B, T, N, F)
        x = x + self.place(waves(places, PLACE_WAVES)).reshape(t, h * w, -1)
        for block in self.fine_in:
            x = block(x, condition, fine)
        y = self.merge(gather(x, h, w, m)) + text[:, None]  # (B, T, N / m^2, D)
        for block in self.blocks:
            y = block(y, condition, coarse)
        x = x + scatter(self.split(y), h, w, m)  # (B, T, N, F)
        for block in self.fine_out:
            x = block(x, condition, fine)
        shift, scale = self.final(condition)
        gain, bias = self.head(modulate(F.rms_norm(x, x.shape[-1:]), shift, scale)).chunk(2, dim=-1)
        return reference * (1 + gain.reshape(z.shape)) + bias.reshape(z.shape)  # a gain of -1 wipes what has moved away


def gather(x: Tensor, rows: int, columns: int, m: int) -> Tensor:
    """Each m x m square of places side by side in one: (B, T, N, F) to (B, T, N / m^2, m^2 F)."""
    b, t, _, f = x.shape
    x = x.reshape(b, t, rows // m, m, columns // m, m, f).transpose(3, 4)
    return x.reshape(b, t, -1, m * m * f)


def scatter(x: Tensor, rows: int, columns: int, m: int) -> Tensor:
    """The inverse of `gather`."""
    b, t = x.shape[:2]
    x = x.reshape(b, t, rows // m, columns // m, m, m, -1).transpose(3, 4)
    return x.reshape(b, t, rows * columns, -1)


class Block(nn.Module):
    """Attention over all tokens, then SwiGLU; both shifted, scaled and gated by the condition of their slab."""

    def __init__(self, width: int, heads: int, condition: int, rank: int) -> None:
        super().__init__()
        hidden = 64 * round(width * 8 / 3 / 64)
        self.heads = heads
        self.modulation = Modulation(condition, rank, width, parts=6)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.project = nn.Linear(width, width, bias=False)
        self.expand = nn.Linear(width, 2 * hidden, bias=False)
        self.contract = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor, condition: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(condition)
        x = x + gate1 * self.attend(modulate(F.rms_norm(x, x.shape[-1:]), shift1, scale1), turn)
        value, gate = self.expand(modulate(F.rms_norm(x, x.shape[-1:]), shift2, scale2)).chunk(2, dim=-1)
        return x + gate2 * self.contract(value * F.silu(gate))

    def attend(self, x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        b, t, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, t * n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # (B, h, S, d)
        q, k = (rotate(F.rms_norm(y, y.shape[-1:]), *turn).to(v.dtype) for y in (q, k))
        if t * n <= PLAIN_ATTENTION and x.device.type == "cpu":
            y = (Scores.apply(q, k) * q.shape[-1] ** -0.5).softmax(-1).to(v.dtype) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v)
        return self.project(y.transpose(1, 2).reshape(b, t, n, d))


class Scores(torch.autograd.Function):
    """q k' of (B, h, S, d), with a gradient of k that comes in k's own layout.

    Left to itself it comes transposed; torch.compile's code that reads bf16 so gave NaN on a processor with AMX.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor) -> Tensor:
        ctx.save_for_backward(q, k)
        return q @ k.mT

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        q, k = ctx.saved_tensors
        return gradient @ k, gradient.mT @ q


class Modulation(nn.Module):
    """adaLN-zero of low rank: a condition (B, T, D) to `parts` tensors (B, T, 1, D), all zero at initialisation."""

    def __init__(self, condition: int, rank: int, width: int, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self.down = nn.Linear(condition, rank, bias=False)
        self.up = nn.Linear(rank, parts * width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, condition: Tensor) -> tuple[Tensor, ...]:
        return self.up(self.down(condition))[:, :, None].chunk(self.parts, dim=-1)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """x (1 + scale) + shift."""
    return x * (1 + scale) + shift


def waves(x: Tensor, count: int) -> Tensor:
    """Sines and cosines of x at half a turn a unit and its octaves: (..., K) to (..., 2 count K)."""
    turns = x[..., None] * (math.pi * 2.0 ** torch.arange(count, device=x.device))
    return torch.cat([turns.sin(), turns.cos()], dim=-1).flatten(-2)


def grid_places(seconds: Tensor, rows: int, columns: int) -> Tensor:
    """Where each token is (S, 3): seconds, and fractions of the picture down and to the right, at its middle."""
    y = (torch.arange(rows, device=seconds.device) + 0.5) / rows
    x = (torch.arange(columns, device=seconds.device) + 0.5) / columns
    return torch.cartesian_prod(seconds, y, x)


def rotary(places: Tensor, head: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines (S, head / 2) of the angles by which places turn queries and keys.

    A quarter of the pairs turn with time, the others half with y, half with x.
    In time the periods run from 16 s down to half a second, in space from 4 pictures down to an eighth of one.
    """
    pairs = head // 2
    in_time = pairs // 4
    in_y = (pairs - in_time) // 2
    t = _frequencies(in_time, 16.0, 0.5, places)
    y = _frequencies(in_y, 4.0, 0.125, places)
    x = _frequencies(pairs - in_time - in_y, 4.0, 0.125, places)
    angles = torch.cat([places[:, :1] * t, places[:, 1:2] * y, places[:, 2:] * x], dim=1)
    return angles.cos(), angles.sin()


def _frequencies(count: int, longest: float, shortest: float, like: Tensor) -> Tensor:
    """`count` angular frequencies with periods in geometric progression."""
    periods = longest * (shortest / longest) ** torch.linspace(0, 1, count, device=like.device)
    return 2 * math.pi / periods


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Each pair (x_i, x_{i + d/2}) of (B, h, S, d) turned by its angle."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)
