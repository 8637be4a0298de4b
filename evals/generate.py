"""`worldassay generate`: one prompt, and whatever frames are known, to one video."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from evals.console import console, emit
from simulator.errors import UsageError
from simulator.shot import PROMPT_LENGTH, Shot, ends

VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif")  # other files are pictures
RANGES = {  # of numbers, ends included
    "seconds": (0.01, 60), "fps": (1, 120), "seed": (0, 2**32 - 1), "strength": (0.001, 1), "steps": (1, 1000),
    "guidance": (0, 100),
}  # fmt: skip
WHOLE = ("steps",)
_SIZE = re.compile(r"(\d+)\s*[x×]\s*(\d+)")
_AT = re.compile(r"(?P<path>.+?)(?:@(?P<time>\d+(?:\.\d+)?)s?)?")
Known = dict[int, np.ndarray]


def shot_of(cfg: dict[str, Any]) -> tuple[Shot, np.ndarray | None]:
    """The shot that the keys describe, and the frames (T, H, W, 3) to start from where a video is to be edited.

    Raises:
        UsageError: a number out of range, a picture or video that cannot be read, or frames that do not fit.
    """
    height, width = _size(cfg["size"])
    for key in RANGES:
        _check_number(key, cfg[key])
    prompt = str(cfg["prompt"]).strip()
    if not prompt:
        raise UsageError("prompt= is empty; say what happens")
    if len(prompt) > PROMPT_LENGTH:
        raise UsageError(f"prompt= has {len(prompt)} characters; say it in {PROMPT_LENGTH}")
    fps, frames = float(cfg["fps"]), max(1, round(cfg["seconds"] * cfg["fps"]))
    known, draft = _ends(cfg, frames, height, width, fps), None
    placed = [_placed(text, frames, height, width, fps) for text in _listed(cfg["video"])]
    if cfg["strength"] is None:
        for first, given in placed:
            _add(known, first, given)
    elif len(placed) == 1:
        draft = _padded(placed[0][1], placed[0][0], frames)
    else:
        raise UsageError(f"strength= edits one video, and there are {len(placed)}; give one video=FILE")
    if len(known) >= frames > 1:
        raise UsageError(f"all {frames} frames are known; ask for more seconds")
    head, tail = ends(known, frames)
    mode = "both_ends" if head and tail else "last_frames" if tail else "first_frames" if known else "prompt"
    return Shot("generate", prompt, height, width, frames, fps, cfg["seed"], mode, known), draft


def _check_number(key: str, value: object) -> None:
    """Raises UsageError; None stands for the model's own number."""
    if value is None:
        return
    low, high = RANGES[key]
    if isinstance(value, bool) or not isinstance(value, int if key in WHOLE else (int, float)):
        raise UsageError(f"{key}={value} is no {'whole ' if key in WHOLE else ''}number")
    if not low <= value <= high:
        raise UsageError(f"{key}={value} is outside {low} to {high}")


def _size(text: object) -> tuple[int, int]:
    match = _SIZE.fullmatch(str(text).strip())
    if match is None:
        raise UsageError(f"size={text} is no HEIGHTxWIDTH in pixels; give e.g. size=64x96")
    height, width = int(match[1]), int(match[2])
    if not (16 <= height <= 1024 and 16 <= width <= 1024):
        raise UsageError(f"size={text}: a side is outside 16 to 1024 pixels")
    return height, width


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value]  # type: ignore[attr-defined]


def _ends(cfg: dict[str, Any], frames: int, height: int, width: int, fps: float) -> Known:
    """The known frames of first= and last=."""
    first, last = ([f for path in _listed(cfg[k]) for f in _read(path, height, width, fps)] for k in ("first", "last"))
    if len(first) + len(last) > frames:
        raise UsageError(
            f"first= and last= have {len(first) + len(last)} frames and the clip {frames}; ask for more seconds"
        )
    return dict(enumerate(first)) | {frames - len(last) + i: frame for i, frame in enumerate(last)}


def _placed(text: str, frames: int, height: int, width: int, fps: float) -> tuple[int, np.ndarray]:
    """The frame at which what FILE@SECONDS names begins, and its frames as far as the clip lasts."""
    match = _AT.fullmatch(text)
    if match is None:
        raise UsageError("video= names no file; write video=FILE or video=FILE@SECONDS")
    first = round(float(match["time"] or 0.0) * fps)
    if first >= frames:
        raise UsageError(f"video={text} begins after the end of the clip; ask for more seconds or an earlier time")
    return first, _read(match["path"], height, width, fps)[: frames - first]


