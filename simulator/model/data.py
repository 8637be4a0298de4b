"""Training data: clips of the simulator with their prompts, rendered once and kept as arrays."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import multiprocessing
import os
import re
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from rich.progress import Progress

from simulator.model.config import DataConfig
from simulator.scenarios import FAMILIES, make_script

SHARD = 10  # clips in a file
VALIDATION_SEED = 1_000_000  # the first seed of the clips that are never trained on
DIFFICULTY = (0.25, 0.75)
Shard = tuple[str, int, tuple[int, ...]]  # family, number of the shape, seeds
_MIRRORED = {"left": "right", "right": "left", "clockwise": "counterclockwise", "counterclockwise": "clockwise"}
_SIDES = re.compile(rf"\b({'|'.join(_MIRRORED)})\b", re.IGNORECASE)


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
    """What determines the bytes of a clip beside its family and seed."""
    versions = {f: importlib.import_module(FAMILIES.entry(f).target.split(":")[0]).VERSION for f in config.families}
    rest = {"split": "train", "difficulty": DIFFICULTY, "view": config.view, "shapes": config.shapes}
    return {"versions": versions, **rest}


def load(config: DataConfig) -> tuple[Clips, Clips]:
    """Clips for training and for validation; what is missing in `config.folder` is rendered first."""
    shards = [_shards(config, 0, config.clips), _shards(config, VALIDATION_SEED, config.validation)]
    _render_missing(config, [s for part in shards for s in part])
    train, validation = (_read(config, part) for part in shards)
    return train, validation


def _path(config: DataConfig, shard: Shard) -> Path:
    """The file of a shard, without its suffix; a family has a folder for each recipe of its clips."""
    family, shape, seeds = shard
    told = recipe(dataclasses.replace(config, families=(family,)))
    folder = f"{family}-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]}"
    return Path(config.folder) / folder / f"{shape}-{seeds[0]}-{len(seeds)}"


def mirrored(prompt: str) -> str:
    """The prompt of the mirror image: left and right are swapped."""
    return _SIDES.sub(lambda m: _like(_MIRRORED[m[0].lower()], m[0]), prompt)


def _like(word: str, pattern: str) -> str:
    return word.capitalize() if pattern[0].isupper() else word


def _shards(config: DataConfig, first: int, count: int) -> list[Shard]:
    """What each file holds, families and shapes taking turns."""
    seeds: list[list[int]] = [[] for _ in config.shapes]
    for i in range(count):
        other = len(config.more) > 0 and i % 2 == 1
        seeds[1 + (i // 2) % len(config.more) if other else 0].append(first + i)
    parts = [(k, tuple(some[i : i + SHARD])) for k, some in enumerate(seeds) for i in range(0, len(some), SHARD)]
    return [(family, k, some) for k, some in parts for family in config.families]


def _read(config: DataConfig, shards: list[Shard]) -> Clips:
    frames: list[np.ndarray] = []
    prompts: list[tuple[str, ...]] = []
    fps: list[float] = []
    for shard in shards:
        path = _path(config, shard)
        frames += list(np.load(path.with_suffix(".npy"), mmap_mode="r"))
        prompts += [tuple(p) for p in json.loads(path.with_suffix(".json").read_text())]
        fps += [config.shapes[shard[1]].fps] * len(shard[2])
    return Clips(frames, prompts, fps)


def _render_missing(config: DataConfig, shards: list[Shard]) -> None:
    missing = [s for s in shards if not _path(config, s).with_suffix(".json").exists()]
    if not missing:
        return
    os.environ.setdefault("LP_NUM_THREADS", "1")  # read by the workers' software renderer
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(config.workers, mp_context=context) as pool, Progress() as progress:
        bar = progress.add_task("rendering clips", total=sum(len(seeds) for _, _, seeds in missing))
        jobs = {pool.submit(_render, config, s): s for s in missing}
        for job in as_completed(jobs):
            job.result()
            progress.advance(bar, len(jobs[job][2]))


def _render(config: DataConfig, shard: Shard) -> None:
    """One file of clips, and after it the file of their prompts, which says that it is whole."""
    from simulator.stage import film

    family, number, seeds = shard
    shape = config.shapes[number]
    path = _path(config, shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    clips, prompts = [], []
    for seed in seeds:
        difficulty, seconds = float(np.random.default_rng(seed).uniform(*DIFFICULTY)), shape.frames / shape.fps
        script = make_script(family, seed, split="train", difficulty=difficulty, seconds=seconds, view=config.view)
        clips.append(film(script, shape.height, shape.width, shape.fps, frames=shape.frames).frames)
        prompts.append(script.prompts)
    _replace(path.with_suffix(".npy"), np.stack(clips))
    _replace(path.with_suffix(".json"), prompts)


def _replace(path: Path, content: object) -> None:
    """Write by way of a temporary file, so that no reader sees half of it."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        if isinstance(content, np.ndarray):
            np.save(file, content)
        else:
            file.write(json.dumps(content).encode())
    part.replace(path)
