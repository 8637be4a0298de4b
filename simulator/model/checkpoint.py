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
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from simulator.errors import UsageError, unknown
from simulator.model.codec import Codec, make_codec
from simulator.model.config import ModelConfig, build_config
from simulator.model.transformer import Transformer

SHIPPED = Path(__file__).parent / "weights"
CODEC = "codec."  # before the names of the codec's tensors, where it has any
LARGEST_PATCH = 64  # frames, rows or columns
LONGEST_REASON = 200  # characters
SCALE = ".scale"  # appended to a matrix's name: what its 8-bit rows are to be multiplied by


def find(checkpoint: str | Path) -> Path:
    """The file of a shipped checkpoint's name, of a path, or the last one of a training run's folder.

    Raises:
        UsageError: there is none.
    """
    names = [p.stem for p in SHIPPED.glob("*.safetensors")]
    if str(checkpoint) in names:  # before folders, for a run may have been given its model's name
        return SHIPPED / f"{checkpoint}.safetensors"
    path = Path(checkpoint)
    if path.is_dir():
        path = path / "late.safetensors"
    if path.suffix != ".safetensors":
        raise unknown("checkpoint", str(checkpoint), [*names, "a path to .safetensors"])
    if not path.is_file():
        raise UsageError(f"no weights at '{path}'; train some with `worldassay train out=FOLDER`")
    return path


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
        UsageError: the file is no whole safetensors file, a tensor is of a wrong kind or not finite, or configuration
            and tensors do not belong together.
    """
    config, tensors = _read(path)
    with _belonging(path):
        codec = _codec(config, tensors)
        with torch.device("meta"), _Undrawn():
            net = Transformer(config, codec.channels)
        own = {name: tensor for name, tensor in tensors.items() if not name.startswith(CODEC)}
        net.load_state_dict(own, assign=True)
    return net.eval(), codec


class _Undrawn(TorchFunctionMode):
    """Leaves new parameters as they are, for they are about to be replaced.

    To draw numbers that are not there ("meta") torch first imports its compiler, which takes a second.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_):
            return kwargs["tensor"]
        return func(*args, **(kwargs or {}))


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
        config = build_config(ModelConfig, json.loads(meta))
        _check(config, len(stored))
        return config, _floats(stored)


def _check(config: ModelConfig, tensors: int) -> None:
    """Raises ValueError for a shape that no network has, before anything is built of it."""
    for name in (
        "bottleneck", "fine_width", "fine_heads", "merge", "width", "heads", "modulation_rank", "text_width"
    ):  # fmt: skip
        if getattr(config, name) < 1:
            raise ValueError(f"{name} is {getattr(config, name)}")
    if len(config.patch) != 3 or not all(isinstance(n, int) and 1 <= n <= LARGEST_PATCH for n in config.patch):
        raise ValueError(f"patch is {list(config.patch)}, not three numbers from 1 to {LARGEST_PATCH}")
    if not all(isinstance(word, str) for word in config.vocabulary):
        raise ValueError("vocabulary is no list of words")
    for width, heads, used in (
        ("width", "heads", config.depth), ("fine_width", "fine_heads", config.fine_in + config.fine_out)
    ):  # fmt: skip
        if used and getattr(config, width) % (2 * getattr(config, heads)):
            raise ValueError(f"{width}={getattr(config, width)} is no multiple of twice {heads}")
    blocks = config.depth, config.fine_in, config.fine_out, config.text_depth
    if min(blocks) < 0 or sum(blocks) > tensors:
        raise ValueError(f"{tensors} tensors for {sum(blocks)} blocks")


@contextmanager
def _belonging(path: Path) -> Iterator[None]:
    """Says in one line which file it is whose configuration and tensors do not fit."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError, UsageError) as error:
        reason = _short(str(error).strip().splitlines()[-1].strip())
        raise UsageError(f"configuration and weights in '{path}' do not belong together: {reason}") from error


def _short(text: str) -> str:
    """A list of all missing tensors' names fills no line."""
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]} ..."


def _floats(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights in float32, scaled where they are stored in 8 bits.

    Raises:
        ValueError: a tensor is of another kind, has no scale that fits, or is not finite.
    """
    out = {name: _float(name, tensor, stored) for name, tensor in stored.items() if not name.endswith(SCALE)}
    for name, tensor in out.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} has numbers that are not finite")
    return out


def _float(name: str, tensor: Tensor, stored: dict[str, Tensor]) -> Tensor:
    if tensor.dtype in (torch.float16, torch.bfloat16, torch.float32):
        return tensor.float()
    if tensor.dtype != torch.int8:
        raise ValueError(f"{name} is of {tensor.dtype}, not of float16, bfloat16, float32 or (with a scale) int8")
    scale = stored.get(name + SCALE)
    if scale is None or scale.dtype != torch.float32 or tensor.ndim != 2 or scale.shape != (len(tensor), 1):
        raise ValueError(f"{name} has no scale of float32 for each of its rows")
    return tensor.float() * scale


def digest(path: Path) -> str:
    """sha256 (hex) of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
