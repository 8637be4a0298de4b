"""One process or several that train together: who I am, on which device, and one gradient for all.

Several processes are started with `torchrun` (or `accelerate launch`) and find each other through Hugging Face
accelerate: gloo between CPUs, NCCL between GPUs.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, nn

from simulator.errors import UsageError

PATIENCE = timedelta(hours=6)  # of the others, while one draws sheets or asks the probes


class Team:
    """This process's `rank` among `ranks`, and its `device`."""

    def __init__(self, device: str = "cpu") -> None:
        """device: "auto" for a GPU where there is one, or a device of torch's.

        Raises:
            UsageError: there is no such device, or accelerate is missing where there are several processes.
        """
        self.rank, self.ranks = 0, int(os.environ.get("WORLD_SIZE", "1"))
        self.device = _device(device)
        self._accelerator: Any = None
        if self.ranks > 1:
            self._accelerator = _accelerator(self.device.type == "cpu")
            self.rank = self._accelerator.process_index
            if self.device.type != "cpu":
                self.device = self._accelerator.device
        if self.device.type == "cuda":
            torch.set_float32_matmul_precision("high")

    @property
    def leads(self) -> bool:
        """Whether this is the process that renders, writes and speaks."""
        return self.rank == 0

    @torch.no_grad()
    def merge(self, net: nn.Module, value: Tensor, weight: Tensor) -> Tensor:
        """The loss of the whole batch, and in place of this process's gradients those of the whole batch.

        value: the mean loss of this process's rows. weight: the sum of the weights in that mean, so that the mean over
        the processes, weighted by it, is the mean over the whole batch, and so are the gradients.
        """
        if self.ranks == 1:
            return value.detach()
        grads = [p.grad for p in net.parameters() if p.grad is not None]
        parts = [*(g.flatten() for g in grads), value.reshape(1), torch.ones(1, device=value.device)]
        flat = self._accelerator.reduce(torch.cat(parts) * weight, "sum")
        flat = flat / flat[-1]
        for grad, part in zip(grads, flat[:-2].split([g.numel() for g in grads]), strict=True):
            grad.copy_(part.view_as(grad))
        return flat[-2]

    def close(self) -> None:
        """Part from the others."""
        if self._accelerator is not None:
            self._accelerator.end_training()


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UsageError(f"device={name} cannot be used here ({reason}); try device=auto") from error
    return device


def _accelerator(cpu: bool) -> Any:
    try:
        from accelerate import Accelerator, InitProcessGroupKwargs
    except ImportError as error:
        raise UsageError("several processes need accelerate; pip install 'worldassay[train]'") from error
    return Accelerator(cpu=cpu, mixed_precision="no", kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)])
