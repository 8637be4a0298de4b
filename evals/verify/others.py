"""A submission beside other runs: whose clips they are, and how often the same model was tried."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evals.bundle import MANIFEST, TABLE
from evals.spec import ask
from evals.verify.contents import Contents, read
from evals.verify.findings import Refused, Report
from evals.verify.unpacking import Room, unpack
from simulator.errors import UsageError


def open_other(source: Path, room: Room) -> Contents:
    """The documents and tables of another run, or of another bundle; not its clips.

    Raises:
        UsageError: it is neither, or cannot be read.
    """
    passing = Report()
    try:
        if source.is_dir() and (source / TABLE).is_file() and not (source / MANIFEST).exists():
            return read(source, passing)
        with TemporaryDirectory() as folder:
            unpack(source, Path(folder), room, passing, clips=False)
            return read(Path(folder), passing)
    except Refused as refused:
        raise UsageError(f"{source} cannot be compared with: {refused.finding.text}") from refused


def _model(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A model without its label."""
    model = spec.get("model")
    return {key: value for key, value in model.items() if key != "label"} if isinstance(model, dict) else {}


def _digests(contents: Contents) -> dict[str, str]:
    return {row["shot_id"]: row["digest"] for row in contents.tables["clip"] if row["status"] == "ok"}


def compare(contents: Contents, other: Contents, name: str, report: Report) -> None:
    """Findings about a submission that another run gives; they go to the report."""
    mine, theirs = _digests(contents), _digests(other)
    if _model(contents.spec) != _model(other.spec):
        owners = {digest: shot for shot, digest in theirs.items()}
        for shot in (shot for shot, digest in mine.items() if digest in owners):
            report.add("other's clip", shot, f"it is the clip of {owners[mine[shot]]} in {name}")
        return
    a, b = ({k: v for k, v in ask(c.spec).items() if k not in ("model", "seed")} for c in (contents, other))
    if a != b:
        return
    if contents.spec["seed"] != other.spec.get("seed"):
        text = f"the same model was run with root seed {other.spec.get('seed')}, too: {name}"
        report.add("note", "seed", text)
        return
    for shot in sorted(shot for shot in mine.keys() & theirs.keys() if mine[shot] != theirs[shot]):
        report.add("attempts", shot, f"the same model, suite and seed gave another clip in {name}")
