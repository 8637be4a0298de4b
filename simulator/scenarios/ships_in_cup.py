"""Two small ships float on the liquid in a cup and rock with it.

Law: the liquid sways in standing waves (pairs of opposite plane waves) that have a crest at one wall when there is a
trough at the other; waves of wave number k on a liquid of depth h have omega^2 = g k tanh(k h) (linear waves). A ship
floats at its water line: it is as high as the liquid is on average under its hull, and tilts with it. The cup's size is
such that the slowest wave has a period that suits the clip. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from simulator.scene import Body, Geom, Key, Material, Quat, Scene, Vec, Wave
from simulator.script import Breakable, Expected, Script, Thing
from simulator.surface import height
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
SEGMENTS = 28  # of the cup's wall

PERIOD: Ranges = (0.40, 0.60), (0.28, 0.36)  # share of the clip that the slowest wave takes
LONGEST, SHORTEST = 1.2, 0.25  # seconds, of that
SWAY: Ranges = (0.07, 0.12), (0.14, 0.17)  # height of the slowest wave over the cup's radius
SIZE: Ranges = (0.66, 0.80), (0.50, 0.58)  # length of a ship over the cup's radius
ROUND: Ranges = (0.2, 0.7), (0.9, 1.3)  # radians by which the ships go round the cup in the clip
LIQUIDS: dict[str, Vec] = {
    "tea": (0.60, 0.30, 0.10),
    "coffee": (0.30, 0.18, 0.11),
    "milk": (0.93, 0.91, 0.86),
    "water": (0.42, 0.66, 0.78),
    "soup": (0.45, 0.55, 0.25),
}
CUPS: dict[str, Vec] = {
    "white": (0.93, 0.93, 0.92), "grey": (0.55, 0.56, 0.58), "beige": (0.80, 0.72, 0.58), "brown": (0.45, 0.31, 0.22)
}  # fmt: skip

TEMPLATES = (
    "{a} ship and {b} ship float in a cup of {liquid}.",
    "Two small ships, {colour} and {second}, rock on the {liquid} in a {cup} cup.",
    "In a {cup} cup of {liquid} {a} ship and {b} ship sway with the waves.",
    "{a} ship and {b} ship bob up and down on the {liquid} in a cup.",
    "Seen from above: a cup of {liquid} with {a} ship and {b} ship on it.",
    "A tiny {colour} ship and a tiny {second} ship ride the swaying {liquid} in a {cup} cup.",
    "Video of {a} toy ship and {b} toy ship that float on {liquid} in a cup.",
    "The {liquid} in a {cup} cup sways, and {a} ship and {b} ship sway with it.",
    "On {floor} table stands a {cup} cup; {a} ship and {b} ship float in its {liquid}.",
)
SINKS = ("{a} ship sinks in a cup of {liquid}, and {b} ship floats on.", "{a} ship stands beside a cup of {liquid}.")
STILL = (
    "The {liquid} in a {cup} cup is still, and {a} ship lies on it alone.",
    "An empty {cup} cup stands on a table.",
)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    period = min(max(draw.uniform(PERIOD) * seconds, SHORTEST), LONGEST)
    sway, share = draw.uniform(SWAY), draw.uniform(SIZE)
    colour, second, other = draw.colours(3)
    rgbs = looks.tint(draw, colour), looks.tint(draw, second)
    liquid = _apart(draw, LIQUIDS, rgbs)
    cup = _apart(draw, CUPS, (LIQUIDS[liquid],))

    # The slowest wave has k r = pi / 2: no slope at the walls. omega^2 = g k tanh(k h) with h = 1.15 r.
    omega = 2 * math.pi / period
    r = GRAVITY * (math.pi / 2) * math.tanh(1.15 * math.pi / 2) / omega**2
    level = 1.25 * r
    waves = _waves(draw, r, 1.15 * r, sway * r)
    surface = Geom("disc", (0.985 * r, 0.985 * r, 0.0), waves=waves, solid=False)
    sea = Body(
        "liquid", liquid, "clear", (surface,), Material(LIQUIDS[liquid], gloss=0.7), (0.0, 0.0, level), role="effect"
    )
    mug = _cup(draw, cup, r, level + (0.12 + 1.3 * sway) * r)
    start, course = draw.between(0.0, 2 * math.pi), draw.sign() * draw.uniform(ROUND)
    ships = tuple(
        _ship(draw, name, word, rgb, share * r, surface, level, start + i * math.pi, course)
        for i, (name, word, rgb) in enumerate(zip(("ship", "second"), (colour, second), rgbs, strict=True))
    )
    span = 2.5 * r
    view = views.view(draw, (0.0, 0.0, level), span, yaw=(-180, 180), pitch=(38, 54), fov=(28, 44))
    things = (*rgbs, CUPS[cup])
    room = looks.room(draw, things, span, views.reach_of(view.camera))
    scene = Scene(
        (*ships, sea, mug, *looks.clutter(draw, span, things, near=0.9)), view.camera, room, looks.lights(draw, span)
    )

    told = {
        "a": words.article(colour),
        "b": words.article(second),
        "colour": colour,
        "second": second,
        "liquid": liquid,
        "cup": cup,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    wrong = {**told, "a": words.article(other), "colour": other}
    odd = {**told, "b": words.article(other), "second": other}
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(TEMPLATES, wrong, odd, camera=view.sentence)
        + words.otherwise(SINKS, told, camera=view.sentence)
        + words.otherwise(STILL, told, camera=view.sentence),
        inventory=tuple(Thing(ship.name, "ship", ship.colour) for ship in ships),
        expected=tuple(Expected("present", ship.name, 0.0, seconds) for ship in ships),
        breakable=_breakable(seconds),
        parameters={
            "colour": colour,
            "second_colour": second,
            "liquid": liquid,
            "cup": cup,
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "sway": sway,
            "period_s": period,
            "speed": abs(course) / seconds,
            "span_m": span,
        },
    )


def _apart(draw: Draw, options: dict[str, Vec], rgbs: tuple[Vec, ...]) -> str:
    """One of `options` whose colour is unlike `rgbs`."""
    names = draw.shuffled(list(options))
    gaps = [min(math.dist(options[n], rgb) for rgb in rgbs) for n in names]
    return next((n for n, gap in zip(names, gaps, strict=True) if gap > 0.45), names[int(np.argmax(gaps))])


def _waves(draw: Draw, r: float, depth: float, high: float) -> tuple[Wave, ...]:
    """The slowest standing wave, a weaker one across it, and a short ripple."""
    angle = draw.between(0.0, math.pi)
    cross = draw.between(0.2, 0.7) * high
    parts = [(high, math.pi / 2, angle, 0.0), (cross, math.pi / 2, angle + math.pi / 2, draw.between(0.0, 2 * math.pi))]
    parts.append((0.12 * high, 3 * math.pi / 2, draw.between(0.0, math.pi), draw.between(0.0, 2 * math.pi)))
    return tuple(wave for part in parts for wave in _standing(*part, r, depth))


def _standing(amplitude: float, kr: float, angle: float, phase: float, r: float, depth: float) -> tuple[Wave, Wave]:
    """amplitude * sin(k x) cos(omega t - phase) along `angle`, as two plane waves that run against each other."""
    k = kr / r
    omega = math.sqrt(GRAVITY * k * math.tanh(k * depth))
    kx, ky = k * math.cos(angle), k * math.sin(angle)
    return (
        Wave(amplitude / 2, kx, ky, omega, phase - math.pi / 2),
        Wave(amplitude / 2, -kx, -ky, omega, phase + math.pi / 2),
    )


def _cup(draw: Draw, colour: str, r: float, top: float) -> Body:
    """A mug on the floor with inner radius r: its wall a ring of boxes, a rim, a bottom and a handle."""
    thick = draw.between(0.05, 0.09) * r
    out = r + thick
    half = out * math.tan(math.pi / SEGMENTS) * 1.02
    parts = [Geom("cylinder", (r, 0.05 * r, 0.0), (0.0, 0.0, 0.05 * r), solid=False)]
    for k in range(SEGMENTS):
        a = 2 * math.pi * k / SEGMENTS
        c, s = (r + thick / 2) * math.cos(a), (r + thick / 2) * math.sin(a)
        turn = shapes.about((0.0, 0.0, 1.0), a)
        parts.append(Geom("box", (thick / 2, half, top / 2), (c, s, top / 2), turn, solid=False))
    bows = [
        (out - 0.02 * r + 0.5 * r * math.sin(b), 0.5 * top - 0.32 * top * math.cos(b))
        for b in np.linspace(0, math.pi, 9)
    ]
    parts += [shapes.rod((x0, 0.0, z0), (x1, 0.0, z1), 0.09 * r, solid=False) for (x0, z0), (x1, z1) in pairwise(bows)]
    turn = shapes.about((0.0, 0.0, 1.0), draw.between(0.0, 2 * math.pi))
    material = Material(looks.jitter(draw, CUPS[colour], 0.03), gloss=draw.between(0.2, 0.7))
    return Body("cup", "cup", colour, tuple(parts), material, (0.0, 0.0, 0.0), turn, role="prop")


def _ship(
    draw: Draw, name: str, colour: str, rgb: Vec, long: float, surface: Geom, level: float, start: float, course: float
) -> Body:
    """A ship `long` metres long that rides the waves round the cup, from the angle `start` by `course` radians."""
    r = surface.size[0]
    away = draw.between(0.44, 0.52) * r
    heading = draw.between(-0.5, 0.5) + (0.0 if course > 0 else math.pi)
    wander = draw.between(0.0, 2 * math.pi)

    def place(t: float) -> tuple[float, float, float]:
        angle = start + course * t / draw.seconds
        return (
            away * math.cos(angle),
            away * math.sin(angle),
            angle + math.pi / 2 + heading + 0.15 * math.sin(t + wander),
        )

    def ride(t: float) -> tuple[Vec, Quat]:
        x, y, turn = place(t)
        c, s = math.cos(turn), math.sin(turn)
        along, across = 0.4 * long, 0.16 * long
        spots = np.array([(along, 0.0), (-along, 0.0), (0.0, across), (0.0, -across), (0.0, 0.0)])
        bow, stern, port, starboard, middle = height(
            surface, x + c * spots[:, 0] - s * spots[:, 1], y + s * spots[:, 0] + c * spots[:, 1], t
        ).tolist()
        pitch, roll = (bow - stern) / (2 * along), (port - starboard) / (2 * across)  # slopes in the ship's frame
        normal = (-pitch * c + roll * s, -pitch * s - roll * c, 1.0)
        up = level + (bow + stern + port + starboard + 2 * middle) / 6
        return (x, y, up), shapes.turned(shapes.z_towards(normal), shapes.about((0.0, 0.0, 1.0), turn))

    end = shapes.lasting(draw.seconds)
    times = np.linspace(0.0, end, math.ceil(shapes.RATE * end) + 1).tolist()
    keys = tuple(Key(t, *ride(t)) for t in times)
    return Body(
        name, "ship", colour, _hull(draw, rgb, long), Material(rgb, gloss=0.4), keys[0].pos, keys[0].quat,
        motion="scripted", keys=keys,
    )  # fmt: skip


def _hull(draw: Draw, rgb: Vec, long: float) -> tuple[Geom, ...]:
    """Hull, deck, mast and one or two sails; bow towards +x, water line at z = 0."""
    pale: Vec = tuple(0.55 * c + 0.45 for c in rgb)  # type: ignore[assignment]
    wood = Material((0.50, 0.36, 0.22))
    sail = Material(pale if draw.chance(0.6) else rgb, gloss=0.0)
    half, wide, side = long / 2, draw.between(0.17, 0.22) * long, draw.between(0.10, 0.13) * long
    mast = draw.between(0.55, 0.7) * long
    bow: Vec = (0.36 * half, 0.42 * wide, 0.9 * side)
    parts = [
        Geom("box", (0.56 * half, wide, 0.9 * side), (-0.25 * half, 0.0, 0.35 * side)),
        *(Geom("box", bow, (0.48 * half, s * 0.42 * wide, 0.35 * side), _yaw(-0.62 * s)) for s in (-1.0, 1.0)),
        Geom("box", (0.5 * half, 0.85 * wide, 0.1 * side), (-0.25 * half, 0.0, 1.3 * side), material=wood),
        Geom("box", (0.18 * half, 0.7 * wide, 0.5 * side), (-0.6 * half, 0.0, 1.6 * side)),
        Geom("cylinder", (0.025 * long, mast / 2, 0.0), (0.05 * half, 0.0, mast / 2 + side), material=wood),
    ]
    size: Vec = (0.012 * long, 1.15 * wide, 0.34 * mast)
    parts.append(Geom("box", size, (0.1 * half, 0.0, side + 0.56 * mast), _yaw(draw.between(-0.5, 0.5)), sail))
    return tuple(Geom(g.shape, g.size, g.pos, g.quat, g.material, False) for g in parts)


def _yaw(angle: float) -> Quat:
    return shapes.about((0.0, 0.0, 1.0), angle)


def _breakable(seconds: float) -> tuple[Breakable, ...]:
    """What can go wrong with a ship, or with the liquid."""
    start, end = 0.2 * seconds, 0.6 * seconds
    kinds = (
        "wrong_buoyancy", "float", "drift_up", "sink_in", "vanish", "duplicate", "teleport",
        "colour_change", "size_change",
    )  # fmt: skip
    return (
        *(Breakable(kind, name, start, end) for kind in kinds for name in ("ship", "second")),
        *(Breakable(kind, "ship", start, end, other="second") for kind in ("merge", "identity_swap")),
        Breakable("volume_change", "liquid", start, end),
        *(Breakable(kind, None, start, end) for kind in ("freeze", "time_skip")),
    )
