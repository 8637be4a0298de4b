"""The worker's side of a run: one shot to a clip, one clip to readings. It writes clips and no tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from platform import node
from typing import Any

from evals.limits import Limits
from evals.prompt_file import Prompt
from evals.prompts import PromptSuite
from evals.registries import PERCEPTIONS
from evals.store import ClipRow, clips
from evals.suite import Cell, Suite
from probes.base import PROBES, assay
from probes.perception.observation import Reference
from probes.reading import Failed, Reading
from simulator import decoding
from simulator.adapters import MODELS
from simulator.clip import Clip, read_video
from simulator.decoding import printable
from simulator.errors import UsageError
from simulator.script import Script
from simulator.shot import Shot, VideoModel, ends
from simulator.truth import Take

Readings = dict[str, tuple[int, Reading]]  # probe -> (version, reading)


@dataclass(frozen=True)
class Setup:
    """What every process of a run needs; `model` is None where videos exist already.

    clips: where clips go, a folder or a URL of fsspec's; None: beside the tables.
    """

    folder: Path
    perception: str
    model: tuple[tuple[str, Any], ...] | None = None
    suite: Suite | PromptSuite | None = None
    seed: int = 0
    clips: str | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class ShotJob:
    """Generate (unless `clip` is there already) and let `probes` read."""

    cell: Cell | Prompt
    clip: ClipRow | None
    probes: tuple[str, ...]


@dataclass(frozen=True)
class FileJob:
    """Let `probes` read the video at `path`.

    refused: why it is not even opened.
    """

    shot_id: str
    path: Path
    prompt: str | None
    probes: tuple[str, ...]
    references: tuple[Path, ...] = ()  # real videos of the same, one or two
    refused: str | None = None


def build_model(config: dict[str, Any]) -> VideoModel:
    """The model of a `conf/model` file: a registered name and its settings."""
    settings = {key: value for key, value in config.items() if key not in ("name", "label")}
    model: VideoModel = MODELS.load(config["name"])(**settings)
    return model


def judge(
    seen: Any, perception: str, script: Script | None, prompt: str | None, probes: tuple[str, ...],
    find_reference: Callable[[], Reference | None] = lambda: None,
) -> Readings:  # fmt: skip
    """A reading from each probe of what perception sees in a clip (or, with oracle sight, in a take)."""
    versions = {name: PROBES.load(name).version for name in probes}
    try:
        observation = PERCEPTIONS.load(perception)(seen)
    except Exception as error:  # sight's fault is this clip's alone
        failed = Failed(f"perception: {type(error).__name__}: {error}")
        return {name: (versions[name], failed) for name in probes}
    readings: dict[str, Reading] = {}
    if "reference" in probes:
        try:
            observation.reference = find_reference()
        except Exception as error:  # a real video that cannot be had must not cost the other probes
            readings["reference"] = Failed(f"no real video: {error}")
    readings |= assay(observation, script, prompt, [name for name in probes if name not in readings])
    return {name: (versions[name], readings[name]) for name in probes}


def short(clip: Clip, shot: Shot) -> str | None:
    """Why a clip does not answer its shot: it lasts another time, give or take a frame. Its size is its own affair."""
    asked = shot.frames / shot.fps
    if abs(clip.seconds - asked) <= 1.001 / shot.fps and len(clip) > 1:
        return None
    return (
        f"asked for {shot.frames} frames at {shot.fps:g} fps ({asked:.2f} s), "
        f"got {len(clip)} at {clip.fps:g} fps ({clip.seconds:.2f} s)"
    )


def _ok(shot_id: str, clip: Clip, path: str) -> ClipRow:
    return ClipRow(shot_id, "ok", clip.digest, path, len(clip), clip.height, clip.width, clip.fps)


def failed(shot_id: str, error: str, path: str | None = None) -> ClipRow:
    """The row of a clip that is not there."""
    return ClipRow(shot_id, "failed", path=path, error=error)


class ShotWorker:
    """Generates and scores the shots of a suite."""

    def __init__(self, setup: Setup) -> None:
        assert setup.model is not None
        assert setup.suite is not None
        self.setup = setup
        self.suite: Any = setup.suite  # its cells are its own
        setup.limits.apply()
        if not (clips.remote(setup.clips or "") or setup.folder.is_dir()):
            raise UsageError(f"{setup.folder} is not on {node()}; share it, or give clips= the URL of an object store")
        self.model = build_model(dict(setup.model))
        if setup.perception == "oracle" and not hasattr(self.model, "take"):
            raise UsageError(f"perception=oracle needs a model that knows the truth, not {self.model.name}")

    def do(self, job: ShotJob) -> Iterator[ClipRow | Readings]:
        """A ClipRow where one is due, then the readings."""
        clip = self._stored(job.clip)
        if clip is None:
            row, clip = self._generate(self._shot(job))
            yield row
        if clip is not None and job.probes:
            script, prompt = self.suite.told(job.cell)
            seen = self._take(job, clip) if self.setup.perception == "oracle" else clip
            play = partial(self._reference, job, script)
            with self.setup.limits.probing():
                readings = judge(seen, self.setup.perception, script, prompt, job.probes, play)
            yield readings

    def _shot(self, job: ShotJob) -> Shot:
        shot: Shot = self.suite.shot(job.cell, self.setup.seed)
        return shot

    def _take(self, job: ShotJob, clip: Clip) -> Take:
        """The clip with the truth that the model knows of it."""
        take: Take = self.model.take(self._shot(job))  # type: ignore[attr-defined]
        return replace(take, clip=clip)

    def _reference(self, job: ShotJob, script: Script | None) -> Reference | None:
        """The script as played; None where there is none, or the model was shown no frame and cannot know its looks."""
        from simulator.stage import film

        suite = self.suite
        given = suite.known(job.cell.mode)
        if script is None or not given:
            return None
        clip = film(script, suite.height, suite.width, suite.fps, frames=suite.frames)
        return shown(clip, suite, given)

    def _stored(self, row: ClipRow | None) -> Clip | None:
        if row is None or row.path is None or row.digest is None:
            return None
        try:
            return clips.get(clips.address(self.setup.folder, row.path), row.digest, row.fps)
        except (UsageError, OSError):
            return None

    def _generate(self, shot: Shot) -> tuple[ClipRow, Clip | None]:
        try:
            clip = self.model.generate(shot)
        except Exception as error:  # a model's fault is this clip's alone
            what = str(error) if isinstance(error, UsageError) else f"{type(error).__name__}: {error}"
            return failed(shot.id, what), None
        reason = short(clip, shot)
        if reason is not None:
            return failed(shot.id, reason), None
        path = clips.put(clip, self.setup.folder, self.setup.clips)
        return _ok(shot.id, clip, path), clip


def shown(clip: Clip, suite: Suite | PromptSuite, known: Sequence[int]) -> Reference:
    """The real course of a shot, of which a model was shown the frames `known` at the ends."""
    head, tail = ends(known, suite.frames)
    return Reference((clip,), head / suite.fps, tail / suite.fps)


def _real(videos: tuple[Path, ...]) -> Reference | None:
    return Reference(tuple(map(read_video, videos))) if videos else None


class FileWorker:
    """Scores videos that exist."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        setup.limits.apply()
        decoding.start()

    def do(self, job: FileJob) -> Iterator[ClipRow | Readings]:
        """The ClipRow, then the readings."""
        path = printable(job.path) if job.refused else os.fspath(job.path)
        try:
            if job.refused:
                raise UsageError(job.refused)
            clip = read_video(job.path)
        except (UsageError, OSError) as error:
            yield failed(job.shot_id, str(error), path)
            return
        yield _ok(job.shot_id, clip, path)
        if job.probes:
            real = partial(_real, job.references)
            with self.setup.limits.probing():
                readings = judge(clip, self.setup.perception, None, job.prompt, job.probes, real)
            yield readings
