"""The Ray engine, on a real cluster of several nodes: the tables of the local engine, whatever dies."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evals.cli import main
from evals.engine import Done, Message
from evals.process import environment
from evals.store import TABLES, export, load
from simulator.errors import UsageError

pytest.importorskip("ray")

import psutil
from ray._private import services
from ray.cluster_utils import Cluster

from evals.ray_engine import OURS, Host, pool

pytestmark = pytest.mark.slow
SMALL: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100_000_000}
ASKED = ["run", "model=shuffled", "suite=smoke", "suite.seconds=0.5", "suite.families=[drop_bounce,occluder_pass]",
         "suite.seeds=3", "suite.modes=[prompt]", "suite.height=32", "suite.width=32",
         "probes=[permanence,quality]"]  # fmt: skip
SHOTS = 6


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """A node may take minutes to start, where many tests share a core; Ray itself waits for 30 s."""
    get_node = services.get_node

    def patient(*node: str) -> Any:
        for _ in range(900):
            try:
                return get_node(*node)
            except RuntimeError:
                time.sleep(0.2)
        return get_node(*node)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "get_node", patient)
        yield


@pytest.fixture(scope="module")
def cluster(patience: None) -> Iterator[Cluster]:
    """Two nodes that take one worker each."""
    with environment(OURS):
        made = Cluster(initialize_head=True, head_node_args={**SMALL, "include_dashboard": False})
        made.add_node(**SMALL)
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the local engine."""
    folder = tmp_path_factory.mktemp("runs") / "local"
    assert main([*ASKED, "workers=1", f"out={folder}"]) == 0
    return folder


def tables(folder: Path) -> dict[str, str]:
    return {table: export(folder, table) for table in TABLES}


def run(cluster: Cluster, folder: Path, workers: int) -> int:
    return main([*ASKED, "engine=ray", f"ray.address={cluster.address}", f"workers={workers}", f"out={folder}"])


def meanwhile(folder: Path, cluster: Cluster, act: Callable[[Any, psutil.Process], None]) -> threading.Thread:
    """Have something happen to a busy actor on the second node, after the first clip of a run is scored."""
    (node,) = cluster.worker_nodes
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)

    def watch() -> None:
        busy: list[psutil.Process] = []
        while _count(folder) == 0 or not busy:
            time.sleep(0.05)
            busy = [p for p in raylet.children() if p.name() == "ray::Host.do"]
        act(node, busy[0])

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def _count(folder: Path) -> int:
    try:
        with sqlite3.connect(f"file:{folder / 'results.sqlite'}?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(DISTINCT shot_id) FROM reading").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_tables_of_the_local_engine(
    workers: int, cluster: Cluster, local: Path, tmp_path: Path
) -> None:
    assert run(cluster, tmp_path, workers) == 0
    assert tables(tmp_path) == tables(local)
    assert all((tmp_path / path).is_file() for path in load(tmp_path).clips["path"])


def test_a_killed_actor_costs_nothing(cluster: Cluster, local: Path, tmp_path: Path) -> None:
    killed: list[psutil.Process] = []

    def kill(node: Any, actor: psutil.Process) -> None:
        killed.extend(actor.children())
        actor.kill()

    thread = meanwhile(tmp_path, cluster, kill)
    assert run(cluster, tmp_path, 2) == 0
    thread.join()
    assert _count(tmp_path) == SHOTS
    assert tables(tmp_path) == tables(local)
    assert killed
    assert psutil.wait_procs(killed, timeout=10)[1] == []  # what it did goes with it


def test_a_killed_node_costs_nothing(cluster: Cluster, local: Path, tmp_path: Path) -> None:
    thread = meanwhile(tmp_path, cluster, lambda node, _: cluster.remove_node(node, allow_graceful=False))
    assert run(cluster, tmp_path, 2) == 0
    thread.join()
    assert not cluster.worker_nodes
    cluster.add_node(**SMALL)
    assert _count(tmp_path) == SHOTS
    assert tables(tmp_path) == tables(local)


def test_jobs_end_as_they_do_in_the_local_engine(cluster: Cluster, tmp_path: Path) -> None:
    """Faults, deaths and one thread: what is said, and the order in which one job says it, is the same."""
    from evals import engine

    for worker, setup, jobs in (
        ("Squares", None, [10, 13]), ("Threads", None, [1]), ("Mortal", tmp_path, ["once", "always", "a"])
    ):  # fmt: skip
        target = f"tests.evals.engine_workers:{worker}"
        ours = sorted(engine.pool(target, setup, jobs, 1), key=lambda said: str(said[0]))
        (tmp_path / "once").unlink(missing_ok=True)
        theirs = sorted(pool(target, setup, jobs, 1, cluster.address), key=lambda said: str(said[0]))
        assert theirs == ours


def test_a_job_whose_actor_is_lost_twice_is_given_up_and_costs_no_other(cluster: Cluster) -> None:
    said = list(pool("tests.evals.engine_workers:Orphan", None, ["a", "always", "b"], 2, cluster.address))
    assert dict(s for s in said if isinstance(s[1], Done)) == {
        "a": Done(), "b": Done(), "always": Done("its actor was lost 2 times")
    }  # fmt: skip
    assert sorted(job for job, what in said if isinstance(what, Message)) == ["a", "b"]


def test_a_worker_that_cannot_be_built_is_the_users_to_mend(cluster: Cluster) -> None:
    with pytest.raises(UsageError, match=r"^no weights here$"):
        list(pool("tests.evals.engine_workers:Unbuildable", None, [1, 2], 2, cluster.address))


def test_a_worker_is_but_a_few_messages_ahead_of_a_driver_that_is_slow(cluster: Cluster, tmp_path: Path) -> None:
    said = pool("tests.evals.engine_workers:Talker", tmp_path / "count", [1], 1, cluster.address)
    next(said)
    time.sleep(3)
    assert int((tmp_path / "count").read_text()) <= 8
    assert len(list(said)) == 40


def test_a_node_that_lacks_the_package_is_told(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = ModuleType("nowhere")
    elsewhere.Host = type("Host", (Host,), {"__module__": "nowhere"})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nowhere", elsewhere)
    monkeypatch.setattr("evals.ray_engine.Host", elsewhere.Host)
    with pytest.raises(UsageError, match=r"(?s)no worker can start on the cluster: .*nowhere"):
        list(pool("tests.evals.engine_workers:Squares", None, [1], 1, cluster.address))


def test_a_cluster_of_its_own_comes_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")  # not asked for, not joined
    said = list(pool("tests.evals.engine_workers:Squares", None, [3], 1))
    assert said == [(3, Message(3)), (3, Message(9)), (3, Done())]


@pytest.mark.parametrize(
    ("address", "gpus", "why"),
    [
        (None, 1000.0, r"ray\.gpus=1000, but this machine has"),
        (None, 1.5, r"ray\.gpus=1\.5; give a whole number"),
        ("ray://127.0.0.1:10001", 0.0, "is Ray Client's"),
        ("127.0.0.1:9", 0.0, r"no Ray cluster, ray\.address=127\.0\.0\.1:9"),
    ],
)
def test_a_cluster_that_cannot_do_it_is_the_users_to_mend(address: str | None, gpus: float, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        list(pool("tests.evals.engine_workers:Squares", None, [1], 1, address, gpus))
