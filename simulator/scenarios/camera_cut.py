"""The picture cuts from one camera to another and back: it is the same world.

Law: a cut changes where the world is seen from, and nothing in the world. The things stand still, or one of them moves
slowly at constant speed (a ball rolls, or a thing turns on a turntable); cameras stand still or drift slowly. The first
camera has the first and the last shot. The camera is the subject here: it cuts whatever view is asked for; drifting
ones are used where a moving view is. Lengths in metres, times in seconds, angles in degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from simulator.scene import Body, Camera, CameraKey, Geom, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, toys, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
TOLERANCE = 0.1  # seconds either side of a cut

COUNT: Ranges = (2, 4), (5, 6)  # things
VIEWS: Ranges = (1, 2), (2, 3)  # other views between the first and the last shot
APART: Ranges = (40.0, 80.0), (95.0, 140.0)  # degrees around the middle between the first camera and one to its side
SIZE: Ranges = (0.22, 0.28), (0.16, 0.20)  # height of a thing over the picture's height
SPAN: Ranges = (1.5, 4.0), (0.6, 8.0)  # metres that the picture is high
CLOSE = 0.55  # of that height: what a close-up shows
DRIFT: Ranges = (4.0, 9.0), (10.0, 14.0)  # degrees that a drifting camera goes around in its shot
FIRST: Ranges = (0.26, 0.36), (0.20, 0.24)  # share of the clip that the first shot has, and the last one at least
STORIES = ("still", "still", "rolls", "turns")
TURN = (70.0, 150.0)  # degrees that a thing on a turntable turns in the clip

TEMPLATES = (
    "{things} on {floor} floor; the picture cuts to a view {there} and back.",
    "{things}, seen from the front, then {there}, then from the front again.",
    "Cut from a front view of {things} to one {there}, and back.",
    "{cameras} cameras film {things}: from the front, {there}, and from the front again.",
    "The picture jumps to a view {there} and back, and {things} are where they were.",
    "After a shot {there} the first camera shows {things} as before.",
    "On {floor} floor: {things}. The view cuts to one {there} and returns.",
    "Video of {things} with {cuts} cuts: the front, {there}, the front.",
)
UNCUT = ("One camera films {things} without a cut.", "After a cut to a view {there} all is empty where {things} stood.")


@dataclass(frozen=True)
class _Shot:
    """One camera's time: begins at `start`, sees `span` metres at `target` from these angles, drifts by `drift`."""

    start: float
    words: str
    target: Vec
    span: float
    yaw: float
    pitch: float
    drift: float


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    span = draw.uniform(SPAN)
    count = draw.integer(COUNT)
    story = draw.choose(STORIES)
    side = draw.choose(("left", "right"))
    colours = draw.colours(count + 1)
    things, props = _world(draw, colours[:count], story, span)
    shots = _shots(draw, things, side, span)
    camera = _camera(shots, draw.between(32, 46), seconds)
    room = looks.room(draw, tuple(b.material.rgb for b in things), span, views.reach_of(camera))
    room = replace(room, half_width=max(room.half_width, 1.5 * views.reach_of(camera)))
    scene = Scene((*things, *props), camera, room, looks.lights(draw, span))

    cuts = tuple(shot.start for shot in shots[1:])
    sentence = " ".join(
        (["Meanwhile the {colour} {noun} {does} slowly."] if story != "still" else [])
        + (["The cameras drift a little."] if shots[0].drift else [])
    ).format(colour=things[0].colour, noun=things[0].noun, does=story)
    named = [words.article(f"{b.colour} {b.noun}") for b in things]
    told = {
        "things": words.listed(named),
        "floor": words.article(words.TEXTURES[room.floor.texture]),
        "there": ", then ".join(shot.words for shot in shots[1:-1]),
        "cameras": words.number(len(shots) - 1),
        "cuts": words.number(len(cuts)),
    }
    sided = any(shot.words == f"from the {side}" for shot in shots)
    turned = told["there"].replace(side, words.opposite(side)) if sided else "from far below"
    wrong = {**told, "things": words.listed([words.article(f"{colours[count]} {things[0].noun}"), *named[1:]])}
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, sentence),
        counterfactuals=words.otherwise(TEMPLATES, wrong, {**told, "there": turned}, camera=sentence)
        + words.otherwise(UNCUT, told, camera=sentence),
        inventory=tuple(Thing(b.name, b.noun, b.colour) for b in things),
        expected=(
            *(Expected("present", b.name, 0.0, cuts[0]) for b in things),
            *(Expected("present", b.name, cuts[-1], seconds) for b in things),
            *(Expected("cut", things[0].name, max(0.0, t - TOLERANCE), min(seconds, t + TOLERANCE)) for t in cuts),
            *((Expected("turns", things[0].name, 0.0, seconds),) if story == "turns" else ()),
        ),
        breakable=_breakable(things, shots, camera.keys[0].eye),
        parameters={
            "colour": things[0].colour,
            "count": count,
            "story": story,
            "side": side if sided else "none",
            "views": len(shots) - 2,
            "cuts": len(cuts),
            "apart_deg": max(abs(shot.yaw - shots[0].yaw) for shot in shots),
            "floor": room.floor.texture,
            "camera": "cut",
            "drift": "yes" if shots[0].drift else "no",
            "first_s": cuts[0],
            "back_s": cuts[-1],
            "size": max(b.pos[2] for b in things) * 2 / span,
            "span_m": span,
        },
    )


