"""Previews of stored clips: small H.264 files for pages, named by content, made only for clips that are shown."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from evals.store.clips import local
from simulator.clip import Clip, read_video, write_video
from simulator.errors import UsageError

SIDE = 256  # smaller clips are enlarged to about this, so that single pixels can be seen
LIMIT = 640  # larger ones are reduced to this


def preview(clip: Clip) -> Clip:
    """The clip at a size to look at: enlarged by a whole factor, pixels kept as squares, or reduced by area."""
    height, width = clip.height, clip.width
    enlarge = round(SIDE / min(height, width))
    if enlarge > 1 and max(height, width) * enlarge <= 2 * LIMIT:
        return Clip(np.repeat(np.repeat(clip.frames, enlarge, 1), enlarge, 2), clip.fps)
    if max(height, width) <= LIMIT:
        return clip
    scale = LIMIT / max(height, width)
    size = max(2, round(width * scale)), max(2, round(height * scale))
    return Clip(np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in clip.frames]), clip.fps)


@dataclass
class Media:
    """The folder `media` beside a page; clips that cannot be read are listed in `lost`, not fatal."""

    page: Path
    lost: dict[str, str] = field(default_factory=dict)
    others: list[Path] = field(default_factory=list, init=False)  # of pages beside this one: what they made is linked

    def __post_init__(self) -> None:
        if self.page.parent.is_dir():
            self.others = [folder for folder in self.page.parent.glob("*/media") if folder.parent != self.page]

    def add(self, source: Path | str, digest: str) -> str | None:
        """The link from the page to the preview of `source`, made now unless it lies there; None if that failed.

        source: a file, or a URL of fsspec's.
        """
        name = f"media/{digest[:20]}.mp4"
        target = self.page / name
        if target.is_file():
            return name
        if self._linked(target):
            return name
        try:
            with local(str(source)) as file:
                clip = read_video(file)
        except (UsageError, OSError) as error:
            self.lost[str(source)] = str(error)
            return None
        write_video(target, preview(clip), lossless=False)
        return name

    def _linked(self, target: Path) -> bool:
        """Whether another page has made this preview, and the file system can link it."""
        for folder in self.others:
            if (folder / target.name).is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                with suppress(OSError):
                    os.link(folder / target.name, target)
                    return True
        return False
