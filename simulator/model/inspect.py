"""Looking inside the world model: steps of the sampler, activations, attention maps, and what state they hold.

`decodability` asks where physics can be read: a linear map (ridge regression) from a layer's activations to the state
of the first thing in the simulator, fitted on some scenes and judged on others (Alain and Bengio 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simulator.errors import UsageError, unknown
from simulator.model import flow
from simulator.model.conditioning import frame_levels, reference_grid, to_signal
from simulator.model.sample import WorldModel
from simulator.model.transformer import Block, Transformer, rotate
from simulator.scenarios import make_script
from simulator.truth import HIDDEN, SEEN, Take, Truth

if TYPE_CHECKING:
    import pandas as pd

CELLS = 4  # an activation is averaged over as many rows and columns of the picture
QUANTITIES = ("x", "y", "depth", "vx", "vy")
RIDGES = 10.0 ** np.arange(-4, 4)  # shares of the mean eigenvalue of the kernel
FOLDS = 4  # of the scenes that are fitted, to choose among RIDGES
EVERY = 3  # one scene in so many is held out
RESAMPLES = 500
INPUT = "input"  # as a layer: the noisy grid and the reference themselves


class Step(NamedTuple):
    """A step of the sampler: the noisy grid z and the predicted clean grid x, both (1, T, H, W, C) of the codec; t."""

    z: Tensor
    x: Tensor
    t: float


class Watched(WorldModel):
    """A world model that shows `seen` every step of its sampler; of a long clip, window by window."""

    def __init__(self, net: Transformer, seen: Callable[[Step], None]) -> None:
        super().__init__(net)
        self.seen = seen

    def _predictor(self, *given: Any, **named: Any) -> Callable[[Tensor, Tensor], Tensor]:
        predict = super()._predictor(*given, **named)

        def shown(z: Tensor, t: Tensor) -> Tensor:
            x = predict(z, t)
            self.seen(Step(z.clone(), x.clone(), float(t)))
            return x

        return shown


@dataclass
class Recording:
    """What was seen of each module, one entry a forward pass.

    activations: the module's output; of a block (B, T, N, D), with T slabs and N places in a slab.
    attention: (B, heads, S, S), how much token i (rows) looks at token j; S = T N tokens, slab by slab.
    """

    activations: dict[str, list[Tensor]] = field(default_factory=dict)
    attention: dict[str, list[Tensor]] = field(default_factory=dict)


def blocks(net: Transformer) -> list[str]:
    """The names of the transformer's blocks, from the input to the output."""
    return [name for name, module in net.named_modules() if isinstance(module, Block)]


@contextmanager
def recording(net: Transformer, activations: Iterable[str] = (), attention: Iterable[str] = ()) -> Iterator[Recording]:
    """Within, every forward pass leaves what the modules of these names (see `blocks`) put out, and how blocks attend.

    Attention maps are computed once more from queries and keys, since fused kernels keep none.

    Raises:
        UsageError: there is no such module, or it is no block.
    """
    modules, seen, hooks = dict(net.named_modules()), Recording(), []
    for name in activations:
        module = _module(modules, name, [n for n in modules if n])
        seen.activations[name] = []
        hooks.append(module.register_forward_hook(_keep(seen.activations[name])))
    for name in attention:
        block = _module(modules, name, blocks(net))
        assert isinstance(block, Block)
        seen.attention[name] = []
        turn: list[tuple[Tensor, Tensor]] = []
        hooks.append(block.register_forward_pre_hook(_keep_turn(turn)))
        hooks.append(block.qkv.register_forward_hook(_keep_map(seen.attention[name], turn, block.heads)))
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _module(modules: dict[str, nn.Module], name: str, allowed: Sequence[str]) -> nn.Module:
    if name not in allowed:
        raise unknown("module", name, allowed)
    return modules[name]


def _keep(into: list[Tensor]) -> Callable[..., None]:
    def hook(module: nn.Module, given: Any, output: Tensor) -> None:
        into.append(output.detach().clone())

    return hook


def _keep_turn(into: list[tuple[Tensor, Tensor]]) -> Callable[..., None]:
    def hook(module: nn.Module, given: tuple[Tensor, Tensor, tuple[Tensor, Tensor]]) -> None:
        into[:] = [given[2]]

    return hook


def _keep_map(into: list[Tensor], turn: list[tuple[Tensor, Tensor]], heads: int) -> Callable[..., None]:
    def hook(module: nn.Module, given: Any, qkv: Tensor) -> None:
        b, t, n, _ = qkv.shape
        q, k, _ = qkv.detach().reshape(b, t * n, 3, heads, -1).permute(2, 0, 3, 1, 4).float()  # (B, h, S, d)
        q, k = (rotate(F.rms_norm(y, y.shape[-1:]), *turn[0]) for y in (q, k))
        into.append(((q @ k.mT) * q.shape[-1] ** -0.5).softmax(-1))

    return hook


