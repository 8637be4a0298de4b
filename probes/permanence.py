"""Permanence: is every thing seen, hidden, out of the picture or consumed, and does it come back as itself?"""

from __future__ import annotations

import cv2
import numpy as np

from probes.base import Probe
from probes.calibration import load
from probes.evidence import Finding, box_at, describe, judge
from probes.perception.flow import warp_back
from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Observation, ThingTrack
from probes.reading import Reading, Unscored
from probes.trajectory import at_border, pixel, runs, trust, whole
from simulator.script import Script

VERSION = 1
LAWS = ("gone", "born", "changed", "unreturned", "incoherent")
FRAMES = 2.0  # frames of absence that count as one unit of strength
COLOUR = 18.0  # distance in Lab, lightness at a third, that shade and noise do not make
RATIO = 0.35  # of size, in logarithms


def score(observation: Observation, script: Script | None, prompt: str | None) -> Reading:
    """The probability that nothing vanished, appeared or came back as something else."""
    if len(observation.clip) < 2:
        return Unscored("one frame shows no permanence")
    incoherence = _incoherence(observation)
    findings = [] if incoherence is None else [incoherence]
    things = observation.things
    if things.reason is None:
        for track in things.tracks:
            if not track.flame and not _is_effect(track, script):
                findings += _gone(observation, track) + _born(observation, track) + _changed(observation, track)
                findings += _unreturned(observation, track, script)
        findings += _exchanged(observation, things.tracks)
    elif incoherence is None or incoherence.strength < 1.0:
        return Unscored(f"things cannot be told apart: {things.reason}")
    table = load("permanence", VERSION, observation.kind, observation.version)
    return judge(findings, table, LAWS, {"things": float(len(things.tracks))})


def _is_effect(track: ThingTrack, script: Script | None) -> bool:
    """Whether the script knows the track as smoke, a puff or a glow."""
    return script is not None and any(b.name == track.name and b.role == "effect" for b in script.scene.bodies)


def _seconds(observation: Observation, frame: int) -> float:
    return frame / observation.clip.fps


def _gone(observation: Observation, track: ThingTrack) -> list[Finding]:
    """Stretches in which a thing that was seen is nowhere, though nothing hid it and it had not left."""
    findings = []
    border = at_border(track)
    first = int(np.argmax(track.state == SEEN))
    for start, stop in runs(track.state == ABSENT):
        if start <= first or border[start - 1] or start in observation.cuts:
            continue
        strength = (stop - start) / FRAMES * trust(observation, track)
        where = "nothing hid it" if track.state[start - 1] == SEEN else "it never came back"
        text = f"{describe(track)} gone from {start / observation.clip.fps:.2f} s; {where}"
        findings.append(Finding("gone", "vanish", _seconds(observation, start), _seconds(observation, stop),
                                box_at(track, start - 1), strength, text))  # fmt: skip
    return findings


def _born(observation: Observation, track: ThingTrack) -> list[Finding]:
    """A thing that is nowhere at first and then inside the picture."""
    seen = np.flatnonzero(track.state == SEEN)
    if not seen.size or seen[0] == 0 or track.state[seen[0] - 1] != ABSENT:
        return []
    first = int(seen[0])
    if at_border(track)[first] or first in observation.cuts:
        return []
    strength = len(seen) / FRAMES * trust(observation, track)
    text = f"{describe(track)} appears at {first / observation.clip.fps:.2f} s out of nothing"
    return [Finding("born", "appear", _seconds(observation, first), _seconds(observation, int(seen[-1]) + 1),
                    box_at(track, first), strength, text)]  # fmt: skip


