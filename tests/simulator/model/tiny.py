"""A network of a few thousand numbers."""

from __future__ import annotations

import torch

from simulator.model.codec import make_codec
from simulator.model.config import ModelConfig
from simulator.model.transformer import Transformer

TINY = ModelConfig(
    bottleneck=24,
    fine_width=32,
    fine_heads=2,
    fine_in=1,
    fine_out=1,
    width=48,
    depth=1,
    heads=2,
    modulation_rank=8,
    text_width=16,
    text_depth=1,
    vocabulary=("a", "ball", "falls"),
)


def tiny(seed: int = 0) -> Transformer:
    """Freshly initialised."""
    torch.manual_seed(seed)
    return Transformer(TINY, make_codec(TINY.codec, TINY.patch, TINY.merge).channels)
