"""`worldassay likelihood`: the share of twins of which a model finds the valid one likelier, by its denoising loss."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from evals.console import console, emit, plain
from evals.engine import Done, pool
from evals.execute import processes
from evals.progress import progress
from evals.record import now, write_record
from evals.spec import Spec, alone, claim, write_json
from evals.statistics import mean_interval
from evals.suite import Cell, Suite, prompt_of
from evals.work import build_model
from simulator.errors import UsageError
from simulator.scenarios import seed_sequence
from simulator.script import Script
from simulator.shot import ends

PAIRS, RESULT = "pairs.jsonl", "likelihood.json"
MATCHED = 1.1  # twins whose energies of motion differ by less than this factor
COLUMNS = ("family", "seed", "mode", "kind", "valid", "broken", "motion_valid", "motion_broken")
Row = dict[str, Any]


@dataclass(frozen=True)
class Setup:
    """What a process needs."""

    model: tuple[tuple[str, Any], ...]
    suite: Suite
    severity: float
    noise: tuple[tuple[str, int], ...]  # levels, draws and seed


class Reader:
    """Plays the twins of a scene and asks the model for its losses."""

    def __init__(self, setup: Setup) -> None:
        self.setup, self.model = setup, build_model(dict(setup.model))
        if not hasattr(self.model, "loss"):
            raise UsageError(f"model {self.model.name} tells no denoising loss; give a world model, e.g. model=late")

    def do(self, cell: Cell) -> Iterator[list[Row]]:
        """The pairs of one scene, each with the two losses and the two energies of motion."""
        from simulator.stage import play
        from simulator.violations import draw

        suite = self.setup.suite
        script, known = breakable(suite, cell), known_frames(suite, cell)
        size = (suite.height, suite.width, suite.fps)
        rows: list[Row] = []
        valid = None
        for kind in sorted({way.kind for way in script.breakable}):
            rng = np.random.default_rng(seed_sequence(cell.family, cell.seed, f"likelihood/{kind}"))
            violation = draw(script, rng, kind=kind, severity=self.setup.severity)
            take = play(script, *size, frames=suite.frames, violation=violation)
            if take.truth.broken is None:
                continue
            valid = valid or self._read(play(script, *size, frames=suite.frames).clip.frames, script, known)
            broken = self._read(take.clip.frames, script, known)
            values = (cell.family, cell.seed, cell.mode, kind, valid[0], broken[0], valid[1], broken[1])
            rows.append(dict(zip(COLUMNS, values, strict=True)))
        yield rows

    def _read(self, frames: np.ndarray, script: Script, known: int) -> tuple[float, float]:
        """The loss, and the energy of motion: the mean absolute change from frame to frame, of 1."""
        from simulator.clip import Clip

        clip = Clip(frames, self.setup.suite.fps)
        loss = self.model.loss(clip, prompt_of(script), known=known, **dict(self.setup.noise))  # type: ignore[attr-defined]
        new = frames[max(0, known - 1) :].astype(np.float32)
        return float(loss), float(np.abs(np.diff(new, axis=0)).mean()) / 255.0


def known_frames(suite: Suite, cell: Cell) -> int:
    """How many frames the model is given; a loss is asked for what follows them.

    Raises:
        UsageError: the mode gives frames at the end.
    """
    head, tail = ends(suite.known(cell.mode), suite.frames)
    if tail:
        raise UsageError(f"a likelihood needs modes without known frames at the end, not {cell.mode}; see suite.modes=")
    return head


def breakable(suite: Suite, cell: Cell) -> Script:
    """The scene's script with what can be broken after the frames that are given."""
    script, begin = suite.script(cell), known_frames(suite, cell) / suite.fps
    ways = tuple(replace(way, start=max(way.start, begin)) for way in script.breakable if way.end > begin)
    return replace(script, breakable=ways)


def summarise(rows: list[Row]) -> Row:
    """Preferences with 95 % intervals: of all pairs, of those matched in motion, by mode, by family, by kind.

    A preference is a mean over (family, seed) cells of the share of their pairs; pairs are counted beside it. `motion`
    is what a model would reach that finds likelier whatever moves less.
    """
    from simulator.model.likelihood import prefers

    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["prefers"] = prefers(table["valid"].to_numpy(float), table["broken"].to_numpy(float))
    moves = table["motion_valid"].to_numpy(float), table["motion_broken"].to_numpy(float)
    table["less_motion"] = prefers(*moves)
    matched = table[np.maximum(*moves) <= MATCHED * np.minimum(*moves)]
    return {
        "all": _share(table),
        "motion": _share(table, "less_motion"),
        "matched": _share(matched),
        **{
            f"by_{key}": {str(name): _share(part) for name, part in table.groupby(key, sort=True)}
            for key in ("mode", "family", "kind")
        },
    }


def _share(table: pd.DataFrame, column: str = "prefers") -> Row:
    cells = table.groupby(["family", "seed"], sort=True)[column].mean().reset_index()
    values = cells[column].to_numpy(float)
    low, high = mean_interval(values, cells["family"].to_numpy(str), (0.0, 1.0))
    mean = float(values.mean()) if len(values) else float("nan")
    return {"preference": mean, "low": low, "high": high, "pairs": len(table), "cells": len(cells)}


