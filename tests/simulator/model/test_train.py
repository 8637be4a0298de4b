"""Training and sampling on tiny models and made-up clips."""

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

from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.model import checkpoint
from simulator.model.batches import draw_batch, validation_batches
from simulator.model.conditioning import to_frames, to_signal
from simulator.model.config import ModelConfig, TrainConfig
from simulator.model.data import Clips, mirrored
from simulator.model.likelihood import denoising_loss
from simulator.model.logs import Log
from simulator.model.optimize import average, pace
from simulator.model.sample import WorldModel
from simulator.model.sheets import BAND, GUTTER, sheet
from simulator.model.text import Tokenizer
from simulator.model.train import Run, model_of
from simulator.model.watch import Row, Watcher
from simulator.scenarios import FAMILIES
from simulator.shot import Shot
from tests.simulator.model.tiny import TINY, tiny

CONFIG = TrainConfig.from_mapping(
    {
        "model": {**dataclasses.asdict(TINY)},
        "data": {"size": 16, "frames": 8},
        "steps": 12, "batch": 2, "warmup": 4, "cooldown": 4, "save_every": 4, "threads": 1, "compile": False,
        "snapshots": [["early", 4]], "sheet_every": 6, "probe_every": 5, "device": "cpu",
    }
)  # fmt: skip


def clips(count: int = 3) -> Clips:
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(count):
        video = np.full((8, 16, 16, 3), rng.integers(40, 200, 3), np.uint8)
        colour = rng.integers(0, 255, 3)
        for i in range(8):
            video[i, 5:11, i : i + 6] = colour
        frames.append(video)
    return Clips(frames, [("a ball falls left", "a ball")] * count, [8.0] * count)


def finish(config: TrainConfig, out: Path) -> Run:
    torch.set_num_threads(1)
    out.mkdir(exist_ok=True)
    run = Run(config, out, watch=Scorer())
    run.restore()
    run.go(lambda step: clips(), clips())
    return run


class Scorer(Watcher):
    """Gives the step as a score, when it has seen weights of that step."""

    def scores(self, checkpoint: Path, step: int) -> Row:
        assert json.loads(checkpoint.with_suffix(".json").read_text())["step"] == step
        WorldModel.load(checkpoint)
        return {"told": float(step)}


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path):
    whole = finish(CONFIG, tmp_path / "whole")
    script = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.simulator.model.test_train import CONFIG, finish\n"
        "from simulator.model import train\n"
        "import os, signal\n"
        "from pathlib import Path\n"
        "draw = train.draw_batch\n"
        "def deadly(clips, tokenizer, config, step, *rest):\n"
        "    if step == 7: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return draw(clips, tokenizer, config, step, *rest)\n"
        "train.draw_batch = deadly\n"
        f"finish(CONFIG, Path({str(tmp_path / 'killed')!r}))\n"
    )
    root = Path(__file__).parents[3]
    died = subprocess.run(
        [sys.executable, "-c", script], cwd=root, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert died.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "late.safetensors").exists()
    with (tmp_path / "killed" / "log.jsonl").open("a") as log:
        log.write('{"step": 6, "lo')  # a row that the kill cut short
    resumed = finish(CONFIG, tmp_path / "killed")
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, resumed.net.state_dict()[name]), name
    for name in ("early", "late"):
        same = [checkpoint.digest(tmp_path / run / f"{name}.safetensors") for run in ("whole", "killed")]
        assert same[0] == same[1]
    rows = [(tmp_path / run / "log.jsonl").read_text().splitlines() for run in ("whole", "killed")]
    assert [{**json.loads(r), "seconds": 0} for r in rows[0]] == [{**json.loads(r), "seconds": 0} for r in rows[1]]
    assert [json.loads(r).get("probe_told") for r in rows[0]] == [5, 10, None]
    sheets = [sorted(p.name for p in (tmp_path / run / "sheets").iterdir()) for run in ("whole", "killed")]
    assert sheets == [["000006.png", "000012.png"]] * 2


def test_a_run_of_another_configuration_is_not_continued(tmp_path):
    finish(CONFIG, tmp_path)
    other = dataclasses.replace(CONFIG, batch=3, steps=20)
    with pytest.raises(UsageError, match=r"other values of batch; give another out="):
        Run(other, tmp_path).restore()
    elsewhere = dataclasses.replace(CONFIG, data=dataclasses.replace(CONFIG.data, workers=7, folder="x"), steps=20)
    run = Run(elsewhere, tmp_path)
    run.restore()
    assert run.step == 12