def _world(draw: Draw, colours: tuple[str, ...], story: str, span: float) -> tuple[tuple[Body, ...], tuple[Body, ...]]:
    """The things, the one that moves first, and what belongs to them."""
    if story == "still":
        return toys.group(draw, colours, SIZE, span), ()
    if story == "turns":
        first, *others = toys.group(draw, colours, SIZE, span)
        x, y, z = first.pos
        base = Geom("cylinder", (0.62 * z + 0.06 * span, 0.012 * span, 0.0))
        plate = Body(
            "turntable", "turntable", "grey", (base,), Material((0.2, 0.2, 0.22)), (x, y, 0.012 * span), role="prop"
        )
        rate = math.radians(draw.between(*TURN)) * draw.sign() / draw.seconds
        at: Vec = (x, y, z + 0.024 * span)
        keys = shapes.path(
            draw.seconds,
            lambda t: at,
            lambda t: shapes.turned(shapes.about((0.0, 0.0, 1.0), rate * t), first.quat),
            rate=16.0,
        )
        return (replace(first, pos=at, motion="scripted", keys=keys), *others), (plate,)
    r = draw.uniform(SIZE) * span / 2
    rgb = looks.tint(draw, colours[0])
    way, sign = draw.between(0.36, 0.5) * span, draw.sign()
    times = np.linspace(0.0, draw.seconds, math.ceil(16 * draw.seconds) + 2).tolist()
    keys = tuple(
        Key(t, (x, -0.2 * span, r), shapes.about((0.0, 1.0, 0.0), x / r))
        for t, x in ((t, sign * way * (t / draw.seconds - 0.5)) for t in times)
    )
    ball = shapes.thing("roller", "ball", colours[0], looks.paint(draw, rgb, 2 * r, plain=0.2), r)
    ball = replace(ball, pos=keys[0].pos, motion="scripted", keys=keys)
    return (ball, *_row(draw, colours[1:], span)), ()


def _row(draw: Draw, colours: tuple[str, ...], span: float) -> tuple[Body, ...]:
    """Toys side by side on a bow behind the middle."""
    angles = [math.pi * (i + 1) / (len(colours) + 1) for i in range(len(colours))]
    return tuple(
        toys.toy(
            draw,
            draw.choose(toys.nouns(draw)),
            colour,
            min(draw.uniform(SIZE), 0.5 / len(colours) + 0.05) * span / 2,
            (0.36 * span * math.cos(a), (0.04 + 0.2 * math.sin(a)) * span, 0.0),
        )
        for colour, a in zip(colours, angles, strict=True)
    )


