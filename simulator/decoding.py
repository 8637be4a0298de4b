"""Decoding strangers' videos in a process of its own: limited, confined, and replaced when it dies.

One process (`simulator.decoder`) serves all files that this process reads. Files are opened here, regular ones only;
the decoder gets the descriptor, never a path. Frames come back through a ring of memory that both share, and are copied
while the next ones are decoded. Nothing that the decoder says is trusted.
"""

from __future__ import annotations

import atexit
import json
import mmap
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from simulator.errors import UsageError

SLOT, SLOTS = 1 << 20, 16  # of the ring
START = 120.0  # seconds that a decoder may take to start
DYING = 5.0  # seconds between the last word of a decoder and its end
FILE = 4  # a file's most bytes, as a multiple of the memory for its frames
PATIENCE = 6  # by the clock, as a multiple of the seconds of computing: the machine may be busy
KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME", "LANG")


@dataclass(frozen=True)
class Limits:
    """What decoding one clip may take.

    frames: of the clip. pixels: of one frame. seconds: of computing; six times that by the clock. memory: MiB, of the
    decoded frames and what decoding them takes on top.
    """

    frames: int = 4096
    pixels: int = 4096 * 4096
    seconds: int = 10
    memory: int = 1024


_limits = Limits()


def use(limits: Limits) -> None:
    """Make `limits` those of this process."""
    global _limits  # noqa: PLW0603  one for every reader of videos in the process
    _limits = limits


def limits() -> Limits:
    """The limits of this process."""
    return _limits


class Died(Exception):
    """The decoder ended without an answer; `code` is its exit code, or None where it was too slow and was killed."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class Frames:
    """Bytes that come in pieces; how many there will be is not known for sure."""

    def __init__(self, most: int) -> None:
        self.most, self.size, self._held = most, 0, np.empty(0, np.uint8)

    def room(self, size: int) -> None:
        """Make room for `size` bytes, as far as they are allowed; pages that are not used take no memory."""
        size = min(size, self.most)
        if size > len(self._held):
            larger = np.empty(size, np.uint8)
            larger[: self.size] = self._held[: self.size]
            self._held = larger

    def add(self, piece: np.ndarray) -> None:
        """Append a piece.

        Raises:
            OverflowError: it is more than is allowed.
        """
        end = self.size + len(piece)
        if end > self.most:
            raise OverflowError
        if end > len(self._held):
            self.room(max(end, 2 * len(self._held)))
        self._held[self.size : end] = piece
        self.size = end

    def array(self, *shape: int) -> np.ndarray:
        """All of them, read-only.

        Raises:
            ValueError: there are less or more of them.
        """
        self._held.flags.writeable = False
        return self._held[: self.size].reshape(shape)


class Decoder:
    """One decoder process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        environment = {key: os.environ[key] for key in KEPT if key in os.environ}  # no secrets
        with _shared() as ring, theirs:
            ring.truncate(SLOT * SLOTS)
            self._ring = np.frombuffer(mmap.mmap(ring.fileno(), SLOT * SLOTS, prot=mmap.PROT_READ), np.uint8)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "simulator.decoder"],
                stdin=theirs.fileno(),
                stdout=ring,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).resolve().parents[1],
                env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
                start_new_session=True,  # ctrl-c is ours to answer
            )
        self._socket, self._said, self._ready = ours, b"", False

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def ask(self, request: dict[str, Any], file: int, frames: Frames, seconds: float) -> dict[str, Any]:
        """The last answer to a request; `frames` get what was decoded.

        Raises:
            Died: there is none.
            RuntimeError: the process could not be started.
        """
        if not self._ready:
            try:
                self._hear(time.monotonic() + START)
            except Died as died:
                raise RuntimeError(f"no decoder (exit code {died.code}); run `worldassay doctor`") from died
            self._ready = True
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], [file])
        except OSError as error:
            raise Died(self.end(DYING)) from error
        end, slot = time.monotonic() + seconds, 0
        while True:
            said = self._hear(end)
            if "expect" in said:
                frames.room(int(said["expect"]))
            elif "bytes" in said:
                start = slot * SLOT
                frames.add(self._ring[start : start + min(SLOT, int(said["bytes"]))])
                slot = (slot + 1) % SLOTS
                self._socket.sendall(b"+")
            else:
                return said

    def _hear(self, end: float) -> dict[str, Any]:
        """The next message, which must come before the time `end`."""
        try:
            while b"\n" not in self._said:
                self._socket.settimeout(max(1e-3, end - time.monotonic()))
                more = self._socket.recv(1 << 12)
                if not more or len(self._said) > 1 << 12:
                    raise Died(self.end(DYING))
                self._said += more
        except TimeoutError as error:
            self.end()
            raise Died(None) from error
        except OSError as error:
            raise Died(self.end(DYING)) from error
        line, _, self._said = self._said.partition(b"\n")
        return dict(json.loads(line))

    def end(self, patience: float = 0.0) -> int:
        """End the process, whatever it is doing; its exit code, negative for a signal.

        patience: seconds in which it may end on its own.
        """
        self._socket.close()
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(patience)
        self._process.kill()
        return self._process.wait()

    def forget(self) -> None:
        """Leave the process to the one that this process is a fork of."""
        self._socket.close()
        self._process.returncode = 0


