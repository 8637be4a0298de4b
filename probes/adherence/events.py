"""Did an expected event take place? One small function for each kind that a script can expect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from probes.cast import Part
from probes.perception.observation import ABSENT, HIDDEN, OUT, SEEN, Observation
from probes.trajectory import noise, runs
from probes.whereabouts import whereabouts
from simulator.script import Expected

SLACK = 1.5  # frames by which an event may be early or late
FADED = 0.3  # of its usual share of the picture: a thing that shows less is gone
RISE = 0.012  # heights that a bounce leads up again, at least
BEYOND = 0.15  # half-sizes of a ring: so far on either side of its middle has a thing passed that went through
MOVED = 0.05  # heights: less is no motion that a prompt would tell of


@dataclass(frozen=True)
class Outcome:
    """What became of an expected event.

    amiss: 0 it took place, 1 it did not; between: it did, but this much of its window's length too early or late.
    words: what happened instead, after the subject, e.g. "never goes out".
    """

    expected: Expected
    amiss: float
    words: str = ""


Look = Callable[[Observation, Part, Expected], "Outcome | None"]


def check(observation: Observation, part: Part, expected: Expected) -> Outcome | None:
    """The outcome of one expected event for the part that plays its subject; None if it cannot be seen."""
    look = LOOKS.get(expected.kind)
    return None if look is None else look(observation, part, expected)


def _frames(observation: Observation, expected: Expected) -> np.ndarray:
    """(T,) whether a frame lies in the event's window, give or take SLACK."""
    times = np.arange(len(observation.clip)) / observation.clip.fps
    slack = SLACK / observation.clip.fps
    return (times >= expected.start - slack) & (times <= expected.end + slack)


def _arrival(observation: Observation, expected: Expected, arrivals: list[int], words: str) -> Outcome:
    """An event that is over when a state is reached at one of the frames `arrivals`."""
    if not arrivals:
        return Outcome(expected, 1.0, words)
    slack = SLACK / observation.clip.fps
    times = np.array(arrivals) / observation.clip.fps
    late = np.maximum(expected.start - slack - times, times - expected.end - slack)
    off = float(np.clip(late.min(), 0.0, None)) / max(expected.end - expected.start, 3.0 / observation.clip.fps)
    when = times[late.argmin()]
    return Outcome(expected, min(1.0, off), f"{words.replace('never ', '')} at {when:.2f} s, not when expected")


def _enters(part: Part, state: int, after: int) -> list[int]:
    """Frames at which the part enters `state`, having been in `after` in the last frame of another kind."""
    return [a for a, _ in runs(part.state == state) if a > 0 and part.state[a - 1] == after]


def _present(observation: Observation, part: Part, expected: Expected) -> Outcome | None:
    window = _frames(observation, expected)
    if not window.any():
        return None
    # what never moves is no reliable track, but its colour shows
    spot = whereabouts(observation, part.body) if part.body.motion == "fixed" else None
    if spot is not None:
        lost = float(np.mean(spot.share[window] < FADED * np.quantile(spot.share, 0.75)))
    elif part.tracks:
        lost = float(np.mean(np.isin(part.state[window], (ABSENT, OUT))))
    else:
        return None
    return Outcome(expected, min(1.0, 2.0 * lost), "is not there all the time" if lost < 1.0 else "is not there")


def _leaves(observation: Observation, part: Part, expected: Expected) -> Outcome:
    return _arrival(observation, expected, _enters(part, OUT, SEEN), "never leaves the picture")


def _returns(observation: Observation, part: Part, expected: Expected) -> Outcome:
    return _arrival(observation, expected, _enters(part, SEEN, OUT), "never comes back into the picture")


def _hidden(observation: Observation, part: Part, expected: Expected) -> Outcome:
    return _arrival(observation, expected, _enters(part, HIDDEN, SEEN), f"never goes behind the {expected.object}")


def _revealed(observation: Observation, part: Part, expected: Expected) -> Outcome:
    return _arrival(
        observation, expected, _enters(part, SEEN, HIDDEN), f"never comes out from behind the {expected.object}"
    )


def _least(observation: Observation, part: Part) -> float:
    """The smallest displacement that counts as motion, heights."""
    return max(MOVED, 4.0 * max((noise(observation, t) for t in part.tracks), default=0.0))


