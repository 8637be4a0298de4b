"""The registered families: each module has VERSION and `build(rng, *, split, difficulty, seconds) -> Script parts`."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from simulator.errors import UsageError
from simulator.registry import Registry
from simulator.script import Script

SPLITS = ("train", "calibration", "test", "ood")
FAMILIES = Registry("family")
for _name, _summary in (
    ("candle_blowout", "a puff comes and the flame goes out"),
    ("ball_through_hoop", "a ball goes through a ring, not through its rim"),
    ("leaves_frame", "a thing leaves the picture and comes back the same"),
    ("occluder_pass", "a thing passes behind a screen and comes out the same"),
    ("drop_bounce", "a ball falls, bounces and loses height"),
    ("camera_orbit", "a still scene seen from a moving camera"),
):
    FAMILIES.add(_name, f"simulator.scenarios.{_name}:build", _summary)


def seed_sequence(family: str, seed: int, purpose: str) -> np.random.SeedSequence:
    """The independent source of randomness for (family, seed, purpose); stable across processes."""
    return np.random.SeedSequence([zlib.crc32(family.encode()), seed, zlib.crc32(purpose.encode())])


def make_script(
    family: str, seed: int, *, split: str = "test", difficulty: float = 0.5, seconds: float = 2.0
) -> Script:
    """The Script of one cell; the same arguments give an equal Script in any process.

    Raises:
        UsageError: unknown family or split, difficulty outside [0, 1], seconds outside (0, 60], negative seed.
    """
    build = FAMILIES.load(family)
    if split not in SPLITS:
        raise UsageError(f"unknown split '{split}'. Available: {', '.join(SPLITS)}")
    if not 0.0 <= difficulty <= 1.0:
        raise UsageError(f"difficulty={difficulty} is outside [0, 1]")
    if not 0.0 < seconds <= 60.0:
        raise UsageError(f"seconds={seconds} is outside (0, 60]")
    if seed < 0:
        raise UsageError(f"seed={seed} is negative; seeds are 0 or more")
    rng = np.random.default_rng(seed_sequence(family, seed, f"script/{split}"))
    script: Script = build(rng, split=split, difficulty=difficulty, seconds=seconds)
    return replace(script, seed=seed, split=split, difficulty=difficulty, seconds=seconds)
