"""Still things on a textured floor, seen from a camera that goes around them.

Law: nothing moves but the camera, so there is one rigid world behind the picture. The camera goes along an arc around
the middle of the group at constant angular speed and keeps its height. Lengths in metres, angles in degrees.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simulator.scenarios import parts
from simulator.scene import Body, Camera, CameraKey, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing

VERSION = 1

COUNT = (3, 5), (6, 7)  # things: train, ood
ARC = (25.0, 60.0), (70.0, 110.0)  # degrees that the camera goes around in the clip
SIZE = (0.22, 0.28), (0.16, 0.20)  # height of a thing over the picture's height, in the middle of the group
SPAN = (1.5, 4.0), (0.6, 8.0)  # metres that the picture is high there

TEMPLATES = (
    "The camera orbits to the {side} around {things} on {floor} floor.",
    "{things} stand still on {floor} floor while the camera circles to the {side}.",
    "A camera moves {side} around {things}.",
    "An orbit to the {side} around {things}; nothing else moves.",
    "Seen from a camera circling {side}: {things}.",
    "Still life of {things}, filmed while the camera turns around them to the {side}.",
    "The view goes around {things} to the {side}.",
    "On {floor} floor lie {things}; the camera travels around them to the {side}.",
)
STILL = ("The camera stands still before {things}.", "{things} roll away while the camera stands still.")


def build(rng: np.random.Generator, *, split: str, difficulty: float, seconds: float) -> Script:
    """The Script of one draw; see the module for the story."""
    low, high = COUNT[1] if split == "ood" else COUNT[0]
    count = int(rng.integers(low, high + 1))
    arc = parts.uniform(rng, split, *ARC)
    span = parts.uniform(rng, split, *SPAN)
    side = parts.choose(rng, ("left", "right"))
    colours = parts.colour_words(rng, split, count + 1)
    things = tuple(_thing(rng, split, colour, span) for colour in colours[:count])
    things = tuple(
        replace(thing, pos=(x, y, thing.pos[2]))
        for thing, (x, y) in zip(things, _places(rng, count, span), strict=True)
    )
    cam = _orbit(rng, span, arc if side == "right" else -arc, seconds)
    rgbs = tuple(thing.material.rgb for thing in things)
    setting = parts.room(rng, rgbs, span, parts.reach_of(cam), difficulty)
    if setting.floor.texture == "flat":  # a plain floor would not show that the camera moves
        setting = replace(setting, floor=replace(setting.floor, texture="checker"))
    scene = Scene(things, cam, setting, parts.lights(rng, span))

    middle = cam.keys[len(cam.keys) // 2].eye
    front = min(things, key=lambda thing: math.dist(thing.pos, middle))
    named = [parts.article(f"{thing.colour} {thing.noun}") for thing in things]
    words = {
        "side": side,
        "things": _listed(named),
        "floor": parts.article(parts.TEXTURE_WORDS[setting.floor.texture]),
    }
    wrong_side = {**words, "side": "left" if side == "right" else "right"}
    wrong_thing = {**words, "things": _listed([parts.article(f"{colours[count]} {things[0].noun}"), *named[1:]])}
    window = (0.35 * seconds, 0.65 * seconds)
    scene_wide = ("warp", "other_world", "appear", *(("slide_texture",) if _bold(setting.floor) else ()))
    return Script(
        family="camera_orbit",
        version=VERSION,
        seed=0,
        split=split,
        difficulty=difficulty,
        seconds=seconds,
        scene=scene,
        prompts=parts.tell(rng, TEMPLATES, **words),
        counterfactuals=parts.otherwise(TEMPLATES, wrong_side, wrong_thing) + parts.otherwise(STILL, words),
        inventory=tuple(Thing(thing.name, thing.noun, thing.colour) for thing in things),
        expected=(
            *(Expected("present", thing.name, 0.0, seconds) for thing in things),
            Expected("camera_orbits", front.name, 0.0, seconds),
        ),
        breakable=(
            *(Breakable(kind, None, *window) for kind in scene_wide),
            *(Breakable(kind, front.name, *window) for kind in ("vanish", "teleport")),
        ),
        parameters={
            "count": count,
            "arc_deg": arc,
            "side": side,
            "floor": setting.floor.texture,
            "speed": arc / seconds,
            "span_m": span,
        },
    )


def _thing(rng: np.random.Generator, split: str, colour: str, span: float) -> Body:
    """A ball, cube or cylinder at the origin, turned at random about the vertical."""
    noun = parts.choose(rng, parts.NOUNS)
    r = parts.uniform(rng, split, *SIZE) * span / 2
    geom, up = parts.shape_of(noun, r)
    material = parts.paint(rng, parts.tint(rng, colour), 2 * r, plain=0.35)
    turn = parts.about((0.0, 0.0, 1.0), float(rng.uniform(0.0, 2 * math.pi)))
    return Body(f"{colour}_{noun}", noun, colour, (geom,), material, (0.0, 0.0, up), turn)


def _places(rng: np.random.Generator, count: int, span: float) -> list[tuple[float, float]]:
    """`count` places around the middle, evenly spread but for a little jitter, metres."""
    radius = (0.12 + 0.04 * count) * span if count < 6 else 0.34 * span
    first = rng.uniform(0.0, 2 * math.pi)
    angles = first + (np.arange(count) + rng.uniform(-0.1, 0.1, count)) * 2 * math.pi / count
    return [(float(radius * math.cos(a)), float(radius * math.sin(a))) for a in angles]


def _orbit(rng: np.random.Generator, span: float, arc: float, seconds: float) -> Camera:
    """A camera that goes `arc` degrees around the middle (positive: to its right), a key every 1/16 s."""
    start, pitch, fovy = float(rng.uniform(-30, 30)) - arc / 2, float(rng.uniform(18, 34)), float(rng.uniform(32, 46))
    target: Vec = (0.0, 0.0, 0.07 * span)
    steps = max(2, math.ceil(16 * seconds) + 1)
    return Camera(
        tuple(
            CameraKey(share * seconds, parts.eye(target, span, yaw=start + share * arc, pitch=pitch, fovy=fovy), target)
            for share in np.linspace(0.0, 1.0, steps).tolist()
        ),
        fovy,
    )


def _bold(floor: Material) -> bool:
    """Whether a person would see this floor slide in a small picture."""
    return floor.texture in ("checker", "stripes") and math.dist(floor.rgb, floor.rgb2 or floor.rgb) > 0.15


def _listed(names: list[str]) -> str:
    """ "a, b and c"."""
    return f"{', '.join(names[:-1])} and {names[-1]}"
