"""What is put into a container is in it, moves with it, and comes out when it is tipped over.

Law: solid walls and a solid bottom let nothing through, so that the thing goes where its container goes, hidden or not.
The thing falls in at g = 9.81 m/s^2. Ways: "pushed", an open box is pushed along the floor; "carried", a glass is
lifted, carried aside and set down; "tipped", the same with a cup that nothing can be seen through, which is then tipped
over so that the thing falls out. What is lifted hangs on a rod that comes from behind; its way is eased as
u^2 (3 - 2 u) in every leg. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.scene import Body, Geom, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, vessels, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81

SPAN: Ranges = (0.10, 0.14), (0.07, 0.09)  # metres that the picture is high, over the square of the story's seconds
LEAST, MOST = 0.25, 2.0  # metres, of that
LONGEST = 8.0  # seconds, of the whole story
SHORT = 0.9  # seconds, in which nothing can be lifted, carried and tipped over
SIZE: Ranges = (0.15, 0.19), (0.11, 0.135)  # size of the thing over the picture's height
ROOM: Ranges = (1.6, 2.0), (2.1, 2.5)  # inner half width of the container, in radii of the thing
FAR = (0.34, 0.46)  # of the picture: how far the container goes
TILT = (2.25, 2.55)  # radians, of a cup that is tipped
LEGS = {  # when lifting, carrying and setting down or tipping begin and end, over what follows the fall
    "pushed": (0.0, 0.66),
    "carried": (0.0, 0.26, 0.6, 0.86),
    "tipped": (0.0, 0.22, 0.44, 0.61),
}
MOVES = ("orbit", "dolly", "handheld")  # a camera that pans would lose one end of the way
GLASS: Vec = (0.75, 0.86, 0.92)

TEMPLATES = (
    "{a} {noun} falls into {vessel}; {event}, and {end}.",
    "{a} {noun} drops into {vessel}. Then {event}, and {end}.",
    "{vessel} stands on {floor} floor and {a} {noun} falls in; {event}, and {end}.",
    "First {a} {noun} falls into {vessel}, then {event}; {end}.",
    "Somebody drops {a} {noun} into {vessel}; {event}, and {end}.",
    "Video: {a} {noun} goes into {vessel}, {event}, and {end}.",
    "Into {vessel} falls {a} {noun}. After that {event} and {end}.",
    "With {a} {noun} in it, dropped from above, {vessel} moves: {event}, and {end}.",
)
EVENTS = {
    "pushed": "the box is pushed to the {side}",
    "carried": "the glass is lifted, carried to the {side} and set down",
    "tipped": "the cup is lifted, carried to the {side} and tipped over",
}
ENDS = {
    "pushed": ("the {noun} goes along in it", "the {noun} stays behind on the floor", "the box is empty in the end"),
    "carried": ("the {noun} goes along in it", "the {noun} stays behind in the air", "the glass is empty in the end"),
    "tipped": ("the {noun} falls out", "nothing comes out of it", "two {noun}s fall out"),
}


@dataclass(frozen=True)
class _Plan:
    """When what happens (seconds), and how far the container goes, from (start, 0, 0), metres, in a picture of
    `span` metres."""

    seconds: float  # of the story
    span: float
    fall: float
    legs: tuple[float, ...]  # at the beginnings of the legs, and at the end of the last one
    start: float
    way: float  # signed
    up: float
    tilt: float


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    story = min(draw.seconds, LONGEST)
    way = draw.choose(tuple(LEGS) if story > SHORT else ("pushed", "carried"))
    side = draw.choose(("left", "right"))
    noun = draw.choose(shapes.NOUNS)
    colour, second, other = draw.colours(3)
    rgbs = [looks.tint(draw, colour), looks.tint(draw, second)]

    span = min(max(draw.uniform(SPAN) * story**2, LEAST), MOST)
    r = draw.uniform(SIZE) * span / 2
    half = draw.uniform(ROOM) * r
    high = r * draw.between(*{"pushed": (1.35, 1.7), "carried": (2.2, 2.8), "tipped": (2.2, 2.5)}[way])
    high += 0.5 * half if way == "tipped" else 0.0  # so that nothing is seen over the rim
    drop = max(draw.between(0.30, 0.36) * span, high + 0.4 * r)
    fall = math.sqrt(2 * drop / GRAVITY)
    sign = 1.0 if side == "right" else -1.0
    begins = min(fall + 0.1 * story, 0.5 * story)
    legs = tuple(begins + share * (story - begins) for share in LEGS[way])
    # What moves never speeds up so much that the thing leaves it, or is flung about in it
    up = min(draw.between(0.18, 0.30) * span, 0.12 * GRAVITY * (legs[1] - legs[0]) ** 2)
    slides = legs if way == "pushed" else legs[1:3]
    far = sign * min(
        draw.between(*FAR) * span, (0.12 if way == "pushed" else 0.25) * GRAVITY * (slides[1] - slides[0]) ** 2
    )
    plan = _Plan(story, span, fall, legs, -far / 2, far, up, sign * draw.between(*TILT))
    thick = 0.14 * r

    thing = shapes.thing(
        "thing",
        noun,
        colour,
        looks.paint(draw, rgbs[0], 2 * r),
        r,
        (plan.start, 0.0, thick + drop),
        motion="free",
        restitution=0.2,
        friction=0.3,
    )
    if way == "pushed":
        vessel, moved = _box(draw, plan, rgbs[1], second, half, high, thick, r)
    else:
        vessel, moved = _lifted(draw, plan, way, rgbs[1], second, half, high, thick), ()
    points = _points(plan, way, r, half + thick, high, thing.pos[2])
    pitch = {"pushed": (24, 40), "carried": (8, 22), "tipped": (2, 10)}[way]
    view, span = views.around(draw, points, yaw=(-18, 18), pitch=pitch, fov=(30, 46), moves=MOVES)
    seen = rgbs if way != "carried" else rgbs[:1]
    room = looks.room(draw, seen, span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, span, seen, near=0.8)
    scene = Scene((thing, vessel, *moved, *clutter), view.camera, room, looks.lights(draw, span), substeps=2)

    told = {
        "a": words.article(colour),
        "noun": noun,
        "vessel": "a glass" if way == "carried" else f"{words.article(second)} {vessel.noun}",
        "side": side,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, _told(told, way), view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            _told({**told, "a": words.article(other)}, way),
            _told({**told, "side": words.opposite(side)}, way),
            *(_told(told, way, end) for end in (1, 2)),
            camera=view.sentence,
        ),
        inventory=(Thing("thing", noun, colour),),
        expected=_expected(plan, way, side, draw.seconds),
        breakable=_breakable(plan, way, draw.seconds),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "texture": thing.material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "way": way,
            "container": vessel.noun,
            "size": 2 * r / span,
            "speed": abs(far) / span / (legs[-1] - legs[0]),
            "room": half / r,
            "fall_s": fall,
            "span_m": span,
        },
    )


def _told(told: dict[str, str], way: str, end: int = 0) -> dict[str, str]:
    return {**told, "event": EVENTS[way].format(**told), "end": ENDS[way][end].format(**told)}


def _expected(plan: _Plan, way: str, side: str, seconds: float) -> tuple[Expected, ...]:
    first, last = plan.legs[0], plan.legs[-1]
    falls = Expected("falls", "thing", 0.0, min(seconds, 1.2 * plan.fall))
    far = abs(plan.way) > 0.2 * plan.span
    goes = (Expected(f"moves_{side}", "thing", first, min(seconds, 1.1 * last)),) if far else ()
    if way != "tipped":
        return (Expected("present", "thing", 0.0, seconds), falls, *goes)
    tips = plan.legs[2]
    return (
        Expected("present", "thing", 0.0, seconds),
        Expected("hidden_by", "thing", 0.5 * plan.fall, first, "vessel"),
        Expected("revealed", "thing", tips, min(0.99 * seconds, last + 0.2 * plan.seconds), "vessel"),
        *goes,
    )


def _breakable(plan: _Plan, way: str, seconds: float) -> tuple[Breakable, ...]:
    first, last = plan.legs[0], plan.legs[-1]
    inside = 0.3 * first + 0.7 * plan.fall + 0.05 * plan.seconds, first + 0.4 * (last - first)
    falling = 0.15 * plan.fall, 0.4 * plan.fall
    if way != "tipped":
        kinds = ("pass_through", "vanish", "colour_change", "duplicate", "teleport", "drift_up")
        return (
            *(Breakable(kind, "thing", *inside) for kind in kinds),
            Breakable("float", "thing", *falling),
            Breakable("freeze", None, first + 0.2 * (last - first), last - 0.3 * (last - first)),
        )
    lifted, tips = plan.legs[1], plan.legs[2]
    hidden = tips, 0.6 * tips + 0.4 * last  # over there, just before it comes out
    return (
        *(Breakable(kind, "thing", *hidden) for kind in ("return_missing", "return_duplicate")),
        *(Breakable(kind, "thing", first, lifted) for kind in ("colour_change", "size_change")),
        Breakable("pass_through", "thing", lifted, 0.5 * (lifted + tips)),
        Breakable("float", "thing", *falling),
        Breakable("no_fall", "thing", 0.5 * (tips + last), 0.8 * last + 0.2 * tips),
        Breakable("freeze", None, first + 0.3 * (lifted - first), tips),
        Breakable("vanish", "thing", min(last + 0.02 * plan.seconds, 0.9 * seconds), last + 0.06 * plan.seconds),
    )


def _box(
    draw: Draw, plan: _Plan, rgb: Vec, colour: str, half: float, high: float, thick: float, r: float
) -> tuple[Body, tuple[Body, ...]]:
    """An open box that obeys the engine, and a stick with a flat head, from out of the picture, that pushes it."""
    deep = half * draw.between(0.9, 1.2)
    begins, ends = plan.legs
    sign = math.copysign(1.0, plan.way)
    geoms = vessels.tray(half, deep, high, thick)
    box = Body(
        "vessel",
        "box",
        colour,
        geoms,
        looks.paint(draw, rgb, 2 * half),
        (plan.start, 0.0, 0.0),
        motion="free",
        mass=4.0,
        restitution=0.15,
        friction=0.4,
        role="prop",
    )
    head = 0.12 * r
    behind = half + thick + head  # from the box's middle to the head's when they touch
    gap = 0.8 * r
    z = max(0.5 * high, 2 * head)

    def at(t: float) -> Vec:
        x = plan.start - sign * (behind + gap) + (plan.way + sign * gap) * _eased(t, begins, ends)
        return (x, 0.0, z)

    rod = shapes.rod((-sign * head, 0.0, 0.0), (-sign * 30 * r, 0.0, 3.0 * r), 0.12 * r, solid=False)
    plate = Geom("box", (head, 0.7 * deep, min(0.45 * high, z)))
    look = Material((0.45, 0.34, 0.22), "wood", scale=r)
    keys = shapes.path(ends, at)
    stick = Body("stick", "stick", "brown", (plate, rod), look, at(0.0), motion="scripted", keys=keys, role="prop")
    return box, (stick,)


def _lifted(draw: Draw, plan: _Plan, way: str, rgb: Vec, colour: str, half: float, high: float, thick: float) -> Body:
    """A glass that is lifted and set down aside, or a cup that is lifted and tipped over aside."""
    look = looks.paint(draw, rgb, 2 * half)
    if way == "carried":
        look = Material(GLASS, gloss=0.9, alpha=draw.between(0.28, 0.4))
    middle = 0.5 * high
    rod = vessels.rod_behind(half + thick, middle, 0.8 * thick)
    a, b, c, d = plan.legs

    def at(t: float) -> Vec:
        up = plan.up * (_eased(t, a, b) - (_eased(t, c, d) if way == "carried" else 0.0))
        angle = turning(t)
        x = plan.start + plan.way * _eased(t, b, c) - middle * math.sin(angle)
        return (x, 0.0, up + middle * (1 - math.cos(angle)))

    def turning(t: float) -> float:
        return plan.tilt * _eased(t, c, d) if way == "tipped" else 0.0

    return Body(
        "vessel",
        "glass" if way == "carried" else "cup",
        "clear" if way == "carried" else colour,
        (*vessels.cup(half, high, thick, flare=draw.between(0.0, 0.12)), rod),
        look,
        at(0.0),
        motion="scripted",
        keys=shapes.path(d, at, lambda t: shapes.about((0.0, 1.0, 0.0), turning(t)), rate=120.0),
        role="prop",
    )


def _eased(t: float, start: float, end: float) -> float:
    """0 until `start`, 1 from `end`, at rest at both."""
    u = min(max((t - start) / (end - start), 0.0), 1.0)
    return u * u * (3 - 2 * u)


def _points(plan: _Plan, way: str, r: float, half: float, high: float, top: float) -> list[Vec]:
    """What has to be seen: where the container is at first and at last, and the thing above it."""
    end = plan.start + plan.way
    raised = plan.up if way == "carried" else plan.up + 0.4 * high if way == "tipped" else 0.0
    out = 1.2 * half + (0.7 * high + r if way == "tipped" else 0.0)
    spots = [
        (plan.start - half, top + r),
        (plan.start + half, top + r),
        (plan.start - math.copysign(half, plan.way), 0.0),
    ]
    spots += [(end + math.copysign(out, plan.way), z) for z in (0.0, raised + high)]
    return [(x, y, z) for x, z in spots for y in (-half, half)]
