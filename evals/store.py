"""The results store of one run folder: what was asked, what came back, what the probes said.

    RUN/spec.json             the frozen spec; its digest is the run's identity
    RUN/record.json           git revision, versions, device, threads, times
    RUN/results.sqlite        tables shot, clip, reading, span
    RUN/clips/<digest>.mkv    FFV1

One process writes, any number read. A clip's file is complete before its row is; the readings of a shot and their
spans come in one transaction: a reader never sees half a result. No times are stored, so that the same spec gives the
same tables.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.console import plain
from probes.reading import Failed, Reading, Scored, Unscored
from simulator.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE shot (
    shot_id TEXT PRIMARY KEY, family TEXT NOT NULL, seed INTEGER NOT NULL, mode TEXT NOT NULL, prompt TEXT,
    height INTEGER, width INTEGER, frames INTEGER, fps REAL) WITHOUT ROWID;
CREATE TABLE clip (
    shot_id TEXT PRIMARY KEY REFERENCES shot, status TEXT NOT NULL CHECK (status IN ('ok', 'failed')), digest TEXT,
    path TEXT, frames INTEGER, height INTEGER, width INTEGER, fps REAL, error TEXT) WITHOUT ROWID;
CREATE TABLE reading (
    shot_id TEXT NOT NULL REFERENCES shot, probe TEXT NOT NULL, version INTEGER NOT NULL, perception TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('scored', 'unscored', 'failed')), value REAL, reason TEXT, measures TEXT,
    PRIMARY KEY (shot_id, probe), CHECK ((status = 'scored') = (value IS NOT NULL))) WITHOUT ROWID;
CREATE TABLE span (
    shot_id TEXT NOT NULL, probe TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, start_s REAL NOT NULL,
    end_s REAL NOT NULL, x0 REAL, y0 REAL, x1 REAL, y1 REAL, severity REAL NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (shot_id, probe, position),
    FOREIGN KEY (shot_id, probe) REFERENCES reading ON DELETE CASCADE) WITHOUT ROWID;
"""
TABLES = {
    "shot": "shot_id",
    "clip": "shot_id",
    "reading": "shot_id, probe",
    "span": "shot_id, probe, position",
}


@dataclass(frozen=True)
class ShotRow:
    """One row of table shot; family is "" and the sizes are None for a stranger's video."""

    shot_id: str
    family: str
    seed: int
    mode: str
    prompt: str | None
    height: int | None = None
    width: int | None = None
    frames: int | None = None
    fps: float | None = None


@dataclass(frozen=True)
class ClipRow:
    """One row of table clip; `path` is relative to the run folder, or absolute for videos that lie elsewhere."""

    shot_id: str
    status: str
    digest: str | None = None
    path: str | None = None
    frames: int | None = None
    height: int | None = None
    width: int | None = None
    fps: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Results:
    """A run as read back: two dicts and four tables, rows in the order of their keys."""

    path: Path
    spec: dict[str, Any]
    record: dict[str, Any]
    shots: pd.DataFrame
    clips: pd.DataFrame
    readings: pd.DataFrame
    spans: pd.DataFrame


def _connect(path: Path, *, write: bool) -> sqlite3.Connection:
    db = sqlite3.connect(path) if write else sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, SCHEMA_VERSION) or (version == 0 and not write):
        raise UsageError(f"{path} has results of schema {version}, not {SCHEMA_VERSION}; run again into another folder")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = FULL")
    if version == 0:
        db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    return db


