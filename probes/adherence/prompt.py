"""A prompt without a script: is the clip more like its prompt than like other sentences?"""

from __future__ import annotations

import os

import numpy as np

from probes.perception.observation import Observation
from probes.reading import Reading, Scored, Unscored

MODEL, WEIGHTS = "WORLDASSAY_CLIP_MODEL", "WORLDASSAY_CLIP_WEIGHTS"
OTHERS = ("a video of something else", "an empty scene where nothing happens", "random noise")
FRAMES = 8


def read_prompt(observation: Observation, prompt: str | None) -> Reading:
    """The share of belief that goes to the prompt, among it and OTHERS, mean over frames.

    The text-video model is an OpenCLIP model: the environment names its configuration (a name or a JSON file) in
    WORLDASSAY_CLIP_MODEL and its checkpoint in WORLDASSAY_CLIP_WEIGHTS.
    """
    if not prompt:
        return Unscored("no script and no prompt")
    if MODEL not in os.environ or WEIGHTS not in os.environ:
        return Unscored(f"no script, and no text-video model: set {MODEL} and {WEIGHTS}")
    from probes.perception.embedding import TextImage

    model = TextImage.load(os.environ[MODEL], os.environ[WEIGHTS])
    frames = observation.clip.frames
    picks = np.unique(np.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).astype(int))
    belief = model.belief(frames[picks], (prompt, *OTHERS))
    return Scored(float(belief.mean(0)[0]), (), {"similarity": float(model.similarity(frames[picks], prompt).mean())})
