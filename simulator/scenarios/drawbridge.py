"""A board that swings down about its lower edge stops at what is in its way, or lies flat where nothing is.

Law: solid things do not go through each other. A board of half thickness t, turning about an axle z0 above the floor,
meets the near upper edge of a box at height h and distance x when it is raised by

    beta = atan2(h - z0, x) + asin(t / R),  R = hypot(x, h - z0),

and stays there. Ways: "falls", seen from the side, a board let go almost upright on a stiff axle, I theta'' =
m g (L / 2) sin(theta) - c theta' with theta from the upright, I = m (L^2 + t^2) / 3; "turns", seen from the front after
Baillargeon, Spelke and Wasserman (Cognition 20, 1985), a board that lies towards the camera is turned up and over at a
constant angular speed, and hides the box behind it. Lengths in metres, times in seconds, angles in radians.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.scene import Body, Geom, Hinge, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
TICK = 1 / 1200

LENGTH: Ranges = (0.7, 1.4), (0.4, 2.0)  # metres
NEAR: Ranges = (0.40, 0.58), (0.28, 0.38)  # distance from the axle to the box, over the length
HIGH: Ranges = (0.30, 0.45), (0.48, 0.58)  # height of the box over the length
TAKES: Ranges = (0.32, 0.48), (0.22, 0.29)  # share of the clip until a falling board would lie
LONGEST = 4.0  # seconds, of a swing
LEAN = (0.14, 0.26)  # of a board that is let go
MOVES = ("orbit", "dolly", "handheld")  # a camera that pans could lose a box that stands aside
ROOM = 0.95  # of the way to the floor that a turning board would still have gone when the clip ends

FALLS = (
    "{a} board swings down to the {side} and {end}.",
    "Let go, {a} board falls over to the {side} on its hinge and {end}.",
    "{a} board, hinged at its lower edge, comes down on the {side} and {end}.",
    "Like a drawbridge {a} board swings down to the {side}; it {end}.",
    "On {floor} floor {a} board tips over to the {side} and {end}.",
    "Seen from the side, {a} board on a hinge sinks to the {side} until it {end}.",
    "Video of {a} board that swings down to the {side} and {end}.",
    "Slowly {a} board comes down to the {side} on its hinge and {end}.",
    "{a} board stands upright, falls to the {side} and {end}.",
)
TURNS = (
    "{a} board turns up and over, away from the camera, and {end}.",
    "Like a drawbridge {a} board is raised and swings over to the back, where it {end}.",
    "{a} board that lies on {floor} floor turns about its far edge, up and backwards, and {end}.",
    "Seen from the front, {a} board rises, tips to the back and {end}.",
    "{a} board swings up towards us from the floor and over to the back; it {end}.",
    "Video of {a} board that turns up and over and {end}.",
    "At a steady speed {a} board turns over to the back until it {end}.",
    "On {floor} floor {a} board turns over, away from us, and {end}.",
)
ENDS = {
    "stops": ("stops at {b} {noun} in its way", "comes to rest on {b} {noun}", "stops when it meets {b} {noun}"),
    "flat": ("lies flat on the floor, {clear}", "comes down flat, {clear}", "ends up flat on the floor, {clear}"),
}
WRONG = {
    "stops": ("goes right through {b} {noun} and lies flat on the floor", "stops in the air without touching anything"),
    "flat": ("stops halfway with nothing in its way", "stays upright and does not move"),
}


@dataclass(frozen=True)
class _Board:
    """Sizes in metres: length, half thickness, half width, height of the axle."""

    long: float
    thick: float
    wide: float
    axle: float

    def raised(self, near: float, high: float) -> float:
        """By how much the board is raised, radians, where it rests on an edge `near` metres off and `high` up."""
        up = high - self.axle
        return math.atan2(up, near) + math.asin(self.thick / math.hypot(near, up))


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    way = draw.choose(("falls", "turns"))
    outcome = draw.choose(("stops", "stops", "flat"))
    side = draw.choose(("left", "right")) if way == "falls" else "none"
    noun = draw.choose(("box", "cylinder"))
    colour, second, other = draw.colours(3)
    rgbs = [looks.tint(draw, c) for c in (colour, second)]

    takes = min(draw.uniform(TAKES) * seconds, LONGEST)
    long = draw.uniform(LENGTH)
    if way == "falls":
        long = min(long, 1.6 * takes**2)  # a longer one could not fall in that time
    thick = draw.between(0.018, 0.03) * long
    board = _Board(long, thick, draw.between(0.2, 0.34) * long * (1.6 if way == "turns" else 1.0), 1.05 * thick)
    near, high = draw.uniform(NEAR) * long, draw.uniform(HIGH) * long
    beta = board.raised(near, high) if outcome == "stops" else 0.0
    box, clear = _box(draw, board, noun, second, rgbs[1], near, high, outcome, way, side)
    look = looks.paint(draw, rgbs[0], 0.5 * long, plain=0.5)
    if way == "falls":
        made, meets = _falling(draw, board, colour, look, side, beta, takes)
        starts = 0.0
    else:
        made, starts, meets = _turning(draw, board, colour, look, beta)
    axle = _axle(draw, board, way, rgbs)

    points = _points(board, box, way, side)
    pitch, yaw = ((3, 14), (-22, 22)) if way == "falls" else ((6, 15), (-12, 12))
    view, span = views.around(
        draw, points, yaw=yaw, pitch=pitch, fov=(30, 46), moves=MOVES if outcome == "flat" else views.MOVES
    )
    room = looks.room(draw, rgbs, span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, span, rgbs, near=0.9)
    scene = Scene((made, box, axle, *clutter), view.camera, room, looks.lights(draw, span))

    templates = FALLS if way == "falls" else TURNS
    told = {
        "a": words.article(colour),
        "b": words.article(second),
        "noun": noun,
        "side": side,
        "clear": clear,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    told["clear"] = clear.format(**told)
    end = draw.choose(ENDS[outcome])
    return Script(
        scene=scene,
        prompts=words.tell(draw, templates, {**told, "end": end.format(**told)}, view.sentence),
        counterfactuals=words.otherwise(
            templates,
            {**told, "end": end.format(**told), "a": words.article(other)},
            *({**told, "end": wrong.format(**told)} for wrong in WRONG[outcome]),
            *([{**told, "end": end.format(**told), "side": words.opposite(side)}] if side != "none" else []),
            camera=view.sentence,
        ),
        inventory=(Thing("board", "board", colour), Thing("box", noun, second)),
        expected=_expected(way, outcome, starts, meets, seconds, (1 - math.sin(beta)) * long / 2 / span),
        breakable=_breakable(way, outcome, starts, meets, seconds),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "texture": look.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "way": way,
            "outcome": outcome,
            "size": long / span,
            "speed": 1.0 / (meets - starts),
            "raised": beta,
            "meets_s": meets,
            "length_m": long,
            "span_m": span,
        },
    )


def _box(
    draw: Draw,
    board: _Board,
    noun: str,
    colour: str,
    rgb: Vec,
    near: float,
    high: float,
    outcome: str,
    way: str,
    side: str,
) -> tuple[Body, str]:
    """The box, or cylinder, and where it is when it is not in the way."""
    half = draw.between(0.11, 0.17) * board.long
    geom = Geom("box", (half, half, high / 2)) if noun == "box" else Geom("cylinder", (half, high / 2, 0.0))
    at, across, clear = near + half, draw.between(-0.3, 0.3) * board.wide, ""
    if outcome == "flat" and way == "falls" and draw.chance(0.5):
        at, clear = -near - half, "with {b} {noun} behind it"
    elif outcome == "flat":
        across, clear = draw.sign() * (board.wide + half * draw.between(1.4, 1.9)), "beside {b} {noun}"
    if way == "falls":
        pos: Vec = (at if side == "right" else -at, abs(across) if outcome == "flat" else across, high / 2)
    else:
        pos = (across, at, high / 2)
    return Body("box", noun, colour, (geom,), looks.paint(draw, rgb, 2 * half), pos, restitution=0.1), clear


def _falling(
    draw: Draw, board: _Board, colour: str, look: Material, side: str, beta: float, takes: float
) -> tuple[Body, float]:
    """The board, let go at rest on its axle along y, and when it meets the box or lies flat."""
    sign = 1.0 if side == "right" else -1.0
    lean = draw.between(*LEAN)
    # A stiff axle lets it fall at (m g L / 2 c) sin(theta) rad/s: log(1 / tan(lean / 2)) over that rate to lie flat
    rate = 0.9 * math.log(1 / math.tan(lean / 2)) / takes
    damping = GRAVITY * board.long / 2 / rate
    inertia = (board.long**2 + board.thick**2) / 3
    theta, speed, ticks = lean, 0.0, 0
    while theta < math.pi / 2 - beta:
        speed += TICK * (GRAVITY * board.long / 2 * math.sin(theta) - damping * speed) / inertia
        theta, ticks = theta + TICK * speed, ticks + 1
    made = Body(
        "board",
        "board",
        colour,
        (Geom("box", (board.thick, board.wide, board.long / 2)),),
        look,
        (0.0, 0.0, board.axle + board.long / 2),
        motion="hinged",
        hinge=Hinge((0.0, 0.0, board.axle), (0.0, sign, 0.0), lean, damping=damping, limits=(0.0, math.pi / 2)),
        restitution=0.15,
    )
    return made, ticks * TICK


def _turning(draw: Draw, board: _Board, colour: str, look: Material, beta: float) -> tuple[Body, float, float]:
    """The board, turned about its edge along x from lying in front, when it sets off and when it gets to the end."""
    starts = draw.between(0.05, 0.12) * draw.seconds
    # What has still to go when the clip ends is what a board that nothing stops would go to the floor
    takes = (draw.seconds - starts) * (math.pi - beta) / (math.pi - beta + ROOM * max(beta, 0.35))
    takes = min(takes, 2 * LONGEST)
    half: Vec = (board.wide, board.long / 2, board.thick)

    def turn(t: float) -> float:
        return -(math.pi - beta) * min(max(t - starts, 0.0) / takes, 1.0)

    times = sorted({0.0, *(starts + takes * k / 180 for k in range(181)), max(draw.seconds, starts + takes)})
    pos: Vec = (0.0, 0.0, board.axle)
    keys = tuple(Key(t, pos, shapes.about((1.0, 0.0, 0.0), turn(t))) for t in times)
    geom = Geom("box", half, (0.0, -board.long / 2, 0.0))
    return Body("board", "board", colour, (geom,), look, pos, motion="scripted", keys=keys), starts, starts + takes


def _axle(draw: Draw, board: _Board, way: str, things: list[Vec]) -> Body:
    """Two blocks on the floor that bear the axle; nothing touches them."""
    size = 1.6 * board.axle
    look = Material(looks.background(draw, things)[1])
    out = board.wide + 1.1 * size
    places = [(0.0, s * out, size) if way == "falls" else (s * out, 0.0, size) for s in (-1.0, 1.0)]
    geoms = tuple(Geom("box", (size, size, size), place, solid=False) for place in places)
    return Body("axle", "hinge", "grey", geoms, look, (0.0, 0.0, 0.0), role="prop")


def _points(board: _Board, box: Body, way: str, side: str) -> list[Vec]:
    """What has to be seen: the board's whole way, and the box."""
    x, y, high = box.pos[0], box.pos[1], 2 * box.pos[2]
    r = box.geoms[0].size[0]
    seen: list[Vec] = [(x + a * r, y + b * r, z) for a in (-1, 1) for b in (-1, 1) for z in (0.0, high)]
    if way == "falls":
        end = board.long if side == "right" else -board.long
        return [
            *seen,
            *((a, b * board.wide, z) for b in (-1, 1) for a, z in ((0.0, board.long), (end, 0.0), (0.0, 0.0))),
        ]
    rim = ((-board.long, 0.0), (0.0, board.long), (0.6 * board.long, 0.0))
    return [*seen, *((a * board.wide, y, z) for a in (-1, 1) for y, z in rim)]


