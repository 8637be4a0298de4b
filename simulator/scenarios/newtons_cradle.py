"""Newton's cradle: as many balls swing away on one side as came in on the other.

Law: equal balls that collide without loss exchange their velocities, so that the balls let go come to rest in the
middle and as many leave on the other side just as fast; between the impacts every ball is a point pendulum,
theta'' = -(g / L) sin(theta). With theta(t) the swing of a single pendulum let go at -A, the first k balls are at
min(theta, 0), the last k at max(theta, 0), and a ball that is among both (2 k > N) at theta itself; energy is kept.
theta(t) = 2 asin(q sn(K - t sqrt(g / L))), q = sin(A / 2), with Jacobi's sn and the complete elliptic integral K of
parameter q^2, and the period is 4 K sqrt(L / g). Impacts lie midway between multiples of 1/240 s, so that velocities
taken over 1/480 s either side of a frame at 24, 30, 48, 60, ... frames a second never mix before and after; at 25 and
50 they do not in the first seconds. Strings weigh nothing. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.special import ellipj, ellipk

from simulator.scene import Body, Geom, Key, Material, Scene
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, stands, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
RATE = 240  # keys a second
Array = np.ndarray

PERIOD: Ranges = (0.6, 0.95), (0.42, 0.54)  # share of the clip
QUICKEST, SLOWEST = 0.36, 2.4  # seconds, of a period
AMPLITUDE: Ranges = (26.0, 42.0), (46.0, 55.0)  # degrees
SIZE: Ranges = (0.40, 0.50), (0.30, 0.36)  # diameter of a ball over the length L
COUNT: Ranges = (3, 5), (6, 7)

TEMPLATES = (
    "{n} {colour} balls hang in a row; {k} on the {side} {swing} in and {k} on the {across} {swing} out.",
    "Newton's cradle with {n} {colour} balls, {k} let go on the {side}.",
    "{k} of {n} {colour} balls {fall} back from the {side} and {k} {jump} away on the {across}.",
    "A row of {n} {colour} balls on strings: {k} from the {side} {hit} the row, {k} at the other end {leave} it.",
    "Of {n} hanging {colour} balls {k} {are} let go on the {side}; {k} at a time {swing} out at the ends.",
    "A swinging ball toy with {n} {colour} balls, set going with {k} from the {side}.",
    "Click, clack: {k} of the {n} {colour} balls {swing} in from the {side}, and {k} out on the {across}.",
    "Video of a Newton's cradle, {n} {colour} balls in a row, {k} raised on the {side}.",
    "Let go on the {side}, {k} of {n} {colour} balls on strings {strike} the others, and {k} {fly} off {across}.",
)
WRONG = (
    "{n} {colour} balls hang in a row from a frame, and none of them moves.",
    "All {n} {colour} balls swing together to and fro, and none of them hits another.",
)
VERBS = ("swing", "fall", "jump", "hit", "leave", "strike")


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    half = _half(120 * min(max(draw.uniform(PERIOD) * seconds, QUICKEST), SLOWEST), seconds)
    period = half / 120
    degrees = draw.uniform(AMPLITUDE)
    share = draw.uniform(SIZE)
    count = draw.integer(COUNT)
    raised = 2 if draw.chance(0.35) else 1
    side = draw.choose(("left", "right"))
    colour, other = draw.colours(2)
    rgb = looks.tint(draw, colour)

    q = math.sin(math.radians(degrees) / 2)
    length = GRAVITY * (period / (4 * float(ellipk(q**2)))) ** 2
    r = share * length / 2
    top = length + r + draw.between(0.15, 0.3) * length
    row = (count - 1) * r  # from the middle of the row to that of its last ball
    wide = 2 * (row + length * math.sin(math.radians(degrees)) + r)
    span = max(wide / 0.92, (1.2 * length + r) / 0.84)
    times = _times(shapes.lasting(seconds))
    theta = _swing(times, length, q)
    balls = _row(colour, looks.paint(draw, rgb, 2 * r, plain=0.7), count, r=r, length=length, top=top)
    order = balls if side == "left" else balls[::-1]  # from the end that is let go
    moved = {
        ball.name: _swinging(
            ball, times, (theta if side == "left" else -theta) * _part(j, theta, count, raised), length
        )
        for j, ball in enumerate(order)
        if j < raised or j >= count - raised
    }
    frame = stands.trestle(
        (row + 2.2 * r, max(0.35 * length, 1.5 * r), top / 2),
        0.035 * length,
        looks.surface(draw, looks.background(draw, (rgb,))[1], span),
    )
    middle = (0.0, 0.0, top - length / 2 - r / 2)
    view = views.view(
        draw, middle, span, yaw=(-24, 24), pitch=(4, 16), fov=(30, 46), moves=("pan", "orbit", "handheld")
    )
    room = looks.room(draw, (rgb,), span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, span, (rgb,), near=0.9)
    bodies = (*(moved.get(b.name, b) for b in balls), frame, *clutter)
    scene = Scene(bodies, view.camera, room, looks.lights(draw, span))

    told = _words(colour, side, count, raised)
    first, last = order[0].name, order[-1].name
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            _words(other, side, count, raised),
            _words(colour, words.opposite(side), count, raised),
            _words(colour, side, count + 1, raised),
            camera=view.sentence,
        )
        + words.otherwise(WRONG, told, camera=view.sentence),
        inventory=tuple(Thing(b.name, "ball", colour) for b in balls),
        expected=(
            *(Expected("present", b.name, 0.0, seconds) for b in balls),
            Expected("collides", order[raised - 1].name, 0.15 * period, 0.35 * period, order[raised].name),
            Expected("swings", last, 0.3 * period, min(seconds, 0.7 * period)),
        ),
        breakable=(
            Breakable("no_response", last, 0.1 * period, 0.23 * period, other=order[-2].name),
            Breakable("pass_through", first, 0.18 * period, 0.24 * period),
            Breakable("sudden_start", last, 0.05 * period, 0.18 * period),
            Breakable("sudden_stop", first, 0.1 * period, 0.18 * period),
            Breakable("float", last, 0.38 * period, 0.48 * period),
            Breakable("count_change", order[count // 2].name, 0.2 * seconds, 0.7 * seconds),
            *(Breakable(kind, first, 0.2 * seconds, 0.6 * seconds) for kind in ("vanish", "teleport")),
            Breakable("freeze", None, 0.2 * seconds, 0.6 * seconds),
            *(Breakable(kind, last, 0.2 * seconds, 0.7 * seconds) for kind in ("colour_change", "size_change")),
        ),
        parameters={
            "colour": colour,
            "side": side,
            "texture": balls[0].material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "count": count,
            "raised": raised,
            "size": share,
            "speed": 1.0 / period,
            "amplitude_deg": degrees,
            "length_m": length,
            "period_s": period,
            "pivot_z_m": top,
            "span_m": span,
        },
    )


def _words(colour: str, side: str, count: int, raised: int) -> dict[str, str]:
    ends = {verb: verb + ("" if raised > 1 else "s") for verb in VERBS}
    ends["fly"] = "fly" if raised > 1 else "flies"
    return {
        **ends,
        "colour": colour,
        "side": side,
        "across": words.opposite(side),
        "n": words.number(count),
        "k": words.number(raised),
        "are": "are" if raised > 1 else "is",
    }


def _half(wanted: float, seconds: float) -> int:
    """Half a period in 1/240 s, odd, about `wanted`; of those, the one whose impacts are farthest from frames 1/50 s
    apart, for the first two seconds at least."""
    middle = 2 * round((wanted - 1) / 2) + 1

    def apart(half: int) -> float:
        impacts = np.arange(half, 480 * min(seconds, 2.0) + half, 2 * half) * 50 / 480
        return float(np.abs(impacts - np.round(impacts)).min())

    return max(range(max(middle - 8, 1), middle + 10, 2), key=apart)


def _times(seconds: float) -> Array:
    """(K,) seconds: 0, and the middles of all spans of 1/RATE s, among which all impacts are, past the end."""
    return np.concatenate([[0.0], (np.arange(math.ceil(RATE * seconds) + 1) + 0.5) / RATE])


def _swing(times: Array, length: float, q: float) -> Array:
    """(K,) radians: a pendulum let go at -2 asin(q)."""
    quarter = float(ellipk(q**2))
    sn = ellipj(quarter - times * math.sqrt(GRAVITY / length), q**2)[0]
    return np.asarray(-2 * np.arcsin(q * sn))


def _part(j: int, theta: Array, count: int, raised: int) -> Array:
    """(K,) 1 while ball j, counted from the end that is let go, swings, otherwise 0."""
    return ((theta < 0) & (j < raised) | (theta > 0) & (j >= count - raised)).astype(float)


def _row(colour: str, material: Material, count: int, *, r: float, length: float, top: float) -> tuple[Body, ...]:
    """Balls that hang at rest from two rails, touching, from left to right; the ball's middle is its body's origin."""
    string = Material((0.2, 0.2, 0.22))
    rails = max(0.35 * length, 1.5 * r)
    strings = tuple(
        shapes.rod((0.0, 0.0, 0.0), (0.0, s * rails, length), 0.014 * length, material=string) for s in (-1.0, 1.0)
    )
    geoms = (Geom("sphere", (r, 0.0, 0.0)), *strings)
    at = [(2 * i - count + 1) * r for i in range(count)]
    return tuple(Body(f"ball{i}", "ball", colour, geoms, material, (x, 0.0, top - length)) for i, x in enumerate(at))


def _swinging(ball: Body, times: Array, angles: Array, length: float) -> Body:
    """The ball on its strings, `angles` (K,) radians to the right of where it hangs."""
    x, y, z = ball.pos
    keys = tuple(
        Key(t, (x + length * math.sin(a), y, z + length * (1 - math.cos(a))), shapes.about((0.0, 1.0, 0.0), -a))
        for t, a in zip(times.tolist(), angles.tolist(), strict=True)
    )
    return replace(ball, motion="scripted", keys=keys)
