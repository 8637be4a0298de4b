"""`worldassay score`: probes on the videos of a folder, whoever made them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from evals.console import console, emit
from evals.estimate import estimate, show_estimate
from evals.execute import Plan, execute, home, processes, scoring
from evals.limits import Limits
from evals.store import ClipRow, ShotRow
from evals.summary import conclude, incomplete
from evals.work import FileJob, Setup
from simulator.adapters.folder import file_digest, inside, videos
from simulator.decoding import opened, printable
from simulator.errors import UsageError, unknown

MODE = "video"


class Told(NamedTuple):
    """What a manifest says of one video."""

    path: str
    id: str | None
    prompt: str | None


def read_manifest(path: Path, path_column: str, prompt_column: str, id_column: str | None = None) -> list[Told]:
    """What each row says, from CSV with a header, or JSONL by its suffix; rows without a path are left out.

    Raises:
        UsageError: no such file, a broken line, or no such column, with near misses.
    """
    if not path.is_file():
        raise UsageError(f"no such file: manifest={path}")
    try:
        rows = _rows(path, path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text; give a CSV or JSONL file") from error
    columns = {str(key) for row in rows for key in row}
    for key, column in (("path_column", path_column), ("prompt", prompt_column), ("id", id_column)):
        if column is not None and column not in columns:
            raise unknown(f"column of {path.name}, {key}=", column, columns)

    def cell(row: dict[str, Any], column: str | None) -> str | None:
        value = row.get(column) if column is not None else None
        text = None if value in (None, "") else str(value)
        if text is not None and ("\0" in text or any("\ud800" <= c <= "\udfff" for c in text)):
            raise UsageError(f"{path} holds {text!r}, which is not text; write it anew")
        return text

    told = ((cell(row, path_column), cell(row, id_column), cell(row, prompt_column)) for row in rows)
    return [Told(name, shot_id, prompt) for name, shot_id, prompt in told if name is not None]


def _rows(path: Path, text: str) -> list[dict[str, Any]]:
    if path.suffix.lower() not in (".jsonl", ".ndjson"):
        return list(csv.DictReader(io.StringIO(text)))
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            rows += [json.loads(line)] if line.strip() else []
        except ValueError as error:
            raise UsageError(f"{path}:{number} is not a JSON object") from error
    if not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{path} must hold one JSON object a line")
    return rows


def match(files: list[str], folder: Path, manifest: Path, rows: list[Told]) -> dict[str, Told]:
    """The rows by file; paths in the manifest are relative to the folder, or to the manifest.

    Raises:
        UsageError: not one path of the manifest is a video of the folder, or two videos have one id.
    """
    root = folder.resolve()
    found: dict[str, Told] = {}
    for row in rows:
        full = [(base / row.path).resolve() for base in (folder, manifest.parent)]
        near = [printable(f.relative_to(root)) for f in full if f.is_relative_to(root)]
        name = next((name for name in near if name in files), None)
        if name is not None:
            found[name] = row
    if not found:
        example = f", e.g. '{rows[0].path}'" if rows else ""
        raise UsageError(f"no path in {manifest} is a video of {folder}{example}; see path_column=")
    ids = [found[name].id or name if name in found else name for name in files]
    twice = {shot_id for shot_id in ids if ids.count(shot_id) > 1} if len(set(ids)) < len(ids) else set()
    if twice:
        raise UsageError(f"{manifest} calls two videos '{min(twice)}'; ids must differ")
    return found


def real_videos(asked: str | list[str] | None, names: list[str]) -> dict[str, tuple[Path, ...]]:
    """For each video, by its name in its folder, the file of that name, whatever its suffix, in each folder of `asked`.

    Videos that are not in all of these folders are left out.

    Raises:
        UsageError: more than two folders, a folder that is not there, or not one video in common.
    """
    folders = [Path(folder) for folder in ([asked] if isinstance(asked, str) else asked or [])]
    if len(folders) > 2:
        raise UsageError(f"references= names {len(folders)} folders; give one, or two with a take each")
    takes = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"no such folder: references={folder}; give the folder that holds the real videos")
        takes.append({path.relative_to(folder).with_suffix("").as_posix(): path.resolve() for path in videos(folder)})
    keys = {name: Path(name).with_suffix("").as_posix() for name in names}
    found = {name: tuple(take[key] for take in takes) for name, key in keys.items() if all(key in t for t in takes)}
    if folders and not found:
        raise UsageError(f"no video in references={asked} is called like one that is scored, e.g. '{names[0]}'")
    return found if folders else {}


def named(paths: list[Path], folder: Path) -> dict[str, Path]:
    """Files by what they are called in their folder, as text that can be stored and printed; no two alike."""
    found: dict[str, Path] = {}
    for path in paths:
        name = printable(path.relative_to(folder))
        while name in found:  # it only prints alike
            name += "~"
        found[name] = path
    return found


def refusal(path: Path, folder: Path, links: bool) -> str | None:
    """Why a file of a folder is not to be read, None if it is; links are followed out of the folder where `links`."""
    name = printable(path)
    if not links and not inside(path, folder):
        return f"it is a link to '{name}', which is not in the folder; copy it there, or set links=true"
    try:
        str(path).encode()
        with opened(path):
            return None
    except UnicodeEncodeError:
        return f"the name of '{name}' is not UTF-8; give it another one"
    except UsageError as error:
        return str(error)


def plan(cfg: dict[str, Any]) -> Plan:
    """The plan of a resolved configuration; nothing is written yet.

    Raises:
        UsageError: no such folder, no videos in it, or a manifest that does not fit.
    """
    folder = Path(cfg["path"])
    if not folder.is_dir():
        what = "a file, not a folder" if folder.exists() else "no such folder"
        raise UsageError(f"{what}: path={folder}; give the folder that holds the videos")
    paths = videos(folder)
    if not paths:
        raise UsageError(
            f"no videos in {folder}; files called .mp4, .mkv, .webm, .mov, .avi, .m4v or .gif are looked for"
        )
    if cfg["perception"] == "oracle":
        raise UsageError("perception=oracle needs the simulator's truth, which videos do not have; use classical")
    limits = Limits.from_config(cfg["limits"])
    limits.apply()
    by_name = {name: Path(os.path.realpath(path)) for name, path in named(paths, folder).items()}
    told: dict[str, Told] = {}
    if cfg["manifest"] is not None:
        manifest = Path(cfg["manifest"])
        rows = read_manifest(manifest, cfg["path_column"], cfg["prompt"], cfg["id"])
        told = match(list(by_name), folder, manifest, rows)
    ids = {name: (told[name].id if name in told else None) or name for name in by_name}
    by_id = {ids[name]: path for name, path in by_name.items()}
    prompts = {ids[name]: row.prompt for name, row in told.items() if row.prompt is not None}
    real = real_videos(cfg["references"], list(by_name))
    references = {ids[name]: paths for name, paths in real.items()}
    label = str(cfg["label"] or folder.resolve().name)
    reasons = {shot_id: refusal(path, folder, cfg["links"]) for shot_id, path in by_id.items()}
    content = hashlib.sha256()
    for shot_id, path in by_id.items():
        shown = "".join(f"\0{file_digest(take)}" for take in references.get(shot_id, ()))
        digest = reasons[shot_id] or file_digest(path)
        content.update(f"{shot_id}\0{prompts.get(shot_id)}\0{digest}{shown}\n".encode())
    ask = {
        "model": {"label": label, "name": "videos"},
        "suite": {"name": "videos", "files": len(by_id), "prompts": len(prompts), "content": content.hexdigest()},
    }
    run = home(cfg["out"], label, "videos", ask)

    def make_job(shot_id: str, clip: ClipRow | None, probes: tuple[str, ...]) -> FileJob:
        shown = references.get(shot_id, ())
        return FileJob(shot_id, by_id[shot_id], prompts.get(shot_id), probes, shown, reasons[shot_id])

    return Plan(
        folder=run,
        spec={**ask, "scoring": scoring(cfg["perception"], cfg["probes"])},
        shots=[ShotRow(i, "", n, MODE, prompts.get(i)) for n, i in enumerate(by_id)],
        make_job=make_job,
        worker="evals.work:FileWorker",
        setup=Setup(run, cfg["perception"], limits=limits),
        engine=cfg["engine"],
        workers=processes(cfg["engine"], cfg["workers"]),
        asked=cfg,
    )


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `score`."""
    out = console(json_out)
    asked = plan(cfg)
    if dry_run:
        expected = estimate(asked)
        show_estimate(expected, out)
        if json_out:
            emit(expected)
        return 0
    execute(asked, out)
    summary = conclude(asked.folder, out)
    if json_out:
        emit(summary)
    return 3 if incomplete(summary) else 0
