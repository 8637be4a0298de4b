"""Plausibility: do things move as things can? One finding or none for each law; what sight cannot resolve is silent."""

from __future__ import annotations

from probes.base import Probe
from probes.calibration import load
from probes.cast import Part, cast, listed, tracks
from probes.evidence import Finding, Found, judge
from probes.perception.observation import Observation
from probes.plausibility.continuity import disorder, exits, jumps, missteps
from probes.plausibility.flame import flame, told
from probes.plausibility.flight import flight, gravity
from probes.plausibility.forces import forces
from probes.plausibility.halts import halts, standstill
from probes.plausibility.levels import levels
from probes.plausibility.mechanism import mechanism, pauses, restless
from probes.plausibility.meetings import meetings
from probes.plausibility.optics import optics
from probes.plausibility.places import Course, courses
from probes.plausibility.rigidity import rigidity
from probes.plausibility.solidity import solidity
from probes.plausibility.world import World
from probes.reading import Reading, Unscored
from probes.whereabouts import whereabouts
from simulator.script import Script

VERSION = 3
LAWS = (
    "continuity", "inertia", "gravity", "energy", "solidity", "causality", "buoyancy", "optics", "rigidity",
)  # fmt: skip
LEAST = 4  # frames: fewer show no acceleration


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """The probability that nothing moved as nothing can."""
    found = find(observation, script)
    if isinstance(found, Unscored):
        return found
    table = load("plausibility", VERSION, observation.kind, observation.version)
    return judge(found, LAWS, table, observation.clip.seconds)


def find(observation: Observation, script: Script | None) -> Found | Unscored:
    """What is amiss, before calibration."""
    if len(observation.clip) < LEAST:
        return Unscored(f"{len(observation.clip)} frames are too few to see how things move")
    things = observation.things
    findings = disorder(observation)
    if not findings and things.reason is not None:
        return Unscored(f"things cannot be followed: {things.reason}")
    if not findings and not things.tracks:
        return Unscored("nothing moves that could be followed")
    parts = [] if script is None else list(cast(observation, script).values())
    ways = {} if script is None else courses(observation, script)
    for track in tracks(observation, script):
        if track.flame:
            findings += flame(observation, track, told(track, parts, script))
        elif script is None or listed(track, script):  # smoke, puffs and shadows come and go as they like
            way = ways.get((track.name or "").split(".")[0])
            sure, fall = (None, 0.0) if way is None or script is None else (way.sound, falls(way, script, observation))
            findings += jumps(observation, track, sure, fall) + missteps(observation, track)
            findings += exits(observation, track)
            findings += halts(observation, track, pauses(track, parts, script, observation))
    if script is not None and ways:
        findings += laws(observation, World(ways, script, 1.0 / observation.clip.fps))
        findings += standstill(observation, restless(observation, parts, script))
    elif script is not None:
        findings += flights(observation, script, parts)
    return Found(findings, {"things": float(len(things.tracks))})


def laws(observation: Observation, world: World) -> list[Finding]:
    """What things do in space, where sight tells depth."""
    moved = forces(world) + meetings(world) + mechanism(world) + solidity(world)
    seen = levels(observation, world.script) + optics(observation, world.script)
    return moved + seen + rigidity(observation, world)


def falls(way: Course, script: Script, observation: Observation) -> float:
    """Heights that its weight may add to a step of a thing that is not driven."""
    driven = way.body.motion in ("fixed", "scripted")
    return 0.0 if driven else 1.2 * gravity(script, way.body.pos) / observation.clip.fps**2


def flights(observation: Observation, script: Script, parts: list[Part]) -> list[Finding]:
    """What free things do in the picture, where sight tells no depth."""
    fixed = [b for b in script.scene.bodies if b.motion == "fixed" and any(g.solid for g in b.geoms)]
    spots = [whereabouts(observation, b) for b in fixed]
    solids = [spot.box for spot in spots if spot is not None]
    flying = [part for part in parts if part.body.motion == "free" and part.tracks]
    return [found for part in flying for found in flight(observation, part, script, solids)]


PROBE = Probe(
    "plausibility", VERSION, "do things move as things can?",
    ("teleport", "time_skip", "freeze", "pass_through", "sink_in", "float", "drift_up", "no_fall", "wrong_fall",
     "sudden_start", "sudden_stop", "sudden_turn", "energy_gain", "no_response", "flame_stays", "flame_dies_early",
     "relight", "untouched_fall", "wrong_buoyancy", "volume_change", "shadow_missing", "shadow_wrong",
     "reflection_missing", "reflection_wrong", "bend"), score,
)  # fmt: skip
