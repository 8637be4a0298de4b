"""The clips of a submission on a pool of processes: each is looked at, and of a drawn few the readings come again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from rich.console import Console

from evals.engine import Done, pool
from evals.limits import Limits
from evals.progress import progress
from evals.registries import PERCEPTIONS
from evals.verify.asking import Asked
from evals.verify.clips import Again, Fault, Job, Setup
from evals.verify.contents import Contents, Row
from evals.verify.findings import Report
from evals.verify.rows import other_packages
from probes.base import PROBES

DIGEST = re.compile(r"[0-9a-f]{64}")
ORACLE = "oracle"  # sight that no clip gives


def installed(wanted: Asked) -> tuple[str, ...]:
    """The probes that can be computed again: those whose version, and whose sight's, is the one recorded."""
    sight = wanted.perception
    if sight == ORACLE or sight not in PERCEPTIONS.names():
        return ()
    if PERCEPTIONS.load(sight).version != wanted.perception_version:
        return ()
    known = (name for name in wanted.probes if name in PROBES.names())
    return tuple(name for name in known if PROBES.load(name).version == wanted.probes[name])


def jobs(contents: Contents, wanted: Asked, report: Report) -> list[Job]:
    """A job for every clip that is there, the modes of one scene beside each other."""
    found = []
    for row in contents.tables["clip"]:
        cell = wanted.cells.get(row["shot_id"])
        if cell is None or cell.family in wanted.stale or row["status"] != "ok":
            continue
        digest = row["digest"] or ""
        path = f"clips/{digest}.mkv"
        if not DIGEST.fullmatch(digest) or row["path"] != path:
            report.add("clip", row["shot_id"], f"its row names no clip of a bundle: {row['path']}")
        elif not (contents.folder / path).is_file():
            report.add("missing file", row["shot_id"], f"its clip is not there: {path}")
        else:
            found.append(Job(cell, digest, (row["frames"], row["height"], row["width"], row["fps"]), ()))
    return sorted(found, key=lambda job: (job.cell.family, job.cell.seed, job.cell.mode))


def drawn(found: list[Job], probes: tuple[str, ...], sample: int, seed: int) -> list[Job]:
    """The same jobs; `sample` of them, drawn without replacement, compute the readings of `probes` again."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    chosen = set(rng.choice(len(found), min(sample, len(found)), replace=False).tolist())
    return [replace(job, probes=probes) if i in chosen else job for i, job in enumerate(found)]


def look(
    contents: Contents, wanted: Asked, found: list[Job], limits: Limits, workers: int, screen: Console, report: Report
) -> None:
    """Do the jobs; findings go to the report."""
    setup = Setup(contents.folder, wanted.suite, wanted.perception, wanted.perception_version, limits)
    stored = _stored(contents)
    packages = other_packages(contents)
    again = 0
    with progress(screen, "clips", len(found)) as step:
        for job, said in pool("evals.verify.clips:ClipWorker", setup, found, workers):
            if isinstance(said, Done):
                step()
                if said.error is not None:
                    report.add("unchecked", job.cell.id, said.error)
            elif isinstance(said.content, Fault):
                report.add(said.content.kind, job.cell.id, said.content.text)
            elif isinstance(said.content, Again):
                again += 1
                _compare(job.cell.id, said.content, stored, packages, report)
    report.checked |= {"clips": len(found), "readings": again}
    if packages:
        report.add("note", "packages", f"recorded -> installed: {'; '.join(packages)}")


Stored = dict[tuple[str, str], tuple[tuple[Any, ...], tuple[tuple[Any, ...], ...]]]


def _stored(contents: Contents) -> Stored:
    """The rows of each reading and of its evidence."""

    def values(row: Row) -> tuple[Any, ...]:
        return tuple(row.values())

    spans: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in contents.tables["span"]:
        spans.setdefault((row["shot_id"], row["probe"]), []).append(values(row))
    keyed: Iterable[tuple[tuple[str, str], Row]] = (((r["shot_id"], r["probe"]), r) for r in contents.tables["reading"])
    return {key: (values(row), tuple(spans.get(key, ()))) for key, row in keyed}


def _compare(shot_id: str, again: Again, stored: Stored, packages: list[str], report: Report) -> None:
    told = stored.get((shot_id, again.probe))
    if told is None or told == (again.row, again.spans):  # one that is not there is told already
        return
    kind = "other version" if packages else "edited reading"
    report.add(kind, f"{shot_id} {again.probe}", f"{_difference(told, again)}{' (other packages)' if packages else ''}")


def _difference(told: tuple[tuple[Any, ...], tuple[tuple[Any, ...], ...]], again: Again) -> str:
    """What differs, in words: the score, or only what stands behind it."""
    status, value, reason, measures = told[0][4:8]
    if (status, value) != again.row[4:6]:
        return f"{status} {_shown(value)} is computed again as {again.row[4]} {_shown(again.row[5])}"
    what = {"reason": (reason, again.row[6]), "measures": (measures, again.row[7]), "evidence": (told[1], again.spans)}
    names = [name for name, (a, b) in what.items() if a != b]
    return f"another {' and '.join(names) or 'version'} is computed again, with the same score"


def _shown(value: float | None) -> str:
    return "" if value is None else repr(value)
