"""Rectified flow with prediction of the clean sample: pure functions.

z = t x + (1 - t) e runs from noise e at t = 0 to the clean sample x at t = 1, so v = dz/dt = x - e = (x - z) / (1 - t)
(Liu et al. 2022; Lipman et al. 2022; x-prediction with velocity loss: Li and He 2025). Each entry may have its own t;
what is known has t = 1 and stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

CLAMP = 0.05  # the least 1 - t that the velocity is divided by


def mix(x: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """The point of the path at time t."""
    return t * x + (1 - t) * noise


def velocity_loss(predicted: Tensor, x: Tensor, t: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean squared error of the velocity, over what has weight: a scalar.

    The velocities of two clean samples at one z differ by their difference over 1 - t.
    """
    error, total = velocity_error(predicted, x, t, weight)
    return error / total


def velocity_error(predicted: Tensor, x: Tensor, t: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The weighted sum of squared errors of the velocity, and the sum of the weights: two scalars."""
    error = (predicted.float() - x) / (1 - t).clamp(min=CLAMP)
    return (weight * error.square()).sum(), weight.expand_as(error).sum()


def draw_times(count: int, mean: float, std: float, generator: torch.Generator) -> Tensor:
    """Logit-normal times (count,) in (0, 1)."""
    return torch.sigmoid(mean + std * torch.randn(count, generator=generator))


def motion_weight(video: Tensor, most: float) -> Tensor:
    """How much each pixel counts (B, T, H, W, 1), on average 1 in a clip.

    A pixel counts by how far its neighbourhood is from its own mean over time, half of it in this frame, half of it at
    most in the clip: without it the still background fills the loss and small things dissolve.
    video: (B, T, H, W, 3) in [-1, 1]. most: the ratio between the most and the least that a pixel counts.
    """
    b, t, h, w, _ = video.shape
    cells = F.avg_pool2d(video.flatten(0, 1).movedim(-1, 1), 4, ceil_mode=True)  # (B T, 3, h, w)
    cells = cells.reshape(b, t, *cells.shape[1:])
    away = (cells - cells.mean(dim=1, keepdim=True)).abs().amax(2)  # (B, T, h, w)
    away = F.max_pool2d((away + away.amax(1, keepdim=True)) / 2, 3, stride=1, padding=1)
    weight = 1 + (most - 1) * (away / 0.3).clamp(max=1)
    weight = F.interpolate(weight / weight.mean(dim=(1, 2, 3), keepdim=True), scale_factor=4.0)
    return weight[:, :, :h, :w, None]


def sample(
    predict: Callable[[Tensor, Tensor], Tensor], noise: Tensor, known: Tensor, is_known: Tensor, times: Tensor
) -> Tensor:
    """Euler's method from noise to a clean grid; the last step lands on the prediction.

    predict: (z, t as a scalar) to the clean grid. known: clean values where `is_known` (broadcastable booleans).
    times: ascending from 0 to 1.
    """
    z = torch.where(is_known, known, noise)
    for t, after in pairwise(times):
        x = predict(z, t)
        z = z + (after - t) / (1 - t) * (x - z)
        z = torch.where(is_known, known, z)
    return z


def schedule(steps: int, shift: float = 3.0, begun: float = 0.0) -> Tensor:
    """Times (steps + 1,) from 0 to 1; a shift over 1 puts more of them near the noise, as in training.

    begun: the share of the way, as steps count it, that is left out at the beginning.
    """
    t = torch.linspace(begun, 1, steps + 1, dtype=torch.float64)
    return (t / (t + shift * (1 - t))).float()
