"""Adherence: did the script take place? Things, colours and events; without a script, the prompt."""

from __future__ import annotations

import numpy as np

from probes.adherence.events import SLACK, Outcome, check
from probes.adherence.prompt import read_prompt
from probes.base import Probe
from probes.calibration import load
from probes.cast import Part, cast
from probes.evidence import Finding, Found, box_at, judge
from probes.perception.observation import Observation
from probes.reading import Reading, Unscored
from simulator.script import Expected, Script

VERSION = 1
LAWS = ("event", "camera")
THROUGHOUT = ("present", "stays_lit", "camera_orbits")  # can be told from a part of their window
STILL = 0.05  # heights a second: a camera slower than this does not orbit


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """The probability that everything the script expects took place."""
    if script is None:
        return read_prompt(observation, prompt)
    found = find(observation, script)
    if isinstance(found, Unscored):
        return found
    table = load("adherence", VERSION, observation.kind, observation.version)
    return judge(found, LAWS, table, observation.clip.seconds)


def find(observation: Observation, script: Script) -> Found | Unscored:
    """What is amiss, before calibration."""
    parts = cast(observation, script)
    outcomes: list[tuple[Outcome, Part | None]] = []
    unseen: list[Expected] = []
    shown = observation.clip.seconds + SLACK / observation.clip.fps
    for expected in script.expected:
        if expected.end > shown and expected.kind not in THROUGHOUT:
            continue  # the clip ends before it had to be over
        if expected.kind == "camera_orbits":
            outcomes.append((_orbits(observation, expected), None))
        elif expected.subject in parts and observation.things.reason is None:
            part = parts[expected.subject]
            outcome = check(observation, part, expected)
            if outcome is not None:
                outcomes.append((outcome, part))
            elif expected.kind != "present":
                unseen.append(expected)
        elif not script.scene.camera.moving:
            outcomes.append((Outcome(expected, 1.0, f"cannot be followed: {observation.things.reason}"), None))
    if not outcomes:
        return Unscored("the script expects nothing that can be seen")
    amiss = [o.amiss for o, _ in outcomes]
    if unseen and max(amiss) < 0.5:  # what can be seen took place; the rest may have or not
        told = ", ".join(f"{e.subject} {e.kind.replace('_', ' ')} {e.object or ''}".strip() for e in unseen)
        return Unscored(f"cannot be seen: {told}")
    findings = [_finding(observation, script, o, p) for o, p in outcomes if o.amiss > 0.0]
    measures = {"expected": float(len(amiss)), "amiss": float(np.mean(amiss)), "worst": float(max(amiss))}
    return Found(findings, measures)


def _orbits(observation: Observation, expected: Expected) -> Outcome:
    """Whether the picture as a whole moves nearly all the time."""
    speed = observation.camera.speed
    moves = float(np.mean(speed > STILL)) if observation.camera.moving and speed.size else 0.0
    return Outcome(expected, float(np.clip(2.0 - 2.5 * moves, 0.0, 1.0)), "does not move around the scene")


def _finding(observation: Observation, script: Script, outcome: Outcome, part: Part | None) -> Finding:
    """The outcome as a finding: what did not happen, and when it should have."""
    expected = outcome.expected
    if part is None:
        who = "camera" if expected.kind == "camera_orbits" else expected.subject
    else:
        who = part.body.noun if part.body.noun == "flame" else f"{part.body.colour} {part.body.noun}"
    frame = int(expected.start * observation.clip.fps)
    box = box_at(part.tracks[0], frame) if part and part.tracks else None
    missing = part is not None and not part.tracks
    words = "is nowhere to be seen moving" if missing else outcome.words
    text = f"{who} {words}; expected by {expected.end:.2f} s"
    law = "camera" if expected.kind == "camera_orbits" else "event"
    return Finding(law, expected.kind, expected.start, expected.end, box, 2.0 * outcome.amiss, text)


PROBE = Probe(
    "adherence", VERSION, "did the script take place?",
    ("return_missing", "flame_stays"), score,
)  # fmt: skip
