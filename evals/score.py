"""`worldassay score`: probes on the videos of a folder, whoever made them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

from evals.console import console, emit
from evals.estimate import estimate, show_estimate
from evals.execute import Plan, execute, home, processes, scoring
from evals.store import ClipRow, ShotRow
from evals.summary import conclude, incomplete
from evals.work import FileJob, Setup
from simulator.adapters.folder import file_digest, videos
from simulator.errors import UsageError, unknown

MODE = "video"


def read_manifest(path: Path, path_column: str, prompt_column: str) -> dict[str, str]:
    """Video path, as written, to prompt; from CSV with a header, or JSONL by its suffix.

    Raises:
        UsageError: no such file, a broken line, or no such column, with near misses.
    """
    if not path.is_file():
        raise UsageError(f"no such file: manifest={path}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text; give a CSV or JSONL file") from error
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        rows = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                rows += [json.loads(line)] if line.strip() else []
            except ValueError as error:
                raise UsageError(f"{path}:{number} is not a JSON object") from error
        if not all(isinstance(row, dict) for row in rows):
            raise UsageError(f"{path} must hold one JSON object a line")
    else:
        rows = list(csv.DictReader(io.StringIO(text)))
    columns = {str(key) for row in rows for key in row}
    for key, column in (("path_column", path_column), ("prompt_column", prompt_column)):
        if column not in columns:
            raise unknown(f"column in {path.name}, {key}=", column, columns)
    return {
        str(row[path_column]): str(row[prompt_column])
        for row in rows
        if row.get(path_column) and row.get(prompt_column)
    }


def prompts_of(files: list[str], folder: Path, manifest: Path, prompts: dict[str, str]) -> dict[str, str]:
    """The prompts by file; paths in the manifest are relative to the folder, or to the manifest.

    Raises:
        UsageError: not one path of the manifest is a video of the folder.
    """
    found = {}
    for given, prompt in prompts.items():
        for base in (folder, manifest.parent):
            full = (base / given).resolve()
            if full.is_relative_to(folder.resolve()) and full.relative_to(folder.resolve()).as_posix() in files:
                found[full.relative_to(folder.resolve()).as_posix()] = prompt
                break
    if prompts and not found:
        raise UsageError(
            f"no path in {manifest} is a video of {folder}, e.g. '{next(iter(prompts))}'; see path_column="
        )
    return found


def plan(cfg: dict[str, Any]) -> Plan:
    """The plan of a resolved configuration; nothing is written yet.

    Raises:
        UsageError: no such folder, no videos in it, or a manifest that does not fit.
    """
    folder = Path(cfg["path"])
    if not folder.is_dir():
        raise UsageError(f"no such folder: path={folder}; give the folder that holds the videos")
    paths = videos(folder)
    if not paths:
        raise UsageError(
            f"no videos in {folder}; files called .mp4, .mkv, .webm, .mov, .avi, .m4v or .gif are looked for"
        )
    if cfg["perception"] == "oracle":
        raise UsageError("perception=oracle needs the simulator's truth, which videos do not have; use classical")
    by_id = {p.relative_to(folder).as_posix(): p.resolve() for p in paths}
    prompts: dict[str, str] = {}
    if cfg["manifest"] is not None:
        manifest = Path(cfg["manifest"])
        told = read_manifest(manifest, cfg["path_column"], cfg["prompt_column"])
        prompts = prompts_of(list(by_id), folder, manifest, told)
    label = str(cfg["label"] or folder.resolve().name)
    content = hashlib.sha256()
    for shot_id, path in by_id.items():
        content.update(f"{shot_id}\0{prompts.get(shot_id)}\0{file_digest(path)}\n".encode())
    ask = {
        "model": {"label": label, "name": "videos"},
        "suite": {"name": "videos", "files": len(by_id), "prompts": len(prompts), "content": content.hexdigest()},
    }
    run = home(cfg["out"], label, "videos", ask)

    def make_job(shot_id: str, clip: ClipRow | None, probes: tuple[str, ...]) -> FileJob:
        return FileJob(shot_id, by_id[shot_id], prompts.get(shot_id), probes)

    return Plan(
        folder=run,
        spec={**ask, "scoring": scoring(cfg["perception"], cfg["probes"])},
        shots=[ShotRow(i, "", n, MODE, prompts.get(i)) for n, i in enumerate(by_id)],
        make_job=make_job,
        worker="evals.work:FileWorker",
        setup=Setup(run, cfg["perception"]),
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