def test_a_run_can_start_from_a_checkpoint(tmp_path):
    finish(CONFIG, tmp_path / "first")
    start = tmp_path / "first" / "late.safetensors"
    config = dataclasses.replace(CONFIG, start=str(start), model=ModelConfig(), steps=2, snapshots=())
    silent = dataclasses.replace(clips(), prompts=[("",)] * len(clips()))
    config = dataclasses.replace(config, model=model_of(config, silent))
    assert config.model == TINY
    out = tmp_path / "second"
    out.mkdir()
    run = Run(config, out)
    held = checkpoint.load(start).state_dict()
    assert all(torch.equal(held[name], value) for name, value in run.net.state_dict().items())
    assert all(torch.equal(held[name], value) for name, value in run.ema.state_dict().items())
    run.go(lambda step: clips(), clips())
    assert json.loads((out / "late.json").read_text())["start"] == checkpoint.digest(start)
    with pytest.raises(UsageError, match=r"another shape than model\.\* asks for"):
        model_of(dataclasses.replace(config, model=ModelConfig(depth=2)), clips())
    with pytest.raises(UsageError, match="unknown checkpoint 'lat'"):
        model_of(dataclasses.replace(config, start="lat"), clips())


def test_words_that_a_checkpoint_does_not_know_join_its_vocabulary(tmp_path):
    finish(CONFIG, tmp_path / "first")
    start = tmp_path / "first" / "late.safetensors"
    said = dataclasses.replace(clips(), prompts=[("zebras gallop", "zebras gallop")] * len(clips()))
    config = dataclasses.replace(CONFIG, start=str(start), model=ModelConfig())
    model = model_of(config, said)
    assert model.vocabulary == (*TINY.vocabulary, "gallop", "zebras")
    old = checkpoint.load(start).text.token.weight
    new = Run(dataclasses.replace(config, model=model), tmp_path).net.text.token.weight
    assert len(new) == len(old) + 2
    assert torch.equal(new[: len(old)], old)
    assert new[len(old) :].std() > 0.5


def test_a_loss_that_is_not_finite_ends_the_run_in_one_line(tmp_path):
    run = Run(dataclasses.replace(CONFIG, sheet_every=0), tmp_path)
    with torch.no_grad():
        run.net.head.bias.fill_(torch.inf)
    with pytest.raises(UsageError, match="the loss of step 0 is not finite; lower muon_lr"):
        run.go(lambda step: clips(), clips())


def test_a_sheet_shows_truth_and_samples():
    net, some = tiny(), clips(2)
    picture = sheet(net, some)
    height, width = 2 * (BAND + 3 * 16), GUTTER + 8 * 16
    assert picture.shape == (height, width, 3)
    truth = picture[BAND : BAND + 16, GUTTER:]
    assert np.array_equal(truth, np.concatenate(list(some.frames[0]), axis=1))
    first_frames = picture[BAND + 32 : BAND + 48, GUTTER:]
    assert np.array_equal(first_frames[:, :32], truth[:, :32]), "the known quarter is kept"


def test_the_log_reaches_tensorboard(tmp_path):
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = Log(tmp_path, Watcher())
    log.begin(0)
    log.add({"step": 20, "loss": 0.5, "validation_prompt": 0.25})
    log.close()
    board = reading.EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    assert [(e.step, e.value) for e in board.Scalars("loss")] == [(20, 0.5)]
    assert [(e.step, e.value) for e in board.Scalars("validation/prompt")] == [(20, 0.25)]


