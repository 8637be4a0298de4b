"""The clips of a run as it goes on: read where they are there, rendered by other processes where not.

With `data.ahead` (the default) training begins when all clips are there. Without, it begins with a first share of them
and may draw from more with every step, by a schedule that depends on the step alone: a step waits for the clips that
it may draw from. So a batch is a function of (configuration, step) in both cases, whatever the renderers' pace.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType

from simulator.errors import UsageError
from simulator.model.config import TrainConfig
from simulator.model.data import Clips, Shard, path_of, read, render, training_rounds, validation_shards
from simulator.model.watch import Watcher

FIRST_SHARE = 0.1  # of the clips, those that step 0 may draw from where they are not made ahead
GROWN = 0.5  # of the steps, after which all clips may be drawn from
DEATHS = 2  # of rendering processes with not one file finished in between, after which we give up
WAIT_S = 0.05
KEPT = 8  # sets of clips that steps drawn at the same time may ask for


def rounds_at(step: int, steps: int, rounds: int, ahead: bool) -> int:
    """How many of the rounds a step may draw from."""
    if ahead:
        return rounds
    return min(rounds, max(math.ceil(FIRST_SHARE * rounds), math.ceil(rounds * step / (GROWN * steps))))


class Supply:
    """Hands out clips, and lets processes render what is missing, if this is the process that `renders`."""

    def __init__(self, config: TrainConfig, watch: Watcher | None = None, *, renders: bool = True) -> None:
        self.config, self.watch = config, watch or Watcher()
        self._rounds = training_rounds(config.data)
        self._validation = validation_shards(config.data)
        shards = [*self._validation, *(shard for some in self._rounds for shard in some)]
        _allow_files(len(shards))
        marks = {shard: path_of(config.data, shard).with_suffix(".json") for shard in shards}
        self._missing = {shard: mark for shard, mark in marks.items() if not mark.exists()}
        self._total = sum(len(shard.seeds) for shard in self._missing)
        self._held: dict[int, Clips] = {}  # by the number of rounds in them
        self._lock, self._closed = threading.Lock(), False
        self._crew = Crew(config, list(self._missing), self.watch) if renders and self._missing else None

    def __enter__(self) -> Supply:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closed = True
        if self._crew is not None:
            self._crew.close()

    def validation(self) -> Clips:
        """The clips that are never trained on."""
        self._wait(self._validation)
        return read(self.config.data, self._validation)

    def clips(self, step: int) -> Clips:
        """The clips that a step may draw from."""
        wanted = rounds_at(step, self.config.steps, len(self._rounds), self.config.data.ahead)
        with self._lock:
            if wanted not in self._held:
                self._wait([shard for some in self._rounds[:wanted] for shard in some])
                most = max((count for count in self._held if count < wanted), default=0)
                old = self._held.get(most, Clips([], [], []))
                new = read(self.config.data, [shard for some in self._rounds[most:wanted] for shard in some])
                self._held[wanted] = Clips(old.frames + new.frames, old.prompts + new.prompts, old.fps + new.fps)
                for count in sorted(self._held)[:-KEPT]:
                    del self._held[count]
            self._wait([])
            return self._held[wanted]

    def _wait(self, shards: Sequence[Shard]) -> None:
        """Until these are there; what has been rendered since the last time is noted."""
        while not self._closed:
            if self._crew is not None:
                self._crew.look()
            there = [shard for shard, mark in self._missing.items() if mark.exists()]
            for shard in there:
                del self._missing[shard]
            if there:
                self.watch.rendered(self._total - sum(len(s.seeds) for s in self._missing), self._total)
            if not any(shard in self._missing for shard in shards):
                return
            time.sleep(WAIT_S)


class Crew:
    """Processes that render; one that dies is replaced."""

    def __init__(self, config: TrainConfig, shards: list[Shard], watch: Watcher) -> None:
        self.config, self.watch, self.left, self.deaths = config, watch, shards, 0
        os.environ.setdefault("LP_NUM_THREADS", "1")  # read by the workers' software renderer
        self._hire()

    def _hire(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(self.config.data.workers, mp_context=context, initializer=_serve)
        self.jobs: dict[Future[None], Shard] = {
            self.pool.submit(render, self.config.data, shard): shard for shard in self.left
        }

    def look(self) -> None:
        """See to what has been finished or has gone wrong.

        Raises:
            UsageError: a clip cannot be rendered.
        """
        died = False
        for job in [job for job in self.jobs if job.done()]:
            shard, error = self.jobs.pop(job), job.exception()
            if error is None:
                self.left.remove(shard)
                self.deaths = 0
            elif isinstance(error, BrokenProcessPool):
                died = True
            else:
                what = str(error) if isinstance(error, UsageError) else f"{type(error).__name__}: {error}"
                raise UsageError(f"cannot render {_named(shard)}: {what}; the same command tries again")
        if died:
            self._replace()

    def _replace(self) -> None:
        self.deaths += 1
        self.close()
        if self.deaths >= DEATHS:
            raise UsageError(
                f"rendering processes die at {_named(self.left[0])} or the next ones (out of memory?); "
                "try fewer data.workers, the same command goes on"
            )
        self.watch.says("a rendering process died; another one takes its place")
        self._hire()

    def close(self) -> None:
        """Stop rendering."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        for process in list((getattr(self.pool, "_processes", None) or {}).values()):
            process.terminate()


def _serve() -> None:
    """In a rendering process: leave interrupts to the parent, and end when it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _named(shard: Shard) -> str:
    return f"{shard.family}, seeds {shard.seeds[0]} to {shard.seeds[-1]}{' (violated)' if shard.violated else ''}"


def _allow_files(count: int) -> None:
    """Let this process hold `count` memory maps open, where the system's soft limit is lower."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 256
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))
