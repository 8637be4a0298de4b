"""A pendulum, let go at one side, swings to and fro.

Law: theta'' = -(g / L) sin(theta). A pendulum with a bob of some size and a rod of some weight swings as a point at
distance L would if its moment of inertia I and its first moment S about the axle have I / S = L; the rod is just as
thick as it takes for L to be the distance from the axle to the middle of the bob (`_rod`). Nothing damps it. The
period is 4 sqrt(L / g) K(sin(A / 2)), with K the complete elliptic integral of the first kind and A the amplitude.
Lengths in metres, times in seconds, angles in radians unless they are called degrees.
"""

from __future__ import annotations

import math

from scipy.special import ellipk

from simulator.scene import Body, Geom, Hinge, Material, Scene
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, stands, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81

PERIOD: Ranges = (0.55, 0.85), (0.38, 0.48)  # share of the clip
SLOWEST = 3.0  # seconds, of a period
AMPLITUDE: Ranges = (18.0, 58.0), (64.0, 80.0)  # degrees
SIZE: Ranges = (0.34, 0.44), (0.24, 0.30)  # diameter of the bob over the length L
NOUNS = ("ball", "cube", "disc")

TEMPLATES = (
    "{a} {noun} on a {rod} is let go on the {side} and swings to and fro.",
    "{a} {noun} hangs from a stand and swings, starting from the {side}.",
    "A pendulum with {a} {noun}, released on the {side}, swings back and forth over {floor} floor.",
    "Let go on the {side}, {a} {noun} on a {rod} swings {wide}.",
    "From the {side} {a} {noun} swings down on its {rod}, goes past the middle and comes back.",
    "{a} {noun} at the end of a {rod} swings {wide} from {side} to {across} and back.",
    "Somebody lets go of {a} {noun} on the {side}; it swings to and fro on its {rod}.",
    "Video of a pendulum: {a} {noun} swings {wide}, first from the {side}.",
    "A swinging pendulum with {a} {noun} that starts on the {side}.",
)
STILL = (
    "{a} {noun} hangs from a stand and does not move.",
    "{a} {noun} on a {rod} is held up on the {side} and stays there.",
)


