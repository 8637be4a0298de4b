"""Embeddings of pictures and sentences by OpenCLIP; the one place that imports open_clip."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simulator.errors import UsageError


def _open_clip() -> Any:
    """The open_clip module, also beside a torchvision whose compiled operators do not fit this torch."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError:  # the operators are only declared: nothing here calls them
        torch.library.define("torchvision::nms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torch.library.define("torchvision::qnms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import open_clip

    return open_clip


class TextImage:
    """A text-image model."""

    def __init__(self, model: Any, size: int, tokenizer: Any) -> None:
        """An open_clip model, the side of its pictures in pixels, and its tokenizer."""
        self._model, self._size, self._tokenizer = model.eval(), size, tokenizer

    @staticmethod
    @cache
    def load(model: str, weights: str) -> TextImage:
        """Load by name or JSON configuration file, and local checkpoint (safetensors only: others can run code).

        Raises:
            UsageError: a file is missing, or the checkpoint is not safetensors.
        """
        if Path(weights).suffix != ".safetensors" or not Path(weights).is_file():
            raise UsageError(f"text-video model: '{weights}' is not an existing .safetensors file")
        open_clip = _open_clip()
        name = model
        if Path(model).suffix == ".json":
            if not Path(model).is_file():
                raise UsageError(f"text-video model: there is no configuration '{model}'")
            open_clip.add_model_config(Path(model))
            name = Path(model).stem
        built = open_clip.create_model(name, pretrained=weights)
        size = open_clip.get_model_config(name)["vision_cfg"]["image_size"]
        return TextImage(built, size, open_clip.get_tokenizer(name))

    @torch.no_grad()
    def images(self, frames: np.ndarray) -> np.ndarray:
        """(N, H, W, 3) uint8 -> (N, D) unit vectors."""
        x = torch.from_numpy(frames.copy()).permute(0, 3, 1, 2).float() / 255.0
        x = torch.nn.functional.interpolate(x, (self._size, self._size), mode="bilinear", antialias=True)
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.4815, 0.4578, 0.4082), (0.2686, 0.2613, 0.2758)))
        return torch.nn.functional.normalize(self._model.encode_image((x - mean) / std), dim=-1).numpy()

    @torch.no_grad()
    def texts(self, sentences: Sequence[str]) -> np.ndarray:
        """K sentences -> (K, D) unit vectors."""
        tokens = self._tokenizer(list(sentences))
        return torch.nn.functional.normalize(self._model.encode_text(tokens), dim=-1).numpy()

    def similarity(self, frames: np.ndarray, sentence: str) -> np.ndarray:
        """(N,) cosines between frames and a sentence, in [-1, 1]."""
        return self.images(frames) @ self.texts([sentence])[0]

    def belief(self, frames: np.ndarray, sentences: Sequence[str]) -> np.ndarray:
        """(N, K) softmax over sentences at the model's own temperature."""
        scale = self._model.logit_scale.exp().item()
        logits = scale * self.images(frames) @ self.texts(sentences).T
        logits -= logits.max(1, keepdims=True)
        shares = np.exp(logits)
        return shares / shares.sum(1, keepdims=True)
