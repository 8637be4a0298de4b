"""The local engine: jobs on a pool of processes, messages back in the order in which they come.

A worker is a class, named "module:Class" and built once in each process as Class(setup), whose `do(job)` yields
messages. A process that dies costs its job one retry on a fresh process, then the job is given up. Every process
computes with one thread, so that results do not depend on how many there are.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from simulator.errors import UsageError

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LP_NUM_THREADS")
TRIES = 2  # of a job whose process dies


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


@dataclass
class _Process:
    process: Any
    pipe: Connection
    job: Any = None
    busy: bool = False


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
        while any(slot.busy for slot in slots):
            ready = wait([slot.pipe for slot in slots if slot.busy])
            for i, slot in enumerate(slots):
                if slot.pipe not in ready:
                    continue
                try:
                    kind, content = slot.pipe.recv()
                except (EOFError, ConnectionResetError):
                    slot.process.join()
                    job, code = slot.job, slot.process.exitcode
                    slots[i] = _start(target, setup)
                    if queue.tries[job] < TRIES:
                        queue.jobs.append(job)
                    else:
                        yield job, Done(f"its process died {TRIES} times (exit code {code})")
                    _feed(slots[i], queue)
                    continue
                if kind == "refused":
                    raise UsageError(content)
                if kind == "message":
                    yield slot.job, Message(content)
                else:
                    yield slot.job, Done(content)
                    _feed(slot, queue)
    finally:
        for slot in slots:
            slot.pipe.close()
            slot.process.terminate()
        for slot in slots:
            slot.process.join()
