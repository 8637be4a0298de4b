"""`worldassay generate`: one prompt, and whatever frames are known, to one video."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from evals.console import console, emit
from simulator.errors import UsageError
from simulator.shot import Shot

PROMPT_LENGTH = 2000  # characters
_SIZE = re.compile(r"(\d+)\s*[x×]\s*(\d+)")
_AT = re.compile(r"(?P<path>.+?)(?:@(?P<time>\d+(?:\.\d+)?)s?)?")


def shot_of(cfg: dict[str, Any]) -> tuple[Shot, np.ndarray | None]:
    """The shot that the keys describe, and the frames (T, H, W, 3) to start from where a video is to be edited.

    Raises:
        UsageError: a number out of range, a picture or video that cannot be read, or frames that do not fit.
    """
    height, width = _size(cfg["size"])
    for key, value, low, high in (
        ("size", height, 16, 1024), ("size", width, 16, 1024), ("seconds", cfg["seconds"], 0.01, 60),
        ("fps", cfg["fps"], 1, 120), ("seed", cfg["seed"], 0, 2**32 - 1),
    ):  # fmt: skip
        if not low <= value <= high:
            raise UsageError(f"{key}={cfg[key]}: {value} is outside {low} to {high}")
    prompt = str(cfg["prompt"]).strip()
    if not prompt:
        raise UsageError("prompt= is empty; say what happens")
    if len(prompt) > PROMPT_LENGTH:
        raise UsageError(f"prompt= has {len(prompt)} characters; up to {PROMPT_LENGTH} are read")
    fps, frames = float(cfg["fps"]), max(1, round(cfg["seconds"] * cfg["fps"]))
    known = _pictures(cfg, frames, height, width)
    draft = None
    if cfg["video"] is not None:
        first, given = _video(str(cfg["video"]), frames, height, width, fps)
        if cfg["strength"] is None:
            known |= {first + i: frame for i, frame in enumerate(given)}
        else:
            draft = _padded(given, first, frames)
    elif cfg["strength"] is not None:
        raise UsageError("strength= edits a video; give video=FILE, too")
    if len(known) >= frames > 1:
        raise UsageError(f"all {frames} frames are known; ask for more seconds")
    mode = "first_frames" if known else "prompt"
    return Shot("generate", prompt, height, width, frames, fps, cfg["seed"], mode, known), draft


def _size(text: object) -> tuple[int, int]:
    match = _SIZE.fullmatch(str(text).strip())
    if match is None:
        raise UsageError(f"size={text} is no HEIGHTxWIDTH in pixels; give e.g. size=64x96")
    return int(match[1]), int(match[2])


def _pictures(cfg: dict[str, Any], frames: int, height: int, width: int) -> dict[int, np.ndarray]:
    """The known frames of first= and last=."""
    from simulator.picture import read_picture

    first, last = ([cfg[key]] if isinstance(cfg[key], str) else list(cfg[key]) for key in ("first", "last"))
    if len(first) + len(last) > frames:
        raise UsageError(f"first= and last= have {len(first) + len(last)} pictures and the clip {frames} frames")
    known = {i: read_picture(path, height, width) for i, path in enumerate(first)}
    return known | {frames - len(last) + i: read_picture(path, height, width) for i, path in enumerate(last)}


def _video(text: str, frames: int, height: int, width: int, fps: float) -> tuple[int, np.ndarray]:
    """The frame at which the video of FILE@SECONDS begins, and its frames at the clip's rate and size."""
    import cv2

    from simulator.clip import read_video

    match = _AT.fullmatch(text)
    assert match is not None
    clip, first = read_video(match["path"]), round(float(match["time"] or 0.0) * fps)
    if first >= frames:
        raise UsageError(f"video={text} begins after the end of the clip; ask for more seconds or an earlier time")
    count = min(frames - first, max(1, round(clip.seconds * fps)))
    at = np.minimum((np.arange(count) / fps * clip.fps + 1e-6).astype(int), len(clip) - 1)
    resized = [cv2.resize(clip.frames[i], (width, height), interpolation=cv2.INTER_AREA) for i in at]
    return first, np.stack(resized)


def _padded(given: np.ndarray, first: int, frames: int) -> np.ndarray:
    """As many frames as the clip has: the first and the last one are repeated where there are none."""
    return given[np.clip(np.arange(frames) - first, 0, len(given) - 1)]


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `generate`."""
    out, path = console(json_out), Path(cfg["out"])
    if path.suffix not in (".mp4", ".mkv"):
        raise UsageError(f"out={path} should end in .mp4 (H.264) or .mkv (lossless)")
    if not path.parent.is_dir():
        raise UsageError(f"no such folder: {path.parent}; make it, or choose another out=")
    shot, draft = shot_of(cfg)
    known = sorted(shot.known)
    told: dict[str, Any] = {
        "file": str(path), "frames": shot.frames, "fps": shot.fps, "prompt": shot.prompt, "known": known,
    }  # fmt: skip
    if dry_run:
        out.print(
            f"{shot.frames} frames of {shot.height}x{shot.width} at {shot.fps:g} fps into {path}; "
            f"{len(known)} of them are known",
            markup=False,
        )
    else:
        from simulator.clip import write_video

        clip = _generate(cfg, shot, draft, json_out)
        write_video(path, clip, lossless=path.suffix == ".mkv")
        told["digest"] = clip.digest
        out.print(f"{len(clip)} frames in {path}", markup=False)
    if json_out:
        emit(told)
    return 0


def _generate(cfg: dict[str, Any], shot: Shot, draft: np.ndarray | None, json_out: bool) -> Any:
    from evals.progress import progress
    from evals.work import build_model
    from simulator.adapters.world import World

    settings = {**cfg["model"], **{k: cfg[k] for k in ("steps", "guidance") if cfg[k] is not None}}
    model, out = build_model(settings), console(json_out)
    if not isinstance(model, World):
        if draft is not None:
            raise UsageError(f"model={settings['label']} cannot edit; strength= is for the world model")
        with out.status(f"{settings['label']} generates {shot.frames} frames"):
            return model.generate(shot)
    from simulator.model.sample import OVERLAP, WINDOW
    from simulator.model.windows import plan

    windows = len(plan(shot.frames, shot.known, WINDOW, OVERLAP))
    with progress(out, f"{settings['label']} generates {shot.frames} frames", windows * settings["steps"]) as step:
        strength = 1.0 if cfg["strength"] is None else float(cfg["strength"])
        return model.generate(shot, draft=draft, strength=strength, step_done=step)
