"""A spinning top stands aslant on its tip and precesses; one that does not spin falls over.

Law: with the tip fixed, theta and phi the tilt and the direction of the axis, w the spin about it, I3 and I1 the
moments about the axis and across it at the tip, M the mass and l the height of its centre, a top keeps w and
p = I1 phi' sin^2(theta) + I3 w cos(theta), and I1 theta'' = (I1 phi'^2 cos(theta) - I3 w phi' + M g l) sin(theta)
(Lagrange's top). It starts near steady precession, at the slower root of I1 cos(theta) phi'^2 - I3 w phi' + M g l = 0,
so that its nutation is small; `CHI` is (I3 w)^2 / (4 I1 M g l cos(theta)), and there is such a root where that is over
1. A top that does not spin starts at rest, hardly aslant, and the engine lets it fall. The moments are those of the
shape, all of one density. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.integrate import solve_ivp

from simulator.scene import Body, Geom, Key, Material, Quat, Scene, Texture, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
RATE = 240  # keys a second
Array = np.ndarray

TURNS: Ranges = (0.4, 0.7), (0.85, 1.05)  # of the precession in the clip
QUICKEST, SLOWEST = 1.2, 6.0  # seconds, of one of them
TILT: Ranges = (12.0, 22.0), (25.0, 30.0)  # degrees, of a top that spins
CHI = (1.12, 1.5)
NUTATION = (-0.1, 0.1)  # how much faster than steadily the axis starts to go round
DOWN: Ranges = (0.3, 0.42), (0.5, 0.6)  # share of the clip until one that does not spin is down
LONGEST = 1.6  # seconds
SIZE: Ranges = (0.34, 0.42), (0.25, 0.30)  # diameter over the picture's height
TALL = (1.45, 1.75)  # height of the cone over the radius of the disc
WIDE, THICK, STEM, STEM_WIDE = 0.85, 0.1, 0.6, 0.08  # radius of the cone, half height of the disc, stem, likewise
DARK = Material((0.22, 0.2, 0.2))

SPINS = (
    "{a} spinning top spins on its tip, {sense}.",
    "{a} top spins {sense} and sways slowly round without falling over.",
    "On {floor} floor {a} top spins and stands, leaning a little.",
    "Spinning {sense}, {a} top stands on its tip and does not fall.",
    "Somebody has set {a} top spinning; it leans and its upper end goes round slowly.",
    "{a} top, spinning fast, keeps upright on its tip on {floor} floor.",
    "The axis of {a} spinning top goes slowly round, {sense}.",
    "Video of {a} spinning top that turns {sense} and stays on its tip.",
)
FALLS = (
    "{a} top that does not spin falls over to the {side}.",
    "Without any spin {a} top tips over to the {side}.",
    "On {floor} floor {a} top, not spinning, falls to the {side}.",
    "{a} top stands on its tip for a moment and topples over to the {side}.",
    "Somebody lets go of {a} top that is not spinning; it falls to the {side}.",
    "To the {side} falls {a} top, for it does not spin.",
    "{a} top loses its balance, falls to the {side} and lies on {floor} floor.",
    "Video of {a} top that does not turn and tips over to the {side}.",
)
WRONG = (
    "{a} top floats above {floor} floor.",
    "{a} top jumps up from {floor} floor and away.",
)


@dataclass(frozen=True)
class _Top:
    """A top whose disc has the radius 1, of density 1; `tall` is the height of its cone."""

    tall: float

    def moments(self) -> tuple[float, float, float]:
        """Height of the centre of mass, and, over the mass, the moments about the axis and across it at the tip."""
        h, disc, stem = self.tall, self.tall + THICK, self.tall + 2 * THICK + STEM / 2
        masses = math.pi * WIDE**2 * h / 3, 2 * math.pi * THICK, math.pi * STEM_WIDE**2 * STEM
        mass = sum(masses)
        centre = (masses[0] * 0.75 * h + masses[1] * disc + masses[2] * stem) / mass
        about = 0.3 * masses[0] * WIDE**2 + 0.5 * masses[1] + 0.5 * masses[2] * STEM_WIDE**2
        across = (
            0.6 * masses[0] * (WIDE**2 / 4 + h**2)
            + masses[1] * (0.25 + THICK**2 / 3 + disc**2)
            + masses[2] * (STEM_WIDE**2 / 4 + STEM**2 / 12 + stem**2)
        )
        return centre, about / mass, across / mass

    def geoms(self, r: float) -> tuple[Geom, ...]:
        """Cone, disc and stem, with a disc of radius `r` metres and the centre of mass at the origin."""
        centre, h = self.moments()[0], self.tall
        return (
            Geom("cylinder", (r, THICK * r, 0.0), (0.0, 0.0, (h + THICK - centre) * r)),
            Geom(
                "cone",
                (WIDE * r, h / 2 * r, 0.0),
                (0.0, 0.0, (h / 2 - centre) * r),
                shapes.about((1.0, 0.0, 0.0), math.pi),
            ),
            Geom(
                "cylinder",
                (STEM_WIDE * r, STEM / 2 * r, 0.0),
                (0.0, 0.0, (h + 2 * THICK + STEM / 2 - centre) * r),
                material=DARK,
            ),
        )

    def precessing(self, chi: float, tilt: float, rate: float) -> tuple[float, float]:
        """The spin (rad/s) and the radius (metres) with which it precesses steadily at `rate` rad/s."""
        centre, about, across = self.moments()
        spin = 2 * across * math.cos(tilt) * rate / (about * (1 - math.sqrt(1 - 1 / chi)))
        return spin, 4 * chi * across * GRAVITY * centre * math.cos(tilt) / (about * spin) ** 2

    def motion(self, times: Array, r: float, spin: float, tilt: float, rate: float) -> Array:
        """(K, 3) tilt, direction of the axis and turn about it, radians; it starts with no nutation's speed."""
        centre, about, across = self.moments()
        p = across * rate * math.sin(tilt) ** 2 + about * spin * math.cos(tilt)

        def change(_: float, state: Array) -> tuple[float, float, float, float]:
            theta, speed = state[0], state[1]
            cos, sin = math.cos(theta), math.sin(theta)
            phi = (p - about * spin * cos) / (across * sin**2)
            pull = (across * phi**2 * cos - about * spin * phi + GRAVITY * centre / r) * sin / across
            return speed, pull, phi, spin - phi * cos

        start = (tilt, 0.0, 0.0, 0.0)
        solved = solve_ivp(change, (0.0, times[-1]), start, "DOP853", times, rtol=1e-9, atol=1e-10)
        return np.asarray(solved.y[[0, 2, 3]].T)

    def falling(self, tilt: float, seconds: float) -> float:
        """The radius (metres) with which it is down, let go at `tilt`, after so many seconds."""
        centre, _, across = self.moments()
        low = math.atan(self.tall)  # the tilt at which the disc touches the floor

        def down(_: float, state: Array) -> float:
            return float(state[0]) - low

        down.terminal = True  # type: ignore[attr-defined]
        solved = solve_ivp(
            lambda _, s: (s[1], math.sin(s[0])), (0.0, 50.0), (tilt, 0.0), "DOP853", events=down, rtol=1e-8
        )
        return GRAVITY * centre / across * (seconds / float(solved.t[-1])) ** 2


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    spins = not draw.chance(0.4)
    share, top = draw.uniform(SIZE), _Top(draw.between(*TALL))
    colour, other = draw.colours(2)
    rgb = looks.tint(draw, colour)
    texture: Texture = draw.choose(("stripes", "checker", "spots"))
    sense, side, down = draw.sign(), draw.choose(("left", "right")), min(draw.uniform(DOWN) * seconds, LONGEST)
    heading = draw.between(-0.4, 0.4)
    if spins:
        tilt, heading = math.radians(draw.uniform(TILT)), heading * math.pi / 0.4
        period = min(max(seconds / draw.uniform(TURNS), QUICKEST), SLOWEST)
        spin, r = top.precessing(draw.between(*CHI), tilt, 2 * math.pi / period)
    else:
        tilt, heading = math.radians(draw.between(4.0, 7.0)), heading + (math.pi if side == "left" else 0.0)
        spin, period, r = 0.0, 0.0, top.falling(tilt, down)
    span = 2 * r / share

    def place(theta: float, phi: float, psi: float) -> tuple[Vec, Quat]:
        l = top.moments()[0] * r
        leaning = shapes.turned(shapes.about((0.0, 0.0, 1.0), phi), shapes.about((0.0, 1.0, 0.0), theta))
        at = (l * math.sin(theta) * math.cos(phi), l * math.sin(theta) * math.sin(phi), l * math.cos(theta))
        return at, shapes.turned(leaning, shapes.about((0.0, 0.0, 1.0), psi))

    pos, quat = place(tilt, heading, 0.0)
    second = looks.dim(rgb, 0.35) if sum(rgb) > 0.5 else (0.5, 0.5, 0.52)  # so that the spin is seen
    paint = Material(rgb, texture, second, scale=0.9 * r, gloss=draw.between(0.1, 0.5))
    body = Body("top", "top", colour, top.geoms(r), paint, pos, quat, "free", restitution=0.1, friction=0.9)
    if spins:
        lasting = shapes.lasting(seconds)
        times = np.linspace(0.0, lasting, math.ceil(RATE * lasting) + 1)
        start = 2 * math.pi / period * (1 + draw.between(*NUTATION))
        angles = top.motion(times, r, spin, tilt, start) * (1.0, sense, sense) + (0.0, heading, 0.0)
        keys = tuple(Key(t, *place(*a)) for t, a in zip(times.tolist(), angles.tolist(), strict=True))
        body = replace(body, motion="scripted", keys=keys)
    high = (top.tall + 2 * THICK + STEM) * r
    view = views.view(draw, (0.0, 0.0, 0.46 * high), span, yaw=(-30, 30), pitch=(8, 26), fov=(30, 46))
    room = looks.room(draw, (rgb,), span, views.reach_of(view.camera))
    scene = Scene((body, *looks.clutter(draw, span, (rgb,))), view.camera, room, looks.lights(draw, span))

    told = {
        "a": words.article(colour),
        "side": side,
        "sense": "anticlockwise" if sense > 0 else "clockwise",
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    templates = SPINS if spins else FALLS
    return Script(
        scene=scene,
        prompts=words.tell(draw, templates, told, view.sentence),
        counterfactuals=words.otherwise(templates, {**told, "a": words.article(other)}, camera=view.sentence)
        + words.otherwise(FALLS if spins else SPINS, told, camera=view.sentence)
        + words.otherwise(WRONG, told, camera=view.sentence),
        inventory=(Thing("top", "top", colour),),
        expected=(
            Expected("present", "top", 0.0, seconds),
            Expected("turns", "top", 0.0, seconds)
            if spins
            else Expected("topples", "top", 0.3 * down, min(0.95 * seconds, down + 0.3)),
        ),
        breakable=_breakable(spins, down, seconds),
        parameters={
            "colour": colour,
            "side": "none" if spins else side,
            "texture": texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "way": "spins" if spins else "falls",
            "size": share,
            "speed": 1 / period if spins else 1 / down,
            "tilt_deg": math.degrees(tilt),
            "spin_rad_s": sense * spin,
            "precession_s": period,
            "down_s": 0.0 if spins else down,
            "moment_about_m2": top.moments()[1] * r**2,
            "moment_across_m2": top.moments()[2] * r**2,
            "centre_m": top.moments()[0] * r,
            "span_m": span,
        },
    )


def _breakable(spins: bool, down: float, seconds: float) -> tuple[Breakable, ...]:
    start, end = (0.2 * seconds, 0.6 * seconds) if spins else (0.35 * down, 0.7 * down)
    own = () if spins else ("no_fall", "wrong_fall")
    common = ("vanish", "teleport", "colour_change", "size_change", "shape_change", "duplicate", "drift_up", "float")
    return (*(Breakable(k, "top", start, end) for k in (*common, *own)), Breakable("freeze", None, start, end))
