"""Still things on a textured floor, seen from a camera that goes around them.

Law: nothing moves but the camera, so there is one rigid world behind the picture. The camera goes along an arc (or all
the way) around the middle of the group at constant angular speed and keeps its height. The camera is the subject here:
it moves whatever view is asked for. Lengths in metres, angles in degrees.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simulator.scene import Body, Camera, CameraKey, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, toys, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 2

COUNT: Ranges = (2, 5), (6, 8)  # things
ARC: Ranges = (25.0, 60.0), (70.0, 110.0)  # degrees that the camera goes around in the clip
ROUND = 0.4  # probability of going all the way round instead, where the split is ood and the clip long enough
FASTEST = 120.0  # degrees a second of such a way
SIZE: Ranges = (0.22, 0.28), (0.16, 0.20)  # height of a thing over the picture's height, in the middle of the group
SPAN: Ranges = (1.5, 4.0), (0.6, 8.0)  # metres that the picture is high there

TEMPLATES = (
    "The camera orbits {way} to the {side} around {things} on {floor} floor.",
    "{things} stand still on {floor} floor while the camera circles {way} to the {side}.",
    "A camera moves {way} to the {side} around {things}.",
    "An orbit, {way} to the {side}, around {things}; nothing else moves.",
    "Seen from a camera circling {way} to the {side}: {things}.",
    "Still life of {things}, filmed while the camera goes {way} to the {side} around them.",
    "The view goes {way} to the {side} around {things}.",
    "On {floor} floor lie {things}; the camera travels {way} to the {side} around them.",
)
STILL = ("The camera stands still before {things}.", "{things} roll away while the camera stands still.")


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    count = draw.integer(COUNT)
    arc = draw.uniform(ARC)
    if draw.ood and FASTEST * seconds >= 360.0 and draw.chance(ROUND):
        arc = 360.0
    span = draw.uniform(SPAN)
    side = draw.choose(("left", "right"))
    colours = draw.colours(count + 1)
    things = toys.group(draw, colours[:count], SIZE, span)
    camera = _orbit(draw, span, arc if side == "right" else -arc)
    room = looks.room(draw, tuple(b.material.rgb for b in things), span, views.reach_of(camera))
    if room.floor.texture == "flat":  # a plain floor would not show that the camera moves
        room = replace(room, floor=replace(room.floor, texture="checker"))
    scene = Scene(things, camera, room, looks.lights(draw, span))

    middle = camera.keys[len(camera.keys) // 2].eye
    front, behind = sorted(things, key=lambda b: math.dist(b.pos, middle))[:2]
    named = [words.article(f"{b.colour} {b.noun}") for b in things]
    told = {
        "side": side,
        "way": "all the way" if arc == 360.0 else "a little way" if arc < 45 else "a long way",
        "things": words.listed(named),
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    wrong_side = {**told, "side": words.opposite(side)}
    wrong_thing = {**told, "things": words.listed([words.article(f"{colours[count]} {things[0].noun}"), *named[1:]])}
    fewer = {**told, "things": words.listed(named[:-1])}
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told),
        counterfactuals=words.otherwise(TEMPLATES, wrong_side, wrong_thing, *([fewer] if count > 2 else []))
        + words.otherwise(STILL, told),
        inventory=tuple(Thing(b.name, b.noun, b.colour) for b in things),
        expected=(
            *(Expected("present", b.name, 0.0, seconds) for b in things),
            Expected("camera_orbits", front.name, 0.0, seconds),
        ),
        breakable=_breakable(front, behind, room.floor, (0.35 * seconds, 0.65 * seconds)),
        parameters={
            "colour": things[0].colour,
            "count": count,
            "arc_deg": arc,
            "side": side,
            "floor": room.floor.texture,
            "camera": "orbit",
            "speed": arc / seconds,
            "size": max(b.pos[2] for b in things) * 2 / span,
            "span_m": span,
        },
    )


def _orbit(draw: Draw, span: float, arc: float) -> Camera:
    """A camera that goes `arc` degrees around the middle (positive: to its right), a key every 2 degrees at least."""
    start, pitch, fov = draw.between(-30, 30) - arc / 2, draw.between(15, 36), draw.between(32, 46)
    target: Vec = (0.0, 0.0, 0.07 * span)
    steps = max(2, math.ceil(16 * draw.seconds) + 1, math.ceil(abs(arc) / 2) + 1)
    return Camera(
        tuple(
            CameraKey(
                share * draw.seconds, views.eye(target, span, yaw=start + share * arc, pitch=pitch, fov=fov), target
            )
            for share in np.linspace(0.0, 1.0, steps).tolist()
        ),
        fov,
    )


def _breakable(front: Body, behind: Body, floor: Material, window: tuple[float, float]) -> tuple[Breakable, ...]:
    """What can be broken while the camera goes round; front, behind: what is nearest to it then, and next."""
    whole = ("warp", "other_world", *(("slide_texture",) if _bold(floor) else ()))
    alone = ("vanish", "teleport", "appear", "colour_change", "size_change", "drift_up", "count_change")
    return (
        *(Breakable(kind, None, *window) for kind in whole),
        *(Breakable(kind, front.name, *window) for kind in alone),
        Breakable("identity_swap", front.name, *window, other=behind.name),
    )


def _bold(floor: Material) -> bool:
    """Whether a person would see this floor slide in a small picture."""
    return floor.texture in ("checker", "stripes") and math.dist(floor.rgb, floor.rgb2 or floor.rgb) > 0.15
