"""Findings: what a probe noticed, before and after calibration, and how things are called in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from probes.calibration import Table
from probes.perception.observation import SEEN, ThingTrack
from probes.reading import Box, Scored, Span

# Typical CIE Lab values of painted things under a lamp, D65.
PALETTE: dict[str, tuple[float, float, float]] = {
    "red": (45.0, 60.0, 40.0),
    "orange": (62.0, 38.0, 58.0),
    "yellow": (80.0, 2.0, 70.0),
    "green": (50.0, -45.0, 38.0),
    "blue": (38.0, 12.0, -52.0),
    "purple": (36.0, 45.0, -42.0),
    "pink": (68.0, 42.0, 2.0),
    "brown": (34.0, 20.0, 28.0),
    "white": (88.0, 0.0, 0.0),
    "grey": (55.0, 0.0, 0.0),
    "black": (15.0, 0.0, 0.0),
    "cyan": (70.0, -30.0, -18.0),
}


@dataclass(frozen=True)
class Finding:
    """Something a probe noticed. law: a key of the calibration table. kind: the violation it looks like.

    start, end: seconds. strength: >= 0, about 1 where it begins to be believed.
    """

    law: str
    kind: str
    start: float
    end: float
    box: Box | None
    strength: float
    text: str


@dataclass(frozen=True)
class Found:
    """All that a probe noticed in a clip, and what it measured."""

    findings: list[Finding]
    measures: dict[str, float]


def greatest(findings: Iterable[Finding], laws: Iterable[str]) -> dict[str, float]:
    """The greatest strength found for each law, 0 where there is no finding."""
    strengths = dict.fromkeys(laws, 0.0)
    for finding in findings:
        strengths[finding.law] = max(strengths[finding.law], finding.strength)
    return strengths


def judge(found: Found, laws: tuple[str, ...], table: Table, seconds: float) -> Scored:
    """The calibrated reading of a clip that lasts `seconds`.

    Spans are the findings that weigh, or the heaviest one where only their sum does.
    """
    findings, strengths = found.findings, greatest(found.findings, laws)
    value = table.value(strengths)
    heavy = sorted(findings, key=lambda f: (-table.severity(f.law, f.strength), f.start, f.text))
    kept = [f for f in heavy if table.severity(f.law, f.strength) >= 0.5] or (heavy[:1] if value < 0.5 else [])
    spans = []
    for f in kept:
        start, end = (round(float(np.clip(t, 0.0, seconds)), 3) for t in (f.start, f.end))
        spans.append(Span(f.kind, start, end, f.box, round(table.severity(f.law, f.strength), 4), f.text))
    return Scored(value, tuple(spans), {**{f"strength_{law}": s for law, s in strengths.items()}, **found.measures})


def colour_name(lab: np.ndarray) -> str:
    """The nearest word of PALETTE for a (3,) Lab colour; lightness counts a third, as shade hides it."""
    weights = np.array([0.35, 1.0, 1.0])
    return min(PALETTE, key=lambda word: float(np.linalg.norm((np.asarray(PALETTE[word]) - lab) * weights)))


def describe(track: ThingTrack) -> str:
    """What to call a thing in a sentence: "flame", its body's name, or its colour, e.g. "the red thing"."""
    if track.flame:
        return "flame"
    if track.name:
        return track.name.replace("_", " ")
    seen = track.state == SEEN
    return f"{colour_name(np.nanmedian(track.colour[seen], axis=0))} thing" if seen.any() else "thing"


def box_at(track: ThingTrack, frame: int) -> Box | None:
    """Where the thing is seen in, or nearest in time to, a frame, clipped to the picture."""
    seen = np.flatnonzero(track.state == SEEN)
    if not seen.size:
        return None
    x0, y0, x1, y1 = np.clip(track.box[seen[np.abs(seen - frame).argmin()]], 0.0, 1.0).tolist()
    return (x0, y0, x1, y1)
