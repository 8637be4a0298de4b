"""Consistency in three dimensions: under a moving camera, is there one rigid world behind the picture?"""

from __future__ import annotations

import numpy as np

from probes.base import Probe
from probes.calibration import load
from probes.evidence import Finding, Found, judge
from probes.multiview import epipolar_residual, rigid_residual
from probes.perception.observation import Observation
from probes.reading import Reading, Unscored
from probes.trajectory import BLUR, pixel
from simulator.script import Script

VERSION = 1
LAWS = ("epipolar", "rigid", "lost", "world")
WINDOW = 8  # frames of one reconstruction
POINTS = 16  # fewer tracks tell nothing of a scene
TRAVEL = 0.03  # heights: less motion tells no rigid scene from another
MOVERS = 0.3  # share of the points that things of their own motion may have, where no script says that all is still
SIGMAS = 4.0


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """The probability that one rigid scene explains how the points of the picture move."""
    found = find(observation, script)
    if isinstance(found, Unscored):
        return found
    table = load("consistency3d", VERSION, observation.kind, observation.version)
    return judge(found, LAWS, table, observation.clip.seconds)


def find(observation: Observation, script: Script | None) -> Found | Unscored:
    """What is amiss, before calibration."""
    count = len(observation.clip)
    if count < 4:
        return Unscored(f"{count} frames are too few to see a scene in depth")
    if not observation.camera.moving:
        return Unscored("the camera does not move")
    findings = _cuts(observation, script) + _lost(observation)
    sigma = BLUR * pixel(observation) * 2.0
    told = 0
    for start in range(0, max(1, count - WINDOW // 2), WINDOW // 2):
        frames = np.arange(start, min(count, start + WINDOW))
        both = observation.points.seen[:, frames].all(1)
        xy = observation.points.xy[both][:, frames].astype(float)
        if len(frames) < 4 or len(xy) < POINTS:
            continue
        if np.median(np.linalg.norm(xy[:, -1] - xy[:, 0], axis=1)) < TRAVEL:
            continue
        told += 1
        findings += _unrigid(observation, xy, frames, sigma, MOVERS if script is None else 0.0)
    if not told and max((f.strength for f in findings), default=0.0) < 1.0:
        return Unscored("too few points can be followed for long enough")
    return Found(findings, {"windows": float(told)})


def _unrigid(
    observation: Observation, xy: np.ndarray, frames: np.ndarray, sigma: float, movers: float
) -> list[Finding]:
    """Points of one window that no rigid scene carries along; a share of `movers` may go its own way."""
    fps = observation.clip.fps
    start, end = float(frames[0]) / fps, float(frames[-1]) / fps
    findings = []
    pair = epipolar_residual(xy[:, 0], xy[:, -1], sigma)
    many = np.sqrt((rigid_residual(xy) ** 2).mean(1))
    for law, residual in (("epipolar", pair), ("rigid", many)):
        off = residual > SIGMAS * sigma
        share = float(off.mean())
        text = f"{share:.0%} of the points move as no rigid scene does, {start:.2f} to {end:.2f} s"
        findings.append(
            Finding(law, "warp", start, end, _around(observation, xy[off, -1]), max(0.0, share - movers) / 0.1, text)
        )
    return findings


def _around(observation: Observation, xy: np.ndarray) -> tuple[float, float, float, float] | None:
    """The box, in fractions, around most of these points (N, 2) in heights."""
    if len(xy) < 3:
        return None
    aspect = observation.clip.width / observation.clip.height
    low, high = np.quantile(xy, (0.1, 0.9), axis=0)
    x0, y0, x1, y1 = np.clip((low[0] / aspect, low[1], high[0] / aspect, high[1]), 0.0, 1.0).tolist()
    return (x0, y0, x1, y1)


def _lost(observation: Observation) -> list[Finding]:
    """The frame at which most points are lost, beyond what is usual in this clip."""
    seen = observation.points.seen
    alive = seen[:, :-1].sum(0)
    if not (alive >= POINTS).any():
        return []
    share = np.where(alive >= POINTS, (seen[:, :-1] & ~seen[:, 1:]).sum(0) / np.maximum(alive, 1), 0.0)
    worst = int(share.argmax())
    excess = float(share[worst] - np.median(share))
    when = (worst + 1) / observation.clip.fps
    return [Finding("lost", "other_world", when - 1.0 / observation.clip.fps, when, None, excess / 0.4,
                    f"{share[worst]:.0%} of the points are lost at {when:.2f} s")]  # fmt: skip


def _cuts(observation: Observation, script: Script | None) -> list[Finding]:
    """Another world from one frame to the next, where a script tells of a single shot."""
    if script is None:
        return []
    fps = observation.clip.fps
    return [Finding("world", "other_world", (c - 1) / fps, c / fps, None, 2.0, f"another scene from {c / fps:.2f} s")
            for c in observation.cuts]  # fmt: skip


PROBE = Probe(
    "consistency3d", VERSION, "is there one rigid world behind the picture?",
    ("warp", "slide_texture", "other_world"), score,
)  # fmt: skip
