"""Control models: what a suite is checked with. They alone look at a shot's script, and play it on the stage."""

from __future__ import annotations

import math
import zlib
from dataclasses import replace

import numpy as np

from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.script import Script
from simulator.shot import MODES, Shot, ends
from simulator.stage import play
from simulator.truth import Take
from simulator.violations import Violation, draw

GOLDEN = (math.sqrt(5) - 1) / 2  # its multiples modulo 1 spread evenly, for any number of seeds


def _script(shot: Shot) -> Script:
    if shot.script is None:
        raise UsageError(f"shot {shot.id} has no script; control models need one")
    return shot.script


def _reference(shot: Shot, violation: Violation | None = None) -> Take:
    return play(_script(shot), shot.height, shot.width, shot.fps, frames=shot.frames, violation=violation)


def _keep_known(frames: np.ndarray, shot: Shot) -> Clip:
    """`frames` (T, H, W, 3) with the known ones put where they belong."""
    frames = np.array(frames)
    for i, frame in shot.known.items():
        frames[i] = frame
    return Clip(frames, shot.fps)


class Reference:
    """The simulator itself."""

    name = "reference"

    def take(self, shot: Shot) -> Take:
        """The shot's script as played, with its truth."""
        return _reference(shot)

    def generate(self, shot: Shot) -> Clip:
        """The picture of `take`."""
        return self.take(shot).clip

    def identity(self) -> dict[str, str]:
        """Its name."""
        return {"name": self.name}


class Frozen:
    """A still: each frame is the known one before it, or else the first known one, or else the reference's first."""

    name = "frozen"

    def generate(self, shot: Shot) -> Clip:
        """Nothing moves but from one known frame to the next."""
        known = shot.known or {0: play(_script(shot), shot.height, shot.width, shot.fps, frames=1).clip.frames[0]}
        shown = [known[max((k for k in known if k <= i), default=min(known))] for i in range(shot.frames)]
        return Clip(np.stack(shown), shot.fps)

    def identity(self) -> dict[str, str]:
        """Its name."""
        return {"name": self.name}


class Noise:
    """Uniformly random pixels where no frame is known."""

    name = "noise"

    def generate(self, shot: Shot) -> Clip:
        """Every value from 0 to 255 alike, drawn by the shot's seed."""
        shape = (shot.frames, shot.height, shot.width, 3)
        rng = np.random.default_rng(shot.seed)
        return _keep_known(rng.integers(0, 256, shape, dtype=np.uint8), shot)

    def identity(self) -> dict[str, str]:
        """Its name."""
        return {"name": self.name}


class Shuffled:
    """The reference with the frames that are not known in an order that is not theirs."""

    name = "shuffled"

    def generate(self, shot: Shot) -> Clip:
        """No frame stays at its place: a random cyclic order, drawn by the shot's seed."""
        frames = np.array(_reference(shot).clip.frames)
        free = np.array([i for i in range(shot.frames) if i not in shot.known])
        cycle = np.random.default_rng(shot.seed).permutation(free)
        frames[cycle] = frames[np.roll(cycle, 1)]
        return _keep_known(frames, shot)

    def identity(self) -> dict[str, str]:
        """Its name."""
        return {"name": self.name}


class Damaged:
    """The reference with a known share of violated takes, severity 1; known frames are kept.

    Which ones does not depend on chance: shots are spread evenly over the share by seed, family and mode, so that
    the share of violated takes in a suite is within a shot or two a family of what was asked.
    """

    name = "damaged"

    def __init__(self, share: float = 0.3) -> None:
        if not 0.0 <= share <= 1.0:
            raise UsageError(f"model.share={share} is outside [0, 1]")
        self.share = share

    def violation(self, shot: Shot) -> Violation | None:
        """What is broken in a shot, None in a valid one.

        It begins after the frames that are known at the beginning, and before those at the end, by which it has to be
        over; what cannot be undone (a fallen domino) is so in the truth all the same.
        """
        script = _script(shot)
        place = script.seed * GOLDEN + zlib.crc32(script.family.encode()) / 2**32 + _halved(MODES.index(shot.mode))
        if place % 1.0 >= self.share:
            return None
        head, tail = ends(shot.known, shot.frames)
        begin = head / shot.fps
        allowed = tuple(replace(b, start=max(b.start, begin)) for b in script.breakable if b.end > begin)
        if tail:
            over, last = (shot.frames - tail) / shot.fps, (shot.frames - tail - 1) / shot.fps
            allowed = tuple(
                replace(b, end=min(b.end, last), until=over if b.until is None else min(b.until, over))
                for b in allowed
                if b.start <= last
            )
        if not allowed:
            return None
        return draw(replace(script, breakable=allowed), np.random.default_rng(shot.seed), severity=1.0)

    def take(self, shot: Shot) -> Take:
        """The shot's script as played, violated or not, with its truth."""
        take = _reference(shot, self.violation(shot))
        return replace(take, clip=_keep_known(take.clip.frames, shot)) if shot.known else take

    def generate(self, shot: Shot) -> Clip:
        """The picture of `take`."""
        return self.take(shot).clip

    def identity(self) -> dict[str, str]:
        """Its name and its share."""
        return {"name": self.name, "share": f"{self.share:g}"}


def _halved(number: int) -> float:
    """The number's bits mirrored at the point (van der Corput): 0, 1/2, 1/4, 3/4, 1/8 ... spread evenly in [0, 1)."""
    bits = f"{number:b}"[::-1]
    return int(bits, 2) / 2 ** len(bits)
