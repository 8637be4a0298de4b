"""The network: what its parts promise."""

import numpy as np
import pytest
import torch

from simulator.model.codec import make_codec
from simulator.model.precision import autocast
from simulator.model.text import FIRST_WORD, MAX_TOKENS, TextEncoder, Tokenizer, build_vocabulary
from simulator.model.transformer import Block, gather, grid_places, rotary, rotate, scatter
from tests.simulator.model.tiny import TINY, tiny


def inputs(slabs: int = 2, rows: int = 4, columns: int = 4) -> tuple[torch.Tensor, ...]:
    g = torch.Generator().manual_seed(1)
    z, reference = torch.randn(2, 2, slabs, rows, columns, 768, generator=g)
    ids = Tokenizer(TINY.vocabulary)(["a ball falls", ""])
    return z, reference, torch.rand(2, slabs, 4, generator=g), torch.arange(slabs) * 0.5, ids


def test_the_first_prediction_is_the_reference_and_the_blocks_start_as_identity():
    net = tiny()
    z, reference, levels, seconds, ids = inputs()
    assert torch.equal(net(z, reference, levels, seconds, ids), reference)
    x = torch.randn(1, 2, 16, 32)
    block = net.fine_in[0]
    turn = rotary(grid_places(seconds, 4, 4), 16)
    assert torch.equal(block(x, torch.randn(1, 2, 48), turn), x)


def test_every_parameter_gets_a_gradient_once_the_zeros_are_left():
    net = tiny()
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    net(*inputs()).square().sum().backward()
    assert [n for n, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_rotated_products_depend_on_differences_of_place_alone():
    places = torch.rand(5, 3, dtype=torch.float64)
    moved = places + torch.tensor([3.0, 0.25, -0.5])
    q, k = torch.randn(2, 1, 1, 5, 32, dtype=torch.float64)

    def products(p: torch.Tensor) -> torch.Tensor:
        turn = rotary(p, 32)
        return rotate(q, *turn) @ rotate(k, *turn).mT

    assert torch.allclose(products(places), products(moved), atol=1e-9)
    assert not torch.allclose(products(places), products(2 * places), atol=1e-3)
    assert torch.allclose(rotate(q, *rotary(places, 32)).norm(dim=-1), q.norm(dim=-1))


def test_compiled_attention_has_the_gradients_of_plain_attention():
    torch.manual_seed(0)
    block, turn = Block(192, 3, 8, 4), rotary(grid_places(torch.arange(4.0), 8, 8), 64)
    x = torch.randn(4, 4, 64, 192)
    gradients = []
    for attend in (block.attend, torch.compile(block.attend, dynamic=False)):
        given = x.clone().requires_grad_()
        with autocast():
            attended = attend(given, turn)
        attended.float().square().sum().backward()
        gradients.append(given.grad)
    plain, compiled = gradients
    assert (compiled - plain).norm() < 0.02 * plain.norm()  # NaN is not less


def test_scatter_is_the_inverse_of_gather_and_keeps_neighbours_together():
    x = torch.arange(2 * 3 * 24 * 5).reshape(2, 3, 24, 5)
    assert torch.equal(scatter(gather(x, 4, 6, 2), 4, 6, 2), x)
    first = gather(x, 4, 6, 2)[0, 0, 0].reshape(4, 5)
    assert torch.equal(first, x[0, 0, [0, 1, 6, 7]])


@pytest.mark.parametrize("shape", [(16, 64, 64), (5, 17, 40), (1, 8, 100)])
def test_the_codec_gives_back_what_it_was_given(shape):
    codec = make_codec("pixels", (4, 8, 8), 2)
    video = torch.rand(2, *shape, 3)
    grid = codec.encode(video)
    assert grid.shape[2] % 2 == 0
    assert grid.shape[3] % 2 == 0
    assert grid.shape[-1] == codec.channels
    assert torch.equal(codec.decode(grid, *shape), video)
    times = torch.rand(2, shape[0])
    spread = codec.spread(times).expand_as(grid)
    assert torch.equal(codec.decode(spread, *shape), times[:, :, None, None, None].expand(2, *shape, 3))


@pytest.mark.parametrize(
    "prompt", ["", " ", "a ball", "Ein Käse fällt 🎈", "\x00\ud800", "ball" * 500, "日本語", "a-b_c's (x)", "\n\t"]
)
def test_no_prompt_is_too_strange(prompt):
    ids = Tokenizer(TINY.vocabulary)([prompt])
    assert ids.shape == (1, MAX_TOKENS)
    assert int(ids.min()) >= 0
    assert int(ids.max()) < FIRST_WORD + len(TINY.vocabulary)


def test_words_have_ids_and_other_words_are_spelled():
    tokenizer = Tokenizer(build_vocabulary(["A ball falls.", "a ball rises."]))
    assert sorted(tokenizer.ids) == [".", "a", "ball"]
    ids = tokenizer(["Ball hi"])[0]
    assert ids[:4].tolist() == [tokenizer.ids["ball"], 1 + ord("h"), 1 + ord("i"), 0]


def test_padding_does_not_change_the_vector_of_a_prompt():
    torch.manual_seed(0)
    encoder = TextEncoder(300, 16, 2, 8)
    ids = torch.zeros(1, MAX_TOKENS, dtype=torch.long)
    ids[0, :3] = torch.tensor([5, 260, 7])
    assert torch.allclose(encoder(ids), encoder(ids[:, :3]), atol=1e-6)
    assert not np.allclose(encoder(ids).detach(), encoder(ids.flip(1)).detach(), atol=1e-3)
