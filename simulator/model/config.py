"""What determines a world model and its training run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulator.errors import UsageError, unknown

FAMILIES = (
    "candle_blowout",
    "ball_through_hoop",
    "leaves_frame",
    "occluder_pass",
    "drop_bounce",
    "camera_orbit",
)


@dataclass(frozen=True)
class ModelConfig:
    """The shape of the network; it travels inside the weights file."""

    codec: str = "pixels"
    patch: tuple[int, int, int] = (4, 8, 8)  # frames, rows and columns of one token
    bottleneck: int = 192  # width of the first of two linear maps that embed a patch
    fine_width: int = 192  # of the blocks on single patches, before and after those on merged ones
    fine_heads: int = 3
    fine_in: int = 1
    fine_out: int = 2
    merge: int = 2  # as many patches in a row and in a column make one token of the inner blocks
    width: int = 256
    depth: int = 5
    heads: int = 4
    modulation_rank: int = 64  # rank of each block's adaLN matrix
    text_width: int = 128
    text_depth: int = 2
    vocabulary: tuple[str, ...] = ()  # words with a token of their own; other words are spelled in bytes


@dataclass(frozen=True)
class DataConfig:
    """Which clips are rendered: `clips` for each family, seeds 0 .. clips-1 of the split "train".

    Every second clip has one of the shapes in `more`, in turn, where there are any.
    """

    families: tuple[str, ...] = FAMILIES
    clips: int = 310
    validation: int = 16  # more clips of each family, with the next seeds, never trained on
    size: int = 64
    frames: int = 16
    fps: float = 8.0
    more: tuple[tuple[float, ...], ...] = ()  # other shapes: (frames, height, width, frames a second)
    view: str = "any"  # of the camera: any, still or moving
    folder: str = "data"
    workers: int = 2

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """All shapes of clips, the plain one first."""
        others = (Shape(int(f), int(h), int(w), float(r)) for f, h, w, r in self.more)
        return (Shape(self.frames, self.size, self.size, self.fps), *others)


class Shape(NamedTuple):
    """Frames, pixels and frames a second of a clip."""

    frames: int
    height: int
    width: int
    fps: float


@dataclass(frozen=True)
class TrainConfig:
    """One training run."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    seed: int = 0
    steps: int = 1700
    batch: int = 32
    warmup: int = 100  # steps of linear rise of the learning rates
    cooldown: int = 700  # steps of linear fall to zero at the end
    muon_lr: float = 3e-3
    adamw_lr: float = 1.5e-3
    weight_decay: float = 0.01
    ema: float = 0.999  # reached by way of (1 + step) / (10 + step)
    known_share: float = 0.5  # of the clips in a batch, those with known frames
    history_noise: float = 0.0  # of the clips with known frames, the share whose known frames are noised a little
    drop_text: float = 0.1
    time_mean: float = -1.6  # of the normal whose logistic is the time t
    time_std: float = 1.0
    motion_weight: float = 8.0  # the most that a moving pixel counts, where a still one counts 1
    snapshots: tuple[tuple[str, int], ...] = (("early", 300),)  # name and step of extra checkpoints
    save_every: int = 100
    threads: int = 1
    compile: bool = True

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> TrainConfig:
        """The configuration that a (nested) mapping of plain values spells.

        Raises:
            UsageError: a key is unknown or a value has the wrong type; names it.
        """
        return build_config(cls, mapping)


def build_config(cls: type, mapping: Mapping[str, Any], path: str = "") -> Any:
    """A configuration class from a mapping of plain values; see TrainConfig.from_mapping."""
    fields = {f.name: f for f in dataclasses.fields(cls)}
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        if key not in fields:
            raise unknown("training key", f"{path}{key}", (f"{path}{name}" for name in fields))
        default = getattr(cls(), key)
        values[key] = _convert(value, default, f"{path}{key}")
    return cls(**values)


def _convert(value: Any, default: Any, path: str) -> Any:
    """`value` in the type of `default`."""
    if dataclasses.is_dataclass(default):
        if not isinstance(value, Mapping):
            raise UsageError(f"{path}={value!r} must be a group of keys, such as {path}.KEY=VALUE")
        return build_config(type(default), value, f"{path}.")
    if isinstance(default, tuple):
        if isinstance(value, str) or not hasattr(value, "__iter__"):
            raise UsageError(f"{path}={value!r} must be a list, such as {path}=[...]")
        return _frozen(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise UsageError(f"{path}={value!r} must be of type {type(default).__name__}, like {default!r}")
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return value
    return tuple(_frozen(v) for v in value)
