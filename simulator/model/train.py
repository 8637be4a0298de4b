"""Training: a pure function from (configuration, step) to a batch, and a loop that a kill cannot hurt."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from simulator.errors import UsageError
from simulator.model import checkpoint, flow
from simulator.model.batches import Batch, draw_batch, in_advance, validation_batches
from simulator.model.codec import Codec, make_codec, slab_levels
from simulator.model.conditioning import frame_levels, reference_grid
from simulator.model.config import ModelConfig, TrainConfig
from simulator.model.data import Clips, mirrored, recipe
from simulator.model.logs import Log
from simulator.model.optimize import average, optimizers, pace
from simulator.model.precision import autocast
from simulator.model.sheets import sheet
from simulator.model.state import save, saved, take_up
from simulator.model.supply import Supply
from simulator.model.team import Team
from simulator.model.text import Tokenizer, build_vocabulary
from simulator.model.train_codec import prepare_codec
from simulator.model.transformer import Transformer
from simulator.model.watch import Row, Watcher
from simulator.picture import write_png

LOG_EVERY = 20  # steps
VALIDATE_EVERY = 200
DRAWERS = 4  # threads that draw batches for a GPU, which is quicker than one of them
MAY_CHANGE = (  # of a run that goes on
    "steps", "cooldown", "save_every", "sheet_every", "probe_every", "probe_suite", "device", "threads", "compile",
    "data.folder", "data.workers",
)  # fmt: skip


def train(config: TrainConfig, out: Path, *, resume: bool = True, watch: Watcher | None = None) -> Path:
    """Train a world model and return the path of its last weights, OUT/late.safetensors.

    OUT also gets log.jsonl, state.pt (for going on after a kill), sheets of samples and the snapshots that the
    configuration names.

    Raises:
        UsageError: OUT holds a run of another configuration, a clip cannot be rendered, or the loss is not finite.
    """
    torch.set_num_threads(config.threads)
    out.mkdir(parents=True, exist_ok=True)
    team = Team(config.device)
    watch = watch if watch is not None and team.leads else Watcher()
    with Supply(config, watch, renders=team.leads) as supply:
        validation = supply.validation()
        config = dataclasses.replace(config, model=model_of(config, supply.clips(0)))
        codec = prepare_codec(config, supply.clips(0), out, device=team.device, leads=team.leads, says=watch.says)
        run = Run(config, out, team, watch, codec)
        if resume:
            run.restore()
        run.go(supply.clips, validation)
    team.close()
    return out / "late.safetensors"


def model_of(config: TrainConfig, clips: Clips) -> ModelConfig:
    """The shape of the network: the starting checkpoint's, or as configured; with the words of the clips' prompts.

    Raises:
        UsageError: the configuration asks for a shape that the checkpoint does not have.
    """
    words = build_vocabulary(q for p in clips.prompts for s in p for q in (s, mirrored(s)))
    if config.start is None:
        return dataclasses.replace(config.model, vocabulary=words)
    model = checkpoint.load(checkpoint.find(config.start)).config
    if config.model not in (ModelConfig(), dataclasses.replace(model, vocabulary=())):
        raise UsageError(f"start={config.start} has another shape than model.* asks for; leave model.* as it is")
    new = tuple(word for word in words if word not in model.vocabulary)
    return dataclasses.replace(model, vocabulary=model.vocabulary + new)


class Run:
    """The state of a training run: network, its moving average, optimisers, step, seconds spent."""

    def __init__(
        self,
        config: TrainConfig,
        out: Path,
        team: Team | None = None,
        watch: Watcher | None = None,
        codec: Codec | None = None,
    ) -> None:
        """codec: from `prepare_codec`; where none is given, the one without weights that the configuration names."""
        model = config.model
        self.config, self.out, self.step, self.seconds = config, out, 0, 0.0
        self.team, self.watch = team or Team(), watch or Watcher()
        self.recent: list[float] = []  # losses since the last row of the log
        self.log = Log(out, self.watch)
        self.codec = codec or make_codec(model.codec, model.patch, model.merge)
        self.tokenizer = Tokenizer(model.vocabulary)
        torch.manual_seed(config.seed)
        self.net = Transformer(model, self.codec.channels)
        if config.start is not None:
            _begin_at(self.net, checkpoint.load(checkpoint.find(config.start)))
        self.net.to(self.team.device)
        self.ema = copy.deepcopy(self.net).eval().requires_grad_(False)
        self.optimizers = optimizers(self.net, config)

    def go(self, clips: Callable[[int], Clips], validation: Clips) -> None:
        """Train to the last step. clips: those that a step may draw from."""
        config, team = self.config, self.team
        loss_of = torch.compile(loss, dynamic=False) if config.compile else loss  # a program for each shape
        if config.compile and self.codec.weights():
            self.codec.encode = torch.compiler.disable(self.codec.encode)  # type: ignore[method-assign]
        tests = [b.to(team.device) for b in validation_batches(validation, self.tokenizer, config)]
        if team.leads:
            self.log.begin(self.step)

        def draw(step: int) -> Batch:
            return draw_batch(clips(step), self.tokenizer, config, step, team.rank, team.ranks)

        began = time.monotonic() - self.seconds
        hands = DRAWERS if team.device.type != "cpu" else 1
        for now in in_advance(draw, self.step, config.steps, hands):
            value = self._learn(loss_of, now.to(team.device))
            self.step += 1
            self.recent.append(value)
            self.seconds = time.monotonic() - began
            if team.leads:
                self.watch.stepped(self.step, value)
                self._report(tests, validation)
        if team.leads:
            self._save()
            self._ship("late")
            self.log.close()

    def _learn(self, loss_of: Callable[..., tuple[Tensor, Tensor]], now: Batch) -> float:
        """One step of the optimisers; the loss."""
        for optimizer, rate in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * pace(self.step, self.config)
        mean, weight = loss_of(self.net, self.codec, now, self.config.motion_weight)
        mean.backward()
        value = self.team.merge(self.net, mean, weight).item()
        if not math.isfinite(value):
            raise UsageError(
                f"the loss of step {self.step} is not finite; lower muon_lr and adamw_lr and train into another out="
            )
        for optimizer, _ in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        average(self.ema, self.net, min(self.config.ema, (1 + self.step) / (10 + self.step)))
        return value

    def _report(self, tests: list[Batch], validation: Clips) -> None:
        """What is due after a step: a row of the log, a sheet, readings of the probes, a snapshot, the state."""
        config, step = self.config, self.step
        last, row = step == config.steps, Row(step=step)
        if step % LOG_EVERY == 0 or last:
            row |= {"loss": float(np.mean(self.recent)), "seconds": round(self.seconds, 1)}
            self.recent.clear()
        if step % VALIDATE_EVERY == 0 or last:
            row |= self._validate(tests)
        if config.sheet_every and (step % config.sheet_every == 0 or last):
            self._draw_sheet(validation)
        if config.probe_every and step % config.probe_every == 0:
            row |= self._ask_probes()
        if len(row) > 1:
            self.log.add(row)
        for name, when in config.snapshots:
            if step == when:
                self._ship(name)
        if step % config.save_every == 0:
            self._save()

    @torch.no_grad()
    def _validate(self, tests: list[Batch]) -> Row:
        """The loss of the averaged weights on the validation clips, without and with known frames."""
        values = [loss(self.ema, self.codec, b, self.config.motion_weight)[0].item() for b in tests]
        prompt, first_frames = np.mean(np.reshape(values, (2, -1)), 1).tolist()
        return {"validation_prompt": prompt, "validation_first_frames": first_frames}

    def _draw_sheet(self, validation: Clips) -> None:
        picture = sheet(self.ema, validation, self.config.seed, self.codec)
        folder = self.out / "sheets"
        folder.mkdir(exist_ok=True)
        write_png(folder / f"{self.step:06}.png", picture)
        self.log.picture("samples", picture, self.step)

    def _ask_probes(self) -> Row:
        """What the watcher says of the weights of this step; they lie in a file meanwhile."""
        path = self.out / "probed.safetensors"
        checkpoint.save(path, self.config.model, self._weights(), {"name": "probed", "step": self.step})
        try:
            return {f"probe_{name}": value for name, value in self.watch.scores(path, self.step).items()}
        finally:
            path.unlink()
            path.with_suffix(".json").unlink()

    def _weights(self) -> dict[str, Tensor]:
        """What a checkpoint holds: the averaged network and what the codec has been trained to."""
        own = {name: tensor.cpu() for name, tensor in self.ema.state_dict().items()}
        return own | {checkpoint.CODEC + name: tensor for name, tensor in self.codec.weights().items()}

    def _save(self) -> None:
        save(self, config=json.dumps(dataclasses.asdict(self.config)))

    def restore(self) -> None:
        """Go on from OUT/state.pt, if there is one.

        Raises:
            UsageError: it is of a run with another configuration.
        """
        state = saved(self.out, self.team.device)
        if state is None:
            return
        before, now = (
            _dotted(json.loads(text)) for text in (state["config"], json.dumps(dataclasses.asdict(self.config)))
        )
        differ = [k for k in now if k not in MAY_CHANGE and self._matters(k) and before.get(k) != now[k]]
        if differ:
            raise UsageError(
                f"'{self.out}' holds a run with other values of {', '.join(differ)}; "
                "give another out= or the same values"
            )
        take_up(self, state)

    def _matters(self, key: str) -> bool:
        """Whether a key of the configuration says anything about this run."""
        return self.config.model.codec == "autoencoder" or not key.startswith("autoencoder.")

    def _ship(self, name: str) -> None:
        start = self.config.start
        card = {
            "name": name,
            "command": "worldassay train",
            "config": dataclasses.asdict(self.config),
            "start": None if start is None else checkpoint.digest(checkpoint.find(start)),
            "recipe": recipe(self.config.data),
            "step": self.step,
            "wall_seconds": round(self.seconds),
            "threads": self.config.threads,
            "device": _device_name(self.team),
            "torch": torch.__version__,
            "loss": self.log.last("loss"),
            "validation": next((r for r in self.log.rows()[::-1] if "validation_prompt" in r), None),
        }
        checkpoint.save(self.out / f"{name}.safetensors", self.config.model, self._weights(), card)


@torch.no_grad()
def _begin_at(net: Transformer, start: Transformer) -> None:
    """Take over the weights of a checkpoint; words that are new keep the vectors that they were drawn with."""
    weights, words = start.state_dict(), net.text.token.weight
    known = weights["text.token.weight"]
    net.load_state_dict(weights | {"text.token.weight": torch.cat([known, words[len(known) :]])})


def loss(net: nn.Module, codec: Codec, batch: Batch, most: float) -> tuple[Tensor, Tensor]:
    """The velocity loss of a batch over its unknown frames, a mean weighted toward what moves; and the sum of the
    weights in that mean."""
    levels = frame_levels(batch.known, batch.t, batch.level)
    t = codec.spread(levels)
    x = codec.encode(batch.video)
    z = flow.mix(x, codec.noise(batch.noise), t)
    shown = flow.mix(batch.video, batch.noise, batch.level.reshape(-1, 1, 1, 1, 1))
    reference = reference_grid(codec, shown, batch.known)
    with autocast(z.device.type):
        predicted = net(z, reference, slab_levels(levels, codec.patch[0]), batch.seconds, batch.ids)
    weight = codec.weigh(flow.motion_weight(batch.video, most)) * (1 - codec.spread(batch.known.float()))
    error, total = flow.velocity_error(predicted, x, t, weight)
    return error / total.clamp(min=1e-6), total


def _dotted(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested mapping as one with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _dotted(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _device_name(team: Team) -> str:
    name = torch.cuda.get_device_name(team.device) if team.device.type == "cuda" else team.device.type
    return name if team.ranks == 1 else f"{team.ranks} x {name}"
