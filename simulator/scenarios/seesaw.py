"""A seesaw tips to the side whose weight has the greater torque.

Law: about the pivot, box i of mass m_i at a distance d_i turns the plank with m_i g d_i; the side with the greater sum
goes down. Boxes are of the same stuff, so that a bigger one is heavier as its volume. The axle is stiff: it takes up
the torque c omega, c such that the plank would end up turning at SLOW sqrt(g / L) rad/s, L half its length. Ways:
"drop", a box falls on one side of an empty level plank; "kick", a bigger box falls on the side that is up because a
smaller one lies on the other; "weights", a post that held up the side of the bigger of two boxes slides away; "arms",
the same with equal boxes of which one lies farther out. The unit of time is sqrt(L / g). Lengths in metres, times in
seconds, angles in radians.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.optimize import brentq

from simulator.scene import Body, Geom, Hinge, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
SLOW = 0.55
FRICTION = 0.9
THICK, DEEP = 0.03, 0.17  # half thickness and half depth of the plank, in L

UNIT: Ranges = (0.08, 0.12), (0.13, 0.16)  # share of the clip that sqrt(L / g) takes
LONGEST = 0.5  # seconds, of that unit
TILT: Ranges = (0.40, 0.46), (0.47, 0.54)  # of the plank, with an end on the floor
MOVES = ("orbit", "handheld", "dolly")  # a camera that pans would lose an end of the plank
LEAD: Ranges = (0.16, 0.32), (0.16, 0.32)  # share of the clip until the box lands or the post is gone
SIZE: Ranges = (0.16, 0.20), (0.21, 0.24)  # half width of the bigger box, in L
RATIO: Ranges = (1.35, 1.55), (1.6, 1.8)  # width of the bigger over the smaller
FAR, NEAR = (0.0, 0.08), (0.4, 0.5)  # of L: how far boxes lie from the lips at the ends
LIP = 0.04  # of L: width of a lip

TEMPLATES = (
    "{story}, and the {plank} tips to the {side}.",
    "A {plank} tips to the {side}: {story}.",
    "{story}; the {side} side of the {plank} goes down.",
    "On {floor} floor stands a {plank}. {Story}, and its {side} end goes down to the floor.",
    "Video of a {plank} that tips to the {side} because of {why}; {story}.",
    "{story}. The {side} end of the {plank} sinks and the {across} end rises.",
    "The {plank} comes down on the {side} under {why}: {story}.",
    "{story}, so the {plank} swings down on the {side} and up on the {across}.",
)
STORIES = {
    "drop": "{a} box falls on the {side} end of the {plank}",
    "kick": "{a} box falls on the {side} end of the {plank}, with a smaller {b} box on the {across}",
    "weights": "a post slides away from under the {plank} with a big {colour} box on the {side} and a small {b} one "
    "on the {across}",
    "arms": "a post slides away from under the {plank} with {a} box far out on the {side} and {bb} box near the middle "
    "on the {across}",
}
WHYS = {
    "drop": "{a} box that lands there",
    "kick": "{a} box that lands there",
    "weights": "the big {colour} box",
    "arms": "the {colour} box far out",
}
WRONG = (
    "{story}, and the {plank} does not move.",
    "{story}, but the {side} end of the {plank} rises high up.",
)


@dataclass(frozen=True)
class _Plank:
    """The plank: L metres to either end, pivot `up` metres above the floor, an end on the floor at `tilt`; the heavier
    side is at x = sign."""

    long: float
    up: float
    tilt: float
    sign: float

    def point(self, along: float, above: float, tilt: float) -> Vec:
        """What lies `along` L out on the heavier side and `above` metres over the middle of the plank, with that side
        down by `tilt`."""
        c, s = math.cos(tilt), math.sin(tilt)
        x, z = along * self.long * c + above * s, self.up - along * self.long * s + above * c
        return (self.sign * x, 0.0, z)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    unit = min(draw.uniform(UNIT) * seconds, LONGEST)
    long = GRAVITY * unit**2
    tilt = draw.uniform(TILT)
    lead = min(draw.uniform(LEAD) * seconds, 3.5 * unit)
    way = draw.choose(tuple(STORIES))
    side = draw.choose(("left", "right"))
    big, ratio = draw.uniform(SIZE) * long, draw.uniform(RATIO)
    colour, second, painted, other = draw.colours(4)
    rgbs = [looks.tint(draw, c) for c in (colour, second, painted)]

    # An end of the plank is on the floor: up = L sin(tilt) + half thickness cos(tilt), a little less tilted
    plank = _Plank(
        long, long * (math.sin(tilt) + 1.05 * THICK * math.cos(tilt)), tilt, 1.0 if side == "right" else -1.0
    )
    small = big / (1.0 if way in ("drop", "arms") else ratio)
    start = -tilt if way == "kick" else 0.0
    ends = 0.99 - LIP - big / long, 0.99 - LIP - small / long  # where boxes touch the lips
    arm, arm2 = ends[0] - draw.between(*FAR), ends[1] - draw.between(*(NEAR if way == "arms" else FAR))
    falls = way in ("drop", "kick")
    high = GRAVITY * lead**2 / 2 if falls else 0.0
    high = min(high, 0.9 * long)
    lead = math.sqrt(2 * high / GRAVITY) if falls else lead
    first = _box(draw, plank, "box", colour, rgbs[0], big, arm, start, high)
    boxes = [first] if way == "drop" else [first, _box(draw, plank, "other", second, rgbs[1], small, -arm2, start, 0.0)]
    board = _board(draw, plank, painted, rgbs[2], start, boxes)
    post = [] if falls else [_post(draw, plank, lead, unit, rgbs)]
    stand = _stand(draw, plank, rgbs)

    points = [(a * long, b * DEEP * long, z) for a in (-1, 1) for b in (-1, 1) for z in (0.0, 2 * plank.up)]
    points += [(b.pos[0] + dx * big, 0.0, b.pos[2] + 1.2 * big) for b in boxes for dx in (-1, 1)]
    view, span = views.around(draw, points, yaw=(-26, 26), pitch=(4, 16), fov=(30, 46), moves=MOVES)
    things = tuple(rgbs) if len(boxes) > 1 else (rgbs[0], rgbs[2])
    room = looks.room(draw, things, span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, span, things, near=0.8)
    scene = Scene((*boxes, board, *post, *stand, *clutter), view.camera, room, looks.lights(draw, span), substeps=2)

    told = _words(way, colour, second, painted, side, words.article(words.TEXTURES[room.floor.texture]))
    tips = 0.9 * unit * (2.0 if way == "kick" else 1.0) + 2 * (start + tilt) / SLOW * unit
    landed = min(0.99 * seconds, lead + tips)
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            _words(way, other, second, painted, side, told["floor"]),
            _words(way, colour, second, painted, words.opposite(side), told["floor"]),
            camera=view.sentence,
        )
        + words.otherwise(WRONG, told, camera=view.sentence),
        inventory=(*(Thing(b.name, "box", b.colour) for b in boxes), Thing("plank", "seesaw", painted)),
        expected=(
            *(Expected("present", b.name, 0.0, seconds) for b in boxes),
            *_moves(way, view.kind, lead, landed, unit),
        ),
        breakable=_breakable(way, lead, unit, seconds),
        parameters={
            "colour": colour,
            "side": side,
            "texture": first.material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "way": way,
            "size": 2 * big / span,
            "speed": unit / seconds,
            "ratio": big / small,
            "tilt": tilt,
            "length_m": 2 * long,
            "span_m": span,
        },
    )


def _moves(way: str, camera: str, lead: float, landed: float, unit: float) -> tuple[Expected, ...]:
    """What the boxes do; from a camera that goes away it may look like little."""
    if way in ("drop", "kick"):
        return (
            Expected("falls", "box", 0.0, landed),
            Expected("collides", "box", 0.9 * lead, 1.1 * lead + 0.1 * unit, "plank"),
        )
    if camera == "dolly":
        return ()
    up = (Expected("moves_up", "other", 0.9 * lead, lead + 0.8 * (landed - lead)),) if way == "weights" else ()
    return (Expected("moves_down", "box", 0.0, landed), *up)


def _breakable(way: str, lead: float, unit: float, seconds: float) -> tuple[Breakable, ...]:
    early = 0.3 * lead, 0.8 * lead
    moving = lead + 0.3 * unit, lead + 0.9 * unit
    both = (
        Breakable("no_response", "plank", 0.5 * lead, 0.9 * lead, other="box"),
        Breakable("freeze", None, *moving),
        Breakable("bend", "plank", 0.2 * seconds, 0.6 * seconds),
        *(Breakable(kind, "box", 0.2 * seconds, 0.7 * seconds) for kind in ("vanish", "colour_change")),
    )
    if way in ("drop", "kick"):
        return (
            *both,
            Breakable("pass_through", "box", *early),
            Breakable("float", "box", 0.3 * lead, 0.7 * lead),
            Breakable("wrong_fall", "box", 0.1 * lead, 0.4 * lead),
        )
    return (
        *both,
        Breakable("pass_through", "box", *early),
        Breakable("duplicate", "box", *early),
        Breakable("drift_up", "box", *moving),
        Breakable("identity_swap", "box", 0.2 * seconds, 0.7 * seconds, other="other"),
    )


def _box(
    draw: Draw, plank: _Plank, name: str, colour: str, rgb: Vec, half: float, along: float, tilt: float, high: float
) -> Body:
    """A box whose lower side is on the plank, or level and `high` metres above where it will land."""
    tall = draw.between(0.8, 1.1) * half
    size: Vec = (half, min(half, 0.95 * DEEP * plank.long), tall)
    above = 1.0005 * (THICK * plank.long + tall)
    x, y, z = plank.point(along, above, tilt)
    if high > 0.0:
        z += high + abs(math.sin(tilt)) * half
    turn = shapes.about((0.0, 1.0, 0.0), 0.0 if high > 0.0 else plank.sign * tilt)
    return Body(
        name,
        "box",
        colour,
        (Geom("box", size),),
        looks.paint(draw, rgb, 2 * half),
        (x, y, z),
        turn,
        motion="free",
        mass=8 * size[0] * size[1] * size[2] / (0.2 * plank.long) ** 3,
        restitution=0.15,
        friction=FRICTION,
    )


def _board(draw: Draw, plank: _Plank, colour: str, rgb: Vec, tilt: float, boxes: list[Body]) -> Body:
    """The plank on its axle; its stops hold it just above the floor at either end."""
    torques = [plank.sign * b.pos[0] * b.mass * GRAVITY for b in boxes]
    turning = abs(sum(torques)) if len(boxes) == 1 else abs(torques[0] + torques[1])
    size: Vec = (plank.long, DEEP * plank.long, THICK * plank.long)
    lip = LIP / 2 * plank.long, size[1], 0.05 * plank.long  # at either end, so that nothing slides off
    lips = [Geom("box", lip, (a * (size[0] - lip[0]), 0.0, size[2] + lip[2])) for a in (-1, 1)]
    stop = brentq(lambda a: plank.up - plank.long * (math.sin(a) + THICK * math.cos(a)) - 0.004 * plank.long, 0.0, 1.0)
    return Body(
        "plank",
        "seesaw",
        colour,
        (Geom("box", size), *lips),
        looks.paint(draw, rgb, 0.5 * plank.long, plain=0.5),
        (0.0, 0.0, plank.up),
        motion="hinged",
        hinge=Hinge(
            (0.0, 0.0, plank.up),
            (0.0, 1.0, 0.0),
            plank.sign * max(tilt, -stop),
            damping=turning / (SLOW * math.sqrt(GRAVITY / plank.long)),
            limits=(-stop, stop),
        ),
        mass=draw.between(0.8, 1.4),
        restitution=0.15,
        friction=FRICTION,
    )


def _post(draw: Draw, plank: _Plank, lead: float, unit: float, things: list[Vec]) -> Body:
    """A post under the heavier end that slides out from under it until it is gone at `lead` seconds, and on."""
    r = draw.between(0.035, 0.05) * plank.long
    top = plank.up - THICK * plank.long
    at, out = 0.9 * plank.long, plank.long + r
    starts, speed = lead - 0.35 * unit, 2 * (out - at) / (0.35 * unit)
    ends = starts + 4.0 * unit

    def x(t: float) -> float:
        """Evenly accelerated until it is out, then at a steady speed."""
        since = min(max(t - starts, 0.0), ends - starts)
        gone = max(since - 0.35 * unit, 0.0)
        return plank.sign * (at + speed * (min(since, 0.35 * unit) ** 2 / (0.7 * unit) + gone))

    times = sorted({0.0, *(starts + k / 20 * 0.35 * unit for k in range(21)), ends})
    keys = tuple(Key(t, (x(t), 0.0, top / 2)) for t in times)
    look = Material(looks.background(draw, things)[1])
    geoms = (Geom("box", (r, 0.6 * DEEP * plank.long, top / 2)),)
    return Body("post", "post", "grey", geoms, look, keys[0].pos, motion="scripted", keys=keys, role="prop")


def _stand(draw: Draw, plank: _Plank, things: list[Vec]) -> tuple[Body, ...]:
    """What the axle rests on: a cone, or two pairs of legs; nothing touches it."""
    look = looks.surface(draw, looks.background(draw, things)[1], plank.long)
    deep, top = 1.3 * DEEP * plank.long, plank.up
    if draw.chance(0.5):
        tip = top - THICK * plank.long
        geoms: tuple[Geom, ...] = (Geom("cone", (0.75 * tip, tip / 2, 0.0), (0.0, 0.0, tip / 2), solid=False),)
    else:
        r = 0.025 * plank.long
        legs = [
            shapes.rod((a * 0.6 * top, b * deep, 0.0), (0.0, b * deep, top), r, solid=False)
            for a in (-1, 1)
            for b in (-1, 1)
        ]
        geoms = (*legs, shapes.rod((0.0, -deep, top), (0.0, deep, top), r, solid=False))
    return (Body("stand", "stand", "grey", geoms, look, (0.0, 0.0, 0.0), role="prop"),)


def _words(way: str, colour: str, second: str, painted: str, side: str, floor: str) -> dict[str, str]:
    told = {
        "a": words.article(colour),
        "b": second,
        "bb": words.article(second),
        "colour": colour,
        "plank": f"{painted} seesaw",
        "side": side,
        "across": words.opposite(side),
        "floor": floor,
    }
    story = STORIES[way].format(**told)
    return {**told, "story": story, "Story": story[0].upper() + story[1:], "why": WHYS[way].format(**told)}
