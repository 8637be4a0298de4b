"""Probe: a named, versioned pure function from what was seen to a Reading."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from probes.perception.observation import Observation
from probes.reading import Failed, Reading
from simulator.registry import Registry
from simulator.script import Script

Score = Callable[[Observation, Script | None, str | None], Reading]


@dataclass(frozen=True)
class Probe:
    """What the registry holds. `score(observation, script, prompt)`; script and prompt are None where unknown.

    version: bumped whenever what is measured changes; versions are never averaged or compared.
    headline: whether it takes part in the clean rate.
    kinds: the kinds of violation whose absence it estimates.
    """

    name: str
    version: int
    summary: str
    kinds: tuple[str, ...]
    score: Score
    headline: bool = True


PROBES = Registry("probe")
PROBES.add("permanence", "probes.permanence:PROBE", "is every thing accounted for in every frame?")
PROBES.add("plausibility", "probes.plausibility:PROBE", "do things move as things can?")
PROBES.add("consistency3d", "probes.consistency3d:PROBE", "is there one rigid world behind the picture?")
PROBES.add("adherence", "probes.adherence:PROBE", "did the script take place?")
PROBES.add("quality", "probes.quality:PROBE", "does the picture move, without flicker, blur or cuts? (context)")
PROBES.add("surprise", "probes.surprise:PROBE", "does the picture run smoothly through a frozen embedding? (context)")
PROBES.add("reference", "probes.reference:PROBE", "does the clip show what really happened? (context; needs a video)")


def assay(
    observation: Observation, script: Script | None, prompt: str | None, names: Iterable[str]
) -> dict[str, Reading]:
    """A Reading from each named probe; an exception becomes Failed, never a score."""
    readings: dict[str, Reading] = {}
    for name in names:
        try:
            readings[name] = PROBES.load(name).score(observation, script, prompt)
        except Exception as error:  # one probe's fault must not cost the others
            where = traceback.extract_tb(error.__traceback__)[-1]
            readings[name] = Failed(f"{type(error).__name__}: {error} ({where.name}:{where.lineno})")
    return readings
