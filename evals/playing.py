"""Playing a suite into a dataset folder: the items, the worker that plays one, and what is left after a kill.

Files of a take come first, its line in the manifest last; the driver alone writes the manifest. While it works, lines
stand in the order in which takes are finished; in the end they are put into the order of the suite.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from evals.console import plain
from evals.engine import Done, pool
from evals.progress import progress
from evals.record import now, write_record
from evals.spec import Spec, alone, claim
from evals.suite import Cell, Suite, prompt_of
from simulator.scenarios import make_script, seed_sequence

Row = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One video of the dataset: a cell's valid take (kind None), or its twin with one law broken."""

    cell: Cell
    kind: str | None = None

    @property
    def id(self) -> str:
        """E.g. "drop_bounce-7" or "drop_bounce-7-vanish"."""
        return "-".join(filter(None, (self.cell.family, str(self.cell.seed), self.kind)))

    def told(self, suite: Suite) -> Row:
        """What its line says, whatever becomes of it; `twin` is the valid take that it goes with."""
        family, seed = self.cell.family, self.cell.seed
        twin = None if self.kind is None else Item(self.cell).id
        return {"id": self.id, "family": family, "seed": seed, "split": suite.split, "kind": self.kind, "twin": twin}


@dataclass(frozen=True)
class Setup:
    """What a worker has to know. `frames`: at most so many a clip; None: all."""

    suite: Suite
    folder: Path
    severity: float | None
    frames: int | None = None


@dataclass(frozen=True)
class Plan:
    """A dataset before it is played; `items` in the order of the manifest."""

    setup: Setup
    spec: Spec
    items: tuple[Item, ...]
    workers: int
    asked: dict[str, Any]

    @property
    def folder(self) -> Path:
        """Where the dataset lies."""
        return self.setup.folder


class Player:
    """Plays one item after the other and writes its files; answers with its line of the manifest."""

    def __init__(self, setup: Setup) -> None:
        from simulator.stage import film

        self.setup = setup
        suite = setup.suite  # a trial, so that what no clip can do (size, no GL library) is told once and at once
        film(make_script("drop_bounce", 0), suite.height, suite.width, suite.fps, frames=1)

    def do(self, item: Item) -> Iterator[Row]:
        """One item."""
        import numpy as np

        from simulator.dataset import write_take
        from simulator.stage import play
        from simulator.violations import draw

        suite, script = self.setup.suite, self.setup.suite.script(item.cell)
        frames = min(suite.frames, self.setup.frames or suite.frames)
        violation = None
        if item.kind is not None:
            rng = np.random.default_rng(seed_sequence(script.family, script.seed, f"violation/{item.kind}"))
            violation = draw(script, rng, kind=item.kind, severity=self.setup.severity)
        take = play(script, suite.height, suite.width, suite.fps, frames=frames, violation=violation)
        row = {
            **item.told(suite),
            **write_take(self.setup.folder, f"{script.family}/{item.id}", take),
            **{key: getattr(suite, key) for key in ("height", "width")},
            **{key: getattr(script, key) for key in ("version", "difficulty", "prompts", "counterfactuals")},
            "prompt": prompt_of(script),
            "fps": take.clip.fps,
            "frames": len(take.clip),
            "digest": take.clip.digest,
            "names": take.truth.names,
            "broken": asdict(take.truth.broken) if take.truth.broken else None,
            "inventory": [asdict(thing) for thing in script.inventory],
            "expected": [asdict(event) for event in script.expected],
            "parameters": script.parameters,
        }
        yield plain(row)


def _kept(folder: Path) -> dict[str, Row]:
    """The lines that stand: those of takes whose files are there."""
    from simulator.dataset import MANIFEST, read_manifest

    rows = read_manifest(folder) if (folder / MANIFEST).is_file() else []
    files = ("file", "truth", "preview")
    return {row["id"]: row for row in rows if all(key in row and (folder / row[key]).is_file() for key in files)}


def fill(plan: Plan, out: Console) -> list[Row]:
    """Play what is left of a plan; all lines of the manifest. A line with `error` is a take that could not be played.

    Raises:
        UsageError: the folder holds another dataset, another process works on it, or nothing can be drawn here.
    """
    from simulator.dataset import MANIFEST, manifest_line, write_manifest

    claim(plan.folder, plan.spec, "dataset")
    begun, clock = now(), time.monotonic()
    with alone(plan.folder):
        for stale in plan.folder.rglob(".*.tmp"):  # what a kill left half written
            stale.unlink()
        rows = _kept(plan.folder)
        left = [item for item in plan.items if item.id not in rows]
        if 0 < len(left) < len(plan.items):
            out.print(f"going on: {len(plan.items) - len(left)} of {len(plan.items)} videos are done", markup=False)
        write_manifest(plan.folder, rows.values())
        with progress(out, str(plan.folder), len(left)) as step, (plan.folder / MANIFEST).open("a") as manifest:
            for item, said in pool("evals.playing:Player", plan.setup, left, plan.workers):
                if isinstance(said, Done):
                    step()
                    if said.error is None:
                        continue
                row = {**item.told(plan.setup.suite), "error": said.error} if isinstance(said, Done) else said.content
                rows[item.id] = row
                manifest.write(manifest_line(row))
                manifest.flush()
        ordered = [rows[item.id] for item in plan.items]
        write_manifest(plan.folder, ordered)
        if left:
            seconds = time.monotonic() - clock
            write_record(
                plan.folder, plan.spec, plan.asked, workers=plan.workers, begun=begun, seconds=seconds, jobs=len(left)
            )
    return ordered
