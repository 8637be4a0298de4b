"""A balloon is let go and rises; a ball, let go at the same time, falls.

Law: a balloon of volume V and mass m in air of density rho is driven by its buoyancy less its weight, moves an added
mass of rho V / 2 with it and is braked by a drag of Cd rho A v^2 / 2. From rest it has risen
    z(t) = l log cosh(t sqrt(a / l)),    a = g (1 - q) / (q + 1/2),    l = (8/3) (R / Cd) (q + 1/2),
with q = m / (rho V); its speed a few l higher up is sqrt(a l), and stays that. Wind carries it aside: the air's own
speed w is taken on within about l / w. The world is as large as the rise in the clip needs, up to a balloon of LARGEST
metres, which is then heavier. The ball falls freely and bounces. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.scene import Body, Camera, Geom, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
TOLERANCE = 0.2  # seconds either side of an expected time
DRAG = 0.7  # Cd of a balloon with its string
LARGEST = 0.42  # metres, radius of a balloon
HEAVIEST = 0.995  # q of a balloon that hardly rises
STRING = 30.0  # keys a second of a string's links
LINKS = 5

SIZE: Ranges = (0.19, 0.24), (0.13, 0.16)  # width of the balloon over the picture's height
WEIGHT: Ranges = (0.80, 0.92), (0.62, 0.74)  # q, mass of the balloon over that of the air it takes the place of
RISE: Ranges = (0.41, 0.48), (0.34, 0.39)  # picture heights that it rises in the clip
WIND: Ranges = (0.05, 0.12), (0.14, 0.20)  # picture heights that it is carried aside in the clip, where there is wind
BALL: Ranges = (0.15, 0.20), (0.11, 0.14)  # diameter of the ball over the picture's height

ALONE = (
    "{a} balloon rises into the air{drift}.",
    "{a} balloon on a string floats up{drift}.",
    "Let go, {a} balloon rises{drift}.",
    "{a} balloon goes up and up{drift}.",
    "Over {floor} floor {a} balloon rises{drift}.",
    "Somebody lets go of {a} balloon; it rises{drift}.",
    "Video of {a} balloon that flies up{drift}.",
    "Upwards flies {a} balloon with its string{drift}.",
    "{a} balloon leaves the ground and climbs{drift}.",
)
WITH_BALL = (
    "{a} balloon rises{drift} while {b} ball falls.",
    "{b} ball falls to {floor} floor, and {a} balloon rises{drift}.",
    "Let go together, {a} balloon goes up{drift} and {b} ball drops.",
    "{a} balloon floats up{drift}; {b} ball falls down and bounces.",
    "Somebody lets go of {a} balloon and {b} ball: one rises{drift}, the other falls.",
    "Up goes {a} balloon{drift}, down goes {b} ball.",
    "Video of {a} balloon that rises{drift} beside {b} ball that falls.",
    "Over {floor} floor {a} balloon rises{drift} and {b} ball drops.",
    "{b} ball bounces on {floor} floor as {a} balloon flies up{drift}.",
)
WITH_BALLOON = (
    "{a} balloon and {b} balloon rise into the air{drift}.",
    "Two balloons, {colour} and {second}, float up{drift}.",
    "Let go together, {a} balloon and {b} balloon rise{drift}.",
    "{a} balloon goes up{drift}, and {b} balloon beside it.",
    "Over {floor} floor {a} balloon and {b} balloon fly up{drift}.",
    "Somebody lets go of {a} balloon and {b} balloon; both rise{drift}.",
    "Video of {a} balloon and {b} balloon that climb{drift}.",
    "Up go {a} balloon and {b} balloon, each with its string{drift}.",
    "{a} balloon and {b} balloon leave the ground and rise{drift}.",
)
SINKS = ("{a} balloon sinks to {floor} floor and stays there.", "{a} balloon hangs in the air and does not rise.")


@dataclass(frozen=True)
class _Rise:
    """How a balloon of radius r with q = weight rises."""

    r: float
    weight: float

    @property
    def length(self) -> float:
        """l of the law, metres."""
        return 8 / 3 * self.r / DRAG * (self.weight + 0.5)

    @property
    def push(self) -> float:
        """a of the law, m/s^2."""
        return GRAVITY * (1 - self.weight) / (self.weight + 0.5)

    def at(self, t: np.ndarray) -> np.ndarray:
        """Metres risen after t seconds."""
        x = t * math.sqrt(self.push / self.length)
        return np.asarray(self.length * (np.logaddexp(x, -x) - math.log(2)))

    def until(self, high: float) -> float:
        """Seconds to rise by `high` metres."""
        return math.acosh(math.exp(high / self.length)) * math.sqrt(self.length / self.push)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    story = draw.choose(("alone", "ball", "ball", "balloon"))
    share, weight, rise = draw.uniform(SIZE), draw.uniform(WEIGHT), draw.uniform(RISE)
    side = draw.choose(("none", "left", "right"))
    colour, second, other = draw.colours(3)
    rgb, second_rgb = looks.tint(draw, colour), looks.tint(draw, second)

    flight = _flight(weight, rise * 2 / share, 0.95 * seconds, LARGEST * draw.between(0.7, 1.0))
    r, span = flight.r, 2 * flight.r / share
    wind = {"left": -1.0, "none": 0.0, "right": 1.0}[side] * draw.uniform(WIND) * span / flight.until(rise * span)
    low = 0.34 * span
    aside = 0.0 if story == "alone" else draw.sign() * draw.between(0.20, 0.25) * span
    balloon = _balloon(draw, "balloon", colour, rgb, flight, (aside, 0.0, low), wind)
    others: tuple[Body, ...] = ()
    fall = 0.0
    if story == "balloon":
        near = _Rise(r * draw.between(0.8, 1.0), flight.weight)
        start: Vec = (-aside, draw.between(-0.1, 0.1) * span, low + draw.between(-0.03, 0.05) * span)
        others = (_balloon(draw, "second", second, second_rgb, near, start, wind),)
    elif story == "ball":
        others, fall = _ball(draw, second, second_rgb, draw.uniform(BALL) * span / 2, -aside, span)
    view = views.view(draw, (0.0, 0.0, 0.46 * span), span, yaw=(-18, 18), pitch=(0, 10), fov=(30, 44))
    things = (rgb, second_rgb) if others else (rgb,)
    room = looks.room(draw, things, span, views.reach_of(view.camera), sky=0.7)
    clutter = looks.clutter(draw, span, things, near=0.9)
    scene = Scene((balloon, *others, *clutter), view.camera, room, looks.lights(draw, span))

    told = {
        "a": words.article(colour),
        "b": words.article(second),
        "colour": colour,
        "second": second,
        "drift": "" if side == "none" else f", drifting to the {side},",
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    templates = {"alone": ALONE, "ball": WITH_BALL, "balloon": WITH_BALLOON}[story]
    changes = [{**told, "a": words.article(other), "colour": other}]
    if side != "none":
        changes.append({**told, "drift": f", drifting to the {words.opposite(side)},"})
    top = _leaves(view.camera, balloon, r)
    return Script(
        scene=scene,
        prompts=tuple(_tidy(line) for line in words.tell(draw, templates, told, view.sentence)),
        counterfactuals=tuple(_tidy(line) for line in words.otherwise(templates, *changes, camera=view.sentence))
        + words.otherwise(SINKS, told, camera=view.sentence),
        inventory=tuple(Thing(b.name, b.noun, b.colour) for b in (balloon, *others)),
        expected=_expected(story, fall, min(top, seconds), seconds),
        breakable=_breakable(story, fall, min(top, seconds)),
        parameters={
            "colour": colour,
            "second_colour": second if others else "none",
            "story": story,
            "side": side,
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "weight": flight.weight,
            "speed": math.sqrt(flight.push * flight.length) / span,
            "rise_s": top,
            "fall_s": fall,
            "span_m": span,
        },
    )


def _flight(weight: float, high: float, seconds: float, largest: float) -> _Rise:
    """A balloon that rises by `high` of its radii in the given time, if it can at that weight and up to that radius."""
    # Lengths go with the radius and times with its root.
    unit = _Rise(1.0, weight).until(high)
    if (seconds / unit) ** 2 < largest:
        return _Rise((seconds / unit) ** 2, weight)
    low, heavy = weight, HEAVIEST
    for _ in range(30):
        middle = (low + heavy) / 2
        low, heavy = (middle, heavy) if _Rise(largest, middle).until(high * largest) < seconds else (low, middle)
    return _Rise(largest, heavy)


def _tidy(line: str) -> str:
    """Without a comma that stands before another stop."""
    for stop in (".", ";", ","):
        line = line.replace(f",{stop}", stop)
    return line


def _balloon(draw: Draw, name: str, colour: str, rgb: Vec, rise: _Rise, start: Vec, wind: float) -> Body:
    """A balloon with a knot and a string, let go at `start`, the place of its middle; wind in m/s towards +x."""
    r = rise.r
    end = shapes.lasting(draw.seconds)
    times = np.linspace(0.0, end, math.ceil(shapes.RATE * end) + 1)
    up = rise.at(times)
    pace = abs(wind) / rise.length
    carried = np.sign(wind) * rise.length * np.log1p(pace * times)  # drag towards the air's own speed, w
    carried = wind * times - carried if wind else 0.0 * times
    hertz, phase = draw.between(0.5, 0.8) * math.sqrt(0.2 / r), draw.between(0.0, 2 * math.pi)
    grows = 1 - np.exp(-2 * times * hertz)
    sway = 0.10 * r * grows * np.sin(2 * math.pi * hertz * times + phase)
    lean = grows * (0.07 * np.sin(2 * math.pi * hertz * times + phase + 1.0) + 0.12 * np.sign(wind))
    keys = tuple(
        Key(t, (start[0] + x, start[1], start[2] + z), shapes.about((0.0, 1.0, 0.0), a))
        for t, x, z, a in zip(times.tolist(), (carried + sway).tolist(), up.tolist(), lean.tolist(), strict=True)
    )
    tall = draw.between(1.12, 1.28)
    skin = Material(rgb, gloss=draw.between(0.5, 0.9))
    geoms = (
        Geom("ellipsoid", (r, r, tall * r), solid=False),
        Geom("cone", (0.16 * r, 0.11 * r, 0.0), (0.0, 0.0, -(tall + 0.04) * r), solid=False),
        *_string(draw, r, -(tall + 0.13) * r, end, hertz),
    )
    return Body(name, "balloon", colour, geoms, skin, keys[0].pos, keys[0].quat, motion="scripted", keys=keys)


def _string(draw: Draw, r: float, top: float, end: float, hertz: float) -> tuple[Geom, ...]:
    """Links of a string that hangs from height `top` and swings in a wave which runs down it."""
    link = draw.between(0.2, 0.28) * r
    times = np.linspace(0.0, end, math.ceil(STRING * end) + 1)
    look = Material((0.9, 0.9, 0.88), gloss=0.0)
    phase = draw.between(0.0, 2 * math.pi)
    angles = [
        0.05 * (i + 1) * np.sin(2 * math.pi * 1.6 * hertz * times - 0.8 * i + phase) for i in range(LINKS)
    ]  # radians from straight down
    geoms, x, z = [], 0.0 * times, top + 0.0 * times
    for angle in angles:
        dx, dz = link * np.sin(angle), -link * np.cos(angle)
        rows = zip(times.tolist(), (x + dx / 2).tolist(), (z + dz / 2).tolist(), angle.tolist(), strict=True)
        keys = tuple(Key(t, (a, 0.0, b), shapes.about((0.0, 1.0, 0.0), -turn)) for t, a, b, turn in rows)
        geoms.append(Geom("capsule", (0.028 * r, link / 2, 0.0), material=look, solid=False, keys=keys))
        x, z = x + dx, z + dz
    return tuple(geoms)


def _ball(draw: Draw, colour: str, rgb: Vec, r: float, x: float, span: float) -> tuple[tuple[Body, ...], float]:
    """A ball that is let go high above the floor, and when it meets the floor."""
    drop = draw.between(0.5, 0.6) * span
    body = shapes.thing(
        "ball", "ball", colour, looks.paint(draw, rgb, 2 * r), r, (x, draw.between(-0.1, 0.1) * span, drop),
        motion="free", restitution=draw.between(0.45, 0.75), friction=0.5,
    )  # fmt: skip
    return (body,), math.sqrt(2 * drop / GRAVITY)


def _leaves(camera: Camera, balloon: Body, r: float) -> float:
    """Seconds at which the balloon's lower end is above the picture; infinite: not in its keys."""
    for key in balloon.keys:
        low: Vec = (key.pos[0], key.pos[1], key.pos[2] - 1.2 * r)
        if views.project_at(camera, low, key.t)[1] > 0.5:
            return key.t
    return math.inf


