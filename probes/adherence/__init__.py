"""Adherence: did the script take place? Things, colours and events; without a script, the prompt."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from probes.adherence import course, filming
from probes.adherence.case import SLACK, Case, Outcome, Untold, Verdict
from probes.adherence.events import FILMED, MOVING, STEADY, check
from probes.adherence.inventory import Flaw, flaws
from probes.adherence.layout import mirrored
from probes.adherence.order import reversed_pairs
from probes.adherence.prompt import available, read_prompt
from probes.base import Probe
from probes.calibration import load
from probes.cast import Part, cast
from probes.evidence import Finding, Found, box_at, judge
from probes.perception.observation import Observation
from probes.reading import Reading, Scored, Unscored
from simulator.script import Expected, Script

VERSION = 3
LAWS = ("event", "order", "thing", "camera", "course")


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """The probability that everything the script expects took place.

    Where a text-image model is at hand, `text` among the measures is how the prompt fares against the script's
    counterfactuals; it does not enter the value.
    """
    if script is None:
        return read_prompt(observation, prompt)
    found = find(observation, script)
    if isinstance(found, Unscored):
        return found
    if available():
        text = read_prompt(observation, prompt or script.prompts[0], script.counterfactuals)
        found.measures.update({"text": text.value} if isinstance(text, Scored) else {})
    table = load("adherence", VERSION, observation.kind, observation.version)
    return judge(found, LAWS, table, observation.clip.seconds)


def find(observation: Observation, script: Script) -> Found | Unscored:
    """What is amiss, before calibration. Strengths are twice what is amiss: 1 where it is as likely as not."""
    parts = cast(observation, script)
    told = verdicts(observation, script, parts)
    outcomes = [v for v in told if isinstance(v, Outcome)]
    findings = [_event(observation, o, parts.get(o.expected.subject)) for o in outcomes if o.amiss > 0.0]
    findings += [_order(observation, *pair) for pair in reversed_pairs(outcomes)]
    findings += _whole(observation, script)
    aside = mirrored(observation, script)
    if aside:
        words = "what should be on one side of the picture is on the other"
        findings.append(Finding("thing", "wrong_direction", 0.0, 1.0 / observation.clip.fps, None, 2.0 * aside, words))
    findings += [_flaw(observation, flaw) for flaw in flaws(observation, script, parts)]
    unseen = [v for v in told if isinstance(v, Untold) and v.expected.kind not in STEADY]
    if all(f.strength < 1.0 for f in findings):  # what can be seen took place; the rest may have or not
        if len(unseen) > sum(o.expected.kind not in STEADY for o in outcomes):
            return Unscored(f"cannot be seen: {', '.join(f'{_name(v.expected)} ({v.reason})' for v in unseen)}")
        if not outcomes:
            return Unscored("the script expects nothing that can be seen")
    amiss = [o.amiss for o in outcomes] or [0.0]
    measures = {
        "expected": float(len(told)),
        "told": float(len(outcomes)),
        "amiss": float(np.mean(amiss)),
        "worst": float(max(amiss)),
    }
    return Found(findings, measures)


def verdicts(observation: Observation, script: Script, parts: Mapping[str, Part]) -> list[Verdict]:
    """What became of each expected event that the clip is long enough for."""
    shown = observation.clip.seconds + SLACK / observation.clip.fps
    out: list[Verdict] = []
    for expected in script.expected:
        if expected.end > shown and expected.kind not in STEADY:
            continue  # the clip ends before it had to be over
        if expected.kind not in FILMED and observation.things.reason is not None:
            out.append(Untold(expected, observation.things.reason))
        else:
            out.append(check(Case(observation, script, parts, expected)))
    return out


def _whole(observation: Observation, script: Script) -> list[Finding]:
    """What is amiss with the clip as a whole: its camera, its course, and that it is a still."""
    out = []
    seconds = observation.clip.seconds
    told = {e.kind for e in script.expected} & set(MOVING)
    astray = None if told else filming.astray(observation, script)
    if astray:
        out.append(
            Finding("camera", "camera_moves", 0.0, seconds, None, 2.0 * astray, "camera does not move as it should")
        )
    moves = script.scene.lively or script.scene.camera.moving  # a take of it is then no still
    standstill = course.standstill(observation) if moves else 0.0
    if standstill > 0.0:
        out.append(
            Finding("course", "event_missing", 0.0, seconds, None, 2.0 * standstill, "nothing in the picture moves")
        )
    disorder = course.disorder(observation)
    if disorder > 0.0:
        words = "the pictures do not come one out of another"
        out.append(Finding("course", "shuffled", 0.0, seconds, None, 2.0 * disorder, words))
    fading = 0.0 if script.scene.camera.moving else course.fading(observation)
    if fading > 0.0:
        words = "the picture does not keep its detail, though the camera stands still"
        out.append(Finding("course", "fog", 0.0, seconds, None, 2.0 * fading, words))
    return out


def _name(expected: Expected) -> str:
    return f"{expected.subject} {expected.kind.replace('_', ' ')} {expected.object or ''}".strip()


def _who(part: Part) -> str:
    return part.body.noun if part.body.noun == "flame" else f"{part.body.colour} {part.body.noun}"


def _event(observation: Observation, outcome: Outcome, part: Part | None) -> Finding:
    """The outcome as a finding: what did not happen, and when it should have."""
    expected = outcome.expected
    if expected.kind in FILMED or part is None:
        who, box, words = "camera" if expected.kind in FILMED else expected.subject, None, outcome.words
    else:
        who, words = _who(part), outcome.words
        box = box_at(part.tracks[0], int(expected.start * observation.clip.fps)) if part.tracks else None
    text = f"{who} {words}; expected by {expected.end:.2f} s"
    law = "camera" if expected.kind in FILMED else "event"
    return Finding(law, expected.kind, expected.start, expected.end, box, 2.0 * outcome.amiss, text)


def _order(observation: Observation, first: Outcome, then: Outcome) -> Finding:
    text = f"{_name(then.expected)} comes before {_name(first.expected)}, not after"
    return Finding("order", "wrong_order", max(then.times), min(first.times), None, 2.0, text)


def _flaw(observation: Observation, flaw: Flaw) -> Finding:
    box = box_at(flaw.part.tracks[0], 0) if flaw.part.tracks else None
    text = f"{_who(flaw.part)} {flaw.words}"
    return Finding("thing", flaw.kind, 0.0, observation.clip.seconds, box, 2.0 * flaw.amiss, text)


PROBE = Probe(
    "adherence", VERSION, "did the script take place?",
    ("return_missing", "flame_stays", "event_missing", "wrong_order", "wrong_direction",
     "wrong_colour", "wrong_count", "wrong_thing"), score,
)  # fmt: skip
