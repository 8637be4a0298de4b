"""Sections about what comes out: `long`, `steps` and `sheets`."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.world_model import measures
from benchmarks.world_model.given import FPS, FRAMES, HEAD, MODES, Given, Scene, table
from simulator.model.data import Clips
from simulator.model.sheets import SCENES, sheet
from simulator.picture import write_png

STEPS = (1, 2, 4, 8, 20, 50)
END = 10.0  # seconds that are compared at both ends of a long video
CLOSE = 0.2
KEPT = ("sharpness", "lightness", "chroma", "colour", "motion")


def long(given: Given) -> None:
    """Long videos from prompts: the last ten seconds through the first ten.

    See `measures.Look`; colour: 1 and the mean distance of the bands in Lab, through lightness plus chroma of the first
    ten seconds, so that a fifth is a fifth of the whole colour. Every other prompt is of a scene with a moving
    camera. Motion ends where the prompt's motion does (a ball comes to rest).
    """
    frames, edge = round(given.seconds * FPS), round(min(END, given.seconds / 2) * FPS)
    pairs = zip(given.scenes(given.prompts, view="still"), given.scenes(given.prompts, view="moving"), strict=True)
    rows: list[tuple[object, ...]] = []
    ratios = []
    for number, pair in enumerate(pairs):
        scene = pair[number % 2]
        wall, cpu = time.perf_counter(), time.process_time()
        video = given.generate(scene.prompt, frames, {}, seed=scene.seed)
        spent = time.perf_counter() - wall, time.process_time() - cpu
        first, last = measures.look(video[:edge]), measures.look(video[-edge:])
        ratios.append(_kept(first, last))
        close = [bool(abs(r - 1) <= CLOSE) for r in ratios[-1]]
        rows.append((scene.family, ("still", "moving")[number % 2], *ratios[-1], all(close), *spent))
        write_png(given.out / f"long-{number}-{scene.family}.png", strip(video))
    every = np.array(ratios)
    rows.append(("mean", "", *map(float, every.mean(0)), bool((np.abs(every.mean(0) - 1) <= CLOSE).all()), "", ""))
    rows.append(("within 20 %", "", *map(int, (np.abs(every - 1) <= CLOSE).sum(0)), "", "", ""))
    columns = (
        "prompt of",
        "camera",
        "sharpness",
        "lightness",
        "chroma",
        "colour",
        "motion",
        "within 20 %",
        "s",
        "CPU s",
    )
    table(f"{given.seconds:g} s at {FPS:g} frames a second: the last {edge / FPS:g} s through the first", columns, rows)


def _kept(first: measures.Look, last: measures.Look) -> tuple[float, ...]:
    """Last through first: sharpness, lightness, chroma, colour and motion."""
    away = np.linalg.norm(last.bands - first.bands, axis=1).mean()
    return (
        last.sharpness / first.sharpness, last.lightness / first.lightness, last.chroma / first.chroma,
        float(1 + away / (first.lightness + first.chroma)), last.motion / max(first.motion, 1e-3),
    )  # fmt: skip


def strip(video: np.ndarray, rows: int = 4, columns: int = 12) -> np.ndarray:
    """Frames of a video, evenly spread, in reading order."""
    at = np.linspace(0, len(video) - 1, rows * columns).round().astype(int)
    return np.concatenate([np.concatenate(list(video[at[r * columns : (r + 1) * columns]]), 1) for r in range(rows)])


def steps(given: Given) -> None:
    """How many steps the sampler needs, over held-out scenes of all families.

    first frames: PSNR of the frames after the known ones against the true clip, all pixels and those that change
    (`measures.changed` since the last known frame), mean over clips. prompt: Frechet distance of `measures.features`
    to the same scenes' true clips; true clips of other seeds are the floor. To choose a number of steps, run it with
    --split calibration.
    """
    scenes = list(given.scenes(given.clips))
    truth = [scene.clip.frames for scene in scenes]
    wanted = np.stack([measures.features(v) for v in truth])
    others = np.stack([measures.features(s.clip.frames) for s in given.scenes(given.clips, first=1000)])
    repeated = [np.concatenate([v[:HEAD], np.repeat(v[HEAD - 1 : HEAD], FRAMES - HEAD, axis=0)]) for v in truth]
    rows: list[tuple[object, ...]] = [
        ("true clips of other seeds", float("nan"), float("nan"), measures.frechet(others, wanted), float("nan")),
        ("last known frame repeated", *_errors(repeated, truth), float("nan"), float("nan")),
    ]
    for count in STEPS:
        began = time.process_time()
        made = [given.generate(s.prompt, FRAMES, {}, seed=s.seed, steps=count) for s in scenes]
        spent = (time.process_time() - began) / len(scenes)
        far = measures.frechet(np.stack([measures.features(v) for v in made]), wanted)
        made = [
            given.generate(s.prompt, FRAMES, dict(enumerate(s.clip.frames[:HEAD])), seed=s.seed, steps=count)
            for s in scenes
        ]
        rows.append((f"{count} steps", *_errors(made, truth), far, spent))
    columns = ("", "first frames: PSNR, dB", "of what changes, dB", "prompt: Frechet distance", "CPU s a clip")
    table(f"Steps of the sampler, {len(scenes)} clips of {len(given.known_families)} families", columns, rows)


def _errors(made: list[np.ndarray], truth: list[np.ndarray]) -> tuple[float, float]:
    """Mean PSNR over all pixels and over those that change, after the known frames."""
    everywhere, moving = [], []
    for a, b in zip(made, truth, strict=True):
        everywhere.append(measures.psnr(a[HEAD:], b[HEAD:]))
        moving.append(measures.psnr(a[HEAD:], b[HEAD:], measures.changed(b[HEAD:], b[HEAD - 1])))
    return measures.mean(np.array(everywhere)), measures.mean(np.array(moving))


def sheets(given: Given) -> None:
    """Pages to look at: every family's truth, prompt-only and first-frames rows, and one scene in every mode."""
    scenes = list(given.scenes(len(given.known_families)))
    for page in range(0, len(scenes), SCENES):
        part = scenes[page : page + SCENES]
        clips = Clips([s.clip.frames for s in part], [(s.prompt,) for s in part], [FPS] * len(part))
        write_png(
            given.out / f"sheet-{page // SCENES}.png", sheet(given.model.net, clips, given.seed, given.model.codec)
        )
    for scene in scenes[:3]:
        write_png(given.out / f"modes-{scene.family}.png", _modes(given, scene))
    print(f"\npages for {len(scenes)} families in {given.out}")


def _modes(given: Given, scene: Scene) -> np.ndarray:
    """Rows: truth, prompt alone, then MODES in their order; a white line over the frames that are known."""
    truth = scene.clip.frames
    rows = [truth, given.generate(scene.prompt, FRAMES, {}, seed=scene.seed)]
    for which in MODES.values():
        known = {int(i): truth[i] for i in which(FRAMES)}
        made = given.generate(scene.prompt, FRAMES, known, seed=scene.seed).copy()
        made[list(known), :2] = 255
        rows.append(made)
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
