"""Workers for test_engine; in a module of their own because other processes import them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from evals.process import Bounds, within
from simulator.errors import UsageError


class Squares:
    """Answers n with n and n * n; raises at 13."""

    def __init__(self, setup: None) -> None:
        pass

    def do(self, job: int) -> Iterator[int]:
        if job == 13:
            raise ValueError("thirteen")
        yield job
        yield job * job


class Mortal:
    """Is killed by job "once" the first time, by job "always" every time; answers with its own name."""

    def __init__(self, setup: Path) -> None:
        self.folder = setup

    def do(self, job: str) -> Iterator[str]:
        mark = self.folder / job
        if job == "always" or (job == "once" and not mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        yield job


class Orphan:
    """Kills what it runs under, twice for job "always"; for an engine whose processes have a host of their own."""

    def __init__(self, setup: None) -> None:
        pass

    def do(self, job: str) -> Iterator[str]:
        if job == "always":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        yield job


class Talker:
    """Says 40 times a MiB, and to a file, how much it has said."""

    def __init__(self, setup: Path) -> None:
        self.count = setup

    def do(self, job: int) -> Iterator[bytes]:
        for n in range(40):
            self.count.write_text(str(n))
            yield bytes(1 << 20)


class Threads:
    """Answers with what its process was told about threads."""

    def __init__(self, setup: None) -> None:
        pass

    def do(self, job: int) -> Iterator[tuple[str | None, int]]:
        import cv2

        yield os.environ.get("OMP_NUM_THREADS"), cv2.getNumThreads()


class Unbuildable:
    """Cannot be built."""

    def __init__(self, setup: None) -> None:
        raise UsageError("no weights here")

    def do(self, job: int) -> Iterator[int]:
        yield job


class Bounded:
    """Sleeps, eats or answers within the bounds of a second and 200 MiB; 300 MiB before do not count."""

    def __init__(self, setup: None) -> None:
        self.held = b"x" * (300 << 20)

    def do(self, job: str) -> Iterator[str]:
        with within(Bounds(30.0 if job == "eats" else 1.0, 200)):
            eaten = b"x" * ((600 if job == "eats" else 10) << 20)
            time.sleep(60 if job == "sleeps" else 0.5 if job == "eats" else 0.0)
        time.sleep(1.2 if job == "is slow later" else 0.0)
        yield f"{job} {len(eaten) >> 20}"
