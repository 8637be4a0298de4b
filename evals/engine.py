"""The local engine: jobs on a pool of processes, messages back in the order in which they come.

A process that dies costs its job one retry on a fresh process, then the job is given up; one that goes over the bounds
it has set itself (`evals.process.within`) is killed, and its job is given up at once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import wait
from typing import Any

from evals.process import Process
from simulator.errors import UsageError

TRIES = 2  # of a job whose process dies
GLANCE = 0.2  # seconds between looks at the memory of processes


@dataclass(frozen=True)
class Message:
    """Something that a worker said about its job."""

    content: Any


@dataclass(frozen=True)
class Done:
    """The job is finished; `error` says why it was given up, None if it was not."""

    error: str | None = None


class Queue:
    """The jobs of an engine: which is next, and which of those that were lost gets another try."""

    def __init__(self, jobs: Iterable[Hashable]) -> None:
        self._fresh, self._lost, self._tries = iter(jobs), deque[Hashable](), dict[Hashable, int]()

    def take(self) -> Any:
        """The next job, None where there is none."""
        job = self._lost.popleft() if self._lost else next(self._fresh, None)
        if job is not None:
            self._tries[job] = self._tries.get(job, 0) + 1
        return job

    def retry(self, job: Hashable) -> bool:
        """Whether a job whose process died is due again; it is not after TRIES."""
        if self._tries[job] < TRIES:
            self._lost.append(job)
            return True
        return False

    def finish(self, job: Hashable) -> None:
        """Forget a job that is done or given up."""
        del self._tries[job]


def default_workers() -> int:
    """Two processes, or one on a single core."""
    return min(2, os.cpu_count() or 1)


def _watch(slots: Sequence[Process]) -> Iterator[tuple[int, str, Any]]:
    """(slot, kind, content): what busy processes say, and "over" with a reason for those that have passed a bound."""
    while any(slot.busy for slot in slots):
        glance = GLANCE if any(slot.bounds for slot in slots) else None
        ready = wait([slot.pipe for slot in slots if slot.busy], glance)
        for i, slot in enumerate(slots):
            if slot.pipe in ready:
                yield i, *slot.hear()
            elif (reason := slot.over()) is not None:
                slot.process.kill()
                slot.process.join()
                yield i, "over", reason


def pool(target: str, setup: Any, jobs: Iterable[Hashable], workers: int) -> Iterator[tuple[Any, Message | Done]]:
    """Do all jobs; yields (job, Message) any number of times and (job, Done) once for each job.

    jobs: each is taken when a process is free for it, not before.

    Raises:
        UsageError: a worker could not be built.
    """
    jobs = iter(jobs)
    first = list(islice(jobs, workers))
    queue = Queue(chain(first, jobs))
    slots = [Process.start(target, setup) for _ in first]
    try:
        for slot in slots:
            slot.give(queue.take())
        for i, kind, content in _watch(slots):
            slot, job = slots[i], slots[i].job
            if kind == "refused":
                raise UsageError(content)
            if kind == "message":
                yield job, Message(content)
            elif kind == "bounds":
                slot.bind(content)
            else:
                error = content
                if kind != "done":
                    slot.pipe.close()
                    slots[i] = Process.start(target, setup)
                if kind == "died":
                    error = f"its process died {TRIES} times (exit code {content})"
                if kind != "died" or not queue.retry(job):
                    queue.finish(job)
                    yield job, Done(error)
                slots[i].give(queue.take())
    finally:
        for slot in slots:
            slot.pipe.close()
            slot.process.terminate()
        for slot in slots:
            slot.process.join()
