"""The codecs: what goes in comes out, what comes later changes nothing, and what is known stays."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator.errors import UsageError
from simulator.model import checkpoint
from simulator.model.autoencoder import Autoencoder
from simulator.model.codec import AutoencoderCodec, make_codec
from simulator.model.conditioning import reference_grid, to_signal
from simulator.model.config import TrainConfig
from simulator.model.data import Clips
from simulator.model.likelihood import denoising_loss
from simulator.model.sample import WorldModel
from simulator.model.train import Run, loss
from simulator.model.train_codec import CodecRun, draw_crops, prepare_codec
from simulator.shot import Shot
from tests.simulator.model.tiny import TINY

CONFIG = TrainConfig.from_mapping(
    {
        "model": {**dataclasses.asdict(TINY), "codec": "autoencoder"},
        "autoencoder": {"steps": 24, "batch": 4, "width": 12, "channels": 8},
        "data": {"size": 32, "frames": 8},
        "steps": 4, "batch": 2, "warmup": 2, "cooldown": 2, "save_every": 2, "sheet_every": 0, "probe_every": 0,
        "snapshots": [], "device": "cpu", "threads": 1, "compile": False,
    }
)  # fmt: skip
SHOT = Shot("s", "a ball falls", 32, 32, 8, 8.0, seed=3)


def clips(count: int = 3) -> Clips:
    """A square that moves over slanted stripes."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:32, :32]
    frames = []
    for _ in range(count):
        stripes = 90 + 40 * ((rows + int(rng.integers(1, 3)) * columns) // 4 % 2)
        video = np.repeat(np.repeat(stripes[None, ..., None], 8, 0), 3, -1).astype(np.uint8)
        colour, row = rng.integers(0, 255, 3), int(rng.integers(2, 20))
        for i in range(8):
            video[i, row : row + 9, 2 * i : 2 * i + 9] = colour
        frames.append(video)
    return Clips(frames, [("a ball falls left", "a ball")] * count, [8.0] * count)


def busy(merge: int = 2, patch: tuple[int, int, int] = (4, 8, 8)) -> AutoencoderCodec:
    """A tiny autoencoder whose blocks do something."""
    torch.manual_seed(1)
    net = Autoencoder(patch, 24, 16)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.1 * torch.randn_like(p))
    return AutoencoderCodec(net, merge)


