"""The yardstick's page: errors of velocity inside and outside the training range, beside PhyWorld's published ones."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals import console, yardstick
from reports import yardstick_plots
from reports.page import NONE, made, write_page
from simulator.errors import UsageError
from simulator.yardstick import splits
from simulator.yardstick.worlds import SETUPS

Row = dict[str, Any]
MISSING_AT_MOST = 0.01  # of the pairs of frames, or an error is marked as resting on what was left
OUTSIDE = [split.name for split in splits.OUTSIDE if not split.name.startswith(("small", "both"))]
MEANING = {
    "inside": "speed 1 to 4, radius 0.7 to 1.4",
    "held_out": "of the inside, what training left out",
    "slow_near": "speed 0.4 to 0.8", "slow_far": "speed 0 to 0.4",
    "fast_near": "speed 4.5 to 5.25", "fast_far": "speed 5.25 to 6",
    "small_near": "radius 0.45 to 0.6", "small_far": "radius 0.3 to 0.45",
    "large_near": "radius 1.5 to 1.75", "large_far": "radius 1.75 to 2",
    "both_near": "speed and radius outside, near", "both_far": "speed and radius outside, far",
}  # fmt: skip
PUBLISHED = [  # Kang et al. 2024, arXiv 2411.02385v2: section 3.2, tables 1, 3 and 4
    dict(zip(("setup", "model", "parameters", "clips", "inside", "outside"), row, strict=True))
    for row in (
        ("uniform", "DiT-S", 22.5e6, 30e3, 0.022, None),
        ("uniform", "DiT-B", 89.5e6, 30e3, None, 0.433),
        ("uniform", "DiT-B", 89.5e6, 300e3, None, 0.328),
        ("uniform", "DiT-B", 89.5e6, 3e6, 0.0138, 0.358),
        ("uniform", "DiT-L", 310e6, 3e6, 0.012, 0.427),
        ("uniform", "true videos", None, None, 0.0099, 0.0104),
        ("parabola", "true videos", None, None, 0.0210, None),
        ("collision", "true videos", None, None, 0.0117, None),
    )
]


def write(folders: Sequence[Path], out: Path) -> list[Row]:
    """Write index.html, its plots and strips of frames into `out`; the runs shown.

    Raises:
        UsageError: a folder holds no scores, or two have one name.
    """
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        raise UsageError(f"runs are named by their folders, and two of {', '.join(names)} are alike; rename one")
    runs = [told(name, yardstick.read(folder)) for name, folder in zip(names, folders, strict=True)]
    for run, folder in zip(runs, folders, strict=True):
        run["strips"] = _strips(run, folder, out)
    groups = [group(setup, [run for run in runs if run["setup"] == setup]) for setup in SETUPS]
    groups = [g for g in groups if g["runs"]]
    for g in groups:
        g["plots"] = yardstick_plots.draw(g, out)
    write_page(out, "index.html", "yardstick.html.j2", groups=groups, meaning=MEANING, dash=NONE, made=made())
    return runs


def told(name: str, scores: Mapping[str, Any]) -> Row:
    """A run as the page shows it; `outside` is the mean over the splits whose discs are slow, fast or large.

    Small ones tend to vanish; PhyWorld's own evaluation leaves out radii under 0.6 as well.
    """
    rows = {row["name"]: row for row in scores["splits"]}
    return {
        "name": name,
        "setup": scores["lesson"]["setup"],
        "lesson": scores["lesson"],
        "parameters": scores["parameters"],
        "step": scores["step"],
        "minutes": scores["seconds"] / 60,
        "tests": scores["tests"],
        "sampler_steps": scores["sampler_steps"],
        "splits": [row | {"shaky": row["missing"] > MISSING_AT_MOST} for row in scores["splits"]],
        "inside": rows["inside"]["error"],
        "outside": sum(rows[name]["error"] for name in OUTSIDE) / len(OUTSIDE),
        "by_steps": scores["by_steps"],
        "log": scores["log"],
    }


def group(setup: str, runs: list[Row]) -> Row:
    """The runs on one set-up, by size and then by clips, with what is published of it."""
    runs = sorted(runs, key=lambda r: (r["parameters"], r["lesson"]["clips"], r["name"]))
    names = [n for n in MEANING if any(row["name"] == n for run in runs for row in run["splits"])]
    floors = {row["name"]: row["floor"] for run in runs for row in run["splits"]}
    cells = [{row["name"]: row for row in run["splits"]} for run in runs]
    return {
        "setup": setup,
        "runs": runs,
        "names": names,
        "floors": floors,
        "cells": cells,
        "published": [row for row in PUBLISHED if row["setup"] == setup],
    }


def _strips(run: Row, folder: Path, out: Path) -> list[Row]:
    """Copies of the run's pictures beside the page, one a split."""
    found = []
    for row in run["splits"]:
        source = folder / "strips" / f"{row['name']}.png"
        if source.is_file():
            target = Path("strips") / f"{run['name']}-{row['name']}.png"
            (out / "strips").mkdir(parents=True, exist_ok=True)
            if source.resolve() != (out / target).resolve():
                shutil.copyfile(source, out / target)
            found.append({"name": row["name"], "src": str(target)})
    return found


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """`worldassay yardstick [FOLDER ...]`."""
    screen, out = console.console(json_out), Path(str(cfg["out"]))
    folders = [Path(word) for word in cfg["words"]]
    if dry_run:
        return _rehearse(cfg, folders, out, json_out=json_out)
    if not folders:
        yardstick.run(cfg, out, screen)
        folders = [out]
    runs = write(folders, out / "page")
    for run in runs:
        held = "".join(f", held out {row['error']:.3f}" for row in run["splits"] if row["name"] == "held_out")
        screen.print(
            f"{run['name']}: {run['setup']}, error of velocity inside {run['inside']:.3f}{held}, "
            f"outside {run['outside']:.3f} units a second",
            markup=False,
        )
    screen.print(f"page: {out / 'page' / 'index.html'}", markup=False)
    if json_out:
        console.emit({"out": str(out), "runs": [{k: v for k, v in run.items() if k != "log"} for run in runs]})
    return 0


def _rehearse(cfg: Mapping[str, Any], folders: list[Path], out: Path, *, json_out: bool) -> int:
    """What would be done."""
    screen = console.console(json_out)
    if folders:
        for folder in folders:
            yardstick.read(folder)
        screen.print(f"a page of {len(folders)} runs in {out / 'page'}", markup=False)
    else:
        lesson = yardstick.lesson_of(cfg)
        long = f"{lesson.steps} steps" if lesson.steps else f"{lesson.minutes:g} minutes"
        asked = list(splits.asked(lesson.hold_out))
        tested = f"{len(asked)} splits of {cfg['tests']} clips"
        screen.print(f"{lesson.setup}: {long} on {lesson.clips} clips, then {tested}, into {out}", markup=False)
    if json_out:
        console.emit({"out": str(out), "folders": [str(f) for f in folders]})
    return 0
