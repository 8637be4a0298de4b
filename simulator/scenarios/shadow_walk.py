"""A thing walks, hops, rolls or slides over a light floor under a low strong lamp, and its shadow goes with it.

Law: light goes straight, so that every point at height h throws its shadow h / tan(elevation) metres away from the
lamp, at every moment. A hop is a throw, h = v t - g t^2 / 2 with g = 9.81 m/s^2, and the world is as large as makes
it last as long as it does; a walker keeps to v^2 / (g l), the Froude number with l the length of a leg; a ball rolls
without slipping. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import replace

from simulator.scene import Body, Light, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import figures, gait, looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges
from simulator.workshop.hops import Hops, hops

VERSION = 1
GRAVITY = 9.81

SIZE: Ranges = (0.27, 0.34), (0.19, 0.23)  # height of the thing over the picture's height
ELEVATION: Ranges = (26.0, 40.0), (17.0, 22.0)  # degrees that the lamp stands above the floor
WAY: Ranges = (0.46, 0.6), (0.46, 0.6)  # picture heights that the thing goes in the clip
HOP: Ranges = (0.12, 0.2), (0.12, 0.2)  # height of a hop over the picture's height
FROUDE: Ranges = (0.13, 0.24), (0.32, 0.45)  # v^2 / (g l) of a walker
TALLEST = {"figure": 1.85, "robot": 1.6, "dog": 0.75}  # metres
BULK = {"figure": 1.45, "robot": 1.35, "dog": 0.95}  # height over that of a thing that does not walk
WAYS = ("walks", "walks", "hops", "hops", "rolls", "slides")
LIGHT = ("light grey", "sand", "cream", "beige")  # floors on which a shadow shows

TEMPLATES = (
    "{a} {noun} {moves} to the {side}, and its shadow goes with it.",
    "{a} {noun} {moves} {side} over {floor} floor and throws a long shadow.",
    "In low light {a} {noun} {moves} to the {side} with its shadow.",
    "Followed by its shadow, {a} {noun} {moves} to the {side}.",
    "The low sun throws the shadow of {a} {noun} on {floor} floor as it {moves} to the {side}.",
    "{a} {noun} with a hard dark shadow {moves} to the {side}.",
    "Video of {a} {noun} that {moves} {side}, its long shadow beside it.",
    "On {floor} floor {a} {noun} {moves} to the {side}; the shadow moves along.",
)
ENDS = (
    "{a} {noun} {moves} to the {side} and throws no shadow.",
    "{a} {noun} {moves} to the {side}, and its shadow stays behind.",
    "{a} {noun} stands still, and so does its shadow.",
)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    moves = draw.choose(WAYS)
    share, low = draw.uniform(SIZE), draw.uniform(ELEVATION)
    side = draw.choose(("left", "right"))
    sign = 1.0 if side == "right" else -1.0
    colour, other = draw.colours(2)
    rgb = looks.tint(draw, colour)

    hop = hops(draw) if moves == "hops" else None
    if moves == "walks":
        body, span = _walker(draw, colour, rgb, share, sign)
    else:
        body, span = _mover(draw, moves, colour, rgb, share, sign, hop)
    length = share / math.tan(math.radians(low))  # of the shadow, in spans, about
    towards = _towards(draw)
    shadow: Vec = (length * math.cos(towards) * span, length * math.sin(towards) * span, 0.0)
    centre: Vec = (0.3 * shadow[0], 0.3 * shadow[1], 0.16 * span)
    view = views.view(draw, centre, span, yaw=(-14, 14), pitch=(14, 26), fov=(28, 44))
    view = views.fitted(view, _outline(body, share * span / 2, shadow))
    bare = looks.room(draw, (rgb,), span, views.reach_of(view.camera), sky=0.6)
    room = replace(bare, floor=_floor(draw, rgb, span), ambient=draw.between(0.28, 0.34))
    scene = Scene(
        (body, *looks.clutter(draw, span, (rgb,), near=0.9)), view.camera, room, _lamps(draw, low, towards, span)
    )

    told = {
        "a": words.article(colour),
        "noun": body.noun,
        "moves": moves,
        "side": side,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    early, late = 0.2 * seconds, 0.65 * seconds
    kinds = ("shadow_missing", "shadow_wrong", "vanish", "teleport", "sudden_stop", "duplicate", "colour_change")
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            {**told, "side": words.opposite(side)},
            {**told, "a": words.article(other)},
            camera=view.sentence,
        )
        + words.otherwise(ENDS, told, camera=view.sentence),
        inventory=(Thing("thing", body.noun, colour),),
        expected=(Expected("present", "thing", 0.0, seconds), Expected(f"moves_{side}", "thing", 0.0, seconds)),
        breakable=(
            *(Breakable(kind, "thing", early, late) for kind in kinds),
            *((Breakable("limb_change", "thing", early, late),) if moves == "walks" else ()),
            *((Breakable("float", "thing", 0.4 * hop.air, 0.55 * hop.air),) if hop else ()),
            *((Breakable("shape_change", "thing", early, late),) if moves != "walks" else ()),
        ),
        parameters={
            "colour": colour,
            "noun": body.noun,
            "moves": moves,
            "side": side,
            "texture": body.material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "speed": abs(body.keys[-1].pos[0] - body.keys[0].pos[0]) / span / seconds,
            "elevation_deg": low,
            "towards_deg": math.degrees(towards),
            "shadow": length,
            "span_m": span,
        },
    )


def _mover(
    draw: Draw, moves: str, colour: str, rgb: Vec, share: float, sign: float, hop: Hops | None
) -> tuple[Body, float]:
    """A simple thing that rolls, slides or hops, and the picture's height in metres."""
    seconds = draw.seconds
    span = hop.height / draw.uniform(HOP) if hop else draw.between(0.8, 3.0)
    r, way = share * span / 2, draw.uniform(WAY) * span
    noun = "ball" if moves == "rolls" else draw.choose(("cube", "cylinder", *shapes.OOD_NOUNS * draw.ood))
    thing = shapes.thing("thing", noun, colour, looks.paint(draw, rgb, 2 * r), r, motion="scripted")
    turn = shapes.about((0.0, 0.0, 1.0), draw.between(0.0, math.pi / 2))

    def at(t: float) -> tuple[float, float]:
        return hop.at(t) if hop else (t / seconds, 0.0)

    keys = shapes.path(
        seconds,
        lambda t: (sign * way * (at(t)[0] - 0.5), 0.0, thing.pos[2] + at(t)[1]),
        lambda t: shapes.about((0.0, 1.0, 0.0), sign * way * at(t)[0] / r) if moves == "rolls" else turn,
        rate={"rolls": 16.0, "slides": 1.0}.get(moves, 120.0),
    )
    return replace(thing, pos=keys[0].pos, quat=keys[0].quat, keys=keys), span