@pytest.mark.parametrize("shape", [(16, 64, 64), (5, 17, 40), (1, 8, 100), (7, 33, 5), (1, 1, 1)])
def test_any_size_and_length_comes_back_in_its_shape(shape):
    codec, video = busy(), torch.rand(2, *shape, 3) * 2 - 1
    grid = codec.encode(video)
    assert grid.shape == (2, -(-shape[0] // 4), 2 * -(-shape[1] // 16), 2 * -(-shape[2] // 16), 16)
    assert grid.dtype == torch.float32
    back = codec.decode(grid, *shape)
    assert back.shape == video.shape
    assert back.dtype == torch.float32
    assert codec.noise(torch.randn(2, *shape, 3)).shape == grid.shape
    assert codec.weigh(torch.rand(2, *shape, 1)).shape == (*grid.shape[:-1], 1)
    assert codec.spread(torch.rand(2, shape[0])).expand_as(grid).shape == grid.shape


def test_stronger_compression_is_a_matter_of_the_patch():
    codec = busy(merge=1, patch=(8, 16, 16))
    grid = codec.encode(torch.rand(1, 16, 64, 64, 3))
    assert grid.shape == (1, 2, 4, 4, 16)
    assert codec.decode(grid, 16, 64, 64).shape == (1, 16, 64, 64, 3)


def test_nothing_depends_on_what_comes_later():
    codec = busy()
    video = torch.rand(1, 16, 32, 32, 3) * 2 - 1
    later = video.clone()
    later[:, 8:] = torch.rand(1, 8, 32, 32, 3)
    grid, other = codec.encode(video), codec.encode(later)
    assert torch.equal(grid[:, :2], other[:, :2])
    assert not torch.allclose(grid[:, 2:], other[:, 2:])
    assert torch.equal(codec.decode(grid, 16, 32, 32)[:, :8], codec.decode(other, 16, 32, 32)[:, :8])
    assert torch.allclose(codec.encode(video[:, :8]), grid[:, :2], atol=1e-5), "nor on the length"

    earlier = grid.clone()
    earlier[:, 0] += 1
    changed = (codec.decode(earlier, 16, 32, 32) - codec.decode(grid, 16, 32, 32)).abs().amax((0, 2, 3, 4))
    assert (changed > 1e-5).all(), "the decoder sees what came before"


def test_a_slab_is_encoded_the_same_whatever_lies_around_it():
    codec = busy()
    video, other = torch.rand(2, 1, 12, 32, 32, 3)
    other[:, 4:8] = video[:, 4:8]
    assert torch.allclose(codec.encode(video)[:, 1], codec.encode(other)[:, 1], atol=1e-6)


def test_a_slab_is_as_known_as_its_least_known_frame():
    codec = busy()
    spread = codec.spread(torch.tensor([[1.0, 1.0, 1.0, 1.0, 1.0, 0.3, 1.0, 1.0, 0.7]]))
    assert spread.shape == (1, 3, 1, 1, 16)
    assert torch.allclose(spread[0, :, 0, 0, 0], torch.tensor([1.0, 0.3, 0.7]))


def test_noise_on_the_grid_is_white():
    noise = busy().noise(torch.randn(4, 16, 64, 64, 3))
    assert abs(float(noise.mean())) < 0.03
    assert abs(float(noise.std()) - 1) < 0.03
    assert len(noise.unique()) > 0.99 * noise.numel(), "no number is used twice, but by chance"


def test_the_pixel_codec_weighs_and_makes_noise_as_it_encodes():
    codec = make_codec("pixels", (4, 8, 8), 2)
    pixels = torch.randn(2, 8, 16, 16, 3)
    assert torch.equal(codec.noise(pixels), codec.encode(pixels))
    assert torch.equal(codec.weigh(pixels[..., :1]), codec.encode(pixels[..., :1].expand_as(pixels)))
    assert not codec.weights()


def test_where_nothing_is_known_the_reference_is_zero():
    known = torch.tensor([[True] + [False] * 7, [False] * 8])
    reference = reference_grid(busy(), torch.rand(2, 8, 32, 32, 3), known)
    assert reference[0].any()
    assert not reference[1].any()


def test_the_start_is_the_principal_components_of_patches():
    """Against numpy's singular values: the error of the best linear map to so many numbers, for patches of one kind."""
    video = to_signal(np.stack(clips(8).frames))
    net = Autoencoder((4, 8, 8), 96, 12)
    net.start(video, torch.ones_like(video[..., :1]))
    error = float((net.decode(net.encode(video)) - video).detach().square().sum())
    patches = video.numpy().reshape(8, 2, 4, 4, 8, 4, 8, 3).transpose(0, 1, 3, 5, 2, 4, 6, 7).reshape(-1, 768)
    values = np.linalg.svd(patches - patches.mean(0), compute_uv=False)
    best = float(np.square(values[12:]).sum())
    assert 0.99 * best <= error < 1.15 * best, "96 of 192 numbers of a quarter are kept, then the best"


def test_settling_changes_the_latents_and_not_the_videos():
    codec = busy()
    video = to_signal(np.stack(clips(4).frames))
    before = codec.decode(codec.encode(video), 8, 32, 32)
    codec.net.settle(video)
    latents = codec.encode(video)
    assert torch.allclose(latents.std((0, 1, 2, 3)), torch.ones(16), atol=1e-3)
    assert torch.allclose(latents.mean((0, 1, 2, 3)), torch.zeros(16), atol=1e-3)
    assert torch.allclose(codec.decode(latents, 8, 32, 32), before, atol=1e-3)


def test_one_clip_is_learned(tmp_path):
    """One that no linear map holds: spots of random colours in a square that moves over others."""
    rng = np.random.default_rng(0)
    frames = np.repeat(rng.integers(0, 256, (1, 8, 8, 3)).repeat(4, 1).repeat(4, 2), 8, 0).astype(np.uint8)
    for i in range(8):
        frames[i, 8:20, 2 * i : 2 * i + 12] = rng.integers(0, 256, (6, 6, 3)).repeat(2, 0).repeat(2, 1)
    settings = dataclasses.replace(CONFIG.autoencoder, steps=250, batch=4, width=24, lr=1e-2)
    config = dataclasses.replace(CONFIG, autoencoder=settings)
    torch.set_num_threads(1)
    run = CodecRun(config, Clips([frames], [("a ball",)], [8.0]), tmp_path, torch.device("cpu"), lambda line: None)
    video = to_signal(frames)[None]
    before = float((run.net.decode(run.net.encode(video)) - video).detach().abs().mean())
    run.go()
    latents = run.net.encode(video).detach()
    after = float((run.net.decode(latents) - video).detach().abs().mean())
    assert after < 0.5 * before
    assert torch.allclose(latents.std(), torch.ones(()), atol=0.05)


def test_crops_depend_on_the_step_alone_and_fit_clips_of_all_sizes():
    a, b, c = (draw_crops(clips(), CONFIG, 3, step) for step in (5, 5, 6))
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    assert not torch.equal(a[2], c[2])
    some = clips(1)
    odd = Clips([some.frames[0], some.frames[0][:1, :20, :7]], some.prompts * 2, some.fps * 2)
    video, weight, noise = draw_crops(odd, CONFIG, 6, 0)
    assert video.shape == (6, 8, 32, 32, 3)
    assert weight.shape == (6, 8, 32, 32, 1)
    assert noise.shape == (6, 2, 4, 4, 8)


def finish(out: Path) -> None:
    torch.set_num_threads(1)
    out.mkdir(exist_ok=True)
    prepare_codec(CONFIG, clips(), out)


def test_a_killed_training_goes_on_as_if_nothing_had_happened(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.model.train_codec.SAVE_EVERY", 8)
    finish(tmp_path / "whole")
    killed = tmp_path / "killed"
    script = (
        "import sys; sys.path.insert(0, '.')\n"
        "import os, signal\n"
        "from pathlib import Path\n"
        "from simulator.model import train_codec\n"
        "from tests.simulator.model.test_codec import finish\n"
        "train_codec.SAVE_EVERY, learn = 8, train_codec.CodecRun._learn\n"
        "def deadly(run, *crops):\n"
        "    if run.step == 13: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return learn(run, *crops)\n"
        "train_codec.CodecRun._learn = deadly\n"
        f"finish(Path({str(killed)!r}))\n"
    )
    root = Path(__file__).parents[3]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    died = subprocess.run([sys.executable, "-c", script], cwd=root, check=False, env=env)
    assert died.returncode == -signal.SIGKILL
    assert (killed / "codec.pt").exists()
    assert not (killed / "codec.safetensors").exists()
    finish(killed)
    same = [checkpoint.digest(tmp_path / run / "codec.safetensors") for run in ("whole", "killed")]
    assert same[0] == same[1]
    rows = [
        [json.loads(r) for r in (tmp_path / run / "codec.jsonl").read_text().splitlines()]
        for run in ("whole", "killed")
    ]
    assert [r["step"] for r in rows[0]] == [r["step"] for r in rows[1]] == [20, 24]
    assert rows[0][1]["loss"] == rows[1][1]["loss"]


def test_an_autoencoder_of_another_configuration_is_not_taken(tmp_path):
    finish(tmp_path)
    other = dataclasses.replace(CONFIG, autoencoder=dataclasses.replace(CONFIG.autoencoder, channels=4))
    with pytest.raises(UsageError, match="other values of autoencoder; give another out="):
        prepare_codec(other, clips(), tmp_path)


def test_one_file_holds_the_flow_and_its_autoencoder(tmp_path):
    codec = prepare_codec(CONFIG, clips(), tmp_path)
    run = Run(CONFIG, tmp_path, codec=codec)
    run.go(lambda step: clips(), clips())
    model = WorldModel.load(tmp_path / "late.safetensors")
    again = model.codec.weights()
    assert again.keys() == codec.weights().keys()
    for name, tensor in codec.weights().items():
        step = tensor.abs().amax(-1, keepdim=True) / 127 if tensor.ndim == 2 else tensor.abs() * 2**-10
        assert ((tensor - again[name]).abs() <= 0.51 * step + 1e-7).all(), name
    card = json.loads((tmp_path / "late.json").read_text())
    assert card["parameters"] == sum(p.numel() for p in model.net.parameters()) + sum(t.numel() for t in again.values())

    rng = np.random.default_rng(0)
    known = {i: rng.integers(0, 256, (32, 32, 3)).astype(np.uint8) for i in (0, 1, 2, 3, 5, 7)}
    shot = dataclasses.replace(SHOT, known=known)
    clip = model.generate(shot, steps=2)
    assert all(np.array_equal(clip.frames[i], frame) for i, frame in known.items()), (
        "of whole slabs and of partly known"
    )
    assert model.generate(shot, steps=2).digest == clip.digest
    assert model.generate(dataclasses.replace(shot, seed=4), steps=2).digest != clip.digest
    for frames, height, width in ((1, 16, 40), (19, 33, 17)):
        made = model.generate(dataclasses.replace(SHOT, frames=frames, height=height, width=width), steps=1)
        assert made.frames.shape == (frames, height, width, 3)
    assert np.isfinite(denoising_loss(model, clip, "a ball", known=3))

    tensors = {**model.net.state_dict(), **{checkpoint.CODEC + k: v for k, v in again.items()}}
    for cut, lie in (("codec.mean", None), ("codec.leave.weight", None), ("codec.mean", torch.zeros(9))):
        wrong = {k: v for k, v in tensors.items() if k != cut} | ({} if lie is None else {cut: lie})
        checkpoint.save(tmp_path / "wrong.safetensors", model.net.config, wrong, {})
        with pytest.raises(UsageError, match="do not belong together"):
            WorldModel.load(tmp_path / "wrong.safetensors")
    checkpoint.save(tmp_path / "none.safetensors", model.net.config, model.net.state_dict(), {})
    with pytest.raises(UsageError, match="no weights of an autoencoder"):
        WorldModel.load(tmp_path / "none.safetensors")


def test_a_run_in_latents_goes_on_where_it_was(tmp_path):
    torch.set_num_threads(1)
    codec = prepare_codec(CONFIG, clips(), tmp_path)
    whole = Run(CONFIG, tmp_path, codec=codec)
    whole.go(lambda step: clips(), clips())
    half = tmp_path / "half"
    half.mkdir()
    for steps in (2, 4):
        run = Run(dataclasses.replace(CONFIG, steps=steps, cooldown=2 if steps == 4 else 0), half, codec=codec)
        run.restore()
        run.go(lambda step: clips(), clips())
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, run.net.state_dict()[name]), name


def test_known_slabs_do_not_count_and_partly_known_ones_do():
    """The gradient of the loss of what is made of a slab: none where all its frames are known."""
    codec = busy()
    video = torch.rand(1, 12, 32, 32, 3) * 2 - 1

    class Said(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.x = torch.nn.Parameter(torch.zeros(1, 3, 4, 4, 16))

        def forward(self, *_: torch.Tensor) -> torch.Tensor:
            return self.x

    from simulator.model.batches import Batch

    known = (torch.arange(12) < 6)[None]
    nothing = torch.zeros(1, 4, dtype=torch.long)
    said = Said()
    batch = Batch(video, torch.randn_like(video), known, torch.ones(1), torch.tensor([0.4]), nothing, torch.arange(3.0))
    loss(said, codec, batch, 8.0)[0].backward()
    counts = said.x.grad.abs().sum((0, 2, 3, 4))
    assert counts[0] == 0
    assert counts[1] > 0
    assert counts[2] > 0


def test_what_no_autoencoder_can_be_is_refused():
    for patch, width, channels in (((4, 7, 8), 96, 16), ((4, 8, 8), 100, 16), ((1, 8, 8), 96, 16), ((4, 8, 8), 12, 17)):
        with pytest.raises(UsageError, match=r"no autoencoder has .* try patch=\[4,8,8\]"):
            Autoencoder(patch, width, channels)
    with pytest.raises(UsageError, match="unknown codec 'pixel'"):
        make_codec("pixel", (4, 8, 8), 2)
    with pytest.raises(UsageError, match="no weights of an autoencoder"):
        make_codec("autoencoder", (4, 8, 8), 2)
