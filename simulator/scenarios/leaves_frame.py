"""A thing leaves the picture on one side and comes back the same.

Law: what is out of sight goes on existing and stays itself. The thing slides (a ball rolls) along the floor at
constant speed, out of the picture on one side; unseen, a wall turns it round; it comes back more slowly. At half of
the clip it is out of pictures up to 16:9. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.scenarios import parts
from simulator.scene import Body, Camera, Key, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing

VERSION = 1
TOLERANCE = 0.15  # seconds either side of an expected time
WIDEST, NARROWEST = 16 / 9, 9 / 16  # aspects (width / height) that the windows of time allow for

SIZE = (0.26, 0.34), (0.18, 0.22)  # height of the thing over the picture's height
SPAN = (1.5, 4.0), (0.6, 8.0)  # metres that the picture is high
START = (0.00, 0.16), (0.16, 0.22)  # from the middle, away from the exit, in picture heights
TURN = (0.36, 0.40), (0.28, 0.33)  # shares of the clip: at the unseen wall
WAIT = (0.08, 0.12), (0.02, 0.05)  # and there before it comes back

TEMPLATES = (
    "{a} {noun} leaves the picture on the {side} and comes back.",
    "{a} {noun} goes out of view to the {side}, then returns from the {side}.",
    "{a} {noun} moves out on the {side} side and comes back into the picture.",
    "Moving {side}, {a} {noun} disappears past the edge of the frame and later comes back.",
    "{a} {noun} slides off the {side} edge and returns.",
    "The camera stays still while {a} {noun} leaves on the {side} and returns.",
    "{a} {noun} goes off screen to the {side} and then comes back the same.",
    "On {floor} floor {a} {noun} leaves the frame on the {side} and returns.",
)
STAYS_AWAY = (
    "{a} {noun} leaves the picture on the {side} and never comes back.",
    "{a} {noun} stays in the middle of the picture and does not move.",
)


def build(rng: np.random.Generator, *, split: str, difficulty: float, seconds: float) -> Script:
    """The Script of one draw; see the module for the story."""
    colour, other = parts.colour_words(rng, split, 2)
    noun = parts.choose(rng, parts.OOD_NOUNS if split == "ood" else parts.NOUNS)
    side = parts.choose(rng, ("left", "right"))
    share = parts.uniform(rng, split, *SIZE)
    span = parts.uniform(rng, split, *SPAN)
    start = parts.uniform(rng, split, *START)
    turn = parts.uniform(rng, split, *TURN) * seconds
    wait = parts.uniform(rng, split, *WAIT) * seconds
    rgb = parts.tint(rng, colour)

    r = share * span / 2
    geom, up = parts.shape_of(noun, r)
    cam = parts.camera(
        (0.0, 0.0, float(rng.uniform(0.25, 0.38)) * span),
        span,
        yaw=float(rng.uniform(-8, 8)),
        pitch=float(rng.uniform(6, 18)),
        fovy=float(rng.uniform(30, 45)),
    )
    sign = 1.0 if side == "right" else -1.0
    far = _beyond(cam, r, up, sign)
    stops = ((0.0, -start * span), (turn, far), (turn + wait, far), (seconds, float(rng.uniform(-0.1, 0.05)) * span))
    keys = _keys(stops, sign, up, r if noun == "ball" else None, seconds)
    thing = Body(noun, noun, colour, (geom,), parts.paint(rng, rgb, 2 * r), keys[0].pos, motion="scripted", keys=keys)
    setting = parts.room(rng, (rgb,), span, parts.reach_of(cam), difficulty)
    blocks = parts.clutter(rng, int(rng.integers(0, 1 + round(2 * difficulty))), span, (rgb,))
    scene = Scene((thing, *blocks), cam, setting, parts.lights(rng, span))

    out = [
        _times_out(stops, _edge(cam, r, up, sign=sign, aspect=aspect, far=far)) for aspect in (NARROWEST, 1.0, WIDEST)
    ]
    (first, last), (leaves, returns), (late, early) = out
    words = {
        "a": parts.article(colour),
        "noun": noun,
        "side": side,
        "floor": parts.article(parts.TEXTURE_WORDS[setting.floor.texture]),
    }
    wrong_side = {**words, "side": "left" if side == "right" else "right"}
    wrong_colour = {**words, "a": parts.article(other)}
    changes = ("colour_change", "size_change", "shape_change", "return_duplicate")
    return Script(
        family="leaves_frame",
        version=VERSION,
        seed=0,
        split=split,
        difficulty=difficulty,
        seconds=seconds,
        scene=scene,
        prompts=parts.tell(rng, TEMPLATES, **words),
        counterfactuals=parts.otherwise(TEMPLATES, wrong_colour, wrong_side) + parts.otherwise(STAYS_AWAY, words),
        inventory=(Thing(noun, noun, colour),),
        expected=(
            Expected(f"moves_{side}", noun, 0.0, leaves),
            Expected("leaves_frame", noun, max(0.0, first - TOLERANCE), late + TOLERANCE),
            Expected("returns", noun, early - TOLERANCE, min(seconds, last + TOLERANCE)),
        ),
        breakable=(
            *(Breakable(kind, noun, late + 0.1 * (early - late), early) for kind in changes),
            Breakable("return_missing", noun, early, early + 0.7 * (returns - early)),
            Breakable("vanish", noun, 0.3 * leaves, 0.6 * leaves),
            Breakable("vanish", noun, returns + 0.3 * (seconds - returns), returns + 0.5 * (seconds - returns)),
        ),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "texture": thing.material.texture,
            "floor": setting.floor.texture,
            "size": share,
            "speed": (far + start * span) / span / turn,
            "out_s": returns - leaves,
            "span_m": span,
        },
    )


def _interval(cam: Camera, pos: Vec, r: float) -> tuple[float, float]:
    """Left and right edge in the picture, in picture heights, of a sphere of radius `r` metres around `pos`."""
    u, _, depth = parts.project(cam, pos)
    half = 1.1 * r / (2 * depth * math.tan(math.radians(cam.fovy) / 2))
    return u - half, u + half


def _beyond(cam: Camera, r: float, up: float, sign: float) -> float:
    """The distance along x (metres) at which the thing is just out of the widest picture."""
    x = 0.0
    while True:
        lo, hi = _interval(cam, (sign * x, 0.0, up), r)
        if (lo if sign > 0 else -hi) > WIDEST / 2 + 0.03:
            return x
        x += 0.1 * r


def _keys(
    stops: tuple[tuple[float, float], ...], sign: float, up: float, rolls: float | None, seconds: float
) -> tuple[Key, ...]:
    """Straight motion between (time, distance) stops, a key every 1/16 s so that a ball of radius `rolls` rolls."""
    times = sorted({t for t, _ in stops} | set(np.arange(0.0, seconds, 1 / 16).tolist()))
    at = np.interp(times, [t for t, _ in stops], [d for _, d in stops])
    return tuple(
        Key(t, (sign * float(d), 0.0, up), parts.about((0.0, 1.0, 0.0), sign * float(d) / rolls if rolls else 0.0))
        for t, d in zip(times, at, strict=True)
    )


def _edge(cam: Camera, r: float, up: float, *, sign: float, aspect: float, far: float) -> float:
    """The distance along x (metres, below `far`) at which the thing is just out of a picture of this aspect."""
    near = 0.0
    for _ in range(20):
        middle = (near + far) / 2
        lo, hi = _interval(cam, (sign * middle, 0.0, up), r)
        if (lo if sign > 0 else -hi) > aspect / 2:
            far = middle
        else:
            near = middle
    return far


def _times_out(stops: tuple[tuple[float, float], ...], edge: float) -> tuple[float, float]:
    """The first and last time (seconds) at which the thing is farther than `edge` metres."""
    (t0, x0), (t1, far), (t2, _), (t3, x3) = stops
    return t0 + (t1 - t0) * (edge - x0) / (far - x0), t2 + (t3 - t2) * (far - edge) / (far - x3)
