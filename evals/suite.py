"""Suite: families x seeds x modes at one size; it expands to the Shots that a model is asked for."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from simulator.errors import UsageError, unknown
from simulator.scenarios import FAMILIES, SPLITS, VIEWS, make_script
from simulator.script import Script
from simulator.shot import MODES, Shot, known_frames

RANGES = {  # of numbers, ends included
    "seeds": (1, 100_000), "height": (16, 2048), "width": (16, 2048), "seconds": (0.25, 60), "fps": (1, 120),
    "difficulty": (0, 1), "first_seed": (0, 2**31),
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One shot of a suite before anything is played."""

    family: str
    seed: int
    mode: str

    @property
    def id(self) -> str:
        """E.g. "drop_bounce-7-first_frames"; unique in a suite, and a file name."""
        return f"{self.family}-{self.seed}-{self.mode}"


@dataclass(frozen=True)
class Suite:
    """Sizes in pixels, seconds of video, `seeds` scenes a family from `first_seed` on, `difficulty` in [0, 1].

    view: whether cameras are "still", "moving" or "any" of both, where the family leaves a choice.
    """

    name: str
    families: tuple[str, ...]
    seeds: int
    modes: tuple[str, ...]
    height: int
    width: int
    fps: float
    seconds: float
    split: str
    difficulty: float
    view: str = "any"
    first_seed: int = 0

    @classmethod
    def from_config(cls, config: Mapping[str, Any], seed_offset: int = 0) -> Suite:
        """The suite of a configuration; a text may stand for a list ("a" or "[a,b]"), and "all" for every family.

        Raises:
            UsageError: an unknown family, mode, split or view, a number out of its range, or a mode that gives all
                frames away.
        """
        if "file" in config:
            raise UsageError("suite=prompts has no scenes to play, which this verb needs; `run` and `shots` take it")
        values = dict(config)
        for key, allowed in (("families", FAMILIES.names()), ("modes", list(MODES))):
            given = listed(values[key])
            if key == "families" and given == ["all"]:
                given = allowed
            for name in given:
                if name not in allowed:
                    raise unknown(key.removesuffix("s") if key == "modes" else "family", str(name), allowed)
            values[key] = tuple(dict.fromkeys(given))
            if not given:
                raise UsageError(f"suite.{key} is empty; give one or more of {', '.join(allowed)}")
        for key, choices in (("split", SPLITS), ("view", VIEWS)):
            if values.get(key, choices[0]) not in choices:
                raise unknown(key, str(values[key]), choices)
        suite = cls(**{**values, "first_seed": seed_offset})
        check_numbers(suite, *RANGES)
        for mode in suite.modes:
            if len(suite.known(mode)) >= suite.frames:
                raise UsageError(
                    f"mode {mode} knows {len(suite.known(mode))} frames and suite.seconds={suite.seconds} has no more; "
                    "ask for more seconds, or leave it out of suite.modes"
                )
        return suite

    @property
    def frames(self) -> int:
        """Frames a clip, at least 2."""
        return max(2, round(self.seconds * self.fps))

    def known(self, mode: str) -> tuple[int, ...]:
        """The indices of the frames that a shot of this mode is given."""
        return known_frames(mode, self.frames, self.fps)

    def spec(self) -> dict[str, Any]:
        """What a run's spec holds of the suite."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def cells(self) -> list[Cell]:
        """All shots: family by family, seed by seed."""
        seeds = range(self.first_seed, self.first_seed + self.seeds)
        return [Cell(f, s, m) for f in self.families for s in seeds for m in self.modes]

    def script(self, cell: Cell) -> Script:
        """The Script that a cell is made from."""
        return _script(self, cell.family, cell.seed)

    def told(self, cell: Cell) -> tuple[Script, str]:
        """The Script of a cell, and the prompt; all phrasings of a family take their turn."""
        script = self.script(cell)
        return script, prompt_of(script)

    def shot(self, cell: Cell, root_seed: int) -> Shot:
        """The Shot of a cell; known frames are played by the simulator."""
        (script, prompt), given = self.told(cell), self.known(cell.mode)
        known = {}
        if given:
            from simulator.stage import film

            clip = film(script, self.height, self.width, self.fps, frames=max(given) + 1)
            known = {i: clip.frames[i] for i in given}
        return Shot(
            id=cell.id,
            prompt=prompt,
            height=self.height,
            width=self.width,
            frames=self.frames,
            fps=self.fps,
            seed=model_seed(root_seed, cell.id),
            mode=cell.mode,
            known=known,
            script=script,
        )


@lru_cache(maxsize=4)  # the modes of a scene come one after another, and a script can take a second
def _script(suite: Suite, family: str, seed: int) -> Script:
    return make_script(
        family, seed, split=suite.split, difficulty=suite.difficulty, seconds=suite.seconds, view=suite.view
    )


def check_numbers(suite: object, *keys: str) -> None:
    """Raises UsageError for a number outside RANGES."""
    for key in keys:
        low, high = RANGES[key]
        if not low <= getattr(suite, key) <= high:
            shown = "seed_offset" if key == "first_seed" else f"suite.{key}"
            raise UsageError(f"{shown}={getattr(suite, key)} is outside {low} to {high}")


def listed(names: str | Iterable[str]) -> list[str]:
    """Names as a list; a text is read as it is typed: "a", "a,b" or "[a,b]"."""
    if not isinstance(names, str):
        return list(names)
    return [name.strip() for name in names.strip("[]").split(",") if name.strip()]


def prompt_of(script: Script) -> str:
    """The phrasing that the script's seed picks."""
    return script.prompts[script.seed % len(script.prompts)]


def model_seed(root_seed: int, shot_id: str) -> int:
    """The seed of a model's randomness for one shot: a 32-bit child of (root seed, shot id)."""
    import numpy as np

    return int(np.random.SeedSequence([root_seed, zlib.crc32(shot_id.encode())]).generate_state(1)[0])
