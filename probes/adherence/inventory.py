"""Is what is there what the script lists: things, how many, of which colour and form?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from probes.adherence.likeness import wrong_colour, wrong_form
from probes.cast import Part
from probes.perception.observation import ABSENT, Observation
from probes.whereabouts import missing
from simulator.script import Script


@dataclass(frozen=True)
class Flaw:
    """Something of the inventory that is not as told. amiss: [0, 1]. kind: the violation that it looks like."""

    kind: str
    part: Part
    amiss: float
    words: str


def flaws(observation: Observation, script: Script, parts: Mapping[str, Part]) -> list[Flaw]:
    """What is amiss with the inventory; what sight cannot tell is left out."""
    return [*_counts(script, parts), *_looks(observation, script, parts)]


def _looks(observation: Observation, script: Script, parts: Mapping[str, Part]) -> list[Flaw]:
    out = []
    for part in parts.values():
        if not part.tracks and part.body.noun != "flame" and missing(observation, script, part.body):
            out.append(Flaw("wrong_colour", part, 1.0, "is nowhere: nothing is of its colour"))
        colour, form = wrong_colour(part), wrong_form(observation, script, part)
        if colour:
            out.append(Flaw("wrong_colour", part, colour, f"is not {part.body.colour}"))
        if form:
            out.append(Flaw("wrong_thing", part, form, f"has not the outline of a {part.body.noun}"))
    return out


def _counts(script: Script, parts: Mapping[str, Part]) -> list[Flaw]:
    """For the things of each noun and colour: the share of frames with another number of them, half of them is 0.5."""
    groups: dict[tuple[str, str], list[Part]] = {}
    for thing in script.inventory:
        if thing.noun != "flame":  # a flame is lit or goes out: these are events
            groups.setdefault((thing.noun, thing.colour), []).append(parts[thing.name])
    out = []
    for members in groups.values():
        if not any(t.name for p in members for t in p.tracks):
            continue  # without names a thing that stands still is no track
        there = sum(np.asarray(t.state != ABSENT, int) for p in members for t in p.tracks)
        wrong = there != len(members)
        amiss = float(np.clip(2.0 * np.mean(wrong) - 0.5, 0.0, 1.0))
        if amiss > 0.0:
            count = int(np.median(np.asarray(there)[wrong]))
            lost = min(members, key=lambda p: int((p.state != ABSENT).sum()))
            out.append(Flaw("wrong_count", lost, amiss, f"is one of {len(members)} by the script; here are {count}"))
    return out
