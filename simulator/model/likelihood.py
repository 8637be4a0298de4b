"""Likelihood: does a model find what can happen likelier than what cannot? By its denoising loss.

The plausibility preference of LikePhys (Yuan et al. 2025), with what makes it sound: the model's own parameterisation,
no guidance, float32, noise that the twins share and its negative, several levels, only frames that were not given,
and ties that count as half.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np
import torch

from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.model import flow
from simulator.model.codec import slab_levels
from simulator.model.conditioning import frame_levels, reference_grid, slab_seconds, to_signal
from simulator.model.sample import OVERLAP, WINDOW, WorldModel
from simulator.model.windows import plan


class Twins(NamedTuple):
    """A valid clip and the same one with a law broken, of one size; known: leading frames that are given."""

    valid: Clip
    broken: Clip
    prompt: str
    known: int = 0


class Denoiser(Protocol):
    """A model that tells how well it denoises a given clip; lower is likelier."""

    def loss(self, clip: Clip, prompt: str, *, known: int, levels: int, draws: int, seed: int) -> float:
        """Deterministic in its arguments, and of paired noise: clips of one size get the same noise from one seed."""
        ...


@torch.inference_mode()
def denoising_loss(
    model: WorldModel, clip: Clip, prompt: str, *, known: int = 0, levels: int = 4, draws: int = 2, seed: int = 0
) -> float:
    """Mean squared error of the velocity over the frames from `known` on; lower is likelier.

    Each draw of noise is used with both signs at `levels` times, in the middles of as many equal parts of [0, 1]. A
    clip longer than the model's window is read window by window, each given what came before it, as it is generated.

    Raises:
        UsageError: no frame is left to predict, or less than one level or draw.
    """
    if not 0 <= known < len(clip):
        raise UsageError(f"{known} of {len(clip)} frames are known; at least one has to be predicted")
    if levels < 1 or draws < 1:
        raise UsageError(f"levels={levels} and draws={draws}: both have to be 1 or more")
    video, seen = to_signal(clip.frames)[None], torch.arange(len(clip)) < known
    generator = torch.Generator().manual_seed(seed)
    errors, weights = torch.zeros(draws, 2, levels), 0.0
    for window in plan(len(clip), range(known), WINDOW, OVERLAP):
        span = slice(*window)
        found, weight = _window(model, video[:, span], seen[None, span], prompt, clip.fps, (draws, levels), generator)
        errors, weights = errors + found, weights + weight
        seen[span] = True
    return float((errors.double() / weights).mean())


def _window(
    model: WorldModel, video: torch.Tensor, seen: torch.Tensor, prompt: str, fps: float, shape: tuple[int, int],
    generator: torch.Generator,
) -> tuple[torch.Tensor, float]:  # fmt: skip
    """Sums of squared errors (draws, 2 signs, levels) of one window, and how many numbers each is a sum of."""
    codec, (draws, levels) = model.codec, shape
    x, weight = codec.encode(video), 1 - codec.spread(seen.float())
    reference, ids = reference_grid(codec, video, seen), model.tokenizer([prompt])
    seconds = slab_seconds(x.shape[1], codec.patch[0], fps)
    errors, total = torch.zeros(draws, 2, levels), torch.zeros(())
    for draw in range(draws):
        noise = codec.noise(torch.randn(video.shape, generator=generator))
        for i, sign in enumerate((1, -1)):
            for level in range(levels):
                times = frame_levels(seen, torch.tensor((level + 0.5) / levels))
                t = codec.spread(times)
                predicted = model.net(
                    flow.mix(x, sign * noise, t), reference, slab_levels(times, codec.patch[0]), seconds, ids
                )
                errors[draw, i, level], total = flow.velocity_error(predicted, x, t, weight)
    return errors, float(total)


def prefers(valid: np.ndarray, broken: np.ndarray) -> np.ndarray:
    """For each pair of losses (N,): 1 where the valid twin has the lower one, 0.5 for a tie, 0 otherwise.

    Raises:
        ValueError: a loss is not finite.
    """
    if not (np.isfinite(valid).all() and np.isfinite(broken).all()):
        raise ValueError("a loss is not finite")
    return np.asarray(np.where(valid < broken, 1.0, np.where(valid > broken, 0.0, 0.5)))


def preference(model: Denoiser, twins: Iterable[Twins], *, levels: int = 4, draws: int = 2, seed: int = 0) -> float:
    """The share of pairs in which the model has the lower loss on the valid twin, [0, 1]; chance, and a constant, 0.5.

    Raises:
        ValueError: there are no pairs, or a loss is not finite.
    """
    asked = {"levels": levels, "draws": draws, "seed": seed}
    losses = [[model.loss(clip, t.prompt, known=t.known, **asked) for clip in (t.valid, t.broken)] for t in twins]
    if not losses:
        raise ValueError("there are no twins")
    return float(prefers(*np.array(losses).T).mean())
