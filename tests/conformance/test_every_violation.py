"""What holds for every family and every law that can be broken in it: the twin is the same before, another after."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.checks import check_twin, visibility
from simulator.scenarios import FAMILIES, make_script
from simulator.script import Script
from simulator.stage import play
from simulator.truth import ABSENT, SEEN, Take
from simulator.violations import VIOLATIONS, draw, prompt_breaks

SIZE, FPS = 40, 8.0
SEED = {"candle_blowout": 1, "camera_orbit": 1}  # a puff comes; the floor has a bold texture
WITH_PROMPT = FAMILIES.names()[::5]  # families whose prompts are gone against as well
LEAST = 0.005  # of the pixels of one frame: what a person would see


def valid(family: str) -> tuple[Script, Take]:
    """The script of the family and its valid take."""
    script = make_script(family, SEED.get(family, 0))
    return script, play(script, SIZE, SIZE, FPS)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES.names())
def test_twins_part_at_the_onset(family: str) -> None:
    script, good = valid(family)
    kinds = sorted({way.kind for way in script.breakable})
    assert len({VIOLATIONS.entry(kind).tags for kind in kinds}) >= 3, "laws of at least three sorts can be broken"
    if family in WITH_PROMPT:
        kinds += [way.kind for way in prompt_breaks(script)]
    faults = []
    for kind in kinds:
        violation = draw(script, np.random.default_rng(5), kind=kind, severity=1.0)
        try:
            seen = visibility(good, check_twin(script, violation, good))
        except AssertionError as error:
            faults.append(str(error).splitlines()[0])
        else:
            if seen < LEAST:
                faults.append(f"{violation}: a person would not see it, {seen:.2%} of the picture changes")
    assert not faults, "\n".join(faults)


@pytest.mark.slow
def test_a_broken_promise_shows_in_the_truth() -> None:
    returns = _broken("leaves_frame", "return_missing")
    assert returns.truth.state[-1, 0] == ABSENT
    hidden = _broken("occluder_pass", "return_missing")
    assert hidden.truth.state[-1, 0] == ABSENT
    flame = _broken("candle_blowout", "flame_stays")
    assert flame.truth.broken is not None
    name = flame.truth.broken.body
    assert name is not None
    assert flame.truth.state[-1, flame.truth.names.index(name)] == SEEN
    floats = _broken("drop_bounce", "float")
    assert floats.truth.pos[-1, 0, 2] > valid("drop_bounce")[1].truth.pos[:, 0, 2].min() * 1.5


def _broken(family: str, kind: str) -> Take:
    script = make_script(family, SEED.get(family, 0))
    return play(script, SIZE, SIZE, FPS, violation=draw(script, np.random.default_rng(5), kind=kind, severity=1.0))
