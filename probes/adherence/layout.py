"""Left and right: is the picture the mirror image of what the script says?"""

from __future__ import annotations

import numpy as np

from probes.cast import by_name
from probes.perception.observation import Observation
from simulator import camera as pinhole
from simulator.scene import Body
from simulator.script import Script

ASIDE = 0.06  # heights from the middle of the picture: nearer to it a thing has no side


def mirrored(observation: Observation, script: Script) -> float | None:
    """How surely what the prompts name is on the wrong side of the picture at first, 0 to 1.

    None where the prompts do not say left or right, where events say it of something that moves, or where nothing
    that is known by name has a side.
    """
    if script.parameters.get("side") not in ("left", "right"):
        return None
    if any(e.kind in ("moves_left", "moves_right") for e in script.expected):
        return None
    named = [b for b in script.scene.bodies if any(b.noun in prompt for prompt in script.prompts)]
    single = [b for b in named if sum(b.noun == other.noun for other in named) == 1]
    told, seen = [], []
    middle = observation.clip.width / observation.clip.height / 2
    for body in single or named:
        at = by_name(observation, script, body).centre[:, 0]
        frames, aside = np.flatnonzero(np.isfinite(at)), _aside(script, body)
        if frames.size and abs(aside) > ASIDE:
            told.append(float(np.clip(aside, -middle, middle)))  # it comes into the picture at its edge
            seen.append(float(at[frames[0]]) - middle)
    if not told:
        return None
    alike = float(np.dot(told, seen) / np.dot(told, told))  # 1 as told, -1 mirrored
    return float(np.clip(0.25 - 0.75 * alike, 0.0, 1.0))


def _aside(script: Script, body: Body) -> float:
    """Heights to the right of the picture's middle at which the script first has a body."""
    shown = next((k for k in body.keys if k.visible), None)
    parts = [next((k.pos for k in g.keys if k.visible), g.pos) for g in body.geoms]
    pos = np.asarray(shown.pos if shown else body.pos) + np.mean(parts, axis=0)
    eye, axes = pinhole.frame(script.scene.camera, 0.0)
    x, _, z = (pos - eye) @ axes
    return float(x / max(z, 1e-3) * pinhole.intrinsics(script.scene.camera, 1, 1)[0, 0])
