"""A weight swings on a rope; the rope bends and keeps its length.

Law: the rope is a chain of `LINKS` straight, equally long links without weight and with masses at their lower ends, the
last of them the weight. With theta_i the angle of link i to the vertical, l its length and M_i the sum of the masses
from i on, Lagrange's equations are
sum_j M_max(i,j) l (cos(theta_i - theta_j) theta_j'' + sin(theta_i - theta_j) theta_j'^2) + g M_i sin(theta_i) = D_i,
where D_i damps the bending of the joints, not the swing (`DAMPING`). They are integrated by Runge and Kutta's method of
fourth order, `STEPS` steps a swing. The rope starts straight, or sagging, with the weight held at the side.
Lengths in metres, times in seconds, angles in radians unless they are called degrees.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ellipk

from simulator.scene import Body, Geom, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, stands, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
LINKS = 12
HEAVY = 0.2  # mass of the rope over that of the weight
DAMPING = 0.01  # of a joint, over (mass of the weight) l^2 sqrt(g / L)
STEPS = 1000  # of the integration, a swing
RATE = 120.0  # keys a second
Array = np.ndarray

PERIOD: Ranges = (0.6, 0.9), (0.42, 0.52)  # share of the clip
SLOWEST, MOST = 3.0, 12.0  # seconds of a swing, unless there were more swings than that in the clip
ANGLE: Ranges = (26.0, 48.0), (54.0, 66.0)  # degrees
SAG = (25.0, 55.0)  # degrees by which the lower end of a sagging rope is turned against the upper one
SIZE: Ranges = (0.18, 0.23), (0.13, 0.16)  # diameter of the weight over the picture's height

TEMPLATES = (
    "{a} {noun} swings on a rope, let go on the {side}.",
    "On a {rope} rope {a} {noun} swings to and fro, starting from the {side}.",
    "{a} {noun} tied to the end of a rope swings from the {side} through the middle and back.",
    "Let go on the {side}, {a} {noun} swings on a long rope above {floor} floor.",
    "A rope hangs from a stand; {a} {noun} at its end swings in from the {side}.",
    "From the {side} {a} {noun} swings on a rope that starts out {rope}.",
    "Somebody lets go of {a} {noun} on the {side}, and it swings on its rope.",
    "Video of {a} {noun} on a {rope} rope, swinging, first from the {side}.",
)
WRONG = (
    "{a} {noun} hangs straight down on a rope and does not move.",
    "The rope breaks and {a} {noun} falls on {floor} floor.",
)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    swing = max(min(draw.uniform(PERIOD) * seconds, SLOWEST), seconds / MOST)
    degrees, share = draw.uniform(ANGLE), draw.uniform(SIZE)
    sag = draw.between(*SAG) if draw.chance(0.5) else 0.0
    side = draw.choose(("left", "right"))
    noun = draw.choose(("ball", "cube", "cylinder"))
    colour, other = draw.colours(2)
    rgb = looks.tint(draw, colour)

    start = np.radians(degrees + sag * np.linspace(-0.5, 0.5, LINKS))
    length = GRAVITY * (swing / (4 * float(ellipk(math.sin(math.radians(degrees) / 2) ** 2)))) ** 2
    lasting = shapes.lasting(seconds)
    times = np.linspace(0.0, lasting, math.ceil(RATE * lasting) + 1)
    angles = _chain(start, length, times, swing / STEPS) * (1.0 if side == "right" else -1.0)
    links = np.stack([np.sin(angles), np.zeros_like(angles), -np.cos(angles)], -1) * (length / LINKS)
    joints = np.cumsum(links, axis=1)  # (K, LINKS, 3) lower ends, from the pivot
    turn = _turning(joints[:, -1, 0], times, swing)

    reach = float(np.abs(joints[:, -1, 0]).max())
    span = max(2 * reach / (0.9 - share), 1.06 * length / (0.88 - share / 2))
    r = share * span / 2
    top = length + r + draw.between(0.08, 0.3) * length
    pivot: Vec = (0.0, 0.0, top)
    geom, _ = shapes.shape_of(noun, r)
    keys = tuple(
        Key(t, (x, y, top + z), shapes.about((0.0, 1.0, 0.0), -a))
        for t, (x, y, z), a in zip(times.tolist(), joints[:, -1].tolist(), angles[:, -1].tolist(), strict=True)
    )
    weight = Body(
        "weight", noun, colour, (geom,), looks.paint(draw, rgb, 2 * r), keys[0].pos, motion="scripted", keys=keys
    )
    rope = _rope(times, joints - links / 2, angles, pivot, length, 0.011 * span)
    dull = looks.surface(draw, looks.background(draw, (rgb,))[1], span)
    stand = stands.gallows(pivot, 1.7 * r, 0.018 * span, dull)
    middle = (0.0, 0.0, top + 0.06 * length - 0.46 * span)
    view = views.view(draw, middle, span, yaw=(-20, 20), pitch=(2, 12), fov=(30, 48))
    room = looks.room(draw, (rgb,), span, views.reach_of(view.camera))
    scene = Scene(
        (weight, rope, stand, *looks.clutter(draw, span, (rgb,))), view.camera, room, looks.lights(draw, span)
    )

    told = {
        "a": words.article(colour),
        "noun": noun,
        "side": side,
        "rope": "sagging" if sag else "straight",
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            {**told, "a": words.article(other)},
            {**told, "side": words.opposite(side)},
            camera=view.sentence,
        )
        + words.otherwise(WRONG, told, camera=view.sentence),
        inventory=(Thing("weight", noun, colour),),
        expected=(
            Expected("present", "weight", 0.0, seconds),
            Expected(f"moves_{words.opposite(side)}", "weight", 0.0, min(seconds, turn)),
            Expected("swings", "weight", max(0.0, turn - 0.2 * swing), min(seconds, turn + 0.2 * swing)),
        ),
        breakable=(
            Breakable("sudden_stop", "weight", 0.2 * turn, 0.6 * turn),
            Breakable("drift_up", "weight", 0.15 * seconds, 0.5 * seconds),
            *(Breakable(kind, "weight", 0.15 * seconds, 0.5 * seconds) for kind in ("vanish", "teleport", "duplicate")),
            Breakable("freeze", None, 0.15 * seconds, 0.5 * seconds),
            *(Breakable(kind, "weight", 0.2 * seconds, 0.7 * seconds) for kind in ("colour_change", "shape_change")),
        ),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "texture": weight.material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "speed": 1.0 / swing,
            "angle_deg": degrees,
            "sag_deg": sag,
            "length_m": length,
            "pivot_z_m": top,
            "turn_s": turn,
            "span_m": span,
        },
    )


def _chain(start: Array, length: float, times: Array, step: float) -> Array:
    """(K, LINKS) angles of the links at `times`, let go at rest at the angles `start`; step in seconds at most."""
    link = length / LINKS
    masses = np.full(LINKS, HEAVY / LINKS)
    masses[-1] += 1.0
    below = np.cumsum(masses[::-1])[::-1]
    index = np.arange(LINKS)
    shared = below[np.maximum(index[:, None], index)] * link
    pull = GRAVITY * below
    stiff = 2 * np.eye(LINKS) - np.eye(LINKS, k=1) - np.eye(LINKS, k=-1)
    stiff[0, 0] = stiff[-1, -1] = 1.0  # the pivot and the lower end turn freely
    damp = DAMPING * link * math.sqrt(GRAVITY / length) * stiff

    def change(state: Array) -> Array:
        angle, speed = state
        apart = angle[:, None] - angle
        force = -(shared * np.sin(apart)) @ speed**2 - pull * np.sin(angle) - damp @ speed
        return np.stack([speed, np.linalg.solve(shared * np.cos(apart), force)])

    out = [start]
    state = np.stack([start, np.zeros(LINKS)])
    count = max(1, math.ceil((times[1] - times[0]) / step))
    h = float(times[1] - times[0]) / count
    for _ in range((len(times) - 1) * count):
        a = change(state)
        b = change(state + h / 2 * a)
        c = change(state + h / 2 * b)
        d = change(state + h * c)
        state = state + h / 6 * (a + 2 * b + 2 * c + d)
        out.append(state[0])
    return np.array(out[::count])


def _turning(x: Array, times: Array, swing: float) -> float:
    """When (seconds) the weight first turns back on the other side; half a swing if it does not in these times."""
    back = np.flatnonzero((np.diff(x) * np.sign(x[0]) > 0) & (times[1:] > 0.3 * swing))
    return float(times[back[0]]) if len(back) else swing / 2


def _rope(times: Array, middles: Array, angles: Array, pivot: Vec, length: float, thick: float) -> Body:
    """The links as capsules that move in a body at the pivot."""
    geoms = []
    for i in range(LINKS):
        keys = tuple(
            Key(t, (x, y, z), shapes.about((0.0, 1.0, 0.0), -a))
            for t, (x, y, z), a in zip(times.tolist(), middles[:, i].tolist(), angles[:, i].tolist(), strict=True)
        )
        geoms.append(Geom("capsule", (thick, length / LINKS / 2, 0.0), keys=keys))
    return Body("rope", "rope", "brown", tuple(geoms), Material((0.72, 0.58, 0.38)), pivot, role="prop")
