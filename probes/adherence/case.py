"""Case: one expected event, who plays it, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from probes.cast import Part, by_name
from probes.perception.observation import HIDDEN, OUT, SEEN, Observation
from probes.trajectory import noise
from simulator.script import Expected, Script

SLACK = 1.5  # frames by which an event may be early or late
LEAST = 0.06  # of the picture's shorter side: less is no motion that a prompt would tell of
SHORTEST = 3.0  # frames: a shorter window does not make lateness worse


@dataclass(frozen=True)
class Outcome:
    """What became of an expected event.

    amiss: 0 it took place, 1 it did not; between: in part, or by this much of its window's length too early or late.
    words: what happened instead, after the subject, e.g. "never goes out". times: seconds at which such an event was
    seen anywhere in the clip, of events that have a moment.
    """

    expected: Expected
    amiss: float
    words: str = ""
    times: tuple[float, ...] = ()


@dataclass(frozen=True)
class Untold:
    """An expected event of which sight cannot tell whether it took place, and why: "the red ball is hidden"."""

    expected: Expected
    reason: str


@dataclass(frozen=True)
class Case:
    """An expected event; parts: of the inventory, by name. The camera is nobody's part."""

    observation: Observation
    script: Script
    parts: Mapping[str, Part]
    expected: Expected

    @cached_property
    def part(self) -> Part:
        """Who plays the subject."""
        return self.player(self.expected.subject)

    @property
    def other(self) -> Part | None:
        """Who plays the object, if the event has one that is in the scene."""
        name = self.expected.object
        return self.player(name) if name is not None and name in {b.name for b in self.script.scene.bodies} else None

    @property
    def named(self) -> bool:
        """Whether sight knows every thing by name; otherwise it knows what moves, by its colour."""
        return any(track.name for track in self.observation.things.tracks)

    def player(self, name: str) -> Part:
        """The Part of any body of the scene."""
        part = self.parts.get(name)
        return part if part is not None else by_name(self.observation, self.script, self.script.scene.body(name))

    @property
    def times(self) -> np.ndarray:
        """(T,) seconds."""
        return np.arange(len(self.observation.clip)) / self.observation.clip.fps

    def inside(self, slack: float = SLACK, shift: int = 0) -> np.ndarray:
        """(T,) whether a frame lies in the window, give or take `slack` frames, if it were `shift` frames later."""
        fps, e = self.observation.clip.fps, self.expected
        return (self.times >= e.start + (shift - slack) / fps - 1e-6) & (
            self.times <= e.end + (shift + slack) / fps + 1e-6
        )

    @property
    def least(self) -> float:
        """The smallest displacement that counts as motion, heights."""
        clip = self.observation.clip
        sure = max((4.0 * noise(self.observation, t) for t in self.part.tracks), default=0.0)
        return max(LEAST * min(1.0, clip.width / clip.height), sure)

    def told(self, amiss: float, words: str, times: tuple[float, ...] = ()) -> Outcome:
        """The outcome, amiss clipped to [0, 1]."""
        return Outcome(self.expected, float(np.clip(amiss, 0.0, 1.0)), words, times)

    def unseen(self, words: str) -> Outcome | Untold:
        """What can be said of a subject that is hardly seen in the window: it is covered, or it is not there."""
        state = self.part.state[self.inside()]
        if not self.named:
            return Untold(self.expected, "it is lost from sight")
        if self.part.tracks and state.size and np.isin(state, (HIDDEN, OUT)).any() and (self.part.state == SEEN).any():
            return Untold(self.expected, "it is out of sight")
        return Outcome(self.expected, 1.0, words)

    def arrival(self, frames: list[int], words: str) -> Outcome:
        """The outcome of an event with a moment, seen first in any of `frames`; `words` begin with "never "."""
        if not frames:
            return self.told(1.0, words)
        fps, e = self.observation.clip.fps, self.expected
        times = np.array(frames) / fps
        off = np.maximum(np.maximum(e.start - times, times - e.end) - SLACK / fps, 0.0)
        late = float(off.min()) / max(e.end - e.start, SHORTEST / fps)
        when = times[off.argmin()]
        return self.told(
            late, f"{words.replace('never ', '')} at {when:.2f} s, not when expected", tuple(times.tolist())
        )


Verdict = Outcome | Untold
Look = Callable[[Case], Verdict]
