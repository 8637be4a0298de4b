"""A row of dominoes falls, each by the one before.

Law: a domino stands on its two lower edges until something turns it past its tipping angle atan(thickness / height)
about the front one; then it falls and hits the next. Every domino turns about its front lower edge without slipping.
Far down the row the wave runs at a steady FAST sqrt(g h), h the height of a domino; it gets going within some three
dominoes, so that domino k is hit about k pitch / (FAST sqrt(g h)) + LAG sqrt(h / g) (1 - exp(-k / 3)) seconds after
domino 0. FAST and LAG were measured on the engine for the friction and spacings used here; times hold to a fifth. For
the wave of longer rows cf. J. M. J. van Leeuwen, Am. J. Phys. 78 (2010). Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.scene import Body, Geom, Hinge, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
FAST = 1.44
LAG = {"ball": 0.0, "stick": 0.4}  # a heavy ball gets the row going at once
FRICTION = 0.15  # between dominoes; on the floor they do not slip
LIFT = 0.002  # of the height: a gap under the dominoes, so that they touch the floor with nothing but their axle

COUNT: Ranges = (5, 10), (14, 18)
RUN: Ranges = (0.42, 0.60), (0.64, 0.74)  # share of the clip from the first touch until the last one lies
LEAD: Ranges = (0.10, 0.20), (0.06, 0.09)  # share of the clip until the first touch
PITCH: Ranges = (0.40, 0.54), (0.34, 0.38)  # from domino to domino, over the height
THICK = (0.28, 0.42)  # over the pitch
WIDE = (0.42, 0.62)  # over the height
MOVES = ("orbit", "dolly", "handheld")  # a camera that pans would lose an end of the row
LONGEST = 9.0  # metres, of a row: what the sun's shadows reach

TEMPLATES = (
    "{n} {colour} dominoes stand in {row}; {pushes} the first and they fall one after the other, to the {side}.",
    "{pushes} the first of {n} {colour} dominoes, and the whole row falls to the {side}.",
    "A chain of {n} {colour} dominoes topples to the {side}, set off by {by}.",
    "One by one {n} {colour} dominoes in {row} fall to the {side} after {pushes} the first.",
    "On {floor} floor {pushes} the first of {n} {colour} dominoes; each knocks over the next, to the {side}.",
    "Dominoes: {n} {colour} ones in {row} are set off by {by} and fall to the {side}.",
    "{n} {colour} dominoes fall like a wave that runs to the {side}, begun by {by}.",
    "Video of {row} of {n} {colour} dominoes falling to the {side} when {pushes} the first.",
    "Every domino of {n} {colour} ones in {row} falls against the next, from {by} on, to the {side}.",
)
WRONG = (
    "{pushes} the first of {n} {colour} dominoes in {row}, and only the first one falls.",
    "{n} {colour} dominoes stand in {row} on {floor} floor, {pushes} the first, and none of them falls.",
)


@dataclass(frozen=True)
class _Row:
    """Where dominoes stand: `at` (N, 2) metres, `heading` (N,) radians, the way in which they fall; sizes in metres."""

    at: np.ndarray
    heading: np.ndarray
    thick: float
    wide: float
    high: float

    def ahead(self, k: int) -> np.ndarray:
        """(3,) the unit vector along which domino k falls."""
        return np.array([math.cos(self.heading[k]), math.sin(self.heading[k]), 0.0])

    def point(self, k: int, along: float, up: float, across: float = 0.0) -> Vec:
        """What is `along` metres ahead of domino k's middle, `across` to its left, at height `up`."""
        x, y, _ = (*self.at[k], 0.0) + along * self.ahead(k) + across * self.ahead(k)[[1, 0, 2]] * (-1, 1, 0)
        return (float(x), float(y), up)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    count = draw.integer(COUNT)
    pitch = draw.uniform(PITCH)
    run, lead = draw.uniform(RUN) * seconds, draw.uniform(LEAD) * seconds
    side = draw.choose(("left", "right"))
    cause = draw.choose(("ball", "stick"))
    layout = draw.choose(("bent", "winding") if count > 8 else ("straight", "bent", "winding"))
    colour, other, third = draw.colours(3)
    rgb, rgb2 = looks.tint(draw, colour), looks.tint(draw, third)

    unit = run / ((count - 1) * pitch / FAST + LAG[cause] + 1.5)  # sqrt(h / g), seconds
    high = min(GRAVITY * unit**2, LONGEST / (count * pitch))
    unit = math.sqrt(high / GRAVITY)
    row = _row(draw, layout, count, pitch * high, high, side)
    lead = min(lead, 1.1 * unit)
    hit = [lead + unit * (k * pitch / FAST + LAG[cause] * (1 - math.exp(-k / 3))) for k in range(count)]

    look = looks.paint(draw, rgb, high)
    bodies = [_domino(row, k, colour, look) for k in range(count)]
    points = [
        row.point(k, a * row.thick / 2, up, b * row.wide / 2)
        for k in range(count)
        for a in (-1, 1)
        for b in (-1, 1)
        for up in (0.0, high)
    ]
    points += [row.point(count - 1, high, row.thick, b * row.wide / 2) for b in (-1, 1)]
    if cause == "ball":
        ball = _ball(draw, row, third, rgb2, lead, unit)
        bodies.append(ball)
        points.append(row.point(0, -math.dist(ball.pos[:2], row.at[0]) - ball.pos[2], 0.0))
    view, span = views.around(draw, points, yaw=(-24, 24), pitch=(18, 34), fov=(30, 46), moves=MOVES)
    if cause == "stick":
        bodies.append(_stick(draw, row, lead, unit, span, (rgb,)))
    room = looks.room(draw, (rgb, rgb2), span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, span, (rgb, rgb2), near=0.8)
    scene = Scene((*bodies, *clutter), view.camera, room, looks.lights(draw, span), substeps=1)

    by = words.article(third) + " ball" if cause == "ball" else "a stick"
    told = {
        "n": words.number(count),
        "colour": colour,
        "row": {"straight": "a straight row", "bent": "a curved row", "winding": "a winding row"}[layout],
        "by": by,
        "pushes": f"{by} {'rolls into' if cause == 'ball' else 'pushes'}",
        "side": side,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    middle, late = count // 2, max(count // 2, round(0.7 * (count - 1)))
    names = [f"domino{k}" for k in range(count)]
    things = [Thing(name, "domino", colour) for name in names]
    if cause == "ball":
        things.append(Thing("ball", "ball", third))
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            {**told, "colour": other},
            {**told, "side": words.opposite(side)},
            {**told, "n": words.number(count + draw.choose((-2, 2, 3)))},
            camera=view.sentence,
        )
        + words.otherwise(WRONG, told, camera=view.sentence),
        inventory=tuple(things),
        expected=(
            Expected("present", names[-1], 0.0, seconds),
            Expected("collides", names[0], 0.6 * lead, min(seconds, 1.5 * lead + 0.5 * unit), cause),
            *(
                Expected("topples", names[k], 0.7 * hit[k], min(0.99 * seconds, 1.2 * hit[k] + 3.0 * unit))
                for k in (0, middle, count - 1)
            ),
        ),
        breakable=(
            Breakable("untouched_fall", names[late], 0.25 * hit[late], 0.6 * hit[late]),
            Breakable("no_response", names[middle], 0.45 * hit[middle], 0.75 * hit[middle], other=names[middle - 1]),
            Breakable("pass_through", names[middle], 0.4 * hit[middle], 0.75 * hit[middle]),
            Breakable("freeze", None, hit[1], hit[-1]),
            Breakable("vanish", names[middle], 0.2 * hit[middle], 0.8 * hit[middle]),
            Breakable("teleport", names[late], 0.2 * hit[late], 0.7 * hit[late]),
            Breakable("count_change", names[middle], 0.2 * seconds, 0.7 * seconds),
            Breakable("colour_change", names[late], 0.2 * seconds, 0.7 * seconds),
        ),
        parameters={
            "colour": colour,
            "side": side,
            "texture": look.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "cause": cause,
            "layout": layout,
            "count": count,
            "pitch": pitch,
            "speed": run / seconds,
            "size": high / span,
            "height_m": high,
            "span_m": span,
        },
    )