class Scene(NamedTuple):
    """A take, how it is told, and the body whose state is asked for."""

    family: str
    prompt: str
    take: Take
    thing: str


def scenes(
    families: Iterable[str], seeds: Iterable[int], *, size: int = 64, frames: int = 16, fps: float = 8.0,
    split: str = "test", view: str = "any",
) -> list[Scene]:  # fmt: skip
    """Scenes played by the simulator; families take turns."""
    from simulator.stage import play

    out = []
    for seed in seeds:
        for family in families:
            script = make_script(family, seed, split=split, seconds=frames / fps, view=view)
            if script.inventory:
                take = play(script, size, size, fps, frames=frames)
                out.append(Scene(family, script.prompts[0], take, script.inventory[0].name))
    return out


def state(truth: Truth, thing: str) -> np.ndarray:
    """(T, 5), the columns QUANTITIES of a body; NaN where it is neither in the picture nor hidden.

    x, y: fractions of the picture, to the right and down. vx, vy: what the body's own motion makes of them, a second;
    no video tells metres a second. depth: the logarithm of metres along the optical axis.
    """
    i = truth.names.index(thing)
    turn, shift = truth.extrinsics[:, :3, :3], truth.extrinsics[:, :3, 3]
    place = np.einsum("tij,tj->ti", turn, truth.pos[:, i]) + shift
    velocity = np.einsum("tij,tj->ti", turn, truth.velocity[:, i])
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = place[:, 2:]
        xy = (place @ truth.intrinsics.T)[:, :2] / ahead
        v = ((velocity - velocity[:, 2:] * place / ahead) @ truth.intrinsics.T)[:, :2] / ahead
        told = np.concatenate([xy, np.log(ahead), v], axis=1)
    told[:, [0, 3]] /= truth.parts.shape[2]
    told[:, [1, 4]] /= truth.parts.shape[1]
    return np.where(np.isin(truth.state[:, i], (SEEN, HIDDEN))[:, None], told, np.nan)


