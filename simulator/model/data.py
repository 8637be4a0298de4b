"""Training data: clips of the simulator with their prompts, rendered once and kept as arrays."""

from __future__ import annotations

import hashlib
import importlib
import json
import multiprocessing
import os
import re
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import Progress

from simulator.model.config import DataConfig
from simulator.scenarios import FAMILIES, make_script

SHARD = 10  # clips in a file
VALIDATION_SEED = 1_000_000  # the first seed of the clips that are never trained on
DIFFICULTY = (0.25, 0.75)
_MIRRORED = {"left": "right", "right": "left", "clockwise": "counterclockwise", "counterclockwise": "clockwise"}
_SIDES = re.compile(rf"\b({'|'.join(_MIRRORED)})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Clips:
    """Clips in memory maps: `frames[i]` is (T, H, W, 3) uint8, `prompts[i]` the phrasings of its prompt."""

    frames: list[np.ndarray]
    prompts: list[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.frames)


def recipe(config: DataConfig) -> dict[str, object]:
    """What determines the bytes of a clip beside its family and seed."""
    versions = {f: importlib.import_module(FAMILIES.entry(f).target.split(":")[0]).VERSION for f in config.families}
    rest = {"split": "train", "difficulty": DIFFICULTY, "frames": config.frames, "size": config.size, "fps": config.fps}
    return {"versions": versions, **rest}


def load(config: DataConfig) -> tuple[Clips, Clips]:
    """Clips for training and for validation; what is missing in `config.folder` is rendered first."""
    folder = Path(config.folder) / hashlib.sha256(json.dumps(recipe(config)).encode()).hexdigest()[:12]
    shards = [_shards(config, 0, config.clips), _shards(config, VALIDATION_SEED, config.validation)]
    _render_missing(config, folder, [s for part in shards for s in part])
    train, validation = (_read(folder, part) for part in shards)
    return train, validation


def mirrored(prompt: str) -> str:
    """The prompt of the mirror image: left and right are swapped."""
    return _SIDES.sub(lambda m: _like(_MIRRORED[m[0].lower()], m[0]), prompt)


def _like(word: str, pattern: str) -> str:
    return word.capitalize() if pattern[0].isupper() else word


def _shards(config: DataConfig, first: int, count: int) -> list[tuple[str, int, int]]:
    """(family, first seed, last seed + 1) of each file, families taking turns."""
    starts = range(first, first + count, SHARD)
    return [(f, s, min(s + SHARD, first + count)) for s in starts for f in config.families]


def _read(folder: Path, shards: list[tuple[str, int, int]]) -> Clips:
    frames: list[np.ndarray] = []
    prompts: list[tuple[str, ...]] = []
    for shard in shards:
        path = folder / _name(shard)
        frames += list(np.load(path.with_suffix(".npy"), mmap_mode="r"))
        prompts += [tuple(p) for p in json.loads(path.with_suffix(".json").read_text())]
    return Clips(frames, prompts)


def _name(shard: tuple[str, int, int]) -> str:
    family, start, stop = shard
    return f"{family}-{start}-{stop}"


def _render_missing(config: DataConfig, folder: Path, shards: list[tuple[str, int, int]]) -> None:
    missing = [s for s in shards if not (folder / _name(s)).with_suffix(".json").exists()]
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("LP_NUM_THREADS", "1")  # read by the workers' software renderer
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(config.workers, mp_context=context) as pool, Progress() as progress:
        bar = progress.add_task("rendering clips", total=sum(stop - start for _, start, stop in missing))
        jobs = {pool.submit(_render, config, folder, s): s for s in missing}
        for job in as_completed(jobs):
            job.result()
            _, start, stop = jobs[job]
            progress.advance(bar, stop - start)


def _render(config: DataConfig, folder: Path, shard: tuple[str, int, int]) -> None:
    """One file of clips, and after it the file of their prompts, which says that it is whole."""
    from simulator.stage import film

    family, start, stop = shard
    path = folder / _name(shard)
    clips, prompts = [], []
    for seed in range(start, stop):
        difficulty = float(np.random.default_rng(seed).uniform(*DIFFICULTY))
        script = make_script(family, seed, split="train", difficulty=difficulty, seconds=config.frames / config.fps)
        clips.append(film(script, config.size, config.size, config.fps, frames=config.frames).frames)
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
