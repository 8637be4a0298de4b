"""Training: a pure function from (configuration, step) to a batch, and a loop that a kill cannot hurt."""

from __future__ import annotations

import copy
import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from simulator.errors import UsageError
from simulator.model import checkpoint, flow
from simulator.model.codec import Codec, make_codec, slab_levels
from simulator.model.conditioning import draw_known, frame_levels, nearest_known, slab_seconds, to_signal
from simulator.model.config import TrainConfig
from simulator.model.data import Clips, load, mirrored, recipe
from simulator.model.precision import autocast
from simulator.model.text import Tokenizer, build_vocabulary
from simulator.model.transformer import Transformer

VALIDATE_EVERY = 200
VALIDATION_TIMES = (0.1, 0.3, 0.5, 0.7, 0.9)
LEAST_LEVEL = 0.85  # of known frames that are noised
MAY_CHANGE = ("steps", "cooldown", "save_every", "threads", "compile")  # of a run that goes on


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


def train(config: TrainConfig, out: Path, *, resume: bool = True) -> Path:
    """Train a world model and return the path of its last weights, OUT/late.safetensors.

    OUT also gets log.jsonl, state.pt (for going on after a kill) and the snapshots that the configuration names.

    Raises:
        UsageError: OUT holds a run of another configuration.
    """
    torch.set_num_threads(config.threads)
    out.mkdir(parents=True, exist_ok=True)
    clips, validation = load(config.data)
    vocabulary = build_vocabulary(q for p in clips.prompts for s in p for q in (s, mirrored(s)))
    run = Run(dataclasses.replace(config, model=dataclasses.replace(config.model, vocabulary=vocabulary)), out)
    if resume:
        run.restore()
    run.go(clips, validation)
    return out / "late.safetensors"


class Run:
    """The state of a training run: network, its moving average, optimisers, step, seconds spent."""

    def __init__(self, config: TrainConfig, out: Path) -> None:
        model = config.model
        self.config, self.out, self.step, self.seconds = config, out, 0, 0.0
        self.recent: list[float] = []  # losses since the last row of the log
        self.codec = make_codec(model.codec, model.patch, model.merge)
        self.tokenizer = Tokenizer(model.vocabulary)
        torch.manual_seed(config.seed)
        self.net = Transformer(model, self.codec.channels)
        self.ema = copy.deepcopy(self.net).eval().requires_grad_(False)
        self.optimizers = optimizers(self.net, config)

    def go(self, clips: Clips, validation: Clips) -> None:
        """Train to the last step."""
        config = self.config
        loss_of = torch.compile(loss, dynamic=False) if config.compile else loss  # a program for each shape
        tests = validation_batches(validation, self.tokenizer, config)
        began = time.monotonic() - self.seconds
        while self.step < config.steps:
            now = draw_batch(clips, self.tokenizer, config, self.step)
            for optimizer, rate in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = rate * pace(self.step, config)
            value = loss_of(self.net, self.codec, now, config.motion_weight)
            value.backward()
            for optimizer, _ in self.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            average(self.ema, self.net, min(config.ema, (1 + self.step) / (10 + self.step)))
            self.step += 1
            self.recent.append(value.item())
            self.seconds = time.monotonic() - began
            self._report(tests)
            for name, step in config.snapshots:
                if self.step == step:
                    self._ship(name)
            if self.step % config.save_every == 0:
                self._save()
        self._save()
        self._ship("late")

    def _report(self, tests: list[Batch]) -> None:
        last = self.step == self.config.steps
        if self.step % 20 and not last:
            return
        row: dict[str, float] = {
            "step": self.step,
            "loss": float(np.mean(self.recent)),
            "seconds": round(self.seconds, 1),
        }
        self.recent.clear()
        if self.step % VALIDATE_EVERY == 0 or last:
            with torch.no_grad():
                values = [loss(self.ema, self.codec, b, self.config.motion_weight).item() for b in tests]
            row["validation_prompt"], row["validation_first_frames"] = np.mean(np.reshape(values, (2, -1)), 1).tolist()
        with (self.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)

    def _save(self) -> None:
        state = {
            "config": json.dumps(dataclasses.asdict(self.config)),
            "step": self.step,
            "seconds": self.seconds,
            "recent": self.recent,
            "net": self.net.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizers": [o.state_dict() for o, _ in self.optimizers],
        }
        part = self.out / "state.part"
        torch.save(state, part)
        part.replace(self.out / "state.pt")

    def restore(self) -> None:
        """Go on from OUT/state.pt, if there is one."""
        path = self.out / "state.pt"
        log = self.out / "log.jsonl"
        if not path.exists():
            log.unlink(missing_ok=True)
            return
        state = torch.load(path, weights_only=True)
        before, now = json.loads(state["config"]), json.loads(json.dumps(dataclasses.asdict(self.config)))
        differ = [k for k in now if k not in MAY_CHANGE and before.get(k) != now[k]]
        if differ:
            raise UsageError(
                f"'{self.out}' holds a run with other values of {', '.join(differ)}; "
                "give another out= or the same values"
            )
        self.step, self.seconds, self.recent = state["step"], state["seconds"], state["recent"]
        self.net.load_state_dict(state["net"])
        self.ema.load_state_dict(state["ema"])
        for (optimizer, _), values in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(values)
        rows = [row for row in self._log_rows() if row["step"] <= self.step]
        log.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def _log_rows(self) -> list[dict[str, float]]:
        log = self.out / "log.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def _ship(self, name: str) -> None:
        rows = self._log_rows()
        card = {
            "name": name,
            "command": "worldassay train",
            "config": dataclasses.asdict(self.config),
            "recipe": recipe(self.config.data),
            "step": self.step,
            "wall_seconds": round(self.seconds),
            "threads": self.config.threads,
            "torch": torch.__version__,
            "loss": rows[-1]["loss"] if rows else None,
            "validation": next(
                ({k: v for k, v in r.items() if k.startswith(("step", "val"))} for r in rows[::-1] if len(r) > 3), None
            ),
        }
        checkpoint.save(self.out / f"{name}.safetensors", self.config.model, self.ema.state_dict(), card)


