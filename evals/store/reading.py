"""Reading a run folder: of any version, while it is written, from a disk that cannot be written."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.disk import named
from evals.store.schema import SCHEMA, SCHEMA_VERSION, TABLES, WAIT, migrate, version_of
from simulator.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Results:
    """A run as read back: two dicts and four tables, rows in the order of their keys.

    Text is NaN and numbers are NaN where the table has NULL; integers with a NULL among them come as floats.
    """

    path: Path
    spec: dict[str, Any]
    record: dict[str, Any]
    shots: pd.DataFrame
    clips: pd.DataFrame
    readings: pd.DataFrame
    spans: pd.DataFrame


class _Texts(dict[bytes, str]):
    """Text as SQLite hands it over to str, each different one held once."""

    def __missing__(self, raw: bytes) -> str:
        text = self[raw] = raw.decode()
        return text


@contextmanager
def snapshot(folder: str | Path) -> Iterator[sqlite3.Connection]:
    """The tables of a run as they are at one moment, at SCHEMA_VERSION; nothing in the folder is changed.

    Tables of an older version are copied into memory and brought forward there.

    Raises:
        UsageError: no such folder, it is not a run's, or its tables are damaged or newer; the message says what to do.
        OSError: the disk does not let us read; with the path.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"no such folder: {folder}; `worldassay run` makes one")
    path = folder / "results.sqlite"
    if not ((folder / "spec.json").is_file() and path.is_file()):
        raise UsageError(f"{folder} is not a run folder (no spec.json with results.sqlite); `worldassay run` makes one")
    with named(path):
        db = _open(path)
        try:
            if version_of(db) != SCHEMA_VERSION:
                db = _brought_forward(db, folder)
            db.execute("BEGIN")
            _check(db, path)
            yield db
        finally:
            db.close()


def _open(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; a transaction that a kill cut off is rolled back first."""
    uri = path.resolve().as_uri()
    db = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=WAIT)
    try:
        version_of(db)
    except sqlite3.OperationalError as error:
        db.close()
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        writer = sqlite3.connect(f"{uri}?mode=rw", uri=True, timeout=WAIT)
        try:
            version_of(writer)
        finally:
            writer.close()
        db = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=WAIT)
    db.execute("PRAGMA trusted_schema = OFF")  # a stranger's tables may come with anything
    return db


def _brought_forward(db: sqlite3.Connection, folder: Path) -> sqlite3.Connection:
    if version_of(db) == 0:
        raise UsageError(f"{folder / 'results.sqlite'} is damaged (no tables); delete its folder and run again")
    copy = sqlite3.connect(":memory:")
    db.backup(copy)
    db.close()
    try:
        migrate(copy, folder)
    except BaseException:
        copy.close()
        raise
    return copy


def columns(db: sqlite3.Connection) -> dict[str, dict[str, str]]:
    """The columns of every table, each with its type: INTEGER, REAL or TEXT."""
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {
        table: {name: kind for _, name, kind, *_ in db.execute(f"PRAGMA table_info({table})")}
        for table in TABLES
        if table in there
    }


@cache
def expected() -> dict[str, dict[str, str]]:
    """`columns` as this version makes them."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA)
        return columns(db)


def _check(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that says it is ours and has not our tables."""
    there = columns(db)
    for table, wanted in expected().items():
        if there.get(table) != wanted:
            lost = ", ".join(wanted.keys() - there.get(table, {}).keys()) if table in there else "all"
            raise UsageError(f"{path} is damaged (table {table} lacks {lost}); delete its folder and run again")


def load(folder: str | Path) -> Results:
    """Read a run folder; also while it is being written.

    Raises:
        UsageError: no such folder, or it is not a run's; the message says what to do.
        OSError: the disk does not let us read; with the path.
    """
    folder = Path(folder)
    with snapshot(folder) as db:
        spec = read_json(folder / "spec.json")
        record = read_json(folder / "record.json") if (folder / "record.json").is_file() else {}
        db.text_factory = _Texts().__getitem__
        try:
            tables = [_frame(db, table) for table in TABLES]
        except (ValueError, TypeError) as error:  # text where a number belongs, or text that is none
            raise UsageError(f"{folder} is damaged ({error}); delete it and run again") from error
    return Results(folder, spec, record, *tables)


def read_json(path: Path) -> dict[str, Any]:
    """A file of the run folder.

    Raises:
        UsageError: it is damaged.
    """
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path.parent} is damaged ({path.name}: {error}); delete it and run again") from error
    return told


def _frame(db: sqlite3.Connection, table: str) -> pd.DataFrame:
    """A table, each column as its type says."""
    import pandas as pd  # not above: the processes that do the work need none

    kinds = expected()[table]
    rows = db.execute(f"SELECT * FROM {table} ORDER BY {TABLES[table]}").fetchall()
    by_column = zip(*rows, strict=True) if rows else ((),) * len(kinds)
    series = {}
    for (name, kind), values in zip(kinds.items(), by_column, strict=True):
        whole = "float64" if None in values else "int64"
        series[name] = pd.Series(list(values), dtype={"REAL": "float64", "INTEGER": whole}.get(kind))
    return pd.DataFrame(series)


def export(folder: str | Path, table: str = "reading") -> str:
    """One table as CSV, rows in the order of the key, numbers in full: equal results give equal text."""
    with snapshot(folder) as db:
        cursor = db.execute(f"SELECT * FROM {table} ORDER BY {TABLES[table]}")
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column[0] for column in cursor.description])
        writer.writerows(cursor)
        return out.getvalue()
