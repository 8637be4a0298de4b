"""`worldassay bundle`: a finished run as one archive, or folder, that `worldassay verify` can check.

    manifest.json         the format's version, the run's digest, size and sha256 of every other file; written last
    spec.json record.json summary.json results.sqlite
    clips/<digest>.mkv    every clip once, whichever shots it answers, wherever it lay

It is a run folder again when it is unpacked. The same run gives the same bytes: tables are written anew in the order of
their keys, entries have one date, and nothing is compressed (clips are already).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import astuple, replace
from pathlib import Path
from typing import IO, Any

from rich.console import Console

from evals.console import console, emit, plain
from evals.disk import keep, named
from evals.progress import progress
from evals.spec import digest, write_json
from evals.store import TABLES, ClipRow, Results, clips, load, snapshot
from evals.store.schema import connect
from evals.summary import summarise
from simulator.errors import UsageError

FORMAT = 1
MANIFEST, TABLE = "manifest.json", "results.sqlite"
DOCUMENTS = ("spec.json", "record.json", "summary.json")
PIECE = 1 << 20
Opener = Callable[[str, int], AbstractContextManager[IO[bytes]]]  # (name, size) -> where its bytes go
Homes = dict[str, tuple[str, float | None]]  # digest of a clip -> where it lies, its frame rate


def figures(results: Results) -> dict[str, Any]:
    """What a run came to, as summary.json has it: `summarise` without the folder's name."""
    told: dict[str, Any] = plain(summarise(results))
    return {key: value for key, value in told.items() if key != "run"}


def lacks(results: Results) -> list[str]:
    """What keeps a run from being finished, with counts; nothing in one that is."""
    told, shots = figures(results), len(results.shots)
    asked = shots * len(results.spec["scoring"]["probes"])
    counts = {
        f"of {shots} shots have no clip": told["clips"]["missing"],
        f"of {shots} clips failed": told["clips"]["failed"],
        f"of {asked} readings failed": sum(probe["failed"] for probe in told["probes"].values()),
        f"of {asked} readings are missing": max(0, asked - len(results.readings)),
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def copy_run(run: Path, scratch: Path) -> Homes:
    """Copy the documents and the tables of a run, as they are at one moment; where its clips lie.

    Raises:
        UsageError: it is not the folder of a run of a suite, or has no record.
    """
    homes: Homes = {}
    with snapshot(run) as source, closing(connect(scratch)) as target, target:
        for table, key in TABLES.items():
            rows = source.execute(f"SELECT * FROM {table} ORDER BY {key}").fetchall()
            if table == "clip":
                rows = [_moved(ClipRow(*row), run, homes) for row in rows]
            if rows:
                target.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)
    for name in ("spec.json", "record.json"):
        if not (run / name).is_file():
            raise UsageError(f"{run} has no {name}: its run was cut off; give the same command again")
        shutil.copyfile(run / name, scratch / name)
    spec = json.loads((scratch / "spec.json").read_text())
    if "families" not in spec:
        raise UsageError(f"{run} answers no suite; make a run of your videos: worldassay run model=folder")
    if "families" not in spec["suite"]:
        raise UsageError(f"{run} answers prompts of a file, which have no truth to verify by; bundle a run of a suite")
    return homes


def _moved(row: ClipRow, run: Path, homes: Homes) -> tuple[Any, ...]:
    if row.status != "ok" or row.digest is None or row.path is None:
        return astuple(replace(row, path=None))
    homes[row.digest] = clips.address(run, row.path), row.fps
    return astuple(replace(row, path=f"{clips.FOLDER}/{row.digest}.mkv"))


