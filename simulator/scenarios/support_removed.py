"""What stands on a shelf falls when the shelf is taken away, and stays when it is not.

Law: a thing at rest on a support stays; without support it falls freely, z = h - g t^2 / 2 with g = 9.81 m/s^2, and
comes to the floor sqrt(2 h / g) seconds later. The shelf goes away with an acceleration of several g: it slides back
into the wall, swings down like a trapdoor, or is pulled out sideways; it is so smooth and quick that it does not take
the thing along. Of two shelves only one goes away, and it may be the empty one. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math

from simulator.scene import Body, Geom, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
QUICK = 6.0  # of g: how fast the middle of the shelf speeds up

FALL: Ranges = (0.18, 0.27), (0.11, 0.15)  # share of the clip that the fall takes
LONGEST = 0.8  # seconds, of the fall
LEAD: Ranges = (0.20, 0.38), (0.20, 0.38)  # share of the clip until the shelf goes away
LATEST = 2.5  # seconds, of that
SIZE: Ranges = (0.20, 0.26), (0.14, 0.17)  # size of the thing over the picture's height
THICK = 0.12  # half thickness of a shelf, in radii of the thing

TEMPLATES = (
    "{scene}; {event}, and {end}.",
    "We see how {scene}. Then {event}, and {end}.",
    "{scene}; when {event}, {end}.",
    "Video: {scene}; {event}; {end}.",
    "Over {floor} floor {scene}. After a while {event}, and {end}.",
    "First {scene}; then {event}, and {end}.",
    "{scene}. Suddenly {event} and {end}.",
    "The camera shows how {scene}, {event} and {end}.",
)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    fall = min(draw.uniform(FALL) * seconds, LONGEST)
    lead = min(draw.uniform(LEAD) * seconds, LATEST)
    share = draw.uniform(SIZE)
    outcome = draw.choose(("falls", "falls", "one", "stays"))
    way = draw.choose(("slides", "swings", "pulled") if outcome == "falls" else ("slides", "swings"))
    side = "none" if way != "pulled" and outcome == "falls" else draw.choose(("left", "right"))
    noun, noun2 = draw.choose(shapes.NOUNS), draw.choose(shapes.NOUNS)
    colour, second, other = draw.colours(3)
    rgbs = [looks.tint(draw, c) for c in (colour, second)]

    high = GRAVITY * fall**2 / 2  # of the upper side of the shelf
    r = share * high / (0.82 - share) / 2
    sign = {"left": -1.0, "right": 1.0, "none": 0.0}[side]
    away = 0.0 if way == "pulled" else sign * 2.3 * r  # where the shelf is that goes away
    at = -away if outcome == "stays" else away
    bounce = draw.between(0.35, 0.6) if noun == "ball" else 0.15
    bounces = noun == "ball" and outcome != "stays" and fall > 0.12  # enough to be seen
    things = [_thing("thing", noun, colour, looks.paint(draw, rgbs[0], 2 * r), r, (at, 0.0, high), bounce)]
    if outcome == "one":
        look = looks.paint(draw, rgbs[1], 2 * r)
        things.append(_thing("other", noun2, second, look, r, (-away, 0.0, high), 0.3))
    word, grey = looks.background(draw, rgbs[: len(things)])
    look = Material(grey, draw.choose(("flat", "wood")), looks.dim(grey, 0.7), scale=2 * r)
    shelves = [_moving(way, look, r, (away, high), lead, sign, seconds)]
    if outcome != "falls":
        shelves.append(_shelf("shelf1", look, r, (-away, high)))
    wide = 1.9 * r + abs(away)
    if way != "pulled":
        shelves.append(_wall(draw, [*rgbs[: len(things)], grey], wide, r, high))

    points = [(a * wide, y, z) for a in (-1, 1) for y in (-1.2 * r, 1.2 * r) for z in (0.0, high + 2.3 * r)]
    view, span = views.around(draw, points, yaw=(-24, 24), pitch=(3, 14), fov=(30, 48))
    room = looks.room(draw, (*rgbs[: len(things)], grey), span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, span, rgbs, near=0.8)
    scene = Scene((*things, *shelves, *clutter), view.camera, room, looks.lights(draw, span))

    floor = words.article(words.TEXTURES[room.floor.texture])
    names = (colour, noun, second, noun2)
    told = _words(names, outcome, way, side, floor)
    free = lead + (0.0 if way == "swings" else math.sqrt(2 * 1.45 * r / (QUICK * GRAVITY)))  # nothing bears it any more
    lands = free + 1.15 * fall
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            _words((other, noun, second, noun2), outcome, way, side, floor),
            *([_words(names, outcome, way, words.opposite(side), floor)] if side != "none" else []),
            {**told, "end": _wrong(outcome, colour, noun)},
            camera=view.sentence,
        ),
        inventory=tuple(Thing(t.name, t.noun, t.colour) for t in things),
        expected=(
            *(Expected("present", t.name, 0.0, seconds) for t in things),
            *((Expected("falls", "thing", 0.95 * lead, lands),) if outcome != "stays" else ()),
            *((Expected("bounces", "thing", free + 0.8 * fall, lands),) if bounces else ()),
            Expected("stays", "thing", 0.0, max(0.5 * lead, lead - 0.1) if outcome != "stays" else seconds),
            *(Expected("stays", t.name, 0.0, seconds) for t in things[1:]),
        ),
        breakable=_breakable(outcome, noun, lead, free, fall, seconds),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "texture": things[0].material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "way": way,
            "outcome": outcome,
            "shelf": word,
            "size": share,
            "speed": fall / seconds,
            "lead_s": lead,
            "height_m": high,
            "span_m": span,
        },
    )


def _thing(name: str, noun: str, colour: str, look: Material, r: float, pos: Vec, bounce: float) -> Body:
    return shapes.thing(name, noun, colour, look, r, pos, motion="free", restitution=bounce, friction=0.5)


def _breakable(outcome: str, noun: str, lead: float, free: float, fall: float, seconds: float) -> tuple[Breakable, ...]:
    early = 0.3 * lead, 0.8 * lead
    both = (
        *(Breakable(kind, "thing", *early) for kind in ("pass_through", "untouched_fall", "sudden_start")),
        *(Breakable(kind, "thing", 0.2 * seconds, 0.7 * seconds) for kind in ("vanish", "colour_change")),
    )
    if outcome == "stays":
        return (*both, *(Breakable(kind, "thing", 0.2 * seconds, 0.6 * seconds) for kind in ("drift_up", "teleport")))
    falling = free + 0.3 * fall, free + 0.6 * fall
    return (
        *both,
        Breakable("no_fall", "thing", 0.9 * lead, lead),
        Breakable("wrong_fall", "thing", free + 0.1 * fall, free + 0.3 * fall),
        *(Breakable(kind, "thing", *falling) for kind in ("float", "drift_up")),
        Breakable("freeze", None, *falling),
        *([Breakable("energy_gain", "thing", free + 0.6 * fall, free + 0.8 * fall)] if noun == "ball" else []),
    )


def _shelf(name: str, look: Material, r: float, at: tuple[float, float]) -> Body:
    """A shelf in front of the wall; at: the x of its middle and the height of its upper side."""
    size: Vec = (1.5 * r, 1.4 * r, THICK * r)
    return Body(name, "shelf", "grey", (Geom("box", size),), look, (at[0], 0.0, at[1] - THICK * r), role="prop")


def _moving(
    way: str, look: Material, r: float, at: tuple[float, float], lead: float, sign: float, seconds: float
) -> Body:
    """The shelf that goes away at `lead` seconds."""
    still = _shelf("shelf", look, r, at)
    (x, _, z), deep = still.pos, still.geoms[0].size[1]
    if way == "swings":
        takes = math.sqrt(math.pi * deep / (QUICK * GRAVITY))  # a quarter turn, its middle at QUICK g at first

        def key(t: float) -> Key:
            angle = math.pi / 2 * min(max(t - lead, 0.0) / takes, 1.0) ** 2
            y, down = deep * (1 - math.cos(angle)), deep * math.sin(angle)
            return Key(t, (x, y, z - down), shapes.about((1.0, 0.0, 0.0), angle))
    else:
        far = (2 * deep + 0.2 * r) if way == "slides" else 14 * r
        direction = (0.0, 1.0) if way == "slides" else (sign, 0.0)
        takes = math.sqrt(2 * far / (QUICK * GRAVITY))

        def key(t: float) -> Key:
            gone = far * min(max(t - lead, 0.0) / takes, 1.0) ** 2
            return Key(t, (x + direction[0] * gone, direction[1] * gone, z))

    times = sorted({0.0, *(lead + takes * k / 40 for k in range(41)), max(seconds, lead + takes)})
    keys = tuple(key(t) for t in times)
    geoms = still.geoms
    if way == "pulled":
        rod = shapes.rod(
            (sign * 1.5 * r, 0.0, 0.0), (sign * 14 * r, 0.0, 0.0), 0.09 * r, material=Material((0.3, 0.3, 0.32))
        )
        geoms = (*geoms, rod)
    return Body("shelf", "shelf", "grey", geoms, look, keys[0].pos, motion="scripted", keys=keys, role="prop")


def _wall(draw: Draw, things: list[Vec], wide: float, r: float, high: float) -> Body:
    """A board that stands behind the shelves and holds them."""
    half: Vec = (1.05 * wide, 0.15 * r, (high + draw.between(1.5, 2.6) * r) / 2)
    look = looks.surface(draw, looks.background(draw, things)[1], 3 * r)
    return Body("wall", "wall", "grey", (Geom("box", half),), look, (0.0, 1.55 * r, half[2]), role="prop")


def _words(names: tuple[str, str, str, str], outcome: str, way: str, side: str, floor: str) -> dict[str, str]:
    colour, noun, second, noun2 = names
    across = words.opposite(side) if side != "none" else ""
    thing, thing2 = f"{words.article(colour)} {noun}", f"{words.article(second)} {noun2}"
    which = f" on the {side}" if outcome != "falls" else ""
    event = {
        "slides": f"the shelf{which} slides back into the wall",
        "swings": f"the shelf{which} swings down like a trapdoor",
        "pulled": f"the shelf is pulled out to the {side}",
    }[way]
    if outcome == "falls":
        return {"scene": f"{thing} stands on a shelf", "event": event, "end": "it falls to the floor", "floor": floor}
    if outcome == "one":
        scene = f"{thing} stands on a shelf on the {side} and {thing2} on one on the {across}"
        return {"scene": scene, "event": event, "end": f"only the {colour} {noun} falls", "floor": floor}
    scene = f"{thing} stands on a shelf on the {across}, and the shelf on the {side} is empty"
    return {"scene": scene, "event": event, "end": f"the {colour} {noun} stays where it is", "floor": floor}


def _wrong(outcome: str, colour: str, noun: str) -> str:
    """How it did not end."""
    return {
        "falls": f"the {colour} {noun} stays up in the air",
        "one": f"the {colour} {noun} stays up in the air",
        "stays": f"the {colour} {noun} falls to the floor",
    }[outcome]
