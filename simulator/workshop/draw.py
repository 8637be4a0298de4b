"""Draw: the random choices of one script, from the range that its split allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from simulator.workshop.words import COLOURS, OOD_COLOURS

Range = tuple[float, float]
Ranges = tuple[Range, Range]  # what training sees, and what lies outside of it ("ood")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Draw:
    """What a family's build() is given. `view` says whether the camera is "still", "moving" or "any" of both."""

    rng: np.random.Generator
    split: str  # "train", "calibration", "test" or "ood"
    difficulty: float  # [0, 1]
    seconds: float  # length of the clip
    view: str = "any"

    @property
    def ood(self) -> bool:
        """Whether parameters lie outside the training range."""
        return self.split == "ood"

    def uniform(self, ranges: Ranges) -> float:
        """A number from the split's own of the two ranges."""
        return self.between(*ranges[self.ood])

    def integer(self, ranges: Ranges) -> int:
        """A whole number from the split's own of the two ranges, both ends included."""
        low, high = ranges[self.ood]
        return int(self.rng.integers(round(low), round(high) + 1))

    def between(self, low: float, high: float) -> float:
        """A number from [low, high), whatever the split."""
        return float(self.rng.uniform(low, high))

    def choose(self, options: Sequence[T]) -> T:
        """One of `options`, each as likely as any other."""
        return options[int(self.rng.integers(len(options)))]

    def chance(self, p: float) -> bool:
        """True with probability p."""
        return bool(self.rng.random() < p)

    def sign(self) -> float:
        """-1 or 1."""
        return 1.0 if self.chance(0.5) else -1.0

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in random order."""
        return [items[i] for i in self.rng.permutation(len(items))]

    def colours(self, count: int) -> tuple[str, ...]:
        """`count` different colour words; the first is outside the training palette where the split is "ood"."""
        words = self.shuffled(list(COLOURS))
        if self.ood:
            words.insert(0, self.choose(tuple(OOD_COLOURS)))
        if count > len(words):
            raise ValueError(f"there are {len(words)} colour words, not {count}")
        return tuple(words[:count])
