"""Clips as files named by their content: in the run folder, or anywhere that fsspec reaches.

A clip lies at ROOT/<digest>.mkv (FFV1, exact). ROOT is RUN/clips, or a URL such as s3://bucket/run; a row of table clip
says where each one is. A file is written as a whole and is on the disk before `put` returns, so before its row is; its
digest is looked at again whenever it is read.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evals.disk import keep, named
from simulator.clip import Clip, read_video, write_video
from simulator.errors import UsageError

FOLDER = "clips"
WEB = ("http", "https", "ftp", "github", "git", "data", "reference")  # protocols that fetch whatever they are told to


def remote(path: str) -> bool:
    """Whether a path is a URL of fsspec's, not one of this machine's file system."""
    return "://" in path


def rooted(root: str | None) -> str | None:
    """A root as a person gives it, so that it means the same in every process; None is RUN/clips.

    Raises:
        UsageError: it is a URL that cannot be reached.
    """
    if root is None:
        return None
    root = root.removeprefix("file://").rstrip("/")
    if not remote(root):
        return os.path.abspath(root)
    _reach(root)
    return root


def _reach(url: str) -> tuple[Any, str]:
    """The file system of a URL and the path in it.

    Raises:
        UsageError: fsspec knows no such protocol, lacks the package that speaks it, or the URL is of a kind that is
            not followed.
    """
    if "::" in url or url.partition("://")[0] in WEB:  # a row may come from a stranger, and must not send us anywhere
        raise UsageError(f"clips are not fetched from {url}; give a folder or an object store, such as s3://bucket/run")
    import fsspec

    try:
        return fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(f"cannot reach {url}: {error}") from error


def put(clip: Clip, folder: Path, root: str | None = None) -> str:
    """Write a clip below `root`, or below the run folder where that is None; the `path` of its row.

    Raises:
        OSError: it could not be written as a whole; with the path.
        UsageError: `root` is a URL that cannot be reached.
    """
    name = f"{clip.digest}.mkv"
    if root is None or not remote(root):
        path = f"{FOLDER}/{name}" if root is None else f"{root}/{name}"
        with named(folder / path):
            write_video(folder / path, clip)
            keep(folder / path)
        return path
    url = f"{root}/{name}"
    files, path = _reach(url)
    with named(url), tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / name
        write_video(file, clip)
        files.makedirs(os.path.dirname(path), exist_ok=True)
        files.put_file(str(file), path)
        if files.size(path) != file.stat().st_size:
            raise OSError(errno.EIO, "not written as a whole", url)
    return url


def address(folder: Path, path: str) -> str:
    """Where the clip of a row is, given its `path` and its run's folder."""
    return path if remote(path) else os.path.join(folder, path)


@contextmanager
def local(address: str) -> Iterator[Path]:
    """A file of this machine with what lies at an address, for as long as the block lasts.

    Raises:
        UsageError: it is not there, or cannot be reached.
    """
    if not remote(address):
        yield Path(address)
        return
    files, inside = _reach(address)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / Path(inside).name
        try:
            with files.open(inside, "rb") as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        except OSError as error:
            raise UsageError(f"cannot fetch {address}: {error.strerror or error}") from error
        yield copy


def get(address: str, digest: str, fps: float | None = None) -> Clip:
    """Read a clip back.

    fps: the frame rate where the row knows it better than the container.

    Raises:
        UsageError: it is not there, cannot be read, or holds another content than `digest`.
    """
    with local(address) as file:
        clip = read_video(file)
    clip = clip if fps is None else Clip(clip.frames, fps)
    if clip.digest != digest:
        raise UsageError(f"{address} holds another clip than {digest}; it was changed after it was stored")
    return clip
