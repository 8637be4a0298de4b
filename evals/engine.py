"""The local engine: jobs on a pool of processes, messages back in the order in which they come.

A worker is a class, named "module:Class" and built once in each process as Class(setup), whose `do(job)` yields
messages. A process that dies costs its job one retry on a fresh process, then the job is given up; one that goes over
the bounds it has set itself (`within`) is killed, and its job is given up at once. Every process computes with one
thread, so that results do not depend on how many there are.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

from simulator.errors import UsageError

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LP_NUM_THREADS")
TRIES = 2  # of a job whose process dies
GLANCE = 0.2  # seconds between looks at the memory of processes


class Worker(Protocol):
    """What does the jobs, in a process of its own."""

    def do(self, job: Any) -> Iterator[Any]:
        """Messages about one job; an exception gives the job up."""
        ...


@dataclass(frozen=True)
class Message:
    """Something that a worker said about its job."""

    content: Any


@dataclass(frozen=True)
class Done:
    """The job is finished; `error` says why it was given up, None if it was not."""

    error: str | None = None


@dataclass(frozen=True)
class Bounds:
    """What a part of a job may take: seconds by the clock; MiB of memory on top of what its process holds already."""

    seconds: float
    memory: int


_engine: Connection | None = None  # in a process of the pool


@contextmanager
def within(bounds: Bounds) -> Iterator[None]:
    """In a worker: whatever is done in this block must stay within bounds. Without a pool around us nobody looks."""
    if _engine is not None:
        _engine.send(("bounds", bounds))
    try:
        yield
    finally:
        if _engine is not None:
            _engine.send(("bounds", None))


@dataclass
class _Process:
    process: Any
    pipe: Connection
    job: Any = None
    busy: bool = False
    bounds: Bounds | None = None
    since: float = 0.0  # when the bounds were set, by time.monotonic
    held: int = 0  # bytes of memory at that time

    def bind(self, bounds: Bounds | None) -> None:
        """Hold the process to these bounds from now on."""
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


@dataclass
class _Queue:
    jobs: deque[Any]
    tries: dict[Hashable, int] = field(default_factory=dict)


def default_workers() -> int:
    """Two processes, or one on a single core."""
    return min(2, os.cpu_count() or 1)


@contextmanager
def _environment() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # read by the libraries as the child loads them
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(pipe: Connection, target: str, setup: Any) -> None:
    """The life of one process: build the worker, then do jobs until the pipe closes."""
    global _engine  # noqa: PLW0603  one for the process
    _engine = pipe
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, too, and ends us
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


def _start(target: str, setup: Any) -> _Process:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, target, setup), daemon=True)
    with _environment():
        process.start()
    theirs.close()
    return _Process(process, ours)


def _feed(slot: _Process, queue: _Queue) -> None:
    slot.busy = bool(queue.jobs)
    if slot.busy:
        slot.job = queue.jobs.popleft()
        queue.tries[slot.job] = queue.tries.get(slot.job, 0) + 1
        with suppress(BrokenPipeError):  # it died on its own; the end of its pipe tells
            slot.pipe.send(slot.job)


def _hear(slot: _Process) -> tuple[str, Any]:
    """What a process says: kind and content; "died" with its exit code where it says nothing any more."""
    try:
        kind, content = slot.pipe.recv()
    except (EOFError, OSError):  # OSError: it died in the middle of a message
        slot.process.join()
        return "died", slot.process.exitcode
    return kind, content


def _watch(slots: Sequence[_Process]) -> Iterator[tuple[int, str, Any]]:
    """(slot, kind, content): what busy processes say, and "over" with a reason for those that have passed a bound."""
    while any(slot.busy for slot in slots):
        glance = GLANCE if any(slot.bounds for slot in slots) else None
        ready = wait([slot.pipe for slot in slots if slot.busy], glance)
        for i, slot in enumerate(slots):
            if slot.pipe in ready:
                yield i, *_hear(slot)
            elif (reason := slot.over()) is not None:
                slot.process.kill()
                slot.process.join()
                yield i, "over", reason


def pool(target: str, setup: Any, jobs: Sequence[Hashable], workers: int) -> Iterator[tuple[Any, Message | Done]]:
    """Do all jobs; yields (job, Message) any number of times and (job, Done) once for each job.

    Raises:
        UsageError: a worker could not be built.
    """
    queue = _Queue(deque(jobs))
    slots = [_start(target, setup) for _ in range(min(workers, len(jobs)))]
    try:
        for slot in slots:
            _feed(slot, queue)
        for i, kind, content in _watch(slots):
            slot, job = slots[i], slots[i].job
            if kind == "refused":
                raise UsageError(content)
            if kind == "message":
                yield job, Message(content)
            elif kind == "bounds":
                slot.bind(content)
            elif kind == "done":
                yield job, Done(content)
                _feed(slot, queue)
            else:
                slot.pipe.close()
                slots[i] = _start(target, setup)
                if kind == "over":
                    yield job, Done(content)
                elif queue.tries[job] < TRIES:
                    queue.jobs.append(job)
                else:
                    yield job, Done(f"its process died {TRIES} times (exit code {content})")
                _feed(slots[i], queue)
    finally:
        for slot in slots:
            slot.pipe.close()
            slot.process.terminate()
        for slot in slots:
            slot.process.join()
