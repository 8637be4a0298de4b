"""Two things slide over smooth ice and collide head-on; sometimes the second hits a third.

Law: momentum is kept through the impact, and the speed of parting is e (restitution) times that of approach:
v_a' = (m_a v_a + m_b v_b - e m_b (v_a - v_b)) / (m_a + m_b), and v_b' = v_a' + e (v_a - v_b). Friction is next to
nothing, so that they slide at constant speed before and after. All are equally high, so that a bigger one is heavier
as the square of its width; they touch with round bumpers, in the line of their centres of mass. Lengths in metres,
times in seconds, masses in kg.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from simulator.scene import Body, Geom, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
FRICTION = 5e-5
SUBSTEPS = 8  # of 1/1200 s; restitution is then right to 0.01
TOLERANCE = 0.15  # seconds either side of an expected time
LONGEST = 4.0  # seconds until the impact

AT: Ranges = (0.38, 0.5), (0.26, 0.34)  # share of the clip until the impact
SIZE: Ranges = (0.19, 0.24), (0.14, 0.17)  # diameter of the bigger over the picture's height
RATIO: Ranges = (1.25, 1.5), (1.6, 1.9)  # diameter of the bigger over the other's, where they differ
SPAN: Ranges = (1.2, 3.0), (0.8, 5.0)  # metres that the picture is high
BOUNCY, DULL = (0.75, 0.95), (0.15, 0.25)  # restitution
ICE: Vec = (0.76, 0.86, 0.91)
NOUNS = ("puck", "stone", "box")

TEMPLATES = (
    "{a} {noun} slides from the {side} over {floor} and hits {b} {noun}; {then}.",
    "Two {plural} collide on {floor}, {a} one from the {side} and {b} one; {then}.",
    "From the {side} {a} {noun} runs into {b} {noun}; {then}.",
    "{a} {noun} that comes from the {side} collides with {b} {noun}; {then}.",
    "On {floor} {a} {noun} from the {side} bumps into {b} one; {then}.",
    "Coming from the {side}, {a} {noun} strikes {b} {noun}; {then}.",
    "Video of {a} {noun} sliding in from the {side} and knocking against {b} {noun}; {then}.",
    "{b} {noun} is hit by {a} {noun} from the {side}; {then}.",
)
WRONG = (
    "{a} {noun} from the {side} slides past {b} {noun} without touching it.",
    "{a} {noun} goes right through {b} {noun} on {floor} as if it were air.",
)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    at = min(draw.uniform(AT) * seconds, LONGEST)
    three = draw.ood and draw.chance(0.6)
    way = "rest" if three else draw.choose(("rest", "rest", "meet", "catch"))
    noun = draw.choose(NOUNS)
    side = draw.choose(("left", "right"))
    span = draw.uniform(SPAN)
    share, ratio = draw.uniform(SIZE), draw.uniform(RATIO)
    restitution = draw.between(*(DULL if draw.chance(0.3) else BOUNCY))
    small = draw.choose(("second", "none") if three else ("first", "second", "none"))
    names = ("first", "second", "third") if three else ("first", "second")
    *colours, other = draw.colours(len(names) + 1)
    rgbs = tuple(looks.tint(draw, colour) for colour in colours)

    sizes = [
        share / 2 / (ratio if small != "none" and (name == "first") == (small == "first") else 1) for name in names
    ]
    kilos = draw.between(0.5, 2.0)  # of one as big as the bigger
    masses = [kilos * (2 * size / share) ** 2 for size in sizes]
    places, speeds = _start(draw, way, sizes, at)
    after = _impact(masses[:2], speeds[:2], restitution)
    sign = 1.0 if side == "left" else -1.0  # of where the first one goes
    thick = {"puck": 0.3, "stone": 0.42, "box": 0.5}[noun] * share / 2 * span
    bodies = tuple(
        Body(
            name,
            noun,
            colour,
            _shape(noun, size * span, thick),
            looks.paint(draw, rgb, 2 * size * span),
            (sign * x * span, 0.0, thick),
            motion="free",
            velocity=(sign * v * span, 0.0, 0.0),
            mass=mass,
            restitution=restitution,
            friction=FRICTION,
        )
        for name, colour, rgb, size, mass, x, v in zip(names, colours, rgbs, sizes, masses, places, speeds, strict=True)
    )
    view = views.view(draw, (0.0, 0.0, 0.06 * span), span, yaw=(-12, 12), pitch=(14, 34), fov=(30, 46))
    room = looks.room(draw, rgbs, span, views.reach_of(view.camera))
    icy = draw.chance(0.5) and min(math.dist(ICE, rgb) for rgb in rgbs) > 0.4
    floor = Material(looks.jitter(draw, ICE, 0.03), "noise", (0.64, 0.76, 0.82), 0.6 * span, 0.6) if icy else room.floor
    room = replace(room, floor=floor, half_width=max(room.half_width, 6 * span))
    clutter = looks.clutter(draw, span, rgbs)
    scene = Scene((*bodies, *clutter), view.camera, room, looks.lights(draw, span), substeps=SUBSTEPS)

    weights = {"none": ("", ""), "first": ("light ", "heavy "), "second": ("heavy ", "light ")}[small]
    told = {
        "a": words.article(weights[0] + colours[0]),
        "b": words.article(weights[1] + colours[1]),
        "noun": noun,
        "plural": noun + ("es" if noun == "box" else "s"),
        "side": side,
        "floor": "ice" if icy else f"a smooth {words.TEXTURES[floor.texture]} floor",
        "then": f"then the {colours[1]} one hits {words.article(colours[2])} one"
        if three
        else _outcome(colours, speeds, after),
    }
    events = [Expected("collides", "first", max(0.0, at - TOLERANCE), min(seconds, at + TOLERANCE), "second")]
    if three:
        second = at + (places[2] - places[1] - sizes[1] - sizes[2]) / after[1]
        events.append(
            Expected("collides", "second", max(0.0, second - TOLERANCE), min(seconds, second + TOLERANCE), "third")
        )
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            {**told, "a": words.article(weights[0] + other)},
            {**told, "side": words.opposite(side)},
            camera=view.sentence,
        )
        + words.otherwise(WRONG, told, camera=view.sentence),
        inventory=tuple(Thing(b.name, noun, b.colour) for b in bodies),
        expected=(
            *(Expected("present", name, 0.0, min(seconds, at + TOLERANCE)) for name in names),
            Expected(f"moves_{words.opposite(side)}", "first", 0.0, at),
            *events,
        ),
        breakable=(
            Breakable("no_response", "second", 0.6 * at, 0.9 * at, other="first"),
            Breakable("pass_through", "first", 0.6 * at, 0.9 * at),
            Breakable("merge", "first", 0.96 * at, at + 0.1 * (seconds - at), other="second"),
            Breakable("identity_swap", "first", 0.5 * at, at + 0.3 * (seconds - at), other="second"),
            *(
                Breakable(kind, "first", 0.25 * at, 0.7 * at)
                for kind in ("sudden_stop", "sudden_turn", "teleport", "vanish")
            ),
            *(Breakable(kind, None, 0.25 * at, 0.7 * at) for kind in ("freeze", "time_skip")),
            Breakable("energy_gain", "second", 0.6 * at, 0.9 * at),
            *((Breakable("sudden_start", "second", 0.2 * at, 0.6 * at),) if way == "rest" else ()),
            *(
                Breakable(kind, "second", 0.2 * at, at + 0.2 * (seconds - at))
                for kind in ("colour_change", "size_change", "duplicate")
            ),
        ),
        parameters={
            "colour": colours[0],
            "noun": noun,
            "side": side,
            "texture": bodies[0].material.texture,
            "floor": "ice" if icy else floor.texture,
            "camera": view.kind,
            "way": way,
            "count": len(bodies),
            "size": share,
            "ratio": ratio if small != "none" else 1.0,
            "speed": speeds[0],
            "speed_a": abs(speeds[0]) * span,
            "speed_b": abs(speeds[1]) * span,
            "mass_a": masses[0],
            "mass_b": masses[1],
            "restitution": restitution,
            "impact_s": at,
            "span_m": span,
        },
    )


def _start(draw: Draw, way: str, sizes: Sequence[float], at: float) -> tuple[list[float], list[float]]:
    """Places and speeds in picture heights (a second), along the first one's way, so that they touch at time `at`."""
    a, b = sizes[:2]
    first = a - 0.49
    touch = {"rest": (-0.02, 0.05), "meet": (-0.03, 0.03), "catch": (0.06, 0.12)}[way]
    where = draw.between(-0.12, -0.08) if len(sizes) > 2 else draw.between(*touch)
    second = {
        "rest": where + b,
        "meet": 0.49 - b,
        "catch": first + a + b + draw.between(0.16, 0.2),
    }[way]
    places = [first, second]
    speeds = [(where - a - first) / at, (where + b - second) / at]
    if len(sizes) > 2:
        places.append(where + 2 * b + sizes[2] + draw.between(0.06, 0.1))
        speeds.append(0.0)
    return places, speeds


