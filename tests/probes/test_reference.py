"""Reference: Physics-IQ's metrics against a second implementation, written from their formulas."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from probes.perception.classical import observe
from probes.perception.observation import Reference
from probes.reading import Scored, Unscored
from probes.reference import Metrics, original, score, verified
from simulator.clip import Clip
from tests.probes.test_quality import moving

FPS = 8.0


def read(made: np.ndarray, *takes: np.ndarray, given: float = 0.0, given_last: float = 0.0) -> Scored:
    observation = observe(Clip(made, FPS))
    observation.reference = Reference(tuple(Clip(take, FPS) for take in takes), given, given_last)
    found = score(observation, None, None)
    assert isinstance(found, Scored)
    return found


def later(frames: np.ndarray, by: int) -> np.ndarray:
    """The same motion, so many frames late."""
    return np.concatenate([np.repeat(frames[:1], by, axis=0), frames[:-by]])


def test_frames_that_were_given_at_an_end_are_left_out() -> None:
    true = moving()
    made, n = later(true, 3), len(true)
    whole, inner = read(made, true, given=2 / FPS, given_last=3 / FPS), read(made[2 : n - 3], true[2 : n - 3])
    assert whole.measures == inner.measures
    assert read(made, true, given_last=0.0).measures != whole.measures


def masks_again(frames: np.ndarray) -> np.ndarray:
    """Motion masks with the average, the threshold and the closing written out."""
    grey = [cv2.GaussianBlur(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), (5, 5), 0).astype(np.float64) for f in frames]
    mean, out, box = grey[0].copy(), [np.zeros(grey[0].shape, bool)], cv2.getStructuringElement(cv2.MORPH_RECT, (5, 5))
    for picture in grey[1:]:
        mean = 0.7 * mean + 0.3 * picture
        moved = (np.abs(picture - np.rint(mean)) > 10).astype(np.uint8)
        opened = cv2.dilate(cv2.erode(moved, box), box)
        out.append(cv2.erode(cv2.dilate(opened, box), box) > 0)
    return np.stack(out)


def metrics_again(a: np.ndarray, b: np.ndarray, side: int) -> dict[str, float]:
    """The four metrics, pixel by pixel, at `side` pixels."""
    x, y = (
        np.stack([cv2.resize(m.astype(np.uint8) * 255, (side, side)) > 127 for m in masks_again(v)]) for v in (a, b)
    )
    p, q = (np.stack([cv2.resize(f, (side, side)) for f in v]) / 255.0 for v in (a, b))
    whole = [(x.max(0) & y.max(0)).sum(), (x.max(0) | y.max(0)).sum()]
    frames = [(m & n).sum() / (m | n).sum() if (m | n).any() else 1.0 for m, n in zip(x, y, strict=True)]
    share = [np.minimum(x.mean(0), y.mean(0)).sum(), np.maximum(x.mean(0), y.mean(0)).sum()]
    return {
        "spatial": whole[0] / whole[1],
        "spatiotemporal": float(np.mean(frames)),
        "weighted_spatial": share[0] / share[1],
        "mse": float(np.square(p - q).mean()),
    }


def test_metrics_equal_a_second_implementation() -> None:
    real, made = moving(), later(moving(), 3)
    found, again = read(made, real).measures, metrics_again(made, real, 64)
    assert {k: found[k] for k in again} == pytest.approx(again, abs=1e-6)


def test_the_reference_itself_is_perfect() -> None:
    found = read(moving(), moving())
    assert found.value == 1.0
    assert found.measures["physics_iq"] == 100.0
    assert not found.spans


def test_a_second_take_as_far_away_is_perfect_too() -> None:
    real, other = moving(), later(moving(), 1)
    found = read(other, real, other)
    assert found.measures["physics_iq_verified"] == pytest.approx(100.0)
    assert found.measures["physics_iq"] == pytest.approx(100.0)


def test_later_is_worse() -> None:
    values = [read(later(moving(), by), moving()).value for by in (1, 3, 6)]
    assert values[0] > values[1] > values[2]


def test_metrics_are_symmetric() -> None:
    a, b = moving(), later(moving(), 2)
    for key, value in metrics_again(a, b, 64).items():
        assert read(a, b).measures[key] == pytest.approx(read(b, a).measures[key]), key
        assert value == pytest.approx(metrics_again(b, a, 64)[key])


def test_scores_by_hand() -> None:
    found, real = Metrics(0.3, 0.2, 0.1, 0.02), Metrics(0.6, 0.4, 0.4, 0.01)
    assert original(found, real) == pytest.approx(100 * ((0.5 + 0.5 + 0.25) / 3 - 0.01))
    assert verified(found, real) == pytest.approx(100 * (0.5 + 0.5 + 0.25 + 0.5) / 4)
    assert verified(Metrics(0.9, 0.9, 0.9, 0.0), real) == 100.0


def test_what_was_given_is_left_out() -> None:
    real = moving()
    made = np.concatenate([np.full_like(real[:4], 7), real[4:]])
    assert read(made, real, given=0.5).measures["mse"] == 0.0
    assert read(made, real).measures["mse"] > 0.0


def test_without_a_real_video_there_is_a_reason() -> None:
    assert isinstance(score(observe(Clip(moving(), FPS)), None, None), Unscored)
