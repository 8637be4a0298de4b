"""What every section is given: the model, its settings, and held-out scenes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from simulator.clip import Clip
from simulator.model.checkpoint import find
from simulator.model.sample import WorldModel
from simulator.scenarios import FAMILIES, make_script
from simulator.shot import Shot
from simulator.stage import film

FRAMES, FPS, HEAD = 16, 8.0, 4  # of a clip; HEAD: frames given at an end

MODES: dict[str, Callable[[int], Sequence[int]]] = {
    "first frame": lambda n: [0],
    "first frames": lambda n: range(HEAD),
    "last frames": lambda n: range(n - HEAD, n),
    "both ends": lambda n: [*range(HEAD), *range(n - HEAD, n)],
    "some in between": lambda n: [0, n // 3, 2 * n // 3, n - 1],
}  # mode: the known ones of n frames


@dataclass(frozen=True)
class Scene:
    """A true clip that the model was not trained on, and how it is told."""

    family: str
    seed: int
    prompt: str
    clip: Clip


@dataclass
class Given:
    """The arguments of the command line, and what they stand for."""

    checkpoint: str
    clips: int
    prompts: int
    seconds: float
    steps: int
    guidance: float
    history: float
    size: int
    seed: int
    split: str
    threads: int
    out: Path
    families: list[str] = field(default_factory=list)

    @cached_property
    def model(self) -> WorldModel:
        """The model of the checkpoint."""
        return WorldModel.load(self.checkpoint)

    @cached_property
    def known_families(self) -> list[str]:
        """Those asked for, or those that the checkpoint's card says it was trained on, or all."""
        card = find(self.checkpoint).with_suffix(".json")
        if self.families:
            return self.families
        trained = json.loads(card.read_text())["config"]["data"]["families"] if card.is_file() else FAMILIES.names()
        return list(trained)

    def scenes(self, count: int, *, first: int = 0, view: str = "any") -> Iterator[Scene]:
        """True clips; families take turns, seeds count up from `seed` + `first`."""
        for i in range(count):
            family = self.known_families[i % len(self.known_families)]
            seed = self.seed + first + i // len(self.known_families)
            script = make_script(family, seed, split=self.split, view=view)
            yield Scene(family, seed, script.prompts[0], film(script, self.size, self.size, FPS, frames=FRAMES))

    def generate(
        self, prompt: str, frames: int, known: dict[int, np.ndarray], *, seed: int = 0, steps: int | None = None
    ) -> np.ndarray:
        """The frames of a clip of the world model."""
        size = next(iter(known.values())).shape[:2] if known else (self.size, self.size)
        shot = Shot("benchmark", prompt, *size, frames, FPS, seed, known=known)
        asked = steps or self.steps
        return self.model.generate(shot, steps=asked, guidance=self.guidance, history=self.history).frames


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], note: str = "") -> None:
    """Print a markdown table; numbers with three figures."""
    print(f"\n### {title}\n")
    if note:
        print(f"{note}\n")
    print("| " + " | ".join(columns) + " |")
    print("| " + " | ".join("---" for _ in columns) + " |")
    for row in rows:
        print("| " + " | ".join(_cell(value) for value in row) + " |", flush=True)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "none" if np.isnan(value) else f"{value:.3g}"
    return str(value)