def decodability(
    model: WorldModel, given: Sequence[Scene], *, layers: Sequence[str] = (), known: int = 4, time: float = 0.5,
    seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """How well each layer's activations tell the state of the first thing: one row a layer and quantity.

    The model sees a clip of which the first `known` frames are given and the others are noised to `time` (0 noise, 1
    clean); only slabs without known frames are asked. Columns: layer, quantity, r2 on held-out scenes, low and high
    (95 %, by resampling scenes), fitted and held_out (numbers of scenes). r2 is 1 for every value right and 0 for
    guessing the mean of fitted scenes of this family at this moment; it can be negative. layers: names of modules;
    none: all blocks. The layer `input` is what goes into the network.

    Raises:
        UsageError: too few scenes, or an unknown layer.
    """
    import pandas as pd

    if len(given) < EVERY * FOLDS:
        raise UsageError(f"{len(given)} scenes are too few to fit and to judge; give {EVERY * FOLDS} or more")
    names = list(layers) or blocks(model.net)
    seen = [_look(model, scene, names, known, time, seed + i) for i, scene in enumerate(given)]
    scene = np.concatenate([np.full(len(one.wanted), i) for i, one in enumerate(seen)])
    moment = np.concatenate([[f"{given[i].family} {slab}" for slab in one.slabs] for i, one in enumerate(seen)])
    held = np.array(_held_out(given))[scene]
    wanted = _above_guessing(np.concatenate([one.wanted for one in seen]), moment, held)
    fit, judge = (np.isfinite(wanted).all(1) & part for part in (~held, held))
    counts = len(np.unique(scene[fit])), len(np.unique(scene[judge]))
    rows = []
    for layer in (INPUT, *names):
        x = np.concatenate([one.features[layer] for one in seen])
        guess = ridge(x[fit], wanted[fit], x[judge], scene[fit])
        for k, quantity in enumerate(QUANTITIES):
            rows.append((layer, quantity, *_r2(wanted[judge, k], guess[:, k], scene[judge]), *counts))
    return pd.DataFrame(rows, columns=["layer", "quantity", "r2", "low", "high", "fitted", "held_out"])


class _Seen(NamedTuple):
    """Of the unknown slabs of a scene: their numbers, features by layer (slabs, K), and what is wanted (slabs, Q)."""

    slabs: np.ndarray
    features: dict[str, np.ndarray]
    wanted: np.ndarray


@torch.inference_mode()
def _look(model: WorldModel, scene: Scene, names: Sequence[str], known: int, time: float, seed: int) -> _Seen:
    video = to_signal(scene.take.clip.frames)[None]
    is_known = (torch.arange(video.shape[1]) < known)[None]
    noise = torch.randn(video.shape, generator=torch.Generator().manual_seed(seed))
    level = model.codec.spread(frame_levels(is_known, torch.tensor(time)))
    z = flow.mix(model.codec.encode(video), model.codec.noise(noise), level)
    reference = reference_grid(model.codec, video, is_known)
    predict = model._predictor(scene.prompt, video, is_known, scene.take.clip.fps, 1.0, is_known.float())
    with recording(model.net, names) as seen:
        predict(z, torch.tensor(time))
    frames = model.codec.patch[0]
    slabs = np.arange(-(-known // frames), video.shape[1] // frames)  # whole ones, none of their frames known
    told = state(scene.take.truth, scene.thing)[: frames * (video.shape[1] // frames)]
    features = {INPUT: _pooled(torch.cat([z, reference], -1).flatten(2, 3), z.shape[2:4])}
    features |= {name: _pooled(seen.activations[name][0], z.shape[2:4]) for name in names}
    wanted = told.reshape(-1, frames, len(QUANTITIES)).mean(1)
    return _Seen(slabs, {name: x[slabs] for name, x in features.items()}, wanted[slabs])


def _pooled(activation: Tensor, grid: Sequence[int]) -> np.ndarray:
    """(1, T, N, D) to (T, CELLS^2 D): the mean of each of CELLS x CELLS parts of the picture.

    grid: rows and columns of single patches, of which a place may hold several.
    """
    _, t, n, d = activation.shape
    merged = round((grid[0] * grid[1] / n) ** 0.5)
    x = activation[0].float().reshape(t, grid[0] // merged, grid[1] // merged, d).movedim(-1, 1)
    return F.adaptive_avg_pool2d(x, CELLS).flatten(1).numpy()


def _held_out(given: Sequence[Scene]) -> list[bool]:
    """Every third scene of each family."""
    met: dict[str, int] = {}
    out = []
    for scene in given:
        met[scene.family] = met.get(scene.family, 0) + 1
        out.append(met[scene.family] % EVERY == 0)
    return out


def _above_guessing(wanted: np.ndarray, moment: np.ndarray, held: np.ndarray) -> np.ndarray:
    """What is wanted less the mean of the fitted rows of the same family and moment; NaN where there are none."""
    out = np.full_like(wanted, np.nan)
    for each in np.unique(moment):
        fitted = wanted[(moment == each) & ~held & np.isfinite(wanted).all(1)]
        if len(fitted):
            out[moment == each] = wanted[moment == each] - fitted.mean(0)
    return out


def ridge(x: np.ndarray, y: np.ndarray, asked: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Ridge regression of y (n, Q) on x (n, K), applied to `asked` (m, K): (m, Q).

    In closed form, through the n x n kernel; the strength is chosen for each column of y among RIDGES by leaving out
    whole groups (n,), FOLDS times.
    """
    mean, scale = x.mean(0), x.std(0) + 1e-6
    x, asked = ((part - mean) / scale / x.shape[1] ** 0.5 for part in (x.astype(float), asked.astype(float)))
    fold = np.searchsorted(np.unique(groups), groups) % FOLDS
    errors = np.zeros((len(RIDGES), y.shape[1]))
    for left_out in range(FOLDS):
        out = fold == left_out
        if out.any() and not out.all():
            guesses = _paths(x[~out], y[~out], x[out])
            errors += ((guesses - y[out]) ** 2).sum(1)
    guesses = _paths(x, y, asked)
    return np.stack([guesses[k, :, q] for q, k in enumerate(errors.argmin(0))], axis=1)


def _paths(x: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(RIDGES, m, Q): the predictions with each strength."""
    values, vectors = np.linalg.eigh(x @ x.T)
    turned, seen = vectors.T @ (y - y.mean(0)), asked @ x.T @ vectors
    strengths = RIDGES[:, None] * values.mean()
    return np.stack([seen @ (turned / (values + s)[:, None]) for s in strengths]) + y.mean(0)


def _r2(truth: np.ndarray, guess: np.ndarray, groups: np.ndarray) -> tuple[float, float, float]:
    """1 - residual over total, and its 95 % interval when groups are drawn again with replacement."""
    each = np.unique(groups)
    residual, total = (np.array([part[groups == g].sum() for g in each]) for part in ((truth - guess) ** 2, truth**2))
    drawn = np.random.default_rng(0).integers(len(each), size=(RESAMPLES, len(each)))
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = np.nanquantile(1 - residual[drawn].sum(1) / total[drawn].sum(1), (0.025, 0.975))
        return float(1 - residual.sum() / total.sum()), float(low), float(high)
