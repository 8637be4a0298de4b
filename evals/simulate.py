"""`worldassay simulate`: a suite's scripts played, valid or violated, as a dataset of videos with truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.console import console, emit
from evals.progress import progress
from evals.spec import canonical
from evals.suite import Cell, Suite, prompt_of
from simulator.errors import UsageError, unknown
from simulator.scenarios import seed_sequence

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True)
class Item:
    """One video of the dataset: a cell's valid take (kind None), or its twin with one law broken."""

    cell: Cell
    kind: str | None

    @property
    def id(self) -> str:
        """E.g. "drop_bounce-7" or "drop_bounce-7-vanish"."""
        return "-".join(filter(None, (self.cell.family, str(self.cell.seed), self.kind)))


def items(suite: Suite, violations: str) -> Iterator[Item]:
    """What to play: the valid takes, and for `all` or one kind the twins of those whose script allows it."""
    for cell in suite.cells():
        if cell.mode != suite.modes[0]:
            continue
        yield Item(cell, None)
        if violations != "none":
            kinds = sorted({b.kind for b in suite.script(cell).breakable})
            yield from (Item(cell, kind) for kind in kinds if violations in ("all", kind))


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `simulate`.

    OUT/manifest.jsonl has one line a video, written after its files: ID.mkv (lossless), ID.npz (every field of
    Truth), ID.png (six frames side by side). The same command goes on where it was stopped.
    """
    from simulator.violations import VIOLATIONS

    suite = Suite.from_config(cfg["suite"], cfg["seed_offset"])
    if cfg["violations"] not in ("none", "all", *VIOLATIONS.names()):
        raise unknown("violation", cfg["violations"], ("none", "all", *VIOLATIONS.names()))
    if cfg["severity"] is not None and not 0 <= cfg["severity"] <= 1:
        raise UsageError(f"severity={cfg['severity']} is outside [0, 1]")
    folder, out = Path(cfg["out"]), console(json_out)
    wanted = list(items(suite, cfg["violations"]))
    asked = {"suite": suite.spec(), "severity": cfg["severity"]}
    told = {"folder": str(folder), "videos": len(wanted), "manifest": str(folder / MANIFEST)}
    if not dry_run:
        done = _done(folder, canonical(asked))
        left = [item for item in wanted if item.id not in done]
        with progress(out, str(folder), len(left)) as step, (folder / MANIFEST).open("a") as manifest:
            for item in left:
                manifest.write(canonical(_play(suite, item, folder, cfg["severity"])) + "\n")
                manifest.flush()
                step()
    out.print(f"{len(wanted)} videos {'would go ' if dry_run else ''}into {folder}", markup=False)
    if json_out:
        emit(told)
    return 0


def _done(folder: Path, asked: str) -> set[str]:
    """The ids that the manifest lists; `suite.json` beside it says what was asked.

    Raises:
        UsageError: the folder holds something else.
    """
    held = folder / "suite.json"
    if held.is_file() and held.read_text() != asked:
        raise UsageError(f"{folder} holds takes of another suite or severity; choose another out=")
    if not held.is_file() and folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and holds no takes; choose another out=")
    folder.mkdir(parents=True, exist_ok=True)
    held.write_text(asked)
    path = folder / MANIFEST
    whole = [line for line in path.read_text().splitlines(True) if line.endswith("\n")] if path.is_file() else []
    path.write_text("".join(whole))  # a line that a kill cut short goes
    return {json.loads(line)["id"] for line in whole}


def _play(suite: Suite, item: Item, folder: Path, severity: float | None) -> dict[str, Any]:
    """Play one item and write its files; its line of the manifest."""
    import numpy as np

    from simulator.clip import write_video
    from simulator.picture import write_png
    from simulator.stage import play
    from simulator.violations import draw

    script = suite.script(item.cell)
    violation = None
    if item.kind is not None:
        rng = np.random.default_rng(seed_sequence(script.family, script.seed, f"violation/{item.kind}"))
        violation = draw(script, rng, kind=item.kind, severity=severity)
    take = play(script, suite.height, suite.width, suite.fps, frames=suite.frames, violation=violation)
    truth = take.truth
    arrays: dict[str, Any] = {k: v for k, v in vars(truth).items() if isinstance(v, np.ndarray)}
    told = {"names": list(truth.names), "events": [asdict(e) for e in truth.events]}
    broken = asdict(truth.broken) if truth.broken else None
    np.savez_compressed(folder / f"{item.id}.npz", **arrays)
    strip = take.clip.frames[np.linspace(0, len(take.clip) - 1, 6).round().astype(int)]
    write_png(folder / f"{item.id}.png", np.concatenate(list(strip), axis=1))
    write_video(folder / f"{item.id}.mkv", take.clip)
    return {
        "id": item.id, "file": f"{item.id}.mkv", "truth": f"{item.id}.npz", "preview": f"{item.id}.png",
        "family": script.family, "seed": script.seed, "split": script.split, "prompt": prompt_of(script),
        "fps": suite.fps, "digest": take.clip.digest, "broken": broken, **told,
    }  # fmt: skip
