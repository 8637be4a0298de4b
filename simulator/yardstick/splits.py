"""Which speeds and sizes are trained on, and which are asked afterwards.

Inside: speeds of 1 to 4 units a second, radii of 0.7 to 1.4. Outside, on either side of them, PhyWorld's ranges (speeds
of 0 to 0.8 and of 4.5 to 6, radii of 0.3 to 0.6 and of 1.5 to 2), each cut in a half that is near and one that is far.
In a collision it is the left disc that leaves the training range.

A part of the inside can be held out: "combinations" of what was seen one by one (slow with large, fast with small; in a
collision slow against fast), or the middle of the speeds, a "gap".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulator.errors import unknown
from simulator.yardstick.worlds import Scene, Setup

Range = tuple[float, float]
SPEED: Range = (1.0, 4.0)
RADIUS: Range = (0.7, 1.4)
GAP: Range = (1.75, 3.25)
HOLD_OUTS = ("none", "combinations", "gap")
TRAIN, TEST = 0, 1  # first word of the seeds, so that no test clip has the random numbers of a training clip

SLOW, FAST = {"near": (0.4, 0.8), "far": (0.0, 0.4)}, {"near": (4.5, 5.25), "far": (5.25, 6.0)}
SMALL, LARGE = {"near": (0.45, 0.6), "far": (0.3, 0.45)}, {"near": (1.5, 1.75), "far": (1.75, 2.0)}


@dataclass(frozen=True)
class Split:
    """Scenes of one kind: ranges of the (left) disc, one of which is drawn; held: of the inside, the part held out."""

    name: str
    speed: tuple[Range, ...] = (SPEED,)
    radius: tuple[Range, ...] = (RADIUS,)
    held: bool = False


INSIDE = Split("inside")
HELD = Split("held_out", held=True)
OUTSIDE = tuple(
    split
    for level in ("near", "far")
    for split in (
        Split(f"slow_{level}", speed=(SLOW[level],)),
        Split(f"fast_{level}", speed=(FAST[level],)),
        Split(f"small_{level}", radius=(SMALL[level],)),
        Split(f"large_{level}", radius=(LARGE[level],)),
        Split(f"both_{level}", speed=(SLOW[level], FAST[level]), radius=(SMALL[level], LARGE[level])),
    )
)
ALL = (INSIDE, HELD, *OUTSIDE)


def check_hold_out(name: str) -> None:
    """Raise UsageError where nothing of that name can be held out."""
    if name not in HOLD_OUTS:
        raise unknown("hold_out", name, HOLD_OUTS)


def is_held_out(hold_out: str, radii: np.ndarray, speeds: np.ndarray) -> bool:
    """Whether a scene of the inside belongs to what is never trained on."""
    if hold_out == "gap":
        return bool(((speeds > GAP[0]) & (speeds < GAP[1])).any())
    if hold_out == "combinations":
        slow = speeds < sum(SPEED) / 2
        return bool(slow[0] != (slow[1] if len(speeds) > 1 else radii[0] < sum(RADIUS) / 2))
    return False


def draw(setup: Setup, split: Split, hold_out: str, rng: np.random.Generator) -> tuple[Scene, np.ndarray]:
    """A scene of a split and the speeds of its discs (N,); drawn again until there is room for it."""
    while True:
        radii, speeds = (rng.uniform(*np.transpose([ours] * setup.discs)) for ours in (RADIUS, SPEED))
        radii[0], speeds[0] = (rng.uniform(*some[rng.integers(len(some))]) for some in (split.radius, split.speed))
        inside = split in (INSIDE, HELD)
        if inside and hold_out != "none" and is_held_out(hold_out, radii, speeds) != split.held:
            continue
        scene = setup.place(rng, radii, speeds)
        if scene is not None:
            return scene, speeds


def training_scene(setup: Setup, hold_out: str, seed: int, index: int) -> Scene:
    """Clip number `index` of the training set of that seed."""
    return draw(setup, INSIDE, hold_out, np.random.default_rng([TRAIN, seed, index]))[0]


def test_scenes(setup: Setup, split: Split, hold_out: str, count: int) -> list[Scene]:
    """The first `count` test scenes of a split; the same for every model."""
    number = ALL.index(split)
    return [draw(setup, split, hold_out, np.random.default_rng([TEST, number, i]))[0] for i in range(count)]


def asked(hold_out: str) -> Iterator[Split]:
    """The splits on which a model is tested."""
    yield INSIDE
    if hold_out != "none":
        yield HELD
    yield from OUTSIDE