def _impact(masses: Sequence[float], speeds: Sequence[float], restitution: float) -> tuple[float, float]:
    """The speeds of two things after a head-on impact."""
    (ma, mb), (va, vb) = masses, speeds
    first = (ma * va + mb * vb - restitution * mb * (va - vb)) / (ma + mb)
    return first, first + restitution * (va - vb)


def _outcome(colours: Sequence[str], before: Sequence[float], after: tuple[float, float]) -> str:
    """What a person sees of the impact."""
    least = 0.12 * before[0]
    if after[1] - after[0] < 2 * least:
        return "they move on side by side" if abs(after[0] + after[1]) > 2 * least else "both stop there"
    if after[0] < -least and before[1] < 0 < after[1]:
        return "both bounce back"
    first = "bounces back" if after[0] < -least else "goes on slowly" if after[0] > least else "stops"
    second = "bounces back" if before[1] < 0 else "moves on" if after[1] > least else "stops"
    return f"the {colours[0]} one {first} and the {colours[1]} one {second}"


def _shape(noun: str, r: float, thick: float) -> tuple[Geom, ...]:
    """Geoms of a thing that is 2 r wide and 2 `thick` high, metres, with a bumper on either side."""
    dark = Material((0.2, 0.2, 0.22))
    knob = 0.7 * thick
    bumpers = [Geom("sphere", (knob, 0.0, 0.0), (s * (r - knob), 0.0, 0.0), material=dark) for s in (-1.0, 1.0)]
    if noun == "box":
        return (Geom("box", (0.95 * r, 0.95 * r, thick)), *bumpers)
    disc = Geom("cylinder", (0.95 * r, thick, 0.0))
    if noun == "puck":
        return (disc, *bumpers)
    end, side, top = 0.3 * r, -0.5 * r, 1.45 * thick
    post = shapes.rod((end, 0.0, thick), (end, 0.0, top), 0.11 * r, material=dark, solid=False)
    grip = shapes.rod((end, 0.0, top), (side, 0.0, top), 0.11 * r, material=dark, solid=False)
    return (disc, *bumpers, post, grip)
