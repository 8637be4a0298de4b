"""A ball falls, bounces on the floor and loses height.

Law: free fall at g = 9.81 m/s^2, then bounces that keep the fraction e (restitution) of the speed. The ball is let go
at rest, or with a small sideways speed, so that it first touches the floor `fall` seconds later, having fallen
g fall^2 / 2 metres; the world is as large as that needs. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math

from simulator.scene import Scene
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 2
GRAVITY = 9.81
TOLERANCE = 0.2  # seconds either side of an expected time

FALL: Ranges = (0.20, 0.30), (0.12, 0.40)  # share of the clip until the first contact
SIZE: Ranges = (0.24, 0.32), (0.16, 0.22)  # diameter of the ball over the picture's height
RESTITUTION: Ranges = (0.55, 0.85), (0.88, 0.93)
DRIFT: Ranges = (0.0, 0.16), (0.2, 0.35)  # picture heights that the ball goes sideways in the clip

TEMPLATES = (
    "{a} ball falls and bounces on {floor} floor.",
    "{a} ball drops onto {floor} floor and bounces, lower each time.",
    "Dropped from above, {a} ball bounces on {floor} floor.",
    "{a} ball is dropped and bounces up from {floor} floor.",
    "On {floor} floor {a} ball lands and bounces.",
    "{a} ball falls down, hits {floor} floor and bounces back up.",
    "A bouncing {colour} ball, dropped onto {floor} floor.",
    "Somebody drops {a} ball; it bounces on {floor} floor and loses height.",
    "Video of {a} ball falling and bouncing on {floor} floor.",
)
RISES = ("{a} ball floats up into the air.", "{a} ball rises from {floor} floor and does not come down.")


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    fall = min(draw.uniform(FALL) * seconds, 0.9)
    share = draw.uniform(SIZE)
    restitution = draw.uniform(RESTITUTION)
    drift = draw.uniform(DRIFT) * draw.sign()
    colour, other = draw.colours(2)
    rgb = looks.tint(draw, colour)

    drop = GRAVITY * fall**2 / 2
    span = drop / (0.86 - share)  # room above the start and below the floor line
    r = share * span / 2
    speed = drift * span / seconds
    ball = shapes.thing(
        "ball",
        "ball",
        colour,
        looks.paint(draw, rgb, 2 * r),
        r,
        (-drift * span / 2, 0.0, drop),
        motion="free",
        velocity=(speed, 0.0, 0.0),
        spin=(0.0, speed / r, 0.0),
        restitution=restitution,
        friction=0.5,
    )
    view = views.view(draw, (0.0, 0.0, 0.43 * span), span, yaw=(-25, 25), pitch=(3, 13), fov=(32, 50))
    room = looks.room(draw, (rgb,), span, views.reach_of(view.camera))
    scene = Scene((ball, *looks.clutter(draw, span, (rgb,))), view.camera, room, looks.lights(draw, span))

    told = {
        "a": words.article(colour),
        "colour": colour,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    wrong = {**told, "a": words.article(other), "colour": other}
    again = 2 * fall * restitution  # seconds in the air after the first bounce
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(TEMPLATES, wrong, camera=view.sentence)
        + words.otherwise(RISES, told, camera=view.sentence),
        inventory=(Thing("ball", "ball", colour),),
        expected=(
            Expected("present", "ball", 0.0, seconds),
            Expected("falls", "ball", 0.0, min(seconds, fall + TOLERANCE)),
            Expected("bounces", "ball", max(0.0, fall - TOLERANCE), min(seconds, fall + TOLERANCE)),
        ),
        breakable=(
            Breakable("energy_gain", "ball", 0.8 * fall, 0.95 * fall),
            Breakable("float", "ball", 0.3 * fall, 0.55 * fall),
            Breakable("sink_in", "ball", 0.8 * fall, 0.95 * fall),
            Breakable("drift_up", "ball", fall + 0.2 * again, fall + 0.5 * again),
            *(
                Breakable(kind, "ball", 0.3 * seconds, 0.7 * seconds)
                for kind in ("vanish", "teleport", "colour_change", "shadow_missing")
            ),
        ),
        parameters={
            "colour": colour,
            "texture": ball.material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "fall_s": fall,
            "restitution": restitution,
            "size": share,
            "speed": abs(drift) / seconds,
            "span_m": span,
            "bounces": math.floor(math.log(0.1) / math.log(restitution)),
        },
    )
