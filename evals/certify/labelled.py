"""Videos that somebody labelled: reading the labels, and having each video looked at once.

Labels are a CSV file with a header and a row for each video: where it lies (relative to the file), what it is, and, if
the labels have them, types of failure (one or more, with ";" between them), a group and a prompt. Columns are named by
options, so that most tables that exist can be read as they are.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from evals.certify.answers import Asked, encode
from evals.certify.cells import Line, sight_key
from evals.console import plain
from evals.engine import Done, pool
from evals.progress import progress
from evals.registries import PERCEPTIONS
from probes.base import assay
from probes.calibration import file_name
from simulator.adapters.folder import file_digest
from simulator.clip import read_video
from simulator.errors import UsageError, unknown

SIGHT = "classical"
SHOWN = 3  # files that are missing, named in the message


@dataclass(frozen=True)
class Labelled:
    """One video and what it is called. violated: whether it has a violation; types: of failure."""

    path: Path
    name: str
    violated: bool
    types: tuple[str, ...]
    group: str
    prompt: str | None


@dataclass(frozen=True)
class Labels:
    """What a file of labels says; others: rows with another label, by label, which are left out."""

    videos: tuple[Labelled, ...]
    others: dict[str, int]


def read_labels(cfg: Mapping[str, Any]) -> Labels:
    """The videos that `cfg["labels"]` calls `positive` or `negative`.

    Raises:
        UsageError: no such file or column, no labels of both kinds, or videos that are not there.
    """
    path = Path(str(cfg["labels"]))
    if not path.is_file():
        raise UsageError(f"no such file: labels={path}; give a CSV file with the columns file,label")
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is not a CSV file in UTF-8: {error}") from error
    columns = [str(name) for name in rows[0] if name] if rows else []
    asked = {key: cfg[f"{key}_column"] for key in ("file", "label", "type", "group", "prompt")}
    for key, name in asked.items():
        if name is not None and name not in columns:
            raise unknown(f"column of {path.name}, {key}_column=", name, columns)
    names = {cfg["positive"]: True, cfg["negative"]: False}
    videos, others = [], dict[str, int]()
    for each in rows:
        cells = {key: (each.get(name) or "").strip() if name else "" for key, name in asked.items()}
        if cells["label"] not in names:
            others[cells["label"]] = others.get(cells["label"], 0) + 1
            continue
        types = tuple(filter(None, (t.strip() for t in cells["type"].split(";"))))
        videos.append(Labelled(path.parent / cells["file"], cells["file"], names[cells["label"]], types,
                               cells["group"], cells["prompt"] or None))  # fmt: skip
    for word, violated in names.items():
        if not any(v.violated == violated for v in videos):
            found = ", ".join(f"'{label}'" for label in sorted(others)) or "none"
            raise UsageError(
                f"no row of {path} has {asked['label']}='{word}' (others: {found}); see positive=, negative="
            )
    missing = [v.name for v in videos if not v.path.is_file()]
    if missing:
        shown = ", ".join(f"'{name}'" for name in missing[:SHOWN])
        raise UsageError(f"{len(missing)} of {len(videos)} videos are not beside {path}: {shown}; see file_column=")
    return Labels(tuple(videos), others)


def keys(probes: tuple[str, ...]) -> dict[str, str]:
    """What readings are kept under, by probe: its version and its table."""
    found = {}
    for asked in map(Asked, probes):
        table = files("probes.calibration") / file_name(asked.probe.name, asked.probe.version)
        text = table.read_bytes() if table.is_file() else b""
        found[asked.probe.name] = f"{asked.key}-{hashlib.sha256(text).hexdigest()[:8]}"
    return found


@dataclass(frozen=True)
class Job:
    """A video, and the probes that are to be asked about it."""

    path: Path
    prompt: str | None
    probes: tuple[str, ...]


class Watcher:
    """Looks at one video after the other; no probe is told anything but its prompt."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def do(self, job: Job) -> Iterator[Line]:
        """One video."""
        try:
            clip = read_video(job.path)
        except UsageError as error:
            yield {"error": str(error)}
            return
        observation = PERCEPTIONS.load(SIGHT)(clip)
        said = assay(observation, None, job.prompt, job.probes)
        speed = np.sqrt((observation.flow.astype(np.float64) ** 2).sum(-1))
        yield {
            "motion": float(speed.mean()) * clip.fps if speed.size else 0.0,
            "seconds": clip.seconds,
            "pixels": clip.height * clip.width,
            "answers": {self.names[name]: encode(reading) for name, reading in said.items()},
        }


def watch(labels: Labels, probes: tuple[str, ...], file: Path, workers: int, out: Console) -> list[Line]:
    """A line for each video, in the order of the labels; kept in `file` by the videos' content, prompt and sight."""
    names, kept = keys(probes), _kept(file)
    marks = [f"{file_digest(v.path)}/{sight_key(SIGHT)}/{v.prompt or ''}" for v in labels.videos]
    left = {}
    for video, mark in zip(labels.videos, marks, strict=True):
        due = tuple(p for p in probes if names[p] not in kept.get(mark, {"answers": {}})["answers"])
        if due and "error" not in kept.get(mark, {}):
            left[Job(video.path, video.prompt, due)] = mark
    file.parent.mkdir(parents=True, exist_ok=True)
    with progress(out, "labelled videos", len(left)) as step, file.open("a") as kept_file:
        for job, said in pool("evals.certify.labelled:Watcher", names, list(left), workers) if left else ():
            mark = left[job]
            if isinstance(said, Done):
                step()
                if said.error is None:
                    continue
            line = {"error": said.error, "answers": {}} if isinstance(said, Done) else {"answers": {}} | said.content
            _merge(kept, mark, line)
            if not isinstance(said, Done):
                kept_file.write(json.dumps(plain({"mark": mark} | line)) + "\n")
                kept_file.flush()
    return [kept[mark] for mark in marks]


def _kept(file: Path) -> dict[str, Line]:
    kept: dict[str, Line] = {}
    for text in file.read_text().splitlines() if file.is_file() else ():
        try:
            line = json.loads(text)
        except ValueError:  # a kill left half of it
            continue
        _merge(kept, line.pop("mark"), line)
    return kept


def _merge(kept: dict[str, Line], mark: str, line: Line) -> None:
    held = kept.setdefault(mark, {"answers": {}})
    kept[mark] = held | line | {"answers": held["answers"] | line["answers"]}
