"""A batch is a pure function of (configuration, step), and each process of several draws its own rows of it."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from simulator.model import flow
from simulator.model.conditioning import draw_known, slab_seconds, to_signal
from simulator.model.config import TrainConfig
from simulator.model.data import Clips, mirrored
from simulator.model.text import Tokenizer

VALIDATION_TIMES = (0.1, 0.3, 0.5, 0.7, 0.9)
VALIDATION_CLIPS = 24
LEAST_LEVEL = 0.85  # of known frames that are noised
T = TypeVar("T")
Drawn = TypeVar("Drawn")


@dataclasses.dataclass(frozen=True)
class Batch:
    """video (B, T, H, W, 3) and noise in floats, known (B, T) and its level (B,), 1 for exact, times t (B,), token ids
    (B, L), the middle of each slab in seconds (T',)."""

    video: Tensor
    noise: Tensor
    known: Tensor
    level: Tensor
    t: Tensor
    ids: Tensor
    seconds: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        return Batch(*(getattr(self, f.name).to(device, non_blocking=True) for f in dataclasses.fields(self)))


class _Row(NamedTuple):
    """One clip of a batch, not yet in tensors of a batch; see Batch."""

    frames: np.ndarray
    prompt: str
    known: np.ndarray
    level: float
    noise: Tensor
    t: Tensor


def draw_batch(
    clips: Clips, tokenizer: Tokenizer, config: TrainConfig, step: int, rank: int = 0, ranks: int = 1
) -> Batch:
    """The rows rank, rank + ranks, ... of the batch of a step.

    It depends on nothing else, so a run that was killed goes on with the same batches, and the rows of all ranks make
    up the batch of one. All its clips have one shape, drawn as often as clips have it; of larger ones there are fewer.
    A rank for which no row is left gets one that does not count, since all of its frames are known.
    """
    rng = np.random.default_rng([config.seed, step])
    shares = np.array([len(group) for group in clips.alike]) / len(clips)
    group = clips.alike[rng.choice(len(shares), p=shares)]
    size, plain = clips.frames[group[0]].size, config.data.frames * config.data.size**2 * 3
    count = max(1, min(config.batch, round(config.batch * plain / size)))
    chosen = rng.choice(group, count)
    rows = [_draw_row(clips, int(chosen[row]), config, (step, row)) for row in range(rank, count, ranks)]
    if not rows:
        idle = _draw_row(clips, int(chosen[0]), config, (step, 0))
        rows = [idle._replace(known=np.ones(len(idle.frames), bool), level=1.0)]
    frames, prompts, known, level, noise, t = zip(*rows, strict=True)
    return Batch(
        to_signal(np.stack(frames)),
        torch.stack(noise),
        torch.from_numpy(np.stack(known)),
        torch.tensor(level, dtype=torch.float32),
        torch.stack(t),
        tokenizer(prompts),
        _seconds(len(frames[0]), clips.fps[group[0]], config),
    )


def _draw_row(clips: Clips, clip: int, config: TrainConfig, place: tuple[int, int]) -> _Row:
    """What a clip becomes at a place (step, row): its sides, prompt, known frames, noise and time."""
    rng = np.random.default_rng([config.seed, *place])
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    prompt, mirror = str(rng.choice(clips.prompts[clip])), rng.uniform() < 0.5
    frames = clips.frames[clip][:, :, ::-1] if mirror else clips.frames[clip]
    return _Row(
        frames,
        "" if rng.uniform() < config.drop_text else mirrored(prompt) if mirror else prompt,
        draw_known(rng, len(frames), config.known_share),
        rng.uniform(LEAST_LEVEL, 1.0) if rng.uniform() < config.history_noise else 1.0,
        torch.randn(frames.shape, generator=generator),
        flow.draw_times(1, config.time_mean, config.time_std, generator)[0],
    )


def in_advance(draw: Callable[[int], T], first: int, steps: int, at_once: int = 1) -> Iterator[T]:
    """The batches of the steps first .. steps - 1; the `at_once` next ones are drawn while one is in use."""
    pool = ThreadPoolExecutor(at_once)
    try:
        coming = deque(pool.submit(draw, step) for step in range(first, min(first + at_once, steps)))
        for step in range(first, steps):
            batch = coming.popleft().result()
            if step + at_once < steps:
                coming.append(pool.submit(draw, step + at_once))
            yield batch
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def validation_batches(clips: Clips, tokenizer: Tokenizer, config: TrainConfig) -> list[Batch]:
    """Batches of the plain shape at fixed times with fixed noise: without known frames, then with the first quarter."""
    plain = next(group for group in clips.alike if len(clips.frames[group[0]]) == config.data.frames)
    chosen = plain[:: max(1, len(plain) // VALIDATION_CLIPS)]
    video = to_signal(np.stack([clips.frames[i] for i in chosen]))
    ids = tokenizer([clips.prompts[i][0] for i in chosen])
    noise = torch.randn(video.shape, generator=torch.Generator().manual_seed(config.seed))
    exact, seconds = torch.ones(len(video)), _seconds(config.data.frames, config.data.fps, config)
    batches = []
    for length in (0, config.data.frames // 4):
        known = (torch.arange(config.data.frames) < length).expand(len(video), -1)
        batches += [
            Batch(video, noise, known, exact, torch.full((len(video),), t), ids, seconds) for t in VALIDATION_TIMES
        ]
    return batches


def _seconds(frames: int, fps: float, config: TrainConfig) -> Tensor:
    patch = config.model.patch[0]
    return slab_seconds(-(-frames // patch), patch, fps)
