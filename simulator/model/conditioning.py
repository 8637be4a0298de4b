"""What is known of a clip: frames at level "clean", every other frame at the level of the flow's time."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from simulator.errors import UsageError
from simulator.model.codec import Codec
from simulator.shot import Shot

TASKS, TASK_SHARES = ("head", "both", "tail", "some"), (8 / 12, 1.5 / 12, 1.5 / 12, 1 / 12)


def draw_known(rng: np.random.Generator, frames: int, share: float) -> np.ndarray:
    """Which frames of a training clip are known (frames,): none, or with probability `share` an end or both ends.

    Of the clips with known frames most continue a beginning, and most of those a beginning of a quarter of the clip.
    """
    known = np.zeros(frames, bool)
    if frames < 2 or rng.uniform() >= share:
        return known
    task = rng.choice(TASKS, p=TASK_SHARES)
    quarter = max(1, frames // 4)
    longest = max(1, frames // 2 - 1)
    length = quarter if rng.uniform() < 0.7 else int(rng.integers(1, longest + 1))
    if task == "some":  # here and there, to be filled in between
        known[rng.choice(frames, int(rng.integers(1, quarter + 1)), replace=False)] = True
        return known
    if task != "tail":
        known[:length] = True
    if task != "head":
        known[-int(rng.integers(1, quarter + 1)) :] = True
    return known


def known_video(shot: Shot) -> tuple[Tensor, Tensor]:
    """The known frames of a shot: a video (1, T, H, W, 3) in [-1, 1], black where unknown, and which (1, T) are known.

    Raises:
        UsageError: a frame lies outside the clip, or is no (height, width, 3) uint8 array.
    """
    video = np.zeros((shot.frames, shot.height, shot.width, 3), np.uint8)
    is_known = np.zeros(shot.frames, bool)
    for index, frame in shot.known.items():
        if not 0 <= index < shot.frames:
            raise UsageError(
                f"shot '{shot.id}' knows frame {index}, but its frames are 0 to {shot.frames - 1}; "
                "ask for more frames or give another index"
            )
        if frame.shape != video.shape[1:] or frame.dtype != np.uint8:
            raise UsageError(
                f"known frame {index} of shot '{shot.id}' is {frame.shape} {frame.dtype}, expected "
                f"{video.shape[1:]} uint8; resize it to the shot's height and width"
            )
        video[index] = frame
        is_known[index] = True
    return to_signal(video)[None], torch.from_numpy(is_known)[None]


def nearest_known(video: Tensor, is_known: Tensor) -> Tensor:
    """Each frame replaced by the known frame nearest in time, the earlier of two; zero where nothing is known.

    video: (B, T, H, W, 3), is_known: (B, T). It tells the network where to copy from what does not move.
    """
    time = torch.arange(video.shape[1], device=video.device)
    distance = (time[:, None] - time).abs() + 0.25 * (time > time[:, None])  # (T, T), a later frame is further
    distance = distance.masked_fill(~is_known[:, None], torch.inf)  # (B, T, T)
    nearest = distance.argmin(-1)  # (B, T)
    frames = video[torch.arange(len(video), device=video.device)[:, None], nearest]
    return frames * is_known.any(1)[:, None, None, None, None]


def reference_grid(codec: Codec, video: Tensor, is_known: Tensor) -> Tensor:
    """The grid of `nearest_known`; zero, too, where nothing is known."""
    return codec.encode(nearest_known(video, is_known)) * is_known.any(1)[:, None, None, None, None]


def to_signal(frames: np.ndarray) -> Tensor:
    """uint8 to float32 in [-1, 1]."""
    return torch.from_numpy(np.asarray(frames, np.float32)) / 127.5 - 1


def to_frames(video: Tensor) -> np.ndarray:
    """[-1, 1] to uint8, clipped."""
    return ((video.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()


def frame_levels(is_known: Tensor, t: Tensor, level: Tensor | None = None) -> Tensor:
    """Levels (B, T): `level` (B,) where a frame is known (1 if not given), t (B,) or () elsewhere."""
    known = torch.ones(1) if level is None else level
    return torch.where(is_known, known.reshape(-1, 1), t.reshape(-1, 1))


def slab_seconds(slabs: int, patch_frames: int, fps: float) -> Tensor:
    """The middle of each slab of frames, seconds (slabs,)."""
    return (torch.arange(slabs) * patch_frames + (patch_frames - 1) / 2) / fps
