"""State: what a training run needs to go on after a kill as if nothing had happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import torch

from simulator.model.transformer import Transformer

STATE = "state.pt"


class Learner(Protocol):
    """A run that trains `net`, with its moving average, its optimisers and the losses since the log's last row."""

    out: Path
    net: Transformer
    ema: Transformer
    optimizers: list[tuple[torch.optim.Optimizer, float]]
    step: int
    seconds: float
    recent: list[float]


def save(run: Learner, **told: str) -> None:
    """Write the run's state, and what is told of it, to OUT/state.pt, whole or not at all."""
    state = {
        **told,
        "step": run.step,
        "seconds": run.seconds,
        "recent": run.recent,
        "net": run.net.state_dict(),
        "ema": run.ema.state_dict(),
        "optimizers": [o.state_dict() for o, _ in run.optimizers],
    }
    part = run.out / "state.part"
    torch.save(state, part)
    part.replace(run.out / STATE)


def saved(out: Path, device: torch.device | None = None) -> dict[str, Any] | None:
    """What `save` wrote into this folder; None where it did not."""
    path = out / STATE
    return torch.load(path, weights_only=True, map_location=device) if path.exists() else None


def take_up(run: Learner, state: dict[str, Any]) -> None:
    """Put the run where the state was saved."""
    run.step, run.seconds, run.recent = state["step"], state["seconds"], state["recent"]
    run.net.load_state_dict(state["net"])
    run.ema.load_state_dict(state["ema"])
    for (optimizer, _), values in zip(run.optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(values)
