"""A weight on a coil spring swings up and down, or to and fro over the floor, with a period of its own.

Law: x'' = -omega^2 x - 2 gamma x' about the place of rest, so that, let go at rest at x = A,
x = A exp(-gamma t) (cos(w t) + gamma / w sin(w t)) with w^2 = omega^2 - gamma^2 and the period 2 pi / w; gamma is 0 or
small. A hanging spring is stretched by g / omega^2 at rest, and its length there is `STRETCH` times that; the world is
as large as that needs. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.scene import Body, Geom, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, stands, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
TURNS, FACETS = 7, 8  # of the coil, and straight pieces a turn
Array = np.ndarray

PERIOD: Ranges = (0.5, 0.8), (0.32, 0.42)  # share of the clip
QUICKEST, SLOWEST = 0.3, 2.4  # seconds, of a period
AMPLITUDE: Ranges = (0.13, 0.17), (0.09, 0.115)  # over the picture's height
SIZE: Ranges = (0.22, 0.28), (0.16, 0.20)  # of the weight, likewise
STRETCH = (1.7, 2.6)
FADE = (0.15, 0.4)  # natural logarithm of the amplitude lost through the clip, where it is damped

HANGING = (
    "{a} {noun} hangs from a spring and swings up and down.",
    "{a} {noun} bounces up and down on a coil spring, {way}.",
    "On a spring below a stand {a} {noun} goes up and down.",
    "{way}, {a} {noun} on a spring swings up and down above {floor} floor.",
    "A spring with {a} {noun} at its lower end stretches and shrinks.",
    "Somebody lets go of {a} {noun} on a spring; it {first} first, then comes back.",
    "{a} {noun}, {way}, moves up and down on a coil spring and {lasts}.",
    "Video of {a} {noun} that swings up and down on a hanging spring.",
)
LYING = (
    "{a} {noun} on a spring fixed on the {side} slides to and fro.",
    "{a} {noun} slides left and right on {floor} floor, pulled by a spring from the {side}.",
    "A coil spring on the {side} pulls and pushes {a} {noun}.",
    "{way}, {a} {noun} slides to and fro on a spring that is fixed on the {side}.",
    "With a spring on its {side}, {a} {noun} swings along {floor} floor and {lasts}.",
    "Somebody lets go of {a} {noun}; the spring on the {side} moves it to and fro.",
    "A spring, held on the {side}, stretches and shrinks with {a} {noun} at its end.",
    "Video of {a} {noun} that slides back and forth, tied to a spring on the {side}.",
)
WRONG = (
    "{a} {noun} on a spring stays where it is and does not move.",
    "{a} {noun} comes off its spring and goes away.",
)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    hanging = draw.chance(0.6)
    period = min(max(draw.uniform(PERIOD) * seconds, QUICKEST), SLOWEST)
    share, high = draw.uniform(SIZE), draw.uniform(AMPLITUDE)
    fade = draw.between(*FADE) / seconds if draw.chance(0.35) else 0.0  # gamma
    start = draw.sign()  # 1: let go away from the spring's fixed end
    side = "none" if hanging else draw.choose(("left", "right"))
    noun, another = draw.shuffled(("ball", "cube", "cylinder") if hanging else ("cube", "cylinder"))[:2]
    colour, other = draw.colours(2)
    rgb = looks.tint(draw, colour)

    w = 2 * math.pi / period
    rest = draw.between(*STRETCH) * GRAVITY / (w**2 + fade**2)  # length of the spring
    span = rest / (0.34 if hanging else 0.40)
    r, amplitude = share * span / 2, start * high * span
    geom, up = shapes.shape_of(noun, r)
    if hanging:
        anchor: Vec = (0.0, 0.0, rest + high * span + 2 * up + draw.between(0.04, 0.12) * span)
        away: Vec = (0.0, 0.0, -1.0)
        middle: Vec = (0.0, 0.0, anchor[2] - 0.4 * span)
        hold = stands.gallows(anchor, 1.7 * r, 0.02 * span, _dull(draw, rgb, span))
    else:
        sign = 1.0 if side == "left" else -1.0
        anchor, away, middle = (-0.39 * sign * span, 0.0, up), (sign, 0.0, 0.0), (0.0, 0.0, 0.16 * span)
        hold = _block(anchor, sign, up, _dull(draw, rgb, span))
    reach = rest + (up if hanging else geom.size[0])

    def along(t: float) -> float:
        return amplitude * math.exp(-fade * t) * (math.cos(w * t) + fade / w * math.sin(w * t))

    def at(t: float) -> Vec:
        x, y, z = (a + d * (reach + along(t)) for a, d in zip(anchor, away, strict=True))
        return (x, y, z)

    lasting = shapes.lasting(seconds)
    keys = shapes.path(lasting, at, rate=240.0)
    weight = Body(
        "weight", noun, colour, (geom,), looks.paint(draw, rgb, 2 * r), keys[0].pos, motion="scripted", keys=keys
    )
    times = np.linspace(0.0, lasting, math.ceil(max(24 / period, 12) * lasting) + 1)
    lengths = np.array([rest + along(t) for t in times.tolist()])
    coil = Body(
        "spring",
        "spring",
        "grey",
        _coil(times, lengths, wide=0.055 * span, wire=0.009 * span),
        Material((0.75, 0.76, 0.78), gloss=0.6),
        anchor,
        shapes.z_towards(away),
        role="prop",
    )
    view = views.view(draw, middle, span, yaw=(-16, 16), pitch=(2, 14), fov=(30, 48))
    room = looks.room(draw, (rgb,), span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, span, (rgb,))
    scene = Scene((weight, coil, hold, *clutter), view.camera, room, looks.lights(draw, span))

    templates = HANGING if hanging else LYING
    told = {
        "a": words.article(colour),
        "noun": noun,
        "side": side,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
        "way": _way(hanging, start),
        "first": "rises" if start > 0 else "sinks",
        "lasts": "swings less and less" if fade else "keeps swinging",
    }
    if hanging:
        changed, first = {**told, "noun": another}, "up" if start > 0 else "down"
    else:
        changed = {**told, "side": words.opposite(side)}
        first = side if start > 0 else words.opposite(side)
    return Script(
        scene=scene,
        prompts=words.tell(draw, templates, told, view.sentence),
        counterfactuals=words.otherwise(templates, {**told, "a": words.article(other)}, changed, camera=view.sentence)
        + words.otherwise(WRONG, told, camera=view.sentence),
        inventory=(Thing("weight", noun, colour),),
        expected=(
            Expected("present", "weight", 0.0, seconds),
            Expected(f"moves_{first}", "weight", 0.0, min(seconds, period / 2)),
            Expected("swings", "weight", 0.3 * period, min(seconds, 0.7 * period)),
        ),
        breakable=(
            Breakable("sudden_stop", "weight", 0.12 * period, 0.3 * period),
            Breakable("sudden_turn", "weight", 0.12 * period, 0.3 * period),
            Breakable("drift_up", "weight", 0.15 * seconds, 0.5 * seconds),
            *(Breakable(kind, "weight", 0.15 * seconds, 0.5 * seconds) for kind in ("vanish", "teleport", "duplicate")),
            Breakable("freeze", None, 0.15 * seconds, 0.5 * seconds),
            *(
                Breakable(kind, "weight", 0.2 * seconds, 0.7 * seconds)
                for kind in ("colour_change", "size_change", "shape_change")
            ),
        ),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "texture": weight.material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "way": "hanging" if hanging else "lying",
            "size": share,
            "speed": 1.0 / period,
            "amplitude_m": abs(amplitude),
            "period_s": period,
            "damping_per_s": fade,
            "rest_m": anchor[2] - reach if hanging else anchor[0] + away[0] * reach,
            "span_m": span,
        },
    )


def _way(hanging: bool, start: float) -> str:
    if hanging:
        return "pulled down and let go" if start > 0 else "pushed up and let go"
    return "pulled away and let go" if start > 0 else "pushed in and let go"


def _dull(draw: Draw, rgb: Vec, span: float) -> Material:
    return looks.surface(draw, looks.background(draw, (rgb,))[1], span)


def _block(anchor: Vec, sign: float, up: float, material: Material) -> Body:
    """A block on the floor whose face towards `sign` x is at `anchor`, half as high again as `up` metres."""
    half = (0.5 * up, 1.2 * up, 0.85 * up)
    pos = (anchor[0] - sign * half[0], anchor[1], half[2])
    return Body("block", "block", "grey", (Geom("box", half),), material, pos, role="prop")


def _coil(times: Array, lengths: Array, wide: float, wire: float) -> tuple[Geom, ...]:
    """A helix of radius `wide` along z from 0 to `lengths` (K,) at `times` (K,), of straight pieces.

    A piece does not grow: it is as long as it has to be when the spring is longest.
    """
    turn = 2 * math.pi * np.arange(TURNS * FACETS + 1) / FACETS
    rings = np.stack([wide * np.cos(turn), wide * np.sin(turn), np.zeros_like(turn)], -1)
    points = rings + np.linspace(0, 1, len(turn))[:, None] * lengths[:, None, None] * np.array([0.0, 0.0, 1.0])
    middles, pieces = (points[:, 1:] + points[:, :-1]) / 2, points[:, 1:] - points[:, :-1]
    half = float(np.linalg.norm(pieces, axis=-1).max()) / 2
    geoms = []
    for i in range(TURNS * FACETS):
        keys = tuple(
            Key(t, tuple(middle), shapes.z_towards(piece))
            for t, middle, piece in zip(times.tolist(), middles[:, i].tolist(), pieces[:, i].tolist(), strict=True)
        )
        geoms.append(Geom("capsule", (wire, half, 0.0), keys=keys))
    return tuple(geoms)
