"""Stored folders of every version of the schema that was ever released keep loading.

What a version's folder looks like is written out here, in that version's own words. Whoever raises SCHEMA_VERSION adds
the version that it leaves behind, and never changes one that is here.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from evals.spec import write_json
from evals.store import SCHEMA, SCHEMA_VERSION, TABLES, ClipRow, ShotRow, Store, export, load, schema
from probes.reading import Scored, Span, Unscored
from simulator.errors import UsageError

SPEC = {"model": {"label": "m"}, "scoring": {"perception": "classical", "perception_version": 3, "probes": {}}}
DDL = {
    1: """
        CREATE TABLE shot (
            shot_id TEXT PRIMARY KEY, family TEXT NOT NULL, seed INTEGER NOT NULL, mode TEXT NOT NULL, prompt TEXT,
            height INTEGER, width INTEGER, frames INTEGER, fps REAL) WITHOUT ROWID;
        CREATE TABLE clip (
            shot_id TEXT PRIMARY KEY REFERENCES shot, status TEXT NOT NULL CHECK (status IN ('ok', 'failed')),
            digest TEXT, path TEXT, frames INTEGER, height INTEGER, width INTEGER, fps REAL, error TEXT) WITHOUT ROWID;
        CREATE TABLE reading (
            shot_id TEXT NOT NULL REFERENCES shot, probe TEXT NOT NULL, version INTEGER NOT NULL,
            perception TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('scored', 'unscored', 'failed')),
            value REAL, reason TEXT, measures TEXT,
            PRIMARY KEY (shot_id, probe), CHECK ((status = 'scored') = (value IS NOT NULL))) WITHOUT ROWID;
        CREATE TABLE span (
            shot_id TEXT NOT NULL, probe TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
            start_s REAL NOT NULL, end_s REAL NOT NULL, x0 REAL, y0 REAL, x1 REAL, y1 REAL, severity REAL NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (shot_id, probe, position),
            FOREIGN KEY (shot_id, probe) REFERENCES reading ON DELETE CASCADE) WITHOUT ROWID;
        """,
    2: """
        CREATE TABLE shot (
            shot_id TEXT PRIMARY KEY, family TEXT NOT NULL, seed INTEGER NOT NULL, mode TEXT NOT NULL, prompt TEXT,
            height INTEGER, width INTEGER, frames INTEGER, fps REAL) WITHOUT ROWID;
        CREATE TABLE clip (
            shot_id TEXT PRIMARY KEY REFERENCES shot, status TEXT NOT NULL CHECK (status IN ('ok', 'failed')),
            digest TEXT, path TEXT, frames INTEGER, height INTEGER, width INTEGER, fps REAL, error TEXT) WITHOUT ROWID;
        CREATE TABLE reading (
            shot_id TEXT NOT NULL REFERENCES shot, probe TEXT NOT NULL, version INTEGER NOT NULL,
            perception TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('scored', 'unscored', 'failed')),
            value REAL, reason TEXT, measures TEXT, perception_version INTEGER,
            PRIMARY KEY (shot_id, probe), CHECK ((status = 'scored') = (value IS NOT NULL))) WITHOUT ROWID;
        CREATE TABLE span (
            shot_id TEXT NOT NULL, probe TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
            start_s REAL NOT NULL, end_s REAL NOT NULL, x0 REAL, y0 REAL, x1 REAL, y1 REAL, severity REAL NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (shot_id, probe, position),
            FOREIGN KEY (shot_id, probe) REFERENCES reading ON DELETE CASCADE) WITHOUT ROWID;
        CREATE VIEW result AS
            SELECT reading.shot_id, family, seed, mode, probe, version, perception, perception_version, reading.status,
                value, reason, measures, prompt, clip.status AS clip, digest, path, error
            FROM reading JOIN shot USING (shot_id) LEFT JOIN clip USING (shot_id);
        """,
}
ROWS = """
    INSERT INTO shot VALUES ('a', 'drop_bounce', 0, 'prompt', 'a ball', 64, 64, 16, 8.0);
    INSERT INTO shot VALUES ('b', 'drop_bounce', 1, 'prompt', NULL, 64, 64, 16, 8.0);
    INSERT INTO clip VALUES ('a', 'ok', 'digest-a', 'clips/digest-a.mkv', 16, 64, 64, 8.0, NULL);
    INSERT INTO clip VALUES ('b', 'failed', NULL, NULL, NULL, NULL, NULL, NULL, 'RuntimeError: out of memory');
    INSERT INTO reading (shot_id, probe, version, perception, status, value, reason, measures) VALUES
        ('a', 'permanence', 1, 'classical', 'scored', 0.25, NULL, '{"gap_s": 0.5}'),
        ('a', 'adherence', 1, 'classical', 'unscored', NULL, 'too dark', NULL),
        ('b', 'permanence', 1, 'classical', 'failed', NULL, 'no clip: RuntimeError: out of memory', NULL);
    INSERT INTO span VALUES ('a', 'permanence', 0, 'vanish', 0.5, 1.25, 0.1, 0.2, 0.3, 0.4, 0.75, 'red ball gone');
    """


def folder_of(version: int, folder: Path) -> Path:
    folder.mkdir()
    write_json(folder / "spec.json", SPEC)
    with closing(sqlite3.connect(folder / "results.sqlite")) as db:
        db.executescript(f"{DDL[version]} {ROWS} PRAGMA user_version = {version};")
        if version > 1:
            db.execute("UPDATE reading SET perception_version = 3")
            db.commit()
    return folder


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_version_is_here() -> None:
    assert set(DDL) == set(range(1, SCHEMA_VERSION + 1))
    assert set(schema.STEPS) == set(range(1, SCHEMA_VERSION))


@pytest.mark.parametrize("version", DDL)
def test_an_old_folder_loads_and_is_left_as_it_is(version: int, tmp_path: Path) -> None:
    folder = folder_of(version, tmp_path / "run")
    before = digest(folder / "results.sqlite")
    results = load(folder)
    assert digest(folder / "results.sqlite") == before
    assert sorted(p.name for p in folder.iterdir()) == ["results.sqlite", "spec.json"]
    assert list(results.shots["shot_id"]) == ["a", "b"]
    row = results.readings.set_index(["shot_id", "probe"]).loc[("a", "permanence")]
    assert (row["value"], row["version"], row["perception"], row["perception_version"]) == (0.25, 1, "classical", 3)
    assert (results.spans["kind"][0], results.spans["x1"][0], results.spans["severity"][0]) == ("vanish", 0.3, 0.75)
    assert results.clips["error"][1] == "RuntimeError: out of memory"


@pytest.mark.parametrize("version", DDL)
def test_all_versions_give_the_same_tables_once_written_to(version: int, tmp_path: Path) -> None:
    old, new = folder_of(version, tmp_path / "old"), tmp_path / "new"
    new.mkdir()
    write_json(new / "spec.json", SPEC)
    with Store(new) as store:
        store.put_shots([ShotRow("a", "drop_bounce", 0, "prompt", "a ball", 64, 64, 16, 8.0)])
        store.put_shots([ShotRow("b", "drop_bounce", 1, "prompt", None, 64, 64, 16, 8.0)])
        store.put_clip(ClipRow("a", "ok", "digest-a", "clips/digest-a.mkv", 16, 64, 64, 8.0))
        span = Span("vanish", 0.5, 1.25, (0.1, 0.2, 0.3, 0.4), 0.75, "red ball gone")
        scored = Scored(0.25, (span,), {"gap_s": 0.5})
        readings = {"permanence": (1, scored), "adherence": (1, Unscored("too dark"))}
        store.put_readings("a", "classical", readings, 3)
    with Store(old) as store:
        assert store.read_by("a", "classical") == {"permanence": 1, "adherence": 1}
        store.put_clip(ClipRow("b", "ok", "digest-b", "clips/digest-b.mkv", 16, 64, 64, 8.0))
        store.put_readings("b", "classical", {"permanence": (1, Scored(0.5))}, 3)
    with Store(new) as store:
        store.put_clip(ClipRow("b", "ok", "digest-b", "clips/digest-b.mkv", 16, 64, 64, 8.0))
        store.put_readings("b", "classical", {"permanence": (1, Scored(0.5))}, 3)
    assert {table: export(old, table) for table in TABLES} == {table: export(new, table) for table in TABLES}
    with closing(sqlite3.connect(old / "results.sqlite")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("SELECT count(*) FROM result").fetchone() == (3,)


def test_this_version_is_the_one_that_is_written_out_here(tmp_path: Path) -> None:
    """A change of the tables without a new version would leave folders behind that nothing loads."""

    def described(ddl: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(":memory:")) as db:
            db.executescript(ddl)
            names = db.execute("SELECT type, name FROM sqlite_master ORDER BY name").fetchall()
            return names + [(n, *c) for _, n in names for c in db.execute(f"PRAGMA table_info({n})")]

    assert described(SCHEMA) == described(DDL[SCHEMA_VERSION])


def test_where_the_spec_does_not_say_the_version_of_sight_it_is_not_known(tmp_path: Path) -> None:
    folder = folder_of(1, tmp_path / "run")
    write_json(folder / "spec.json", {"model": {"label": "m"}})
    assert load(folder).readings["perception_version"].isna().all()


def test_a_migration_that_breaks_off_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(1, tmp_path / "run")
    step = schema.STEPS[1]

    def breaks(db: sqlite3.Connection, where: Path) -> None:
        step(db, where)
        raise OSError(28, "No space left on device", str(where))

    with monkeypatch.context() as patched:
        patched.setitem(schema.STEPS, 1, breaks)
        with pytest.raises(OSError, match="No space left"):
            Store(folder)
    with closing(sqlite3.connect(folder / "results.sqlite")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert len(db.execute("PRAGMA table_info(reading)").fetchall()) == 8
    assert len(load(folder).readings) == 3


@pytest.mark.parametrize("opened", [load, Store])
def test_a_newer_version_is_refused(opened, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = folder_of(2, tmp_path / "run")
    with closing(sqlite3.connect(folder / "results.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="has results of schema 99, and this worldassay knows up to 2; install"):
        opened(folder)


@pytest.mark.parametrize(
    ("ddl", "says"),
    [
        ("CREATE TABLE other (x);", r"is damaged \(table shot lacks all\)"),
        (f"{DDL[2]} ALTER TABLE reading RENAME COLUMN value TO worth;", r"is damaged \(table reading lacks value\)"),
        (f"{DDL[2]} DROP VIEW result; DROP TABLE span; CREATE VIEW span AS SELECT 1;", "table span lacks all"),
    ],
)
def test_another_database_is_refused(ddl: str, says: str, tmp_path: Path) -> None:
    write_json(tmp_path / "spec.json", SPEC)
    with closing(sqlite3.connect(tmp_path / "results.sqlite")) as db:
        db.executescript(f"{ddl} PRAGMA user_version = 2;")
    with pytest.raises(UsageError, match=says):
        load(tmp_path)


def test_a_transaction_that_a_kill_cut_off_is_undone(tmp_path: Path) -> None:
    """The journal that it leaves is no damage: reading rolls it back."""
    folder = folder_of(2, tmp_path / "run")
    child = os.fork()
    if child == 0:
        db = sqlite3.connect(folder / "results.sqlite")
        db.execute("PRAGMA cache_size = 1")
        db.execute("UPDATE reading SET measures = 'x', value = value / 2")
        db.executemany(
            "INSERT INTO shot VALUES (?, 'f', 0, 'm', ?, 1, 1, 1, 1.0)", ((str(i), "x" * 999) for i in range(500))
        )
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert (folder / "results.sqlite-journal").stat().st_size > 0
    results = load(folder)
    assert (len(results.shots), results.readings["value"].max()) == (2, 0.25)


def test_reading_sees_one_moment_while_it_is_written(tmp_path: Path) -> None:
    """Another process replaces all readings again and again; no reader sees some of one and some of another."""
    folder = folder_of(2, tmp_path / "run")
    child = os.fork()
    if child == 0:
        with Store(folder) as store:
            for n in range(100_000):
                value = Scored(n % 100 / 100, (Span("vanish", 0, 1, None, n % 100 / 100, "x"),) * (n % 7))
                store.put_readings("a", "classical", {"permanence": (1, value), "adherence": (1, value)}, 3)
                time.sleep(0.002)
        os._exit(0)
    try:
        time.sleep(0.2)
        for _ in range(30):
            results = load(folder)
            mine = results.readings[results.readings["shot_id"] == "a"]
            assert mine["value"].nunique() == 1
            assert set(results.spans["severity"]) <= set(mine["value"])
            assert len(results.spans) % 2 == 0
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
