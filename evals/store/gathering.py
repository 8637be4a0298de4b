"""The tables of any number of runs as one set of tables, for questions and for export.

Every table gets a first column `run`, the name of the folder (the folder as given where two names are alike), and the
table `run` says what each one is.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evals.store.reading import expected, read_json, snapshot
from evals.store.schema import TABLES
from simulator.errors import UsageError

RUN = {"run": "TEXT", "label": "TEXT", "folder": "TEXT", "spec": "TEXT", "record": "TEXT"}  # spec and record are JSON
AT_ONCE = 50_000  # rows in memory
Rows = list[tuple[Any, ...]]


def tables() -> dict[str, dict[str, str]]:
    """The gathered tables: their columns, each with its type (TEXT, INTEGER or REAL)."""
    return {"run": RUN} | {table: {"run": "TEXT"} | columns for table, columns in expected().items()}


def names(folders: Sequence[str | Path]) -> dict[str, Path]:
    """The runs by name, no two alike.

    Raises:
        UsageError: a folder is given twice.
    """
    paths = [Path(folder) for folder in folders]
    known = Counter(path.resolve().name for path in paths)
    found: dict[str, Path] = {}
    for path in paths:
        name = path.resolve().name if known[path.resolve().name] == 1 else str(path)
        if name in found:
            raise UsageError(f"{path} is given twice")
        found[name] = path
    return found


def rows(runs: dict[str, Path]) -> Iterator[tuple[str, Rows]]:
    """All rows of all runs as (table, some of its rows), the rows of a table in the order of their keys."""
    for name, folder in runs.items():
        with snapshot(folder) as db:
            spec = read_json(folder / "spec.json")
            record = read_json(folder / "record.json") if (folder / "record.json").is_file() else None
            told = (json.dumps(value, sort_keys=True) if value is not None else None for value in (spec, record))
            label = (spec.get("model") or {}).get("label")
            yield "run", [(name, label, str(folder), *told)]
            for table, key in TABLES.items():
                cursor = db.execute(f"SELECT ?, {table}.* FROM {table} ORDER BY {key}", (name,))
                while some := cursor.fetchmany(AT_ONCE):
                    yield table, some


def gather(runs: dict[str, Path]) -> sqlite3.Connection:
    """The runs in one database of its own, which is gone when it is closed; the view `result` is over all of them."""
    db = sqlite3.connect("")  # on the disk where it grows large
    db.execute("PRAGMA journal_mode = OFF")
    keys = {"run": "run"} | {table: f"run, {key}" for table, key in TABLES.items()}
    for table, columns in tables().items():
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        db.execute(f"CREATE TABLE {table} ({listed}, PRIMARY KEY ({keys[table]})) WITHOUT ROWID")
    db.execute("""
        CREATE VIEW result AS
            SELECT run, label, shot_id, family, seed, mode, probe, version, perception, perception_version,
                reading.status, value, reason, measures, prompt, clip.status AS clip, digest, path, error
            FROM reading JOIN run USING (run) JOIN shot USING (run, shot_id) LEFT JOIN clip USING (run, shot_id)""")
    with db:
        for table, some in rows(runs):
            db.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(some[0]))})", some)
    db.execute("PRAGMA query_only = ON")
    return db
