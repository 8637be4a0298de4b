"""A stranger's archive, or folder, to files that can be read: what a bundle may hold, under its names, within limits.

Nothing outside the target is ever written: only names on a list are unpacked at all; links, devices and whatever else
is no plain file are named and left out. Sizes are counted before anything is written, and held to while it is.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from evals.bundle import MANIFEST, PIECE
from evals.verify.findings import Refused, Report
from simulator.errors import UsageError

NAMES = re.compile(r"(manifest|spec|record|summary)\.json|results\.sqlite|clips/[0-9a-f]{64}\.mkv")
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1  # bit of an entry's flags
DIRECTORY = 8 << 20  # bytes of an archive's list of entries
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
)


@dataclass(frozen=True)
class Room:
    """What a bundle may take: files, bytes unpacked, and how many times its packed size that may be."""

    files: int
    size: int
    ratio: int


@dataclass(frozen=True)
class Entry:
    """Something in a bundle. fault: why it is not to be unpacked."""

    name: str
    size: int
    packed: int
    fault: str | None
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True)
class File:
    """A file that was unpacked."""

    sha256: str
    size: int


class _Archive(io.FileIO):
    """A file of which nobody reads very much at once: the list of entries is read as one piece."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > DIRECTORY:
            raise Refused("bomb", self.name, f"a list of entries of {size >> 20} MiB; {DIRECTORY >> 20} MiB are read")
        return super().read(-1 if size is None else size)


@contextmanager
def _entries(source: Path, most: int) -> Iterator[list[Entry]]:
    if source.is_dir():
        yield _of_folder(source, most)
        return
    with _Archive(source) as file:
        try:
            archive = zipfile.ZipFile(file)
        except BROKEN as error:
            raise UsageError(
                f"{source} is not a bundle, or cut short ({error}); `worldassay bundle` makes one"
            ) from error
        with archive:
            yield [_of_archive(archive, info) for info in archive.infolist() if info.filename != "clips/"]


def _of_archive(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    kind = stat.S_IFMT(info.external_attr >> 16)
    fault = None
    if kind not in (0, stat.S_IFREG):
        fault = "it is a link" if kind == stat.S_IFLNK else "it is a folder or a device"
    elif info.flag_bits & ENCRYPTED:
        fault = "it is encrypted"
    elif info.compress_type not in METHODS:
        fault = f"it is packed by method {info.compress_type}; stored and deflated ones are read"
    return Entry(info.orig_filename, info.file_size, info.compress_size, fault, partial(archive.open, info))


def _of_folder(root: Path, most: int) -> list[Entry]:
    """What lies in a folder and in its folder `clips`; other folders are not looked into."""
    found: list[Entry] = []
    for inside, prefix in ((root, ""), (root / "clips", "clips/")):
        if prefix and (inside.is_symlink() or not inside.is_dir()):
            continue
        with os.scandir(inside) as things:
            for thing in things:
                status = thing.stat(follow_symlinks=False)
                if thing.name == "clips" and not prefix and stat.S_ISDIR(status.st_mode):
                    continue
                what = "a link" if stat.S_ISLNK(status.st_mode) else "a folder or a device"
                fault = None if stat.S_ISREG(status.st_mode) else f"it is {what}"
                opener = partial(_plain, thing.path)
                found.append(Entry(f"{prefix}{thing.name}", status.st_size, status.st_size, fault, opener))
                if len(found) > most:
                    return found
    return found


def _plain(path: str) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def unpack(source: Path, target: Path, room: Room, report: Report, clips: bool = True) -> dict[str, File]:
    """Unpack what a bundle holds into `target`; the files by name. What is wrong with the archive goes to the report.

    clips: whether the clips are unpacked, too.

    Raises:
        Refused: it would take more than there is room for.
        UsageError: it is no bundle at all.
    """
    if not (source.is_file() or source.is_dir()):
        raise UsageError(f"no such bundle: {source}; `worldassay bundle` makes one")
    files: dict[str, File] = {}
    with _entries(source, room.files) as entries:
        if all(entry.name != MANIFEST for entry in entries):
            raise UsageError(f"{source} is not a bundle (no {MANIFEST}); `worldassay bundle` makes one")
        _measure(source.name, entries, room)
        seen = set()
        for entry in sorted(entries, key=lambda entry: entry.name):
            fault = entry.fault or (None if NAMES.fullmatch(entry.name) else "no bundle holds a file of this name")
            if entry.name in seen:
                fault = "it comes twice"
            seen.add(entry.name)
            if fault:
                report.add("unsafe entry", entry.name, fault)
            elif clips or not entry.name.startswith("clips/"):
                file = _write(entry, target / entry.name, report)
                if file is not None:
                    files[entry.name] = file
    return files


def _measure(name: str, entries: list[Entry], room: Room) -> None:
    if len(entries) > room.files:
        raise Refused("bomb", name, f"it holds {len(entries)} files or more; raise limits.files={room.files}")
    size = sum(entry.size for entry in entries)
    if size > room.size:
        raise Refused("bomb", name, f"unpacked it takes {size >> 20} MiB; raise limits.size={room.size >> 20}")
    for entry in entries:
        if entry.size > room.ratio * max(1, entry.packed):
            text = f"{entry.packed} bytes unpack to {entry.size}; raise limits.ratio={room.ratio}"
            raise Refused("bomb", entry.name, text)


def _pieces(entry: Entry) -> Iterator[bytes]:
    """The bytes of an entry, and no more of them than were measured.

    Raises:
        UsageError: they cannot be had.
    """
    left = entry.size
    try:
        with entry.open() as data:
            while piece := data.read(min(PIECE, left)):
                left -= len(piece)
                yield piece
    except BROKEN as error:
        raise UsageError(f"it cannot be unpacked: {error}") from error


def _write(entry: Entry, path: Path, report: Report) -> File | None:
    path.parent.mkdir(exist_ok=True)
    content, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as target:
            for piece in _pieces(entry):
                content.update(piece)
                size += target.write(piece)
    except UsageError as error:
        report.add("damaged file", entry.name, str(error))
        path.unlink()
        return None
    return File(content.hexdigest(), size)
