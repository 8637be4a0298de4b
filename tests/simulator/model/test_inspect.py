"""What is shown of the inside is what went on there."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from simulator.errors import UsageError
from simulator.model.conditioning import to_frames
from simulator.model.inspect import (
    INPUT,
    QUANTITIES,
    Step,
    Watched,
    blocks,
    decodability,
    recording,
    ridge,
    scenes,
    state,
)
from simulator.model.sample import WorldModel
from simulator.shot import Shot
from simulator.truth import SEEN
from tests.simulator.model.test_team import stirred
from tests.simulator.model.test_transformer import inputs

SHOT = Shot("s", "a ball falls", 32, 32, 8, 8.0, seed=3)


def test_every_step_of_the_sampler_is_shown() -> None:
    net, seen = stirred().eval(), list[Step]()
    clip = Watched(net, seen.append).generate(SHOT, steps=3)
    assert clip.digest == WorldModel(net).generate(SHOT, steps=3).digest, "who looks on changes nothing"
    assert [step.t for step in seen] == sorted(step.t for step in seen)
    assert len(seen) == 3
    codec = WorldModel(net).codec
    assert np.array_equal(to_frames(codec.decode(seen[-1].x, 8, 32, 32)[0]), clip.frames), "the last step lands on x"
    for a, b in pairwise(seen):
        share = (b.t - a.t) / (1 - a.t)
        assert torch.allclose(b.z, a.z + share * (a.x - a.z), atol=1e-5)


def test_attention_maps_are_what_the_block_did_with_its_values() -> None:
    net = stirred()
    mixed: dict[str, torch.Tensor] = {}
    qkv: dict[str, torch.Tensor] = {}
    for name in blocks(net):
        block = net.get_submodule(name)
        block.qkv.register_forward_hook(lambda m, i, o, name=name: qkv.__setitem__(name, o))
        block.project.register_forward_hook(lambda m, i, o, name=name: mixed.__setitem__(name, i[0]))
    with recording(net, blocks(net), blocks(net)) as seen:
        net(*inputs())
    for name in blocks(net):
        (attention,), (activation,) = seen.attention[name], seen.activations[name]
        b, t, n, d = activation.shape
        assert attention.shape == (b, net.get_submodule(name).heads, t * n, t * n)
        assert torch.allclose(attention.sum(-1), torch.ones(()), atol=1e-5)
        v = qkv[name].reshape(b, t * n, 3, attention.shape[1], -1)[:, :, 2].transpose(1, 2)
        assert torch.allclose((attention @ v).transpose(1, 2).reshape(b, t, n, d), mixed[name], atol=1e-5)
    before = {name: len(seen.activations[name]) for name in blocks(net)}
    net(*inputs())
    assert before == {name: len(seen.activations[name]) for name in blocks(net)}, "afterwards nothing is kept"


def test_unknown_modules_are_named_with_near_misses() -> None:
    wrong = r"unknown module 'blocks\.9'\. Did you mean: blocks\.0"
    with pytest.raises(UsageError, match=wrong), recording(stirred(), ["blocks.9"]):
        pass
    with pytest.raises(UsageError, match="unknown module 'head'"), recording(stirred(), attention=["head"]):
        pass


def test_the_state_is_where_the_picture_shows_it() -> None:
    (scene,) = scenes(["drop_bounce"], [3], size=64, frames=16, fps=16.0, view="still")
    told, truth = state(scene.take.truth, scene.thing), scene.take.truth
    body = truth.names.index(scene.thing)
    for i in np.flatnonzero(truth.state[:, body] == SEEN):
        rows, columns = np.nonzero(truth.mask(scene.thing)[i])
        if rows.min() == 0 or rows.max() == 63:
            continue  # cut by the picture's edge
        assert told[i, 0] == pytest.approx((columns.mean() + 0.5) / 64, abs=0.03)
        assert told[i, 1] == pytest.approx((rows.mean() + 0.5) / 64, abs=0.03)
        nearest = truth.depth[i][truth.mask(scene.thing)[i]].min()
        assert nearest < np.exp(told[i, 2]) < 1.3 * nearest, "the middle lies behind the surface"
    assert np.isfinite(told).all()
    assert told[1, 3:] == pytest.approx((told[2, :2] - told[0, :2]) / 2 * 16, rel=0.05, abs=0.01), "as it moves"


def test_ridge_is_the_textbook_solution_and_finds_what_is_there() -> None:
    rng = np.random.default_rng(0)
    x, asked, w = rng.normal(size=(120, 9)), rng.normal(size=(40, 9)), rng.normal(size=(9, 2))
    groups = np.repeat(np.arange(30), 4)
    y = x @ w + 1.5
    guess = ridge(x, y, asked, groups)
    assert np.abs(guess - (asked @ w + 1.5)).max() < 0.01 * np.abs(asked @ w).max()

    noisy = y + 3 * rng.normal(size=y.shape)
    guess, best = ridge(x, noisy, asked, groups), []
    a, b = ((part - x.mean(0)) / (x.std(0) + 1e-6) / 3 for part in (x, asked))
    for strength in 10.0 ** np.arange(-4, 4) * np.trace(a @ a.T) / 120:
        solution = np.linalg.solve(a.T @ a + strength * np.eye(9), a.T @ (noisy - noisy.mean(0)))
        best.append(np.abs(b @ solution + noisy.mean(0) - guess).max(0))
    assert np.min(best, axis=0).max() < 1e-8, "through features as through the kernel"


def test_noise_tells_nothing_and_a_table_has_a_row_for_each_layer_and_quantity() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(200, 50)), rng.normal(size=(200, 5))
    guess = ridge(x[:150], y[:150], x[150:], np.repeat(np.arange(50), 3))
    assert 1 - ((guess - y[150:]) ** 2).sum() / (y[150:] ** 2).sum() < 0.1

    net = stirred().eval()
    given = scenes(["drop_bounce", "leaves_frame"], range(6), size=32, frames=8)
    table = decodability(WorldModel(net), given)
    assert list(table["layer"].unique()) == [INPUT, *blocks(net)]
    assert list(table["quantity"][: len(QUANTITIES)]) == list(QUANTITIES)
    assert (table["r2"] <= 1).all()
    assert (table["low"] <= table["high"]).all()
    assert (table["fitted"] + table["held_out"] <= 12).all()
    with pytest.raises(UsageError, match="5 scenes are too few"):
        decodability(WorldModel(net), given[:5])
