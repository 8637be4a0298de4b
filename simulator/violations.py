"""Violation: one law broken in a take, by how much and when; what can be broken, and how to draw one.

Severity runs from 0 (hardly visible) to 1 (unmistakable); what it measures is said by each class in interventions/.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.errors import UsageError
from simulator.registry import Registry
from simulator.script import Script

LEAST_SEVERITY = 0.2  # that draw() gives


@dataclass(frozen=True)
class Violation:
    """What is broken: `kind` is a name in VIOLATIONS; `body` is None for the whole scene.

    It acts from `onset` for `duration` seconds; before the onset the take is its valid twin, pixel by pixel.
    """

    kind: str
    body: str | None
    onset: float
    duration: float
    severity: float


_MODULES = {
    "permanence": "identity",
    "immutability": "identity",
    "causality": "setting",
    "rigidity": "setting",
    "continuity": "motion",
    "solidity": "motion",
    "gravity": "motion",
    "inertia": "motion",
}
VIOLATIONS = Registry("violation")  # each target is a subclass of interventions.base.Intervention; tags = (law,)
for _law, _kinds in {
    "permanence": {
        "vanish": "a thing is gone for a while",
        "appear": "a second thing of the same kind is there at once",
        "duplicate": "a thing splits in two",
        "return_missing": "what is hidden or out of the picture does not come back",
        "return_duplicate": "what is hidden or out of the picture comes back twice",
    },
    "immutability": {
        "colour_change": "a thing takes another colour",
        "size_change": "a thing takes another size",
        "shape_change": "a thing takes another shape",
    },
    "continuity": {
        "teleport": "a thing is somewhere else at once",
        "time_skip": "the world jumps ahead",
    },
    "solidity": {
        "pass_through": "a thing goes through solid ones",
        "sink_in": "a thing sinks into what bears it",
    },
    "gravity": {
        "float": "a falling thing stops in the air",
        "drift_up": "a thing rises on its own",
        "no_fall": "a thing without support does not fall",
    },
    "inertia": {
        "sudden_stop": "a thing stops without a cause",
        "sudden_turn": "a thing turns without a force",
        "energy_gain": "a bounce gives back more than it got",
    },
    "causality": {
        "flame_stays": "a flame burns on when it was blown out",
        "flame_dies_early": "a flame goes out with nothing to blow it out",
        "relight": "a dead flame is lit again",
    },
    "rigidity": {
        "warp": "the picture of the scene waves like a flag",
        "slide_texture": "things, or the floor under them, slide along",
        "other_world": "what stands still is at other places at once",
    },
}.items():
    for _kind, _summary in _kinds.items():
        _class = "".join(part.capitalize() for part in _kind.split("_"))
        VIOLATIONS.add(_kind, f"simulator.interventions.{_MODULES[_law]}:{_class}", _summary, (_law,))


def draw(
    script: Script, rng: np.random.Generator, *, kind: str | None = None, severity: float | None = None
) -> Violation:
    """One of the violations that `script` allows, lasting to its end.

    kind: None: any, each of the script's kinds equally often. severity: None: uniform in [LEAST_SEVERITY, 1].

    Raises:
        UsageError: the script allows none (of that kind).
    """
    if kind is not None:
        VIOLATIONS.entry(kind)
    kinds = sorted({b.kind for b in script.breakable})
    if not kinds or (kind is not None and kind not in kinds):
        raise UsageError(
            f"nothing in {script.family} seed {script.seed} can be broken by '{kind or 'any violation'}'. "
            f"Available: {', '.join(kinds) or 'none'}"
        )
    chosen = kind if kind is not None else kinds[rng.integers(len(kinds))]
    ways = [b for b in script.breakable if b.kind == chosen]
    way = ways[rng.integers(len(ways))]
    onset = float(rng.uniform(way.start, way.end))
    level = float(rng.uniform(LEAST_SEVERITY, 1.0)) if severity is None else severity
    return Violation(chosen, way.body, onset, max(script.seconds - onset, 0.0), level)
