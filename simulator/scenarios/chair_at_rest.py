"""A chair stands on the floor while something else happens: a ball rolls past it or drops beside it, the camera moves.

Law: what is supported and not touched stays at rest; it does not float, drift, sink, bend or change. The ball rolls at
constant speed on the floor, or falls freely and bounces; it never touches the chair. Lengths in metres, times in
seconds.
"""

from __future__ import annotations

from simulator.scene import Body, Camera, Geom, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, seats, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
TOLERANCE = 0.2  # seconds either side of an expected time
LEVEL = 0.34  # of the picture's height: how high its middle is above the floor

SIZE: Ranges = (0.46, 0.60), (0.32, 0.40)  # height of the chair over the picture's height
BALL: Ranges = (0.15, 0.20), (0.22, 0.26)  # diameter of the ball over the picture's height
BULK = {"armchair": 0.85, "bench": 0.85}  # of that height, for what is as wide as high
SPEED: Ranges = (0.40, 0.65), (0.75, 1.0)  # picture heights a second of a ball that rolls
FALL: Ranges = (0.22, 0.34), (0.14, 0.19)  # share of the clip until a ball that drops first touches the floor

TEMPLATES = (
    "{a} {noun} stands on {floor} floor while {happens}.",
    "{a} {noun} stands still, and {happens}.",
    "While {happens}, {a} {noun} stays where it is.",
    "{a} {noun} does not move as {happens}.",
    "On {floor} floor stands {a} {noun}; {happens}.",
    "Video of {a} {noun} at rest on {floor} floor while {happens}.",
    "{a} {noun} keeps its place on the floor as {happens}.",
    "{happens}, and {a} {noun} just stands there.",
    "At rest on {floor} floor: {a} {noun}, while {happens}.",
)
MOVES = (
    "{a} {noun} floats up from {floor} floor while {happens}.",
    "{a} {noun} slides away over {floor} floor.",
)
TUMBLES = ("{a} {noun} falls over while {happens}.", "{a} {noun} hovers above {floor} floor.")


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    story = draw.choose(("rolls", "drops") if draw.view == "still" else ("rolls", "drops", "camera"))
    noun = draw.choose(seats.OOD_SEATS if draw.ood else seats.SEATS)
    share, ball_share = draw.uniform(SIZE), draw.uniform(BALL)
    side = "none" if story == "camera" else draw.choose(("left", "right"))
    colour, ball_colour, other = draw.colours(3)
    rgb, ball_rgb = looks.tint(draw, colour), looks.tint(draw, ball_colour)

    fall = min(draw.uniform(FALL) * draw.seconds, 0.55)
    span = GRAVITY * fall**2 / 2 / 0.56 if story == "drops" else draw.between(0.75, 1.1) / share
    r = ball_share * span / 2
    chair = seats.seat(draw, "chair", noun, colour, rgb, BULK.get(noun, 1.0) * share * span)
    reach = seats.reach(chair)
    view = _view(draw, story, {"left": -r, "right": r}.get(side, 0.0), span)
    if story == "rolls":
        balls, where, speed = _rolling(draw, ball_colour, ball_rgb, r, reach, side, view.camera, span)
        happens = f"{words.article(ball_colour)} ball rolls past {where} it to the {side}"
        fall = 0.0
    elif story == "drops":
        drop, where, speed = GRAVITY * fall**2 / 2, "beside", 0.0
        balls = _dropped(draw, ball_colour, ball_rgb, r, reach, side, drop)
        happens = f"{words.article(ball_colour)} ball drops on its {side} and bounces"
    else:
        balls, where, speed = (), "none", 0.0
        happens, fall = "the camera moves", 0.0
    things = (rgb, ball_rgb) if balls else (rgb,)
    room = looks.room(draw, things, span, views.reach_of(view.camera))
    rug = _rug(draw, things, reach) if draw.chance(0.3) else ()
    clutter = looks.clutter(draw, span, things, near=0.9)
    scene = Scene((chair, *balls, *rug, *clutter), view.camera, room, looks.lights(draw, span))

    told = {
        "a": words.article(colour),
        "noun": noun,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
        "happens": happens,
    }
    elsewhere = {**told, "happens": happens.replace(side, words.opposite(side))} if balls else {**told, "noun": "table"}
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(TEMPLATES, {**told, "a": words.article(other)}, elsewhere, camera=view.sentence)
        + words.otherwise(MOVES, told, camera=view.sentence)
        + words.otherwise(TUMBLES, told, camera=view.sentence),
        inventory=(Thing("chair", noun, colour), *(Thing("ball", "ball", b.colour) for b in balls)),
        expected=(
            Expected("present", "chair", 0.0, draw.seconds),
            Expected("stays", "chair", 0.0, draw.seconds),
            *_expected(draw, story, side, fall, speed / span),
        ),
        breakable=_breakable(draw, "hidden" if noun == "armchair" and where == "behind" else story, fall, speed / span),
        parameters={
            "colour": colour,
            "noun": noun,
            "ball_colour": ball_colour if balls else "none",
            "story": story,
            "side": side,
            "where": where,
            "texture": chair.material.texture,
            "floor": room.floor.texture,
            "rug": "yes" if rug else "no",
            "camera": view.kind,
            "size": share,
            "ball_size": ball_share if balls else 0.0,
            "speed": speed / span,
            "fall_s": fall,
            "span_m": span,
        },
    )


