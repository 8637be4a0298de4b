"""Codecs side by side: what they keep of clips they were not trained on, and what the flow learns in each.

    python -m benchmarks.codecs [--channels 16 32] [--steps 2000] [--flow MINUTES] [KEY=VALUE ...]

KEY=VALUE are keys of `worldassay train`, such as data.clips=60 or threads=2. Autoencoders are trained in OUT (or taken
from there, if the same ones are). Prints Markdown.

Columns of the first table: numbers a token; tokens of 16x64x64; PSNR in dB of all pixels, of those that count most by
flow.motion_weight (what moves and where it has been), of all with noise of deviation 0.3 on the latents, and of all
after five times to and fro; each a mean over clips with its standard error; millions of weights; milliseconds to
encode and to decode 16x64x64 on one thread; seconds of training.

With --flow each codec's world model gets MINUTES of training, that of its autoencoder included, and goes on from the
first quarter of each validation clip. Columns: steps; seconds a step; PSNR of the frames that were not given, of all
pixels and of those that count most, beside the last given frame repeated; seconds to make a clip.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor

from simulator.model import flow
from simulator.model.batches import draw_batch
from simulator.model.codec import Codec, PixelCodec
from simulator.model.conditioning import to_signal
from simulator.model.config import TrainConfig
from simulator.model.data import Clips
from simulator.model.sample import WorldModel
from simulator.model.supply import Supply
from simulator.model.train import Run, loss, model_of, train
from simulator.model.train_codec import prepare_codec
from simulator.shot import Shot

NOISE = 0.3  # standard deviation of what is added to latents
AGAIN = 4  # times that a video is encoded and decoded once more
MOVING = 0.75  # of the most that a pixel of the clip counts
TIMED = 20  # runs and steps that are timed
SHAPE = (16, 64, 64)


def configuration(keys: list[str]) -> TrainConfig:
    """`worldassay train`'s, with some keys changed."""
    values: dict[str, Any] = {}
    for key in ["sheet_every=0", "probe_every=0", "snapshots=[]", *keys]:
        name, _, value = key.partition("=")
        group, _, last = name.rpartition(".")
        (values.setdefault(group, {}) if group else values)[last] = yaml.safe_load(value)
    return TrainConfig.from_mapping(values)


def psnr(made: Tensor, truth: Tensor, counts: Tensor) -> list[float]:
    """Of each clip (B, T, H, W, 3) in [-1, 1], over the pixels that count (B, T, H, W, 1)."""
    error = ((made.clamp(-1, 1) - truth) / 2).square().mean(-1, keepdim=True)
    mean = (error * counts).sum((1, 2, 3, 4)) / counts.sum((1, 2, 3, 4))
    return (-10 * mean.clamp(min=1e-10).log10()).tolist()


def moving(video: Tensor) -> Tensor:
    """Which pixels count most (B, T, H, W, 1)."""
    weight = flow.motion_weight(video, TrainConfig.motion_weight)
    return (weight > MOVING * weight.amax((1, 2, 3), keepdim=True)).float()


def figure(values: list[float]) -> str:
    """Mean and standard error."""
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1) / math.sqrt(len(values)):.2f}"


def table(head: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    print(f"\n| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def milliseconds(act: Callable[[], object]) -> float:
    """The quickest of some runs."""
    times = []
    for _ in range(TIMED):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return 1e3 * min(times)


def kept(name: str, codec: Codec, video: Tensor, seconds: float) -> list[str]:
    """A row of the first table."""
    shape, everything, hot = video.shape[1:4], torch.ones_like(video[..., :1]), moving(video)
    grid = codec.encode(video)
    noisy = grid + NOISE * torch.randn(grid.shape, generator=torch.Generator().manual_seed(0))
    plain, shaken = (codec.decode(g, *shape) for g in (grid, noisy))
    one = torch.rand(1, *SHAPE, 3) * 2 - 1
    tokens = codec.encode(one)
    often = plain
    for _ in range(AGAIN):
        often = codec.decode(codec.encode(often.clamp(-1, 1)), *shape)
    asked = ((plain, everything), (plain, hot), (shaken, everything), (often, everything))
    quality = [figure(psnr(made, video, counts)) for made, counts in asked]
    if isinstance(codec, PixelCodec):
        quality = ["exact", "exact", quality[2], "exact"]
    return [
        name, f"{codec.channels}", f"{tokens[..., 0].numel()}", *quality,
        f"{sum(t.numel() for t in codec.weights().values()) / 1e6:.1f}",
        f"{milliseconds(lambda: codec.encode(one)):.1f}", f"{milliseconds(lambda: codec.decode(tokens, *SHAPE)):.1f}",
        f"{seconds:.0f}",
    ]  # fmt: skip


def with_codec(config: TrainConfig, channels: int | None) -> TrainConfig:
    """The configuration of pixels, or of an autoencoder with so many channels."""
    if channels is None:
        return dataclasses.replace(config, model=dataclasses.replace(config.model, codec="pixels"))
    return dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, codec="autoencoder"),
        autoencoder=dataclasses.replace(config.autoencoder, channels=channels),
    )


