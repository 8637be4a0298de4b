"""Acuity: what a perfect witness gets, and what known mistakes cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from probes.perception.acuity import acuity, idf1, overlaps, turn_error
from probes.perception.oracle import OracleObservation
from simulator.scenarios import make_script
from simulator.stage import play

FRAMES = 10


def masks(*where: np.ndarray) -> np.ndarray:
    """(T, 8, 24): thing i is the block of columns that where[i] (T,) says, 0 nowhere."""
    out = np.zeros((FRAMES, 8, 24), np.uint8)
    for i, blocks in enumerate(where):
        for t, block in enumerate(blocks):
            if block:
                out[t, :, 8 * (block - 1) : 8 * block] = i + 1
    return out


def score(seen: np.ndarray, true: np.ndarray) -> float:
    present = [np.stack([(m == i + 1).any((1, 2)) for i in range(2)], -1) for m in (seen, true)]
    return idf1(overlaps(seen, true), *present)


LEFT, RIGHT = np.full(FRAMES, 1), np.full(FRAMES, 3)


@pytest.mark.parametrize("swapped", [0, 2, 4])
def test_tracks_that_change_over_lose_those_frames(swapped: int) -> None:
    late = np.arange(FRAMES) >= FRAMES - swapped
    seen = masks(np.where(late, RIGHT, LEFT), np.where(late, LEFT, RIGHT))
    assert score(seen, masks(LEFT, RIGHT)) == pytest.approx(1 - swapped / FRAMES)


@pytest.mark.parametrize("lost", [0, 3, 10])
def test_frames_that_are_missed_count_as_in_the_formula(lost: int) -> None:
    seen = masks(np.where(np.arange(FRAMES) < lost, 0, LEFT), RIGHT)
    hits, tracked, wanted = 2 * FRAMES - lost, 2 * FRAMES - lost, 2 * FRAMES
    assert score(seen, masks(LEFT, RIGHT)) == pytest.approx(2 * hits / (tracked + wanted))


@pytest.mark.parametrize("degrees", [0.0, 7.0, 120.0, 180.0])
def test_turns_are_measured_in_degrees(degrees: float) -> None:
    axis = np.array([0.6, 0.0, 0.8])
    first, turn = (
        Rotation.from_euler("xyz", [10, 20, 30], degrees=True),
        Rotation.from_rotvec(np.radians(degrees) * axis),
    )
    assert turn_error((first * turn).as_matrix()[None], first.as_matrix()[None])[0] == pytest.approx(degrees, abs=1e-4)


def test_the_truth_is_seen_perfectly_and_nothing_not_at_all() -> None:
    take = play(make_script("drop_bounce", 0, view="still"), 64, 64, 8.0)
    seen = OracleObservation(take)
    found = acuity(seen, take)
    assert [found[k] for k in ("idf1", "mask_iou", "states", "camera_told")] == [1.0] * 4

    class Blind(OracleObservation):
        things = replace(seen.things, tracks=(), masks=None)  # type: ignore[assignment]

    found = acuity(Blind(take), take)
    assert (found["idf1"], found["mask_iou"]) == (0.0, 0.0)
    assert np.isnan(found["states"])
