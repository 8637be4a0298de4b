"""One process of an engine: it builds a worker once and does jobs; the other end of its pipe watches over it.

A worker is a class, named "module:Class" and built once in each process as Class(setup), whose `do(job)` yields
messages. Every process computes with one thread, so that results do not depend on how many there are.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

from simulator.errors import UsageError

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LP_NUM_THREADS"), "1"
)


class Worker(Protocol):
    """What does the jobs, in a process of its own."""

    def do(self, job: Any) -> Iterator[Any]:
        """Messages about one job; an exception gives the job up."""
        ...


@dataclass(frozen=True)
class Bounds:
    """What a part of a job may take: seconds by the clock; MiB of memory on top of what its process holds already."""

    seconds: float
    memory: int


_engine: Connection | None = None  # in a process of an engine


@contextmanager
def within(bounds: Bounds) -> Iterator[None]:
    """In a worker: whatever is done in this block must stay within bounds. Without an engine around us nobody looks."""
    if _engine is not None:
        _engine.send(("bounds", bounds))
    try:
        yield
    finally:
        if _engine is not None:
            _engine.send(("bounds", None))


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Variables of the environment for as long as the block lasts; children that start in it keep them."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@dataclass
class Process:
    """A process with what it is doing, seen from the engine."""

    process: Any
    pipe: Connection
    job: Any = None
    busy: bool = False
    bounds: Bounds | None = None
    since: float = 0.0  # when the bounds were set, by time.monotonic
    held: int = 0  # bytes of memory at that time

    @classmethod
    def start(cls, target: str, setup: Any) -> Process:
        """A new process, which builds its worker at once."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, target, setup), daemon=True)
        with environment(ONE_THREAD):  # read by the libraries as the child loads them
            process.start()
        theirs.close()
        return cls(process, ours)

    def give(self, job: Any) -> None:
        """Have it do a job; None: it has none, and nobody listens to it."""
        self.job, self.busy = job, job is not None
        if job is None:
            return
        with suppress(BrokenPipeError):  # it died on its own; the end of its pipe tells
            self.pipe.send(job)

    def hear(self) -> tuple[str, Any]:
        """What it says: kind and content; "died" with its exit code where it says nothing any more."""
        try:
            kind, content = self.pipe.recv()
        except (EOFError, OSError):  # OSError: it died in the middle of a message
            self.process.join()
            return "died", self.process.exitcode
        return kind, content

    def bind(self, bounds: Bounds | None) -> None:
        """Hold it to these bounds from now on."""
        self.bounds, self.since, self.held = bounds, time.monotonic(), _memory(self.process.pid)

    def over(self) -> str | None:
        """Which bound it has passed, if any."""
        if self.bounds is None:
            return None
        if time.monotonic() - self.since > self.bounds.seconds:
            return f"took more than {self.bounds.seconds:g} s to probe; raise limits.probe_seconds"
        if _memory(self.process.pid) - self.held > self.bounds.memory << 20:
            return f"took more than {self.bounds.memory} MiB to probe; raise limits.probe_memory"
        return None


def _memory(pid: int) -> int:
    """Bytes of memory that a process shares with nobody; 0 where the system does not tell."""
    try:
        resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def _follow() -> None:
    """End this process as soon as its parent is gone, whatever it is doing: nobody hears it, and it holds a device."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _serve(pipe: Connection, target: str, setup: Any) -> None:
    """The life of one process: build the worker, then do jobs until the pipe closes."""
    global _engine  # noqa: PLW0603  one for the process
    _engine = pipe
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, too, and ends us
    threading.Thread(target=_follow, daemon=True).start()
    import cv2

    cv2.setNumThreads(1)
    module, name = target.split(":")
    try:
        worker: Worker = getattr(importlib.import_module(module), name)(setup)
    except Exception as raised:  # a worker that cannot be built cannot be retried either
        pipe.send(("refused", str(raised) if isinstance(raised, UsageError) else f"{type(raised).__name__}: {raised}"))
        return
    try:
        while True:
            job = pipe.recv()
            error: str | None = None
            try:
                for content in worker.do(job):
                    pipe.send(("message", content))
            except BrokenPipeError:
                return
            except Exception as raised:  # one job's fault must not cost the others
                error = f"{type(raised).__name__}: {raised}"
            pipe.send(("done", error))
    except (EOFError, BrokenPipeError):  # the parent is gone
        return