def _looks(track: ThingTrack, frames: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Median colour (Lab), log area and log aspect in these frames."""
    w = np.maximum(track.box[frames, 2] - track.box[frames, 0], 1e-6)
    h = np.maximum(track.box[frames, 3] - track.box[frames, 1], 1e-6)
    area = np.maximum(track.area[frames], 1e-9)
    return np.median(track.colour[frames], axis=0), float(np.median(np.log(area))), float(np.median(np.log(w / h)))


def _difference(
    observation: Observation, before: ThingTrack, a: np.ndarray, after: ThingTrack, b: np.ndarray
) -> tuple[float, str, str]:
    """How unlike two appearances are (1: as unlike as a change of shade or of distance makes), kind, and in words."""
    colour_a, area_a, aspect_a = _looks(before, a)
    colour_b, area_b, aspect_b = _looks(after, b)
    colour = float(np.linalg.norm((colour_b - colour_a) * (0.35, 1.0, 1.0))) / COLOUR
    grain = 2.0 * pixel(observation) / np.sqrt(np.exp(min(area_a, area_b)))  # of the log area of a small thing
    area = abs(area_b - area_a) / (2.0 * RATIO + grain)
    aspect = abs(aspect_b - aspect_a) / (RATIO + grain)
    worst = max(colour, area, aspect)
    if worst == colour:
        return worst, "colour_change", "in another colour"
    return (worst, "size_change", "in another size") if worst == area else (worst, "shape_change", "in another shape")


def _changed(observation: Observation, track: ThingTrack) -> list[Finding]:
    """A thing that looks otherwise after it was out of sight, or from one frame to the next."""
    frames = np.flatnonzero(whole(track))
    worst: tuple[float, int, str, str] | None = None
    for k in range(2, len(frames) - 1):
        a, b = frames[max(0, k - 4) : k], frames[k : k + 4]
        if int(frames[k]) in observation.cuts:
            continue
        unlike, kind, words = _difference(observation, track, a, track, b)
        if worst is None or unlike > worst[0]:
            worst = unlike, k, kind, words
    if worst is None or worst[0] < 0.5:
        return []
    unlike, k, kind, words = worst
    start, hidden = int(frames[k]), frames[k] - frames[k - 1] > 1
    verb = "comes back" if hidden else "goes on"
    text = f"{describe(track)} {verb} {words} at {start / observation.clip.fps:.2f} s"
    return [Finding("changed", kind, _seconds(observation, start), _seconds(observation, int(frames[-1]) + 1),
                    box_at(track, start), unlike * trust(observation, track), text)]  # fmt: skip


def _exchanged(observation: Observation, tracks: tuple[ThingTrack, ...]) -> list[Finding]:
    """A thing that goes out of sight for good, and after it another that comes from there."""
    findings = []
    lost = [t for t in tracks if not t.flame and t.state[-1] in (HIDDEN, OUT) and whole(t).sum() >= 2]
    found = [t for t in tracks if not t.flame and t.state[0] in (HIDDEN, OUT) and whole(t).sum() >= 2]
    for before in lost:
        last = int(np.flatnonzero(before.state == SEEN)[-1])
        later = [t for t in found if t is not before and np.argmax(t.state == SEEN) > last]
        if not later:
            continue
        after = min(later, key=lambda t: int(np.argmax(t.state == SEEN)))
        a, b = np.flatnonzero(whole(before))[-4:], np.flatnonzero(whole(after))[:4]
        unlike, kind, words = _difference(observation, before, a, after, b)
        if unlike >= 0.5:
            when = b[0] / observation.clip.fps
            text = f"{describe(before)} comes back {words}, as {describe(after)}, at {when:.2f} s"
            strength = unlike * min(trust(observation, before), trust(observation, after))
            findings.append(Finding("changed", kind, _seconds(observation, int(b[0])), observation.clip.seconds,
                                    box_at(after, int(b[0])), strength, text))  # fmt: skip
    return findings


def _unreturned(observation: Observation, track: ThingTrack, script: Script | None) -> list[Finding]:
    """A thing that the script brings back into sight and that stays away."""
    if script is None or track.state[-1] not in (HIDDEN, OUT) or not (track.state == SEEN).any():
        return []
    last = int(np.flatnonzero(track.state == SEEN)[-1])
    due = [e.end for e in script.expected if e.kind in ("returns", "revealed") and track.name in (None, e.subject)]
    late = observation.clip.seconds - max(due, default=np.inf)
    if late <= 0 or last / observation.clip.fps > max(due):
        return []
    text = f"{describe(track)} does not come back; expected by {max(due):.2f} s"
    strength = late * observation.clip.fps / FRAMES * trust(observation, track)
    return [Finding("unreturned", "vanish", max(due), observation.clip.seconds,
                    box_at(track, last), strength, text)]  # fmt: skip


def _incoherence(observation: Observation) -> Finding | None:
    """Frames that optical flow cannot make from their neighbours, relative to their contrast: noise has about 1."""
    flow = observation.flow
    h, w = flow.shape[1:3]
    grey = [cv2.resize(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
            for f in observation.clip.frames]  # fmt: skip
    shares = []
    for here, there, motion in zip(grey[:-1], grey[1:], flow, strict=True):
        left = np.abs(warp_back(there, motion) - here).mean()
        shares.append(float(left / max(here.std(), 12.0)))
    share = float(np.median(shares))
    text = f"{share:.0%} of the picture's contrast is new in every frame"
    return Finding("incoherent", "incoherent", 0.0, observation.clip.seconds, None, share / 0.4, text)


PROBE = Probe(
    "permanence", VERSION, "is every thing accounted for in every frame?",
    ("vanish", "appear", "duplicate", "colour_change", "size_change", "shape_change", "incoherent"), score,
)  # fmt: skip
