"""Weights on disk: safetensors with the configuration inside, and a card beside them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from simulator.errors import UsageError, unknown
from simulator.model.codec import Codec, make_codec
from simulator.model.config import ModelConfig, build_config
from simulator.model.transformer import Transformer

SHIPPED = Path(__file__).parent / "weights"
CODEC = "codec."  # before the names of the codec's tensors, where it has any
SCALE = ".scale"  # appended to a matrix's name: what its 8-bit rows are to be multiplied by


def find(checkpoint: str | Path) -> Path:
    """The file of a shipped checkpoint's name, of a path, or the last one of a training run's folder.

    Raises:
        UsageError: there is none.
    """
    path = Path(checkpoint)
    if path.is_dir():
        path = path / "late.safetensors"
    if path.suffix == ".safetensors":
        if not path.is_file():
            raise UsageError(f"no weights at '{path}'; train some with `worldassay train out=FOLDER`")
        return path
    names = [p.stem for p in SHIPPED.glob("*.safetensors")]
    if str(checkpoint) not in names:
        raise unknown("checkpoint", str(checkpoint), [*names, "a path to .safetensors"])
    return SHIPPED / f"{checkpoint}.safetensors"


def save(path: Path, config: ModelConfig, tensors: dict[str, Tensor], card: dict[str, Any]) -> None:
    """Write the weights, matrices in 8 bits and the rest in 16, and after them the card with their digest."""
    small: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.ndim == 2:
            small[name], small[name + SCALE] = quantize(tensor.detach().float())
        else:
            small[name] = tensor.detach().to(torch.float16).contiguous()
    part = path.with_suffix(".part")
    save_file(small, part, metadata={"config": json.dumps(dataclasses.asdict(config))})
    part.replace(path)
    card = {**card, "parameters": sum(t.numel() for t in tensors.values()), "sha256": digest(path)}
    part.write_text(json.dumps(card, indent=1) + "\n")
    part.replace(path.with_suffix(".json"))


def quantize(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """(R, C) floats to (R, C) int8 and (R, 1) float32: a row is its integers times its scale."""
    scale = matrix.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
    return (matrix / scale).round().to(torch.int8), scale


def load(path: Path) -> Transformer:
    """The network of a weights file, in float32, for evaluation; see `load_model`."""
    return load_model(path)[0]


def load_model(path: Path) -> tuple[Transformer, Codec]:
    """The network of a weights file, in float32, for evaluation, and the codec that it works in.

    Raises:
        UsageError: the file is no whole safetensors file, or its configuration and tensors do not belong together.
    """
    config, tensors = _read(path)
    with _belonging(path):
        codec = _codec(config, tensors)
        with torch.device("meta"):
            net = Transformer(config, codec.channels)
        own = {name: tensor for name, tensor in tensors.items() if not name.startswith(CODEC)}
        net.load_state_dict(own, assign=True)
    return net.eval(), codec


def load_codec(path: Path) -> Codec:
    """The codec alone of a file of weights, or of a file that holds nothing else; raises what `load_model` does."""
    config, tensors = _read(path)
    with _belonging(path):
        return _codec(config, tensors)


def _codec(config: ModelConfig, tensors: dict[str, Tensor]) -> Codec:
    weights = {name.removeprefix(CODEC): tensor for name, tensor in tensors.items() if name.startswith(CODEC)}
    return make_codec(config.codec, config.patch, config.merge, weights)


def _read(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """The configuration and the tensors of a file."""
    try:
        with safe_open(path, "pt") as file:
            meta = (file.metadata() or {}).get("config")
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UsageError(f"'{path}' is no readable safetensors file ({error}); copy or train it again") from error
    if meta is None:
        raise UsageError(f"'{path}' holds no configuration; only weights written by `worldassay train` can be loaded")
    with _belonging(path):
        return build_config(ModelConfig, json.loads(meta)), _floats(stored)


@contextmanager
def _belonging(path: Path) -> Iterator[None]:
    """Says in one line which file it is whose configuration and tensors do not fit."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise UsageError(f"configuration and weights in '{path}' do not belong together: {reason}") from error


def _floats(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights in float32, scaled where they are stored in 8 bits."""
    return {
        name: tensor.float() * stored[name + SCALE] if tensor.dtype == torch.int8 else tensor.float()
        for name, tensor in stored.items()
        if not name.endswith(SCALE)
    }


def digest(path: Path) -> str:
    """sha256 (hex) of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
