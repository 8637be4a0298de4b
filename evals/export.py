"""`worldassay export`: the tables of any number of runs as Parquet or CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.console import console, emit
from evals.disk import keep, named
from evals.store.gathering import AT_ONCE, Rows, names, rows, tables
from simulator.errors import UsageError, unknown

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("parquet", "csv")


def export(runs: dict[str, Path], out: Path, form: str) -> dict[str, int]:
    """Write OUT/TABLE.parquet or OUT/TABLE.csv for every table; how many rows each has.

    NULL is null in Parquet and nothing in CSV; numbers are exact in both. A file is there as a whole or not at all.

    Raises:
        OSError: a file could not be written; with its path.
    """
    out.mkdir(parents=True, exist_ok=True)
    parts = {table: out / f".{table}.{form}.part" for table in tables()}
    write = _parquet if form == "parquet" else _csv
    counts = dict.fromkeys(parts, 0)
    with ExitStack() as stack:
        for part in parts.values():
            stack.callback(part.unlink, missing_ok=True)
        for table, part in parts.items():
            with named(part):
                write(part, table, [], first=True)
        for table, some in _batches(rows(runs)):
            with named(parts[table]):
                write(parts[table], table, some, first=False)
            counts[table] += len(some)
        for table, part in parts.items():
            keep(part)
            part.replace(out / f"{table}.{form}")
    return counts


def _batches(pieces: Iterator[tuple[str, Rows]]) -> Iterator[tuple[str, Rows]]:
    """The same rows, fewer and larger pieces."""
    held: dict[str, Rows] = {}
    for table, some in pieces:
        held.setdefault(table, []).extend(some)
        if len(held[table]) >= AT_ONCE:
            yield table, held.pop(table)
    yield from held.items()


def _csv(path: Path, table: str, some: Rows, *, first: bool) -> None:
    with path.open("w" if first else "a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if first:
            writer.writerow(tables()[table])
        writer.writerows(some)


def _parquet(path: Path, table: str, some: Rows, *, first: bool) -> None:
    import fastparquet

    frame, append = _frame(table, some), not first
    fastparquet.write(
        str(path), frame, append=append, write_index=False, object_encoding="utf8", has_nulls=True, compression="ZSTD"
    )


def _frame(table: str, some: Rows) -> pd.DataFrame:
    import pandas as pd

    kinds = tables()[table]
    dtypes = {"TEXT": "object", "INTEGER": "Int64", "REAL": "Float64"}
    values = zip(*some, strict=True) if some else ((),) * len(kinds)
    columns = zip(kinds.items(), values, strict=True)
    return pd.DataFrame({name: pd.Series(list(column), dtype=dtypes[kind]) for (name, kind), column in columns})


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `export`."""
    if not cfg["words"]:
        raise UsageError("give run folders: worldassay export runs/*")
    if cfg["format"] not in FORMATS:
        raise unknown("format", str(cfg["format"]), FORMATS)
    runs, folder = names(cfg["words"]), Path(cfg["out"])
    screen = console(json_out)
    if dry_run:
        screen.print(f"would write {', '.join(tables())} as {cfg['format']} into {folder}", markup=False)
        counts = None
    else:
        counts = export(runs, folder, cfg["format"])
        screen.print(f"{', '.join(f'{n} x {t}' for t, n in counts.items())} in {folder}", markup=False)
    if json_out:
        emit({"out": str(folder), "format": cfg["format"], "rows": counts})
    return 0
