"""Violation: one law broken in a take, by how much and when; what can be broken, and how to draw one.

Severity runs from 0 (hardly visible) to 1 (unmistakable); what it measures is said by each class in interventions/.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.errors import UsageError
from simulator.interventions.geometry import UP, footprint, reach
from simulator.registry import Registry
from simulator.scene import Body
from simulator.script import Breakable, Expected, Script

LEAST_SEVERITY = 0.2  # that draw() gives


@dataclass(frozen=True)
class Violation:
    """What is broken: `kind` is a name in VIOLATIONS; `body` is None for the whole scene.

    It acts from `onset` for `duration` seconds; before the onset the take is its valid twin, pixel by pixel.
    `other` is the second body of kinds that need one: merge, identity_swap, no_response.
    """

    kind: str
    body: str | None
    onset: float
    duration: float
    severity: float
    other: str | None = None


VIOLATIONS = Registry("violation")  # each target is a subclass of interventions.base.Intervention; tags = (law,)
for _law, _kinds in {
    "permanence": {
        "vanish": "a thing is gone for a while",
        "appear": "a second thing of the same kind is there at once",
        "duplicate": "a thing splits in two",
        "merge": "two things become one",
        "return_missing": "what is hidden or out of the picture does not come back",
        "return_duplicate": "what is hidden or out of the picture comes back twice",
        "count_change": "of many things alike some are missing",
        "skip_gap": "a thing is behind one screen and then another, and not seen between them",
        "only_in_gap": "a thing is seen between two screens and comes from neither",
    },
    "immutability": {
        "colour_change": "a thing takes another colour",
        "size_change": "a thing takes another size",
        "shape_change": "a thing takes another shape",
        "identity_swap": "two things exchange looks",
        "limb_change": "a limb of a thing takes another size",
    },
    "continuity": {
        "teleport": "a thing is somewhere else at once",
        "time_skip": "the world jumps ahead",
        "freeze": "the world stands still for a while",
    },
    "solidity": {
        "pass_through": "a thing goes through solid ones",
        "sink_in": "a thing sinks into what bears it",
    },
    "gravity": {
        "float": "a falling thing stops in the air",
        "drift_up": "a thing rises on its own",
        "no_fall": "a thing without support does not fall",
        "wrong_fall": "a thing falls aside",
    },
    "inertia": {
        "sudden_start": "a thing at rest sets off on its own",
        "sudden_stop": "a thing stops without a cause",
        "sudden_turn": "a thing turns without a force",
        "energy_gain": "a bounce gives back more than it got",
        "no_response": "a thing that is hit stays where it is",
    },
    "causality": {
        "flame_stays": "a flame burns on when it was blown out",
        "flame_dies_early": "a flame goes out with nothing to blow it out",
        "relight": "a dead flame is lit again",
        "untouched_fall": "a thing falls over before anything touches it",
    },
    "buoyancy": {
        "wrong_buoyancy": "what floats sinks, what sinks rises",
        "volume_change": "a liquid becomes less",
    },
    "optics": {
        "shadow_missing": "a thing throws no shadow",
        "shadow_wrong": "the shadow of a thing is not where it belongs",
        "reflection_missing": "a mirror does not show a thing",
        "reflection_wrong": "a mirror shows a thing where it is not",
    },
    "rigidity": {
        "warp": "the picture of the scene waves like a flag",
        "slide_texture": "things, or the floor under them, slide along",
        "other_world": "what stands still is at other places at once",
        "bend": "a rigid thing bends",
    },
    "prompt": {
        "wrong_colour": "a thing has another colour than the prompt says",
        "wrong_count": "there is one thing more or less than the prompt says",
        "wrong_thing": "a thing has another shape than the prompt says",
        "wrong_direction": "left is right",
        "wrong_order": "the events come in reverse",
        "event_missing": "nothing of what the prompt says happens",
    },
}.items():
    for _kind, _summary in _kinds.items():
        _class = "".join(part.capitalize() for part in _kind.split("_"))
        VIOLATIONS.add(_kind, f"simulator.interventions.{_law}:{_class}", _summary, (_law,))

# These take place or do not; their severity is 1.
WITHOUT_DEGREES = ("wrong_count", "wrong_thing", "wrong_direction", "wrong_order", "event_missing")
# Expected events that something moving makes; those that are others when they are played backwards.
_STEADY = ("present", "stays", "stays_lit", "camera_orbits", "camera_moves", "cut")
_ONE_WAY = ("falls", "goes_out", "topples", "lands_on", "moves_left", "moves_right", "moves_up", "moves_down")


def prompt_breaks(script: Script) -> tuple[Breakable, ...]:
    """How a take of any script can go against its prompt: from the first frame on, so that start = end = 0."""
    ways: list[tuple[str, str | None]] = []
    if script.inventory:
        first = script.scene.body(script.inventory[0].name)
        alike = [t.name for t in script.inventory if t.noun == first.noun]
        ways.append(("wrong_colour", first.name))
        if len(alike) > 1 or _has_room(script, first):
            ways.append(("wrong_count", alike[-1]))
        if len(first.geoms) == 1 and first.motion != "hinged" and first.geoms[0].shape not in ("sheet", "disc"):
            ways.append(("wrong_thing", first.name))
    happen = [e for e in script.expected if e.kind not in _STEADY]
    if script.parameters.get("side") in ("left", "right"):
        ways.append(("wrong_direction", None))
    kinds = {e.kind for e in happen}
    if _in_order(happen) and kinds & set(_ONE_WAY) and "swings" not in kinds:  # a swing backwards is a swing
        ways.append(("wrong_order", None))
    if happen:
        ways.append(("event_missing", None))
    return tuple(Breakable(kind, body, 0.0, 0.0) for kind, body in ways)


def _has_room(script: Script, body: Body) -> bool:
    """Whether another one can be put beside it: it flies on its own or stands on the floor, and it is not too big."""
    camera = script.scene.camera
    seen = 2 * math.dist(camera.keys[0].eye, camera.keys[0].target) * math.tan(math.radians(camera.fov) / 2)
    z = body.keys[0].pos[2] if body.keys else body.pos[2]
    lowest = min((z + g.pos[2] - reach(g.shape, g.size, UP) for g in body.geoms if not g.keys), default=math.inf)
    stands = body.motion != "hinged" and abs(lowest) < 0.03 * max(body.geoms[0].size)
    return footprint(body) < 0.22 * seen and (body.motion == "free" or stands)


def _in_order(events: list[Expected]) -> bool:
    """Whether two of the events are of different kinds, and one starts after the other."""
    return any(a.kind != b.kind and a.start < b.start for a in events for b in events)


def draw(
    script: Script, rng: np.random.Generator, *, kind: str | None = None, severity: float | None = None
) -> Violation:
    """One of the violations that `script` allows, lasting until it has to be over.

    kind: None: any that the script lists, each equally often; prompt_breaks() come only when they are asked for.
    severity: None: uniform in [LEAST_SEVERITY, 1]; kinds without degrees have 1 in any case.

    Raises:
        UsageError: the script allows none (of that kind).
    """
    if kind is not None:
        VIOLATIONS.entry(kind)
    allowed = script.breakable if kind is None else (*script.breakable, *prompt_breaks(script))
    kinds = sorted({b.kind for b in allowed})
    if not kinds or (kind is not None and kind not in kinds):
        raise UsageError(
            f"nothing in {script.family} seed {script.seed} can be broken by '{kind or 'any violation'}'. "
            f"Available: {', '.join(kinds) or 'none'}"
        )
    chosen = kind if kind is not None else kinds[rng.integers(len(kinds))]
    ways = [b for b in allowed if b.kind == chosen]
    way = ways[rng.integers(len(ways))]
    onset = float(rng.uniform(way.start, way.end))
    level = float(rng.uniform(LEAST_SEVERITY, 1.0)) if severity is None else severity
    over = script.seconds if way.until is None else way.until
    return Violation(
        chosen,
        way.body,
        onset,
        max(over - onset, 0.0),
        1.0 if chosen in WITHOUT_DEGREES else level,
        way.other,
    )
