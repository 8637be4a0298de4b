"""A ball or a cylinder rolls, or a cube slides, down a ramp, faster and faster, and goes on over the floor.

Law: the acceleration along the ramp is g sin(a) / (1 + k) for what rolls without slipping, with k = I / (m r^2), 2/5
for a ball and 1/2 for a cylinder, and g (sin(a) - mu cos(a)) for what slides with the friction mu. (Rolling has a
resistance of its own, which takes up to 1 % off in small worlds.) Let go at rest it reaches the floor at `down_s`; the
way that it makes until then sets the size of the world. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math

from simulator.scene import UPRIGHT, Body, Geom, Material, Quat, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81

DOWN: Ranges = (0.64, 0.78), (0.82, 0.9)  # share of the clip until it is down
LONGEST = 2.5  # seconds
ANGLE: Ranges = (18.0, 28.0), (31.0, 36.0)  # degrees
SIZE: Ranges = (0.17, 0.22), (0.13, 0.15)  # diameter over the picture's height
FRICTION = (0.06, 0.14)  # of what slides
RUN = 0.45  # picture heights that the ramp goes sideways
MOVES = ("orbit", "dolly", "handheld")  # a camera that pans would lose it
INERTIA = {"ball": 0.4, "cylinder": 0.5}

TEMPLATES = (
    "{a} {noun} {rolls} down a ramp to the {side}.",
    "Down a {steep} ramp, to the {side}, {rolls} {a} {noun}, faster and faster.",
    "{a} {noun} is let go at the top of a ramp and {rolls} down to the {side}.",
    "{a} {noun} {rolls} down a {steep} slope and on to the {side} over {floor} floor.",
    "Let go on a ramp, {a} {noun} {rolls} to the {side} and gets faster.",
    "A {steep} ramp; {a} {noun} {rolls} down it towards the {side}.",
    "Somebody lets {a} {noun} go on a ramp: it {rolls} down to the {side} and onto the floor.",
    "Video of {a} {noun} that {rolls} down a {steep} ramp to the {side}.",
)
WRONG = (
    "{a} {noun} stays at the top of a ramp and does not move.",
    "{a} {noun} goes up a ramp and stops at its top.",
)
BREAKABLE = (
    "sudden_stop", "sudden_turn", "pass_through", "sink_in", "float", "drift_up", "teleport", "vanish",
    "duplicate", "colour_change", "size_change", "shape_change",
)  # fmt: skip


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    down = min(draw.uniform(DOWN) * seconds, LONGEST)
    degrees, share = draw.uniform(ANGLE), draw.uniform(SIZE)
    mu = draw.between(*FRICTION)
    noun = draw.choose(shapes.NOUNS)
    side = draw.choose(("left", "right"))
    colour, other = draw.colours(2)
    rgb = looks.tint(draw, colour)

    angle = math.radians(degrees)
    acceleration = (
        GRAVITY * math.sin(angle) / (1 + INERTIA[noun])
        if noun in INERTIA
        else GRAVITY * (math.sin(angle) - mu * math.cos(angle))
    )
    way = acceleration * down**2 / 2  # metres along the ramp until it touches the floor
    span = way * math.cos(angle) / RUN
    r = share * span / 2
    sign = 1.0 if side == "right" else -1.0
    along: Vec = (sign * math.cos(angle), 0.0, -math.sin(angle))
    up: Vec = (sign * math.sin(angle), 0.0, math.cos(angle))
    foot: Vec = (sign * 0.08 * span, 0.0, 0.0)
    turn = shapes.about((0.0, 1.0, 0.0), sign * angle)
    half = 0.85 * r if noun == "cube" else r
    before = way + (half if noun == "cube" else r * math.tan(angle / 2))  # metres from the foot of the ramp

    def at(back: float, over: float) -> Vec:
        x, y, z = (f - back * d + over * n for f, d, n in zip(foot, along, up, strict=True))
        return (x, y, z)

    geom = {
        "ball": Geom("sphere", (r, 0.0, 0.0)),
        "cylinder": Geom("cylinder", (r, 0.8 * r, 0.0), quat=shapes.about((1.0, 0.0, 0.0), math.pi / 2)),
        "cube": Geom("box", (half, half, half)),
    }[noun]
    thing = Body(
        noun,
        noun,
        colour,
        (geom,),
        looks.paint(draw, rgb, 2 * r, plain=0.3),
        at(before, half),
        turn if noun == "cube" else UPRIGHT,
        motion="free",
        restitution=0.05,
        friction=mu if noun == "cube" else 0.9,
    )
    long, thick, wide = (before + 1.5 * r) / 2, 0.15 * r, 1.8 * r
    dull = looks.surface(draw, looks.background(draw, (rgb,))[1], span)
    ramp = _ramp(at(long, -thick), at(2 * long - 2 * thick, -thick), (long, wide, thick), turn, dull)
    view = views.view(draw, (0.0, 0.0, 0.26 * span), span, yaw=(-22, 22), pitch=(6, 20), fov=(30, 46), moves=MOVES)
    room = looks.room(draw, (rgb,), span, views.reach_of(view.camera))
    scene = Scene(
        (thing, ramp, *looks.clutter(draw, span, (rgb,))),
        view.camera,
        room,
        looks.lights(draw, span),
    )

    told = {
        "a": words.article(colour),
        "noun": noun,
        "side": side,
        "rolls": "rolls" if noun in INERTIA else "slides",
        "steep": "steep" if degrees > 25 else "gentle",
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            {**told, "a": words.article(other)},
            {**told, "side": words.opposite(side)},
            camera=view.sentence,
        )
        + words.otherwise(WRONG, told, camera=view.sentence),
        inventory=(Thing(noun, noun, colour),),
        expected=(
            Expected("present", noun, 0.0, down),
            Expected(f"moves_{side}", noun, 0.0, down),
        ),
        breakable=(
            *(Breakable(kind, noun, 0.25 * down, 0.7 * down) for kind in BREAKABLE),
            *(Breakable(kind, None, 0.25 * down, 0.6 * down) for kind in ("freeze", "time_skip")),
        ),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "texture": thing.material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "speed": acceleration * down / span,
            "angle_deg": degrees,
            "acceleration_m_s2": acceleration,
            "friction": thing.friction,
            "down_s": down,
            "span_m": span,
        },
    )


def _ramp(middle: Vec, high: Vec, half: Vec, turn: Quat, material: Material) -> Body:
    """A board of half-lengths `half` that lies aslant, and two posts under its upper end at `high`."""
    board = Geom("box", half, middle, turn)
    posts = [
        Geom("cylinder", (half[2], high[2] / 2, 0.0), (high[0], s * 0.8 * half[1], high[2] / 2)) for s in (-1.0, 1.0)
    ]
    return Body("ramp", "ramp", "grey", (board, *posts), material, (0.0, 0.0, 0.0), role="prop")