class Store:
    """The writer of one run folder's tables; one process at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = _connect(folder / "results.sqlite", write=True)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def put_shots(self, rows: Iterable[ShotRow]) -> None:
        """Add the shots that are not there yet; the prompt of one that is stays."""
        with self.db:
            self.db.executemany("INSERT OR IGNORE INTO shot VALUES (?,?,?,?,?,?,?,?,?)", map(astuple, rows))

    def put_clip(self, row: ClipRow) -> None:
        """Add or replace a clip; readings of another content go with the clip that they were of."""
        with self.db:
            old = self.clip(row.shot_id)
            if old is not None and old.digest != row.digest:
                self.db.execute("DELETE FROM reading WHERE shot_id = ?", (row.shot_id,))
            self.db.execute("INSERT OR REPLACE INTO clip VALUES (?,?,?,?,?,?,?,?,?)", astuple(row))

    def put_readings(self, shot_id: str, perception: str, readings: Mapping[str, tuple[int, Reading]]) -> None:
        """Add or replace the readings of one shot, (version, reading) by probe, with their spans."""
        with self.db:
            for probe, (version, reading) in readings.items():
                self.db.execute("DELETE FROM reading WHERE shot_id = ? AND probe = ?", (shot_id, probe))
                self.db.execute(
                    "INSERT INTO reading VALUES (?,?,?,?,?,?,?,?)",
                    (shot_id, probe, version, perception, *_told(reading)),
                )
                for i, s in enumerate(reading.spans if isinstance(reading, Scored) else ()):
                    self.db.execute(
                        "INSERT INTO span VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                        (shot_id, probe, i, s.kind, s.start, s.end, *(s.box or (None,) * 4), s.severity, s.text),
                    )

    def clip(self, shot_id: str) -> ClipRow | None:
        """The clip of a shot, None where there is none yet."""
        row = self.db.execute("SELECT * FROM clip WHERE shot_id = ?", (shot_id,)).fetchone()
        return None if row is None else ClipRow(*row)

    def read_by(self, shot_id: str, perception: str) -> dict[str, int]:
        """The probes, with versions, whose reading of this shot stands; a failed one does not, and is tried again."""
        query = "SELECT probe, version FROM reading WHERE shot_id = ? AND perception = ? AND status != 'failed'"
        return dict(self.db.execute(query, (shot_id, perception)))

    def drop_stale(self, perception: str, probes: Mapping[str, int]) -> int:
        """Delete the readings of other perceptions, other probes and other versions; how many there were."""
        keep = " OR ".join(["(probe = ? AND version = ?)"] * len(probes)) or "0"
        with self.db:
            arguments = [perception, *(x for pair in probes.items() for x in pair)]
            return self.db.execute(f"DELETE FROM reading WHERE NOT (perception = ? AND ({keep}))", arguments).rowcount


def _told(reading: Reading) -> tuple[str, float | None, str | None, str | None]:
    """(status, value, reason, measures) as they are stored."""
    match reading:
        case Scored(value, _, measures):
            return "scored", float(value), None, json.dumps(plain(measures), sort_keys=True)
        case Unscored(reason):
            return "unscored", None, reason, None
        case Failed(error):
            return "failed", None, error, None


def load(folder: str | Path) -> Results:
    """Read a run folder; also while it is being written.

    Raises:
        UsageError: no such folder, or it is not a run's; the message says what to do.
    """
    import pandas as pd  # not above: the processes that do the work need none

    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"no such folder: {folder}; `worldassay run` makes one")
    if not ((folder / "spec.json").is_file() and (folder / "results.sqlite").is_file()):
        raise UsageError(f"{folder} is not a run folder (no spec.json with results.sqlite); `worldassay run` makes one")
    try:
        spec = json.loads((folder / "spec.json").read_text())
        record = json.loads((folder / "record.json").read_text()) if (folder / "record.json").is_file() else {}
        db = _connect(folder / "results.sqlite", write=False)
        try:
            tables = [pd.read_sql_query(f"SELECT * FROM {t} ORDER BY {key}", db) for t, key in TABLES.items()]
        finally:
            db.close()
    except (json.JSONDecodeError, sqlite3.DatabaseError, pd.errors.DatabaseError) as error:
        raise UsageError(f"{folder} is damaged ({error}); delete it and run again") from error
    return Results(folder, spec, record, *tables)


def export(folder: str | Path, table: str = "reading") -> str:
    """One table as CSV, rows in the order of the key, numbers in full: equal results give equal text."""
    db = _connect(Path(folder) / "results.sqlite", write=False)
    try:
        cursor = db.execute(f"SELECT * FROM {table} ORDER BY {TABLES[table]}")
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column[0] for column in cursor.description])
        writer.writerows(cursor)
        return out.getvalue()
    finally:
        db.close()