def show(told: Row, out: Console) -> None:
    """Print the table."""
    table = Table(title=f"{told['model']}: does it find valid twins likelier? (chance 50 %)", box=None)
    for name in ("twins", "preference", "95 % interval", "pairs", "cells"):
        table.add_column(name, justify="left" if name == "twins" else "right")
    parts = {"all": told["all"], f"motion alike within {MATCHED - 1:.0%}": told["matched"]}
    for group in ("mode", "family", "kind"):
        parts |= {f"{group} {name}": part for name, part in told[f"by_{group}"].items()}
    parts["(by less motion alone)"] = told["motion"]
    for name, part in parts.items():
        known = part["cells"] > 0
        interval = f"{part['low']:.0%} to {part['high']:.0%}" if part["cells"] > 1 else "–"
        share = f"{part['preference']:.1%}" if known else "–"
        table.add_row(name.replace("_", " "), share, interval, str(part["pairs"]), str(part["cells"]))
    out.print(table)


def _kept(path: Path) -> dict[str, list[Row]]:
    """The pairs by cell; a last line that a kill cut short is left out."""
    lines = path.read_text().splitlines(keepends=True) if path.is_file() else []
    return {cell["id"]: cell["pairs"] for cell in (json.loads(line) for line in lines if line.endswith("\n"))}


def fill(folder: Path, setup: Setup, spec: Spec, workers: int, asked: Row, out: Console) -> tuple[list[Row], list[str]]:
    """Read what is left of a suite; all pairs in the order of the suite, and what went wrong, by scene.

    Raises:
        UsageError: the folder holds another spec, another process works on it, or the model tells no loss.
    """
    claim(folder, spec, "likelihood")
    begun, clock, errors = now(), time.monotonic(), []
    with alone(folder):
        path, cells = folder / PAIRS, setup.suite.cells()
        kept = _kept(path)
        path.write_text("".join(_line(name, pairs) for name, pairs in kept.items()))
        left = [cell for cell in cells if cell.id not in kept]
        if 0 < len(left) < len(cells):
            out.print(f"going on: {len(cells) - len(left)} of {len(cells)} scenes are done", markup=False)
        with progress(out, str(folder), len(left)) as step, path.open("a") as file:
            for cell, said in pool("evals.likelihood:Reader", setup, left, workers):
                if isinstance(said, Done):
                    step()
                    errors += [f"{cell.id}: {said.error}"] if said.error is not None else []
                    continue
                kept[cell.id] = said.content
                file.write(_line(cell.id, said.content))
                file.flush()
        if left:
            write_record(folder, spec, asked, workers=workers, begun=begun, seconds=time.monotonic() - clock,
                         jobs=len(left))  # fmt: skip
    return [row for cell in cells for row in kept.get(cell.id, [])], errors


def _line(name: str, pairs: list[Row]) -> str:
    return json.dumps(plain({"id": name, "pairs": pairs}), sort_keys=True, allow_nan=False) + "\n"


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `likelihood`."""
    out, suite, settings = console(json_out), Suite.from_config(cfg["suite"], cfg["seed_offset"]), dict(cfg["model"])
    if not 0.0 < cfg["severity"] <= 1.0:
        raise UsageError(f"severity={cfg['severity']} is outside (0, 1]")
    for key, low, high in (("levels", 1, 100), ("draws", 1, 100), ("seed", 0, 2**31)):
        if not low <= cfg[key] <= high:
            raise UsageError(f"{key}={cfg[key]} is outside {low} to {high}")
    workers, noise = processes("local", cfg["workers"]), {key: int(cfg[key]) for key in ("levels", "draws", "seed")}
    setup = Setup(tuple(settings.items()), suite, float(cfg["severity"]), tuple(noise.items()))
    model = Reader(setup).model
    scripts = {cell.id: breakable(suite, cell) for cell in suite.cells()}
    pairs = sum(len({way.kind for way in script.breakable}) for script in scripts.values())
    if dry_run:
        out.print(f"{len(scripts)} scenes, {pairs} pairs, on {workers} processes, into {cfg['out']}", markup=False)
        if json_out:
            emit({"folder": cfg["out"], "scenes": len(scripts), "pairs": pairs, "processes": workers})
        return 0
    spec = {
        "model": {**model.identity(), "label": str(settings["label"])},
        "suite": suite.spec(),
        "families": {script.family: script.version for script in scripts.values()},
        "severity": setup.severity,
        "noise": noise,
    }
    rows, errors = fill(Path(cfg["out"]), setup, spec, workers, cfg, out)
    told = {"folder": cfg["out"], "model": str(settings["label"]), "suite": suite.name, "errors": errors}
    told |= summarise(rows)
    write_json(Path(cfg["out"]) / RESULT, plain(told))
    show(told, out)
    for line in errors[:3]:
        out.print(f"failed: {line}", markup=False)
    if json_out:
        emit(told)
    return 3 if errors else 0
