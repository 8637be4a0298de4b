"""`worldassay train`: train the world model; the same command resumes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from evals.console import console, emit
from evals.progress import EVERY_S
from simulator.model.watch import Row, Watcher

if TYPE_CHECKING:
    from simulator.model.config import TrainConfig


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `train`. Of several processes the first one alone speaks."""
    from simulator.model.config import TrainConfig

    leads = os.environ.get("RANK", "0") == "0"
    out = console(json_out) if leads else Console(quiet=True)
    folder = Path(cfg["out"])
    config = TrainConfig.from_mapping({key: value for key, value in cfg.items() if key != "out"})
    _known_suite(config)
    told: dict[str, Any] = {"out": str(folder), "steps": config.steps, "batch": config.batch}
    if dry_run:
        told |= expected(config)
        out.print(
            f"{config.steps} steps of {config.batch} clips, out of {told['clips']} clips "
            f"({told['missing']} to be rendered, {told['bytes'] / 1e6:.0f} MB in all), into {folder}",
            markup=False,
        )
    else:
        from simulator.model.train import train

        with _one_of_us(folder, leads), watching(out, config, folder) as watch:
            train(config, folder, watch=watch)
        out.print(f"checkpoints in {folder}; try: worldassay run model=world model.checkpoint={folder}", markup=False)
    if json_out and leads:
        emit(told)
    return 0


def expected(config: TrainConfig) -> dict[str, int]:
    """Clips, those of them that have to be rendered first, and the bytes of all."""
    from simulator.model.data import path_of, training_rounds, validation_shards

    data = config.data
    shards = [*validation_shards(data), *(shard for some in training_rounds(data) for shard in some)]
    missing = [shard for shard in shards if not path_of(data, shard).with_suffix(".json").exists()]
    sizes = [shape.frames * shape.height * shape.width * 3 for shape in data.shapes]
    return {
        "clips": sum(len(shard.seeds) for shard in shards),
        "missing": sum(len(shard.seeds) for shard in missing),
        "bytes": sum(len(shard.seeds) * sizes[shard.shape] for shard in shards),
    }


def _known_suite(config: TrainConfig) -> None:
    """Raises UsageError before hours of training, not after."""
    from evals.config import names
    from simulator.errors import unknown

    if config.probe_every and config.probe_suite not in names("suite"):
        raise unknown("suite", config.probe_suite, names("suite"))


@contextmanager
def _one_of_us(folder: Path, leads: bool) -> Iterator[None]:
    """No two runs in one folder."""
    from evals.spec import alone

    folder.mkdir(parents=True, exist_ok=True)
    if not leads:
        yield
        return
    with alone(folder):
        yield


@contextmanager
def watching(out: Console, config: TrainConfig, folder: Path) -> Iterator[Watcher]:
    """What shows a run to a person: bars on a terminal, plain lines elsewhere."""
    if not out.is_terminal:
        yield Lines(out, config, folder)
        return
    columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    told = (TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, *told, console=out) as bars:
        yield Bars(out, config, folder, bars)


class Lines(Watcher):
    """Plain lines, not too many of them, and scores by the probes."""

    def __init__(self, out: Console, config: TrainConfig, folder: Path) -> None:
        self.out, self.config, self.folder = out, config, folder
        self._said, self._begun = 0.0, time.monotonic()
        self._first: int | None = None  # the step before the first one of this process

    def rendered(self, clips: int, total: int) -> None:
        if self._due() or clips == total:
            self.says(f"{clips} of {total} clips rendered")

    def stepped(self, step: int, loss: float) -> None:
        if self._first is None:
            self._first, self._begun = step - 1, time.monotonic()
            if step > 1:
                self.says(f"going on after step {step - 1}")
        if step == self.config.steps or self._due():
            self.says(f"step {step}/{self.config.steps}: loss {loss:.4f}{self._left(step)}")

    def logged(self, row: Row) -> None:
        figures = [f"{key} {value:.3f}" for key, value in row.items() if key.startswith(("validation_", "probe_"))]
        if figures:
            self.says(f"step {row['step']:.0f}: {', '.join(figures)}")

    def says(self, line: str) -> None:
        self.out.print(line, markup=False)

    def scores(self, checkpoint: Path, step: int) -> Row:
        try:
            return scores(checkpoint, self.config, self.folder / "probes", step)
        except Exception as error:  # hours of training must not end by it
            self.says(f"no scores at step {step}: {type(error).__name__}: {error}")
            return {}

    def _left(self, step: int) -> str:
        done = step - (self._first or 0)
        if done < 2:
            return ""
        spent = time.monotonic() - self._begun
        return f", {spent:.0f} s spent, about {spent / (done - 1) * (self.config.steps - step):.0f} s left"

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._said < EVERY_S:
            return False
        self._said = now
        return True


class Bars(Lines):
    """A bar for the clips that are rendered and one for the steps, with the loss beside it."""

    def __init__(self, out: Console, config: TrainConfig, folder: Path, bars: Progress) -> None:
        super().__init__(out, config, folder)
        self.bars = bars
        self._clips: Any = None
        self._steps: Any = None

    def rendered(self, clips: int, total: int) -> None:
        if self._clips is None:
            self._clips = self.bars.add_task("rendering clips", total=total, told="")
        self.bars.update(self._clips, completed=clips)

    def stepped(self, step: int, loss: float) -> None:
        if self._steps is None:
            self._steps = self.bars.add_task("training", total=self.config.steps, completed=step - 1, told="")
        self.bars.update(self._steps, completed=step, told=f"loss {loss:.4f}")

    def says(self, line: str) -> None:
        self.bars.console.print(line, markup=False)


def scores(checkpoint: Path, config: TrainConfig, folder: Path, step: int) -> Row:
    """What the probes say of a checkpoint's clips of the configured suite: mean scores and the clean rate, each with
    the number of clips behind it. The run with its clips stays in FOLDER/STEP-DIGEST."""
    from evals import config as configuration
    from evals.execute import execute
    from evals.run import plan
    from evals.store import load
    from evals.summary import summarise
    from simulator.model.checkpoint import digest

    home = folder / f"{step:06}-{digest(checkpoint)[:8]}"
    keys = ["model=world", f"model.label=step-{step}", f"model.checkpoint={checkpoint}", f"out={home}"]
    asked = plan(configuration.load("run", [*keys, f"suite={config.probe_suite}"]))
    execute(asked, Console(quiet=True))
    summary = summarise(load(home))
    row: Row = {}
    for name, probe in summary["probes"].items():
        if probe["mean"] is not None:
            row |= {name: float(probe["mean"]), f"{name}_n": float(probe["scored"])}
    if summary["clean_rate"] is not None:
        row |= {"clean_rate": float(summary["clean_rate"])}
        row["clean_rate_n"] = float(round(summary["coverage"] * summary["shots"]))
    return row
