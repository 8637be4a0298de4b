"""The writer of one run folder's tables."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from evals.console import plain
from evals.disk import named
from evals.store.schema import connect
from probes.reading import Failed, Reading, Scored, Unscored
from simulator.errors import UsageError

Row = tuple[Any, ...]


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
    """One row of table clip; `path` is relative to the run folder, absolute, or a URL of fsspec's."""

    shot_id: str
    status: str
    digest: str | None = None
    path: str | None = None
    frames: int | None = None
    height: int | None = None
    width: int | None = None
    fps: float | None = None
    error: str | None = None


class Kept:
    """What the tables of one run folder hold of its shots; db: a connection, which may be read-only."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self.db, self.path = db, path

    def clip(self, shot_id: str) -> ClipRow | None:
        """The clip of a shot, None where there is none yet."""
        with named(self.path):
            row = self.db.execute("SELECT * FROM clip WHERE shot_id = ?", (shot_id,)).fetchone()
        return None if row is None else ClipRow(*row)

    def read_by(self, shot_id: str, perception: str) -> dict[str, int]:
        """The probes, with versions, whose reading of this shot stands; a failed one does not, and is tried again."""
        query = "SELECT probe, version FROM reading WHERE shot_id = ? AND perception = ? AND status != 'failed'"
        with named(self.path):
            return dict(self.db.execute(query, (shot_id, perception)))

    def has_failed(self, shot_id: str) -> bool:
        """Whether the clip of a shot, or one of its readings, has failed."""
        query = "SELECT 1 FROM {} WHERE shot_id = ? AND status = 'failed'"
        with named(self.path):
            return any(self.db.execute(query.format(table), (shot_id,)).fetchone() for table in ("clip", "reading"))


class Store(Kept):
    """The writer of one run folder's tables; one at a time.

    Every method that writes is one transaction, on the disk when it returns.

    Raises:
        UsageError: another writer is at work, or the database is damaged or of a newer version.
        OSError: the disk is full, broken or not ours to write, here and in every method; nothing of the transaction
            stands then.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, path = folder, folder / "results.sqlite"
        self._lock = (folder / ".results.lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            super().__init__(connect(folder), path)
        except BaseException as error:
            self._lock.close()
            if isinstance(error, BlockingIOError):
                raise UsageError(f"another process writes to {path}; wait for it") from error
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()
        self._lock.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with named(self.path), self.db:
            yield self.db

    def put_shots(self, rows: Iterable[ShotRow]) -> None:
        """Add the shots that are not there yet; the prompt of one that is stays."""
        with self._transaction() as db:
            db.executemany("INSERT OR IGNORE INTO shot VALUES (?,?,?,?,?,?,?,?,?)", map(astuple, rows))

    def put_clip(self, row: ClipRow) -> None:
        """Add or replace a clip; readings of another content go with the clip that they were of."""
        with self._transaction() as db:
            old = self.clip(row.shot_id)
            if old is not None and old.digest != row.digest:
                db.execute("DELETE FROM reading WHERE shot_id = ?", (row.shot_id,))
            db.execute("INSERT OR REPLACE INTO clip VALUES (?,?,?,?,?,?,?,?,?)", astuple(row))

    def put_readings(
        self,
        shot_id: str,
        perception: str,
        readings: Mapping[str, tuple[int, Reading]],
        perception_version: int | None = None,
    ) -> None:
        """Add or replace the readings of one shot, (version, reading) by probe, with their spans."""
        with self._transaction() as db:
            for probe, (version, reading) in readings.items():
                db.execute("DELETE FROM reading WHERE shot_id = ? AND probe = ?", (shot_id, probe))
                row, spans = reading_rows(shot_id, probe, version, perception, reading, perception_version)
                db.execute("INSERT INTO reading VALUES (?,?,?,?,?,?,?,?,?)", row)
                db.executemany("INSERT INTO span VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", spans)

    def drop_stale(self, perception: str, probes: Mapping[str, int]) -> int:
        """Delete the readings of other perceptions, other probes and other versions; how many there were."""
        keep = " OR ".join(["(probe = ? AND version = ?)"] * len(probes)) or "0"
        arguments = [perception, *(x for pair in probes.items() for x in pair)]
        with self._transaction() as db:
            return db.execute(f"DELETE FROM reading WHERE NOT (perception = ? AND ({keep}))", arguments).rowcount


def reading_rows(
    shot_id: str, probe: str, version: int, perception: str, reading: Reading, perception_version: int | None
) -> tuple[Row, list[Row]]:
    """The row of table reading for what a probe said, and the rows of table span for its evidence."""
    spans = reading.spans if isinstance(reading, Scored) else ()
    return (
        (shot_id, probe, version, perception, *_told(reading), perception_version),
        [
            (shot_id, probe, i, s.kind, s.start, s.end, *(s.box or (None,) * 4), s.severity, s.text)
            for i, s in enumerate(spans)
        ],
    )


def _told(reading: Reading) -> tuple[str, float | None, str | None, str | None]:
    """(status, value, reason, measures) as they are stored."""
    match reading:
        case Scored(value, _, measures):
            return "scored", float(value), None, json.dumps(plain(measures), sort_keys=True)
        case Unscored(reason):
            return "unscored", None, reason, None
        case Failed(error):
            return "failed", None, error, None
