"""Consistency in three dimensions: under a moving camera, is there one rigid world behind the picture?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from probes.base import Probe
from probes.calibration import load
from probes.evidence import Finding, Found, judge
from probes.multiview import epipolar_residual, rigid_residual
from probes.perception.cuts import alike
from probes.perception.observation import Observation
from probes.reading import Reading, Unscored
from probes.trajectory import BLUR, pixel
from simulator import camera as pinhole
from simulator.script import Script

VERSION = 2
LAWS = ("epipolar", "rigid", "lost", "world", "return")
WINDOW = 8  # frames of one reconstruction
POINTS = 16  # fewer tracks tell nothing of a scene
TRAVEL = 0.03  # heights: less motion tells no rigid scene from another
SIGMAS = 4.0
LOST = 0.4  # share of the points that another world takes away at once, beyond what is usual
UNKNOWN, STILL, LIVELY = 0.3, 0.0, 0.5  # _Scene.movers without a script, where all is still, where things move
SLACK = 1.5  # frames by which a cut may be early or late
BACK = 0.02  # of its distance to the middle of the scene: a camera that is as near to where it was has come back
ALIKE, OTHER = 0.95, 0.75  # share of a view that must show the same on its return, and at which it does not


@dataclass(frozen=True)
class _Scene:
    """What is known of a scene: the share of its points that may go their own way or be covered by what does, and
    when the script cuts, (first, last) frames."""

    movers: float
    cuts: tuple[tuple[float, float], ...] = ()

    def cut(self, frame: int) -> bool:
        """Whether another shot may begin at a frame."""
        return any(first - SLACK <= frame <= last + SLACK for first, last in self.cuts)


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
    scene = _scene(observation, script)
    back = _return(observation, script, scene) if script is not None else []
    if not observation.camera.moving:
        return Found(back, {"windows": 0.0}) if back else Unscored("the camera does not move")
    findings = back + (_cuts(observation, scene) if script is not None else []) + _lost(observation, scene)
    sigma = BLUR * pixel(observation) * 2.0
    told = 0
    for start in range(0, max(1, count - WINDOW // 2), WINDOW // 2):
        frames = np.arange(start, min(count, start + WINDOW))
        both = observation.points.seen[:, frames].all(1)
        xy = observation.points.xy[both][:, frames].astype(float)
        if len(frames) < 4 or len(xy) < POINTS or any(scene.cut(t) for t in frames[1:]):
            continue
        if np.median(np.linalg.norm(xy[:, -1] - xy[:, 0], axis=1)) < TRAVEL:
            continue
        told += 1
        findings += _unrigid(observation, xy, frames, sigma, scene.movers)
    if not told and not back and max((f.strength for f in findings), default=0.0) < 1.0:
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


def _scene(observation: Observation, script: Script | None) -> _Scene:
    if script is None:
        return _Scene(UNKNOWN)
    fps = observation.clip.fps
    return _Scene(
        LIVELY if script.scene.lively else STILL,
        tuple((e.start * fps, e.end * fps) for e in script.expected if e.kind == "cut"),
    )


def _lost(observation: Observation, scene: _Scene) -> list[Finding]:
    """The frame at which most points are lost, beyond what is usual in this clip; a cut that is told takes all."""
    seen = observation.points.seen
    alive = seen[:, :-1].sum(0)
    told = np.array([scene.cut(t + 1) for t in range(len(alive))], bool)
    counts = (alive >= POINTS) & ~told
    if not counts.any():
        return []
    share = np.where(counts, (seen[:, :-1] & ~seen[:, 1:]).sum(0) / np.maximum(alive, 1), 0.0)
    worst = int(share.argmax())
    excess = float(share[worst] - np.median(share[counts]))
    when = (worst + 1) / observation.clip.fps
    return [Finding("lost", "other_world", when - 1.0 / observation.clip.fps, when, None,
                    excess / (LOST if scene.movers < LIVELY else 2.5 * LOST),
                    f"{share[worst]:.0%} of the points are lost at {when:.2f} s")]  # fmt: skip


def _return(observation: Observation, script: Script, scene: _Scene) -> list[Finding]:
    """The first camera's view before the cuts beside its view after them, where it stands where it stood and
    nothing moves.

    An empty list where the script tells of no return; else one finding, with strength 0 where the view is the same.
    """
    fps, count = observation.clip.fps, len(observation.clip)
    if not scene.cuts or scene.movers > STILL:
        return []
    before = int(min(first for first, _ in scene.cuts) - SLACK)
    after = int(np.ceil(max(last for _, last in scene.cuts) + SLACK))
    if before < 0 or after >= count:
        return []
    (was, turned), (now, turns) = (pinhole.frame(script.scene.camera, t / fps) for t in (before, after))
    if np.linalg.norm(now - was) > BACK * np.linalg.norm(was) or np.abs(turned - turns).max() > BACK:
        return []
    share = alike(observation.clip.frames[before], observation.clip.frames[after])
    text = f"the first camera comes back to another world: {1.0 - share:.0%} of its view differ"
    strength = max(0.0, (ALIKE - share) / (ALIKE - OTHER))
    return [
        Finding("return", "other_world", max(last for _, last in scene.cuts) / fps, after / fps, None, strength, text)
    ]


def _cuts(observation: Observation, scene: _Scene) -> list[Finding]:
    """Another world from one frame to the next, where a script tells of a single shot."""
    fps = observation.clip.fps
    return [Finding("world", "other_world", (c - 1) / fps, c / fps, None, 2.0, f"another scene from {c / fps:.2f} s")
            for c in observation.cuts if not scene.cut(c)]  # fmt: skip


PROBE = Probe(
    "consistency3d", VERSION, "is there one rigid world behind the picture?",
    ("warp", "slide_texture", "other_world"), score,
)  # fmt: skip
