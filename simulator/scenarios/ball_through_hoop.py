"""A ball is dropped or thrown through a hoop; sometimes it bounces off the rim, or falls beside the hoop.

Law: free flight at g = 9.81 m/s^2, and solids do not go through each other. The hoop faces the velocity that a ball
has at the moment `at` of the passage; `rise` tells where the top of the flight lies: 0 is a ball let go (or thrown
level) at the start, towards 1 it is highest in the hoop. The way fallen in `at` seconds sets the size of the world.
A net gives way: it bulges and sways as the ball passes, and does not slow it. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.scene import Body, Geom, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges
from simulator.workshop.net import net

VERSION = 2
GRAVITY = 9.81
TOLERANCE = 0.15  # seconds either side of an expected time

WAYS = ("dropped", "dropped", "thrown", "thrown", "thrown", "rim", "beside", "short")
AT: Ranges = (0.24, 0.30), (0.16, 0.22)  # share of the clip until the passage
SIZE: Ranges = (0.22, 0.26), (0.16, 0.19)  # diameter of the ball over the picture's height
OPENING: Ranges = (1.7, 1.9), (1.5, 1.6)  # radius of the hoop over that of the ball
SPEED: Ranges = (0.32, 0.40), (0.42, 0.48)  # picture heights that a thrown ball goes sideways until the passage
SLOW = 0.5  # of that speed where the ball falls short
STEEP = 0.7  # and where it is to come down steeply into a net
RIM = 0.2  # thickness of the rim over the radius of the ball
SEGMENTS = 20
NETTED = 0.5  # probability of a net under the hoop; not where the ball would bounce into it from outside
BOUNCE = {"short": (0.25, 0.35), "dropped": (0.35, 0.45)}  # restitution; of others (0.45, 0.65), under a net (0.2, 0.3)
MOVES = ("orbit", "dolly", "handheld")

TOLD = {
    "dropped": (
        "{a} ball drops through {hoop} hoop.",
        "{a} ball is dropped and goes through {hoop} hoop.",
        "Dropped from above, {a} ball passes through {hoop} hoop without touching the rim.",
        "Through {hoop} hoop drops {a} ball.",
        "A {colour} ball falls through the middle of {hoop} hoop and lands on {floor} floor.",
        "Somebody's {colour} ball is let go and falls through {hoop} ring.",
        "{hoop} hoop on a stand; {a} ball drops through it.",
        "Video of {a} ball that drops through {hoop} ring.",
    ),
    "thrown": (
        "{a} ball flies in from the {side} and through {hoop} hoop.",
        "{a} ball is thrown from the {side} and goes through {hoop} hoop.",
        "Thrown from the {side}, {a} ball passes through {hoop} hoop without touching the rim.",
        "Through {hoop} hoop flies {a} ball that comes from the {side}.",
        "A {colour} ball, thrown from the {side}, goes through the middle of {hoop} hoop and lands on {floor} floor.",
        "Somebody on the {side} throws {a} ball through {hoop} ring.",
        "{hoop} hoop on a stand; {a} ball comes from the {side} and flies through it.",
        "Video of {a} ball that is thrown from the {side} through {hoop} ring.",
    ),
    "rim": (
        "{a} ball falls on the rim of {hoop} hoop and bounces off to the {side}.",
        "{a} ball is dropped, hits the {side} rim of {hoop} hoop and does not go through.",
        "{a} ball misses the opening of {hoop} hoop: it hits the rim and falls off on the {side}.",
        "On the {side} rim of {hoop} hoop bounces {a} ball.",
        "A {colour} ball is dropped onto the rim of {hoop} hoop and falls outside, on the {side}.",
        "Dropped from above, {a} ball strikes the rim of {hoop} ring and bounces away to the {side}.",
        "{hoop} hoop on a stand; {a} ball bounces off its rim to the {side}.",
        "Video of {a} ball that bounces off the {side} rim of {hoop} ring.",
    ),
    "beside": (
        "{a} ball falls past {hoop} hoop on the {side} and misses it.",
        "{a} ball is dropped on the {side} of {hoop} hoop and does not touch it.",
        "{a} ball misses {hoop} hoop: it falls beside it on the {side}.",
        "On the {side} of {hoop} hoop falls {a} ball, not through it.",
        "A {colour} ball, dropped too far to the {side}, misses {hoop} hoop and lands on {floor} floor.",
        "Dropped from above, {a} ball passes {hoop} ring on the {side}.",
        "{hoop} hoop on a stand; {a} ball falls beside it, on the {side}.",
        "Video of {a} ball that misses {hoop} ring and falls down on its {side}.",
    ),
    "short": (
        "{a} ball thrown from the {side} falls short of {hoop} hoop.",
        "{a} ball comes from the {side} and lands before it reaches {hoop} hoop.",
        "{a} ball misses {hoop} hoop: thrown from the {side}, it does not get that far.",
        "Short of {hoop} hoop falls {a} ball that comes from the {side}.",
        "A {colour} ball, thrown too weakly from the {side}, misses {hoop} hoop and lands on {floor} floor.",
        "Somebody on the {side} throws {a} ball, and it falls down before {hoop} ring.",
        "{hoop} hoop on a stand; {a} ball comes from the {side} and falls short of it.",
        "Video of {a} ball that is thrown from the {side} and misses {hoop} ring.",
    ),
}


@dataclass(frozen=True)
class _Flight:
    """The ball's way: r its radius, start, velocity, and when it meets the hoop (or passes it) and then the floor."""

    r: float
    start: Vec
    velocity: Vec
    hit: float
    floor: float

    def where(self, t: float) -> np.ndarray:
        """(3,) the centre of the ball t seconds into free flight."""
        return np.asarray(self.start) + np.asarray(self.velocity) * t - np.array([0.0, 0.0, GRAVITY / 2 * t * t])


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    way = draw.choose(WAYS)
    side = draw.choose(("left", "right"))
    thrown = way in ("thrown", "short")
    netted = way != "short" and draw.chance(NETTED)
    at = min(draw.uniform(AT) * draw.seconds, 0.75)
    share, opening = draw.uniform(SIZE), draw.uniform(OPENING)
    rise = draw.between(0.2, 0.62 if way == "thrown" and not netted else 0.35) if thrown else 0.0
    colour, hoop_colour, other = draw.colours(3)
    rgb, hoop_rgb = looks.tint(draw, colour), looks.tint(draw, hoop_colour)

    fallen = GRAVITY * at**2 / 2
    span = fallen * (2.8 if netted else max((1 - rise) ** 2 / 0.38, 1.7))
    r = share * span / 2
    wide = opening * r  # radius of the hoop, to the middle of its rim
    centre: Vec = (0.0, 0.0, max((0.52 if netted else 0.42) * span, (2 * rise - 1) * fallen + 1.1 * r))
    speed = draw.uniform(SPEED) * span / at * (SLOW if way == "short" else STEEP if netted else 1.0) if thrown else 0.0
    facing, flight = _flight(draw, way, side, at=at, rise=rise, r=r, wide=wide, centre=centre, speed=speed)
    view = _view(draw, way, span, centre, facing, flight, (1 + RIM) * wide)
    ball = Body(
        "ball",
        "ball",
        colour,
        (shapes.shape_of("ball", r)[0],),
        looks.paint(draw, rgb, 2 * r),
        flight.start,
        motion="free",
        velocity=flight.velocity,
        restitution=draw.between(*((0.2, 0.3) if netted else BOUNCE.get(way, (0.45, 0.65)))),
        friction=0.6,
    )
    hoop = _hoop(draw, hoop_colour, hoop_rgb, centre, facing, wide=wide, thick=RIM * r)
    through = way in ("dropped", "thrown")
    nets = (net(centre, facing, wide, r, flight.where if through else None, at * rise),) if netted else ()
    room = looks.room(draw, (rgb, hoop_rgb), span, views.reach_of(view.camera))
    rest = (hoop, *nets, _stand(centre, facing, wide, RIM * r), *looks.clutter(draw, span, (rgb, hoop_rgb), near=0.9))
    scene = Scene((ball, *rest), view.camera, room, looks.lights(draw, span))

    told = {
        "a": words.article(colour),
        "colour": colour,
        "hoop": words.article(hoop_colour),
        "side": side,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    wrong = {**told, "a": words.article(other), "colour": other}
    swapped = {**told, "a": words.article(hoop_colour), "colour": hoop_colour, "hoop": words.article(colour)}
    turned = () if way == "dropped" else ({**told, "side": words.opposite(side)},)
    opposite = TOLD["rim" if through else "thrown" if thrown else "dropped"]
    return Script(
        scene=scene,
        prompts=words.tell(draw, TOLD[way], told, view.sentence),
        counterfactuals=words.otherwise(TOLD[way], wrong, swapped, *turned, camera=view.sentence)
        + words.otherwise(opposite, told, camera=view.sentence),
        inventory=(Thing("ball", "ball", colour), Thing("hoop", "hoop", hoop_colour)),
        expected=_expected(way, flight, at * rise, draw.seconds),
        breakable=_breakable(flight, at * rise, way, draw.seconds, netted=netted),
        parameters={
            "colour": colour,
            "hoop": hoop_colour,
            "way": way,
            "side": "none" if way == "dropped" else side,
            "net": "yes" if netted else "no",
            "at_s": flight.hit,
            "rise": rise,
            "size": share,
            "opening": opening,
            "speed": math.hypot(*flight.velocity[:2]) / span,
            "floor": room.floor.texture,
            "camera": view.kind,
            "span_m": span,
        },
    )


def _flight(
    draw: Draw, way: str, side: str, *, at: float, rise: float, r: float, wide: float, centre: Vec, speed: float
) -> tuple[Vec, _Flight]:
    """Where the hoop faces, and how the ball flies: through it, onto its rim, beside it or not so far."""
    outside = 1.0 if side == "right" else -1.0
    aslant = draw.between(-1.0, 1.0) * (35.0 if way == "thrown" else 12.0)  # degrees from the picture's plane
    along = (-outside * math.cos(math.radians(aslant)), math.sin(math.radians(aslant)))
    facing: Vec = (speed * along[0], speed * along[1], -GRAVITY * at * (1 - rise))
    hit, aside = at, 0.0
    if way == "rim":  # onto the rim, a little outside its middle
        aside = wide + draw.between(0.15, 0.3) * (1 + RIM) * r
        hit = math.sqrt(max(0.0, at**2 - 2 * math.sqrt(((1 + RIM) * r) ** 2 - (aside - wide) ** 2) / GRAVITY))
    elif way in ("beside", "short"):
        aside = wide + (1 + RIM) * r * draw.between(1.3, 1.6)
    start: Vec = (
        centre[0] - facing[0] * at + outside * aside,
        centre[1] - facing[1] * at,
        centre[2] - GRAVITY * at**2 * (rise - 0.5),
    )
    up = GRAVITY * at * rise
    lands = (up + math.sqrt(up**2 + 2 * GRAVITY * (start[2] - r))) / GRAVITY
    return facing, _Flight(r, start, (facing[0], facing[1], up), hit, lands)


def _view(draw: Draw, way: str, span: float, centre: Vec, facing: Vec, flight: _Flight, wide: float) -> views.View:
    """A camera that looks at the hoop aslant, so that its opening shows, and has hoop and flight in its picture."""
    kind = views.kind_of(draw, MOVES)
    span *= (1.0 if kind == "still" else 1.1) * (1.2 if way == "short" else 1.0)
    middle: Vec = (flight.start[0] / 2 if way in ("beside", "short") else 0.0, 0.0, 0.45 * span)
    axis = np.asarray(facing) / np.linalg.norm(facing)
    ball: list[Vec] = [flight.start, tuple(flight.where(flight.floor).tolist())]
    ring = [(centre[0] + a * wide, centre[1] + b * wide, centre[2]) for a, b in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    best, least = views.still(middle, span, yaw=35, pitch=25, fov=40), math.inf
    for _ in range(50):
        yaw, pitch = draw.between(-45, 45), draw.between(8, 36)
        camera = views.still(middle, span, yaw=yaw, pitch=pitch, fov=draw.between(32, 46))
        ahead = (np.asarray(middle) - np.asarray(camera.keys[0].eye)) / views.reach_of(camera)
        slant = abs(float(ahead @ axis))
        off = max(0.0, 0.45 - slant, slant - 0.72)
        for spots, limit in ((ball, 0.38), (ring, 0.47)):
            seen = [views.project(camera, spot) for spot in spots]
            off += sum(max(0.0, abs(u) - limit) + max(0.0, abs(v) - limit) for u, v, _ in seen)
        if off < least:
            best, least = camera, off
    return views.View(best) if kind == "still" else views.move(draw, kind, best)


def _hoop(draw: Draw, colour: str, rgb: Vec, centre: Vec, facing: Vec, *, wide: float, thick: float) -> Body:
    """A ring of capsules, radius `wide` to the middle of a rim of radius `thick`, metres; its axis is `facing`."""
    geoms = []
    half = wide * math.tan(math.pi / SEGMENTS)
    for k in range(SEGMENTS):
        a = 2 * math.pi * k / SEGMENTS
        along = shapes.z_towards((-math.sin(a), math.cos(a), 0.0))
        geoms.append(Geom("capsule", (thick, half, 0.0), (wide * math.cos(a), wide * math.sin(a), 0.0), along))
    material = looks.paint(draw, rgb, wide, plain=1.0)
    return Body("hoop", "hoop", colour, tuple(geoms), material, centre, shapes.z_towards(facing), restitution=0.6)


def _stand(centre: Vec, facing: Vec, wide: float, thick: float) -> Body:
    """A pole from the floor to where the hoop is level with its middle, away from the camera and the ball's way."""
    level = math.hypot(facing[0], facing[1])
    x, y = (-facing[1] / level, facing[0] / level) if level > 0.0 else (0.0, 1.0)
    far = (wide + thick) * (1.0 if y > 0 else -1.0)
    pos: Vec = (centre[0] + far * x, centre[1] + far * y, centre[2] / 2)
    geom = Geom("cylinder", (0.8 * thick, centre[2] / 2, 0.0))
    return Body("stand", "stand", "grey", (geom,), Material(words.MUTED["dark grey"]), pos, role="prop")


def _expected(way: str, flight: _Flight, down: float, seconds: float) -> tuple[Expected, ...]:
    """down: when the ball begins to fall, seconds."""
    meets = flight.hit if way in ("dropped", "thrown", "rim") else flight.floor
    kind, through = ("passes_through", "hoop") if way in ("dropped", "thrown") else ("bounces", None)
    return (
        Expected("present", "hoop", 0.0, seconds),
        Expected("falls", "ball", down, seconds),
        Expected(kind, "ball", max(0.0, meets - TOLERANCE), min(seconds, meets + TOLERANCE), through),
    )


def _breakable(flight: _Flight, down: float, way: str, seconds: float, *, netted: bool) -> tuple[Breakable, ...]:
    hit = flight.hit
    solid = hit if way == "rim" else flight.floor
    # where a ball put somewhere else at its height is not put into the rim
    clear = (1.02 * solid, 1.02 * solid + 0.1 * seconds) if way in ("thrown", "short") else (0.3 * hit, 0.6 * hit)
    falling = (down + 0.4 * (hit - down), down + 0.8 * (hit - down))
    return (
        Breakable("pass_through", "ball", 0.75 * solid, 0.92 * solid),
        Breakable("energy_gain", "ball", 0.8 * solid, 0.95 * solid),
        Breakable("teleport", "ball", *clear),
        Breakable("vanish", "ball", 0.4 * hit, 1.2 * hit),
        Breakable("colour_change", "ball", 0.5 * hit, 1.1 * hit),
        Breakable("float", "ball", *falling),
        Breakable("wrong_fall", "ball", *falling),
        Breakable("sudden_turn", "ball", 0.5 * hit, 0.75 * hit),
        Breakable("freeze", None, *falling),
        Breakable("size_change", "ball", 0.5 * hit, 1.1 * hit),
        *(() if netted else (Breakable("vanish", "hoop", 0.3 * seconds, 0.7 * seconds),)),
    )
