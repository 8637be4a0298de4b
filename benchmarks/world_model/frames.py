"""Sections about known frames: `known`, `seams` and `endings`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.world_model import measures
from benchmarks.world_model.given import FPS, FRAMES, MODES, Given, Scene, table
from simulator.clip import Clip, read_video, write_video
from simulator.model.sample import OVERLAP, WINDOW
from simulator.model.windows import plan

LONG = 40  # frames of a clip of several windows
SEAM_MODES = ("first frames", "last frames", "both ends")


def known(given: Given) -> None:
    """Known frames are in the clip, and in its lossless file, bit for bit."""
    rows = []
    for mode, which in MODES.items():
        for frames, cut in ((FRAMES, (given.size, given.size)), (LONG, (given.size - 7, given.size // 2 + 5))):
            asked = kept = 0
            for scene in given.scenes(min(6, given.clips)):
                truth = np.resize(scene.clip.frames, (frames, *scene.clip.frames.shape[1:]))[:, : cut[0], : cut[1]]
                wanted = {i: truth[i] for i in which(frames)}
                made = _through_a_file(given.generate(scene.prompt, frames, wanted, seed=scene.seed), lossless=True)
                asked += len(wanted)
                kept += sum(np.array_equal(made[i], frame) for i, frame in wanted.items())
            rows.append((mode, f"{frames} of {cut[0]}x{cut[1]}", asked, kept, asked == kept))
    table("Known frames are kept", ("mode", "frames", "known", "equal in the .mkv", "all"), rows)


def _through_a_file(frames: np.ndarray, *, lossless: bool) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("clip.mkv" if lossless else "clip.mp4")
        write_video(path, Clip(frames, FPS), lossless=lossless)
        return read_video(path).frames


def seams(given: Given) -> None:
    """Motion across a seam against motion inside what is generated, and the same on the true clip.

    `measures.flow_change` tells, for each three frames on end, by how much the flow changes between them: the mean of
    |flow_{t+1} - flow_t| over moving pixels, DIS flow, pixels a frame. A seam's changes are those of three frames of
    which some are known and some are not; inside are those of three generated ones. A ratio is the mean over clips of
    the former through that of the latter. Things that happen at one time only (a ball meets the floor) make it differ
    from 1 on true clips, too. The step ratio is the same of the difference between two frames. `windows` is a clip of
    several windows from a prompt alone; its seams are between windows.
    """
    scenes, rows = list(given.scenes(given.clips)), []
    for mode in SEAM_MODES:
        known = np.isin(np.arange(FRAMES), list(MODES[mode](FRAMES)))
        seam, inside = known[:-1] != known[1:], ~known[:-1] & ~known[1:]
        made = [_completed(given, scene, known) for scene in scenes]
        rows.append((mode, *_ratios(made, seam, inside, [scene.clip.frames for scene in scenes])))
    ends = {window.stop for window in plan(LONG, [], WINDOW, OVERLAP)}
    seam = np.isin(np.arange(1, LONG), list(ends))
    made = [given.generate(scene.prompt, LONG, {}, seed=scene.seed) for scene in scenes]
    rows.append(("windows", *_ratios(made, seam, ~seam, [])))
    columns = (
        "mode", "clips", "at the seam", "inside", "ratio", "95 %", "at most 1.5", "on true clips", "step ratio",
        "on true clips",
    )  # fmt: skip
    table("Motion across seams", columns, rows, "Changes of flow in pixels a frame.")


def _completed(given: Given, scene: Scene, known: np.ndarray) -> np.ndarray:
    frames = scene.clip.frames
    return given.generate(scene.prompt, FRAMES, {int(i): frames[i] for i in np.flatnonzero(known)}, seed=scene.seed)


def _ratios(
    made: list[np.ndarray], seam: np.ndarray, inside: np.ndarray, truth: list[np.ndarray]
) -> tuple[object, ...]:
    """A row of the table of seams, without the mode."""
    change = np.array([measures.at_seams_and_inside(measures.flow_change(v), seam, inside) for v in made]).T
    value, low, high, count = measures.ratio(*change)
    both = np.isfinite(change).all(0)
    return (
        count, measures.mean(change[0, both]), measures.mean(change[1, both]), value, f"{low:.2f} to {high:.2f}",
        value <= 1.5, _ratio(measures.flow_change, truth, seam, inside), _ratio(measures.steps, made, seam, inside),
        _ratio(measures.steps, truth, seam, inside),
    )  # fmt: skip


def _ratio(
    values: Callable[[np.ndarray], np.ndarray], videos: list[np.ndarray], seam: np.ndarray, inside: np.ndarray
) -> float:
    if not videos:
        return float("nan")
    return measures.ratio(*np.array([measures.at_seams_and_inside(values(v), seam, inside) for v in videos]).T)[0]


def endings(given: Given) -> None:
    """Three beginnings to one ending, and one beginning to three endings; the given frames are one at each end.

    Error: mean absolute difference of the given end and the clip's, in % of the range; in an .mp4 H.264 adds its own,
    most of which is colour at half the resolution. Apart: the same between the three other ends, so that they are
    three. Last step: the difference between the frame at the end and its neighbour, through the mean of those before.
    """
    rows: list[tuple[object, ...]] = []
    per = len(given.known_families)
    count = min(given.clips // 5 + 1, per)
    takes = [list(given.scenes(count, first=first)) for first in range(3)]
    for name, fixed in (("three beginnings, one ending", FRAMES - 1), ("one beginning, three endings", 0)):
        other = FRAMES - 1 - fixed
        errors, coded, apart, jumps = [], [], [], []
        for three in zip(*takes, strict=True):
            end, others = three[0].clip.frames[fixed], [scene.clip.frames[other] for scene in three]
            for frame in others:
                made = given.generate(three[0].prompt, FRAMES, {fixed: end, other: frame}, seed=three[0].seed)
                errors.append(_percent(made[fixed], end))
                coded.append(_percent(_through_a_file(made, lossless=False)[fixed], end))
                step = measures.steps(made if fixed else made[::-1])
                jumps.append(step[-1] / max(step[1:-1].mean(), 1e-9))
            apart += [_percent(others[i], others[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
        worst = max(errors)
        told = float(np.mean(apart)), float(np.median(jumps)), max(coded)
        rows.append((name, len(errors), worst, worst <= 1.0, *told))
    columns = ("task", "clips", "worst error, %", "at most 1 %", "apart, %", "last step, median", "error in .mp4, %")
    table("Several beginnings to one ending", columns, rows)


def _percent(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean() / 2.55)
