"""Writes that hold, and what the disk or SQLite refuses as an error that names the path."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.errors import UsageError

DISK = {  # SQLite's primary result code to the system's
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}


@contextmanager
def named(path: str | Path) -> Iterator[None]:
    """Within, an error of the file system or of SQLite becomes one that says where.

    Raises:
        OSError: the disk is full, broken or not ours to write; `filename` is the path.
        UsageError: the database is damaged, or another process does not let go of it.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # without the extension
        if code in DISK:
            raise OSError(DISK[code], f"{os.strerror(DISK[code])} ({error})", str(path)) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise UsageError(f"another process does not let go of {path}; end it and try again") from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise UsageError(f"{path} is damaged ({error}); delete its folder and run again") from error
        raise
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, error.strerror or os.strerror(error.errno), str(path)) from error
        raise


def keep(path: Path) -> None:
    """Have the disk hold what was written to a file, and its name, before anything refers to it."""
    with named(path):
        for what in (path, path.parent):
            handle = os.open(what, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def replace_text(path: Path, text: str) -> None:
    """Replace a file as a whole; never half of it, and the one before stays where that fails.

    Raises:
        OSError: it could not be written; with the path.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with named(path):
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            keep(path)
        finally:
            part.unlink(missing_ok=True)
