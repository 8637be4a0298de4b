"""Training of the autoencoder: once a run, before the flow, and as hard to hurt by a kill."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simulator.errors import UsageError
from simulator.model import checkpoint, flow
from simulator.model.autoencoder import Autoencoder, reconstruction_loss
from simulator.model.batches import in_advance
from simulator.model.codec import Codec, make_codec
from simulator.model.conditioning import to_signal
from simulator.model.config import AutoencoderConfig, TrainConfig
from simulator.model.data import Clips
from simulator.model.patches import Patch, fill
from simulator.model.precision import autocast
from simulator.model.watch import Row

CROP = 2, 4, 4  # slabs, rows and columns of patches that are seen of a clip at once
START_CROPS = 512  # whose principal components the autoencoder starts from
SETTLE_CLIPS = 64  # whose latents have mean 0 and variance 1 at the end
WARMUP, COOLDOWN = 20, 0.5  # steps, and share of the steps
OUTER_LR = 0.2  # of the blocks' learning rate: that of the maps around them, which start well
WEIGHT_DECAY = 0.01
SAVE_EVERY, LOG_EVERY = 100, 20  # steps
WAIT_S = 0.2


def prepare_codec(
    config: TrainConfig,
    clips: Clips,
    out: Path,
    *,
    device: torch.device | None = None,
    leads: bool = True,
    says: Callable[[str], None] = lambda line: None,
) -> Codec:
    """The codec that a run's flow works in. One that has to be trained is trained first, unless OUT holds it.

    It is kept in OUT/codec.safetensors in 8 bits and read from there, so that the flow sees the codec that ships.
    leads: whether this process trains; another one waits for the file. says: told of the progress.

    Raises:
        UsageError: OUT holds an autoencoder of another configuration.
    """
    model = config.model
    if config.start is not None:
        return checkpoint.load_model(checkpoint.find(config.start))[1]
    if model.codec != "autoencoder":
        return make_codec(model.codec, model.patch, model.merge)
    path = out / "codec.safetensors"
    if not leads:
        while not path.with_suffix(".json").exists():
            time.sleep(WAIT_S)
    elif not path.with_suffix(".json").exists():
        net = train_autoencoder(config, clips, out, device=device, says=says)
        checkpoint.save(
            path,
            model,
            {checkpoint.CODEC + k: v for k, v in net.state_dict().items()},
            {"name": "codec", "told": _told(config)},
        )
        (out / "codec.pt").unlink(missing_ok=True)
    _check(json.loads(path.with_suffix(".json").read_text())["told"], config, out)
    return checkpoint.load_codec(path)


def train_autoencoder(
    config: TrainConfig,
    clips: Clips,
    out: Path,
    *,
    device: torch.device | None = None,
    says: Callable[[str], None] = lambda line: None,
) -> Autoencoder:
    """Train an autoencoder on crops of clips; OUT gets codec.jsonl, and codec.pt to go on from after a kill.

    Raises:
        UsageError: OUT holds the state of another configuration, or the loss is not finite.
    """
    run = CodecRun(config, clips, out, device or torch.device("cpu"), says)
    run.restore()
    run.go()
    return run.net.eval()


class CodecRun:
    """The state of an autoencoder's training: network, optimisers, step, seconds spent."""

    def __init__(
        self, config: TrainConfig, clips: Clips, out: Path, device: torch.device, says: Callable[[str], None]
    ) -> None:
        self.config, self.clips, self.out, self.device, self.says = config, clips, out, device, says
        self.step, self.seconds = 0, 0.0
        self.recent: list[float] = []  # losses since the last row of the log
        self.rows: list[Row] = []  # of the log
        settings = config.autoencoder
        torch.manual_seed(config.seed)
        self.net = Autoencoder(config.model.patch, settings.width, settings.channels)
        video, weight, _ = draw_crops(clips, config, START_CROPS, settings.steps)
        self.net.start(video, weight)
        self.net.to(device)
        self.optimizers = _optimizers(self.net, settings.lr)

    def go(self) -> None:
        """Train to the last step."""
        settings, began = self.config.autoencoder, time.monotonic() - self.seconds

        def draw(step: int) -> tuple[Tensor, Tensor, Tensor]:
            return draw_crops(self.clips, self.config, settings.batch, step)

        for drawn in in_advance(draw, self.step, settings.steps):
            self.recent.append(self._learn(*(tensor.to(self.device) for tensor in drawn)))
            self.step += 1
            self.seconds = time.monotonic() - began
            if self.step % LOG_EVERY == 0 or self.step == settings.steps:
                self._report()
            if self.step % SAVE_EVERY == 0 and self.step < settings.steps:
                self._save()
        self.net.cpu().settle(_whole_clips(self.clips, self.config.model.patch))

    def _learn(self, video: Tensor, weight: Tensor, noise: Tensor) -> float:
        """One step of the optimisers; the loss."""
        for optimizer, rate in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * _pace(self.step, self.config.autoencoder)
        with autocast(self.device.type):
            loss = reconstruction_loss(self.net, video, weight, noise)
        loss.backward()
        for optimizer, _ in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        value = loss.item()
        if not math.isfinite(value):
            raise UsageError(f"the autoencoder's loss of step {self.step} is not finite; lower autoencoder.lr")
        return value

    def _report(self) -> None:
        row = Row(step=self.step, loss=float(np.mean(self.recent)), seconds=round(self.seconds, 1))
        self.recent.clear()
        self.rows.append(row)
        (self.out / "codec.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in self.rows))
        self.says(
            f"autoencoder, step {self.step}/{self.config.autoencoder.steps}: loss {row['loss']:.4f}, "
            f"{self.seconds:.0f} s spent"
        )

    def _save(self) -> None:
        state = {
            "told": json.dumps(_told(self.config)),
            "step": self.step,
            "seconds": self.seconds,
            "recent": self.recent,
            "rows": self.rows,
            "net": self.net.state_dict(),
            "optimizers": [o.state_dict() for o, _ in self.optimizers],
        }
        part = self.out / "codec.part"
        torch.save(state, part)
        part.replace(self.out / "codec.pt")

    def restore(self) -> None:
        """Go on from OUT/codec.pt, if there is one.

        Raises:
            UsageError: it is of another configuration.
        """
        path = self.out / "codec.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True, map_location=self.device)
        _check(json.loads(state["told"]), self.config, self.out)
        self.step, self.seconds = state["step"], state["seconds"]
        self.recent, self.rows = state["recent"], state["rows"]
        self.net.load_state_dict(state["net"])
        for (optimizer, _), values in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(values)


def draw_crops(clips: Clips, config: TrainConfig, count: int, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """Crops of clips (count, frames, rows, columns, 3), how much their pixels count (..., 1), noise for their latents.

    They depend on the configuration and the step alone.
    """
    patch = config.model.patch
    rng = np.random.default_rng([config.seed, step])
    sizes = [n * p for n, p in zip(CROP, patch, strict=True)]
    videos, weights = [], []
    for i in rng.integers(0, len(clips), count):
        frames = clips.frames[i][:, :, ::-1] if rng.uniform() < 0.5 else clips.frames[i]
        video = to_signal(frames)[None]
        weight = flow.motion_weight(video, config.motion_weight)
        firsts = [
            int(rng.integers(0, max(0, have - want) + 1)) for have, want in zip(frames.shape, sizes, strict=False)
        ]
        spans = (slice(None), *(slice(a, a + size) for a, size in zip(firsts, sizes, strict=True)))
        videos.append(fill(video[spans], (sizes[0], sizes[1], sizes[2])))
        weights.append(fill(weight[spans], (sizes[0], sizes[1], sizes[2])))
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    noise = torch.randn(count, *CROP, config.autoencoder.channels, generator=generator)
    return torch.cat(videos), torch.cat(weights), noise


def _whole_clips(clips: Clips, patch: Patch) -> Tensor:
    """Clips of one shape, spread evenly over those given."""
    alike = max(clips.alike, key=len)
    chosen = alike[:: max(1, len(alike) // SETTLE_CLIPS)]
    return fill(to_signal(np.stack([clips.frames[i] for i in chosen])), patch)


def _optimizers(net: Autoencoder, lr: float) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices of the blocks, kernels among them, AdamW for the rest; each with its learning rate."""
    inner = [p for name, p in net.named_parameters() if "_in." in name or "_out." in name]
    outer = [p for name, p in net.named_parameters() if "_in." not in name and "_out." not in name]
    matrices, rest = [p for p in inner if p.ndim == 2], [*outer, *(p for p in inner if p.ndim < 2)]
    muon = torch.optim.Muon(matrices, lr=lr, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW(rest, lr=OUTER_LR * lr, betas=(0.9, 0.95), weight_decay=WEIGHT_DECAY)
    return [(muon, lr), (adamw, OUTER_LR * lr)]


def _pace(step: int, settings: AutoencoderConfig) -> float:
    """The learning rate's factor: a linear rise, constant, a linear fall to zero at the last step."""
    return min(1.0, (step + 1) / WARMUP, (settings.steps - step) / max(1.0, COOLDOWN * settings.steps))


def _told(config: TrainConfig) -> dict[str, Any]:
    """What determines an autoencoder."""
    data = {k: v for k, v in dataclasses.asdict(config.data).items() if k not in ("folder", "workers")}
    told = {"autoencoder": dataclasses.asdict(config.autoencoder), "patch": config.model.patch, "seed": config.seed}
    return json.loads(json.dumps({**told, "motion_weight": config.motion_weight, "data": data}))


def _check(told: dict[str, Any], config: TrainConfig, out: Path) -> None:
    now = _told(config)
    differ = [key for key in now if told.get(key) != now[key]]
    if differ:
        raise UsageError(
            f"'{out}' holds an autoencoder with other values of {', '.join(differ)}; "
            "give another out= or the same values"
        )
