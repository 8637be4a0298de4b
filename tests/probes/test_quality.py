"""Quality: gates that fall with what spoils a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from probes.perception.classical import observe
from probes.quality import FLICKER, flicker, score, sharpness
from probes.reading import Scored, Unscored
from simulator.clip import Clip


def moving(frames: int = 12, size: int = 96) -> np.ndarray:
    """A bright square on its way over a textured ground."""
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(40, 160, (24, 24, 3), np.uint8), (size, size), interpolation=cv2.INTER_NEAREST)
    out = np.repeat(ground[None], frames, axis=0)
    for t, frame in enumerate(out):
        frame[30:60, 5 + 4 * t : 30 + 4 * t] = (230, 220, 40)
    return out


def reading(frames: np.ndarray) -> Scored:
    found = score(observe(Clip(frames, 8.0)), None, None)
    assert isinstance(found, Scored)
    return found


def test_a_still_is_still() -> None:
    found = reading(np.repeat(moving()[:1], 12, axis=0))
    assert found.measures["stillness"] == 1.0
    assert found.value == 0.0
    assert "still" in {span.kind for span in found.spans}
    assert reading(moving()).measures["stillness"] == 0.0


@pytest.mark.parametrize("amount", [0.01, 0.02, 0.05])
def test_flicker_is_the_deviation_of_the_added_brightness(amount: float) -> None:
    grey = np.full((400, 30, 30), 0.5) + np.random.default_rng(1).normal(0, amount, (400, 1, 1))
    assert flicker(grey.astype(np.float32)) == pytest.approx(amount, rel=0.1)


def test_more_flicker_scores_lower() -> None:
    rng, plain = np.random.default_rng(2), moving().astype(float)
    steps = rng.normal(0, 255, (len(plain), 1, 1, 1))
    values = [
        reading((plain * 0.6 + 40 + k * FLICKER * steps).clip(0, 255).astype(np.uint8)).value for k in (0.0, 1.0, 3.0)
    ]
    assert values[0] > values[1] > values[2]


def test_blur_takes_sharpness() -> None:
    plain = moving()
    values = [sharpness(plain)] + [
        sharpness(np.stack([cv2.GaussianBlur(f, (0, 0), sigma) for f in plain])) for sigma in (1.0, 3.0)
    ]
    assert values[0] > values[1] > values[2] > 0.0


def test_a_mirrored_clip_reads_the_same() -> None:
    here, there = reading(moving()), reading(moving()[:, :, ::-1].copy())
    assert here.value == pytest.approx(there.value, abs=1e-6)
    assert here.measures["sharpness"] == pytest.approx(there.measures["sharpness"], abs=1e-6)


@pytest.mark.parametrize("frames", [moving()[:2], np.zeros((8, 32, 32, 3), np.uint8)])
def test_too_little_to_see_is_a_reason(frames: np.ndarray) -> None:
    assert isinstance(score(observe(Clip(frames, 8.0)), None, None), Unscored)
