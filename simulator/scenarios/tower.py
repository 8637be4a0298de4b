"""A tower of blocks stands, or falls when it is hit.

Law: a block stays at rest while the weight of all that it carries, itself included, acts inside what carries it; here
each block's middle is well inside the one below, so that the tower stands for ever. A heavy ball that rolls, or swings
on a rod, into it with momentum M v knocks it over, and the blocks fall at g = 9.81 m/s^2. A ball that rolls past
changes nothing. The unit of time is sqrt(H / g), H the tower's height. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import replace

from scipy.special import ellipk

from simulator.scene import Body, Geom, Hinge, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, stands, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81

COUNT: Ranges = (3, 5), (6, 7)
UNIT: Ranges = (0.10, 0.14), (0.15, 0.19)  # share of the clip that sqrt(H / g) takes
LONGEST = 0.5  # seconds, of that unit
LEAD: Ranges = (0.20, 0.34), (0.20, 0.34)  # share of the clip until a rolling ball hits
OFFSET = 0.10  # of a block's width: how far its middle lies off the one below
WIDE = (0.22, 0.33)  # of the height of the tower
NOUNS = ("block", "brick", "cube")

TEMPLATES = (
    "{stack} stands on {floor} floor; {event}, and {end}.",
    "We see {stack}: {event}, and {end}.",
    "Somebody has built {stack} on {floor} floor; {event}; {end}.",
    "Video of {stack}; {event}, and {end}.",
    "On {floor} floor there is {stack}. Then {event}, and {end}.",
    "In the middle stands {stack}, and {event}; {end}.",
    "A scene with {stack} and {ball}: {event}; {end}.",
    "Look at {stack}: when {event}, {end}.",
    "{stack} and {ball}; {event}, and {end}.",
)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    count = draw.integer(COUNT)
    unit = min(draw.uniform(UNIT) * seconds, LONGEST)
    way = draw.choose(("passes", "rolls", "rolls", "swings"))
    side = draw.choose(("left", "right"))
    noun = draw.choose(NOUNS)
    mixed = draw.chance(0.5)
    *colours, third, other = draw.colours((count if mixed else 1) + 2)
    colours = colours if mixed else colours * count
    rgbs = [looks.tint(draw, colour) for colour in dict.fromkeys(colours)]
    rgb = looks.tint(draw, third)

    high = GRAVITY * unit**2
    blocks = _blocks(draw, noun, colours, rgbs, high)
    wide = max(b.geoms[0].size[0] for b in blocks)
    sign = 1.0 if side == "right" else -1.0
    if way == "swings":
        ball, hit, props = _swinging(draw, third, rgb, high, wide, sign, [*rgbs, rgb])
    else:
        ball, hit = _rolling(draw, third, rgb, high, wide, sign, way)
        props = ()
    points = _corners(blocks) + _reached(ball, blocks, way, high, sign)
    view, span = views.around(draw, points, yaw=(-28, 28), pitch=(5, 20), fov=(30, 48))
    room = looks.room(draw, (*rgbs, rgb), span, views.reach_of(view.camera))
    room = replace(room, half_width=max(room.half_width, 1.3 * abs(ball.pos[0])))
    clutter = looks.clutter(draw, span, (*rgbs, rgb), near=0.9)
    scene = Scene((*blocks, ball, *props, *clutter), view.camera, room, looks.lights(draw, span), substeps=1)

    floor = words.article(words.TEXTURES[room.floor.texture])
    told = _words(noun, colours, third, way, side, floor)
    falls = way != "passes"
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            _words(noun, [other, *colours[1:]] if mixed else [other] * count, third, way, side, floor),
            _words(noun, colours, third, way, words.opposite(side), floor),
            {**told, "end": _end(not falls)},
            camera=view.sentence,
        ),
        inventory=(*(Thing(b.name, noun, b.colour) for b in blocks), Thing("ball", "ball", third)),
        expected=_expected(blocks, ball, way, hit, unit, seconds, side),
        breakable=_breakable(blocks, ball, way, hit, unit, seconds),
        parameters={
            "colour": colours[0],
            "noun": noun,
            "side": side,
            "texture": blocks[0].material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "way": way,
            "outcome": "falls" if falls else "stands",
            "count": count,
            "size": high / span,
            "speed": unit / seconds,
            "height_m": high,
            "span_m": span,
        },
    )


def _blocks(draw: Draw, noun: str, colours: list[str], rgbs: list[Vec], high: float) -> tuple[Body, ...]:
    """A tower `high` metres high, from the bottom up, every block a little off and turned from the one below."""
    palette = dict(zip(dict.fromkeys(colours), rgbs, strict=True))
    shares = [1.0 if noun == "cube" else draw.between(0.8, 1.2) for _ in colours]
    wide = high / len(colours) if noun == "cube" else draw.between(*WIDE) * high
    deep = wide if noun == "cube" else draw.between(0.75, 1.1) * wide
    looked = {c: looks.paint(draw, rgb, wide) for c, rgb in palette.items()}
    x = y = z = 0.0
    turn = draw.between(-0.5, 0.5)
    made = []
    for i, (colour, share) in enumerate(zip(colours, shares, strict=True)):
        half = high * share / sum(shares) / 2
        trim = 1.0 if noun == "cube" else draw.between(0.9, 1.0)
        size: Vec = (trim * wide / 2, trim * deep / 2, half)
        pos: Vec = (x, y, z + half)
        turning = shapes.about((0.0, 0.0, 1.0), turn + draw.between(-0.2, 0.2))
        made.append(
            Body(
                f"block{i}",
                noun,
                colour,
                (Geom("box", size),),
                looked[colour],
                pos,
                turning,
                motion="free",
                mass=share,
                restitution=0.1,
                friction=0.6,
            )
        )
        x, y = (v + draw.between(-OFFSET, OFFSET) * w for v, w in ((x, wide), (y, deep)))
        z += 2 * half
    return tuple(made)


def _rolling(draw: Draw, colour: str, rgb: Vec, high: float, wide: float, sign: float, way: str) -> tuple[Body, float]:
    """A ball that rolls into the tower, or past it, and when it gets there, seconds."""
    seconds, unit = draw.seconds, math.sqrt(high / GRAVITY)
    r = draw.between(0.22, 0.29) * high
    lead = draw.uniform(LEAD) * seconds
    if way == "passes":
        lead = min(0.5 * seconds, 3 * unit)
        speed, aside = draw.between(1.1, 1.5) * high / lead, draw.sign() * (draw.between(1.3, 2.0) * wide + r)
        start = -speed * lead
    else:
        lead = min(lead, 2.5 * unit)
        speed, aside = draw.between(1.2, 1.6) * GRAVITY * unit, 0.0
        start = -wide - r - speed * lead
    ball = Body(
        "ball",
        "ball",
        colour,
        (Geom("sphere", (r, 0.0, 0.0)),),
        looks.paint(draw, rgb, 2 * r),
        (sign * start, aside, r),
        motion="free",
        velocity=(sign * speed, 0.0, 0.0),
        spin=(0.0, sign * speed / r, 0.0),
        mass=draw.between(4.0, 7.0),
        restitution=0.2,
        friction=0.4,
    )
    return ball, lead


def _swinging(
    draw: Draw, colour: str, rgb: Vec, high: float, wide: float, sign: float, things: list[Vec]
) -> tuple[Body, float, tuple[Body, ...]]:
    """A heavy ball on a rod that meets the tower at its lowest point, when that is, seconds, and its stand."""
    r = draw.between(0.14, 0.18) * high
    length = draw.between(0.8, 1.1) * high
    angle = math.radians(draw.between(55.0, 80.0))
    at = draw.between(0.6, 0.8) * high
    x, top = -sign * (wide + r), at + length
    rod = shapes.rod((0.0, 0.0, 0.0), (0.0, 0.0, length), 0.07 * r, material=Material((0.2, 0.2, 0.22)), solid=False)
    ball = Body(
        "ball",
        "ball",
        colour,
        (Geom("sphere", (r, 0.0, 0.0)), rod),
        looks.paint(draw, rgb, 2 * r),
        (x, 0.0, at),
        motion="hinged",
        hinge=Hinge((x, 0.0, top), (0.0, -sign, 0.0), -angle),
        mass=draw.between(4.0, 7.0),
        restitution=0.2,
    )
    thick = 0.025 * high
    stand = stands.gallows(
        (x, 0.0, top), 1.2 * high, thick, looks.surface(draw, looks.background(draw, things)[1], high)
    )
    return ball, math.sqrt(length / GRAVITY) * float(ellipk(math.sin(angle / 2) ** 2)), (stand,)


def _corners(blocks: tuple[Body, ...]) -> list[Vec]:
    """Points around the tower."""
    wide = max(b.geoms[0].size[0] for b in blocks)
    top = blocks[-1].pos[2] + blocks[-1].geoms[0].size[2]
    return [(a * wide, b * wide, z) for a in (-1.2, 1.2) for b in (-1.0, 1.0) for z in (0.0, top)]


def _reached(ball: Body, blocks: tuple[Body, ...], way: str, high: float, sign: float) -> list[Vec]:
    """Points that what moves gets to: the ball, where it starts in the picture, and blocks that were hit."""
    r = ball.geoms[0].size[0]
    if way == "passes":
        return [(a * high, ball.pos[1], z) for a in (-0.7, 0.7) for z in (0.0, 2 * r)]
    thrown = [(0.8 * sign * high, b * 0.4 * high, 0.0) for b in (-1.0, 1.0)]
    if way == "rolls":
        return [*thrown, (-sign * min(abs(ball.pos[0]) + r, 0.8 * high), 0.0, r)]
    assert ball.hinge is not None
    x, _, top = ball.hinge.anchor
    length = top - ball.pos[2]
    c, s = math.cos(ball.hinge.angle), math.sin(ball.hinge.angle)
    return [*thrown, (x, 0.0, top), (x + sign * length * s - sign * r, 0.0, top - length * c)]


def _words(noun: str, colours: list[str], third: str, way: str, side: str, floor: str) -> dict[str, str]:
    count = words.number(len(colours))
    if len(set(colours)) == 1:
        stack = f"a tower of {count} {colours[0]} {noun}s"
    else:
        stack = f"a tower of {count} {noun}s ({words.listed(colours)} from the bottom up)"
    ball = words.article(third) + " ball"
    does = {
        "passes": f"{ball} rolls past the tower to the {side}",
        "rolls": f"{ball} rolls to the {side}, into the tower",
        "swings": f"{ball} on a rod swings to the {side}, into the tower",
    }[way]
    return {"stack": stack, "ball": ball, "event": does, "end": _end(way != "passes"), "floor": floor}


def _end(falls: bool) -> str:
    return "it falls down" if falls else "it stays standing"


def _expected(
    blocks: tuple[Body, ...], ball: Body, way: str, hit: float, unit: float, seconds: float, side: str
) -> tuple[Expected, ...]:
    present = Expected("present", blocks[-1].name, 0.0, seconds)
    if way == "passes":
        return (
            present,
            *(Expected("stays", b.name, 0.0, seconds) for b in blocks),
            Expected(f"moves_{side}", "ball", 0.0, min(seconds, 1.5 * hit)),
        )
    return (
        present,
        Expected("collides", "ball", 0.8 * hit, min(seconds, 1.15 * hit + 0.2 * unit), _struck(blocks, ball).name),
        Expected("falls", blocks[-1].name, 0.8 * hit, min(seconds, hit + 4 * unit)),
    )


def _struck(blocks: tuple[Body, ...], ball: Body) -> Body:
    """The block that reaches farthest towards the ball."""
    sign, r = -math.copysign(1.0, ball.pos[0]), ball.geoms[0].size[0]

    def gap(block: Body) -> float:
        a, b, c = block.geoms[0].size
        turn = 2 * math.atan2(block.quat[3], block.quat[0])
        off = max(abs(ball.pos[2] - block.pos[2]) - c, 0.0)  # how far the ball's middle is above or below it
        if off > r:
            return math.inf
        face = sign * block.pos[0] - abs(a * math.cos(turn)) - abs(b * math.sin(turn))
        return face - math.sqrt(r**2 - off**2)

    return min(blocks, key=gap)


def _breakable(
    blocks: tuple[Body, ...], ball: Body, way: str, hit: float, unit: float, seconds: float
) -> tuple[Breakable, ...]:
    top, middle = blocks[-1].name, blocks[(len(blocks) - 1) // 2].name
    if way == "passes":
        whole = ("vanish", "sudden_start", "pass_through", "colour_change", "teleport")
        return (
            *(Breakable(kind, middle, 0.15 * seconds, 0.6 * seconds) for kind in whole),
            Breakable("drift_up", top, 0.15 * seconds, 0.5 * seconds),
            Breakable("untouched_fall", top, 0.15 * seconds, 0.6 * seconds),
        )
    stuck = Breakable("no_response", _struck(blocks, ball).name, 0.5 * hit, 0.85 * hit, other="ball")
    return (
        *((stuck,) if way == "swings" else ()),  # a tower on the block that a rolling ball hits would fall all the same
        Breakable("pass_through", "ball", 0.5 * hit, 0.85 * hit),
        Breakable("untouched_fall", top, 0.15 * hit, 0.6 * hit),
        Breakable("no_fall", top, hit + 0.1 * unit, hit + 0.5 * unit),
        Breakable("float", top, hit + 0.6 * unit, hit + 1.2 * unit),
        Breakable("freeze", None, hit + 0.3 * unit, hit + 1.2 * unit),
        Breakable("vanish", middle, 0.2 * hit, 0.8 * hit),
        *(Breakable(kind, top, 0.2 * hit, hit + 0.6 * unit) for kind in ("colour_change", "teleport")),
    )
