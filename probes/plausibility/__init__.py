"""Plausibility: do things move as things can? One finding or none for each law; what sight cannot resolve is silent."""

from __future__ import annotations

from probes.base import Probe
from probes.calibration import load
from probes.cast import cast
from probes.evidence import Finding, judge
from probes.perception.observation import Observation
from probes.plausibility.continuity import jumps
from probes.plausibility.flame import flame
from probes.plausibility.flight import flight
from probes.reading import Reading, Unscored
from simulator.script import Script

VERSION = 1
LAWS = ("continuity", "inertia", "gravity", "energy", "causality")
LEAST = 4  # frames: fewer show no acceleration


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """The probability that nothing moved as nothing can."""
    if len(observation.clip) < LEAST:
        return Unscored(f"{len(observation.clip)} frames are too few to see how things move")
    things = observation.things
    if things.reason is not None:
        return Unscored(f"things cannot be followed: {things.reason}")
    if not things.tracks:
        return Unscored("nothing moves that could be followed")
    findings: list[Finding] = []
    for track in things.tracks:
        findings += flame(observation, track, script) if track.flame else jumps(observation, track)
    if script is not None:
        free = [p for p in cast(observation, script).values() if p.body.motion == "free" and p.tracks]
        for part in free:
            findings += flight(observation, part, script)
    table = load("plausibility", VERSION, observation.kind, observation.version)
    return judge(findings, table, LAWS, {"things": float(len(things.tracks))})


PROBE = Probe(
    "plausibility", VERSION, "do things move as things can?",
    ("teleport", "time_skip", "sudden_stop", "sudden_turn", "float", "drift_up", "energy_gain", "sink_in",
     "pass_through", "flame_stays", "flame_dies_early", "relight"), score,
)  # fmt: skip
