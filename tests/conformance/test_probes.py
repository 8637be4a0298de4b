"""Every registered probe, on clips that are valid, hostile and degenerate."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from evals.registries import PERCEPTIONS
from probes.base import PROBES, assay
from probes.perception.observation import Observation
from probes.reading import Scored, Unscored
from simulator.clip import Clip
from simulator.scenarios import FAMILIES, make_script
from simulator.script import Script
from simulator.stage import play
from simulator.truth import Take

SIZE, FPS = 64, 8.0
PLAIN = ("candle_blowout", "ball_through_hoop", "leaves_frame", "drop_bounce", "camera_orbit")  # to classical sight


@cache
def take(family: str) -> tuple[Script, Take]:
    script = make_script(family, 3, view="still")
    return script, play(script, SIZE, SIZE, FPS)


def hostile() -> dict[str, Clip]:
    rng = np.random.default_rng(0)
    shapes = {"one frame": (1, 64, 64), "two frames": (2, 64, 64), "tiny": (16, 16, 16), "noise": (16, 64, 64),
              "wide": (8, 32, 120), "three frames": (3, 48, 64)}  # fmt: skip
    clips = {name: Clip(rng.integers(0, 256, (*shape, 3), dtype=np.uint8), FPS) for name, shape in shapes.items()}
    clips["black"] = Clip(np.zeros((16, 64, 64, 3), np.uint8), FPS)
    clips["blinking"] = Clip(np.tile(np.array([0, 255], np.uint8)[:, None, None, None], (8, 64, 64, 3)), FPS)
    return clips


def observe(clip: Clip) -> Observation:
    seen: Observation = PERCEPTIONS.load("classical")(clip)
    return seen


def check(readings: dict[str, object], clip: Clip) -> None:
    """What every reading promises."""
    for name, reading in readings.items():
        assert isinstance(reading, Scored | Unscored), (name, reading)
        if isinstance(reading, Unscored):
            assert reading.reason.strip(), name
            continue
        assert 0.0 <= reading.value <= 1.0
        assert reading.value >= 0.5 or reading.spans, f"{name} alarms without evidence"
        assert all(np.isfinite(v) for v in reading.measures.values())
        for span in reading.spans:
            assert 0.0 <= span.start <= span.end <= clip.seconds + 1e-6, (name, span)
            assert 0.0 <= span.severity <= 1.0
            assert span.text.strip()
            if span.box is not None:
                x0, y0, x1, y1 = span.box
                assert 0.0 <= x0 <= x1 <= 1.0, (name, span)
                assert 0.0 <= y0 <= y1 <= 1.0, (name, span)


@pytest.mark.parametrize("name", hostile())
@pytest.mark.parametrize("scripted", [False, True])
def test_hostile_clips_get_a_reading_or_a_reason(name, scripted):
    clip = hostile()[name]
    script = take("drop_bounce")[0] if scripted else None
    check(assay(observe(clip), script, "a red ball falls", PROBES.names()), clip)


@pytest.mark.parametrize("family", FAMILIES.names())
@pytest.mark.parametrize("kind", PERCEPTIONS.names())
def test_valid_takes_get_a_reading_or_a_reason_and_always_the_same(family, kind):
    script, played = take(family)
    look = PERCEPTIONS.load(kind)
    first, again = (assay(look(played if kind == "oracle" else played.clip), script, None, PROBES.names())
                    for _ in range(2))  # fmt: skip
    check(first, played.clip)
    assert first == again
    adherence = first["adherence"]
    if kind == "oracle" or family in PLAIN:
        assert isinstance(adherence, Scored), adherence
    if kind == "oracle":
        assert adherence.value > 0.5, adherence.spans


@pytest.mark.parametrize("family", ["leaves_frame", "drop_bounce", "camera_orbit"])
def test_a_mirrored_clip_scores_nearly_the_same(family):
    clip = take(family)[1].clip
    mirrored = Clip(clip.frames[:, :, ::-1], clip.fps)
    for name in ("permanence", "plausibility", "consistency3d"):
        a, b = (PROBES.load(name).score(observe(c), None, None) for c in (clip, mirrored))
        assert type(a) is type(b)
        if isinstance(a, Scored):
            assert a.value == pytest.approx(b.value, abs=0.15), name


@pytest.mark.parametrize("family", FAMILIES.names())
def test_no_script_takes_place_in_a_still(family):
    script, played = take(family)
    still = Clip(np.repeat(played.clip.frames[:1], len(played.clip), axis=0), FPS)
    reading = PROBES.load("adherence").score(observe(still), script, None)
    assert isinstance(reading, Scored)
    assert reading.value < 0.5


@pytest.mark.parametrize("name", PROBES.names())
def test_a_probe_is_registered_under_its_own_name(name):
    assert PROBES.load(name).name == name
