"""Coherence: frames that are made of other matter than their neighbours, as a whole or in one place."""

from __future__ import annotations

import cv2
import numpy as np

from probes.evidence import Finding
from probes.perception.flow import warp_back
from probes.perception.observation import Observation

USUAL, NEWNESS = 0.15, 4.0  # share of the contrast that is new in calm clips, and what more of it counts
LEAST_CONTRAST = 12.0  # of 255
SURPRISING = 8.0  # times what the clip's own motion leaves unexplained


def incoherence(observation: Observation) -> Finding | None:
    """Frames that optical flow cannot make from their neighbours, relative to their contrast: noise has about 1."""
    flow = observation.flow
    h, w = flow.shape[1:3]
    grey = [cv2.resize(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
            for f in observation.clip.frames]  # fmt: skip
    shares = []
    for here, there, motion in zip(grey[:-1], grey[1:], flow, strict=True):
        left = np.abs(warp_back(there, motion) - here).mean()
        shares.append(float(left / max(here.std(), LEAST_CONTRAST)))
    share = float(np.median(shares))
    text = f"{share:.0%} of the picture's contrast is new in every frame"
    return Finding(
        "incoherent", "incoherent", 0.0, observation.clip.seconds, None, NEWNESS * max(0.0, share - USUAL), text
    )


def popped(observation: Observation) -> list[Finding]:
    """Under a moving camera, where things are not followed: what changes more suddenly than parallax explains."""
    findings = []
    for pop in observation.pops[:3]:
        when = pop.frame / observation.clip.fps
        findings.append(Finding("popped", "vanish", when, observation.clip.seconds, pop.box, pop.strength / SURPRISING,
                                f"something appears or vanishes at {when:.2f} s"))  # fmt: skip
    return findings
