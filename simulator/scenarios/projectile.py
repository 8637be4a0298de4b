"""A thrown thing flies along a parabola, and lands on the floor or leaves the picture.

Law: x = x0 + u t, z = z0 + w t - g t^2 / 2 with g = 9.81 m/s^2, and a spin that does not change, until it touches the
floor `flight_s` seconds after the start. It is highest at `rise` times that, and the world is as large as the fall
from there needs. What leaves flies out of pictures up to 16:9 before it lands. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simulator.scene import Body, Camera, Geom, Scene
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
TOLERANCE = 0.15  # seconds either side of an expected time

FLIGHT: Ranges = (0.55, 0.75), (0.36, 0.46)  # share of the clip
LONGEST = 1.3  # seconds, of a flight
FARTHER = 1.5  # times as long is the flight of what leaves, most of it unseen
SIZE: Ranges = (0.18, 0.25), (0.13, 0.16)  # diameter over the picture's height
RISE = (0.12, 0.5)  # share of the flight until it is highest
REACH: Ranges = (0.46, 0.58), (0.34, 0.42)  # picture heights that it flies sideways until it lands
AWAY: Ranges = (1.55, 1.8), (1.9, 2.2)  # and until it would land, where it leaves
MOVES = ("orbit", "dolly", "handheld")  # a camera that pans would lose it
ROUND = {"ball": 1.0, "cube": 1.48, "cylinder": 1.22, "capsule": 1.1, "cone": 1.43}  # farthest point over radius r
WIDEST = 16 / 9  # aspect (width / height) that windows of time allow for
SPIN: Ranges = (0.0, 1.0), (1.3, 2.0)  # turns during the flight

LANDS = (
    "{a} {noun} is thrown to the {side} and lands on {floor} floor.",
    "Thrown {how}, {a} {noun} flies to the {side} in an arc and comes down.",
    "{a} {noun} flies through the air to the {side} and falls on the floor.",
    "Somebody throws {a} {noun} to the {side}; it comes down in a curve.",
    "{a} {noun} flies along an arc to the {side} and hits {floor} floor.",
    "Through the air, to the {side}, goes {a} {noun}, thrown {how}, until it lands.",
    "A {colour} {noun}, thrown {how}, falls in a curve to the {side} onto the floor.",
    "Video of {a} {noun} thrown to the {side} that lands on {floor} floor.",
)
LEAVES = (
    "{a} {noun} is thrown to the {side} and flies out of the picture.",
    "Thrown {how}, {a} {noun} flies to the {side} in an arc and out of view.",
    "{a} {noun} flies through the air and leaves the picture on the {side}.",
    "Somebody throws {a} {noun} to the {side}; it flies past the edge of the frame.",
    "{a} {noun} flies along an arc above {floor} floor and out of sight to the {side}.",
    "Through the air, to the {side}, goes {a} {noun}, thrown {how}, and is gone.",
    "A {colour} {noun}, thrown {how}, flies over {floor} floor and off the {side} edge.",
    "Video of {a} {noun} thrown to the {side}, out of the picture.",
)
WRONG = (
    "{a} {noun} lies on the floor and does not move.",
    "{a} {noun} rises straight up and does not come down.",
)
WEIGHTLESS = ("float", "drift_up", "no_fall", "wrong_fall")
BREAKABLE = (
    "sudden_stop", "sudden_turn", "teleport", "vanish", "duplicate", "colour_change", "size_change", "shape_change",
)  # fmt: skip


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    leaves = draw.view != "moving" and draw.chance(0.3)
    flight = min(draw.uniform(FLIGHT) * seconds, LONGEST) * (FARTHER if leaves else 1.0)
    share, turns = draw.uniform(SIZE), draw.uniform(SPIN) * draw.sign()
    rise = draw.between(*RISE)
    reach = draw.uniform(AWAY if leaves else REACH)
    side = draw.choose(("left", "right"))
    noun = draw.choose(shapes.OOD_NOUNS if draw.ood else shapes.NOUNS)
    colour, other = draw.colours(2)
    rgb = looks.tint(draw, colour)

    fall = GRAVITY * (flight * (1 - rise)) ** 2 / 2  # metres from the top of the flight to the touch
    span = fall / (0.86 - 0.5 * (1 + ROUND[noun]) * share)
    r = share * span / 2
    sign = 1.0 if side == "right" else -1.0
    start = share / 2 - (0.44 if leaves else 0.49)  # in picture heights, to where it goes
    height = ROUND[noun] * r + GRAVITY * flight**2 * (0.5 - rise)
    velocity = (sign * reach * span / flight, 0.0, GRAVITY * flight * rise)
    tilt = shapes.turned(
        shapes.about((0.0, 1.0, 0.0), draw.between(-0.7, 0.7)), shapes.about((0.0, 0.0, 1.0), draw.between(-0.7, 0.7))
    )
    thing = Body(
        noun,
        noun,
        colour,
        (_centred(noun, r),),
        looks.paint(draw, rgb, 2 * r, plain=0.4),
        (sign * start * span, 0.0, height),
        tilt,
        motion="free",
        velocity=velocity,
        spin=(0.0, 2 * math.pi * turns / flight, 0.0),
        restitution=draw.between(0.2, 0.5),
        friction=0.8,
    )
    view = views.view(
        draw,
        (0.0, 0.0, 0.44 * span),
        span,
        yaw=(-15, 15),
        pitch=(2, 12),
        fov=(30, 48),
        moves=() if leaves else MOVES,
    )
    room = looks.room(draw, (rgb,), span, views.reach_of(view.camera))
    if leaves:
        room = replace(room, half_width=max(room.half_width, 5 * span))  # so that no wall sends it back
    scene = Scene((thing, *looks.clutter(draw, span, (rgb,))), view.camera, room, looks.lights(draw, span))

    early, late = (_out(thing, view.camera, flight, half) for half in (0.5, WIDEST / 2))
    seen = early if leaves else flight
    degrees = math.degrees(math.atan2(velocity[2], abs(velocity[0])))
    told = {
        "a": words.article(colour),
        "colour": colour,
        "noun": noun,
        "side": side,
        "how": "steeply up" if degrees > 50 else "upwards" if degrees > 20 else "almost level",
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    templates = LEAVES if leaves else LANDS
    end = (
        Expected("leaves_frame", noun, max(0.0, early - TOLERANCE), min(seconds, late + TOLERANCE))
        if leaves
        else Expected("falls", noun, rise * flight, flight)
    )
    return Script(
        scene=scene,
        prompts=words.tell(draw, templates, told, view.sentence),
        counterfactuals=words.otherwise(
            templates,
            {**told, "a": words.article(other), "colour": other},
            {**told, "side": words.opposite(side)},
            camera=view.sentence,
        )
        + words.otherwise(WRONG, told, camera=view.sentence),
        inventory=(Thing(noun, noun, colour),),
        expected=(
            Expected("present", noun, 0.0, 0.9 * seen),
            Expected(f"moves_{side}", noun, 0.0, 0.95 * seen),
            end,
        ),
        breakable=(
            *(Breakable(kind, noun, 0.15 * seen, 0.4 * seen) for kind in WEIGHTLESS),
            *(Breakable(kind, noun, 0.2 * seen, 0.6 * seen) for kind in BREAKABLE),
            *(Breakable(kind, None, 0.2 * seen, 0.6 * seen) for kind in ("freeze", "time_skip")),
        ),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "texture": thing.material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "way": "leaves" if leaves else "lands",
            "size": share,
            "speed": reach / flight,
            "angle_deg": degrees,
            "speed_m_s": math.hypot(velocity[0], velocity[2]),
            "flight_s": flight,
            "rise": rise,
            "spin_turns": turns,
            "span_m": span,
        },
    )


def _centred(noun: str, r: float) -> Geom:
    """The shape with its centre of mass at the origin, for it is that which flies along the parabola."""
    geom = shapes.shape_of(noun, r)[0]
    return replace(geom, pos=(0.0, 0.0, geom.size[1] / 2)) if noun == "cone" else geom


def _out(thing: Body, camera: Camera, flight: float, half: float) -> float:
    """When the thing is past the edge of a picture `half` shorter sides wide from its middle; at most `flight`."""
    x, y, z = thing.pos
    u, _, w = thing.velocity
    edge = thing.geoms[0].size[0] / 2
    for t in np.linspace(0.0, flight, 400).tolist():
        at, _, depth = views.project(camera, (x + u * t, y, z + w * t - GRAVITY * t**2 / 2))
        if abs(at) > half + edge / (depth * math.tan(math.radians(camera.fov) / 2)):
            return float(t)
    return flight
