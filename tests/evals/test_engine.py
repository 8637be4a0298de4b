"""The pool: every job is done once, whatever dies; one thread a process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from evals.engine import Done, Message, pool
from evals.execute import processes
from simulator.errors import UsageError


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once_and_says_what_it_has_to_say(workers: int) -> None:
    jobs = list(range(10, 16))
    said = list(pool("tests.evals.engine_workers:Squares", None, jobs, workers))
    for job in jobs:
        mine = [what for who, what in said if who == job]
        if job == 13:
            assert mine == [Done("ValueError: thirteen")]
        else:
            assert mine == [Message(job), Message(job * job), Done(None)]


def test_a_killed_process_costs_one_retry_and_then_its_job(tmp_path: Path) -> None:
    said = list(pool("tests.evals.engine_workers:Mortal", tmp_path, ["a", "once", "always", "b"], 2))
    ends = {job: what.error for job, what in said if isinstance(what, Done)}
    assert len([1 for _, what in said if isinstance(what, Done)]) == 4
    assert (ends["a"], ends["b"], ends["once"]) == (None, None, None)
    assert ends["always"] is not None
    assert "died 2 times (exit code -9)" in ends["always"]
    assert [job for job, what in said if isinstance(what, Message)].count("once") == 1


def test_processes_compute_with_one_thread_and_ours_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    (_, answer), _ = pool("tests.evals.engine_workers:Threads", None, [1], 1)
    assert answer == Message(("1", 1))
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_a_worker_that_cannot_be_built_is_the_users_to_mend() -> None:
    with pytest.raises(UsageError, match="no weights here"):
        list(pool("tests.evals.engine_workers:Unbuildable", None, [1, 2], 2))


def test_a_job_that_passes_its_bounds_is_given_up_at_once_and_costs_no_other() -> None:
    jobs = ["sleeps", "answers", "eats", "is slow later"]
    said = list(pool("tests.evals.engine_workers:Bounded", None, jobs, 2))
    ends = {job: what.error for job, what in said if isinstance(what, Done)}
    assert ends["sleeps"] == "took more than 1 s to probe; raise limits.probe_seconds"
    assert ends["eats"] == "took more than 200 MiB to probe; raise limits.probe_memory"
    assert (ends["answers"], ends["is slow later"]) == (None, None)
    assert len([1 for _, what in said if isinstance(what, Done)]) == 4


def test_an_engine_whose_package_is_not_here_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "evals.ray_engine", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'worldassay\[ray\]'"):
        processes("ray", None)