def period(length: float, amplitude: float) -> float:
    """Seconds that a point on a thread of `length` metres takes to swing to and fro by `amplitude` radians."""
    return float(4.0 * math.sqrt(length / GRAVITY) * ellipk(math.sin(amplitude / 2.0) ** 2))


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    swing = min(draw.uniform(PERIOD) * seconds, SLOWEST)
    degrees = draw.uniform(AMPLITUDE)
    share = draw.uniform(SIZE)
    side = draw.choose(("left", "right"))
    noun = draw.choose(NOUNS)
    colour, other = draw.colours(2)
    rgb = looks.tint(draw, colour)

    amplitude = math.radians(degrees)
    length = (swing / period(1.0, amplitude)) ** 2
    r = share * length / 2
    top = length + r + draw.between(0.1, 0.4) * length
    low = top - length - r
    span = max((top + 0.1 * length - low) / 0.86, (2 * length * math.sin(amplitude) + 2 * r) / 0.9)
    sign = 1.0 if side == "right" else -1.0
    paint = looks.paint(draw, rgb, 2 * r)
    bob = _pendulum(noun, colour, paint, r=r, length=length, top=top, angle=sign * amplitude)
    stand = stands.gallows(
        (0.0, 0.0, top), 1.7 * r, 0.03 * length, looks.surface(draw, looks.background(draw, (rgb,))[1], span)
    )
    view = views.view(draw, (0.0, 0.0, (low + top) / 2), span, yaw=(-20, 20), pitch=(2, 12), fov=(30, 48))
    room = looks.room(draw, (rgb,), span, views.reach_of(view.camera))
    scene = Scene((bob, stand, *looks.clutter(draw, span, (rgb,))), view.camera, room, looks.lights(draw, span))

    told = {
        "a": words.article(colour),
        "noun": noun,
        "rod": "rod" if bob.geoms[1].size[0] > 0.16 * r else "string",
        "side": side,
        "across": words.opposite(side),
        "wide": "widely" if degrees > 40 else "gently",
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            {**told, "a": words.article(other)},
            {**told, "side": told["across"], "across": side},
            camera=view.sentence,
        )
        + words.otherwise(STILL, told, camera=view.sentence),
        inventory=(Thing("bob", noun, colour),),
        expected=(
            Expected("present", "bob", 0.0, seconds),
            Expected(f"moves_{told['across']}", "bob", 0.0, min(seconds, swing / 2)),
            Expected("swings", "bob", 0.3 * swing, min(seconds, 0.75 * swing)),
        ),
        breakable=(
            Breakable("sudden_stop", "bob", 0.2 * swing, 0.3 * swing),
            Breakable("energy_gain", "bob", 0.1 * seconds, 0.4 * seconds),
            Breakable("float", "bob", 0.38 * swing, 0.48 * swing),
            *(
                Breakable(kind, "bob", 0.15 * seconds, 0.5 * seconds)
                for kind in ("vanish", "teleport", "colour_change", "bend", "duplicate")
            ),
            Breakable("freeze", None, 0.15 * seconds, 0.5 * seconds),
            Breakable("no_fall", "bob", 0.04 * swing, 0.1 * swing),
            Breakable("size_change", "bob", 0.3 * seconds, 0.7 * seconds),
        ),
        parameters={
            "colour": colour,
            "noun": noun,
            "side": side,
            "texture": bob.material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "speed": 1.0 / swing,
            "amplitude_deg": degrees,
            "length_m": length,
            "period_s": swing,
            "pivot_z_m": top,
            "span_m": span,
        },
    )


def _pendulum(noun: str, colour: str, material: Material, *, r: float, length: float, top: float, angle: float) -> Body:
    """Bob and rod on an axle at height `top`, let go `angle` radians to the right; the bob's middle is its origin."""
    half = 0.85 * r
    flat = shapes.about((1.0, 0.0, 0.0), math.pi / 2)
    bob, excess = {  # the shape, and its volume times the square of its radius of gyration about an axis along y
        "ball": (Geom("sphere", (r, 0.0, 0.0)), 4 / 3 * math.pi * r**3 * 0.4 * r**2),
        "cube": (Geom("box", (half, half, half)), 8 * half**3 * 2 / 3 * half**2),
        "disc": (Geom("cylinder", (r, 0.35 * r, 0.0), quat=flat), 0.7 * math.pi * r**3 * 0.5 * r**2),
    }[noun]
    thick = _rod(excess, length)
    rod = shapes.rod((0.0, 0.0, 0.0), (0.0, 0.0, length), thick, material=Material((0.25, 0.25, 0.27)))
    return Body(
        "bob",
        noun,
        colour,
        (bob, rod),
        material,
        (0.0, 0.0, top - length),
        motion="hinged",
        hinge=Hinge((0.0, 0.0, top), (0.0, -1.0, 0.0), angle),
    )


def _rod(excess: float, length: float) -> float:
    """The radius (metres) of the rod that makes up for the size of a bob with `excess` = mass x gyration radius^2.

    With all masses per density, L S - I = V (L^2 / 4 - k^2) for a rod of volume V and gyration radius k about its
    middle, and has to equal `excess`.
    """
    low, high = 0.0, length / 4
    for _ in range(60):
        r = (low + high) / 2
        h = length / 2
        tube, caps = 2 * math.pi * r**2 * h, 4 / 3 * math.pi * r**3
        own = tube * (r**2 / 4 + h**2 / 3) + caps * (0.4 * r**2 + h**2 + 0.75 * h * r)
        low, high = (r, high) if (tube + caps) * h**2 - own < excess else (low, r)
    return low
