"""bf16 matrix products where the processor has them, float32 where not."""

from __future__ import annotations

import torch

BF16 = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def autocast() -> torch.autocast:
    """The context in which the network runs."""
    return torch.autocast("cpu", torch.bfloat16, enabled=BF16)
