"""A ball is covered by one of several cups, the cups change places, and the ball is where its cup went.

Law: what is hidden goes on existing and goes where its container goes. A cup moves to another's place on half an
ellipse, one of the two in front and the other behind, with the angle eased as u^2 (3 - 2 u); the half-axis in depth is
the least that keeps every two cups apart. The cups hang on sticks that come down from above the picture and move them.
Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

from simulator.scene import Body, Geom, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1

COUNT: Ranges = (2, 3), (4, 4)  # cups
SIZE: Ranges = (0.20, 0.25), (0.15, 0.18)  # width of a cup over the picture's height
SPAN: Ranges = (1.5, 3.0), (1.5, 3.0)  # metres that the picture is high
SLOWEST, QUICKEST = 1.1, 0.45  # seconds of one exchange, in an easy and a hard script
MOST = 14  # exchanges
COVER, MOVE, SHOW, SHOWN = (0.05, 0.15), (0.20, 0.74), 0.78, 0.9  # shares of the clip: cup down, exchanges, cup up
BALL, TALL = 0.72, 2.4  # radius of the ball and height of the cup, in radii of the cup
APART = 1.06  # least distance of two cups' middles, in their widths

TEMPLATES = (
    "{a} ball lies under one of {cups}; the cups change places, and the ball turns up {place}.",
    "A cup is put over {a} ball, {cups} change places, and the ball is found {place}.",
    "A shell game with {cups} and {a} ball, which ends up {place}.",
    "{cups} are moved around, one of them with {a} ball under it; it is shown {place}.",
    "Under one of {cups} is {a} ball. The cups swap places {times}, then the ball appears {place}.",
    "One of {cups} hides {a} ball and carries it along, until it is lifted {place}.",
    "{a} ball is covered by a cup, the cups swap {times}, and the ball is under the cup {place}.",
    "Video of a shell game: {a} ball, {cups}, and the ball is {place} in the end.",
)
ENDS = (
    "{a} ball lies under one of {cups}; the cups change places, and no ball is under them any more.",
    "A cup is put over {a} ball, {cups} change places, and two balls are found {place}.",
)
PLACES = {
    2: ("on the left", "on the right"),
    3: ("on the left", "in the middle", "on the right"),
    4: ("at the left end", "second from the left", "second from the right", "at the right end"),
}


@dataclass(frozen=True)
class Swap:
    """From start to end (seconds) the cups at places a < b are exchanged; the one from a goes `depth` metres behind,
    or in front where it is negative, and the one from b as far the other way."""

    start: float
    end: float
    a: int
    b: int
    depth: float


@dataclass(frozen=True)
class Cups:
    """Radius r and clearance `wide` of the cups, and where their places are along x, metres."""

    r: float
    wide: float
    places: tuple[float, ...]


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    count = draw.integer(COUNT)
    share, span = draw.uniform(SIZE), draw.uniform(SPAN)
    style = draw.choose(("round", "square", "tapered"))
    mixed = draw.chance(0.5)
    names = draw.colours(2 + (count if mixed else 1))
    colour, other, coats = names[0], names[1], names[2:] if mixed else names[2:] * count
    rgb = looks.tint(draw, colour)
    paints = {c: looks.paint(draw, looks.tint(draw, c), share * span, plain=0.7) for c in dict.fromkeys(coats)}

    r = share * span / 2
    gap = min(0.42, (0.9 - share) / (count - 1)) * span
    cups = Cups(r, 1.15 * r if style == "square" else r, tuple((i - (count - 1) / 2) * gap for i in range(count)))
    first = draw.choose(range(count))
    swaps = _swaps(draw, cups, first, seconds)
    last = _place_of(first, swaps, math.inf)[0]
    view = views.view(draw, (0.0, 0.0, 0.24 * span), span, yaw=(-14, 14), pitch=(10, 24), fov=(30, 46))
    lift = r * (2 * BALL + 1.3 * _steepness(view) + 0.35)

    bodies: list[Body] = []
    for i, coat in enumerate(coats):
        up = lift if i == first else 0.0
        keys = shapes.path(seconds, partial(_at, cups, swaps, i, seconds, up))
        bodies += _cup(f"cup{i}", style, coat, paints[coat], r, keys, 2.5 * span)
    way = tuple(replace(k, pos=(k.pos[0], k.pos[1], BALL * r)) for k in bodies[2 * first].keys)
    ball = shapes.thing(
        "ball", "ball", colour, looks.paint(draw, rgb, 2 * BALL * r), BALL * r, motion="scripted", keys=way
    )
    seen = (rgb, *(m.rgb for m in paints.values()))
    room = looks.room(draw, seen, span, views.reach_of(view.camera))
    scene = Scene((ball, *bodies, *looks.clutter(draw, span, seen)), view.camera, room, looks.lights(draw, span))

    place = PLACES[count][last]
    told = {
        "a": words.article(colour),
        "cups": _called(coats),
        "place": place,
        "times": "once" if len(swaps) == 1 else "twice" if len(swaps) == 2 else f"{words.number(len(swaps))} times",
    }
    elsewhere = draw.choose([p for p in PLACES[count] if p != place])
    hidden = (COVER[1] + 0.02) * seconds, (SHOW - 0.01) * seconds
    cup = f"cup{first}"
    moved = cups.places[last] - cups.places[first]
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES, {**told, "place": elsewhere}, {**told, "a": words.article(other)}, camera=view.sentence
        )
        + words.otherwise(ENDS, told, camera=view.sentence),
        inventory=(Thing("ball", "ball", colour), *(Thing(f"cup{i}", "cup", c) for i, c in enumerate(coats))),
        expected=(
            Expected("present", "ball", 0.0, COVER[0] * seconds),
            Expected("hidden_by", "ball", COVER[0] * seconds, (COVER[1] + 0.05) * seconds, cup),
            Expected("revealed", "ball", (SHOW - 0.02) * seconds, min(1.0, SHOWN + 0.05) * seconds, cup),
            *(
                (Expected(f"moves_{'right' if moved > 0 else 'left'}", cup, MOVE[0] * seconds, MOVE[1] * seconds),)
                if abs(moved) > 0.28 * span
                else ()
            ),
        ),
        breakable=_breakable(coats, first, hidden, swaps, draw),
        parameters={
            "colour": colour,
            "side": next((s for s in ("left", "right") if s in place), "none"),
            "place": place,
            "count": float(count),
            "exchanges": float(len(swaps)),
            "cups": style,
            "mixed": str(mixed),
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "speed": gap / span / (swaps[0].end - swaps[0].start),
            "span_m": span,
        },
    )


def _breakable(
    coats: tuple[str, ...], first: int, hidden: tuple[float, float], swaps: tuple[Swap, ...], draw: Draw
) -> tuple[Breakable, ...]:
    """What can be broken: the ball while it is hidden, and a cup in the middle of an exchange."""
    start, end = hidden
    swap = draw.choose(swaps)
    early, late = swap.start + 0.2 * (swap.end - swap.start), swap.start + 0.6 * (swap.end - swap.start)
    one = next(i for i in range(len(coats)) if _place_of(i, swaps, swap.start)[0] == swap.a)
    two = next(i for i in range(len(coats)) if _place_of(i, swaps, swap.start)[0] == swap.b)
    a, b = f"cup{one}", f"cup{two}"
    return (
        *(
            Breakable(kind, "ball", start, start + 0.8 * (end - start))
            for kind in ("colour_change", "shape_change", "teleport", "return_missing", "return_duplicate")
        ),
        *(Breakable(kind, a, early, late) for kind in ("vanish", "duplicate", "size_change")),
        Breakable("merge", a, early, late, other=b),
        Breakable("freeze", None, early, late),
        *((Breakable("identity_swap", a, early, late, other=b),) if coats[one] != coats[two] else ()),
    )


def _swaps(draw: Draw, cups: Cups, first: int, seconds: float) -> tuple[Swap, ...]:
    """Exchanges one after the other within MOVE, more and quicker ones in harder scripts; none undoes the last.

    The first of them moves the cup at place `first`, which hides the ball.
    """
    start, end = (share * seconds for share in MOVE)
    each = SLOWEST + (QUICKEST - SLOWEST) * draw.difficulty
    number = min(max(1, round((end - start) / each * draw.between(0.85, 1.15))), MOST)
    count, step = len(cups.places), (end - start) / number
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    chosen = [draw.choose([p for p in pairs if first in p])]
    while len(chosen) < number:
        chosen.append(draw.choose([p for p in pairs if p != chosen[-1]] or pairs))
    return tuple(
        Swap(start + k * step, start + (k + 0.88) * step, a, b, draw.sign() * _depth(cups, a, b))
        for k, (a, b) in enumerate(chosen)
    )


def _place_of(cup: int, swaps: tuple[Swap, ...], t: float) -> tuple[int, Swap | None]:
    """At which place the cup that began at place `cup` is at time t or was last, and the exchange that it is in."""
    at = cup
    for swap in swaps:
        if swap.start > t:
            break
        if at in (swap.a, swap.b):
            if t < swap.end:
                return at, swap
            at = swap.a + swap.b - at
    return at, None


def _at(cups: Cups, swaps: tuple[Swap, ...], cup: int, seconds: float, lift: float, t: float) -> Vec:
    """Where the middle of a cup is at time t; it is lifted by `lift` metres before and after the game."""
    at, swap = _place_of(cup, swaps, t)
    z = TALL * cups.r / 2 + lift * _lifted(t / seconds)
    if swap is None:
        return cups.places[at], 0.0, z
    u = (t - swap.start) / (swap.end - swap.start)
    angle = math.pi * u * u * (3 - 2 * u)
    left, right = cups.places[swap.a], cups.places[swap.b]
    sign = 1.0 if at == swap.a else -1.0
    x = (left + right) / 2 - sign * (right - left) / 2 * math.cos(angle)
    return x, sign * swap.depth * math.sin(angle), z


def _depth(cups: Cups, a: int, b: int) -> float:
    """The half-axis in depth, metres, with which the cups from a and b keep clear of each other and of the rest."""
    half, least = (cups.places[b] - cups.places[a]) / 2, 2 * cups.wide * APART
    if b == a + 1:
        return least / 2
    gap = cups.places[a + 1] - cups.places[a]
    inner = half - gap  # how far the place between that is farthest off lies from the middle
    depth, angles = least, [0.02 * k for k in range(1, 79)]
    while min(math.hypot(half * math.cos(u) - inner, depth * math.sin(u)) for u in angles) < min(least, 0.98 * gap):
        depth *= 1.05
    return depth


def _lifted(share: float) -> float:
    """How far up the ball's cup is at a share of the clip, [0, 1]: up, down over the ball, and up again."""
    down, up = (share - COVER[0]) / (COVER[1] - COVER[0]), (share - SHOW) / (SHOWN - SHOW)
    u = min(max(up if share > 0.5 else 1.0 - down, 0.0), 1.0)
    return u * u * (3 - 2 * u)


