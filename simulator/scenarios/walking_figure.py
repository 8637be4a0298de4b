"""A figure walks: across the picture, behind something, there and back, or past another figure.

Law: it stays one figure with the same limbs, goes on steadily, and the foot that stands does not slide. Speed v and
size hang together as in walking animals of any size: v^2 / (g l), the Froude number with l the length of a leg, is
drawn, and the stride is a fixed share of l; so that the world is as large as the way to be walked needs, up to the
size of a man (or a dog), who then stops where he has arrived. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.scene import Body, Camera, Geom, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import figures, gait, looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
TOLERANCE = 0.25  # seconds either side of an expected time

SIZE: Ranges = (0.48, 0.60), (0.34, 0.42)  # height of the figure over the picture's height
FROUDE: Ranges = (0.13, 0.24), (0.32, 0.45)  # v^2 / (g l)
HIDDEN: Ranges = (0.14, 0.18), (0.20, 0.24)  # share of the walk for which a wall hides the figure wholly
KINDS = ("figure", "figure", "robot", "dog")
BULK = {"figure": 1.0, "robot": 0.95, "dog": 0.62}  # of that height
CLOSE = {"hides": 0.85, "turns": 0.9}  # of it, where more has to be in the picture
TALLEST = {"figure": 1.85, "robot": 1.6, "dog": 1.0}  # metres
RADIUS = {"figure": 0.24, "robot": 0.26, "dog": 0.55}  # of the half circle in which it turns, over its height
SLOW = {"figure": 0.65, "robot": 0.65, "dog": 0.85}  # of its pace, when it turns
STORIES = ("crosses", "hides", "passes", "turns", "meets")

WAYS = {
    "crosses": "across the picture to the {side}",
    "hides": "to the {side}, passes behind {screen} and comes out again",
    "passes": "to the {side} behind {screen}",
    "turns": "to the {side}, turns round and goes back",
    "meets": "to the {side} and passes {b} {noun} that comes the other way",
}
TEMPLATES = (
    "{a} {noun} walks {way}.",
    "On {floor} floor {a} {noun} walks {way}.",
    "Step by step {a} {noun} walks {way}.",
    "Video of {a} {noun} that walks {way}.",
    "{a} {noun} strides {way}.",
    "At an even pace {a} {noun} goes {way}.",
    "{a} {noun} moves its legs in turn and walks {way}.",
    "Over {floor} floor {a} {noun} makes its way {way}.",
    "We see {a} {noun} walking; it goes {way}.",
)
STANDS = ("{a} {noun} stands still on {floor} floor.", "{a} {noun} sits on {floor} floor and does not walk.")
FLOATS = ("{a} {noun} glides along without moving its legs.", "Two {colour} {noun}s walk side by side to the {side}.")


@dataclass(frozen=True)
class _Walk:
    """What is common to the walkers of a script, in metres and seconds."""

    kind: str
    tall: float
    span: float
    run: float  # length of the straight way
    speed: float
    sign: float  # 1: sets off to the right


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    story, kind = draw.choose(STORIES), draw.choose(KINDS)
    side = draw.choose(("left", "right"))
    share, froude = draw.uniform(SIZE) * BULK[kind] * CLOSE.get(story, 1.0), draw.uniform(FROUDE)
    colour, second, other = draw.colours(3)
    rgb, second_rgb = looks.tint(draw, colour), looks.tint(draw, second)
    walk = _plan(draw, story, kind, share, froude, side)

    centre: Vec = (0.0, 0.0, max(0.5 * walk.tall, 0.3 * walk.span))
    moves = tuple(m for m in views.MOVES if m != "pan" or not draw.ood)  # a wide pan would lose it
    view = views.view(draw, centre, walk.span, yaw=(-12, 12), pitch=(5, 17), fov=(28, 44), moves=moves)
    walker, times, u = _walker(draw, walk, story, "walker", colour, rgb)
    things = (rgb, second_rgb) if story == "meets" else (rgb,)
    others: tuple[Body, ...] = ()
    if story == "meets":
        others = (_walker(draw, walk, "met", "other", second, second_rgb)[0],)
    word, cover = _cover(draw, walk, story, view.camera, walker, things)
    room = looks.room(draw, things, walk.span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, walk.span, things, near=0.8)
    scene = Scene((walker, *others, *cover, *clutter), view.camera, room, looks.lights(draw, walk.span))

    told = {
        "a": words.article(colour),
        "b": words.article(second),
        "colour": colour,
        "noun": kind,
        "side": side,
        "screen": word,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    told["way"] = WAYS[story].format(**told)
    wrong_way = {**told, "way": WAYS[story].format(**{**told, "side": words.opposite(side)})}
    hidden = _hidden(view.camera, walker, cover[0], draw.seconds) if story == "hides" else (0.0, 0.0, 0.0)
    turn = _turn(times, u, walk) if story == "turns" else (draw.seconds, draw.seconds)
    arrives = min(draw.seconds, walk.run / walk.speed)
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(TEMPLATES, {**told, "a": words.article(other)}, wrong_way, camera=view.sentence)
        + words.otherwise(STANDS, told, camera=view.sentence)
        + words.otherwise(FLOATS, told, camera=view.sentence),
        inventory=tuple(Thing(b.name, b.noun, b.colour) for b in (walker, *others)),
        expected=(
            Expected("present", "walker", 0.0, draw.seconds),
            *_expected(draw, story, side, walk, arrives, hidden=hidden, turn=turn),
        ),
        breakable=_breakable(story, min(draw.seconds, 1.2 * arrives), hidden, turn),
        parameters={
            "colour": colour,
            "noun": kind,
            "story": story,
            "side": side,
            "screen": word,
            "other_colour": second if others else "none",
            "texture": walker.material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "froude": froude,
            "speed": walk.speed / walk.span,
            "steps_per_s": 2 * walk.speed / figures.gait_of(figures.BUILDS[kind], walk.tall).stride,
            "span_m": walk.span,
        },
    )


def _plan(draw: Draw, story: str, kind: str, share: float, froude: float, side: str) -> _Walk:
    """The size of the world, such that the walk fits the clip."""
    made = figures.BUILDS[kind]
    wide = figures.extent(made, share)
    run = max(0.5, 0.98 - 2 * wide) * draw.between(0.9, 1.0)  # in spans, like all here
    if story == "hides":
        run = max(run, 0.5 + 2 * wide - 0.1)
    length = run
    if story == "turns":
        run = (0.96 - 2 * (RADIUS[kind] + 0.18) * share) * draw.between(0.9, 1.0)
        length = 1.3 * run + math.pi * RADIUS[kind] * share / SLOW[kind]
    span = froude * 9.81 * made.leg * share * (draw.seconds / length) ** 2
    tall = min(share * span, TALLEST[kind] * draw.between(0.85, 1.0))
    speed = figures.pace_of(made, tall, froude)
    return _Walk(kind, tall, tall / share, run * tall / share, speed, 1.0 if side == "right" else -1.0)


def _walker(
    draw: Draw, walk: _Walk, story: str, name: str, colour: str, rgb: Vec
) -> tuple[Body, gait.Array, gait.Array]:
    """A walker, with its times and its gait at them."""
    made, kind, tall = figures.BUILDS[walk.kind], walk.kind, walk.tall
    sign = -walk.sign if story == "met" else walk.sign
    apart = 0.35 * tall  # between two that meet
    start, end, slow = 0.0, walk.run, 1.0
    if story == "turns":
        radius, bend, slow = RADIUS[kind] * tall, draw.sign(), SLOW[kind]
        way = gait.Way(-sign * walk.run / 2, -bend * radius, sign, walk.run, radius, bend)
        start, end = 0.25 * walk.run, math.inf
    else:
        y = {"meets": -apart / 2, "met": apart / 2}.get(story, 0.0)
        way = gait.Way(-sign * walk.run / 2, y, sign)
    times, u = gait.clock(shapes.lasting(draw.seconds), shapes.RATE, walk.speed, way, start, slow)
    steps = figures.gait_of(made, tall, end)
    body = figures.walker(name, kind, colour, _dressed(draw, rgb, tall), tall, way, steps, times, u, draw.between(0, 1))
    return body, times, u


def _dressed(draw: Draw, rgb: Vec, tall: float) -> figures.Looks:
    """All of one colour in shades, or with dark legs and a head of its own."""
    trunk = looks.paint(draw, rgb, 0.3 * tall)
    if draw.chance(0.5):
        return figures.Looks(trunk, Material(looks.dim(rgb, draw.between(0.55, 0.75))), Material(looks.dim(rgb, 0.9)))
    skin = draw.choose(((0.87, 0.68, 0.54), (0.62, 0.42, 0.30), (0.36, 0.24, 0.18), (0.80, 0.80, 0.78)))
    return figures.Looks(trunk, Material(looks.dim(rgb, 0.4)), Material(looks.jitter(draw, skin, 0.03)))


def _cover(
    draw: Draw, walk: _Walk, story: str, camera: Camera, walker: Body, things: tuple[Vec, ...]
) -> tuple[str, tuple[Body, ...]]:
    """What stands nearer to the camera than the way: how it is called, and the bodies."""
    if story not in ("hides", "passes"):
        return "none", ()
    near = draw.between(0.5, 0.7) * walk.tall
    eye = np.asarray(camera.keys[len(camera.keys) // 2].eye)
    shrink = (-eye[1] - near) / -eye[1]  # what is nearer looks bigger
    middle = eye[0] * (1 - shrink)  # on the line from the eye to the middle of the way
    top = eye[2] + (1.08 * walk.tall - eye[2]) * shrink
    top = max(top, 0.6 * walk.tall)
    word, rgb = looks.background(draw, things)
    material = looks.surface(draw, rgb, 0.6 * walk.span)
    if story == "hides":
        wide = max(sum(figures.reach_at(walker, i)) for i in range(0, len(walker.keys), 5))
        half = (wide + draw.uniform(HIDDEN) * walk.run) / 2 * shrink
        noun = draw.choose(("wall", "screen", "board"))
        geoms: tuple[Geom, ...] = (Geom("box", (half, 0.05 * walk.tall, top / 2), (0.0, 0.0, top / 2)),)
    else:
        noun, thick = draw.choose(("pillar", "tree", "post")), draw.between(0.06, 0.11) * walk.tall
        middle += draw.between(-0.12, 0.12) * walk.run
        high = top * draw.between(1.15, 1.5)
        geoms = (Geom("cylinder", (thick, high / 2, 0.0), (0.0, 0.0, high / 2)),)
        if noun == "pillar":
            geoms = (Geom("box", (thick, thick, high / 2), (0.0, 0.0, high / 2)),)
        elif noun == "tree":
            leaves = Material(looks.jitter(draw, (0.2, 0.32, 0.16), 0.05), "noise", scale=0.3 * walk.tall)
            crown = Geom("ellipsoid", (3.2 * thick, 3.2 * thick, 0.3 * high), (0.0, 0.0, high), material=leaves)
            geoms = (*geoms, crown)
    body = Body("cover", noun, word, geoms, material, (middle, -near, 0.0), role="prop")
    return words.article(f"{word} {noun}" if noun != "tree" else noun), (body,)


def _hidden(camera: Camera, walker: Body, wall: Body, last: float) -> tuple[float, float, float]:
    """Seconds at which the wall hides the walker wholly, shows it again, and is clear of it."""
    half, thick, up = wall.geoms[0].size
    x, y, _ = wall.pos
    behind, apart = [], []
    for i, key in enumerate(k for k in walker.keys if k.t <= last):
        corners = [(x + a * half, y + b * thick, up) for a in (-1, 1) for b in (-1, 1)]
        edges = [views.project_at(camera, c, key.t)[0] for c in corners]
        right, left = figures.reach_at(walker, i)
        place = [views.project_at(camera, (key.pos[0] + d, key.pos[1], key.pos[2]), key.t)[0] for d in (-left, right)]
        if min(edges) < min(place) and max(place) < max(edges):
            behind.append(key.t)
        elif max(place) < min(edges) or min(place) > max(edges):
            apart.append(key.t)
    if not behind:
        return 0.45 * last, 0.55 * last, 0.8 * last
    return behind[0], behind[-1], min([*(t for t in apart if t > behind[-1]), 0.97 * last])


def _turn(times: gait.Array, u: gait.Array, walk: _Walk) -> tuple[float, float]:
    """Seconds at which the first half turn begins and ends."""
    bend = walk.run + math.pi * RADIUS[walk.kind] * walk.tall
    return float(np.interp(walk.run, u, times)), float(np.interp(bend, u, times))


def _expected(
    draw: Draw,
    story: str,
    side: str,
    walk: _Walk,
    arrives: float,
    *,
    hidden: tuple[float, float, float],
    turn: tuple[float, float],
) -> tuple[Expected, ...]:
    """What happens, by story."""
    seconds, back = draw.seconds, words.opposite(side)
    if story == "turns":
        return (
            Expected(f"moves_{side}", "walker", 0.0, sum(turn) / 2),
            Expected("turns", "walker", max(0.0, turn[0] - TOLERANCE), min(seconds, turn[1] + TOLERANCE)),
            Expected(f"moves_{back}", "walker", sum(turn) / 2, min(seconds, turn[1] + 0.8 * walk.run / walk.speed)),
        )
    goes = Expected(f"moves_{side}", "walker", 0.0, arrives)
    if story == "hides":
        gone, shows, clear = hidden
        return (
            goes,
            Expected("hidden_by", "walker", max(0.0, gone - TOLERANCE), gone + TOLERANCE, "cover"),
            Expected("revealed", "walker", shows - TOLERANCE, min(seconds, clear + TOLERANCE), "cover"),
        )
    if story == "meets":
        return (goes, Expected("present", "other", 0.0, seconds), Expected(f"moves_{back}", "other", 0.0, arrives))
    return (goes,)


def _breakable(
    story: str, walks: float, hidden: tuple[float, float, float], turn: tuple[float, float]
) -> tuple[Breakable, ...]:
    """What can go wrong while it walks, for `walks` seconds."""
    kinds = (
        "limb_change", "vanish", "duplicate", "teleport", "float", "drift_up", "sink_in", "bend",
        "colour_change", "size_change",
    )  # fmt: skip
    start, end = 0.2 * walks, 0.55 * walks
    if story == "hides":
        start, end = 0.1 * walks, 0.6 * hidden[0]  # while it is in view
    always = (
        *(Breakable(kind, "walker", start, end) for kind in kinds),
        *(Breakable(kind, None, start, end) for kind in ("freeze", "time_skip")),
    )
    if story == "hides":
        gone, shows, _ = hidden
        changes = ("colour_change", "size_change", "limb_change")
        return (
            *always,
            Breakable("return_missing", "walker", gone + 0.5 * (shows - gone), gone + 0.9 * (shows - gone)),
            *(Breakable(kind, "walker", gone, gone + 0.7 * (shows - gone)) for kind in changes),
        )
    if story == "meets":
        return (
            *always,
            Breakable("identity_swap", "walker", 0.35 * walks, 0.55 * walks, other="other"),
            Breakable("merge", "walker", 0.38 * walks, 0.5 * walks, other="other"),
        )
    if story == "turns":
        return (*always, Breakable("sudden_turn", "walker", 0.3 * turn[0], 0.7 * turn[0]))
    lone = ("sudden_stop", "shadow_missing") if story == "crosses" else ("sudden_stop",)
    return (*always, *(Breakable(kind, "walker", start, end) for kind in lone))
