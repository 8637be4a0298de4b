"""Presence: things that are nowhere, come from nowhere, are there twice, or stay away."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from probes.cast import cast, listed, moves
from probes.evidence import Finding, box_at, describe
from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Observation, ThingTrack
from probes.permanence.scale import lasting
from probes.trajectory import at_border, runs, size, trust
from simulator.script import Script

FAINT = 0.75  # what an absence of something that shines through a little counts
APART = 1.5  # sizes between two centres from which two things are surely two
HANDOVER = 2  # frames between the end of a track and the beginning of the one that goes on with its thing
SLIVER = 0.2  # of the area of the thing that it doubles: less may be its edge


def measured(track: ThingTrack) -> np.ndarray:
    """(T,) whether the track is seen and measured."""
    return (track.state == SEEN) & np.isfinite(track.area)


def gone(observation: Observation, weighed: list[tuple[ThingTrack, float]]) -> list[Finding]:
    """Stretches in which things that were seen are nowhere, or so faint that they are not measured.

    Things that go at once are one finding: the more of them, the stronger.
    """
    together: dict[int, list[tuple[float, int, ThingTrack]]] = defaultdict(list)
    for track, weight in weighed:
        faint = (track.state == SEEN) & ~np.isfinite(track.area)
        for start, stop in runs((track.state == ABSENT) | faint) if measured(track).any() else ():
            if start > int(np.argmax(measured(track))) and not _excused(observation, track, start):
                lost = float(np.where(faint[start:stop], FAINT, 1.0).sum()) / observation.clip.fps
                together[start].append((lost * weight, stop, track))
    return [_loss(observation, start, lost) for start, lost in sorted(together.items())]


def _loss(observation: Observation, start: int, lost: list[tuple[float, int, ThingTrack]]) -> Finding:
    lost = sorted(lost, key=lambda one: -one[0])
    _, stop, track = lost[0]
    when = start / observation.clip.fps
    others = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    why = "nothing hid it" if track.state[start - 1] == SEEN else "it never came back"
    return Finding("gone", "vanish", when, stop / observation.clip.fps, box_at(track, start - 1),
                   lasting(sum(seconds for seconds, _, _ in lost)),
                   f"{describe(track)}{others} gone from {when:.2f} s; {why}")  # fmt: skip


def _excused(observation: Observation, track: ThingTrack, start: int) -> bool:
    """Whether sight may have lost a thing without a name: at a cut, at the border, or to another track."""
    if track.name is not None:
        return False
    leaves = bool(at_border(track)[start - 1] and _leaving(track, start))
    return leaves or start in observation.cuts or _handed(observation, track, start - 1, -1)


def _handed(observation: Observation, track: ThingTrack, frame: int, end: int) -> bool:
    """Whether another track begins (end: -1) or ends (end: 0) where and when this one, seen in `frame`, does the other.

    Then sight took one thing for two.
    """
    if not np.isfinite(track.centre[frame, 0]):
        return False
    reach = size(observation, track)
    for other in observation.things.tracks:
        seen = np.flatnonzero(measured(other))
        if other is not track and seen.size:
            at = int(seen[0] if end else seen[-1])
            near = float(np.linalg.norm(other.centre[at] - track.centre[frame])) < max(reach, size(observation, other))
            if near and abs(at - frame) <= HANDOVER:
                return True
    return False


def _leaving(track: ThingTrack, start: int) -> bool:
    """Whether the thing, last seen before frame `start`, moves towards the border, so that it may be out of sight."""
    if start < 2 or track.state[start - 2] != SEEN:
        return True
    if not moves(track):
        return False
    before, last = track.box[start - 2], track.box[start - 1]
    room = [np.minimum(b, 1.0 - b).clip(0.0) for b in (before, last)]
    side = int(np.argmin(room[1]))
    return bool(room[1][side] < room[0][side] or track.area[start - 1] < track.area[start - 2])


def born(observation: Observation, track: ThingTrack, among: tuple[ThingTrack, ...]) -> list[Finding]:
    """A thing that was nowhere before it is seen."""
    seen = np.flatnonzero(measured(track))
    if not seen.size or not (track.state[: seen[0]] == ABSENT).any():
        return []
    first, last = int(seen[0]), int(seen[-1]) + 1
    lost = track.name is None and (at_border(track)[first] or first in observation.cuts)
    if lost or (track.name is None and _handed(observation, track, first, 0)):
        return []
    when = first / observation.clip.fps
    name, _, double = (track.name or "").partition(".")
    model = next((t for t in among if t.name == name), None) if double else None
    text = f"{describe(track)} appears at {when:.2f} s out of nothing"
    kind, distinct = "appear", 1.0
    if model is not None:
        text, kind, distinct = f"a second {name} from {when:.2f} s", "duplicate", _distinct(observation, track, model)
    return [Finding("born", kind, when, last / observation.clip.fps, box_at(track, first),
                    lasting(len(seen) / observation.clip.fps) * distinct, text)]  # fmt: skip


def _distinct(observation: Observation, track: ThingTrack, model: ThingTrack) -> float:
    """How far one can see that a double is another thing than its model, [0, 1]: how much is seen of it, and where."""
    if not measured(model).any():
        return 1.0
    usual = float(np.nanmedian(model.area))
    across = float(np.sqrt(usual * observation.clip.width / observation.clip.height))
    seen = float(np.sqrt(np.nanmax(track.area) / usual))
    both = measured(track) & measured(model)
    away = (
        float(np.linalg.norm(track.centre[both] - model.centre[both], axis=1).max()) / across if both.any() else APART
    )
    return 0.5 * min(1.0, seen) + 0.5 * min(1.0, away / APART)


def doubled(observation: Observation, script: Script) -> list[Finding]:
    """Two things without names that play one body of the script at the same time; none where a mirror may show it."""
    findings: list[Finding] = []
    if any((g.material or b.material).mirror > 0 for b in script.scene.bodies for g in b.geoms):
        return findings
    for part in cast(observation, script).values():
        if part.body.noun == "flame" or len(part.tracks) < 2 or part.tracks[0].name is not None:
            continue
        main = max(part.tracks, key=lambda t: float(np.nansum(t.area)))
        for other in part.tracks:
            both = measured(main) & measured(other)
            if other is main or not both.any() or np.median(other.area[both]) < SLIVER * np.median(main.area[both]):
                continue
            start, stop = int(np.argmax(both)), int(np.flatnonzero(both)[-1]) + 1
            when = start / observation.clip.fps
            sure = min(trust(observation, main), trust(observation, other))
            findings.append(Finding("doubled", "duplicate", when, stop / observation.clip.fps, box_at(other, start),
                                    lasting(float(both.sum()) / observation.clip.fps) * sure,
                                    f"a second {part.body.colour} {part.body.noun} from {when:.2f} s"))  # fmt: skip
    return findings


def unreturned(observation: Observation, track: ThingTrack, script: Script) -> list[Finding]:
    """A thing that the script brings back into sight and that stays away to the end."""
    seen = np.flatnonzero(measured(track))
    if track.state[-1] not in (HIDDEN, OUT) or not seen.size:
        return []
    due = [(e.start, e.end) for e in script.expected
           if e.kind in ("returns", "revealed") and _plays(track, e.subject, script)]  # fmt: skip
    fps, seconds, last = observation.clip.fps, observation.clip.seconds, int(seen[-1])
    if not due or last / fps > due[0][0]:
        return []
    start, end = due[0]
    late = max(0.0, seconds - (start + min(end, seconds)) / 2.0)
    return [Finding("unreturned", "return_missing", min(end, last / fps), seconds, box_at(track, last), lasting(late),
                    f"{describe(track)} does not come back; expected by {end:.2f} s")]  # fmt: skip


def _plays(track: ThingTrack, name: str, script: Script) -> bool:
    """Whether a track can be the body called `name`."""
    if track.name:
        return track.name == name
    return name in {t.name for t in script.inventory} and moves(track) and listed(track, script)