def loss(net: nn.Module, codec: Codec, batch: Batch, most: float) -> Tensor:
    """The velocity loss of a batch over its unknown frames, weighted toward what moves."""
    levels = frame_levels(batch.known, batch.t, batch.level)
    t = codec.spread(levels)
    x = codec.encode(batch.video)
    z = flow.mix(x, codec.encode(batch.noise), t)
    shown = flow.mix(batch.video, batch.noise, batch.level.reshape(-1, 1, 1, 1, 1))
    reference = codec.encode(nearest_known(shown, batch.known))
    with autocast():
        predicted = net(z, reference, slab_levels(levels, codec.patch[0]), batch.seconds, batch.ids)
    weight = codec.encode(flow.motion_weight(batch.video, most).expand_as(batch.video))
    return flow.velocity_loss(predicted, x, t, weight * codec.spread((~batch.known).float()))


def draw_batch(clips: Clips, tokenizer: Tokenizer, config: TrainConfig, step: int) -> Batch:
    """The batch of a step; it depends on nothing else, so a run that was killed goes on with the same batches.

    All its clips have one shape, drawn as often as clips have it; of larger ones there are fewer.
    """
    rng = np.random.default_rng([config.seed, step])
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    shares = np.array([len(group) for group in clips.alike]) / len(clips)
    group = clips.alike[rng.choice(len(shares), p=shares)]
    size, plain = clips.frames[group[0]].size, config.data.frames * config.data.size**2 * 3
    count = max(1, min(config.batch, round(config.batch * plain / size)))
    frames, prompts, known, level = [], [], [], []
    for i in rng.choice(group, count):
        prompt = str(rng.choice(clips.prompts[i]))
        mirror = rng.uniform() < 0.5
        frames.append(clips.frames[i][:, :, ::-1] if mirror else clips.frames[i])
        prompts.append("" if rng.uniform() < config.drop_text else mirrored(prompt) if mirror else prompt)
        known.append(draw_known(rng, len(frames[0]), config.known_share))
        level.append(rng.uniform(LEAST_LEVEL, 1.0) if rng.uniform() < config.history_noise else 1.0)
    video = to_signal(np.stack(frames))
    return Batch(
        video,
        torch.randn(video.shape, generator=generator),
        torch.from_numpy(np.stack(known)),
        torch.tensor(level, dtype=torch.float32),
        flow.draw_times(count, config.time_mean, config.time_std, generator),
        tokenizer(prompts),
        _seconds(len(frames[0]), clips.fps[group[0]], config),
    )


def _seconds(frames: int, fps: float, config: TrainConfig) -> Tensor:
    patch = config.model.patch[0]
    return slab_seconds(-(-frames // patch), patch, fps)


def validation_batches(clips: Clips, tokenizer: Tokenizer, config: TrainConfig) -> list[Batch]:
    """Batches of the plain shape at fixed times with fixed noise: without known frames, then with the first quarter."""
    plain = next(group for group in clips.alike if len(clips.frames[group[0]]) == config.data.frames)
    chosen = plain[:: max(1, len(plain) // 24)]
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


def optimizers(net: Transformer, config: TrainConfig) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices of the blocks, AdamW for the rest; each with its learning rate."""
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, p in net.named_parameters():
        in_block = name.split(".")[0] in ("fine_in", "blocks", "fine_out") and "modulation" not in name
        (matrices if in_block and p.ndim == 2 else rest).append(p)
    muon = torch.optim.Muon(
        matrices, lr=config.muon_lr, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    adamw = torch.optim.AdamW(rest, lr=config.adamw_lr, betas=(0.9, 0.95), weight_decay=config.weight_decay)
    return [(muon, config.muon_lr), (adamw, config.adamw_lr)]


def pace(step: int, config: TrainConfig) -> float:
    """The learning rate's factor: a linear rise, constant, a linear fall to zero at the last step."""
    return min(1.0, (step + 1) / max(1, config.warmup), (config.steps - step) / max(1, config.cooldown))


@torch.no_grad()
def average(ema: nn.Module, net: nn.Module, decay: float) -> None:
    """ema <- decay ema + (1 - decay) net."""
    torch._foreach_lerp_(list(ema.parameters()), list(net.parameters()), 1 - decay)
