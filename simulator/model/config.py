"""What determines a world model and its training run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulator.errors import UsageError, unknown
from simulator.scenarios import FAMILIES as REGISTERED

FAMILIES = (
    "candle_blowout",
    "ball_through_hoop",
    "leaves_frame",
    "occluder_pass",
    "drop_bounce",
    "camera_orbit",
)
LEAST = {  # of keys that count something
    "steps": 1, "batch": 1, "warmup": 0, "cooldown": 0, "save_every": 1, "sheet_every": 0, "probe_every": 0,
    "threads": 1, "seed": 0, "data.clips": 1, "data.validation": 1, "data.size": 16, "data.frames": 1,
    "data.fps": 1, "data.workers": 1, "autoencoder.steps": 1, "autoencoder.batch": 1, "autoencoder.width": 12,
    "autoencoder.channels": 1,
}  # fmt: skip


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

    Every second clip has one of the shapes in `more`, in turn, where there are any. The last ones (the share
    `violated` of them) are takes with a law broken.
    """

    families: tuple[str, ...] = FAMILIES
    clips: int = 310
    validation: int = 16  # more clips of each family, with the next seeds, never trained on
    size: int = 64
    frames: int = 16
    fps: float = 8.0
    more: tuple[tuple[float, ...], ...] = ()  # other shapes: (frames, height, width, frames a second)
    view: str = "any"  # of the camera: any, still or moving
    violated: float = 0.0  # of the clips for training, the share with a law broken, at severity 1
    ahead: bool = True  # False: training begins with a first share of the clips, and more are rendered meanwhile
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
class AutoencoderConfig:
    """The autoencoder that is trained before the flow where model.codec is "autoencoder", and its training."""

    steps: int = 2000
    batch: int = 64  # crops of 8 frames of 32x32, for patches of 4x8x8
    lr: float = 3e-3
    width: int = 96
    channels: int = 32  # numbers in a token


@dataclass(frozen=True)
class TrainConfig:
    """One training run."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
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
    start: str | None = None  # a checkpoint to start from, by name or path; the network then has its shape
    save_every: int = 100
    sheet_every: int = 500  # steps between two sheets of samples; 0 for none
    probe_every: int = 500  # steps between two readings by the probes; 0 for none
    probe_suite: str = "smoke"
    device: str = "auto"  # auto: a GPU where there is one; or a device of torch's
    threads: int = 1
    compile: bool = True

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> TrainConfig:
        """The configuration that a (nested) mapping of plain values spells; "all" stands for every family.

        Raises:
            UsageError: a key is unknown, a value has the wrong type or is out of its range; names it.
        """
        data = mapping.get("data")
        if isinstance(data, Mapping) and isinstance(data.get("families"), str):
            mapping = {**mapping, "data": {**data, "families": _families(data["families"])}}
        config: TrainConfig = build_config(cls, mapping)
        _check(config)
        return config


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


def _families(text: str) -> list[str]:
    return REGISTERED.names() if text == "all" else [name.strip() for name in text.strip("[]").split(",")]


def _check(config: TrainConfig) -> None:
    """Raises UsageError for what no run can do."""
    for key, least in LEAST.items():
        group, _, name = key.rpartition(".")
        value = getattr(getattr(config, group) if group else config, name)
        if value < least:
            raise UsageError(f"{key}={value} is less than {least}")
    for key, share in (
        ("data.violated", config.data.violated), ("known_share", config.known_share), ("ema", config.ema),
        ("history_noise", config.history_noise), ("drop_text", config.drop_text),
    ):  # fmt: skip
        if not 0.0 <= share <= 1.0:
            raise UsageError(f"{key}={share} is outside 0 to 1")
    for family in config.data.families:
        REGISTERED.entry(family)
    if not config.data.families:
        raise UsageError("data.families is empty; give some, or data.families=all")
    for snapshot in config.snapshots:
        if not (isinstance(snapshot, tuple) and len(snapshot) == 2 and isinstance(snapshot[1], int)):
            raise UsageError(f"snapshots={snapshot!r} is no list of names and steps, such as [[early,300],[mid,900]]")
        if snapshot[0] == "late" or not str(snapshot[0]).replace("-", "").replace("_", "").isalnum():
            raise UsageError(f"a snapshot cannot be called '{snapshot[0]}'; `late` is the last one, others are words")


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
    if default is None:
        return None if value is None else str(value)
    if type(value) is not type(default):
        raise UsageError(f"{path}={value!r} must be of type {type(default).__name__}, like {default!r}")
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return value
    return tuple(_frozen(v) for v in value)
