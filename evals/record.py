"""record.json: where, when and with what a run was made; enough to make it again, and never compared."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from evals.spec import digest, write_json

PACKAGES = ("worldassay", "numpy", "scipy", "torch", "mujoco", "opencv-python-headless", "av", "open-clip-torch")


def _git(*arguments: str) -> str:
    here = Path(__file__).resolve()
    told = subprocess.run(
        ["git", *arguments],
        cwd=here.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
        stdin=subprocess.DEVNULL,
    )
    return told.stdout.strip()


def git_revision() -> str | None:
    """The checkout's revision, with "+" where files differ from it; None outside a checkout."""
    try:
        _git("ls-files", "--error-unmatch", Path(__file__).name)  # not some other repository around us
        return _git("rev-parse", "HEAD") + ("+" if _git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def versions() -> dict[str, str | None]:
    """The installed versions of what results depend on."""
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_record(
    folder: Path, spec: dict[str, Any], asked: dict[str, Any], *, workers: int, begun: str, seconds: float, jobs: int,
    clips: int | None = None,
) -> None:  # fmt: skip
    """Write or renew the record; each session that worked on the run is listed.

    clips: how many of the run's clips it made.
    """
    path = folder / "record.json"
    try:
        sessions = json.loads(path.read_text())["sessions"]
    except (OSError, ValueError, KeyError):
        sessions = []
    sessions.append({"begun": begun, "seconds": round(seconds, 2), "shots": jobs, "clips": clips, "workers": workers})
    write_json(
        path,
        {
            "spec_digest": digest(spec),
            "asked": asked,
            "git": git_revision(),
            "packages": versions(),
            "python": platform.python_version(),
            "platform": platform.platform(),
            "device": {"processor": platform.machine(), "cores": os.cpu_count(), "threads_per_process": 1},
            "sessions": sessions,
        },
    )