def _walker(draw: Draw, colour: str, rgb: Vec, share: float, sign: float) -> tuple[Body, float]:
    """A figure, robot or dog that walks, and the picture's height in metres, as large as its pace needs."""
    kind = draw.choose(("figure", "robot", "dog"))
    made, froude, run = figures.BUILDS[kind], draw.uniform(FROUDE), draw.uniform(WAY)
    size = BULK[kind] * share
    span = froude * GRAVITY * made.leg * size * (draw.seconds / run) ** 2
    tall = min(size * span, TALLEST[kind] * draw.between(0.85, 1.0))
    span = tall / size
    way = gait.Way(-sign * run * span / 2, 0.0, sign)
    pace = figures.pace_of(made, tall, froude)
    times, u = gait.clock(draw.seconds, shapes.RATE, pace, way, 0.0, 1.0)
    steps = figures.gait_of(made, tall, run * span)
    trunk, legs = looks.paint(draw, rgb, 0.3 * tall), Material(looks.dim(rgb, draw.between(0.55, 0.75)))
    dressed = figures.Looks(trunk, legs, Material(looks.dim(rgb, 0.9)))
    return figures.walker("thing", kind, colour, dressed, tall, way, steps, times, u, draw.between(0, 1)), span


def _outline(body: Body, r: float, shadow: Vec) -> list[tuple[float, Vec]]:
    """Times, and points on the edges of the thing and half-way along its shadow then; r: about half its height."""
    keys = body.keys[:: max(1, len(body.keys) // 6)] + body.keys[-1:]
    steps = ((-r, 0.0), (r, 0.0), (0.6 * shadow[0], 0.6 * shadow[1]))
    return [(k.t, (k.pos[0] + x, k.pos[1] + y, k.pos[2])) for k in keys for x, y in steps]


def _towards(draw: Draw) -> float:
    """Where shadows point, radians from +x: sideways or towards the camera, never hidden behind what throws them."""
    aside = math.radians(draw.between(-60.0, 28.0))
    return aside if draw.chance(0.5) else math.pi - aside


def _floor(draw: Draw, rgb: Vec, span: float) -> Material:
    """A light floor, as far as may be from the colour of the thing."""
    word = max(draw.shuffled(LIGHT), key=lambda w: min(looks.gap(words.MUTED[w], (rgb,)), 0.6))
    return looks.surface(draw, looks.tint(draw, word), span, (rgb,))


def _lamps(draw: Draw, low: float, towards: float, span: float) -> tuple[Light, ...]:
    """A strong lamp `low` degrees high that throws shadows `towards`, and a weak one from the camera's side."""
    strength, warm = draw.between(0.85, 1.0), draw.between(0.0, 0.1)
    up = math.tan(math.radians(low))
    pos: Vec = (-3 * span * math.cos(towards), -3 * span * math.sin(towards), 3 * span * up)
    return (
        Light(pos, (0.0, 0.0, 0.0), (strength, strength - warm / 2, strength - warm)),
        Light((0.0, -2.0 * span, 0.6 * span), (0.0, 0.0, 0.2 * span), (0.2, 0.2, 0.21), shadow=False),
    )
