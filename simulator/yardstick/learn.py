"""A small world model that learns one set-up: the same network, flow and optimisers as the large one."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from simulator.errors import UsageError
from simulator.model import checkpoint, flow
from simulator.model.batches import in_advance
from simulator.model.codec import Codec, make_codec, slab_levels
from simulator.model.conditioning import frame_levels, nearest_known, slab_seconds, to_frames, to_signal
from simulator.model.config import ModelConfig, TrainConfig
from simulator.model.optimize import average, optimizers
from simulator.model.precision import autocast
from simulator.model.state import save, saved, take_up
from simulator.model.transformer import Transformer
from simulator.yardstick import splits
from simulator.yardstick.discs import paint
from simulator.yardstick.worlds import FRAMES, KNOWN, STEP, Scene, find

SIZE = 64  # pixels a side
PATCH = (4, 16, 16)
HEAD = 64  # numbers in a head of attention
NO_TEXT = torch.zeros(1, dtype=torch.long)
ENDLESS = 10**9  # steps, more than any run has
MAY_CHANGE = ("log_every", "save_every", "threads", "compile")  # of a run that goes on


@dataclass(frozen=True)
class Lesson:
    """One training run. It ends after `steps`, or, where they are 0, after `minutes`."""

    setup: str = "uniform"
    clips: int = 3_000_000  # different ones in the training set
    hold_out: str = "none"
    seed: int = 0
    minutes: float = 60.0
    steps: int = 0
    width: int = 256
    depth: int = 6
    batch: int = 32
    muon_lr: float = 3e-3
    adamw_lr: float = 1.5e-3
    weight_decay: float = 0.01
    warmup: int = 100  # steps of linear rise of the learning rates
    cooldown: float = 0.5  # share of the run in which they fall to zero
    ema: float = 0.999
    time_mean: float = -2.6  # of the normal whose logistic is the time of the flow: near the noise
    time_std: float = 1.0
    motion_weight: float = 8.0
    log_every: int = 100
    save_every: int = 250
    threads: int = 2
    compile: bool = True

    def __post_init__(self) -> None:
        find(self.setup)
        splits.check_hold_out(self.hold_out)
        if self.steps == 0 and self.minutes <= 0:
            raise UsageError("minutes=0 leaves no time to learn; give minutes= above 0, or steps=")
        if self.width < HEAD or self.width % HEAD:
            raise UsageError(f"width={self.width} is no multiple of {HEAD}; 256 is the usual one")
        for key, least in (("clips", 1), ("depth", 1), ("batch", 1), ("threads", 1), ("steps", 0), ("seed", 0)):
            if getattr(self, key) < least:
                raise UsageError(f"{key}={getattr(self, key)} is less than {least}")

    @property
    def model(self) -> ModelConfig:
        """The network: plain blocks on patches, without merging."""
        return ModelConfig(
            patch=PATCH, bottleneck=192, fine_width=self.width, fine_in=0, fine_out=0, merge=1, width=self.width,
            depth=self.depth, heads=self.width // HEAD, text_width=16, text_depth=1,
        )  # fmt: skip


class Run:
    """The state of a training run, kept in OUT/state.pt while it lasts; it leaves OUT/weights.safetensors."""

    def __init__(self, lesson: Lesson, out: Path) -> None:
        self.lesson, self.out, self.step, self.seconds = lesson, out, 0, 0.0
        self.recent: list[float] = []
        self.setup = find(lesson.setup)
        self.codec = make_codec(lesson.model.codec, PATCH, 1)
        torch.manual_seed(lesson.seed)
        self.net = Transformer(lesson.model, self.codec.channels)
        self.ema = copy.deepcopy(self.net).eval().requires_grad_(False)
        rates = TrainConfig(muon_lr=lesson.muon_lr, adamw_lr=lesson.adamw_lr, weight_decay=lesson.weight_decay)
        self.optimizers = optimizers(self.net, rates)

    @property
    def progress(self) -> float:
        """The share of the run that is done, 0 to 1."""
        lesson = self.lesson
        return min(1.0, self.step / lesson.steps if lesson.steps else self.seconds / (60 * lesson.minutes))

    def go(self, look: Callable[[Run], dict[str, float]], tell: Callable[[float], None]) -> None:
        """Train to the end. look: what else to log, every `log_every` steps; tell: called after each with progress."""
        lesson = self.lesson
        torch.set_num_threads(lesson.threads)
        loss_of = torch.compile(loss, dynamic=False) if lesson.compile else loss
        began = time.monotonic() - self.seconds
        for batch in in_advance(lambda step: draw_batch(lesson, step), self.step, lesson.steps or ENDLESS):
            factor = pace(self.step, self.progress, lesson)
            for optimizer, rate in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = rate * factor
            value = loss_of(self.net, self.codec, batch, lesson.motion_weight)
            value.backward()
            for optimizer, _ in self.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            average(self.ema, self.net, min(lesson.ema, (1 + self.step) / (10 + self.step)))
            self.step += 1
            self.recent.append(value.item())
            self.seconds = time.monotonic() - began
            if self.step % lesson.log_every == 0 or self.progress >= 1:
                self._log(look(self))
            if self.step % lesson.save_every == 0:
                self._save()
            tell(self.progress)
            if self.progress >= 1:
                break
        self._ship()

    def _log(self, seen: dict[str, float]) -> None:
        row = {"step": self.step, "seconds": round(self.seconds, 1), "loss": float(np.mean(self.recent)), **seen}
        self.recent.clear()
        with (self.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")

    def _save(self) -> None:
        save(self, lesson=json.dumps(dataclasses.asdict(self.lesson)))

    def restore(self) -> None:
        """Go on from OUT/state.pt, if there is one."""
        log = self.out / "log.jsonl"
        state = saved(self.out)
        if state is None:
            log.unlink(missing_ok=True)
            return
        check_same(json.loads(state["lesson"]), self.lesson, self.out)
        take_up(self, state)
        rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        log.write_text("".join(f"{json.dumps(row)}\n" for row in rows if row["step"] <= self.step))

    def _ship(self) -> None:
        """The averaged weights in full precision: the yardstick measures hundredths of a pixel."""
        card = {
            "lesson": dataclasses.asdict(self.lesson),
            "step": self.step,
            "seconds": round(self.seconds, 1),
            "parameters": sum(p.numel() for p in self.net.parameters()),
        }
        part = self.out / "weights.part"
        save_file(self.ema.state_dict(), part, {"config": json.dumps(dataclasses.asdict(self.lesson.model))})
        (self.out / "run.json").write_text(json.dumps(card, indent=1) + "\n")
        part.replace(self.out / "weights.safetensors")
        (self.out / "state.pt").unlink(missing_ok=True)


def check_same(before: dict[str, object], lesson: Lesson, out: Path) -> None:
    """Raise UsageError where OUT holds a run of another lesson."""
    now = dataclasses.asdict(lesson)
    differ = [k for k in now if k not in MAY_CHANGE and before.get(k) != now[k]]
    if differ:
        raise UsageError(
            f"'{out}' holds a run with other values of {', '.join(differ)}; give another out= or the same values"
        )


def finished(out: Path, lesson: Lesson) -> dict[str, object] | None:
    """What OUT/run.json tells of a run that is over, None where there is none.

    Raises:
        UsageError: it was another lesson.
    """
    if not (out / "weights.safetensors").is_file():
        return None
    card: dict[str, object] = json.loads((out / "run.json").read_text())
    check_same(card["lesson"], lesson, out)  # type: ignore[arg-type]
    return card


def pace(step: int, progress: float, lesson: Lesson) -> float:
    """The learning rate's factor: a linear rise, constant, a linear fall to zero at the end."""
    return min(1.0, (step + 1) / max(1, lesson.warmup), (1 - progress) / max(lesson.cooldown, 1e-9))


