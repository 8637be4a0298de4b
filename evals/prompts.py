"""Suites of prompts that somebody else wrote: shots without a script, from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.prompt_file import Prompt, read_prompts
from evals.suite import Suite, check_numbers, model_seed
from simulator.adapters.folder import file_digest
from simulator.errors import UsageError
from simulator.script import Script
from simulator.shot import Shot


@dataclass(frozen=True)
class PromptSuite:
    """The prompts of a file at one size; `content` is the sha256 of the file. What it offers is what Suite offers."""

    name: str
    prompts: tuple[Prompt, ...]
    content: str
    height: int
    width: int
    fps: float
    seconds: float

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> PromptSuite:
        """The suite of a configuration with `file` and `column`.

        Raises:
            UsageError: the file does not fit (see read_prompts), a number is out of its range, or a picture is none.
        """
        values, path = dict(config), Path(str(config["file"]))
        prompts = read_prompts(path, None if config["column"] is None else str(config["column"]))
        del values["file"], values["column"]
        suite = cls(**values, prompts=prompts, content=file_digest(path))
        check_numbers(suite, "height", "width", "seconds", "fps")
        for prompt in prompts:
            suite._known(prompt)
        return suite

    @property
    def frames(self) -> int:
        """Frames a clip, at least 2."""
        return max(2, round(self.seconds * self.fps))

    def spec(self) -> dict[str, Any]:
        """What a run's spec holds of the suite: every prompt, and the digests of the file and of its pictures."""
        told = [
            {"id": p.id, "prompt": p.text, "family": p.family}
            | ({} if p.noise is None else {"seed": p.noise})
            | ({} if p.digest is None else {"first": p.digest})
            for p in self.prompts
        ]
        size = {key: getattr(self, key) for key in ("height", "width", "fps", "seconds")}
        return {"name": self.name, "content": self.content, "prompts": told, **size}

    def cells(self) -> list[Prompt]:
        """All shots, in the order of the file."""
        return list(self.prompts)

    def told(self, cell: Prompt) -> tuple[Script | None, str]:
        """No script, and the prompt."""
        return None, cell.text

    def known(self, mode: str) -> tuple[int, ...]:
        """The indices of the frames that a shot of this mode is given."""
        return (0,) if mode == "first_frames" else ()

    def shot(self, cell: Prompt, root_seed: int) -> Shot:
        """The Shot of a prompt; the file's seed goes before one drawn from the run's."""
        seed = model_seed(root_seed, cell.id) if cell.noise is None else cell.noise
        size = (self.height, self.width, self.frames, self.fps)
        return Shot(cell.id, cell.text, *size, seed, cell.mode, self._known(cell))

    def _known(self, cell: Prompt) -> dict[int, Any]:
        if cell.first is None:
            return {}
        from simulator.picture import read_picture

        return {0: read_picture(cell.first, self.height, self.width)}


def suite_of(config: Mapping[str, Any], seed_offset: int = 0) -> Suite | PromptSuite:
    """The suite of a configuration, of families or of prompts.

    Raises:
        UsageError: see Suite.from_config and PromptSuite.from_config; prompts have no scenes that seeds could move.
    """
    if "file" not in config:
        return Suite.from_config(config, seed_offset)
    if seed_offset:
        raise UsageError(f"seed_offset={seed_offset} is for scenes, and suite=prompts has none; use seed=")
    return PromptSuite.from_config(config)
