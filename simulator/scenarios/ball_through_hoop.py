"""A ball is dropped or thrown through a hoop; sometimes it is dropped onto the rim and bounces off.

Law: free flight at g = 9.81 m/s^2, and solids do not go through each other. The hoop faces the ball's velocity at the
moment `at` of the passage; `rise` tells where the top of the flight lies: 0 is a ball let go (or thrown level) at the
start, towards 1 it is highest in the hoop. The way fallen in `at` seconds sets the size of the world.
Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.scenarios import parts
from simulator.scene import Body, Camera, Geom, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing

VERSION = 1
GRAVITY = 9.81
TOLERANCE = 0.15  # seconds either side of an expected time

AT = (0.24, 0.30), (0.16, 0.22)  # share of the clip until the passage: train, ood
SIZE = (0.22, 0.26), (0.16, 0.19)  # diameter of the ball over the picture's height
OPENING = (1.7, 1.9), (1.5, 1.6)  # radius of the hoop over that of the ball
SPEED = (0.32, 0.40), (0.42, 0.48)  # picture heights that a thrown ball goes sideways until the passage
RIM = 0.2  # thickness of the rim over the radius of the ball
SEGMENTS = 20

THROUGH = (
    "{a} ball {goes} through {hoop} hoop.",
    "{a} ball is {way} and goes through {hoop} hoop.",
    "{a} ball passes through {hoop} hoop without touching the rim.",
    "Through {hoop} hoop goes {a} ball.",
    "A {colour} ball, {way}, flies through the middle of {hoop} hoop and lands on the floor.",
    "Somebody's {colour} ball is {way} and passes through {hoop} ring.",
    "{hoop} hoop on a stand; {a} ball {goes} through it.",
    "Video of {a} ball that {goes} through {hoop} ring.",
)
RIMMED = (
    "{a} ball falls on the rim of {hoop} hoop and bounces off.",
    "{a} ball is dropped, hits the rim of {hoop} hoop and does not go through.",
    "{a} ball misses {hoop} hoop: it hits the rim and falls beside it.",
    "On the rim of {hoop} hoop bounces {a} ball.",
    "A {colour} ball is dropped onto the rim of {hoop} hoop and falls outside.",
    "Dropped from above, {a} ball strikes the rim of {hoop} ring and bounces away.",
    "{hoop} hoop on a stand; {a} ball bounces off its rim.",
    "Video of {a} ball that bounces off the rim of {hoop} ring.",
)


def build(rng: np.random.Generator, *, split: str, difficulty: float, seconds: float) -> Script:
    """The Script of one draw; see the module for the story."""
    rimmed = bool(rng.random() < 0.2)
    thrown = not rimmed and bool(rng.random() < 0.6)
    at = min(parts.uniform(rng, split, *AT) * seconds, 0.75)
    share = parts.uniform(rng, split, *SIZE)
    opening = parts.uniform(rng, split, *OPENING)
    rise = float(rng.uniform(0.2, 0.45)) if thrown else 0.0
    colour, hoop_colour, other = parts.colour_words(rng, split, 3)
    rgb, hoop_rgb = parts.tint(rng, colour), parts.tint(rng, hoop_colour)

    fallen = GRAVITY * at**2 / 2
    span = fallen * max((1 - rise) ** 2 / 0.38, 1.7)
    r = share * span / 2
    wide = opening * r  # radius of the hoop, to the middle of its rim
    height = max(0.42 * span, (2 * rise - 1) * fallen + 1.1 * r)
    side = float(rng.choice((-1.0, 1.0)))
    speed = side * parts.uniform(rng, split, *SPEED) * span / at if thrown else 0.0
    centre: Vec = (0.0, 0.0, height)
    facing: Vec = (speed, 0.0, -GRAVITY * at * (1 - rise))

    aside: Vec = (0.0, 0.0, 0.0)
    hit = at
    if rimmed:  # onto the rim on the left or right, a little outside its middle
        out = float(rng.uniform(0.15, 0.3)) * (1 + RIM) * r
        aside = (side * (wide + out), 0.0, 0.0)
        hit = math.sqrt(max(0.0, at**2 - 2 * math.sqrt(((1 + RIM) * r) ** 2 - out**2) / GRAVITY))
    start: Vec = (
        centre[0] - speed * at + aside[0],
        aside[1],
        height - GRAVITY * at**2 * (rise - 0.5),
    )
    cam = _camera(rng, (0.0, 0.0, 0.45 * span), span, facing, start)
    ball = Body(
        "ball",
        "ball",
        colour,
        (parts.shape_of("ball", r)[0],),
        parts.paint(rng, rgb, 2 * r),
        start,
        motion="free",
        velocity=(speed, 0.0, GRAVITY * at * rise),
        restitution=float(rng.uniform(0.45, 0.6)),
        friction=0.6,
    )
    hoop = _hoop(rng, hoop_colour, hoop_rgb, centre, facing, wide=wide, thick=RIM * r)
    stand = _stand(centre, wide, RIM * r)
    rgbs = (rgb, hoop_rgb)
    setting = parts.room(rng, rgbs, span, parts.reach_of(cam), difficulty)
    scene = Scene((ball, hoop, stand), cam, setting, parts.lights(rng, span))

    templates = RIMMED if rimmed else THROUGH
    words = {
        "a": parts.article(colour),
        "colour": colour,
        "hoop": parts.article(hoop_colour),
        "goes": "flies" if thrown else "drops",
        "way": "thrown" if thrown else "dropped",
    }
    wrong = {**words, "a": parts.article(other), "colour": other}
    swapped = {**words, "a": parts.article(hoop_colour), "colour": hoop_colour, "hoop": parts.article(colour)}
    kind, through = ("bounces", None) if rimmed else ("passes_through", "hoop")
    down = at * rise  # when the ball begins to fall
    solid = hit if rimmed else at + (math.sqrt(facing[2] ** 2 + 2 * GRAVITY * (height - r)) + facing[2]) / GRAVITY
    return Script(
        family="ball_through_hoop",
        version=VERSION,
        seed=0,
        split=split,
        difficulty=difficulty,
        seconds=seconds,
        scene=scene,
        prompts=parts.tell(rng, templates, **words),
        counterfactuals=parts.otherwise(templates, wrong, swapped)
        + parts.otherwise(THROUGH if rimmed else RIMMED, words),
        inventory=(Thing("ball", "ball", colour), Thing("hoop", "hoop", hoop_colour)),
        expected=(
            Expected("present", "hoop", 0.0, seconds),
            Expected("falls", "ball", down, seconds),
            Expected(kind, "ball", max(0.0, hit - TOLERANCE), min(seconds, hit + TOLERANCE), through),
        ),
        breakable=(
            Breakable("pass_through", "ball", 0.75 * solid, 0.92 * solid),
            Breakable("teleport", "ball", 0.4 * hit, 0.8 * hit),
            Breakable("vanish", "ball", 0.4 * hit, 1.2 * hit),
            Breakable("float", "ball", down + 0.4 * (hit - down), down + 0.8 * (hit - down)),
            Breakable("sudden_turn", "ball", 0.5 * hit, 0.75 * hit),
        ),
        parameters={
            "colour": colour,
            "hoop": hoop_colour,
            "way": "rim" if rimmed else words["way"],
            "at_s": hit,
            "rise": rise,
            "size": share,
            "opening": opening,
            "speed": abs(speed) / span,
            "floor": setting.floor.texture,
            "span_m": span,
        },
    )


def _camera(rng: np.random.Generator, centre: Vec, span: float, facing: Vec, start: Vec) -> Camera:
    """A camera that looks at the hoop aslant, so that its opening shows, and has the start in its picture."""
    axis = np.asarray(facing) / np.linalg.norm(facing)
    best, least = parts.camera(centre, span, yaw=35, pitch=25, fovy=40), math.inf
    for _ in range(50):
        yaw, pitch = float(rng.uniform(-45, 45)), float(rng.uniform(8, 36))
        cam = parts.camera(centre, span, yaw=yaw, pitch=pitch, fovy=float(rng.uniform(32, 46)))
        view = (np.asarray(centre) - np.asarray(cam.keys[0].eye)) / parts.reach_of(cam)
        u, v, _ = parts.project(cam, start)
        slant = abs(float(view @ axis))
        off = max(0.0, abs(u) - 0.38) + max(0.0, abs(v) - 0.38) + max(0.0, 0.45 - slant, slant - 0.72)
        if off < least:
            best, least = cam, off
    return best


def _hoop(
    rng: np.random.Generator, colour: str, rgb: Vec, centre: Vec, facing: Vec, *, wide: float, thick: float
) -> Body:
    """A ring of capsules, radius `wide` to the middle of a rim of radius `thick`, metres; its axis is `facing`."""
    geoms = []
    half = wide * math.tan(math.pi / SEGMENTS)
    for k in range(SEGMENTS):
        a = 2 * math.pi * k / SEGMENTS
        along = parts.z_towards((-math.sin(a), math.cos(a), 0.0))
        geoms.append(Geom("capsule", (thick, half, 0.0), (wide * math.cos(a), wide * math.sin(a), 0.0), along))
    material = parts.paint(rng, rgb, wide, plain=1.0)
    return Body("hoop", "hoop", colour, tuple(geoms), material, centre, parts.z_towards(facing), restitution=0.6)


def _stand(centre: Vec, wide: float, thick: float) -> Body:
    """A pole from the floor to the side of the hoop that is away from the camera, out of the ball's way."""
    pos: Vec = (centre[0], centre[1] + wide + thick, centre[2] / 2)
    geom = Geom("cylinder", (0.8 * thick, centre[2] / 2, 0.0))
    return Body("stand", "stand", "grey", (geom,), Material(parts.MUTED["dark grey"]), pos, role="prop")
