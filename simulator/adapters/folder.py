"""Folder: videos generated elsewhere from the shots that `worldassay shots` wrote, found by shot id."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from simulator.clip import Clip, read_video
from simulator.decoding import opened, printable
from simulator.errors import UsageError
from simulator.shot import Shot

SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v", ".gif")
MANIFEST = "manifest.jsonl"


class Folder:
    """A folder of videos as a model.

    A shot's video is what `manifest.jsonl` in the folder names for its id under "file"; without a manifest it is
    SHOT_ID with any video suffix, here or in a sub-folder. Its size, frame rate and length are kept as they are.
    links: whether videos may lie outside the folder, by links or as the manifest says.
    """

    name = "folder"

    def __init__(self, path: str, links: bool = False) -> None:
        self.path, self.links = Path(path), links
        if not self.path.is_dir():
            raise UsageError(f"no such folder: {path}; model.path= is the folder with the generated videos")
        self.files = self._manifest() or {f.stem: f for f in videos(self.path)}
        if not any(f.is_file() for f in self.files.values()):
            raise UsageError(f"no videos in {path}; name them SHOT_ID.mp4, as `worldassay shots` lists them")

    def _manifest(self) -> dict[str, Path]:
        path = self.path / MANIFEST
        if not path.is_file():
            return {}
        files = {}
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.strip():
                try:
                    row = json.loads(line)
                    files[str(row["id"])] = self.path / str(row["file"])
                except (ValueError, KeyError, TypeError) as error:
                    raise UsageError(f"{path}:{number} needs one JSON object with id and file") from error
        return files

    def generate(self, shot: Shot) -> Clip:
        """The shot's video.

        Raises:
            UsageError: there is none, or it cannot be read.
        """
        file = self.files.get(shot.id)
        if file is None or not file.is_file():
            raise UsageError(f"missing: no video for {shot.id} in {self.path}")
        if not self.links and not inside(file, self.path):
            raise UsageError(f"'{printable(file)}' leads out of {self.path}; copy it there, or set model.links=true")
        return read_video(file)

    def identity(self) -> dict[str, str]:
        """Its name and the digest of its files; a video that is added or changed makes it another model."""
        total = hashlib.sha256()
        for shot_id, file in sorted(self.files.items()):
            if file.is_file() and (self.links or inside(file, self.path)):
                total.update(f"{shot_id} {file_digest(file)}\n".encode())
        return {"name": self.name, "videos": total.hexdigest()}


def file_digest(path: Path) -> str:
    """sha256 (hex) of a file's bytes.

    Raises:
        UsageError: it cannot be opened, is no regular file, or is far too large.
    """
    with opened(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inside(path: Path, folder: Path) -> bool:
    """Whether what a path leads to, links followed, lies in a folder."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def videos(folder: Path) -> list[Path]:
    """Whatever in `folder` and below is called like a video, but folders, in order; hidden ones left out."""
    found = (p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and not p.is_dir())
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))
