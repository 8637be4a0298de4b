"""Beads are poured from a tilting jug into a bowl, and none is lost.

Law: beads are solid and their number stays; each rolls out over the lip when the jug is tilted far enough, falls at
g = 9.81 m/s^2 and comes to rest in the bowl. The jug turns by an angle eased as u^2 (3 - 2 u) about its lip, which
comes down to the bowl; a rod from behind holds it. At first the beads lie in rings of six, each ring in the hollows of
the one below. Lengths in metres, times in seconds, angles in radians.
"""

from __future__ import annotations

import math

from simulator.scene import Body, Geom, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, vessels, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1

COUNT: Ranges = (12, 16), (18, 20)
BEAD: Ranges = (0.0065, 0.0095), (0.0095, 0.0125)  # radius of a bead, metres, over the square of the story's seconds
LEAST, MOST = 0.012, 0.06  # metres, of that
LONGEST = 6.0  # seconds, of the whole story
START, END = 0.08, 0.62  # shares of the story in which the jug is tilted
TILT = (2.15, 2.4)
RING, STEP = 2.02, 1.72  # radius of a ring, and from ring to ring, in radii of a bead
MOVES = ("orbit", "handheld")  # from a camera that goes away the beads would be too small to tell apart
SHADES: tuple[Vec, ...] = ((0.55, 0.55, 0.55), (0.62, 0.55, 0.45), (0.35, 0.37, 0.42))  # of jugs
GLASS: Vec = (0.75, 0.86, 0.92)

TEMPLATES = (
    "{beads} are poured from a jug into {bowl}, towards the {side}.",
    "A jug tilts to the {side} and {beads} fall into {bowl}.",
    "Somebody pours {beads} out of a jug to the {side}, into {bowl}.",
    "{beads} roll out of a jug that is tilted to the {side} and drop into {bowl}.",
    "On {floor} floor stands {bowl}; {beads} are poured into it to the {side}, from a jug on the {across}.",
    "From a tilting jug {beads} fall one after the other into {bowl} on the {side}.",
    "Video of {beads} being poured from a jug to the {side} into {bowl}.",
    "A jug is emptied to the {side}: {beads} land in {bowl}.",
)
WRONG = (
    "A jug tilts to the {side} over {bowl}, and none of {beads} falls out.",
    "{beads} are poured to the {side}, and they all miss {bowl}.",
)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    story = min(draw.seconds, LONGEST)
    count = draw.integer(COUNT)
    r = min(max(draw.uniform(BEAD) * story**2, LEAST), MOST)
    side = draw.choose(("left", "right"))
    mixed = draw.chance(0.4)
    colour, second, painted, other = draw.colours(4)
    colours = [colour if not mixed or i % 2 == 0 else second for i in range(count)]
    rgbs = {c: looks.tint(draw, c) for c in (colour, second, painted)}
    things = [rgbs[c] for c in dict.fromkeys(colours)]

    thick = 0.3 * r
    sign = 1.0 if side == "right" else -1.0
    layers = math.ceil(count / 6)
    inner = 3.12 * r
    high = thick + (2.6 + STEP * (layers - 1)) * r
    wide = draw.between(1.3, 1.45) * math.sqrt(count) * r  # so that they lie in little more than one layer
    deep = draw.between(3.8, 4.6) * r
    lip: Vec = (-sign * 0.45 * wide, 0.0, deep + draw.between(1.3, 2.0) * r)  # when the jug is tilted
    jug = _jug(draw, story, lip, sign, inner, high, thick)
    bowl = _bowl(draw, painted, rgbs[painted], wide, deep, thick)
    looked = {c: looks.paint(draw, rgbs[c], 2 * r, plain=0.85) for c in dict.fromkeys(colours)}
    beads = _beads(colours, looked, r, jug.pos, thick)

    out = 1.3 * wide
    points: list[Vec] = [(a * out, b * out, z) for a in (-1, 1) for b in (-1, 1) for z in (0.0, deep)]
    points += [
        (jug.pos[0] + a * (inner + thick), b * inner, jug.pos[2] + z)
        for a in (-1, 1)
        for b in (-1, 1)
        for z in (0, high)
    ]
    points.append((lip[0] - sign * inner, 0.0, lip[2] + 1.3 * high))
    view, span = views.around(draw, points, yaw=(-18, 18), pitch=(20, 36), fov=(30, 46), moves=MOVES, fill=0.96)
    seen = things if bowl.material.alpha < 1 else [*things, rgbs[painted]]
    room = looks.room(draw, seen, span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, span, seen, near=0.8)
    scene = Scene((*beads, jug, bowl, *clutter), view.camera, room, looks.lights(draw, span), substeps=1)

    floor = words.article(words.TEXTURES[room.floor.texture])
    told = _words(colours, bowl, side, floor)
    changed = [other if c == colour else c for c in colours]
    more = [*colours, *colours[:3]]
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            _words(changed, bowl, side, floor),
            _words(colours, bowl, words.opposite(side), floor),
            _words(more, bowl, side, floor),
            camera=view.sentence,
        )
        + words.otherwise(WRONG, told, camera=view.sentence),
        inventory=tuple(Thing(b.name, "bead", b.colour) for b in beads),
        expected=tuple(
            Expected("falls", beads[i].name, START * story, min(0.99 * draw.seconds, (END + 0.3) * story))
            for i in (0, count // 2, count - 1)
        ),
        breakable=_breakable(count, story, draw.seconds),
        parameters={
            "colour": colour,
            "side": side,
            "texture": beads[0].material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "count": count,
            "mixed": "yes" if mixed else "no",
            "jug": jug.colour,
            "bowl": bowl.colour,
            "size": 2 * r / span,
            "speed": 1.0 / ((END - START) * story),
            "bead_m": r,
            "span_m": span,
        },
    )


