"""The worker: plays the clips of a cell, asks the probes, and keeps every answer in the cell's file.

A file is lines of JSON, one for each clip and kind of sight; answers are kept by probe and version. A cell is worked on
by one process, and a line that a kill left half written is left out and asked again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from evals.certify import spoiling
from evals.certify.answers import Answer, Asked
from evals.certify.asking import Ask, Cell, Material, other_families
from evals.registries import PERCEPTIONS
from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.scenarios import make_script, seed_sequence
from simulator.truth import Take
from simulator.violations import WITHOUT_DEGREES, Violation

Line = dict[str, Any]
Kept = dict[tuple[str, str], Line]  # by the clip's id and by sight, e.g. "classical-v1"


@dataclass(frozen=True)
class Job:
    """Clips of a cell that are to be looked at."""

    cell: Cell
    asks: tuple[Ask, ...]


@dataclass(frozen=True)
class Setup:
    """What a worker has to know."""

    material: Material
    folder: Path
    sights: tuple[str, ...]
    probes: tuple[str, ...]

    def path(self, cell: Cell) -> Path:
        """The cell's file."""
        from importlib import import_module

        version = import_module(f"simulator.scenarios.{cell.family}").VERSION
        return self.folder / cell.file(self.material, version)


def sights_of(ask: Ask, sights: Sequence[str]) -> list[str]:
    """The kinds of sight that can see a clip: only takes as they were played come with a truth."""
    return [s for s in sights if s != "oracle" or ask.what in ("valid", "twin", "rung")]


def sight_key(name: str) -> str:
    """What lines are kept under, e.g. "classical-v1"."""
    return f"{name}-v{PERCEPTIONS.load(name).version}"


def read(path: Path) -> Kept:
    """The lines of a cell's file, those of one clip and sight put together."""
    kept: Kept = {}
    for text in path.read_text().splitlines() if path.is_file() else ():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        held = kept.setdefault((line["ask"], line["sight"]), line)
        held["answers"] |= line["answers"]
    return kept


def due(kept: Kept, ask: Ask, sight: str, asked: Sequence[Asked]) -> list[Asked]:
    """The probes that have not been asked about a clip yet."""
    line = kept.get((ask.id, sight_key(sight)))
    if line is not None and line["void"]:
        return []
    return [a for a in asked if line is None or a.key not in line["answers"]]


class Stage:
    """A cell's clips, played when they are asked for."""

    def __init__(self, cell: Cell, material: Material) -> None:
        self.cell, self.material, self.script = cell, material, cell.script(material)

    @cached_property
    def valid(self) -> Take:
        """The take with nothing wrong."""
        return self._play(None)

    def show(self, ask: Ask) -> tuple[Clip, Take | None]:
        """A clip, with its truth where there is one.

        Raises:
            UsageError: the violation has no place in the scene.
        """
        if ask.what == "valid":
            return self.valid.clip, self.valid
        if ask.what in ("twin", "rung"):
            take = self._play(self._violation(ask))
            return take.clip, take
        if ask.what == "nuisance":
            return spoiling.NUISANCES[ask.name](self.valid.clip, self._rng(ask.id)), None
        return spoiling.control(ask.name, self.valid.clip, self._rng(ask.id), self._films), None

    def _rng(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng(seed_sequence(self.cell.family, self.cell.seed, f"certify/{purpose}"))

    def _violation(self, ask: Ask) -> Violation:
        """A twin's violation; a rung of the ladder has the same one, at its own severity."""
        from simulator.violations import draw

        rng = self._rng(ask.name)
        level = float(rng.uniform(*self.material.severity))
        if ask.name in WITHOUT_DEGREES:
            level = 1.0
        return draw(self.script, rng, kind=ask.name, severity=ask.level or level)

    def _play(self, violation: Violation | None) -> Take:
        from simulator.stage import play

        return play(self.script, self.cell.size, self.cell.size, self.cell.fps, violation=violation)

    def _films(self, clips: int, frames: int) -> list[np.ndarray]:
        from simulator.stage import film

        names, size = other_families(self.cell.family), self.cell.size
        scenes = [
            make_script(names[i % len(names)], self.cell.seed + i // len(names), split=self.material.split)
            for i in range(clips)
        ]
        return [film(scene, size, size, self.cell.fps, frames=frames).frames for scene in scenes]


class Examiner:
    """Asks the probes about the clips of one cell after the other; says each clip's id when it is done."""

    def __init__(self, setup: Setup) -> None:
        self.setup, self.asked = setup, [Asked(name) for name in setup.probes]

    def do(self, job: Job) -> Iterator[str]:
        """One cell."""
        path, stage = self.setup.path(job.cell), Stage(job.cell, self.setup.material)
        kept = read(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+") as file:
            _end_line(file)
            for ask in job.asks:
                wanted = {s: due(kept, ask, s, self.asked) for s in sights_of(ask, self.setup.sights)}
                for line in self._lines(stage, ask, {s: asked for s, asked in wanted.items() if asked}):
                    file.write(
                        json.dumps(line, default=lambda number: number.item()) + "\n"
                    )  # infinite strengths stay so
                file.flush()
                yield ask.id

    def _lines(self, stage: Stage, ask: Ask, wanted: dict[str, list[Asked]]) -> Iterator[Line]:
        if not wanted:
            return
        try:
            clip, take = stage.show(ask)
            void = None if ask.what not in ("twin", "rung") or broken(take) else "its moment did not come"
        except UsageError as error:
            clip, take, void = None, None, str(error)
        for sight, asked in wanted.items():
            line: Line = {"ask": ask.id, "sight": sight_key(sight), "void": void, "answers": {}}
            if void is None and clip is not None:
                observation = PERCEPTIONS.load(sight)(take if sight == "oracle" else clip)
                answers: dict[str, Answer] = {a.key: a.answer(observation, stage.script) for a in asked}
                line |= {
                    "digest": clip.digest,
                    "seconds": clip.seconds,
                    "moving": stage.valid.truth.camera_moves,
                    "broken": broken(take),
                    "acuity": _acuity(observation, take, ask, sight),
                    "answers": answers,
                }
            yield line


def _end_line(file: Any) -> None:
    """Put an end to a line that a kill left half written."""
    file.seek(0)
    text = file.read()
    if text and not text.endswith("\n"):
        file.write("\n")


def broken(take: Take | None) -> list[float] | None:
    """Start and end in seconds, and severity, of what is broken in a take."""
    said = take.truth.broken if take is not None else None
    return None if said is None else [said.start, said.end, said.severity]


def _acuity(observation: Any, take: Take | None, ask: Ask, sight: str) -> dict[str, float] | None:
    """How well a valid take was seen."""
    if ask.what != "valid" or sight == "oracle" or take is None:
        return None
    from probes.perception.acuity import acuity

    return {key: float(v) for key, v in acuity(observation, take).items() if math.isfinite(v)}
