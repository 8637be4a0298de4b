"""A thing moves before a mirror, and its image does the same.

Law: the image of a point P in the mirror with the unit normal n through M is P - 2 ((P - M) . n) n. The camera stands
aside, so that thing and image are seen next to each other, and the mirror is as large as it takes for every line of
sight to an image to go through it, with something to spare. The thing rolls, slides or hops (h = v t - g t^2 / 2).
Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from simulator import camera as pinhole
from simulator.scene import Body, Geom, Material, Quat, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges
from simulator.workshop.hops import Hops, hops

VERSION = 1
TIMES = 13  # at which the lines of sight are looked at

SIZE: Ranges = (0.25, 0.31), (0.18, 0.22)  # of the thing over the picture's height, about
WAY: Ranges = (0.36, 0.48), (0.36, 0.48)  # picture heights that it goes
AWAY: Ranges = (0.36, 0.46), (0.52, 0.6)  # picture heights from the middle of its way to the mirror
HOP: Ranges = (0.1, 0.17), (0.1, 0.17)  # height of a hop over the picture's height
WAYS = ("rolls", "slides", "hops")

TEMPLATES = (
    "{a} {noun} {moves} to the {side} in front of a mirror, and its image does the same.",
    "{a} {noun} {moves} {side} before a mirror in {frame} frame.",
    "In a mirror one sees {a} {noun} a second time as it {moves} to the {side}.",
    "A mirror shows the image of {a} {noun} that {moves} to the {side}.",
    "Before a large mirror on {floor} floor {a} {noun} {moves} to the {side}.",
    "{a} {noun} and its mirror image move to the {side}.",
    "Video of {a} {noun} that {moves} {side} in front of a mirror.",
    "On {floor} floor {a} {noun} {moves} to the {side} past a mirror that shows it.",
)
ENDS = (
    "{a} {noun} {moves} to the {side} in front of a mirror that does not show it.",
    "{a} {noun} stands still in front of a mirror.",
    "{a} {noun} {moves} to the {side}, but its image in the mirror moves the other way.",
)


@dataclass(frozen=True)
class Glass:
    """The plane of a mirror through (x, y, 0), turned by `turn` radians about z from facing the camera (-y)."""

    x: float
    y: float
    turn: float

    def image(self, point: Vec) -> Vec:
        """Where the mirror image of a point is."""
        n = np.array([math.sin(self.turn), -math.cos(self.turn), 0.0])
        x, y, z = (np.asarray(point) - 2 * ((np.asarray(point) - (self.x, self.y, 0.0)) @ n) * n).tolist()
        return x, y, z

    def met(self, eye: np.ndarray, image: Vec) -> tuple[float, float]:
        """Where the line of sight from the eye to an image meets the plane: metres along it, and up."""
        n = np.array([math.sin(self.turn), -math.cos(self.turn), 0.0])
        m, sight = np.array([self.x, self.y, 0.0]), np.subtract(image, eye)
        at = eye + sight * ((m - eye) @ n) / (sight @ n) - m
        return float(at[0] * math.cos(self.turn) + at[1] * math.sin(self.turn)), float(at[2])

    def place(self, along: float, up: float, out: float) -> Vec:
        """The point `along` the plane, `up` above the floor and `out` in front of it."""
        c, s = math.cos(self.turn), math.sin(self.turn)
        return self.x + along * c + out * s, self.y + along * s - out * c, up

    @property
    def quat(self) -> Quat:
        """The turn (WXYZ) that takes x along the plane, y up and z to its front."""
        return shapes.turned(shapes.about((0.0, 0.0, 1.0), self.turn), shapes.about((1.0, 0.0, 0.0), math.pi / 2))


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    moves = draw.choose(WAYS)
    hop = hops(draw) if moves == "hops" else None
    share = draw.uniform(SIZE)
    side = draw.choose(("left", "right"))
    colour, other = draw.colours(2)
    rgb = looks.tint(draw, colour)

    span = hop.height / draw.uniform(HOP) if hop else draw.between(0.8, 3.0)
    r = share * span / 2
    body = _mover(draw, moves, colour, rgb, r, draw.uniform(WAY) * span, 1.0 if side == "right" else -1.0, hop)
    glass = Glass(0.0, draw.uniform(AWAY) * span, math.radians(draw.between(-7.0, 7.0)))
    aside = draw.sign()
    angles = (27.0, 38.0) if aside > 0 else (-38.0, -27.0)
    centre: Vec = (-aside * 0.2 * span, 0.5 * glass.y, 0.22 * span)
    view = views.view(draw, centre, span, yaw=angles, pitch=(8, 18), fov=(30, 44))
    outline = _outline(body, r)
    images = [(t, glass.image(p)) for t, p in outline]
    view = views.fitted(view, outline + images)
    view = views.fitted(view, _edges(view, glass, images), 0.5)

    word, frame_rgb = looks.background(draw, (rgb,))
    mirror, frame = _mirror(draw, view, glass, images, span, (word, frame_rgb))
    room = looks.room(draw, (rgb, frame_rgb), span, views.reach_of(view.camera), sky=0.3)
    clutter = looks.clutter(draw, span, (rgb,), near=1.0)
    scene = Scene((body, mirror, frame, *clutter), view.camera, room, looks.lights(draw, span, overcast=0.15))

    told = {
        "a": words.article(colour),
        "noun": body.noun,
        "moves": moves,
        "side": side,
        "frame": words.article(word),
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    early, late = 0.2 * seconds, 0.65 * seconds
    kinds = ("vanish", "teleport", "colour_change", "shape_change", "size_change", "duplicate", "sudden_stop")
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            {**told, "side": words.opposite(side)},
            {**told, "a": words.article(other)},
            camera=view.sentence,
        )
        + words.otherwise(ENDS, told, camera=view.sentence),
        inventory=(Thing("thing", body.noun, colour),),
        expected=(Expected("present", "thing", 0.0, seconds), Expected(f"moves_{side}", "thing", 0.0, seconds)),
        breakable=(
            *(Breakable(kind, "thing", early, late) for kind in ("reflection_missing", "reflection_wrong", *kinds)),
            *((Breakable("float", "thing", 0.4 * hop.air, 0.55 * hop.air),) if hop else ()),
        ),
        parameters={
            "colour": colour,
            "noun": body.noun,
            "moves": moves,
            "side": side,
            "texture": body.material.texture,
            "frame": word,
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "speed": abs(body.keys[-1].pos[0] - body.keys[0].pos[0]) / span / seconds,
            "away": glass.y / span,
            "turn_deg": math.degrees(glass.turn),
            "mirror": mirror.material.mirror,
            "span_m": span,
        },
    )


def _mover(draw: Draw, moves: str, colour: str, rgb: Vec, r: float, way: float, sign: float, hop: Hops | None) -> Body:
    """A thing of radius r that goes `way` metres past the mirror, a little slanting."""
    seconds = draw.seconds
    noun = "ball" if moves == "rolls" else draw.choose(("cube", "cylinder", *shapes.OOD_NOUNS * draw.ood))
    thing = shapes.thing("thing", noun, colour, looks.paint(draw, rgb, 2 * r, plain=0.4), r, motion="scripted")
    slant = math.radians(draw.between(-22.0, 22.0))
    dx, dy = sign * way * math.cos(slant), way * math.sin(slant)
    axis: Vec = (-dy / way, dx / way, 0.0)
    turn = shapes.about((0.0, 0.0, 1.0), draw.between(0.0, math.pi / 2))

    def at(t: float) -> tuple[float, float]:
        return hop.at(t) if hop else (t / seconds, 0.0)

    keys = shapes.path(
        seconds,
        lambda t: (dx * (at(t)[0] - 0.5), dy * (at(t)[0] - 0.5), thing.pos[2] + at(t)[1]),
        lambda t: shapes.about(axis, way * at(t)[0] / r) if moves == "rolls" else turn,
        rate={"rolls": 16.0, "slides": 1.0}.get(moves, 120.0),
    )
    return replace(thing, pos=keys[0].pos, quat=keys[0].quat, keys=keys)


def _outline(body: Body, r: float) -> list[tuple[float, Vec]]:
    """Times, and points about the thing then."""
    times = np.linspace(0.0, body.keys[-1].t, TIMES)
    xyz = [np.interp(times, [k.t for k in body.keys], [k.pos[i] for k in body.keys]) for i in range(3)]
    steps = ((-r, 0.0, -r), (r, 0.0, -r), (-r, 0.0, r), (r, 0.0, r))
    rows = zip(times.tolist(), *(c.tolist() for c in xyz), strict=True)
    return [(t, (x + a, y + b, max(z + c, 0.0))) for t, x, y, z in rows for a, b, c in steps]


def _met(view: views.View, glass: Glass, images: list[tuple[float, Vec]]) -> tuple[float, float, float]:
    """How far the lines of sight to the images (times and points) spread on the mirror: left, right and up, metres."""
    met = [glass.met(pinhole.frame(view.camera, t)[0], p) for t, p in images]
    return min(a for a, _ in met), max(a for a, _ in met), max(u for _, u in met)


def _edges(view: views.View, glass: Glass, images: list[tuple[float, Vec]]) -> list[tuple[float, Vec]]:
    """Times, and points on the two upright edges of what is needed of the mirror."""
    left, right, top = _met(view, glass, images)
    return [(t, glass.place(a, top / 2, 0.0)) for t in (0.0, images[-1][0]) for a in (left, right)]


def _mirror(
    draw: Draw,
    view: views.View,
    glass: Glass,
    images: list[tuple[float, Vec]],
    span: float,
    wood: tuple[str, Vec],
) -> tuple[Body, Body]:
    """The mirror, as large as the lines of sight to the `images` (times and points) need, and its frame."""
    left, right, top = _met(view, glass, images)
    spare, bar, thick = draw.between(0.05, 0.12) * span, draw.between(0.018, 0.032) * span, 0.02 * span
    left, right, top = left - spare, right + spare, top + spare
    wide, high, middle = (right - left) / 2, (top - bar) / 2, (left + right) / 2
    silver = Material((0.80, 0.88, 0.95), gloss=0.1, mirror=draw.between(0.72, 0.86))
    quat = glass.quat
    pane = Geom("box", (wide, high, thick))
    at = glass.place(middle, bar + high, -thick)
    bars = (
        *(Geom("box", (bar, high + 2 * bar, 1.4 * thick), (s * (wide + bar), 0.0, 0.0)) for s in (-1.0, 1.0)),
        *(Geom("box", (wide, bar, 1.4 * thick), (0.0, s * (high + bar), 0.0)) for s in (-1.0, 1.0)),
    )
    material = looks.surface(draw, wood[1], 0.4 * span)
    return (
        Body("mirror", "mirror", "silver", (pane,), silver, at, quat, role="prop"),
        Body("frame", "frame", wood[0], bars, material, at, quat, role="prop"),
    )