@contextmanager
def _archive(path: Path) -> Iterator[Opener]:
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def put(name: str, size: int) -> AbstractContextManager[IO[bytes]]:
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.create_system, entry.external_attr, entry.file_size = 3, 0o100644 << 16, size
        return archive.open(entry, "w")

    try:
        with zipfile.ZipFile(part, "w") as archive:
            yield put
        keep(part)
        part.replace(path)
        keep(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _folder(path: Path) -> Iterator[Opener]:
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def put(name: str, _size: int) -> AbstractContextManager[IO[bytes]]:
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        return (part / name).open("xb")

    try:
        yield put
        for file in part.rglob("*.*"):
            keep(file)
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


class Lost(Exception):
    """Clips that a run says it has are not there, or are others; why, one by one."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons[0])
        self.reasons = reasons


def pack(scratch: Path, homes: Homes, out: Path, screen: Console, partly: bool = False) -> list[str]:
    """Write the bundle of what `copy_run` has copied, as a whole or not at all; the clips that are lost.

    partly: whether it is written although clips are lost.

    Raises:
        Lost: clips are lost, and it is not to be written partly.
        OSError: it could not be written; with the path.
    """
    write_json(scratch / "summary.json", figures(load(scratch)))
    entries: dict[str, dict[str, Any]] = {}
    lost = []
    out.parent.mkdir(parents=True, exist_ok=True)
    with named(out), (_archive if out.suffix == ".zip" else _folder)(out) as put:

        def add(name: str, file: Path) -> None:
            size, content = file.stat().st_size, hashlib.sha256()
            with file.open("rb") as source, put(name, size) as target:
                while piece := source.read(PIECE):
                    content.update(piece)
                    target.write(piece)
            entries[name] = {"sha256": content.hexdigest(), "size": size}

        with progress(screen, str(out), len(homes)) as step:
            for digest_, (address, fps) in sorted(homes.items()):
                try:
                    with clips.local(address) as file:
                        clips.get(os.fspath(file), digest_, fps)
                        add(f"{clips.FOLDER}/{digest_}.mkv", file)
                except UsageError as error:
                    lost.append(str(error))
                step()
        if lost and not partly:
            raise Lost(lost)
        for name in (*DOCUMENTS, TABLE):
            add(name, scratch / name)
        spec = json.loads((scratch / "spec.json").read_text())
        write_json(scratch / MANIFEST, {"format": FORMAT, "run": digest(spec), "files": entries})
        add(MANIFEST, scratch / MANIFEST)
    return lost


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `bundle`."""
    if len(cfg["words"]) != 1:
        raise UsageError("give one run folder: worldassay bundle runs/RUN")
    run, screen = Path(cfg["words"][0]), console(json_out)
    out = Path(cfg["out"]) if cfg["out"] is not None else Path("bundles") / f"{run.resolve().name}.zip"
    if out.exists():
        raise UsageError(f"{out} is there already; choose another out= or delete it")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        homes = copy_run(run, scratch)
        results = load(scratch)
        faults = lacks(results)
        packed = not dry_run and (not faults or cfg["incomplete"])
        if packed:
            try:
                faults += [f"a clip is lost: {why}" for why in pack(scratch, homes, out, screen, cfg["incomplete"])]
            except Lost as lost:
                faults, packed = [f"{len(lost.reasons)} of {len(homes)} clips are lost, e.g. {lost}"], False
    for fault in faults:
        screen.print(f"incomplete: {fault}", style="yellow", markup=False)
    if packed:
        screen.print(f"{len(homes)} clips of {len(results.shots)} shots in {out}", markup=False)
        screen.print(f"  worldassay verify {out}", style="green", markup=False)
    elif faults and not cfg["incomplete"]:
        screen.print("give the command of the run again to make what is left, or set incomplete=true", markup=False)
    else:
        screen.print(f"would pack {len(homes)} clips of {len(results.shots)} shots into {out}", markup=False)
    if json_out:
        emit({"bundle": str(out) if packed else None, "shots": len(results.shots), "clips": len(homes),
              "incomplete": faults})  # fmt: skip
    return 3 if faults and not cfg["incomplete"] else 0
