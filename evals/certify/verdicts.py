"""The answers that were kept, judged by calibration tables, as one table of readings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from evals.calibrate import Tables, cells, material, tables
from evals.certify.answers import Asked
from evals.certify.asking import Cell, asks
from evals.certify.cells import Line, Setup, read, sight_key, sights_of
from evals.registries import PERCEPTIONS
from probes.calibration import Table, load
from probes.reading import Failed, Scored, Unscored
from simulator.errors import UsageError

Judge = Callable[[str, str, str], Table | None]  # (probe, sight, family) -> the table to judge with
COLUMNS = (
    "sight", "family", "seed", "size", "moving", "what", "name", "level", "severity", "true_start", "true_end",
    "probe", "status", "value", "reason", "start", "end",
)  # fmt: skip


def shipped(setup: Setup) -> Judge:
    """The tables in the package.

    Raises:
        UsageError: a probe has none for a kind of sight, or one that was fitted for other laws.
    """
    found = {}
    for asked in map(Asked, setup.probes):
        for sight in setup.sights if asked.find is not None else ():
            version = PERCEPTIONS.load(sight).version
            table = load(asked.probe.name, asked.probe.version, sight, version)
            strange = sorted(set(asked.laws) - set(table.weights))
            if strange:
                raise UsageError(
                    f"the table of {asked.key} for {sight} sight was fitted without {', '.join(strange)}; "
                    "run `worldassay calibrate`, or give leave_out= to fit tables of its own"
                )
            found[asked.probe.name, sight] = table
    return lambda probe, sight, family: found.get((probe, sight))


def folds(families: Sequence[str], count: int) -> list[list[str]]:
    """The families dealt out into `count` folds, in turn."""
    return [list(families[i::count]) for i in range(min(count, len(families)))]


def calibration_setup(setup: Setup, severity: float) -> Setup:
    """Where and how answers on the calibration split are gathered, for tables of this certificate's own."""
    return Setup(material(severity), setup.folder, setup.sights, setup.probes)


def calibration_cells(families: Sequence[str], seeds: int, sizes: Sequence[int], fps: float) -> list[Cell]:
    """The scenes that these tables are fitted on."""
    return cells(families, seeds, sizes, [fps])


def left_out(setup: Setup, scenes: Sequence[Cell], families: Sequence[str], count: int) -> Judge:
    """Tables fitted on answers kept for `scenes`, for each fold of families without the scenes of its own."""
    own: dict[str, Tables] = {}
    for fold in folds(families, count):
        fitted = tables(setup, [cell for cell in scenes if cell.family not in fold])
        own |= dict.fromkeys(fold, fitted)
    return lambda probe, sight, family: own[family].get((probe, sight))


def readings(setup: Setup, scenes: Sequence[Cell], judge: Judge) -> pd.DataFrame:
    """A row for each clip, kind of sight and probe; clips whose violation had no place are left out.

    value: NaN unless scored. start, end: seconds, of the heaviest evidence. true_start, true_end: of the violation.
    """
    asked = [Asked(name) for name in setup.probes]
    rows = [row for cell in scenes for row in _rows(setup, cell, asked, judge)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(setup: Setup, cell: Cell, asked: Sequence[Asked], judge: Judge) -> Iterator[tuple[Any, ...]]:
    kept = read(setup.path(cell))
    for ask in asks(cell, setup.material):
        for sight in sights_of(ask, setup.sights):
            line = kept.get((ask.id, sight_key(sight)))
            if line is None or line["void"]:
                continue
            start, end, severity = line["broken"] or (None, None, None)
            end = min(end, line["seconds"]) if end is not None else line["seconds"] if line["broken"] else None
            head = (sight, cell.family, cell.seed, cell.size, line["moving"], ask.what, ask.name, ask.level, severity,
                    start, end)  # fmt: skip
            for one in asked:
                if one.key in line["answers"]:
                    table = judge(one.probe.name, sight, cell.family)
                    yield (*head, one.probe.name, *_told(one, line, table))


def _told(asked: Asked, line: Line, table: Table | None) -> tuple[Any, ...]:
    """status, value, reason, start, end."""
    answer = line["answers"][asked.key]
    if table is None and "findings" in answer:
        return ("unscored", None, "no table could be fitted for it", None, None)
    reading = asked.reading(answer, table, line["seconds"])
    if isinstance(reading, Scored):
        span = reading.spans[0] if reading.spans else None
        return ("scored", reading.value, None, span and span.start, span and span.end)
    if isinstance(reading, Unscored):
        return ("unscored", None, reading.reason, None, None)
    assert isinstance(reading, Failed)
    return ("failed", None, reading.error, None, None)


def voids(setup: Setup, scenes: Sequence[Cell]) -> dict[str, int]:
    """Violations that had no place in their scene, by kind."""
    found: dict[str, int] = {}
    for cell in scenes:
        names = {ask.id: ask.name for ask in asks(cell, setup.material) if ask.what == "twin"}
        gone = {line["ask"] for line in read(setup.path(cell)).values() if line["void"]}
        for name in (names[i] for i in sorted(gone & names.keys())):
            found[name] = found.get(name, 0) + 1
    return found


def acuities(setup: Setup, scenes: Sequence[Cell]) -> pd.DataFrame:
    """How well valid takes were seen: a row for each take, kind of sight and measure."""
    rows = []
    for cell in scenes:
        kept = read(setup.path(cell))
        for sight in setup.sights:
            line = kept.get(("valid", sight_key(sight)), {})
            for measure, value in (line.get("acuity") or {}).items():
                rows.append((sight, cell.family, cell.size, line["moving"], measure, value))
    return pd.DataFrame(rows, columns=["sight", "family", "size", "moving", "measure", "value"])
