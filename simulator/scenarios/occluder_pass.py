"""A thing passes behind a screen and comes out on the other side the same.

Law: what is hidden goes on existing, stays itself and keeps moving. The thing slides (a ball rolls) along the floor at
constant speed from one side of the picture to the other; the screen stands nearer to the camera and hides it wholly
for at least a quarter of a second. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.scenarios import parts
from simulator.scene import Body, Camera, Geom, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing

VERSION = 1
TOLERANCE = 0.2  # seconds either side of an expected time

SIZE = (0.22, 0.27), (0.16, 0.19)  # height of the thing over the picture's height
SPAN = (1.5, 4.0), (0.6, 8.0)  # metres that the picture is high
HIDDEN = (0.16, 0.20), (0.24, 0.28)  # share of the clip for which the thing is wholly hidden
LEAST_HIDDEN = 0.3  # seconds

TEMPLATES = (
    "{a} {noun} moves {side} and passes behind {screen}.",
    "{a} {noun} goes behind {screen} and comes out on the {side}.",
    "Moving to the {side}, {a} {noun} disappears behind {screen} and comes out again.",
    "{a} {noun} passes behind {screen} from {origin} to {side}.",
    "{a} {noun} is hidden by {screen} for a moment as it moves {side}.",
    "Behind {screen} passes {a} {noun}, moving {side}.",
    "{a} {noun} crosses the picture to the {side}, behind {screen}.",
    "From the {origin} comes {a} {noun}, goes behind {screen} and reappears on the {side}.",
)
STAYS_HIDDEN = (
    "{a} {noun} goes behind {screen} and does not come out.",
    "{a} {noun} passes in front of {screen}, moving {side}.",
)


def build(rng: np.random.Generator, *, split: str, difficulty: float, seconds: float) -> Script:
    """The Script of one draw; see the module for the story."""
    colour, other = parts.colour_words(rng, split, 2)
    noun = parts.choose(rng, parts.OOD_NOUNS if split == "ood" else parts.NOUNS)
    side = parts.choose(rng, ("left", "right"))
    share = parts.uniform(rng, split, *SIZE)
    span = parts.uniform(rng, split, *SPAN)
    hidden = max(LEAST_HIDDEN / seconds, parts.uniform(rng, split, *HIDDEN))
    rgb = parts.tint(rng, colour)

    r = share * span / 2
    geom, up = parts.shape_of(noun, r)
    half = geom.size[0]
    cam = parts.camera(
        (0.0, 0.0, float(rng.uniform(0.24, 0.34)) * span),
        span,
        yaw=float(rng.uniform(-7, 7)),
        pitch=float(rng.uniform(4, 14)),
        fovy=float(rng.uniform(28, 42)),
    )
    sign = 1.0 if side == "right" else -1.0
    reach = 0.46 * span - half / 2  # from the middle to either end of the way
    keys = _keys(reach, sign, up, r if noun == "ball" else None, seconds)
    thing = Body(noun, noun, colour, (geom,), parts.paint(rng, rgb, 2 * r), keys[0].pos, motion="scripted", keys=keys)
    word, grey = parts.background(rng, (rgb,))
    screen = _screen(rng, cam, r, 2.1 * half + hidden * 2 * reach, rgb=grey, word=word)
    setting = parts.room(rng, (rgb, grey), span, parts.reach_of(cam), difficulty)
    blocks = parts.clutter(rng, int(rng.integers(0, 1 + round(2 * difficulty))), span, (rgb, grey))
    scene = Scene((thing, screen, *blocks), cam, setting, parts.lights(rng, span))

    gone, shows, clear = _times(cam, keys, screen, half)
    words = {
        "a": parts.article(colour),
        "noun": noun,
        "side": side,
        "origin": "right" if side == "left" else "left",
        "screen": parts.article(f"{word} {screen.noun}"),
    }
    wrong_side = {**words, "side": words["origin"], "origin": side}
    wrong_colour = {**words, "a": parts.article(other)}
    changes = ("colour_change", "size_change", "shape_change", "return_duplicate", "teleport")
    return Script(
        family="occluder_pass",
        version=VERSION,
        seed=0,
        split=split,
        difficulty=difficulty,
        seconds=seconds,
        scene=scene,
        prompts=parts.tell(rng, TEMPLATES, **words),
        counterfactuals=parts.otherwise(TEMPLATES, wrong_colour, wrong_side) + parts.otherwise(STAYS_HIDDEN, words),
        inventory=(Thing(noun, noun, colour),),
        expected=(
            Expected(f"moves_{side}", noun, 0.0, seconds),
            Expected("hidden_by", noun, max(0.0, gone - TOLERANCE), gone + TOLERANCE, screen.name),
            Expected("revealed", noun, shows - TOLERANCE, min(seconds, clear + TOLERANCE), screen.name),
        ),
        breakable=(
            *(Breakable(kind, noun, gone, gone + 0.7 * (shows - gone)) for kind in changes),
            Breakable("return_missing", noun, gone + 0.6 * (shows - gone), gone + 0.9 * (shows - gone)),
            Breakable("vanish", noun, 0.5 * (shows + clear), clear),
        ),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "texture": thing.material.texture,
            "screen": f"{word} {screen.noun}",
            "floor": setting.floor.texture,
            "size": share,
            "speed": 2 * reach / span / seconds,
            "hidden_s": shows - gone,
            "span_m": span,
        },
    )


def _keys(reach: float, sign: float, up: float, rolls: float | None, seconds: float) -> tuple[Key, ...]:
    """Constant speed from -reach to reach along x, a key every 1/16 s so that a ball of radius `rolls` metres rolls."""
    times = np.linspace(0.0, seconds, max(2, math.ceil(16 * seconds) + 1))
    at = sign * np.linspace(-reach, reach, len(times))
    return tuple(
        Key(t, (x, 0.0, up), parts.about((0.0, 1.0, 0.0), x / rolls if rolls else 0.0))
        for t, x in zip(times.tolist(), at.tolist(), strict=True)
    )


def _screen(rng: np.random.Generator, cam: Camera, r: float, width: float, *, rgb: Vec, word: str) -> Body:
    """What hides `width` metres of the way at y = 0, and things up to 2 r high there."""
    near, thick = 2.2 * r, 0.2 * r
    eye = cam.keys[0].eye
    shrink = (-eye[1] - near) / -eye[1]  # what is nearer looks bigger
    middle = eye[0] * (1 - shrink)  # on the line from the eye to the origin
    half = width * shrink / 2
    top = eye[2] + (2.15 * r - eye[2]) * shrink + 0.4 * r
    texture = parts.choose(rng, ("flat", "wood", "stripes", "stone", "tiles"))
    material = Material(rgb, texture, parts.dim(rgb, 0.75), scale=2 * r)  # type: ignore[arg-type]
    geom = Geom("box", (half, thick, top / 2))
    noun = parts.choose(rng, ("screen", "wall", "board"))
    return Body("screen", noun, word, (geom,), material, (middle, -near, top / 2), role="prop")


def _times(cam: Camera, keys: tuple[Key, ...], screen: Body, half: float) -> tuple[float, float, float]:
    """Seconds at which the thing is wholly behind the screen's outline, shows again, and is clear of it.

    half: half the width of the thing, metres.
    """
    wide, thick, _ = screen.geoms[0].size
    x, y, z = screen.pos
    corners = [parts.project(cam, (x + a * wide, y + b * thick, z))[0] for a in (-1, 1) for b in (-1, 1)]
    left, right = min(corners), max(corners)
    times = np.linspace(0.0, keys[-1].t, math.ceil(50 * keys[-1].t) + 1)
    xs = np.interp(times, [k.t for k in keys], [k.pos[0] for k in keys])
    behind, apart = [], []
    for t, at in zip(times.tolist(), xs.tolist(), strict=True):
        u, _, depth = parts.project(cam, (at, 0.0, keys[0].pos[2]))
        size = half / (2 * depth * math.tan(math.radians(cam.fovy) / 2))
        if left < u - size and u + size < right:
            behind.append(t)
        if u + size < left or u - size > right:
            apart.append(t)
    after = [t for t in apart if t > behind[-1]]
    return behind[0], behind[-1], min([*after, 0.97 * keys[-1].t])
