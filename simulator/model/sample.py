"""The trained model: shots to clips, and the denoising loss of a given clip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.model import checkpoint, flow
from simulator.model.codec import make_codec, slab_levels
from simulator.model.conditioning import frame_levels, known_video, nearest_known, slab_seconds, to_frames, to_signal
from simulator.model.precision import autocast
from simulator.model.text import Tokenizer
from simulator.model.transformer import Transformer
from simulator.shot import Shot

MAX_TOKENS = 16384  # of one clip: 512x512 at 16 frames, or 64x64 for two minutes at 8 frames a second


class WorldModel:
    """A diffusion transformer with its tokenizer and codec."""

    def __init__(self, net: Transformer) -> None:
        config = net.config
        self.net = net
        self.codec = make_codec(config.codec, config.patch, config.merge)
        self.tokenizer = Tokenizer(config.vocabulary)

    @classmethod
    def load(cls, checkpoint_name: str | Path) -> WorldModel:
        """The model of a shipped checkpoint's name, or of a .safetensors file; see checkpoint.load for errors."""
        return cls(checkpoint.load(checkpoint.find(checkpoint_name)))

    @torch.inference_mode()
    def generate(self, shot: Shot, *, steps: int = 8, guidance: float = 2.0) -> Clip:
        """The clip of a shot: its known frames as they are, the others drawn from the model with shot.seed.

        steps: of Euler's method. guidance: 1 for none; more follows the prompt harder (Ho and Salimans 2022).

        Raises:
            UsageError: the clip is larger than MAX_TOKENS, or a known frame does not fit.
        """
        self._check_size(shot)
        video, is_known = known_video(shot)
        generator = torch.Generator().manual_seed(shot.seed)
        noise = self.codec.encode(torch.randn(video.shape, generator=generator))
        held = self.codec.spread(is_known.float()) > 0.5
        predict = self._predictor(shot.prompt, video, is_known, shot.fps, guidance)
        grid = flow.sample(predict, noise, self.codec.encode(video), held, flow.schedule(steps))
        frames = to_frames(self.codec.decode(grid, shot.frames, shot.height, shot.width)[0])
        for index, frame in shot.known.items():
            frames[index] = frame
        return Clip(frames, shot.fps)

    @torch.inference_mode()
    def loss(
        self,
        clip: Clip,
        prompt: str,
        *,
        known: int = 0,
        times: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8),
        draws: int = 2,
        seed: int = 0,
    ) -> float:
        """Mean squared error of the velocity over the frames from `known` on; lower is likelier.

        Each draw of noise is used at each time and with both signs, so two clips with equal arguments are paired.
        """
        video = to_signal(clip.frames)[None]
        is_known = (torch.arange(len(clip)) < known)[None]
        x, predict = self.codec.encode(video), self._predictor(prompt, video, is_known, clip.fps, 1.0)
        weight = self.codec.spread((~is_known).float())
        generator = torch.Generator().manual_seed(seed)
        errors = []
        for _ in range(draws):
            noise = self.codec.encode(torch.randn(video.shape, generator=generator))
            for sign in (1, -1):
                for time in times:
                    t = self.codec.spread(frame_levels(is_known, torch.tensor(time)))
                    predicted = predict(flow.mix(x, sign * noise, t), torch.tensor(time))
                    errors.append(flow.velocity_loss(predicted, x, t, weight).item())
        return float(np.mean(errors))

    def _predictor(
        self, prompt: str, video: Tensor, is_known: Tensor, fps: float, guidance: float
    ) -> Callable[[Tensor, Tensor], Tensor]:
        """The network as a function of the noisy grid and the time alone."""
        ids = self.tokenizer([prompt] if guidance == 1 else [prompt, ""])
        reference = self.codec.encode(nearest_known(video, is_known)).expand(len(ids), -1, -1, -1, -1)

        def predict(z: Tensor, t: Tensor) -> Tensor:
            levels = slab_levels(frame_levels(is_known, t), self.codec.patch[0]).expand(len(ids), -1, -1)
            seconds = slab_seconds(z.shape[1], self.codec.patch[0], fps)
            with autocast():
                x = self.net(z.expand(len(ids), *z.shape[1:]), reference, levels, seconds, ids).float()
            return x if guidance == 1 else x[1:] + guidance * (x[:1] - x[1:])

        return predict

    def _check_size(self, shot: Shot) -> None:
        tokens = 1
        for size, patch in zip((shot.frames, shot.height, shot.width), self.codec.patch, strict=True):
            if size < 1:
                raise UsageError(
                    f"shot '{shot.id}' asks for {shot.frames} frames of {shot.height}x{shot.width}; give 1 or more"
                )
            tokens *= -(-size // patch)
        if tokens > MAX_TOKENS:
            raise UsageError(
                f"shot '{shot.id}' needs {tokens} tokens, the limit is {MAX_TOKENS}; "
                "ask for fewer frames or a smaller picture"
            )
