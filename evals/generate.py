"""`worldassay generate`: one prompt, and first frames if given, to one video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evals.console import console, emit
from simulator.errors import UsageError
from simulator.shot import Shot


def shot_of(cfg: dict[str, Any]) -> Shot:
    """The shot that the keys describe.

    Raises:
        UsageError: a number out of range, a picture that cannot be read, or more pictures than frames.
    """
    for key, low, high in (
        ("height", 16, 2048),
        ("width", 16, 2048),
        ("frames", 2, 1024),
        ("fps", 1, 120),
        ("seed", 0, 2**32 - 1),
    ):
        if not low <= cfg[key] <= high:
            raise UsageError(f"{key}={cfg[key]} is outside {low} to {high}")
    if not cfg["prompt"].strip():
        raise UsageError("prompt= is empty; say what happens")
    first = [cfg["first"]] if isinstance(cfg["first"], str) else cfg["first"]
    if len(first) >= cfg["frames"]:
        raise UsageError(f"first= has {len(first)} pictures and frames={cfg['frames']}; nothing is left to generate")
    known = {}
    if first:
        from simulator.picture import read_picture

        known = {i: read_picture(path, cfg["height"], cfg["width"]) for i, path in enumerate(first)}
    return Shot(
        id="generate",
        prompt=cfg["prompt"],
        height=cfg["height"],
        width=cfg["width"],
        frames=cfg["frames"],
        fps=float(cfg["fps"]),
        seed=cfg["seed"],
        mode="first_frames" if known else "prompt",
        known=known,
    )


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `generate`."""
    out, path = console(json_out), Path(cfg["out"])
    if path.suffix not in (".mp4", ".mkv"):
        raise UsageError(f"out={path} should end in .mp4 (H.264) or .mkv (lossless)")
    if not path.parent.is_dir():
        raise UsageError(f"no such folder: {path.parent}; make it, or choose another out=")
    shot = shot_of(cfg)
    told: dict[str, Any] = {"file": str(path), "frames": shot.frames, "fps": shot.fps, "prompt": shot.prompt}
    if dry_run:
        out.print(f"{shot.frames} frames of {shot.height}x{shot.width} at {shot.fps:g} fps into {path}", markup=False)
    else:
        from evals.work import build_model
        from simulator.clip import write_video

        with out.status(f"{cfg['model']['label']} generates {shot.frames} frames"):
            clip = build_model(cfg["model"]).generate(shot)
            write_video(path, clip, lossless=path.suffix == ".mkv")
        told["digest"] = clip.digest
        out.print(f"{len(clip)} frames in {path}", markup=False)
    if json_out:
        emit(told)
    return 0