def test_without_tensorboard_there_is_one_line_and_the_log(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    heard: list[str] = []
    watch = Watcher()
    monkeypatch.setattr(watch, "says", heard.append)
    log = Log(tmp_path, watch)
    log.begin(0)
    log.add({"step": 1, "loss": 0.5})
    log.picture("samples", np.zeros((4, 4, 3), np.uint8), 1)
    log.close()
    assert len(heard) == 1
    assert "no TensorBoard here" in heard[0]
    assert log.rows() == [{"step": 1, "loss": 0.5}]


def test_one_clip_is_learned(tmp_path):
    config = dataclasses.replace(CONFIG, steps=100, cooldown=40, warmup=10, save_every=1000, snapshots=())
    torch.set_num_threads(1)
    one = clips(1)
    run = Run(config, tmp_path)
    before = validation_loss(run, one)
    run.go(lambda step: one, one)
    assert validation_loss(run, one) < 0.5 * before
    assert json.loads((tmp_path / "late.json").read_text())["step"] == 100


def validation_loss(run: Run, some: Clips) -> float:
    return denoising_loss(WorldModel(run.ema), Clip(some.frames[0], 8.0), some.prompts[0][0])


def test_batches_depend_on_the_step_alone_and_differ_between_steps():
    tokenizer = Tokenizer(TINY.vocabulary)
    a, b, c = (draw_batch(clips(), tokenizer, CONFIG, step) for step in (5, 5, 6))
    assert all(torch.equal(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    assert not torch.equal(a.noise, c.noise)
    assert len(validation_batches(clips(), tokenizer, CONFIG)) == 10


def test_the_pace_rises_stays_and_falls_to_zero():
    config = dataclasses.replace(CONFIG, steps=100, warmup=10, cooldown=40)
    assert [pace(s, config) for s in (0, 9, 10, 60, 80, 99)] == [0.1, 1.0, 1.0, 1.0, 0.5, 1 / 40]


def test_the_average_is_a_weighted_mean():
    a, b = tiny(0), tiny(1)
    wanted = {n: 0.9 * p.detach() + 0.1 * dict(b.named_parameters())[n].detach() for n, p in a.named_parameters()}
    average(a.requires_grad_(False), b, 0.9)
    assert all(torch.allclose(p, wanted[n], atol=1e-6) for n, p in a.named_parameters())


def test_the_mirror_image_swaps_sides():
    assert mirrored("Left of it, a ball moves right.") == "Right of it, a ball moves left."
    assert mirrored(mirrored("left Right bright leftover")) == "left Right bright leftover"


SHOT = Shot("s", "a ball falls", 64, 64, 16, 8.0, seed=3)


def busy() -> WorldModel:
    """A tiny model whose output is not zero."""
    net = tiny().eval()
    torch.manual_seed(5)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn_like(p))
    return WorldModel(net)


def test_known_frames_are_kept_and_the_seed_decides():
    rng = np.random.default_rng(0)
    known = {i: rng.integers(0, 256, (64, 64, 3)).astype(np.uint8) for i in (0, 1, 2, 3, 9, 15)}
    shot = dataclasses.replace(SHOT, known=known)
    model = busy()
    clip = model.generate(shot, steps=2)
    assert all(np.array_equal(clip.frames[i], frame) for i, frame in known.items())
    assert model.generate(shot, steps=2).digest == clip.digest
    assert model.generate(dataclasses.replace(shot, seed=4), steps=2).digest != clip.digest
    assert model.generate(shot, steps=2, guidance=3.0).digest != clip.digest
    shown = {**known, 0: 255 - known[0]}
    moved = model.generate(dataclasses.replace(shot, known=shown), steps=2)
    assert not np.array_equal(moved.frames[5], clip.frames[5]), "unknown frames see the known ones"


@pytest.mark.parametrize(
    ("frames", "height", "width"), [(1, 64, 64), (7, 48, 80), (16, 90, 33), (24, 16, 16), (3, 5, 9)]
)
def test_any_size_runs(frames, height, width):
    clip = busy().generate(dataclasses.replace(SHOT, frames=frames, height=height, width=width), steps=1)
    assert clip.frames.shape == (frames, height, width, 3)
    assert clip.fps == SHOT.fps


def test_plain_and_fused_attention_agree(monkeypatch):
    model = busy()
    plain = model.generate(SHOT, steps=1).frames.astype(int)
    monkeypatch.setattr("simulator.model.transformer.PLAIN_ATTENTION", 0)
    fused = model.generate(SHOT, steps=1).frames.astype(int)
    assert np.abs(plain - fused).max() <= 4, "apart from rounding in bf16"


def test_frames_and_signals_are_inverse():
    frames = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, -1)
    assert np.array_equal(to_frames(to_signal(frames)), frames)


def test_what_does_not_fit_is_refused_in_one_line():
    model = busy()
    frame = np.zeros((64, 64, 3), np.uint8)
    for change, message in (
        ({"known": {16: frame}}, "knows frame 16, but its frames are 0 to 15"),
        ({"known": {0: frame[:32]}}, r"known frame 0 .* \(32, 64, 3\) uint8, expected \(64, 64, 3\)"),
        ({"height": 4096, "width": 4096}, "limit is 16384"),
        ({"frames": 0}, "give 1 or more"),
    ):
        with pytest.raises(UsageError, match=message):
            model.generate(dataclasses.replace(SHOT, **change))


def test_weights_come_back_and_lies_are_noticed(tmp_path):
    path = tmp_path / "m.safetensors"
    model = busy()
    checkpoint.save(path, TINY, model.net.state_dict(), {"name": "m"})
    again = WorldModel.load(path)
    assert again.net.config == TINY
    for p, q in zip(model.net.parameters(), again.net.parameters(), strict=True):
        step = p.abs().amax(-1, keepdim=True) / 127 if p.ndim == 2 else p.abs() * 2**-10  # of 8 and of 16 bits
        assert ((p - q).abs() <= 0.51 * step + 1e-7).all()
    card = json.loads(path.with_suffix(".json").read_text())
    assert card["sha256"] == checkpoint.digest(path)
    assert card["parameters"] == sum(p.numel() for p in model.net.parameters())

    wider = dataclasses.replace(TINY, width=64)
    checkpoint.save(tmp_path / "wrong.safetensors", wider, model.net.state_dict(), {})
    with pytest.raises(UsageError, match="do not belong together"):
        WorldModel.load(tmp_path / "wrong.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(path.read_bytes()[:-100])
    (tmp_path / "lie.safetensors").write_bytes((2**60).to_bytes(8, "little") + b"{}")
    (tmp_path / "text.safetensors").write_text("hello")
    for name in ("cut", "lie", "text"):
        with pytest.raises(UsageError, match="no readable safetensors file"):
            WorldModel.load(tmp_path / f"{name}.safetensors")
    with pytest.raises(UsageError, match="no weights at"):
        WorldModel.load(tmp_path / "none.safetensors")
    with pytest.raises(UsageError, match="unknown checkpoint 'lat'"):
        WorldModel.load("lat")


def test_the_configuration_names_what_is_wrong():
    with pytest.raises(UsageError, match=r"unknown training key 'data\.clip'\. Did you mean: data\.clips"):
        TrainConfig.from_mapping({"data": {"clip": 3}})
    with pytest.raises(UsageError, match="steps='many' must be of type int"):
        TrainConfig.from_mapping({"steps": "many"})
    with pytest.raises(UsageError, match="data=3 must be a group"):
        TrainConfig.from_mapping({"data": 3})
    config = TrainConfig.from_mapping({"ema": 1, "model": {"patch": [2, 8, 8]}})
    assert config.ema == 1.0
    assert config.model == ModelConfig(patch=(2, 8, 8))
    assert TrainConfig.from_mapping({"data": {"families": "all"}}).data.families == tuple(FAMILIES.names())
    assert TrainConfig.from_mapping({"start": "late"}).start == "late"
    for wrong, message in (
        ({"data": {"violated": 1.5}}, r"data\.violated=1\.5 is outside 0 to 1"),
        ({"data": {"families": ["ball"]}}, "unknown family 'ball'"),
        ({"data": {"validation": 0}}, r"data\.validation=0 is less than 1"),
        ({"snapshots": ["early"]}, r"no list of names and steps, such as \[\[early,300\]"),
        ({"snapshots": [["late", 3]]}, "a snapshot cannot be called 'late'"),
    ):
        with pytest.raises(UsageError, match=message):
            TrainConfig.from_mapping(wrong)


def test_the_shipped_configuration_is_the_default():
    import yaml

    text = (Path(__file__).parents[3] / "conf" / "train.yaml").read_text()
    values = {key: value for key, value in yaml.safe_load(text).items() if key != "out"}
    assert TrainConfig.from_mapping(values) == TrainConfig()
    fields = {f.name for f in dataclasses.fields(TrainConfig)}
    assert set(values) == fields
    assert set(values["data"]) == {f.name for f in dataclasses.fields(TrainConfig().data)}
    assert set(values["model"]) == {f.name for f in dataclasses.fields(ModelConfig)} - {"vocabulary"}
