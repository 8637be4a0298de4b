"""What lies in an unpacked bundle, or a run folder, as plain values: JSON and SQLite of a stranger, within limits."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from evals.bundle import DOCUMENTS, FORMAT, MANIFEST, TABLE
from evals.spec import digest
from evals.store import SCHEMA, TABLES, snapshot
from evals.store.reading import expected
from evals.verify.findings import Refused, Report
from evals.verify.unpacking import File
from simulator.errors import UsageError

DOCUMENT_BYTES, TABLE_BYTES, VALUE_BYTES = 16 << 20, 256 << 20, 1 << 20
ROWS = 1_000_000  # of a table
DEPTH = 20  # of JSON
TYPES = {"TEXT": "text", "INTEGER": "integer", "REAL": "real"}  # of a column, and as SQLite calls its values

Row = dict[str, Any]
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Contents:
    """The documents, and the rows of every table, no key twice."""

    folder: Path
    spec: dict[str, Any]
    record: dict[str, Any]
    summary: dict[str, Any]
    tables: Tables


def read_document(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        Refused: it is none, or is too large, too deep, or holds text or numbers that JSON has not.
    """
    try:
        if path.stat().st_size > DOCUMENT_BYTES:
            raise ValueError(f"more than {DOCUMENT_BYTES >> 20} MiB")
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ValueError("not an object")
        layer: list[Any] = [value]
        for _ in range(DEPTH):
            inner = (v.values() if isinstance(v, dict) else v for v in layer if isinstance(v, (dict, list)))
            layer = [item for values in inner for item in values]
        if layer:
            raise ValueError(f"nested more than {DEPTH} deep")
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (OSError, ValueError, RecursionError) as error:
        raise Refused("unreadable", path.name, f"it is not a JSON object that can be read: {error}") from error
    return value


def check_files(folder: Path, files: dict[str, File], report: Report) -> str:
    """Compare what was unpacked with the manifest; the digest of the run that the manifest names.

    Raises:
        Refused: the manifest cannot be read.
    """
    if MANIFEST not in files:
        raise Refused("unreadable", MANIFEST, "it cannot be unpacked")
    manifest = read_document(folder / MANIFEST)
    if manifest.get("format") != FORMAT:
        text = f"a bundle of format {manifest.get('format')}; this worldassay reads {FORMAT}: install the one it is of"
        raise Refused("other version", MANIFEST, text)
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        raise Refused("unreadable", MANIFEST, "it lists no files")
    there = files.keys() - {MANIFEST}
    broken = {finding.where for finding in report.findings}
    for name in listed.keys() - there - broken:
        report.add("missing file", name, "the manifest names it")
    for name in there - listed.keys():
        report.add("unlisted file", name, "the manifest does not name it")
    for name in there & listed.keys():
        if listed[name] != {"sha256": files[name].sha256, "size": files[name].size}:
            report.add(
                "damaged file", name, "it was changed after it was packed: size and sha256 are not the manifest's"
            )
    report.checked["files"] = len(there)
    return str(manifest.get("run"))


def read(folder: Path, report: Report, run: str | None = None) -> Contents:
    """What lies in a folder.

    run: the digest that its spec should have.

    Raises:
        Refused: a document or the tables cannot be read.
    """
    for name in (*DOCUMENTS[: 3 if run else 2], TABLE):
        if not (folder / name).is_file():
            raise Refused("unreadable", name, "it is not there")
    spec, record = (read_document(folder / name) for name in DOCUMENTS[:2])
    summary = read_document(folder / DOCUMENTS[2]) if run else {}
    for who, told in ((MANIFEST, run), ("record.json", record.get("spec_digest"))):
        if told is not None and told != digest(spec):
            report.add("spec", who, f"it is of a run {told}, and spec.json is {digest(spec)}")
    return Contents(folder, spec, record, summary, _tables(folder, report))


@cache
def _needed() -> dict[str, set[str]]:
    """The columns of each table that have a value in every row."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA)
        return {t: {c[1] for c in db.execute(f"PRAGMA table_info({t})") if c[3] or c[5]} for t in TABLES}


def _tables(folder: Path, report: Report) -> Tables:
    path = folder / TABLE
    if path.stat().st_size > TABLE_BYTES:
        raise Refused("bomb", TABLE, f"tables of more than {TABLE_BYTES >> 20} MiB are not read")
    try:
        with snapshot(folder) as db:
            db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES)
            return {table: _rows(db, table, report) for table in TABLES}
    except (UsageError, OSError, ValueError, sqlite3.Error) as error:
        raise Refused("unreadable", TABLE, f"its tables cannot be read: {error}") from error


def _rows(db: sqlite3.Connection, table: str, report: Report) -> list[Row]:
    """The rows of a table, those with a key that was there before left out and told."""
    columns = expected()[table]
    if db.execute(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {ROWS + 1})").fetchone()[0] > ROWS:
        raise ValueError(f"table {table} has more than {ROWS} rows")
    for name, kind in columns.items():
        allowed = (TYPES[kind],) if name in _needed()[table] else (TYPES[kind], "null")
        other = db.execute(
            f"SELECT typeof({name}) FROM {table} WHERE typeof({name}) NOT IN {(*allowed, '')}"
        ).fetchone()
        if other:
            raise ValueError(f"a {name} of table {table} is {other[0]}, not {kind}")
    key = TABLES[table].split(", ")
    cursor = db.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {TABLES[table]}")
    rows = [dict(zip(columns, row, strict=True)) for row in cursor]
    unique = {tuple(row[k] for k in key): row for row in reversed(rows)}
    if len(unique) < len(rows):
        often = Counter(tuple(row[k] for k in key) for row in rows)
        for place, count in often.items():
            if count > 1:
                report.add("twice", str(place[0]), f"{count} rows of table {table} for {' '.join(map(str, place))}")
    return list(reversed(unique.values()))
