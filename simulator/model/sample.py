"""The trained model: shots to clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.model import checkpoint, flow
from simulator.model.codec import Codec, make_codec, slab_levels
from simulator.model.conditioning import known_video, reference_grid, slab_seconds, to_frames, to_signal
from simulator.model.drift import Steady
from simulator.model.precision import autocast
from simulator.model.text import Tokenizer
from simulator.model.transformer import Transformer
from simulator.model.windows import plan
from simulator.shot import Shot

MAX_TOKENS = 16384  # of one window: 512x512
MAX_FRAMES = 4096
MAX_STEPS = 1000
WINDOW, OVERLAP = 16, 6  # frames that are generated at once, and of those that are there already
HISTORY = (
    0.95  # level at which frames made in an earlier window are given to the next; under 1 they are a little noised
)


class WorldModel:
    """A diffusion transformer with its tokenizer and codec."""

    def __init__(self, net: Transformer, codec: Codec | None = None) -> None:
        """codec: the one that the net was trained in, where that has weights of its own."""
        config = net.config
        self.net = net
        self.codec = codec or make_codec(config.codec, config.patch, config.merge)
        self.tokenizer = Tokenizer(config.vocabulary)

    @classmethod
    def load(cls, checkpoint_name: str | Path) -> WorldModel:
        """The model of a shipped checkpoint's name, or of a .safetensors file; see checkpoint.load for errors."""
        return cls(*checkpoint.load_model(checkpoint.find(checkpoint_name)))

    @torch.inference_mode()
    def generate(
        self,
        shot: Shot,
        *,
        steps: int = 8,
        guidance: float = 2.0,
        draft: np.ndarray | None = None,
        strength: float = 1.0,
        history: float = HISTORY,
        step_done: Callable[[], None] = lambda: None,
    ) -> Clip:
        """The clip of a shot: its known frames as they are, the others drawn from the model with shot.seed.

        A clip of more than WINDOW frames is made in windows that overlap (see `windows.plan`); colours that depart
        slowly from those of the first window are drawn back (see `drift`), unless a draft is started from.
        steps: of Euler's method. guidance: 1 for none; more follows the prompt harder (Ho and Salimans 2022).
        draft: (T, H, W, 3) uint8, a video to start from, noised so far that the share `strength` in (0, 1] of the way
        from noise has to be gone again (SDEdit, Meng et al. 2022). history: the level in (0, 1] of frames from an
        earlier window; noise keeps their errors from adding up (Chen et al. 2024, "Diffusion Forcing"), for a model
        that was trained with history_noise. step_done: called after each step of each window.

        Raises:
            UsageError: the picture is larger than MAX_TOKENS, a number is out of its range, or a known frame or the
                draft does not fit.
        """
        _check_numbers(steps, guidance, strength, history)
        self._check(shot, draft)
        video, is_known = known_video(shot)
        start = None if draft is None or strength == 1.0 else to_signal(draft)[None]
        generator = torch.Generator().manual_seed(shot.seed)
        level = is_known.float()  # of what is there so far: 1 given, `history` made in an earlier window, 0 nothing yet
        steady = None
        for window in plan(shot.frames, shot.known, WINDOW, OVERLAP):
            span = slice(*window)
            begin = None if start is None else start[:, span]
            made = self._window(
                shot, video[:, span], level[:, span], begin, steps=steps, guidance=guidance, strength=strength,
                generator=generator, step_done=step_done,
            )  # fmt: skip
            fresh = level[:, span] == 0
            if steady is None:
                steady = Steady(made)
            elif start is None:
                made[fresh] = steady.draw_back(made[fresh])
            made = made.clamp(-1, 1)
            video[:, span] = torch.where(fresh[..., None, None, None], made, video[:, span])
            level[:, span] = torch.where(fresh, history, level[:, span])
        frames = to_frames(video[0])
        for index, frame in shot.known.items():
            frames[index] = frame
        return Clip(frames, shot.fps)

    def _window(
        self, shot: Shot, video: Tensor, level: Tensor, start: Tensor | None, *, steps: int, guidance: float,
        strength: float, generator: torch.Generator, step_done: Callable[[], None],
    ) -> Tensor:  # fmt: skip
        """The frames (1, T, H, W, 3) of one window; level: (1, T), what of `video` is known and how exactly."""
        is_known = level > 0
        pixels = torch.randn(video.shape, generator=generator)
        noise = self.codec.noise(pixels)
        known = flow.mix(self.codec.encode(video), noise, self.codec.spread(level))
        shown = flow.mix(video, pixels, level.reshape(1, -1, 1, 1, 1))
        predict = self._predictor(shot.prompt, shown, is_known, shot.fps, guidance, level)
        times = flow.schedule(steps, begun=1 - strength)
        if start is not None:
            noise = flow.mix(self.codec.encode(start), noise, times[0])

        def predict_and_tell(z: Tensor, t: Tensor) -> Tensor:
            x = predict(z, t)
            step_done()
            return x

        held = self.codec.spread(is_known.float()) > 0.5
        grid = flow.sample(predict_and_tell, noise, known, held, times)
        return self.codec.decode(grid, *video.shape[1:4]).float()

    def _predictor(
        self, prompt: str, video: Tensor, is_known: Tensor, fps: float, guidance: float, level: Tensor
    ) -> Callable[[Tensor, Tensor], Tensor]:
        """The network as a function of the noisy grid and the time alone; level: (1, T) of the known frames."""
        ids = self.tokenizer([prompt] if guidance == 1 else [prompt, ""])
        reference = reference_grid(self.codec, video, is_known).expand(len(ids), -1, -1, -1, -1)

        def predict(z: Tensor, t: Tensor) -> Tensor:
            levels = slab_levels(torch.where(is_known, level, t.reshape(-1, 1)), self.codec.patch[0]).expand(
                len(ids), -1, -1
            )
            seconds = slab_seconds(z.shape[1], self.codec.patch[0], fps)
            with autocast():
                x = self.net(z.expand(len(ids), *z.shape[1:]), reference, levels, seconds, ids).float()
            return x if guidance == 1 else x[1:] + guidance * (x[:1] - x[1:])

        return predict

    def _check(self, shot: Shot, draft: np.ndarray | None) -> None:
        tokens = 1
        for size, patch in zip((min(shot.frames, WINDOW), shot.height, shot.width), self.codec.patch, strict=True):
            if size < 1:
                raise UsageError(
                    f"shot '{shot.id}' asks for {shot.frames} frames of {shot.height}x{shot.width}; give 1 or more"
                )
            tokens *= -(-size // patch)
        if tokens > MAX_TOKENS:
            raise UsageError(
                f"shot '{shot.id}' needs {tokens} tokens a window, the limit is {MAX_TOKENS}; ask for a smaller picture"
            )
        if shot.frames > MAX_FRAMES:
            raise UsageError(
                f"shot '{shot.id}' asks for {shot.frames} frames, the limit is {MAX_FRAMES}; ask for fewer"
            )
        if draft is not None and draft.shape != (shot.frames, shot.height, shot.width, 3):
            raise UsageError(
                f"the draft is {draft.shape}, expected {(shot.frames, shot.height, shot.width, 3)}; resize or cut it"
            )


def _check_numbers(steps: int, guidance: float, strength: float, history: float) -> None:
    """Raises UsageError for what is out of range."""
    if not 1 <= steps <= MAX_STEPS:
        raise UsageError(f"steps={steps} is outside 1 to {MAX_STEPS}; 8 is a good number")
    if not 0.0 <= guidance <= 100.0:
        raise UsageError(f"guidance={guidance} is outside 0 to 100; 1 is none, 2 is a good number")
    if not 0.0 < strength <= 1.0:
        raise UsageError(f"strength={strength} is outside (0, 1]; 1 starts from noise alone")
    if not 0.0 < history <= 1.0:
        raise UsageError(f"history={history} is outside (0, 1]; 1 takes earlier windows as they are")