def _row(draw: Draw, layout: str, count: int, pitch: float, high: float, side: str) -> _Row:
    """A row that on the whole leads along x to `side`; neighbours are turned by less than 10 degrees."""
    turn = draw.sign() * min(math.radians(draw.between(60.0, 150.0)), math.radians(9.5) * (count - 1))
    share = np.linspace(-0.5, 0.5, count)
    heading = {"straight": 0 * share, "bent": turn * share, "winding": 0.4 * turn * np.cos(2 * math.pi * share)}[layout]
    between = (heading[1:] + heading[:-1]) / 2
    at = np.concatenate([[[0.0, 0.0]], np.cumsum(pitch * np.stack([np.cos(between), np.sin(between)], -1), axis=0)])
    chord = math.atan2(at[-1, 1], at[-1, 0])
    c, s = math.cos(chord), math.sin(chord)
    at, heading = at @ np.array([[c, -s], [s, c]]), heading - chord
    at = at - (at.min(0) + at.max(0)) / 2
    if side == "left":
        at, heading = at * (-1.0, 1.0), math.pi - heading
    return _Row(at, heading, draw.between(*THICK) * pitch, draw.between(*WIDE) * high, high)


def _domino(row: _Row, k: int, colour: str, look: Material) -> Body:
    """Domino k on its front lower edge."""
    geom = Geom("box", (row.thick / 2, row.wide / 2, row.high / 2))
    x, y, _ = row.ahead(k).tolist()
    axle = Hinge(row.point(k, row.thick / 2, LIFT * row.high), (-y, x, 0.0), limits=(0.0, math.pi / 2))
    return Body(
        f"domino{k}",
        "domino",
        colour,
        (geom,),
        look,
        row.point(k, 0.0, (0.5 + LIFT) * row.high),
        shapes.about((0.0, 0.0, 1.0), float(row.heading[k])),
        motion="hinged",
        hinge=axle,
        restitution=0.1,
        friction=FRICTION,
    )


