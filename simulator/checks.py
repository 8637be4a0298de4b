"""What every family and every violation has to hold; for the project's own tests and for authors of new ones."""

from __future__ import annotations

import math

import numpy as np

from simulator.script import Script
from simulator.stage import play
from simulator.truth import Take
from simulator.violations import VIOLATIONS, Violation

NOTICED = 24  # grey values, of 255, that a pixel has to change by to be noticed


def check_twin(script: Script, violation: Violation, valid: Take) -> Take:
    """Play `script` with `violation` as `valid` was played without it, and return the violated take.

    Raises:
        AssertionError: the two differ before the onset, or do not differ after it, or the truth does not say what
            was broken.
    """
    fps = valid.clip.fps
    size = valid.clip.height, valid.clip.width
    broken = play(script, *size, fps, frames=len(valid.clip), violation=violation)
    before = math.ceil(violation.onset * fps - 1e-9)
    n = len(valid.truth.names)
    assert broken.truth.names[:n] == valid.truth.names, "the violated take has other bodies first"
    for what, a, b in (
        ("picture", valid.clip.frames, broken.clip.frames),
        ("masks", valid.truth.masks, broken.truth.masks),
        ("depth", valid.truth.depth, broken.truth.depth),
        ("positions", valid.truth.pos, broken.truth.pos[:, :n]),
        ("states", valid.truth.state, broken.truth.state[:, :n]),
    ):
        assert np.array_equal(a[:before], b[:before]), f"{violation}: {what} differ before the onset"
    assert not np.array_equal(valid.clip.frames[before:], broken.clip.frames[before:]), f"{violation}: nothing is seen"
    said = broken.truth.broken
    assert said is not None, f"{violation}: the truth does not tell"
    assert (said.kind, said.law) == (violation.kind, VIOLATIONS.entry(violation.kind).tags[0])
    assert said.body in ({violation.body} if violation.body else {None, *valid.truth.names})
    assert said.severity == violation.severity
    assert violation.onset <= said.start < said.end <= len(valid.clip) / fps
    assert valid.truth.broken is None
    return broken


def visibility(valid: Take, broken: Take) -> float:
    """The largest share of a frame's pixels that changed so much that a person would notice, [0, 1]."""
    gap = np.abs(broken.clip.frames.astype(int) - valid.clip.frames).max(-1)
    return float((gap > NOTICED).mean((1, 2)).max())