def _expected(way: str, outcome: str, starts: float, meets: float, seconds: float, drop: float) -> tuple[Expected, ...]:
    """drop: by how much of the picture the middle of the board comes down."""
    events = [
        Expected("present", "board", 0.0, seconds),
        Expected("present", "box", 0.0, seconds),
        Expected("stays", "box", 0.0, seconds),
    ]
    if way == "turns" or drop > 0.17:
        events.append(Expected("turns" if way == "turns" else "falls", "board", 0.0, min(seconds, 1.1 * meets)))
    if outcome == "stops" and way == "falls":
        events.append(Expected("collides", "board", 0.85 * meets, min(seconds, 1.15 * meets), "box"))
    if outcome == "stops" and way == "turns":
        events.append(Expected("hidden_by", "box", starts, meets, "board"))
    return tuple(events)


def _breakable(way: str, outcome: str, starts: float, meets: float, seconds: float) -> tuple[Breakable, ...]:
    swing = meets - starts
    early = starts + 0.35 * swing, starts + 0.7 * swing
    stop = (Breakable("pass_through", "board", starts + 0.75 * swing, starts + 0.92 * swing),)
    weight = tuple(Breakable(kind, "board", *early) for kind in ("no_fall", "drift_up"))
    return (
        *(stop if outcome == "stops" else ()),
        *(weight if way == "falls" else ()),
        Breakable("sudden_stop", "board", *early),
        Breakable("freeze", None, *early),
        Breakable("bend", "board", *early),
        Breakable("colour_change", "board", 0.2 * seconds, 0.7 * seconds),
        Breakable("vanish", "box" if way == "falls" else "board", 0.2 * seconds, 0.6 * seconds),
        *((Breakable("teleport", "box", 0.2 * seconds, 0.6 * seconds),) if way == "falls" else ()),
        *((Breakable("size_change", "box", 0.2 * seconds, 0.5 * seconds),) if outcome == "flat" else ()),
    )
