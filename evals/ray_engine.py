"""The engine on a Ray cluster: jobs on actors on any of its nodes, messages back one at a time.

An actor hosts one process of the local engine, so that a job is done, bounded and tried again as it is there. The
driver gives an actor one job at a time and is the only one that hears of results. An actor that is lost, alone or with
its node, costs its job one retry on a fresh actor, then the job is given up.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

from evals import engine
from evals.engine import TRIES, Done, Message, Queue
from evals.process import environment
from simulator.errors import UsageError

try:
    import ray
    from ray.exceptions import RayError, RayTaskError
except ImportError as missing:
    raise UsageError("engine=ray needs Ray; pip install 'worldassay[ray]'") from missing

PATIENCE = 300  # seconds to wait for a first actor to be placed
AHEAD = 2  # messages that an actor may be ahead of the driver
STORE = 100 << 20  # bytes of a cluster of our own for messages, which are small
OURS = {  # of a cluster of our own: it sends nothing home, and its actors are as nice as we are
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


class Host:
    """In an actor: a process of the local engine, started with the first job and kept."""

    def __init__(self, target: str, setup: Any, folder: str, gpus: float) -> None:
        with suppress(OSError):  # paths mean what they mean to the driver, where its folder is shared
            os.chdir(folder)
        if not gpus:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""  # what is not asked for is another's
        self.jobs: SimpleQueue[Any] = SimpleQueue()
        self.said = engine.pool(target, setup, iter(self.jobs.get, None), 1)

    def ready(self) -> None:
        """Answers as soon as the actor has a place in the cluster."""

    def do(self, job: Hashable) -> Iterator[Message | Done]:
        """What the process says about one job, Done at last."""
        self.jobs.put(job)
        for _, said in self.said:
            yield said
            if isinstance(said, Done):
                return


@dataclass
class _Slot:
    """An actor, seen from the driver. `news` is what is heard next: that it has a place, or the messages of its job."""

    actor: Any
    news: Any
    placed: bool = False
    job: Any = None

    @classmethod
    def hire(cls, actor: Callable[[], Any]) -> _Slot:
        """A new actor, which waits for a place."""
        made = actor()
        return cls(made, made.ready.remote())

    def give(self, job: Any) -> None:
        """Have it do a job; None: it has none."""
        self.job = job
        if job is not None:
            asked = self.actor.do.options(num_returns="streaming", _generator_backpressure_num_objects=AHEAD)
            self.news = asked.remote(job)

    def hear(self) -> Message | Done | None:
        """What it says of its job; None: that it has a place.

        Raises:
            RayError: it is lost.
            UsageError: it cannot build its worker, or lacks this package.
        """
        try:
            said: Message | Done | None = ray.get(next(self.news) if self.placed else self.news)
        except RayTaskError as error:
            if not self.placed:
                raise UsageError(f"no worker can start on the cluster: {error.cause}") from error
            raise error.cause from error
        self.placed = True
        if said is None or isinstance(said, Done):
            self.job = self.news = None
        return said


def _drive(actor: Callable[[], Any], jobs: Sequence[Hashable], workers: int) -> Iterator[tuple[Any, Message | Done]]:
    queue, left, stillborn = Queue(jobs), len(jobs), 0
    slots = [_Slot.hire(actor) for _ in jobs[:workers]]
    while left:
        for slot in slots:
            if slot.placed and slot.job is None:
                slot.give(queue.take())
        heard = {slot.news: i for i, slot in enumerate(slots) if slot.news is not None}
        ready, _ = ray.wait(list(heard), num_returns=1, timeout=PATIENCE)
        if not ready and not any(slot.placed for slot in slots):
            raise UsageError(f"no worker got a place in {PATIENCE} s; see `ray status`, workers= and ray.gpus=")
        for i in map(heard.__getitem__, ready):
            slot, job = slots[i], slots[i].job
            try:
                said = slot.hear()
                stillborn = 0
            except RayError as error:
                ray.kill(slot.actor)
                slots[i] = _Slot.hire(actor)
                stillborn += not slot.placed
                if stillborn == TRIES * len(slots):
                    raise UsageError(f"no worker can start on the cluster: {str(error).strip()}") from error
                said = None if job is None or queue.retry(job) else Done(f"its actor was lost {TRIES} times")
            if said is not None:
                yield job, said
            if isinstance(said, Done):
                queue.finish(job)
                left -= 1


def _knock(address: str) -> None:
    """Raises OSError or ValueError where nobody is at HOST:PORT; Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


@contextmanager
def _cluster(address: str | None, workers: int, gpus: float) -> Iterator[None]:
    """A cluster to work on: of our own, for as long as the block lasts, or the one at an address."""
    own = {"num_cpus": workers, "object_store_memory": STORE, "include_dashboard": False} if address is None else {}
    try:
        if address not in (None, "auto"):
            _knock(str(address))
        with environment(OURS):
            ray.init(address or "local", log_to_driver=False, logging_level="ERROR", **own)
    except Exception as error:  # Ray raises many kinds, Exception itself among them
        where, reason = "null" if address is None else address, str(error).strip().partition("\n")[0]
        raise UsageError(f"no Ray cluster, ray.address={where}: {reason}; `ray start --head` starts one") from error
    try:
        there = ray.cluster_resources().get("GPU", 0)
        if own and gpus > there:
            raise UsageError(f"ray.gpus={gpus:g}, but this machine has {there:g}; ray.address=auto joins a cluster")
        yield
    finally:
        ray.shutdown()


def pool(
    target: str, setup: Any, jobs: Sequence[Hashable], workers: int, address: str | None = None, gpus: float = 0
) -> Iterator[tuple[Any, Message | Done]]:
    """Do all jobs; yields (job, Message) any number of times and (job, Done) once for each job.

    address: of a cluster, "auto" for the one that this machine is part of; None: a cluster of its own.
    gpus: of each worker; a whole number, or a share of one.

    Raises:
        UsageError: a worker could not be built or placed, or there is no such cluster.
    """
    if gpus < 0 or (gpus > 1 and gpus % 1):
        raise UsageError(f"ray.gpus={gpus:g}; give a whole number, or a share of one, such as 0.5")
    if str(address).startswith("ray://"):
        raise UsageError(f"ray.address={address} is Ray Client's, which streams nothing; start on a node, with auto")
    with _cluster(address, workers, gpus):
        actor = ray.remote(num_cpus=1, num_gpus=gpus, scheduling_strategy="SPREAD")(Host)
        yield from _drive(partial(actor.remote, target, setup, os.getcwd(), gpus), jobs, workers)
