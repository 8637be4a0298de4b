"""The whole measurement: from a configuration to the certificate as one document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from evals.certify import agreement, bars, evidence, figures, verdicts
from evals.certify.answers import Asked
from evals.certify.asking import Cell, Material
from evals.certify.cells import Setup, sight_key
from evals.certify.gathering import gather, jobs, seconds_a_clip
from evals.certify.labelled import SIGHT, Labels, keys, read_labels, watch
from evals.console import plain
from evals.disk import replace_text
from evals.engine import default_workers
from evals.record import git_revision, versions
from evals.registries import PERCEPTIONS
from evals.spec import alone
from evals.suite import listed
from probes.base import PROBES
from simulator.errors import UsageError, unknown
from simulator.scenarios import FAMILIES, SPLITS, VIEWS
from simulator.violations import VIOLATIONS

SIDES = (32, 1024)  # pixels; even, so that half of it and H.264 can be had
CALIBRATED_FROM = 0.4  # severity of violations that own tables are fitted on, as in `calibrate`


@dataclass(frozen=True)
class Plan:
    """What is measured. judged: the size that bars are for. own: scenes of the calibration split, for folds."""

    out: Path
    setup: Setup
    cells: tuple[Cell, ...]
    judged: int
    folds: int
    own: tuple[Cell, ...]
    labels: Labels | None
    generated: str
    workers: int
    asked: dict[str, Any]

    @property
    def calibration(self) -> Setup:
        """How answers for own tables are gathered."""
        return verdicts.calibration_setup(self.setup, CALIBRATED_FROM)


def plan(cfg: Mapping[str, Any]) -> Plan:
    """The plan of a resolved configuration; nothing is written yet.

    Raises:
        UsageError: what the configuration asks for does not exist or does not fit.
    """
    families = _names(cfg["families"], "family", FAMILIES.names())
    probes = _names("all" if cfg["probes"] is None else cfg["probes"], "probe", PROBES.names())
    kinds = _names(cfg["kinds"], "violation", VIOLATIONS.names())
    sights = _names(cfg["perception"], "perception", PERCEPTIONS.names())
    sizes, severity = _sizes(cfg["size"]), _severity(cfg["severity"])
    for noun, allowed in (("split", SPLITS), ("view", VIEWS)):
        if cfg[noun] not in allowed:
            raise unknown(noun, cfg[noun], allowed)
    if not 1 <= cfg["fps"] <= 240:
        raise UsageError(f"fps={cfg['fps']} is outside 1 to 240")
    for key, least in (("seeds", 1), ("seed_offset", 0), ("ladders", 0), ("leave_out", 0), ("calibration_seeds", 2)):
        if cfg[key] < least:
            raise UsageError(f"{key}={cfg[key]} is less than {least}")
    if cfg["leave_out"] == 1 or (families and cfg["leave_out"] > len(families)):
        raise UsageError(f"leave_out={cfg['leave_out']} is not 0 or 2 to {len(families)}, the number of families")
    if not families and cfg["labels"] is None:
        raise UsageError("nothing to measure: give families=, or labels= with a file of labelled videos")
    if not sights or not probes:
        raise UsageError("give at least one of perception= and of probes=")
    material = Material(cfg["split"], cfg["view"], severity, None if kinds == VIOLATIONS.names() else tuple(kinds))
    out, judged = Path(str(cfg["out"])), max(sizes)
    setup = Setup(material, out / "answers", tuple(sights), tuple(probes))
    seeds = range(cfg["seed_offset"], cfg["seed_offset"] + cfg["seeds"])
    cells = [
        Cell(family, seed, size, float(cfg["fps"]), _parts(size == judged, i < cfg["ladders"]))
        for size in sizes
        for family in families
        for i, seed in enumerate(seeds)
    ]
    own = verdicts.calibration_cells(families, cfg["calibration_seeds"], sizes, float(cfg["fps"]))
    found = Plan(
        out=out, setup=setup, cells=tuple(cells), judged=judged, folds=cfg["leave_out"],
        own=tuple(own) if cfg["leave_out"] else (), labels=None if cfg["labels"] is None else read_labels(cfg),
        generated=str(cfg["generated"]), workers=cfg["workers"] or default_workers(), asked=dict(cfg),
    )  # fmt: skip
    if not found.folds and cells:
        verdicts.shipped(setup)  # told now, not after hours
    return found


def _parts(judged: bool, ladder: bool) -> tuple[str, ...]:
    """What is looked at in a cell: the size that is judged has everything, the others stand beside it."""
    return ("twins", *(("ladders",) if ladder else ()), "nuisances", "controls") if judged else ("twins",)


def _names(asked: Any, noun: str, allowed: list[str]) -> list[str]:
    """The names that are meant, in the order of the registry."""
    given = listed(asked)
    if given in (["all"], ["none"]):
        return allowed if given == ["all"] else []
    for name in given:
        if name not in allowed:
            raise unknown(noun, name, ("all", "none", *allowed))
    return [name for name in allowed if name in given]


def _sizes(asked: Any) -> list[int]:
    sizes = asked if isinstance(asked, list) else [asked]
    low, high = SIDES
    if not sizes or not all(isinstance(s, int) and low <= s <= high and s % 2 == 0 for s in sizes):
        raise UsageError(f"size={asked} is not a list of even numbers of pixels, {low} to {high}")
    return sorted(set(sizes))


def _severity(asked: Any) -> tuple[float, float]:
    if not (isinstance(asked, list) and len(asked) == 2 and 0 < asked[0] <= asked[1] <= 1):
        raise UsageError(f"severity={asked} is not a range within (0, 1], e.g. severity=[0.6,1]")
    return float(asked[0]), float(asked[1])


def rehearse(asked: Plan) -> dict[str, Any]:
    """What is left to do: cells, clips and minutes; minutes from a few clips that are played and thrown away."""
    counts, minutes = {}, 0.0
    parts = {"test": (asked.setup, asked.cells), "calibration": (asked.calibration, asked.own)}
    for name, (setup, cells) in parts.items():
        left, total = jobs(setup, cells)
        clips = sum(len(job.asks) for job in left)
        counts[name] = {"cells": len(cells), "clips": total, "left": clips}
        if clips:
            minutes += clips * seconds_a_clip(setup, [job.cell for job in left]) / min(asked.workers, len(left)) / 60
    videos = len(asked.labels.videos) if asked.labels else 0
    return {"out": str(asked.out), **counts, "labelled": videos, "workers": asked.workers, "minutes": round(minutes, 1)}


def measure(asked: Plan, out: Console) -> dict[str, Any]:
    """Do what is left to do and write OUT/certificate.json; its content, with null where there is no number."""
    asked.out.mkdir(parents=True, exist_ok=True)
    with alone(asked.out):
        failed = gather(asked.setup, asked.cells, asked.workers, out, "certify")
        if asked.own:
            failed += gather(asked.calibration, asked.own, asked.workers, out, "calibration split")
        document = _head(asked)
        rows = _simulated(asked, document) if asked.cells else []
        if asked.labels is not None:
            rows += _labelled(asked, document, failed, out)
        document["rows"] = bars.judge(rows, asked.judged)
        document["bars"] = bars.summary(document["rows"])
        document["holds"] = all(not line["missed"] for line in document["bars"])
        document["failed"] = failed
        document = plain(document)
        replace_text(asked.out / "certificate.json", json.dumps(document, indent=1, allow_nan=False) + "\n")
    return document


def _head(asked: Plan) -> dict[str, Any]:
    """What was measured, by what; nothing in it depends on how many processes there were."""
    return {
        "material": asdict(asked.setup.material) | {
            "families": list(dict.fromkeys(cell.family for cell in asked.cells)),
            "seeds": sorted({cell.seed for cell in asked.cells}),
            "sizes": sorted({cell.size for cell in asked.cells}),
            "fps": asked.asked["fps"],
            "judged_size": asked.judged if asked.cells else None,
        },
        "probes": {a.probe.name: a.probe.version for a in map(Asked, asked.setup.probes)},
        "sights": [sight_key(name) for name in (asked.setup.sights if asked.cells else (SIGHT,))],
        "folds": asked.folds,
        "record": {"git": git_revision(), "packages": versions()},
        "asked": {key: value for key, value in asked.asked.items() if key not in ("workers", "out")},
    }  # fmt: skip


def _simulated(asked: Plan, document: dict[str, Any]) -> list[figures.Row]:
    judge = (
        verdicts.left_out(asked.calibration, asked.own, document["material"]["families"], asked.folds)
        if asked.folds
        else verdicts.shipped(asked.setup)
    )
    told = verdicts.readings(asked.setup, asked.cells, judge)
    if told.empty:
        return []
    document["voids"] = verdicts.voids(asked.setup, asked.cells)
    rows, more = summarise(told, asked.setup.probes, 1.0 / asked.asked["fps"])
    document |= more
    return rows + evidence.sight(verdicts.acuities(asked.setup, asked.cells))


def summarise(told: pd.DataFrame, probes: tuple[str, ...], frame: float) -> tuple[list[figures.Row], dict[str, Any]]:
    """All figures of a table of readings, and what else the page shows; frame: seconds."""
    clips = figures.wide(told)
    doses, curves = figures.ladders(clips, probes)
    errors, diagrams = evidence.calibration(clips, probes)
    rows = [
        *figures.discrimination(clips, probes),
        *figures.alarms(clips, probes),
        *doses,
        *evidence.detections(told, probes, frame),
        *evidence.contributions(clips, probes),
        *evidence.constant(clips),
        *evidence.failures(told),
        *errors,
    ]
    more = {"curves": curves, "diagrams": diagrams, "coverage": evidence.coverage(told)}
    return rows, more | {"clips": len(clips), "scenes": _scenes(clips)}


def _scenes(clips: pd.DataFrame) -> dict[str, int]:
    """Scenes by camera."""
    scenes = clips.drop_duplicates(["family", "seed"])
    return {"still": int((~scenes["moving"].astype(bool)).sum()), "moving": int(scenes["moving"].astype(bool).sum())}


def _labelled(asked: Plan, document: dict[str, Any], failed: list[str], out: Console) -> list[figures.Row]:
    assert asked.labels is not None
    labels, probes = asked.labels, asked.setup.probes
    lines = watch(labels, probes, asked.out / "labelled.jsonl", asked.workers, out)
    failed += [f"{v.name}: {line['error']}" for v, line in zip(labels.videos, lines, strict=True) if "error" in line]
    scores = agreement.values(lines, probes)
    document["labels"] = {
        "file": Path(str(asked.asked["labels"])).name,
        "violated": sum(v.violated for v in labels.videos),
        "clean": sum(not v.violated for v in labels.videos),
        "others": labels.others,
        "readings": keys(probes),
        "strata": len(np.unique(agreement.strata(np.array([line.get("motion", np.nan) for line in lines], float)))),
        "videos": [
            {"file": v.name, "violated": v.violated, "types": list(v.types), "motion": line.get("motion"),
             **{name: float(score[i]) for name, score in scores.items()}}
            for i, (v, line) in enumerate(zip(labels.videos, lines, strict=True))
        ],
    }  # fmt: skip
    return agreement.figures(labels, lines, probes, asked.generated)