def _breakable(count: int, story: float, seconds: float) -> tuple[Breakable, ...]:
    first, last = "bead0", f"bead{count - 1}"  # at the bottom of the jug, and on top
    poured = (END + 0.08) * story, min((END + 0.16) * story, 0.9 * seconds)
    pouring = 0.30 * story, 0.45 * story
    return (
        Breakable("pass_through", first, 0.04 * story, 0.2 * story),
        Breakable("freeze", None, *pouring),
        Breakable("no_fall", last, *pouring),
        Breakable("float", f"bead{count // 2}", 0.35 * story, 0.5 * story),
        *(Breakable(kind, first, *poured) for kind in ("drift_up", "teleport", "count_change", "vanish")),
        *(Breakable(kind, first, 0.15 * story, 0.6 * story) for kind in ("colour_change", "size_change")),
    )


def _beads(colours: list[str], looked: dict[str, Material], r: float, foot: Vec, thick: float) -> tuple[Body, ...]:
    """The beads in the jug, whose bottom's middle is `foot`, ring over ring; those of a last short ring lie apart."""
    made = []
    for i, colour in enumerate(colours):
        layer, k = divmod(i, 6)
        inside = min(6, len(colours) - 6 * layer)
        slot = k if inside == 6 else 6 * k / inside // 1
        angle = math.pi / 3 * slot + math.pi / 6 * layer
        x, y = (foot[0] + RING * r * math.cos(angle), foot[1] + RING * r * math.sin(angle))
        z = foot[2] + thick + (1.0 + STEP * layer) * r
        made.append(
            Body(
                f"bead{i}",
                "bead",
                colour,
                (Geom("sphere", (r, 0.0, 0.0)),),
                looked[colour],
                (x, y, z),
                motion="free",
                mass=0.1,
                restitution=0.15,
                friction=0.2,
            )
        )
    return tuple(made)


def _jug(draw: Draw, story: float, lip: Vec, sign: float, inner: float, high: float, thick: float) -> Body:
    """A jug that turns over about its lip, which comes down to `lip`."""
    clear = draw.chance(0.6)
    look = Material(GLASS, gloss=0.9, alpha=0.34) if clear else looks.surface(draw, draw.choose(SHADES), inner)
    tilt = draw.between(*TILT)

    def turning(t: float) -> float:
        u = min(max((t / story - START) / (END - START), 0.0), 1.0)
        return tilt * u * u * (3 - 2 * u)

    def at(t: float) -> Vec:
        c, s = math.cos(turning(t)), math.sin(turning(t))
        x, z = (inner + thick) * c + high * s, high * c - (inner + thick) * s  # of the lip from the foot
        rise = high * (c + math.hypot(c, 0.2)) / 2  # the jug comes down as it tilts, clear of the bowl
        return (lip[0] - sign * x, lip[1], lip[2] + rise - z)

    rod = vessels.rod_behind(inner + thick, 0.5 * high, 1.1 * thick)
    return Body(
        "jug",
        "jug",
        "clear" if clear else "grey",
        (*vessels.cup(inner, high, thick), rod),
        look,
        at(0.0),
        motion="scripted",
        keys=shapes.path(END * story, at, lambda t: shapes.about((0.0, 1.0, 0.0), sign * turning(t)), rate=120.0),
        friction=0.2,
        role="prop",
    )


def _bowl(draw: Draw, colour: str, rgb: Vec, wide: float, deep: float, thick: float) -> Body:
    """A bowl on the floor."""
    clear = draw.chance(0.6)
    look = Material(GLASS, gloss=0.9, alpha=0.34) if clear else looks.paint(draw, rgb, 2 * wide)
    geoms = vessels.cup(wide, deep, thick, sides=14, flare=draw.between(0.08, 0.28))
    return Body("bowl", "bowl", "clear" if clear else colour, geoms, look, (0.0, 0.0, 0.0), role="prop")


def _words(colours: list[str], bowl: Body, side: str, floor: str) -> dict[str, str]:
    names = list(dict.fromkeys(colours))
    beads = f"{words.number(len(colours))} {words.listed(names)} beads"
    dish = "a glass bowl" if bowl.colour == "clear" else f"{words.article(bowl.colour)} bowl"
    return {"beads": beads, "bowl": dish, "side": side, "across": words.opposite(side), "floor": floor}
