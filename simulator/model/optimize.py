"""The optimisers of a training run, the pace of their learning rates, and the moving average of the weights."""

from __future__ import annotations

import torch
from torch import nn

from simulator.model.config import TrainConfig
from simulator.model.transformer import Transformer


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
