"""Volume: a liquid at rest keeps its level; what goes into it raises it."""

from __future__ import annotations

import numpy as np

from probes.evidence import Finding, box_at
from probes.perception.observation import SEEN, Observation
from probes.plausibility.places import LIQUIDS
from probes.trajectory import pixel
from simulator.script import Script


def levels(observation: Observation, script: Script) -> list[Finding]:
    """How far the level of each liquid sinks, before a still camera."""
    if observation.camera.moving or observation.cuts:
        return []
    liquids = {b.name: b for b in script.scene.bodies if b.noun in LIQUIDS}
    fps, found = observation.clip.fps, []
    for track in observation.things.tracks:
        seen = np.flatnonzero((track.state == SEEN) & np.isfinite(track.area))
        if track.name not in liquids or len(seen) < 4:
            continue
        top = track.box[seen, 1]
        sunk = top - np.minimum.accumulate(top)
        k = int(np.argmax(sunk))
        strength = (float(sunk[k]) - 1.5 * pixel(observation)) / 0.04
        if strength > 0.0:
            start, end = seen[int(np.argmin(top[: k + 1]))] / fps, seen[k] / fps
            text = f"the {liquids[track.name].noun} becomes less from {start:.2f} s"
            found.append(Finding("buoyancy", "volume_change", start, end, box_at(track, int(seen[k])), strength, text))
    return found