def _shared() -> IO[bytes]:
    """A file without a name, in memory where the system has such."""
    return os.fdopen(os.memfd_create("ring"), "w+b") if hasattr(os, "memfd_create") else tempfile.TemporaryFile()


_lock = threading.Lock()
_decoder: Decoder | None = None


def start() -> None:
    """Start the decoder of this process, so that it is there when it is needed."""
    global _decoder  # noqa: PLW0603  one for the process
    if _decoder is None:
        _decoder = Decoder()


@atexit.register
def stop() -> None:
    """End the decoder of this process, if there is one."""
    global _decoder  # noqa: PLW0603
    if _decoder is not None:
        _decoder.end()
        _decoder = None


def _forked() -> None:
    global _decoder, _lock  # noqa: PLW0603
    _lock = threading.Lock()
    if _decoder is not None:
        _decoder.forget()
        _decoder = None


os.register_at_fork(after_in_child=_forked)


def pid() -> int:
    """The process number of the decoder of this process, which is started if there is none."""
    start()
    assert _decoder is not None
    return _decoder.pid


def decode(path: Path, allowed: Limits) -> tuple[np.ndarray, float]:
    """The frames (T, H, W, 3) uint8, read-only, and the frame rate of the video at `path`.

    Raises:
        UsageError: no video, damaged, or over a limit; says which.
    """
    name = printable(path)
    with opened(path) as file:
        request = {
            "demuxer": sniff(file, name),
            "frames": allowed.frames,
            "pixels": allowed.pixels,
            "seconds": allowed.seconds,
            "memory": allowed.memory << 20,
        }
        frames = Frames(allowed.memory << 20)
        try:
            said = _asked(request, file, frames, PATIENCE * allowed.seconds)
            if "error" not in said:
                return frames.array(said["frames"], said["height"], said["width"], 3), float(said["fps"])
        except Died as died:
            raise UsageError(f"'{name}' {_reason(died.code, allowed)}") from died
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # the decoder is no longer itself
            stop()
            raise UsageError(f"'{name}' makes the decoder give wrong answers; the file is damaged") from error
        raise UsageError(f"'{name}' {said['error']}")


def _asked(request: dict[str, Any], file: int, frames: Frames, seconds: float) -> dict[str, Any]:
    with _lock:
        start()
        assert _decoder is not None
        whole = False
        try:
            said = _decoder.ask(request, file, frames, seconds)
            whole = not said.get("last")
            return said
        finally:
            if not whole:  # dead, used up, or left in the middle of an answer
                stop()


def _reason(code: int | None, allowed: Limits) -> str:
    """Why a decoder died, as what follows the file's name in a sentence."""
    if code is None:
        return f"takes more than {PATIENCE * allowed.seconds} s to decode; raise limits.decode_seconds"
    if code == -signal.SIGXCPU:
        return f"takes more than {allowed.seconds} s of computing to decode; raise limits.decode_seconds"
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return (  # a library that is refused memory may crash as one that is misled does
        f"ended the decoder ({how}); the file is damaged, or takes more than {allowed.memory} MiB: "
        "raise limits.decode_memory if it plays elsewhere"
    )


def printable(path: str | Path) -> str:
    """A path as text for messages and tables: bytes that are not UTF-8 and control characters are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c.encode("unicode_escape").decode() if unicodedata.category(c) == "Cc" else c for c in text)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of the regular file at `path`, without ever waiting for a pipe or a device.

    Raises:
        UsageError: it cannot be opened, is no regular file, or is far too large for what it may hold.
    """
    name = printable(path)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # devices act when they are opened
            raise UsageError(f"cannot open '{name}': it is not a regular file")
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot open '{name}': {getattr(error, 'strerror', None) or error}") from error
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"cannot open '{name}': it is not a regular file")
        if found.st_size > FILE * _limits.memory << 20:
            raise UsageError(f"'{name}' is too big: a file of {found.st_size >> 20} MiB; raise limits.decode_memory")
        yield file
    finally:
        os.close(file)


def sniff(file: int, name: str) -> str:
    """The demuxer for a file, by its first bytes and never by its name.

    Raises:
        UsageError: it is none of the kinds that are read.
    """
    head = os.pread(file, 12, 0)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:4] == b"GIF8":
        return "gif"
    raise UsageError(f"'{name}' is not a video (mp4, mov, mkv, webm, avi or gif); convert it with ffmpeg first")
