"""What a worker finds in one clip of a submission: whether it is the one that was recorded, moves, is anybody's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from evals.limits import Limits
from evals.store import clips, reading_rows
from evals.suite import Cell, Suite, prompt_of
from evals.work import judge, short, shown
from simulator import decoding
from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.scenarios import make_script
from simulator.shot import Shot

STILL = 1.0  # grey levels, on average: a script that changes the picture less does not move
FROZEN = 0.05  # of the change that the script makes; H.264 of a still stays under 0.02
MOVED = 16.0  # grey levels by which a pixel of the reference is not what could be guessed
COPIED, COPIED_UNSEEN = 0.15, 0.3  # of a guess's error, with known frames and without; H.264 stays under 0.06
FEW = 0.002  # of the pixels: where fewer could not be guessed, a copy cannot be told


@dataclass(frozen=True)
class Setup:
    """What every process has to know."""

    folder: Path
    suite: Suite
    perception: str
    perception_version: int
    limits: Limits


@dataclass(frozen=True)
class Job:
    """One clip. probes: those whose readings are to be computed again."""

    cell: Cell
    digest: str
    size: tuple[int | None, int | None, int | None, float | None]  # frames, height, width, fps, as its row has them
    probes: tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """A finding about the job's shot."""

    kind: str
    text: str


@dataclass(frozen=True)
class Again:
    """A reading computed again: its row, and the rows of its evidence."""

    probe: str
    row: tuple[Any, ...]
    spans: tuple[tuple[Any, ...], ...]


class ClipWorker:
    """Looks at the clips of a submission, one after the other."""

    def __init__(self, setup: Setup) -> None:
        from simulator.stage import film

        self.setup = setup
        setup.limits.apply()
        decoding.start()
        film(make_script("drop_bounce", 0), 16, 16, 8, frames=1)  # what no clip can do (no GL) is told at once
        self._played: tuple[tuple[str, int], Clip] | None = None

    def do(self, job: Job) -> Iterator[Fault | Again]:
        """Whatever is wrong with a clip; its readings only where it is the clip that was recorded."""
        suite, cell = self.setup.suite, job.cell
        try:
            clip = clips.get(str(self.setup.folder / clips.FOLDER / f"{job.digest}.mkv"), job.digest, job.size[3])
        except (UsageError, OSError, ValueError) as raised:
            yield Fault("clip", _short(raised, job.digest))
            return
        is_ = (len(clip), clip.height, clip.width, clip.fps)
        if is_ != job.size:
            yield Fault("clip", f"its row says {job.size} frames, height, width and fps; it has {is_}")
        shot = Shot(cell.id, "", suite.height, suite.width, suite.frames, suite.fps, 0)
        reason = short(clip, shot)
        if reason is not None:
            yield Fault("clip", reason)
            return
        with self.setup.limits.probing():
            reference = self._reference(cell)
            yield from self._tricks(job, clip, reference)
            if job.probes:
                yield from self._again(job, clip, reference)

    def _tricks(self, job: Job, clip: Clip, reference: Clip) -> Iterator[Fault]:
        """Whether nothing was generated at all."""
        known = self.setup.suite.known(job.cell.mode)
        if frozen(clip, reference, known):
            yield Fault("frozen clip", "it shows one frame throughout, and the script moves")
        error = unlikeness(clip, reference, known)
        if error is not None and error < (COPIED if known else COPIED_UNSEEN):
            yield Fault("copied reference", f"it is off the simulator's own picture by {error:.1%} of what a guess is")

    def _again(self, job: Job, clip: Clip, reference: Clip) -> Iterator[Again]:
        """The job's readings, as a run computes them."""
        suite, sight, version_of_sight = self.setup.suite, self.setup.perception, self.setup.perception_version
        script, known = suite.script(job.cell), suite.known(job.cell.mode)
        real = shown(reference, suite, known) if known else None
        said = judge(clip, sight, script, prompt_of(script), job.probes, lambda: real)
        for probe, (version, reading) in said.items():
            row, spans = reading_rows(job.cell.id, probe, version, sight, reading, version_of_sight)
            yield Again(probe, row, tuple(spans))

    def _reference(self, cell: Cell) -> Clip:
        """The script as played; the last one is kept, for the same scene in the other mode."""
        from simulator.stage import film

        suite, key = self.setup.suite, (cell.family, cell.seed)
        if self._played is None or self._played[0] != key:
            clip = film(suite.script(cell), suite.height, suite.width, suite.fps, frames=suite.frames)
            self._played = key, clip
        return self._played[1]


def _short(error: Exception, digest: str) -> str:
    """A message without the folder, which is gone when it is read."""
    text = str(error)
    return text[text.index(digest) :] if digest in text else text


def _paired(clip: Clip, reference: Clip) -> tuple[np.ndarray, np.ndarray]:
    """Both as (T, H, W, 3) float32 at the reference's times and half its size, where codecs leave little noise."""
    size = (max(1, reference.width // 2), max(1, reference.height // 2))
    at = np.minimum(np.round(np.arange(len(reference)) / reference.fps * clip.fps).astype(int), len(clip) - 1)

    def small(frames: np.ndarray) -> np.ndarray:
        return np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames]).astype(np.float32)

    return small(clip.frames[at]), small(reference.frames)


def _apart(frames: np.ndarray, known: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The frames that are not known, and beside each the known frame nearest to it in time, or else the first."""
    unknown = np.setdiff1d(np.arange(len(frames)), known)
    held = np.asarray(known if len(known) else [0])
    return frames[unknown], frames[held[np.abs(unknown[:, None] - held).argmin(1)]]


def _change(frames: np.ndarray, known: Sequence[int]) -> float:
    """By how much the picture goes away from what is known of it, or its beginning: grey levels, mean of a frame."""
    unknown, near = _apart(frames, known)
    return float(np.abs(unknown - near).mean((1, 2, 3)).max())


def frozen(clip: Clip, reference: Clip, known: Sequence[int]) -> bool:
    """Whether a clip stands still beyond its known frames (their indices) where the reference does not."""
    ours, theirs = _paired(clip, reference)
    moves = _change(theirs, known)
    return moves > STILL and _change(ours, known) < FROZEN * moves


def unlikeness(clip: Clip, reference: Clip, known: Sequence[int]) -> float | None:
    """Mean error of a clip to the reference over that of a guess, where the guess is off; 0 for a copy.

    The guess is all that can be known of a reference that was not shown: its nearest known frame, or where there is
    none the mean colour of its first. None where hardly anything differs from that.
    """
    (ours, _), (theirs, near) = (_apart(frames, known) for frames in _paired(clip, reference))
    guess = near if len(known) else near.mean((1, 2), keepdims=True)
    off = np.abs(theirs - guess).max(-1) > MOVED
    if off.mean() < FEW:
        return None
    return float(np.abs(ours - theirs)[off].mean() / np.abs(theirs - guess)[off].mean())