class Batch(NamedTuple):
    """video (B, T, H, W, 3) uint8, noise in the shape of its grid, times t (B,)."""

    video: Tensor
    noise: Tensor
    t: Tensor


def draw_batch(lesson: Lesson, step: int) -> Batch:
    """The batch of a step, drawn from (seed, step) alone; no clip is stored."""
    rng = np.random.default_rng([splits.TRAIN, lesson.seed, lesson.clips, step])
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    setup, chosen = find(lesson.setup), rng.integers(lesson.clips, size=lesson.batch)
    scenes = [splits.training_scene(setup, lesson.hold_out, lesson.seed, int(i)) for i in chosen]
    slabs, rows, columns = FRAMES // PATCH[0], SIZE // PATCH[1], SIZE // PATCH[2]
    return Batch(
        torch.from_numpy(paint(scenes, SIZE)),
        torch.randn(lesson.batch, slabs, rows, columns, 3 * math.prod(PATCH), generator=generator),
        flow.draw_times(lesson.batch, lesson.time_mean, lesson.time_std, generator),
    )


def loss(net: Transformer, codec: Codec, batch: Batch, most: float) -> Tensor:
    """The velocity loss over the unknown frames, weighted toward what moves: a scalar."""
    video, known = batch.video.float() / 127.5 - 1, is_known(len(batch.t))
    levels = frame_levels(known, batch.t)
    t, x, reference = codec.spread(levels), codec.encode(video), codec.encode(nearest_known(video, known))
    with autocast():
        z = flow.mix(x, batch.noise, t)
        predicted = net(z, reference, slab_levels(levels, PATCH[0]), seconds(), NO_TEXT.expand(len(t), 1))
    weight = codec.encode(flow.motion_weight(video, most).expand_as(video))
    return flow.velocity_loss(predicted, x, t, weight * codec.spread((~known).float()))


def is_known(count: int) -> Tensor:
    """The first KNOWN frames of each clip (count, FRAMES)."""
    return (torch.arange(FRAMES) < KNOWN).expand(count, -1)


def seconds() -> Tensor:
    """The middle of each slab of frames."""
    return slab_seconds(FRAMES // PATCH[0], PATCH[0], 1 / STEP)


@torch.inference_mode()
def generate(net: Transformer, scenes: Sequence[Scene], steps: int, seed: int = 0, batch: int = 32) -> np.ndarray:
    """Videos (B, FRAMES, SIZE, SIZE, 3) uint8 that go on from the first KNOWN frames of the scenes."""
    codec = make_codec(net.config.codec, net.config.patch, net.config.merge)
    generator = torch.Generator().manual_seed(seed)
    made = []
    for i in range(0, len(scenes), batch):
        frames = paint(scenes[i : i + batch], SIZE)
        video, known = to_signal(frames), is_known(len(frames))
        reference = codec.encode(nearest_known(video, known))

        def predict(z: Tensor, t: Tensor, known: Tensor = known, reference: Tensor = reference) -> Tensor:
            levels = slab_levels(frame_levels(known, t), net.config.patch[0])
            with autocast():
                return net(z, reference, levels, seconds(), NO_TEXT.expand(len(z), 1)).float()

        noise = codec.encode(torch.randn(video.shape, generator=generator))
        held = codec.spread(known.float()) > 0.5
        grid = flow.sample(predict, noise, codec.encode(video), held, flow.schedule(steps))
        made.append(to_frames(codec.decode(grid, *video.shape[1:4])))
    return np.concatenate(made)


def load(out: Path) -> Transformer:
    """The network that a finished run left in OUT."""
    return checkpoint.load(out / "weights.safetensors")
