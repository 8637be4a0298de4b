"""Optics: shadows and mirror images come and go with their things, not at once."""

from __future__ import annotations

import cv2
import numpy as np

from probes.evidence import Finding
from probes.perception.observation import SEEN, Observation
from probes.plausibility.places import airy, limber
from simulator.script import Script

FAINT = 6.0  # grey levels of a change that is none
DEPTH = 25.0  # grey levels of a shadow
STIRS = 0.5  # of what a thing uncovers may change around it as well
STRAY = 0.8  # strength of what light does by itself
ROUND = 5  # pixels around a thing that change with it


def optics(observation: Observation, script: Script) -> list[Finding]:
    """The worst change of the picture, away from all that moves, that comes at once and not before or after."""
    tracks, masks, clip = observation.things.tracks, observation.things.masks, observation.clip
    if masks is None or observation.camera.moving or observation.cuts or len(clip) < 6:
        return []
    mobile = [i for i, t in enumerate(tracks) if t.name is None or _mobile(script, t.name)]
    areas = [float(np.nanmedian(t.area)) for t in tracks if (t.state == SEEN).any() and np.isfinite(t.area).any()]
    if not areas:
        return []
    h, w = masks.shape[1:]
    frames = np.stack([cv2.resize(f, (w, h), interpolation=cv2.INTER_AREA) for f in clip.frames]).astype(np.float32)
    kernel = np.ones((ROUND, ROUND), np.uint8)
    own = np.stack([cv2.dilate(np.isin(m, [i + 1 for i in mobile]).astype(np.uint8), kernel) for m in masks])
    changed = np.zeros(len(clip) - 1)
    where = []
    for t in range(len(clip) - 1):
        change = cv2.blur(frames[t + 1] - frames[t], (3, 3))
        change = np.abs(change).mean(-1) * ((own[t] | own[t + 1]) == 0)
        strong = np.maximum(change - FAINT, 0.0)
        changed[t] = max(0.0, float(strong.mean()) - STIRS * DEPTH * float((own[t] != own[t + 1]).mean()))
        where.append(strong)
    puffs = [t.state == SEEN for t in tracks if t.name and _puff(script, t.name)]
    busy = np.any(puffs, axis=0) if puffs else np.zeros(len(clip), bool)
    for t in range(len(changed)):
        if busy[max(0, t - 1) : t + 3].any():
            changed[t] = 0.0
    thing = max(float(np.median(areas)), 0.002)
    best = (0.0, 0)
    for t in range(len(changed)):
        others = np.r_[changed[max(0, t - 3) : t], changed[t + 1 : t + 4]]
        best = max(best, (changed[t] - 1.5 * float(others.max()), t))
    excess, t = best
    if excess <= 0.0:
        return []
    ys, xs = np.nonzero(where[t] > 0.0)
    box = (xs.min() / w, ys.min() / h, (xs.max() + 1) / w, (ys.max() + 1) / h)
    strength = excess / (0.25 * thing * DEPTH) - STRAY
    if strength <= 0.0:
        return []
    when = (t + 1) / clip.fps
    return [Finding("optics", "shadow_wrong", when, clip.seconds, box, strength,
                    f"light and shade change at once at {when:.2f} s")]  # fmt: skip


def _puff(script: Script, name: str) -> bool:
    """Whether it is smoke, a puff, a splash or a glow."""
    return any(b.name == name and airy(b) for b in script.scene.bodies)


def _mobile(script: Script, name: str) -> bool:
    """Whether a body of the script may move, or come and go; what is not of the script may."""
    bodies = [b for b in script.scene.bodies if b.name == name.split(".", maxsplit=1)[0]]
    return not bodies or bodies[0].motion != "fixed" or airy(bodies[0]) or limber(bodies[0])
