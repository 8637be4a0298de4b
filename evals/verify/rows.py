"""What the documents and the rows of a submission say, against what the suite asks for and against each other."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from evals.bundle import figures
from evals.outcomes import HEADLINE
from evals.record import versions
from evals.registries import PERCEPTIONS
from evals.spec import differences
from evals.store import ShotRow, load
from evals.suite import prompt_of
from evals.verify.asking import Asked
from evals.verify.contents import Contents, Row
from evals.verify.findings import Report
from probes.base import PROBES
from simulator.errors import UsageError

DIGITS = 9  # to which figures are compared: sums depend on the order of their terms


def check(contents: Contents, wanted: Asked, report: Report) -> None:
    """Everything that needs no clip; findings go to the report."""
    shots = {row["shot_id"]: row for row in contents.tables["shot"]}
    _shots(shots, wanted, report)
    _scoring(wanted, report)
    _complete(contents, wanted, report)
    _readings(contents, wanted, report)
    _repeated(contents.tables["clip"], report)
    _attempts(contents, report)
    _aggregates(contents, report)
    report.checked["shots"] = len(shots.keys() & wanted.cells.keys())


def _shots(shots: Mapping[str, Row], wanted: Asked, report: Report) -> None:
    suite = wanted.suite
    for shot_id in shots.keys() - wanted.cells.keys():
        report.add("shot", shot_id, "the suite does not ask for it")
    for shot_id, cell in wanted.cells.items():
        if shot_id not in shots:
            report.add("shot", shot_id, "the suite asks for it, and it is not there")
        elif cell.family not in wanted.stale:
            size = (suite.height, suite.width, suite.frames, suite.fps)
            prompt = prompt_of(suite.script(cell))
            due = asdict(ShotRow(shot_id, cell.family, cell.seed, cell.mode, prompt, *size))
            for line in differences(due, shots[shot_id]):
                report.add("shot", shot_id, f"not as the suite asks it: {line}")


def _scoring(wanted: Asked, report: Report) -> None:
    for name in HEADLINE:
        if name not in wanted.probes:
            report.add("note", f"probe {name}", "it was not asked, and the headline needs it")
    for name, version in wanted.probes.items():
        installed = PROBES.load(name).version if name in PROBES.names() else None
        if installed != version:
            report.add("other version", f"probe {name}", f"recorded at version {version}, installed is {installed}")
    name, version = wanted.perception, wanted.perception_version
    installed = PERCEPTIONS.load(name).version if name in PERCEPTIONS.names() else None
    if installed != version:
        report.add("other version", f"perception {name}", f"recorded at version {version}, installed is {installed}")


def _complete(contents: Contents, wanted: Asked, report: Report) -> None:
    clips = {row["shot_id"]: row for row in contents.tables["clip"]}
    read = {(row["shot_id"], row["probe"]) for row in contents.tables["reading"]}
    for shot_id in wanted.cells:
        clip = clips.get(shot_id)
        if clip is None:
            report.add("incomplete", shot_id, "it has no clip")
        elif clip["status"] != "ok":
            report.add("incomplete", shot_id, f"its clip failed: {clip['error']}")
        lost = [name for name in wanted.probes if (shot_id, name) not in read]
        if lost:
            report.add("incomplete", shot_id, f"it has no reading by {', '.join(lost)}")


def _readings(contents: Contents, wanted: Asked, report: Report) -> None:
    sight = (wanted.perception, wanted.perception_version)
    for row in contents.tables["reading"]:
        where = f"{row['shot_id']} {row['probe']}"
        if row["shot_id"] not in wanted.cells or row["probe"] not in wanted.probes:
            report.add("edited reading", where, "nobody asked for it")
        elif row["version"] != wanted.probes[row["probe"]] or (row["perception"], row["perception_version"]) != sight:
            report.add("edited reading", where, "its versions are not those of the spec")
        value = row["value"]
        if (row["status"] == "scored") != (value is not None) or not (value is None or 0 <= value <= 1):
            report.add("edited reading", where, f"no probe says {row['status']} with the score {value}")
        if row["status"] == "failed":
            report.add("incomplete", where, f"it failed: {row['reason']}")


def _repeated(clips: Iterable[Row], report: Report) -> None:
    answered = defaultdict(list)
    for row in clips:
        if row["status"] == "ok":
            answered[row["digest"]].append(row["shot_id"])
    for first, *others in answered.values():
        for other in others:
            report.add("repeated clip", other, f"it is the clip of {first}")


def _attempts(contents: Contents, report: Report) -> None:
    spec, record = contents.spec, contents.record
    told, offset = record.get("asked"), spec["suite"]["first_seed"]
    told = told if isinstance(told, dict) else {}
    for key, value in (("seed", spec["seed"]), ("seed_offset", offset)):
        if told.get(key) != value:
            report.add("spec", key, f"record.json asked for {told.get(key)}, the spec says {value}")
    if spec["seed"] != 0:
        report.add("note", "seed", f"the root seed is {spec['seed']}, not 0: ask how many were tried")
    sessions = record.get("sessions")
    made = (
        [session.get("clips") for session in sessions if isinstance(session, dict)]
        if isinstance(sessions, list)
        else []
    )
    counted = [n for n in made if isinstance(n, int)]
    there = sum(row["status"] == "ok" for row in contents.tables["clip"])
    if len(counted) < max(1, len(made)):
        report.add("note", "record.json", "it does not say how many clips were made")
    elif sum(counted) > there:
        report.add("attempts", "record.json", f"{sum(counted)} clips were made for {there} shots")


def other_packages(contents: Contents) -> list[str]:
    """The packages whose versions are not those that the record names."""
    told = contents.record.get("packages")
    return differences(told if isinstance(told, dict) else {}, versions())


def _aggregates(contents: Contents, report: Report) -> None:
    try:
        due = figures(load(contents.folder))
    except (UsageError, ValueError, KeyError, TypeError) as error:
        report.add("aggregate", "summary.json", f"the rows give no summary: {error}")
        return
    for line in differences(_rounded(contents.summary), _rounded(due)):
        report.add("aggregate", "summary.json", f"{line} by the rows")
    report.checked["figures"] = sum(isinstance(v, (int, float)) for v in _flat(due))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, DIGITS) if isinstance(value, float) and math.isfinite(value) else value


def _flat(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _flat(inner)
    else:
        yield value
