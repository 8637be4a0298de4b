"""Bring a run folder to what its spec asks for: find what is missing, have it done, commit it as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from evals.engine import Done, default_workers
from evals.progress import progress
from evals.record import now, write_record
from evals.registries import ENGINES, PERCEPTIONS
from evals.spec import Spec, alone, claim, digest, write_json
from evals.store import ClipRow, Kept, ShotRow, Store
from evals.work import FileJob, Setup, ShotJob, failed
from probes.base import PROBES
from probes.reading import Failed
from simulator.errors import UsageError, unknown

Job = ShotJob | FileJob
MakeJob = Callable[[str, ClipRow | None, tuple[str, ...]], Job]  # (shot id, its clip if stored, probes that are due)


@dataclass(frozen=True)
class Plan:
    """A run before it is executed. `worker` is the class that does its jobs, as "module:Class"."""

    folder: Path
    spec: Spec
    shots: Sequence[ShotRow]
    make_job: MakeJob
    worker: str
    setup: Setup
    engine: str
    workers: int
    asked: dict[str, Any]
    retry: bool = False  # do again what failed, and nothing else

    @property
    def probes(self) -> dict[str, int]:
        """The probes that are asked, with versions."""
        return dict(self.spec["scoring"]["probes"])

    @property
    def perception(self) -> str:
        """The perception's name."""
        return str(self.spec["scoring"]["perception"])

    @property
    def perception_version(self) -> int:
        """The version of the perception."""
        return int(self.spec["scoring"]["perception_version"])


def scoring(perception: str, probes: Sequence[str] | str | None) -> dict[str, Any]:
    """The part of a spec that says how clips are read.

    Raises:
        UsageError: an unknown perception or probe.
    """
    PERCEPTIONS.entry(perception)
    names = PROBES.names() if probes is None else [probes] if isinstance(probes, str) else list(probes)
    for name in names:
        if name not in PROBES.names():
            raise unknown("probe", str(name), PROBES.names())
    version = PERCEPTIONS.load(perception).version
    return {
        "perception": perception,
        "perception_version": version,
        "probes": {name: PROBES.load(name).version for name in names},
    }


def home(out: str | None, label: str, suite: str, ask: Mapping[str, Any]) -> Path:
    """The run's folder: as told, or runs/LABEL-SUITE-DIGEST."""
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in label).strip(".") or "run"
    return Path(str(out)) if out is not None else Path("runs") / f"{safe}-{suite}-{digest(ask)[:8]}"


def processes(engine: str, workers: int | None) -> int:
    """How many processes to use.

    Raises:
        UsageError: an unknown engine, one whose packages are not here, or less than one process.
    """
    ENGINES.load(engine)
    if workers is not None and workers < 1:
        raise UsageError(f"workers={workers} is less than 1")
    return workers or default_workers()


def due(plan: Plan, store: Kept) -> list[Job]:
    """The jobs that are left: shots without a clip, or without a standing reading by one of the probes.

    A failed clip or reading is none. With `retry` only shots are left of which one has failed.
    """
    jobs = []
    for shot in plan.shots:
        clip = store.clip(shot.shot_id)
        if plan.retry and not store.has_failed(shot.shot_id):
            continue
        clip = clip if clip is not None and clip.status == "ok" else None
        read = store.read_by(shot.shot_id, plan.perception) if clip is not None else {}
        probes = tuple(name for name, version in plan.probes.items() if read.get(name) != version)
        if clip is None or probes:
            jobs.append(plan.make_job(shot.shot_id, clip, probes))
    return jobs


def _commit(plan: Plan, store: Store, shot_id: str, content: ClipRow | dict[str, Any]) -> None:
    """Store one message of a worker; probes of a clip that is not there have failed, with its reason."""
    if not isinstance(content, ClipRow):
        store.put_readings(shot_id, plan.perception, content, plan.perception_version)
        return
    store.put_clip(content)
    if content.status == "failed":
        _fail(plan, store, shot_id, f"no clip: {content.error}", tuple(plan.probes))


def _fail(plan: Plan, store: Store, shot_id: str, error: str, probes: tuple[str, ...]) -> None:
    readings = {name: (plan.probes[name], Failed(error)) for name in probes}
    store.put_readings(shot_id, plan.perception, readings, plan.perception_version)


def _give_up(plan: Plan, store: Store, job: Job, shot_id: str, error: str) -> None:
    clip = store.clip(shot_id)
    if clip is None or clip.status == "failed":
        _commit(plan, store, shot_id, failed(shot_id, error))
    else:
        _fail(plan, store, shot_id, error, job.probes)


def shot_id_of(job: Job) -> str:
    """The shot that a job is about."""
    return job.cell.id if isinstance(job, ShotJob) else job.shot_id


def execute(plan: Plan, out: Console) -> int:
    """Do what is left of a plan; the number of jobs done now. A kill at any point loses the clips in work, no more.

    Raises:
        UsageError: the folder holds another run, or another process works on it.
    """
    if plan.retry and not (plan.folder / "results.sqlite").is_file():
        raise UsageError(f"{plan.folder} holds no run of this yet; leave out retry=failed")
    held = claim(plan.folder, plan.spec)["scoring"]
    (plan.folder / "clips").mkdir(exist_ok=True)
    begun, clock, made = now(), time.monotonic(), 0
    with alone(plan.folder), Store(plan.folder) as store:
        for stale in (plan.folder / "clips").glob(".*.tmp"):  # what a kill left half written
            stale.unlink()
        if held != plan.spec["scoring"]:
            same_sight = held["perception_version"] == plan.spec["scoring"]["perception_version"]
            dropped = store.drop_stale(plan.perception, plan.probes if same_sight else {})
            write_json(plan.folder / "spec.json", plan.spec)
            out.print(f"the scoring has changed: {dropped} readings dropped, clips kept", markup=False)
        store.put_shots(plan.shots)
        jobs = due(plan, store)
        if plan.retry:
            out.print(f"trying again {len(jobs)} of {len(plan.shots)} shots, which failed", markup=False)
        elif 0 < len(jobs) < len(plan.shots):
            out.print(f"going on: {len(plan.shots) - len(jobs)} of {len(plan.shots)} shots are done", markup=False)
        if jobs:
            engine = partial(ENGINES.load(plan.engine), **plan.asked.get(plan.engine, {}))
            with progress(out, str(plan.folder), len(jobs)) as step:
                for job, said in engine(plan.worker, plan.setup, jobs, plan.workers):
                    if not isinstance(said, Done):
                        _commit(plan, store, shot_id_of(job), said.content)
                        made += isinstance(said.content, ClipRow) and said.content.status == "ok"
                        continue
                    if said.error is not None:
                        _give_up(plan, store, job, shot_id_of(job), said.error)
                    step()
        if jobs or not (plan.folder / "record.json").is_file():
            write_record(
                plan.folder, plan.spec, plan.asked,
                workers=plan.workers, begun=begun, seconds=time.monotonic() - clock, jobs=len(jobs),
                clips=made,
            )  # fmt: skip
    return len(jobs)