def _cup(
    name: str, style: str, colour: str, material: Material, r: float, keys: tuple[Key, ...], length: float
) -> tuple[Body, Body]:
    """A cup that is TALL * r high and hides a ball, and the stick, `length` metres long, that holds it from above."""
    half = TALL * r / 2
    geoms: tuple[Geom, ...] = (Geom("cylinder", (r, half, 0.0)),)
    if style == "square":
        geoms = (Geom("box", (0.82 * r, 0.82 * r, half)),)
    elif style == "tapered":
        geoms = tuple(
            Geom("cylinder", (w * r, h * half, 0.0), (0.0, 0.0, (z - 1.0) * half))
            for w, h, z in ((1.0, 0.12, 0.12), (0.9, 0.6, 0.72), (0.78, 0.34, 1.66))
        )
    stick = Geom("cylinder", (0.1 * r, length / 2, 0.0), (0.0, 0.0, half + length / 2))
    steel = Material((0.5, 0.5, 0.52), gloss=0.4)
    return (
        Body(name, "cup", colour, geoms, material, keys[0].pos, motion="scripted", keys=keys),
        Body(f"{name}_stick", "stick", "grey", (stick,), steel, keys[0].pos, motion="scripted", keys=keys, role="prop"),
    )


def _steepness(view: views.View) -> float:
    """Metres that the line of sight falls a metre, at the camera's first key."""
    key = view.camera.keys[0]
    return (key.eye[2] - key.target[2]) / math.dist(key.eye[:2], key.target[:2])


def _called(coats: tuple[str, ...]) -> str:
    """How a prompt calls the cups: "three red cups", or "three cups in red, blue and white"."""
    count = words.number(len(coats))
    return f"{count} {coats[0]} cups" if len(set(coats)) == 1 else f"{count} cups in {words.listed(coats)}"
