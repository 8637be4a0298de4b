"""The flow against closed forms."""

import math

import numpy as np
import pytest
import torch

from simulator.model import flow
from simulator.model.conditioning import draw_known, nearest_known


def velocity(x: torch.Tensor, z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The direction from z to the clean sample x, which is reached at time 1."""
    return (x - z) / (1 - t)


def test_the_path_is_a_straight_line_with_the_velocity_of_its_clean_sample():
    x, e = torch.randn(2, 4, 5, dtype=torch.float64)
    t = torch.tensor([[0.0], [0.3], [0.7], [0.95]], dtype=torch.float64)
    z = flow.mix(x, e, t)
    assert torch.allclose(velocity(x, z, t), x - e)
    h = 1e-6
    assert torch.allclose((flow.mix(x, e, t + h) - z) / h, x - e, atol=1e-6)


def test_the_loss_is_the_squared_error_of_velocities_up_to_the_clamp():
    x, e, predicted = torch.randn(3, 2, 6)
    t = torch.tensor([[0.2], [0.6]])
    z = flow.mix(x, e, t)
    wanted = (velocity(predicted, z, t) - (x - e)).square().mean()
    assert torch.allclose(flow.velocity_loss(predicted, x, t, torch.ones(2, 6)), wanted, rtol=1e-5)
    late = flow.velocity_loss(predicted, x, torch.tensor([[1.0], [1.0]]), torch.ones(2, 6))
    assert torch.allclose(late, (predicted - x).square().mean() / flow.CLAMP**2, rtol=1e-5)


def test_what_has_no_weight_does_not_count():
    x, predicted = torch.randn(2, 3, 4)
    weight = torch.tensor([[1.0], [0.0], [2.0]])
    changed = predicted.clone()
    changed[1] += 100
    t = torch.full((3, 1), 0.5)
    assert flow.velocity_loss(predicted, x, t, weight) == flow.velocity_loss(changed, x, t, weight)


def test_times_are_logit_normal():
    t = flow.draw_times(20000, -0.8, 1.0, torch.Generator().manual_seed(0))
    logits = torch.logit(t.double())
    assert abs(float(logits.mean()) + 0.8) < 0.03
    assert abs(float(logits.std()) - 1.0) < 0.03


def test_the_sampler_follows_the_exact_flow_of_a_gaussian():
    """For data N(m, s^2) the best prediction is linear in z, and the flow takes e to m + s e."""
    m, s = 0.7, 0.3

    def predict(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        gain = t * s**2 / (t**2 * s**2 + (1 - t) ** 2)
        return m + gain * (z - t * m)

    e = torch.linspace(-2, 2, 9, dtype=torch.float64)
    nothing = torch.zeros(9, dtype=torch.bool)
    errors = []
    for steps in (20, 40, 80):
        out = flow.sample(predict, e, torch.zeros_like(e), nothing, flow.schedule(steps, 1.0).double())
        errors.append(float((out - (m + s * e)).abs().max()))
    assert errors[-1] < 0.02
    slope = math.log2(errors[0] / errors[-1]) / 2
    assert 0.7 < slope < 1.3, "Euler's method is of first order"


def test_known_entries_stay_and_the_last_step_lands_on_the_prediction():
    known, held = torch.tensor([5.0, 0.0]), torch.tensor([True, False])
    noise = torch.tensor([0.7, -1.3])
    out = flow.sample(lambda z, t: torch.tensor([9.0, 0.25]), noise, known, held, flow.schedule(4))
    assert out[0] == 5.0
    assert out[1].item() == pytest.approx(0.25, abs=1e-6)


def test_schedule_runs_from_noise_to_clean_in_ascending_order():
    t = flow.schedule(7)
    assert len(t) == 8
    assert float(t[0]) == 0.0
    assert float(t[-1]) == 1.0
    assert bool((t.diff() > 0).all())


def test_a_schedule_that_has_begun_is_the_end_of_the_whole_one():
    assert torch.allclose(flow.schedule(3, begun=0.4), flow.schedule(5)[2:])


def test_a_moving_thing_weighs_more_than_the_still_background():
    video = torch.zeros(1, 8, 32, 32, 3)
    for i in range(8):
        video[0, i, 12:20, 3 * i : 3 * i + 8] = 1.0
    weight = flow.motion_weight(video, 8.0)
    assert weight.shape == (1, 8, 32, 32, 1)
    assert abs(float(weight.mean()) - 1) < 1e-5
    assert float(weight[0, :, 15, 15].mean()) > 3 * float(weight[0, :, 0, 0].mean())
    still = flow.motion_weight(torch.rand(1, 1, 32, 32, 3).expand(1, 8, -1, -1, -1), 8.0)
    assert torch.allclose(still, torch.ones_like(still), atol=1e-4)


def test_known_frames_of_training_are_mostly_ends_of_the_clip():
    rng = np.random.default_rng(0)
    drawn = np.stack([draw_known(rng, 16, 0.65) for _ in range(2000)])
    some = drawn.any(1)
    assert abs(some.mean() - 0.65) < 0.05
    assert not drawn.all(1).any()
    ends = np.abs(np.diff(drawn.astype(int), axis=1)).sum(1) <= 2
    assert 0.9 < ends.mean() < 1  # a few know frames here and there
    head = drawn[:, 0] & ~drawn[:, -1] & ends
    assert abs(head.mean() / some.mean() - 2 / 3) < 0.06
    assert not draw_known(rng, 1, 1.0).any()


def test_the_reference_is_the_nearest_known_frame_and_zero_where_nothing_is_known():
    video = torch.arange(12.0).reshape(2, 6, 1, 1, 1).expand(2, 6, 2, 2, 3)
    known = torch.tensor([[True, False, False, False, True, False], [False] * 6])
    reference = nearest_known(video, known)
    assert reference[0, :, 0, 0, 0].tolist() == [0, 0, 0, 4, 4, 4]
    assert not reference[1].any()
    changed = torch.where(known[..., None, None, None], video, torch.rand(2, 6, 2, 2, 3))
    assert torch.equal(nearest_known(changed, known), reference), "what is unknown is not looked at"
