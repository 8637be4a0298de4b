"""What holds for every family and every law that can be broken in it: the twin is the same before, another after."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from simulator.scenarios import FAMILIES, make_script
from simulator.script import Script
from simulator.stage import play
from simulator.truth import ABSENT, SEEN, Take
from simulator.violations import VIOLATIONS, draw

SIZE, FPS = 32, 8.0
SEED = {"candle_blowout": 1, "camera_orbit": 1}  # a puff comes; the floor has a bold texture
CELLS = [
    (family, kind)
    for family in FAMILIES.names()
    for kind in sorted({way.kind for way in make_script(family, SEED.get(family, 0)).breakable})
]


@lru_cache
def valid(family: str) -> tuple[Script, Take]:
    """The script of the family and its valid take."""
    script = make_script(family, SEED.get(family, 0))
    return script, play(script, SIZE, SIZE, FPS)


@pytest.mark.slow
@pytest.mark.parametrize(("family", "kind"), CELLS)
def test_twins_part_at_the_onset(family: str, kind: str) -> None:
    script, good = valid(family)
    violation = draw(script, np.random.default_rng(5), kind=kind, severity=1.0)
    twin = play(script, SIZE, SIZE, FPS, violation=violation)
    before = twin.truth.times < violation.onset
    differs = (twin.clip.frames != good.clip.frames).any((1, 2, 3))
    assert before.any()
    assert not differs[before].any()
    assert differs[~before].any()
    assert np.array_equal(twin.truth.masks[before], good.truth.masks[before])
    gap = np.abs(twin.clip.frames[~before].astype(int) - good.clip.frames[~before]).max(-1)
    assert (gap > 24).mean((1, 2)).max() > 0.01, "a person would not see it"
    broken = twin.truth.broken
    assert broken is not None
    assert (broken.kind, broken.body) == (kind, violation.body or broken.body)
    assert broken.law in VIOLATIONS.entry(kind).tags
    assert violation.onset <= broken.start < broken.end <= script.seconds


@pytest.mark.slow
def test_a_broken_promise_shows_in_the_truth() -> None:
    returns = _broken("leaves_frame", "return_missing")
    assert returns.truth.state[-1, 0] == ABSENT
    hidden = _broken("occluder_pass", "return_missing")
    assert hidden.truth.state[-1, 0] == ABSENT
    flame = _broken("candle_blowout", "flame_stays")
    assert flame.truth.state[-1, flame.truth.names.index("flame")] == SEEN
    floats = _broken("drop_bounce", "float")
    assert floats.truth.pos[-1, 0, 2] > valid("drop_bounce")[1].truth.pos[:, 0, 2].min() * 1.5


def _broken(family: str, kind: str) -> Take:
    script, _ = valid(family)
    return play(script, SIZE, SIZE, FPS, violation=draw(script, np.random.default_rng(5), kind=kind, severity=1.0))