def _view(draw: Draw, story: str, aside: float, span: float) -> views.View:
    """The camera, `aside` metres to the side where a ball drops there; it moves for certain where that is the story."""
    centre: Vec = (aside if story == "drops" else 0.0, 0.0, LEVEL * span)
    if story != "camera":
        return views.view(draw, centre, span, yaw=(-20, 20), pitch=(6, 18), fov=(30, 46))
    yaw, pitch, fov = draw.between(-20, 20), draw.between(6, 18), draw.between(30, 46)
    return views.move(draw, draw.choose(views.MOVES), views.still(centre, 1.1 * span, yaw=yaw, pitch=pitch, fov=fov))


def _rolling(
    draw: Draw, colour: str, rgb: Vec, r: float, reach: tuple[float, float], side: str, camera: Camera, span: float
) -> tuple[tuple[Body, ...], str, float]:
    """A ball that rolls past, nearer to the camera or behind; where that is, and its speed in m/s."""
    sign = 1.0 if side == "right" else -1.0
    where, away = draw.choose(("in front of", "behind")), reach[1] + r + 0.04 * span
    if views.project(camera, (0.0, -away, 0.0))[1] < -0.47:  # too near to be in the picture
        where = "behind"
    y = away if where == "behind" else -away
    x = -sign * _edge(camera, y, r, -sign, span)
    speed = sign * max(draw.uniform(SPEED), 0.6 / draw.seconds) * span
    ball = shapes.thing(
        "ball", "ball", colour, looks.paint(draw, rgb, 2 * r), r, (x, y, 0.0),
        motion="free", velocity=(speed, 0.0, 0.0), spin=(0.0, speed / r, 0.0), restitution=0.3,
    )  # fmt: skip
    return (ball,), where, abs(speed)


def _edge(camera: Camera, y: float, r: float, sign: float, span: float) -> float:
    """How far along x (metres) a ball on the line y can be on that side and still be wholly in the first picture."""
    x = 0.0
    while sign * views.project(camera, (sign * (x + 1.3 * r), y, r))[0] < 0.48 and x < span:
        x += 0.02 * span
    return x


def _dropped(
    draw: Draw, colour: str, rgb: Vec, r: float, reach: tuple[float, float], side: str, drop: float
) -> tuple[Body, ...]:
    """A ball that is let go `drop` metres above the floor beside the chair."""
    sign = 1.0 if side == "right" else -1.0
    x, y = sign * (reach[0] + 1.3 * r), draw.between(-0.4, 0.1) * reach[1]
    ball = shapes.thing(
        "ball", "ball", colour, looks.paint(draw, rgb, 2 * r), r, (x, y, drop),
        motion="free", restitution=draw.between(0.5, 0.8), friction=0.5,
        velocity=(sign * draw.between(0.0, 0.12) * drop, 0.0, 0.0),
    )  # fmt: skip
    return (ball,)


def _rug(draw: Draw, things: tuple[Vec, ...], reach: tuple[float, float]) -> tuple[Body, ...]:
    """A thin rug on which the chair stands."""
    rgb = looks.background(draw, things)[1]
    half: Vec = (draw.between(1.2, 1.7) * reach[0], draw.between(1.2, 1.6) * reach[1], 0.004 * reach[0])
    geom = Geom("box", half, solid=False)
    turn = shapes.about((0.0, 0.0, 1.0), draw.between(-0.3, 0.3))
    return (
        Body("rug", "rug", "grey", (geom,), looks.surface(draw, rgb, reach[0]), (0.0, 0.0, 0.0), turn, role="prop"),
    )


def _expected(draw: Draw, story: str, side: str, fall: float, speed: float) -> tuple[Expected, ...]:
    """What happens besides; speed in picture heights a second."""
    if story == "rolls":
        return (Expected(f"moves_{side}", "ball", 0.0, min(draw.seconds, 0.7 / speed)),)
    if story == "drops":
        touch = min(draw.seconds, fall + TOLERANCE)
        return (
            Expected("falls", "ball", 0.0, touch),
            Expected("bounces", "ball", max(0.0, fall - TOLERANCE), touch),
        )
    return (Expected("camera_moves", "chair", 0.0, draw.seconds),)


def _breakable(draw: Draw, story: str, fall: float, speed: float) -> tuple[Breakable, ...]:
    """What can go wrong with the chair, and with what else is seen well."""
    seconds = draw.seconds
    kinds = (
        "float", "drift_up", "sink_in", "teleport", "vanish", "duplicate", "bend", "limb_change",
        "colour_change", "size_change", "shape_change", "shadow_missing", "shadow_wrong",
    )  # fmt: skip
    chair = tuple(Breakable(kind, "chair", 0.25 * seconds, 0.6 * seconds) for kind in kinds)
    if story == "rolls":
        seen = min(seconds, 0.75 / speed)  # until the ball nears the far edge
        ball = ("sudden_stop", "sudden_turn", "vanish", "colour_change")
        return (*chair, *(Breakable(kind, "ball", 0.2 * seen, 0.45 * seen) for kind in ball))
    if story == "drops":
        return (
            *chair,
            Breakable("float", "ball", 0.3 * fall, 0.55 * fall),
            Breakable("energy_gain", "ball", 0.8 * fall, 0.95 * fall),
        )
    if story == "camera":
        return (*chair, *(Breakable(kind, None, 0.25 * seconds, 0.6 * seconds) for kind in ("warp", "other_world")))
    return chair
