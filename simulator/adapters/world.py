"""The world model as a video model."""

from __future__ import annotations

from typing import Any

from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.model.checkpoint import digest, find
from simulator.model.likelihood import denoising_loss
from simulator.model.precision import BF16
from simulator.model.sample import WorldModel
from simulator.shot import Shot


class World:
    """Shots answered by a checkpoint of the world model.

    checkpoint: the name of a shipped one (early, young, middle, grown, late, violated) or a path to .safetensors.
    steps: of the sampler. guidance: 1 for none.
    """

    def __init__(self, checkpoint: str = "late", steps: int = 8, guidance: float = 2.0) -> None:
        if steps < 1:
            raise UsageError(f"steps={steps} is under 1; 8 is a good number")
        path = find(checkpoint)
        self.name = path.stem
        self._model = WorldModel.load(path)
        self._steps, self._guidance = steps, guidance
        self._digest = digest(path)

    def generate(self, shot: Shot, **more: Any) -> Clip:
        """See WorldModel.generate."""
        return self._model.generate(shot, steps=self._steps, guidance=self._guidance, **more)

    def loss(self, clip: Clip, prompt: str, **more: Any) -> float:
        """See simulator.model.likelihood.denoising_loss."""
        return denoising_loss(self._model, clip, prompt, **more)

    def identity(self) -> dict[str, str]:
        """Name, digest of the weights, settings of the sampler and precision."""
        return {
            "name": self.name,
            "weights": self._digest,
            "steps": str(self._steps),
            "guidance": str(self._guidance),
            "precision": "bf16" if BF16 else "float32",
        }
