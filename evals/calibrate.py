"""`worldassay calibrate`: fit the probes' tables on valid and violated takes of the calibration split."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.console import console, emit
from evals.progress import progress
from evals.registries import PERCEPTIONS
from probes.base import PROBES, Probe
from probes.calibration import Table, dumps, file_name
from probes.evidence import Found, greatest
from probes.perception.observation import Observation
from simulator.adapters import MODELS
from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.scenarios import FAMILIES, make_script, seed_sequence
from simulator.script import Script
from simulator.shot import Shot
from simulator.truth import Take

SPLIT = "calibration"
CONTROLS = {  # the probe to what it has to reject besides the violations of its kinds
    "permanence": ("noise", "shuffled"),
    "plausibility": ("shuffled",),
    "consistency3d": ("noise", "shuffled"),
    "adherence": ("frozen", "noise", "shuffled"),
}


@dataclass(frozen=True)
class Sample:
    """A clip to fit on: `wrong` is None for a valid take, or the kind of violation, or a control model's name."""

    script: Script
    wrong: str | None
    take: Take | None
    clip: Clip


def samples(
    families: Sequence[str], seeds: Sequence[int], size: int, fps: float, severity: float, *, split: str = SPLIT
) -> Iterator[Sample]:
    """Valid takes, a twin for each kind of violation that their scripts allow, and control models' clips."""
    from simulator.stage import play
    from simulator.violations import draw

    for family in families:
        for seed in seeds:
            script = make_script(family, seed, split=split)
            valid = play(script, size, size, fps)
            yield Sample(script, None, valid, valid.clip)
            for kind in sorted({b.kind for b in script.breakable}):
                rng = np.random.default_rng(seed_sequence(family, seed, f"calibrate/{kind}"))
                level = float(rng.uniform(severity, 1.0))
                take = play(script, size, size, fps, violation=draw(script, rng, kind=kind, severity=level))
                if take.truth.broken is not None:
                    yield Sample(script, kind, take, take.clip)
            for name in ("frozen", "noise", "shuffled"):
                shot = Shot(
                    f"{family}-{seed}", script.prompts[0], size, size, len(valid.clip), fps, seed, script=script
                )
                yield Sample(script, name, None, MODELS.load(name)().generate(shot))


def look(sample: Sample, kind: str) -> Observation | None:
    """The sample as a kind of perception sees it; None where oracle sight has no truth to look at."""
    if kind == "oracle" and sample.take is None:
        return None
    observation: Observation = PERCEPTIONS.load(kind)(sample.take if kind == "oracle" else sample.clip)
    return observation


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `calibrate`: OUT/PROBE-vN.json for every probe, a table for each kind of perception."""
    if not 2 <= cfg["seeds"] <= 1000:
        raise UsageError(f"seeds={cfg['seeds']} is outside 2 to 1000")
    modules = {name: importlib.import_module(PROBES.entry(name).target.split(":")[0]) for name in PROBES.names()}
    rows: dict[tuple[str, str], list[tuple[list[float], bool]]] = {}
    versions: dict[str, int] = {}
    out, kinds = console(json_out), list(cfg["perceptions"])
    count = len(FAMILIES.names()) * cfg["seeds"]
    if dry_run:
        out.print(f"{count} scripts, about ten clips each, into {cfg['out']}", markup=False)
        return 0
    with progress(out, "calibrate", count) as step:
        for sample in samples(FAMILIES.names(), range(cfg["seeds"]), cfg["size"], cfg["fps"], cfg["severity"]):
            for kind in kinds:
                observation = look(sample, kind)
                if observation is None:
                    continue
                versions[kind] = observation.version
                for name, module in modules.items():
                    counts = _counts(module.PROBE, sample.wrong)
                    found = module.find(observation, sample.script) if counts is not None else None
                    if isinstance(found, Found):
                        strengths = list(greatest(found.findings, module.LAWS).values())
                        rows.setdefault((name, kind), []).append((strengths, bool(counts)))
            if sample.wrong is None:
                step()
    folder = Path(cfg["out"])
    folder.mkdir(parents=True, exist_ok=True)
    tables = {name: [_fit(name, modules[name], kind, versions[kind], rows[name, kind]) for kind in kinds]
              for name in modules}  # fmt: skip
    for name, fitted in tables.items():
        (folder / file_name(name, modules[name].VERSION)).write_text(dumps(fitted))
        for table in fitted:
            out.print(f"{name} {table.perception}: {table.valid} valid, {table.violated} violated", markup=False)
    if json_out:
        emit({"folder": str(folder), "tables": [table.__dict__ for fitted in tables.values() for table in fitted]})
    return 0


def _counts(probe: Probe, wrong: str | None) -> bool | None:
    """Whether a sample is a violation for a probe; None if it says nothing about it."""
    if wrong is None:
        return False
    return True if wrong in (*probe.kinds, *CONTROLS[probe.name]) else None


def _fit(name: str, module: Any, kind: str, version: int, rows: list[tuple[list[float], bool]]) -> Table:
    from probes.calibration.fitting import fit

    strengths, violated = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    return fit(strengths, violated, module.LAWS, probe=name, version=module.VERSION, perception=f"{kind}-v{version}")
