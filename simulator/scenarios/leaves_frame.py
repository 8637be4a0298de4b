"""A thing leaves the picture on one side and comes back the same.

Law: what is out of sight goes on existing and stays itself. The thing slides (a ball rolls) along the floor at
constant speed, out of the picture on one side; unseen, a wall turns it round; it comes back at a speed of its own. At
half of the clip it is out of pictures up to 16:9. Others may stand behind its way and stay. The camera is still, so
that only the thing can leave. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.scene import Body, Camera, Key, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 2
TOLERANCE = 0.15  # seconds either side of an expected time
WIDEST, NARROWEST = 16 / 9, 9 / 16  # aspects (width / height) that the windows of time allow for

SIZE: Ranges = (0.26, 0.34), (0.18, 0.22)  # height of the thing over the picture's height
SPAN: Ranges = (1.5, 4.0), (0.6, 8.0)  # metres that the picture is high
START: Ranges = (0.00, 0.16), (0.16, 0.22)  # from the middle, away from the exit, in picture heights
TURN: Ranges = (0.36, 0.40), (0.28, 0.33)  # shares of the clip: at the unseen wall
WAIT: Ranges = (0.08, 0.12), (0.02, 0.05)  # and there before it comes back
OTHERS = (0, 0, 1, 1, 2)  # things that stand behind its way

TEMPLATES = (
    "{a} {noun} leaves the picture on the {side} and comes back{others}.",
    "{a} {noun} goes out of view to the {side}, then returns from the {side}{others}.",
    "{a} {noun} moves out on the {side} side and comes back into the picture{others}.",
    "Moving {side}, {a} {noun} disappears past the edge of the frame and later comes back{others}.",
    "{a} {noun} {goes} off the {side} edge and returns{others}.",
    "The camera stays still; {a} {noun} leaves on the {side} and returns{others}.",
    "{a} {noun} goes off screen to the {side} and then comes back the same{others}.",
    "On {floor} floor {a} {noun} {goes} out of the frame on the {side} and returns{others}.",
    "Out on the {side} and back again {goes} {a} {noun}{others}.",
)
STAYS_AWAY = (
    "{a} {noun} leaves the picture on the {side} and never comes back{others}.",
    "{a} {noun} stays in the middle of the picture and does not move{others}.",
)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    bystanders = draw.choose(OTHERS)
    colour, other, *colours = draw.colours(2 + bystanders)
    noun = draw.choose(shapes.OOD_NOUNS if draw.ood else shapes.NOUNS)
    side = draw.choose(("left", "right"))
    share = draw.uniform(SIZE)
    span = draw.uniform(SPAN)
    start = draw.uniform(START)
    turn = draw.uniform(TURN) * seconds
    wait = draw.uniform(WAIT) * seconds
    rgb = looks.tint(draw, colour)

    r = share * span / 2
    geom, up = shapes.shape_of(noun, r)
    middle: Vec = (0.0, 0.0, draw.between(0.25, 0.38) * span)
    camera = views.view(draw, middle, span, yaw=(-8, 8), pitch=(6, 18), fov=(30, 45), moves=()).camera
    sign = 1.0 if side == "right" else -1.0
    far = _beyond(camera, r, up, sign)
    ends = draw.between(-0.14, 0.08) * span
    stops = ((0.0, -start * span), (turn, far), (turn + wait, far), (seconds, ends))
    keys = _keys(stops, sign, up, r if noun == "ball" else None, seconds)
    paint = looks.paint(draw, rgb, 2 * r)
    mover = Body(noun, noun, colour, (geom,), paint, keys[0].pos, motion="scripted", keys=keys)
    behind = _bystanders(draw, colours, mover, r, span)
    rgbs = (rgb, *(b.material.rgb for b in behind))
    room = looks.room(draw, rgbs, span, views.reach_of(camera))
    scene = Scene((mover, *behind, *looks.clutter(draw, span, rgbs, near=0.9)), camera, room, looks.lights(draw, span))

    told = {
        "a": words.article(colour),
        "noun": noun,
        "side": side,
        "goes": "rolls" if noun == "ball" else "slides",
        "floor": words.article(words.TEXTURES[room.floor.texture]),
        "others": _told(behind),
    }
    out = [
        _times_out(stops, _edge(camera, r, up, sign=sign, aspect=aspect, far=far))
        for aspect in (NARROWEST, 1.0, WIDEST)
    ]
    (_, _), (leaves, returns), _ = out
    changes = ({**told, "a": words.article(other)}, {**told, "side": words.opposite(side)})
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told),
        counterfactuals=words.otherwise(TEMPLATES, *changes) + words.otherwise(STAYS_AWAY, told),
        inventory=tuple(Thing(b.name, b.noun, b.colour) for b in (mover, *behind)),
        expected=_expected(mover, behind, out, side, seconds),
        breakable=_breakable(mover, behind, out, seconds),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "count": 1 + len(behind),
            "texture": mover.material.texture,
            "floor": room.floor.texture,
            "camera": "still",
            "size": share,
            "speed": (far + start * span) / span / turn,
            "out_s": returns - leaves,
            "span_m": span,
        },
    )


def _told(behind: tuple[Body, ...]) -> str:
    """ ", while a blue cube stands still"."""
    if not behind:
        return ""
    names = words.listed([words.article(f"{b.colour} {b.noun}") for b in behind])
    return f", while {names} {'stands' if len(behind) == 1 else 'stand'} still"


def _bystanders(draw: Draw, colours: list[str], mover: Body, r: float, span: float) -> tuple[Body, ...]:
    """Things of other colours that stand behind the mover's way, apart from each other."""
    places = draw.shuffled((-0.3, 0.0, 0.3))
    standing = []
    for colour, place in zip(colours, places, strict=False):
        noun = draw.choose(shapes.NOUNS)
        size = r * draw.between(0.7, 1.1)
        name = f"{colour}_{noun}"
        pos = ((place + draw.between(-0.06, 0.06)) * span, r + size + draw.between(0.12, 0.4) * span, 0.0)
        paint = looks.paint(draw, looks.tint(draw, colour), 2 * size)
        standing.append(shapes.thing(name, noun, colour, paint, size, pos))
    return tuple(standing)


