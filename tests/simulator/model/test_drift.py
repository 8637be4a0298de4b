"""Colours that drift are drawn back; a world that changes is left alone."""

from __future__ import annotations

import torch

from simulator.model.drift import AT_ONCE, SHARE, Steady, colours


def scene(shift: float = 0.0, gain: float = 1.0) -> torch.Tensor:
    return torch.randn(10, 16, 16, 3, generator=torch.Generator().manual_seed(0)) * 0.2 * gain + shift


def test_departure_shrinks_by_the_share() -> None:
    drifted, first = scene(0.05, 1.1), colours(scene())
    back = Steady(scene()).draw_back(drifted)
    left = (colours(back).mean - first.mean) / (colours(drifted).mean - first.mean)
    assert torch.allclose(left, torch.full((3,), 1 - SHARE), atol=1e-3)
    assert bool((colours(back).deviation < colours(drifted).deviation).all())
    whole = Steady(scene()).draw_back(scene(0.05), share=1.0)
    assert torch.allclose(colours(whole).mean, first.mean, atol=1e-5)


def test_what_has_not_departed_stays() -> None:
    assert torch.allclose(Steady(scene()).draw_back(scene()), scene(), atol=1e-6)
    even = torch.full((2, 4, 4, 3), 0.25)
    assert torch.equal(Steady(even).draw_back(even), even)


def test_slow_drift_stays_bounded() -> None:
    """A chain in which each window adds 0.01 would reach 1 after a hundred."""
    steady, here = Steady(scene()), scene()
    for _ in range(100):
        here = steady.draw_back(here + 0.01)
    assert float((colours(here).mean - colours(scene()).mean).abs().max()) <= 0.01 / SHARE


def test_a_world_that_changes_at_once_stays_changed() -> None:
    steady = Steady(scene())
    for _ in range(5):
        made = steady.draw_back(scene(-2 * AT_ONCE, 0.5))
    assert torch.allclose(made, scene(-2 * AT_ONCE, 0.5), atol=1e-2)
