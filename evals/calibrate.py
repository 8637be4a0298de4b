"""`worldassay calibrate`: fit the probes' tables on valid and violated takes of the calibration split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evals.certify.answers import Asked
from evals.certify.asking import Cell, Material, asks
from evals.certify.cells import Setup, read, sight_key
from evals.certify.gathering import gather, jobs
from evals.console import console, emit
from evals.engine import default_workers
from probes.base import PROBES, Probe
from probes.calibration import Table, dumps, file_name
from simulator.errors import UsageError
from simulator.scenarios import FAMILIES

SPLIT = "calibration"
CONTROLS = {  # the probe to what it has to reject besides the violations of its kinds
    "permanence": ("noise", "shuffled"),
    "plausibility": ("shuffled",),
    "consistency3d": ("noise", "shuffled"),
    "adherence": ("frozen", "noise", "shuffled"),
}
Tables = dict[tuple[str, str], Table]  # by probe and by sight, e.g. "classical"


def material(severity: float) -> Material:
    """What tables are fitted on, with violations from `severity` on."""
    return Material(SPLIT, "any", (severity, 1.0), controls=("frozen", "noise", "shuffled"))


def cells(families: Sequence[str], seeds: int, sizes: Sequence[int], rates: Sequence[float]) -> list[Cell]:
    """So many scenes of each family; sizes and frame rates take their turns."""
    return [
        Cell(family, seed, sizes[seed % len(sizes)], rates[seed // len(sizes) % len(rates)], ("twins", "controls"))
        for family in families
        for seed in range(seeds)
    ]


def fitted_probes() -> list[str]:
    """The probes that have a table."""
    return [name for name in PROBES.names() if Asked(name).find is not None]


def tables(setup: Setup, scenes: Sequence[Cell]) -> Tables:
    """The tables for the answers that are kept for some cells; none where there are not both classes to fit on."""
    from probes.calibration.fitting import fit

    found: Tables = {}
    for asked in map(Asked, setup.probes):
        for sight in setup.sights:
            rows = list(_rows(setup, scenes, asked, sight))
            violated = np.array([wrong for _, wrong in rows], bool)
            if asked.laws and violated.any() and not violated.all():
                probe, x = asked.probe, np.array([strengths for strengths, _ in rows])
                found[probe.name, sight] = fit(
                    x, violated, asked.laws, probe=probe.name, version=probe.version, perception=sight_key(sight)
                )
    return found


def _rows(setup: Setup, scenes: Sequence[Cell], asked: Asked, sight: str) -> Iterator[tuple[list[float], bool]]:
    """Strengths by law, and whether something is wrong that the probe has to see."""
    for cell in scenes:
        kept = read(setup.path(cell))
        for ask in asks(cell, setup.material):
            line = kept.get((ask.id, sight_key(sight)))
            wrong = counts(asked.probe, ask.name or None)
            if line is not None and wrong is not None and asked.key in line["answers"]:
                strengths = asked.strengths(line["answers"][asked.key])
                if strengths is not None:
                    yield strengths, wrong


def counts(probe: Probe, wrong: str | None) -> bool | None:
    """Whether a clip is a violation for a probe, by what is wrong with it; None if it says nothing about it."""
    if wrong is None:
        return False
    return True if wrong in (*probe.kinds, *CONTROLS.get(probe.name, ())) else None


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `calibrate`: OUT/PROBE-vN.json for every probe, a table for each kind of perception.

    What the probes noticed is kept in WORK, so that the same command goes on where it was stopped.
    """
    if not 2 <= cfg["seeds"] <= 1000:
        raise UsageError(f"seeds={cfg['seeds']} is outside 2 to 1000")
    out, scenes = console(json_out), cells(FAMILIES.names(), cfg["seeds"], _listed(cfg, "size"), _listed(cfg, "fps"))
    sights, work = tuple(_listed(cfg, "perceptions")), Path(str(cfg["work"]))
    setup = Setup(material(float(cfg["severity"])), work, sights, tuple(fitted_probes()))
    if dry_run:
        left, total = jobs(setup, scenes)
        clips = sum(len(job.asks) for job in left)
        out.print(f"{len(scenes)} scenes, {clips} of {total} clips are left, into {cfg['out']}", markup=False)
        return 0
    errors = gather(setup, scenes, cfg["workers"] or default_workers(), out, "calibrate")
    for error in errors:
        out.print(f"failed: {error}", markup=False)
    found = tables(setup, scenes)
    _write(found, Path(str(cfg["out"])))
    for (name, sight), table in found.items():
        out.print(f"{name} {sight}: {table.valid} valid, {table.violated} violated", markup=False)
    if json_out:
        emit({"folder": str(cfg["out"]), "tables": [table.__dict__ for table in found.values()], "failed": errors})
    return 3 if errors else 0


def _listed(cfg: Mapping[str, Any], key: str) -> list[Any]:
    value = cfg[key]
    return list(value) if isinstance(value, list) else [value]


def _write(found: Tables, folder: Path) -> None:
    """One file for each probe."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(probe for probe, _ in found):
        own = [table for (probe, _), table in found.items() if probe == name]
        (folder / file_name(name, own[0].version)).write_text(dumps(own))
