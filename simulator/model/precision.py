"""bf16 matrix products where the processor has them, and on other devices; float32 where not."""

from __future__ import annotations

import torch

BF16 = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def autocast(device: str = "cpu") -> torch.autocast:
    """The context in which the network runs on a type of device."""
    return torch.autocast(device, torch.bfloat16, enabled=BF16 or device != "cpu")
