"""A ball falls, bounces on the floor and loses height.

Law: free fall at g = 9.81 m/s^2, then bounces that keep the fraction e (restitution) of the speed. The ball is let go
at rest, or with a small sideways speed, so that it first touches the floor `fall` seconds later, having fallen
g fall^2 / 2 metres; the world is as large as that needs. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.scenarios import parts
from simulator.scene import Body, Scene
from simulator.script import Breakable, Expected, Script, Thing

VERSION = 1
GRAVITY = 9.81
TOLERANCE = 0.2  # seconds either side of an expected time

FALL = (0.20, 0.30), (0.12, 0.40)  # share of the clip until the first contact: train, ood
SIZE = (0.24, 0.32), (0.16, 0.40)  # diameter of the ball over the picture's height
RESTITUTION = (0.55, 0.85), (0.30, 0.93)
DRIFT = (0.0, 0.16), (0.2, 0.35)  # picture heights that the ball goes sideways in the clip

TEMPLATES = (
    "{a} ball falls and bounces on {floor} floor.",
    "{a} ball drops onto {floor} floor and bounces, lower each time.",
    "Dropped from above, {a} ball bounces on {floor} floor.",
    "{a} ball is dropped and bounces up from {floor} floor.",
    "On {floor} floor {a} ball lands and bounces.",
    "{a} ball falls down, hits {floor} floor and bounces back up.",
    "A bouncing {colour} ball, dropped onto {floor} floor.",
    "Somebody drops {a} ball; it bounces on {floor} floor and loses height.",
    "Video of {a} ball falling and bouncing on {floor} floor.",
)
RISES = ("{a} ball floats up into the air.", "{a} ball rises from {floor} floor and does not come down.")


def build(rng: np.random.Generator, *, split: str, difficulty: float, seconds: float) -> Script:
    """The Script of one draw; see the module for the story."""
    fall = min(parts.uniform(rng, split, *FALL) * seconds, 0.9)
    share = parts.uniform(rng, split, *SIZE)
    restitution = parts.uniform(rng, split, *RESTITUTION)
    drift = parts.uniform(rng, split, *DRIFT) * float(rng.choice((-1.0, 1.0)))
    colour, other = parts.colour_words(rng, split, 2)
    rgb = parts.tint(rng, colour)

    drop = GRAVITY * fall**2 / 2
    span = drop / (0.86 - share)  # room above the start and below the floor line
    r = share * span / 2
    ball = Body(
        "ball",
        "ball",
        colour,
        (parts.shape_of("ball", r)[0],),
        parts.paint(rng, rgb, 2 * r),
        pos=(-drift * span / 2, 0.0, r + drop),
        motion="free",
        velocity=(drift * span / seconds, 0.0, 0.0),
        spin=(0.0, drift * span / seconds / r, 0.0),
        restitution=restitution,
        friction=0.5,
    )
    cam = parts.camera(
        (0.0, 0.0, 0.43 * span),
        span,
        yaw=float(rng.uniform(-25, 25)),
        pitch=float(rng.uniform(3, 13)),
        fovy=float(rng.uniform(32, 50)),
    )
    setting = parts.room(rng, (rgb,), span, parts.reach_of(cam), difficulty)
    blocks = parts.clutter(rng, int(rng.integers(0, 1 + round(2 * difficulty))), span, (rgb,))
    scene = Scene((ball, *blocks), cam, setting, parts.lights(rng, span))

    words = {
        "a": parts.article(colour),
        "colour": colour,
        "floor": parts.article(parts.TEXTURE_WORDS[setting.floor.texture]),
    }
    wrong = {**words, "a": parts.article(other), "colour": other}
    again = 2 * fall * restitution  # seconds in the air after the first bounce
    return Script(
        family="drop_bounce",
        version=VERSION,
        seed=0,
        split=split,
        difficulty=difficulty,
        seconds=seconds,
        scene=scene,
        prompts=parts.tell(rng, TEMPLATES, **words),
        counterfactuals=parts.otherwise(TEMPLATES, wrong) + parts.otherwise(RISES, words),
        inventory=(Thing("ball", "ball", colour),),
        expected=(
            Expected("present", "ball", 0.0, seconds),
            Expected("falls", "ball", 0.0, min(seconds, fall + TOLERANCE)),
            Expected("bounces", "ball", max(0.0, fall - TOLERANCE), min(seconds, fall + TOLERANCE)),
        ),
        breakable=(
            Breakable("energy_gain", "ball", 0.8 * fall, 0.95 * fall),
            Breakable("float", "ball", 0.3 * fall, 0.55 * fall),
            Breakable("sink_in", "ball", 0.8 * fall, 0.95 * fall),
            Breakable("drift_up", "ball", fall + 0.2 * again, fall + 0.5 * again),
            Breakable("vanish", "ball", 0.3 * seconds, 0.7 * seconds),
            Breakable("teleport", "ball", 0.3 * seconds, 0.7 * seconds),
            Breakable("colour_change", "ball", 0.3 * seconds, 0.7 * seconds),
        ),
        parameters={
            "colour": colour,
            "texture": ball.material.texture,
            "floor": setting.floor.texture,
            "fall_s": fall,
            "restitution": restitution,
            "size": share,
            "speed": abs(drift) / seconds,
            "span_m": span,
            "bounces": math.floor(math.log(0.1) / math.log(restitution)),
        },
    )