def _ball(draw: Draw, row: _Row, colour: str, rgb: Vec, lead: float, unit: float) -> Body:
    """A heavy ball that rolls into domino 0 after `lead` seconds."""
    r = draw.between(0.26, 0.34) * row.high
    speed = draw.between(0.9, 1.25) * GRAVITY * unit
    vx, vy, _ = (speed * row.ahead(0)).tolist()
    look = looks.paint(draw, rgb, 2 * r)
    return Body(
        "ball",
        "ball",
        colour,
        (Geom("sphere", (r, 0.0, 0.0)),),
        look,
        row.point(0, -row.thick / 2 - r - speed * lead, r),
        motion="free",
        velocity=(vx, vy, 0.0),
        spin=(-vy / r, vx / r, 0.0),
        mass=4.0,
        restitution=0.3,
    )


def _stick(draw: Draw, row: _Row, lead: float, unit: float, span: float, things: tuple[Vec, ...]) -> Body:
    """A long stick, held from out of the picture, whose tip pushes domino 0 near its top, fastest at the touch."""
    r = draw.between(0.05, 0.08) * row.high
    speed = draw.between(0.7, 1.0) * GRAVITY * unit
    reach = min(0.9 * row.high, 4 * speed * lead / math.pi)  # the tip's whole way
    takes = math.pi * reach / (2 * speed)
    steep = draw.between(0.25, 0.7)
    x, y, z = (-(math.cos(steep) * row.ahead(0)) + (0.0, 0.0, math.sin(steep))).tolist()
    look = Material(looks.background(draw, things)[1], "wood", scale=row.high)
    rod = shapes.rod((0.0, 0.0, 0.0), (span * x, span * y, span * z), r)

    def tip(t: float) -> Vec:
        share = min(max((t - lead) / takes + 0.5, 0.0), 1.0)
        return row.point(0, -row.thick / 2 - r - reach * math.cos(math.pi * share) / 2, 0.82 * row.high)

    times = sorted({0.0, *np.linspace(lead - takes / 2, lead + takes / 2, 60).clip(0.0).tolist()})
    keys = tuple(Key(t, tip(t)) for t in times)
    return Body("stick", "stick", "grey", (rod,), look, keys[0].pos, motion="scripted", keys=keys, role="prop")