def _shots(draw: Draw, things: tuple[Body, ...], side: str, span: float) -> list[_Shot]:
    """The first camera's shot, those of the other views, and the first camera's again."""
    middle: Vec = (0.0, 0.0, 0.08 * span)
    yaw, pitch, apart = draw.between(-20, 20), draw.between(12, 28), draw.uniform(APART)
    drifts = draw.view == "moving" or (draw.view == "any" and draw.chance(0.35))
    hero = draw.choose(things[1:] if len(things) > 1 else things)
    sign = 1.0 if side == "right" else -1.0
    others = {
        "side": (f"from the {side}", middle, span, yaw + sign * apart, draw.between(10, 30)),
        "above": ("from above", middle, span, yaw + draw.between(-25, 25), draw.between(58, 74)),
        "behind": ("from behind", middle, span, yaw + sign * draw.between(160, 180), draw.between(12, 30)),
        "close": (
            f"close to the {hero.colour} {hero.noun}",
            hero.pos,
            CLOSE * span,
            yaw + draw.between(-35, 35),
            draw.between(12, 30),
        ),
    }
    chosen = draw.shuffled(("side", "side", "above", "behind", "close"))
    kinds = list(dict.fromkeys(chosen))[: draw.integer(VIEWS)]
    share = draw.uniform(FIRST)
    ends = np.linspace(share, 1.0 - max(share - draw.between(0.0, 0.06), 0.2), len(kinds) + 1) * draw.seconds
    drift = draw.uniform(DRIFT) * draw.sign() if drifts else 0.0
    first = ("from the front", middle, span, yaw, pitch)
    views_of = [first, *(others[kind] for kind in kinds), first]
    return [_Shot(start, *what, drift) for start, what in zip([0.0, *ends.tolist()], views_of, strict=True)]


def _camera(shots: list[_Shot], fov: float, seconds: float) -> Camera:
    """One camera that jumps from shot to shot; a drifting one turns around what it looks at, a key every 1/16 s."""
    keys = []
    for i, shot in enumerate(shots):
        end = shots[i + 1].start if i + 1 < len(shots) else seconds
        steps = max(2, math.ceil(16 * (end - shot.start)) + 1) if shot.drift else 1
        for k, share in enumerate(np.linspace(0.0, 1.0, steps).tolist()):
            yaw = shot.yaw + (share - 0.5) * shot.drift
            eye = views.eye(shot.target, shot.span, yaw=yaw, pitch=shot.pitch, fov=fov)
            keys.append(CameraKey(shot.start + share * (end - shot.start), eye, shot.target, cut=bool(i) and not k))
    return Camera(tuple(keys), fov)


def _breakable(things: tuple[Body, ...], shots: list[_Shot], eye: Vec) -> tuple[Breakable, ...]:
    """What can be other after a cut (to another view, or back), and what can go wrong within the first shot, to a
    thing that stands before the others as seen from `eye`."""
    at = (shots[1].start, shots[-1].start)
    fixed = min((b for b in things if b.motion == "fixed"), key=lambda b: math.dist(b.pos, eye))
    other = min((b for b in things if b is not fixed), key=lambda b: math.dist(b.pos, eye))
    alone = ("vanish", "count_change", "appear", "colour_change", "size_change", "shape_change", "teleport")
    within = (0.3 * at[0], 0.7 * at[0])
    return (
        *(Breakable("other_world", None, t, t) for t in at),
        *(Breakable(kind, fixed.name, t, t) for kind in alone for t in at),
        *(Breakable("identity_swap", fixed.name, t, t, other=other.name) for t in at),
        Breakable("warp", None, *within),
        Breakable("drift_up", fixed.name, *within),
    )
