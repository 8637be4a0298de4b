"""Permanence: is every thing seen, hidden, out of the picture or consumed, and does it come back as itself?"""

from __future__ import annotations

from dataclasses import replace

from probes.base import Probe
from probes.calibration import load
from probes.cast import tracks
from probes.evidence import Found, judge
from probes.perception.observation import Observation
from probes.permanence.change import changed
from probes.permanence.coherence import incoherence, popped
from probes.permanence.presence import born, doubled, gone, measured, unreturned
from probes.permanence.returns import exchanged
from probes.permanence.scale import weight
from probes.reading import Reading, Unscored
from probes.trajectory import trust
from simulator import camera as pinhole
from simulator.script import Script

VERSION = 2
LAWS = ("gone", "born", "changed", "doubled", "unreturned", "popped", "incoherent")
FOLLOWED = 0.25  # trust in a track from which on it is a thing that was followed
MANY = 9  # things of a script: more than these sight without names takes for each other
AMISS = 1.0  # strength from which on something is amiss, whatever else cannot be seen


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """The probability that nothing vanished, appeared or came back as something else."""
    found = find(observation, script)
    if isinstance(found, Unscored):
        return found
    table = load("permanence", VERSION, observation.kind, observation.version)
    return judge(found, LAWS, table, observation.clip.seconds)


def find(observation: Observation, script: Script | None) -> Found | Unscored:
    """What is amiss, before calibration."""
    if len(observation.clip) < 2:
        return Unscored("one frame shows no permanence")
    noise = incoherence(observation)
    findings = [] if noise is None else [noise]
    things = observation.things
    seen = tracks(observation, script)
    if things.reason is None:
        weighed = [(track, weight(observation, track, script)) for track in seen]
        findings += gone(observation, weighed)
        for i, (track, counts) in enumerate(weighed):
            if counts > 0.0 and measured(track).any():
                made = born(observation, track, seen) + changed(observation, i, script)
                made += unreturned(observation, track, script) if script else []
                findings += [replace(f, strength=f.strength * counts) for f in made]
        findings += exchanged(observation, script)
        findings += doubled(observation, script) if script else []
    elif observation.camera.moving and script is not None and _still(script):
        findings += popped(observation)
    nameless = script is not None and not any(track.name for track in seen)
    if nameless and script is not None and len(script.inventory) > MANY and (noise is None or noise.strength < AMISS):
        return Unscored(f"{len(script.inventory)} things are too many to tell apart")
    if max((f.strength for f in findings), default=0.0) < AMISS:
        if things.reason is not None:
            return Unscored(f"things cannot be told apart: {things.reason}")
        if not any(trust(observation, track) >= FOLLOWED for track in seen):
            return Unscored("nothing was seen that could be followed")
    return Found(findings, {"things": float(len(things.tracks))})


def _still(script: Script) -> bool:
    """Whether nothing but the camera moves: then whatever changes suddenly under a moving camera is amiss."""
    return not script.scene.lively and not pinhole.cuts(script.scene.camera)


PROBE = Probe(
    "permanence", VERSION, "is every thing accounted for in every frame?",
    ("vanish", "appear", "duplicate", "merge", "return_missing", "return_duplicate", "count_change", "skip_gap",
     "only_in_gap", "colour_change", "size_change", "shape_change", "identity_swap", "limb_change"), score,
)  # fmt: skip
