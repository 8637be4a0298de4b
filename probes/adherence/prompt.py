"""A sentence and a clip: is the clip more like its prompt than like what did not happen?"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from probes.adherence.rivals import rivals
from probes.perception.observation import Observation
from probes.reading import Reading, Scored, Unscored

MODEL, WEIGHTS = "WORLDASSAY_CLIP_MODEL", "WORLDASSAY_CLIP_WEIGHTS"
OTHERS = ("a video of something else", "an empty scene where nothing happens", "random noise")
FRAMES = 8


def read_prompt(observation: Observation, prompt: str | None, counterfactuals: Sequence[str] = ()) -> Reading:
    """How much more is believed of the prompt than of its strongest rival, mean over frames: 0.5 where they are even.

    The rivals are OTHERS and the counterfactuals: sentences like the prompt that say what did not happen. Where the
    caller gives none they are made from the prompt (`probes.adherence.rivals`). The text-image model is an OpenCLIP
    model: the environment names its configuration (a name or a JSON file) in WORLDASSAY_CLIP_MODEL and its checkpoint
    in WORLDASSAY_CLIP_WEIGHTS.
    """
    if not prompt:
        return Unscored("no script and no prompt")
    if not available():
        return Unscored(f"no script, and no text-video model: set {MODEL} and {WEIGHTS}")
    from probes.perception.embedding import TextImage

    model = TextImage.load(os.environ[MODEL], os.environ[WEIGHTS])
    frames = observation.clip.frames
    picks = np.unique(np.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).astype(int))
    sentences = (prompt, *(counterfactuals or rivals(prompt)), *OTHERS)
    belief = model.belief(frames[picks], sentences)
    ours, strongest = belief[:, 0], belief[:, 1:].max(1)
    measures = {
        "similarity": float(model.similarity(frames[picks], prompt).mean()),
        "belief": float(ours.mean()),
        "sentences": float(len(sentences)),
    }
    return Scored(float(np.mean(ours / (ours + strongest))), (), measures)


def available() -> bool:
    """Whether the environment names a text-image model."""
    return MODEL in os.environ and WEIGHTS in os.environ