def _expected(
    mover: Body, behind: tuple[Body, ...], out: list[tuple[float, float]], side: str, seconds: float
) -> tuple[Expected, ...]:
    """out: when it is out of the narrowest, a square and the widest picture."""
    (first, last), (leaves, _), (late, early) = out
    return (
        Expected(f"moves_{side}", mover.name, 0.0, leaves),
        Expected("leaves_frame", mover.name, max(0.0, first - TOLERANCE), late + TOLERANCE),
        Expected("returns", mover.name, early - TOLERANCE, min(seconds, last + TOLERANCE)),
        *(Expected("stays", b.name, 0.0, seconds) for b in behind),
    )


def _breakable(
    mover: Body, behind: tuple[Body, ...], out: list[tuple[float, float]], seconds: float
) -> tuple[Breakable, ...]:
    _, (leaves, returns), (late, early) = out
    away = (late + 0.1 * (early - late), early)
    going, back = (
        (0.3 * leaves, 0.6 * leaves),
        (returns + 0.3 * (seconds - returns), returns + 0.5 * (seconds - returns)),
    )
    changes = ("colour_change", "size_change", "shape_change", "return_duplicate")
    seen = ("vanish", "sudden_stop", "duplicate", "teleport")
    swaps = [Breakable("identity_swap", mover.name, *away, other=b.name) for b in behind]
    return (
        *(Breakable(kind, mover.name, *away) for kind in changes),
        Breakable("return_missing", mover.name, early, early + 0.7 * (returns - early)),
        *(Breakable(kind, mover.name, *going) for kind in seen),
        Breakable("vanish", mover.name, *back),
        Breakable("freeze", None, *going),
        *swaps,
        *(Breakable("count_change", b.name, *away) for b in behind[:1]),
    )


def _interval(camera: Camera, pos: Vec, r: float) -> tuple[float, float]:
    """Left and right edge in the picture, in picture heights, of a sphere of radius `r` metres around `pos`."""
    u, _, depth = views.project(camera, pos)
    half = 1.1 * r / (2 * depth * math.tan(math.radians(camera.fov) / 2))
    return u - half, u + half


def _beyond(camera: Camera, r: float, up: float, sign: float) -> float:
    """The distance along x (metres) at which the thing is just out of the widest picture."""
    x = 0.0
    while True:
        lo, hi = _interval(camera, (sign * x, 0.0, up), r)
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
        Key(t, (sign * float(d), 0.0, up), shapes.about((0.0, 1.0, 0.0), sign * float(d) / rolls if rolls else 0.0))
        for t, d in zip(times, at, strict=True)
    )


def _edge(camera: Camera, r: float, up: float, *, sign: float, aspect: float, far: float) -> float:
    """The distance along x (metres, below `far`) at which the thing is just out of a picture of this aspect."""
    near = 0.0
    for _ in range(20):
        middle = (near + far) / 2
        lo, hi = _interval(camera, (sign * middle, 0.0, up), r)
        if (lo if sign > 0 else -hi) > aspect / 2:
            far = middle
        else:
            near = middle
    return far


def _times_out(stops: tuple[tuple[float, float], ...], edge: float) -> tuple[float, float]:
    """The first and last time (seconds) at which the thing is farther than `edge` metres."""
    (t0, x0), (t1, far), (t2, _), (t3, x3) = stops
    return t0 + (t1 - t0) * (edge - x0) / (far - x0), t2 + (t3 - t2) * (far - edge) / (far - x3)
