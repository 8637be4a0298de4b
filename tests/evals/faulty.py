"""Run in a process with faults.so preloaded: one piece of work, again and again, with the k-th write refused.

    python -m tests.evals.faulty SCRATCH WORK STRIDE

WORK: "store" (what a run writes, by the calls that it makes) or "run" (the verb itself, in this process).
Prints one JSON document: how many writes the work makes, how many cases there were, and what went wrong in which.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from evals import record
from evals.cli import main
from evals.engine import Done, Message
from evals.registries import ENGINES
from evals.spec import alone, claim, write_json
from evals.store import TABLES, ClipRow, ShotRow, Store, clips, export, snapshot
from probes.reading import Scored, Span, Unscored
from simulator.clip import Clip
from simulator.errors import UsageError

ONCE, FROM_THEN_ON, HALF = 0, 1, 2
CASES = [(e, mode) for mode in (FROM_THEN_ON, ONCE) for e in (errno.ENOSPC, errno.EIO, errno.EACCES)] + [(0, HALF)]
RUN = (
    "run model=noise suite=smoke suite.families=[drop_bounce] suite.seeds=1 suite.modes=[prompt] suite.height=16 "
    "suite.width=16 suite.seconds=0.5 engine=inline workers=1"
)
FAULTS = ctypes.CDLL(None)


def store(folder: Path) -> int:
    """What a run of two shots writes; what is there already is not written again."""
    try:
        claim(folder, {"model": {"label": "m"}, "scoring": {"perception": "classical", "perception_version": 1}})
        with alone(folder), Store(folder) as kept:
            kept.put_shots(ShotRow(i, "drop_bounce", n, "prompt", None) for n, i in enumerate("ab"))
            for n, shot in enumerate("ab"):
                if kept.clip(shot) is None:
                    clip = Clip(np.full((2, 16, 16, 3), 50 * n, np.uint8), 8.0)
                    path = clips.put(clip, folder)
                    kept.put_clip(ClipRow(shot, "ok", clip.digest, path, 2, 16, 16, 8.0))
                if not kept.read_by(shot, "classical"):
                    scored = Scored(0.25, tuple(Span("vanish", i, i + 1, None, 0.75, "gone") for i in range(3)))
                    kept.put_readings(
                        shot, "classical", {"permanence": (1, scored), "adherence": (1, Unscored("dark"))}
                    )
        write_json(folder / "record.json", {"git": None})
    except (UsageError, OSError) as error:
        print(error)
        return 2
    return 0


def run(folder: Path) -> int:
    """The verb, on an engine without processes."""
    return main([*RUN.split(), f"out={folder}"])


def inline(target: str, setup: Any, jobs: Any, _: int) -> Iterator[tuple[Any, Message | Done]]:
    """An engine without processes."""
    module, name = target.split(":")
    worker = getattr(importlib.import_module(module), name)(setup)
    for job in jobs:
        error = None
        try:
            for content in worker.do(job):
                yield job, Message(content)
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
        yield job, Done(error)


def attempt(
    work: Callable[[Path], int], folder: Path, k: int = 0, error: int = 0, mode: int = 0
) -> tuple[int, str, int]:
    """Exit code, what was said and how many writes there were, of the work in a process of its own."""
    said, count = folder.with_suffix(".said"), folder.with_suffix(".count")
    child = os.fork()
    if child == 0:
        with said.open("wb", buffering=0) as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        code = 99  # an exception that nothing made a message of
        FAULTS.faults_arm(os.fsencode(folder), k, error, mode)
        try:
            code = work(folder)
        except BaseException:
            traceback.print_exc()
        writes = FAULTS.faults_seen()
        FAULTS.faults_arm(b"", 0, 0, 0)
        sys.stdout.flush()
        sys.stderr.flush()
        count.write_text(str(writes))
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, said.read_text(), int(count.read_text())


def tables(folder: Path) -> dict[str, str]:
    """All tables as text."""
    return {table: export(folder, table) for table in TABLES}


def wrong(work: Callable[[Path], int], folder: Path, code: int, said: str, whole: dict[str, str]) -> str | None:
    """What is not as it has to be after a write was refused, None if all is."""
    if code == 0 and tables(folder) != whole:
        return "exit code 0, and results are missing"
    if code != 0 and str(folder) not in said:
        return f"exit code {code}, and the message names no path: {said[-300:]}"
    if code == 99 or "this is a bug" in said:
        return f"not told as the disk's refusal: {said[-300:]}"
    told = damage(folder, whole)
    if told is not None:
        return told
    code, said, _ = attempt(work, folder)
    if code != 0 or tables(folder) != whole:
        return f"the same command again, exit code {code}: {said[-300:]}"
    return None


def damage(folder: Path, whole: dict[str, str]) -> str | None:
    """What is committed and not true, None if nothing is; a folder without results holds nothing that is not true."""
    try:
        with snapshot(folder) as db:
            rows = db.execute("SELECT path, digest, fps FROM clip WHERE status = 'ok'").fetchall()
    except UsageError as error:
        known = "is not a run folder" in str(error) or "no such folder" in str(error) or "no tables" in str(error)
        return None if known else f"cannot be read: {error}"
    for path, digest, fps in rows:
        try:
            clips.get(clips.address(folder, path), digest, fps)
        except UsageError as error:
            return f"a clip that is committed is not there: {error}"
    for table, text in tables(folder).items():
        others = set(text.splitlines()) - set(whole[table].splitlines())
        if any(",failed," not in line for line in others):
            return f"table {table} holds what an unbroken run does not: {others}"
    return None


def check(scratch: Path, work: Callable[[Path], int], stride: int) -> dict[str, Any]:
    """Every k-th write, by kind of refusal; where the stride is above 1, one k in `stride`, another one each time."""
    work(scratch / "first")  # what is loaded here is there in every child
    code, said, writes = attempt(work, scratch / "whole")
    assert code == 0, said
    whole, found, cases = tables(scratch / "whole"), {}, 0
    for kind, (error, mode) in enumerate(CASES):
        for k in range(1 + kind % stride, writes + 1, stride):
            folder = scratch / f"{kind}-{k}"
            code, said, _ = attempt(work, folder, k, error, mode)
            told = wrong(work, folder, code, said, whole)
            if told is not None:
                found[f"write {k}, {errno.errorcode.get(error, 'half')}, mode {mode}"] = told
            cases += 1
    return {"writes": writes, "cases": cases, "wrong": found}


if __name__ == "__main__":
    sys.stdout, screen = sys.stderr, sys.stdout
    ENGINES.add("inline", f"{__name__}:inline", "in this process, so that its writes can be refused")
    record.git_revision = lambda: None  # it asks another program, which takes longer than the run
    done = check(Path(sys.argv[1]).resolve(), {"store": store, "run": run}[sys.argv[2]], int(sys.argv[3]))
    print(json.dumps(done), file=screen)