def _read(path: str, height: int, width: int, fps: float) -> np.ndarray:
    """The frames of a picture or a video at the clip's size and rate: those shown at its moments."""
    import cv2

    from simulator.clip import read_video
    from simulator.picture import read_picture

    if Path(path).suffix.lower() not in VIDEOS:
        return read_picture(path, height, width)[None]
    clip = read_video(path)
    count = max(1, round(clip.seconds * fps))
    at = np.minimum((np.arange(count) / fps * clip.fps + 1e-6).astype(int), len(clip) - 1)
    return np.stack([cv2.resize(clip.frames[i], (width, height), interpolation=cv2.INTER_AREA) for i in at])


def _add(known: Known, first: int, given: np.ndarray) -> None:
    for i, frame in enumerate(given, first):
        if i in known:
            raise UsageError(f"frame {i} is given twice; ask for more seconds, or put video= elsewhere")
        known[i] = frame


def _padded(given: np.ndarray, first: int, frames: int) -> np.ndarray:
    """As many frames as the clip has: the first and the last one are repeated where there are none."""
    return given[np.clip(np.arange(frames) - first, 0, len(given) - 1)]


def _check_out(path: Path) -> None:
    """Raises UsageError where no video can be written, before one is made."""
    if path.suffix not in (".mp4", ".mkv"):
        raise UsageError(f"out={path} should end in .mp4 (H.264) or .mkv (lossless)")
    if path.is_dir():
        raise UsageError(f"out={path} is a folder; give the name of a file")
    if not path.parent.is_dir():
        raise UsageError(f"no such folder: {path.parent}; make it, or choose another out=")
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise UsageError(f"cannot write into {path.parent}: {error.strerror}; choose another out=") from error


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `generate`."""
    out, path = console(json_out), Path(cfg["out"])
    _check_out(path)
    shot, draft = shot_of(cfg)
    known, frames = sorted(shot.known), f"{shot.frames} frame{'s' if shot.frames > 1 else ''}"
    told: dict[str, Any] = {
        "file": str(path), "frames": shot.frames, "fps": shot.fps, "prompt": shot.prompt, "known": known,
    }  # fmt: skip
    if dry_run:
        out.print(
            f"{frames} of {shot.height}x{shot.width} at {shot.fps:g} fps into {path}; {len(known)} of them are known",
            markup=False,
        )
    else:
        from simulator.clip import write_video

        clip = _generate(cfg, shot, draft, json_out)
        write_video(path, clip, lossless=path.suffix == ".mkv")
        told["digest"] = clip.digest
        out.print(f"{frames} in {path}", markup=False)
    if json_out:
        emit(told)
    return 0


def _generate(cfg: dict[str, Any], shot: Shot, draft: np.ndarray | None, json_out: bool) -> Any:
    from evals.progress import progress
    from evals.work import build_model
    from simulator.adapters.world import World

    label, own = cfg["model"]["label"], {key: cfg[key] for key in ("steps", "guidance") if cfg[key] is not None}
    if cfg["model"]["name"] != "world" and (own or draft is not None):
        raise UsageError(f"model={label} has no use for steps=, guidance= or strength=, which are for the world model")
    settings, out = {**cfg["model"], **own}, console(json_out)
    model = build_model(settings)
    if not isinstance(model, World):
        with out.status(f"{label} generates"):
            return model.generate(shot)
    from simulator.model.sample import OVERLAP, WINDOW
    from simulator.model.text import MAX_TOKENS, words
    from simulator.model.windows import plan

    spoken = len(words(shot.prompt))
    if spoken > MAX_TOKENS:
        out.print(f"the prompt has {spoken} words and marks; the model reads {MAX_TOKENS} at most", markup=False)
    windows = len(plan(shot.frames, shot.known, WINDOW, OVERLAP))
    with progress(out, f"{label} generates", windows * settings["steps"]) as step:
        strength = 1.0 if cfg["strength"] is None else float(cfg["strength"])
        return model.generate(shot, draft=draft, strength=strength, step_done=step)