def seconds_a_step(config: TrainConfig, clips: Clips, codec: Codec, folder: Path) -> float:
    """Of the flow's training, once it is compiled."""
    run = Run(dataclasses.replace(config, model=model_of(config, clips)), folder, codec=codec)
    batches = [draw_batch(clips, run.tokenizer, run.config, step).to(run.team.device) for step in range(TIMED)]
    loss_of = torch.compile(loss, dynamic=False) if config.compile else loss
    plain = [b for b in batches if b.video.shape[1:4] == (config.data.frames, config.data.size, config.data.size)]
    run._learn(loss_of, plain[0])
    return milliseconds(lambda: run._learn(loss_of, plain[0])) / 1e3


def continued(model: WorldModel, validation: Clips) -> list[str]:
    """PSNR of what the model makes of all but the first quarter, and the seconds that a clip takes."""
    scores: list[list[float]] = [[], [], [], []]
    began = time.perf_counter()
    for i in validation.alike[0]:
        truth = np.asarray(validation.frames[i])
        first, size = len(truth) // 4, truth.shape[1:3]
        shot = Shot("s", validation.prompts[i][0], *size, len(truth), validation.fps[i], int(i))
        shot = dataclasses.replace(shot, known=dict(enumerate(truth[:first])))
        video = to_signal(truth)[None]
        made = to_signal(model.generate(shot).frames)[None, first:]
        still = video[:, first - 1 : first].expand_as(made)
        for k, counts in enumerate((torch.ones_like(video[..., :1]), moving(video))):
            scores[2 * k] += psnr(made, video[:, first:], counts[:, first:])
            scores[2 * k + 1] += psnr(still, video[:, first:], counts[:, first:])
    return [*map(figure, scores), f"{(time.perf_counter() - began) / len(validation.alike[0]):.2f}"]


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, nargs="*", default=[16, 32])
    parser.add_argument("--steps", type=int, default=2000, help="of the autoencoders' training")
    parser.add_argument("--flow", type=float, metavar="MINUTES")
    parser.add_argument("--out", type=Path, default=Path("runs/codecs"))
    parser.add_argument("keys", nargs="*", metavar="KEY=VALUE")
    args = parser.parse_args()
    config = configuration([*args.keys, f"autoencoder.steps={args.steps}"])
    torch.set_num_threads(config.threads)
    kinds: list[tuple[str, TrainConfig, Codec, float]] = []
    with Supply(config) as supply:
        clips, validation = supply.clips(0), supply.validation()
    for channels in (None, *args.channels):
        own = with_codec(config, channels)
        folder = args.out / ("pixels" if channels is None else f"autoencoder-{channels}-{args.steps}")
        folder.mkdir(parents=True, exist_ok=True)
        codec = prepare_codec(own, clips, folder)
        log = folder / "codec.jsonl"
        spent = json.loads(log.read_text().splitlines()[-1])["seconds"] if log.exists() else 0.0
        kinds.append((folder.name, own, codec, spent))
    video = to_signal(np.stack([validation.frames[i] for i in validation.alike[0]]))
    print(f"{len(video)} validation clips, {len(clips)} for training, {len(config.data.families)} families")
    torch.set_num_threads(1)
    head = ["codec", "numbers", "tokens", "PSNR", "PSNR, moving", f"PSNR, noise {NOISE}", "PSNR, five times"]
    head += ["M weights", "encode, ms"]
    table([*head, "decode, ms", "training, s"], [kept(name, codec, video, spent) for name, _, codec, spent in kinds])
    torch.set_num_threads(config.threads)
    if args.flow:
        rows = []
        for name, own, codec, spent in kinds:
            pace = seconds_a_step(own, clips, codec, args.out / name)
            steps = max(1, int((60 * args.flow - spent) / pace))
            home = args.out / name
            train(dataclasses.replace(own, steps=steps, cooldown=int(0.4 * steps)), home)
            rows.append([name, f"{steps}", f"{pace:.2f}", *continued(WorldModel.load(home), validation)])
        head = ["codec", "steps", "s a step", "PSNR", "last frame repeated", "PSNR, moving", "last frame repeated"]
        table([*head, "s a clip"], rows)


if __name__ == "__main__":
    main()