def _expected(story: str, fall: float, top: float, seconds: float) -> tuple[Expected, ...]:
    """What happens until the balloon is out of the picture at `top` seconds."""
    rises = [Expected("moves_up", "balloon", 0.0, top)]
    if story == "balloon":
        rises.append(Expected("moves_up", "second", 0.0, top))
    if story == "ball":
        touch = min(seconds, fall + TOLERANCE)
        rises.append(Expected("falls", "ball", 0.0, touch))
        if fall + 0.1 < seconds:
            rises.append(Expected("bounces", "ball", max(0.0, fall - TOLERANCE), touch))
    return tuple(rises)


def _breakable(story: str, fall: float, top: float) -> tuple[Breakable, ...]:
    """What can go wrong while the balloon is in the picture, for `top` seconds."""
    start, end = 0.2 * top, 0.5 * top
    kinds = (
        "wrong_buoyancy", "sudden_stop", "sudden_turn", "vanish", "duplicate", "teleport", "colour_change",
        "size_change", "shape_change",
    )  # fmt: skip
    ways = [Breakable(kind, "balloon", start, end) for kind in kinds]
    ways.append(Breakable("freeze", None, start, end))
    if story == "ball":
        ways += [
            Breakable("no_fall", "ball", 0.1 * fall, 0.4 * fall),
            Breakable("float", "ball", 0.3 * fall, 0.6 * fall),
            Breakable("wrong_fall", "ball", 0.1 * fall, 0.3 * fall),
            Breakable("energy_gain", "ball", 0.8 * fall, 0.95 * fall),
        ]
    if story == "balloon":
        ways += [Breakable(kind, "balloon", start, end, other="second") for kind in ("merge", "identity_swap")]
    return tuple(ways)
