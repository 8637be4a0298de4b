"""Training data: clips of the simulator with their prompts, rendered once and kept as arrays."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.model.config import DataConfig, Shape
from simulator.scenarios import FAMILIES, make_script, seed_sequence
from simulator.script import Script

SHARD = 10  # clips in a file
VALIDATION_SEED = 1_000_000  # the first seed of the clips that are never trained on
DIFFICULTY = (0.25, 0.75)
VIOLATIONS_TRIED = 5  # kinds, where a scene has no place for the ones before
_MIRRORED = {"left": "right", "right": "left", "clockwise": "counterclockwise", "counterclockwise": "clockwise"}
_SIDES = re.compile(rf"\b({'|'.join(_MIRRORED)})\b", re.IGNORECASE)


class Shard(NamedTuple):
    """What one file holds: clips of one family and one shape (its number), valid or with a law broken."""

    family: str
    shape: int
    seeds: tuple[int, ...]
    violated: bool = False


@dataclass(frozen=True)
class Clips:
    """Clips in memory maps: `frames[i]` is (T, H, W, 3) uint8, `prompts[i]` the phrasings of its prompt, `fps[i]` its
    frames a second."""

    frames: list[np.ndarray]
    prompts: list[tuple[str, ...]]
    fps: list[float]

    @cached_property
    def alike(self) -> list[np.ndarray]:
        """The clips by their shape and rate: arrays of indices."""
        groups: dict[tuple[tuple[int, ...], float], list[int]] = {}
        for i, (frames, fps) in enumerate(zip(self.frames, self.fps, strict=True)):
            groups.setdefault((frames.shape, fps), []).append(i)
        return [np.array(group) for group in groups.values()]

    def __len__(self) -> int:
        return len(self.frames)


def recipe(config: DataConfig) -> dict[str, object]:
    """What determines the bytes of a valid clip beside its family and seed."""
    versions = {f: importlib.import_module(FAMILIES.entry(f).target.split(":")[0]).VERSION for f in config.families}
    rest = {"split": "train", "difficulty": DIFFICULTY, "view": config.view, "shapes": config.shapes}
    return {"versions": versions, **rest}


def training_rounds(config: DataConfig) -> list[list[Shard]]:
    """The files for training, in the order in which a growing run takes them in: in each round one of every family.

    Shapes, and valid and violated clips, are spread evenly over the rounds.
    """
    broken = round(config.violated * config.clips)
    valid = config.clips - broken
    parts = [(share, part, False) for share, part in _parts(config, 0, valid)]
    parts += [(share, part, True) for share, part in _parts(config, valid, broken)]
    parts.sort(key=lambda each: each[0])
    return [[Shard(family, *part, violated) for family in config.families] for _, part, violated in parts]


def validation_shards(config: DataConfig) -> list[Shard]:
    """The files of the clips that are never trained on; all of them are valid."""
    parts = [part for _, part in _parts(config, VALIDATION_SEED, config.validation)]
    return [Shard(family, *part) for part in parts for family in config.families]


def _parts(config: DataConfig, first: int, count: int) -> list[tuple[float, tuple[int, tuple[int, ...]]]]:
    """The seeds first .. first + count - 1 as files: where a file stands among those of its shape, in (0, 1), the
    number of the shape, and its seeds."""
    seeds: list[list[int]] = [[] for _ in config.shapes]
    for i in range(count):
        other = len(config.more) > 0 and i % 2 == 1
        seeds[1 + (i // 2) % len(config.more) if other else 0].append(first + i)
    files = [[tuple(some[i : i + SHARD]) for i in range(0, len(some), SHARD)] for some in seeds]
    return [((i + 0.5) / len(some), (k, part)) for k, some in enumerate(files) for i, part in enumerate(some)]


def path_of(config: DataConfig, shard: Shard) -> Path:
    """The file of a shard, without its suffix; a family has a folder for each recipe of its clips.

    Frames are in .npy; prompts in .json, which is written last: where it is, the shard is whole.
    """
    told = recipe(dataclasses.replace(config, families=(shard.family,)))
    if shard.violated:
        told["violated"] = True
    folder = f"{shard.family}-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]}"
    return Path(config.folder) / folder / f"{shard.shape}-{shard.seeds[0]}-{len(shard.seeds)}"


def read(config: DataConfig, shards: Iterable[Shard]) -> Clips:
    """The clips of files that are there."""
    clips = Clips([], [], [])
    for shard in shards:
        path = path_of(config, shard)
        clips.frames.extend(np.load(path.with_suffix(".npy"), mmap_mode="r"))
        clips.prompts.extend(tuple(p) for p in json.loads(path.with_suffix(".json").read_text()))
        clips.fps.extend([config.shapes[shard.shape].fps] * len(shard.seeds))
    return clips


def render(config: DataConfig, shard: Shard) -> None:
    """One file of clips, and after it the file of their prompts, which says that it is whole."""
    path, shape = path_of(config, shard), config.shapes[shard.shape]
    path.parent.mkdir(parents=True, exist_ok=True)
    clips, prompts = [], []
    for seed in shard.seeds:
        difficulty, seconds = float(np.random.default_rng(seed).uniform(*DIFFICULTY)), shape.frames / shape.fps
        script = make_script(
            shard.family, seed, split="train", difficulty=difficulty, seconds=seconds, view=config.view
        )
        clips.append((_broken if shard.violated else _whole)(script, shape).frames)
        prompts.append(script.prompts)
    _replace(path.with_suffix(".npy"), np.stack(clips))
    _replace(path.with_suffix(".json"), prompts)


def _whole(script: Script, shape: Shape) -> Clip:
    from simulator.stage import film

    return film(script, shape.height, shape.width, shape.fps, frames=shape.frames)


def _broken(script: Script, shape: Shape) -> Clip:
    """The clip with a law broken, at severity 1; where the scene has no place for a kind, another one is drawn."""
    from simulator.stage import play
    from simulator.violations import draw

    rng = np.random.default_rng(seed_sequence(script.family, script.seed, "violation/train"))
    for tries_left in reversed(range(VIOLATIONS_TRIED)):
        violation = draw(script, rng, severity=1.0)
        try:
            return play(script, shape.height, shape.width, shape.fps, frames=shape.frames, violation=violation).clip
        except UsageError:
            if not tries_left:
                raise
    raise AssertionError("unreachable")


def mirrored(prompt: str) -> str:
    """The prompt of the mirror image: left and right are swapped."""
    return _SIDES.sub(lambda m: _like(_MIRRORED[m[0].lower()], m[0]), prompt)


def _like(word: str, pattern: str) -> str:
    return word.capitalize() if pattern[0].isupper() else word


def _replace(path: Path, content: object) -> None:
    """Write by way of a temporary file, so that no reader sees half of it."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        if isinstance(content, np.ndarray):
            np.save(file, content)
        else:
            file.write(json.dumps(content).encode())
    part.replace(path)
