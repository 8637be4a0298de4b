"""The tables of results.sqlite, and the steps from every version that was ever released to this one.

`PRAGMA user_version` holds the version. Whoever changes a table adds a step to STEPS, raises SCHEMA_VERSION, and leaves
the older steps alone; a fresh database and one that came by the steps have the same columns in the same order.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from evals.disk import named
from simulator.errors import UsageError

SCHEMA_VERSION = 2
VIEW = """
CREATE VIEW result AS
    SELECT reading.shot_id, family, seed, mode, probe, version, perception, perception_version, reading.status, value,
        reason, measures, prompt, clip.status AS clip, digest, path, error
    FROM reading JOIN shot USING (shot_id) LEFT JOIN clip USING (shot_id);
"""
SCHEMA = f"""
CREATE TABLE shot (
    shot_id TEXT PRIMARY KEY, family TEXT NOT NULL, seed INTEGER NOT NULL, mode TEXT NOT NULL, prompt TEXT,
    height INTEGER, width INTEGER, frames INTEGER, fps REAL) WITHOUT ROWID;
CREATE TABLE clip (
    shot_id TEXT PRIMARY KEY REFERENCES shot, status TEXT NOT NULL CHECK (status IN ('ok', 'failed')), digest TEXT,
    path TEXT, frames INTEGER, height INTEGER, width INTEGER, fps REAL, error TEXT) WITHOUT ROWID;
CREATE TABLE reading (
    shot_id TEXT NOT NULL REFERENCES shot, probe TEXT NOT NULL, version INTEGER NOT NULL, perception TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('scored', 'unscored', 'failed')), value REAL, reason TEXT, measures TEXT,
    perception_version INTEGER,
    PRIMARY KEY (shot_id, probe), CHECK ((status = 'scored') = (value IS NOT NULL))) WITHOUT ROWID;
CREATE TABLE span (
    shot_id TEXT NOT NULL, probe TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, start_s REAL NOT NULL,
    end_s REAL NOT NULL, x0 REAL, y0 REAL, x1 REAL, y1 REAL, severity REAL NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (shot_id, probe, position),
    FOREIGN KEY (shot_id, probe) REFERENCES reading ON DELETE CASCADE) WITHOUT ROWID;
{VIEW}"""
TABLES = {  # by what key the rows of each are ordered
    "shot": "shot_id",
    "clip": "shot_id",
    "reading": "shot_id, probe",
    "span": "shot_id, probe, position",
}
WAIT = 60.0  # seconds for another process to end its transaction


def _sight_has_a_version(db: sqlite3.Connection, folder: Path) -> None:
    """1 to 2: which version of the perception a reading rests on; until then only the spec said it."""
    db.execute("ALTER TABLE reading ADD COLUMN perception_version INTEGER")
    db.execute(VIEW)
    try:
        scoring = json.loads((folder / "spec.json").read_text())["scoring"]
        known = scoring["perception_version"], scoring["perception"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # it stays NULL: not known
    db.execute("UPDATE reading SET perception_version = ? WHERE perception = ?", known)


STEPS: dict[int, Callable[[sqlite3.Connection, Path], None]] = {1: _sight_has_a_version}


def version_of(db: sqlite3.Connection) -> int:
    """The schema's version; 0 for a database without tables."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection, folder: Path) -> None:
    """Bring the tables to SCHEMA_VERSION in one transaction; all of the steps hold, or none.

    folder: the run's, where a step may look for what the tables do not say.

    Raises:
        UsageError: the tables are of a version that is not known here.
    """
    with db:
        db.execute("BEGIN IMMEDIATE")
        version = version_of(db)
        if version > SCHEMA_VERSION:
            raise UsageError(
                f"{folder / 'results.sqlite'} has results of schema {version}, and this worldassay knows up to "
                f"{SCHEMA_VERSION}; install the version that wrote it, or a newer one"
            )
        if version == 0:
            for statement in SCHEMA.split(";\n"):
                db.execute(statement)
            version = SCHEMA_VERSION
        for step in range(version, SCHEMA_VERSION):
            STEPS[step](db, folder)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def connect(folder: Path) -> sqlite3.Connection:
    """A connection that writes; tables are made where there are none, and brought to this version where they are older.

    Raises:
        UsageError: the file is damaged or of a newer version.
        OSError: the disk does not let us; with the path.
    """
    path = folder / "results.sqlite"
    with named(path):
        db = sqlite3.connect(path, timeout=WAIT)
        try:
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA synchronous = FULL")
            if version_of(db) != SCHEMA_VERSION:
                migrate(db, folder)
        except BaseException:
            db.close()
            raise
    return db
