"""The registered families: each module has VERSION and `build(draw) -> Script`."""

from __future__ import annotations

import importlib
import zlib
from dataclasses import replace

import numpy as np

from simulator.errors import UsageError, unknown
from simulator.registry import Registry
from simulator.script import Script
from simulator.workshop.draw import Draw

SPLITS = ("train", "calibration", "test", "ood")
VIEWS = ("any", "still", "moving")
FAMILIES = Registry("family")
for _name, _summary in (
    ("candle_blowout", "somebody blows or a snuffer comes down, and the flames go out"),
    ("ball_through_hoop", "a ball goes through a ring, not through its rim"),
    ("leaves_frame", "a thing leaves the picture and comes back the same"),
    ("chair_at_rest", "a chair stands where it stands while other things go by"),
    ("walking_figure", "a figure walks and stays one figure with the same limbs"),
    ("ships_in_cup", "two small ships rock on the liquid in a cup"),
    ("camera_orbit", "a still scene seen from a moving camera"),
    ("camera_cut", "the picture cuts to other cameras and back, and the world is the same"),
    ("paper_flock", "many folded papers fly, and their number does not change"),
    ("occluder_pass", "a thing passes behind a screen and comes out the same"),
    ("shell_game", "a thing under one of several cups goes where its cup goes"),
    ("drawbridge", "a board that swings down stops at the thing in its way"),
    ("drop_bounce", "a ball falls, bounces and loses height"),
    ("projectile", "a thrown thing flies along a parabola"),
    ("collision", "two things collide and share their momentum"),
    ("newtons_cradle", "as many balls swing away as came in"),
    ("dominoes", "a row of dominoes falls, each by the one before"),
    ("tower", "a tower of blocks stands, or falls when it is hit"),
    ("ramp", "a thing rolls or slides down a ramp, faster and faster"),
    ("pendulum", "a pendulum swings to and fro"),
    ("containment", "what is put into a box is in the box and moves with it"),
    ("pour_beads", "beads are poured from a jug into a bowl, and none is lost"),
    ("seesaw", "a seesaw tips to the heavier side"),
    ("spinning_top", "a spinning top stands and precesses, one that does not spin falls"),
    ("cloth_flag", "a flag waves from its pole"),
    ("rope_swing", "a weight swings on a rope that keeps its length"),
    ("float_or_sink", "light things float and heavy ones sink"),
    ("shadow_walk", "a thing moves and its shadow goes with it"),
    ("mirror_room", "a thing moves before a mirror, and its image does the same"),
    ("crossing_paths", "two things cross, and each stays itself"),
    ("support_removed", "what stands on a shelf falls when the shelf is taken away"),
    ("spring_mass", "a weight swings up and down on a spring"),
    ("balloon_rise", "a balloon rises and a ball falls"),
):
    FAMILIES.add(_name, f"simulator.scenarios.{_name}:build", _summary)


def seed_sequence(family: str, seed: int, purpose: str) -> np.random.SeedSequence:
    """The independent source of randomness for (family, seed, purpose); stable across processes."""
    return np.random.SeedSequence([zlib.crc32(family.encode()), seed, zlib.crc32(purpose.encode())])


def make_script(
    family: str, seed: int, *, split: str = "test", difficulty: float = 0.5, seconds: float = 2.0, view: str = "any"
) -> Script:
    """The Script of one cell; the same arguments give an equal Script in any process.

    view: whether the camera is to be "still", "moving" or "any" of both; families whose subject is the camera, and
    those whose story needs a still one, keep to their own.

    Raises:
        UsageError: unknown family, split or view, difficulty outside [0, 1], seconds outside (0, 60], negative seed.
    """
    entry = FAMILIES.entry(family)
    for noun, value, allowed in (("split", split, SPLITS), ("view", view, VIEWS)):
        if value not in allowed:
            raise unknown(noun, value, allowed)
    if not 0.0 <= difficulty <= 1.0:
        raise UsageError(f"difficulty={difficulty} is outside [0, 1]")
    if not 0.0 < seconds <= 60.0:
        raise UsageError(f"seconds={seconds} is outside (0, 60]")
    if seed < 0:
        raise UsageError(f"seed={seed} is negative; seeds are 0 or more")
    module = importlib.import_module(entry.target.split(":")[0])
    rng = np.random.default_rng(seed_sequence(family, seed, f"script/{split}"))
    script: Script = module.build(Draw(rng, split, difficulty, seconds, view))
    return replace(
        script,
        family=family,
        version=module.VERSION,
        seed=seed,
        split=split,
        difficulty=difficulty,
        seconds=seconds,
    )
