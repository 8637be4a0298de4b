"""Run in a process with faults.so preloaded: a small run, again and again, with the k-th write refused.

    python -m tests.evals.faulty SCRATCH STRIDE

Prints one JSON document: how many writes a run makes, how many cases there were, and what went wrong in which.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.cli import main
from evals.engine import Done, Message
from evals.registries import ENGINES
from evals.store import TABLES, clips, export, load
from simulator.errors import UsageError

ASKED = "run model=noise suite=smoke suite.families=[drop_bounce] suite.seeds=2 suite.modes=[prompt] suite.height=16 "
ASKED += "suite.width=16 suite.seconds=0.5 engine=inline workers=1"
ONCE, FROM_THEN_ON, HALF = 0, 1, 2
CASES = [(e, mode) for mode in (FROM_THEN_ON, ONCE) for e in (errno.ENOSPC, errno.EIO, errno.EACCES)] + [(0, HALF)]

FAULTS = ctypes.CDLL(None)
ENGINES.add("inline", f"{__name__}:inline", "in this process, so that its writes can be refused")


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


def attempt(folder: Path, k: int = 0, error: int = 0, mode: int = 0) -> tuple[int, str, int]:
    """Exit code, what was said and how many writes were made by a run in a process of its own."""
    said, count = folder.with_suffix(".said"), folder.with_suffix(".count")
    child = os.fork()
    if child == 0:
        with said.open("wb", buffering=0) as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        FAULTS.faults_arm(os.fsencode(folder), k, error, mode)
        code = main([*ASKED.split(), f"out={folder}"])
        writes = FAULTS.faults_seen()
        FAULTS.faults_arm(b"", 0, 0, 0)
        count.write_text(str(writes))
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, said.read_text(), int(count.read_text()) if count.exists() else 0


def tables(folder: Path) -> dict[str, str]:
    """All tables as text."""
    return {table: export(folder, table) for table in TABLES}


def wrong(folder: Path, code: int, said: str, whole: dict[str, str]) -> str | None:
    """What is not as it has to be after a write was refused, None if all is."""
    if code < 0:
        return f"died of signal {-code}"
    if code == 0 and tables(folder) != whole:
        return "exit code 0, and results are missing"
    if code != 0 and str(folder) not in said:
        return f"exit code {code}, and the message names no path: {said[-300:]}"
    if "this is a bug" in said:
        return f"not told as the disk's refusal: {said[-300:]}"
    try:
        results = load(folder)
    except UsageError as error:
        told = str(error)
        return None if "is not a run folder" in told or "no such folder" in told else f"cannot be read: {told}"
    for clip in results.clips[results.clips["status"] == "ok"].itertuples():
        clips.get(clips.address(folder, clip.path), clip.digest, clip.fps)
    for table, text in tables(folder).items():
        ours = [line for line in text.splitlines() if ",failed," not in line]
        if not set(ours) <= set(whole[table].splitlines()):
            return f"table {table} holds what an unbroken run does not"
    code, said, _ = attempt(folder)
    if code != 0 or tables(folder) != whole:
        return f"the same command again, exit code {code}: {said[-300:]}"
    return None


def check(scratch: Path, stride: int) -> dict[str, Any]:
    """All cases: every k-th write, by kind of refusal; of the kinds after the first only one k in `stride`."""
    code, said, writes = attempt(scratch / "whole")
    assert code == 0, said
    whole, found, cases = tables(scratch / "whole"), {}, 0
    for kind, (error, mode) in enumerate(CASES):
        for k in range(1 + kind % stride, writes + 1, stride if kind else 1):
            folder = scratch / f"{kind}-{k}"
            code, said, _ = attempt(folder, k, error, mode)
            told = wrong(folder, code, said, whole)
            if told is not None:
                found[f"write {k}, {errno.errorcode.get(error, 'short')}, mode {mode}"] = told
            cases += 1
    return {"writes": writes, "cases": cases, "wrong": found}


if __name__ == "__main__":
    print(json.dumps(check(Path(sys.argv[1]).resolve(), int(sys.argv[2]))))