def _moves(axis: int, sign: float, words: str) -> Look:
    def look(observation: Observation, part: Part, expected: Expected) -> Outcome:
        path = part.centre[_frames(observation, expected), axis]
        path = sign * path[np.isfinite(path)]
        if path.size < 2:
            return Outcome(expected, 1.0, f"is not seen to {words}")
        least = _least(observation, part)
        if axis == 1:  # a fall counts even if a bounce follows
            net = float((path - np.minimum.accumulate(path)).max())
        else:
            net = float(path[-1] - path[0])
        return Outcome(expected, 1.0 - float(np.clip(net / least, 0.0, 1.0)), f"does not {words}")

    return look


def _stays(observation: Observation, part: Part, expected: Expected) -> Outcome | None:
    path = part.centre[_frames(observation, expected)]
    path = path[np.isfinite(path[:, 0])]
    if part.body.motion == "fixed" or len(path) < 2:  # of what never moves, only its colour is seen
        return _present(observation, part, expected)
    far = float(np.linalg.norm(path - path[0], axis=1).max()) / (2.0 * _least(observation, part))
    return Outcome(expected, float(np.clip(far - 0.5, 0.0, 1.0)), "does not stay where it is")


def _bounces(observation: Observation, part: Part, expected: Expected) -> Outcome:
    seen = np.flatnonzero(np.isfinite(part.centre[:, 1]))
    y = part.centre[seen, 1]
    step = np.diff(y)
    least = 0.7 * _least(observation, part)
    turns = [  # where a fall is slowed down, which gravity never does, and leads up again
        int(seen[k])
        for k in range(1, len(y) - 1)
        if step[k - 1] - step[k] > least and y[k] - y[: k + 1].min() > least and y[k + 1 : k + 4].min() < y[k] - RISE
    ]
    return _arrival(observation, expected, turns, "never bounces")


def _goes_out(observation: Observation, part: Part, expected: Expected) -> Outcome:
    lit = np.flatnonzero(part.state == SEEN)
    if not lit.size:
        return Outcome(expected, 1.0, "is not lit at first")
    if lit[-1] == len(part.state) - 1:
        return Outcome(expected, 1.0, "never goes out")
    return _arrival(observation, expected, [int(lit[-1]) + 1], "never goes out")


def _stays_lit(observation: Observation, part: Part, expected: Expected) -> Outcome:
    slack = int(np.ceil(SLACK))
    window = part.state[_frames(observation, expected)][slack:-slack]
    dark = float(np.mean(window != SEEN)) if window.size else 0.0
    return Outcome(expected, min(1.0, 2.0 * dark), "does not stay lit")


def _passes(observation: Observation, part: Part, expected: Expected) -> Outcome | None:
    """Whether the way of the subject, joined up between frames, leads through the middle of the object's box and on."""
    ring = next((b for b in part.others if b.name == expected.object), None)
    spot = whereabouts(observation, ring) if ring else None
    path = part.centre[np.isfinite(part.centre[:, 0])]
    if spot is None or len(path) < 2:
        return None if spot is None else Outcome(expected, 1.0, f"does not go through the {expected.object}")
    aspect = observation.clip.width / observation.clip.height
    low, high = np.array([spot.box[0] * aspect, spot.box[1]]), np.array([spot.box[2] * aspect, spot.box[3]])
    scaled = (path - (low + high) / 2) / np.maximum((high - low) / 2, 1e-3)
    fine = np.linspace(0, len(scaled) - 1, 8 * len(scaled))
    way = np.stack([np.interp(fine, np.arange(len(scaled)), scaled[:, i]) for i in (0, 1)], -1)
    off = float(np.linalg.norm(way, axis=1).min())  # 0: through the middle, 1: over the rim
    along = way @ np.linalg.svd(way - way.mean(0), full_matrices=False)[2][0]
    beyond = float(min(-along.min(), along.max()))  # how far it is seen on both sides of the middle
    amiss = max((off - 0.6) / 0.6, (BEYOND - beyond) / (2.0 * BEYOND))
    return Outcome(expected, float(np.clip(amiss, 0.0, 1.0)), f"does not go through the {expected.object}")


LOOKS: dict[str, Look] = {
    "present": _present,
    "leaves_frame": _leaves,
    "returns": _returns,
    "hidden_by": _hidden,
    "revealed": _revealed,
    "falls": _moves(1, 1.0, "fall"),
    "moves_left": _moves(0, -1.0, "move left"),
    "moves_right": _moves(0, 1.0, "move right"),
    "moves_up": _moves(1, -1.0, "move up"),
    "moves_down": _moves(1, 1.0, "move down"),
    "stays": _stays,
    "bounces": _bounces,
    "passes_through": _passes,
    "goes_out": _goes_out,
    "stays_lit": _stays_lit,
}
