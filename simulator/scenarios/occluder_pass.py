"""A thing passes behind one screen or two and comes out the same; or it turns back behind the first of two.

Law: what is hidden goes on existing, stays itself, and gets from one place to another through all that is between. The
thing slides (a ball rolls) along the floor at constant speed. With one screen, or past two ("through"), it goes from
one side of the picture to the other, and is seen in the gap between the two. Where it "turns back", it stops behind the
first screen, waits there unseen, and comes out on the side that it came from: it never is in the gap. First and last
pictures alone do not tell whether it went through the gap. The gap lies between the two screens, at the world's
x from parameters["gap_from"] (wholly hidden behind the first screen) to parameters["gap_to"] (wholly hidden behind the
second), at the thing's own y and z. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from simulator.scene import Body, Camera, Geom, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 2
TOLERANCE = 0.2  # seconds either side of an expected time
LATE = 0.85  # share of the clip after which too little of it is left to see what is broken

WAYS = ("one", "one", "one", "through", "through", "turns back", "turns back")
SIZE: Ranges = (0.22, 0.27), (0.16, 0.19)  # height of the thing over the picture's height, with one screen
HIDDEN: Ranges = (0.16, 0.20), (0.24, 0.28)  # share of the way on which the thing is wholly hidden
SIZE_TWO: Ranges = (0.135, 0.155), (0.105, 0.125)  # with two screens
HIDDEN_TWO: Ranges = (0.06, 0.085), (0.11, 0.14)
WAIT: Ranges = (0.30, 0.40), (0.42, 0.48)  # share of the clip that it waits before it turns back
SPAN: Ranges = (1.5, 4.0), (0.6, 8.0)  # metres that the picture is high
LEAST_HIDDEN = 0.3  # seconds, with one screen
LEAST_SEEN = 0.35  # of the thing's width, before and after it is behind one of two
MOVES = ("orbit", "dolly", "handheld")

TOLD = {
    "one": (
        "{a} {noun} moves {side} and passes behind {screen}.",
        "{a} {noun} goes behind {screen} and comes out on the {side}.",
        "Moving to the {side}, {a} {noun} disappears behind {screen} and comes out again.",
        "{a} {noun} passes behind {screen} from {origin} to {side}.",
        "{a} {noun} is hidden by {screen} for a moment as it moves {side}.",
        "Behind {screen} passes {a} {noun}, moving {side}.",
        "{a} {noun} crosses the picture to the {side}, behind {screen}.",
        "From the {origin} comes {a} {noun}, goes behind {screen} and reappears on the {side}.",
    ),
    "through": (
        "{a} {noun} moves {side} and passes behind {screens}, one after the other.",
        "{a} {noun} goes behind {screens}, is seen in the gap between them and comes out on the {side}.",
        "Moving to the {side}, {a} {noun} disappears behind the first of {screens} and crosses the gap to the second.",
        "{a} {noun} passes behind {screens} from {origin} to {side} and shows itself between them.",
        "{a} {noun} is hidden twice by {screens} as it moves {side}.",
        "Behind {screens} passes {a} {noun}, moving {side} and crossing the gap.",
        "{a} {noun} crosses the picture to the {side}, behind {screens} and through the gap between them.",
        "From the {origin} comes {a} {noun}, goes behind each of {screens} in turn and reappears on the {side}.",
    ),
    "turns back": (
        "{a} {noun} comes from the {side}, goes behind the first of {screens} and comes back out on the {side}.",
        "{a} {noun} goes behind the nearer of {screens}, waits there and returns to the {side}.",
        "From the {side} {a} {noun} disappears behind one of {screens} and comes out again where it went in.",
        "{a} {noun} turns back behind the first of {screens} and comes out on the {side}; the gap stays empty.",
        "{a} {noun} hides behind the {side} one of {screens} and then comes back.",
        "Behind the {side} one of {screens} {a} {noun} turns round; it is never seen in the gap.",
        "{a} {noun} on the {side} goes behind one of {screens}, stays hidden for a while and comes back.",
        "Nothing crosses the gap: {a} {noun} goes behind the {side} one of {screens} and returns.",
    ),
}
STAYS_HIDDEN = (
    "{a} {noun} goes behind {screen} and does not come out.",
    "{a} {noun} passes in front of {screen}, moving {side}.",
)


@dataclass(frozen=True)
class _Spell:
    """When the thing is wholly behind a screen's outline (gone to shows), and then first clear of it, seconds; seen:
    how much of its width is beside the screen at first and afterwards, the lesser."""

    screen: str
    gone: float
    shows: float
    clear: float
    seen: float


@dataclass(frozen=True)
class _Way:
    """The thing's way along x, in metres and with `sign` the direction in which it sets off."""

    kind: str  # one of WAYS
    sign: float
    reach: float  # from the middle to where it begins
    screens: tuple[float, ...]  # middles of the stretches that screens hide, first to last as it meets them
    width: float  # of each of these stretches
    stops: tuple[tuple[float, float], ...]  # (seconds, distance along its direction)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    kind = draw.choose(WAYS)
    two = kind != "one"
    colour, other = draw.colours(2)
    noun = draw.choose(shapes.OOD_NOUNS if draw.ood else shapes.NOUNS)
    heading = draw.choose(("left", "right"))
    share = draw.uniform(SIZE_TWO if two else SIZE)
    span = draw.uniform(SPAN)
    rgb = looks.tint(draw, colour)

    r = share * span / 2
    geom, up = shapes.shape_of(noun, r)
    half = geom.size[0]
    way = _way(draw, kind, heading, half, span)
    keys = _keys(way, up, r if noun == "ball" else None, draw.seconds)
    thing = Body(noun, noun, colour, (geom,), looks.paint(draw, rgb, 2 * r), keys[0].pos, motion="scripted", keys=keys)
    view = views.view(
        draw,
        (0.0, 0.0, draw.between(0.24, 0.34) * span),
        span,
        yaw=(-7, 7),
        pitch=(4, 14),
        fov=(28, 42),
        moves=MOVES[1:] if two and draw.ood else MOVES,
    )
    word, grey = looks.background(draw, (rgb,))
    model = _model(draw, r, word, grey)
    screens, spells = _screened(view.camera, model, way, thing, half)
    if spells is None:  # a camera that moves so much that a screen does not hide the thing
        view = views.View(Camera((replace(view.camera.keys[0], t=0.0, roll=0.0),), view.camera.fov))
        screens, spells = _screened(view.camera, model, way, thing, half)
    assert spells is not None
    room = looks.room(draw, (rgb, grey), span, views.reach_of(view.camera))
    scene = Scene(
        (thing, *screens, *looks.clutter(draw, span, (rgb, grey))), view.camera, room, looks.lights(draw, span)
    )

    side = words.opposite(heading) if kind == "turns back" else heading
    noun_of = f"{word} {model.noun}"
    told = {
        "a": words.article(colour),
        "noun": noun,
        "side": side,
        "origin": words.opposite(side),
        "screen": f"one of two {noun_of}s" if two else words.article(noun_of),
        "screens": f"two {noun_of}s",
    }
    wrong = {**told, "a": words.article(other)}
    mirrored = {**told, "side": told["origin"], "origin": side}
    instead = {"through": ("turns back", mirrored), "turns back": ("through", mirrored)}
    opposite = words.otherwise(TOLD[instead[kind][0]][2:], instead[kind][1], camera=view.sentence) if two else ()
    return Script(
        scene=scene,
        prompts=words.tell(draw, TOLD[kind], told, view.sentence),
        counterfactuals=words.otherwise(TOLD[kind], wrong, mirrored, camera=view.sentence)
        + opposite
        + words.otherwise(STAYS_HIDDEN, told, camera=view.sentence),
        inventory=(Thing(noun, noun, colour),),
        expected=_expected(noun, heading, way, spells, draw.seconds),
        breakable=_breakable(noun, way, spells, draw.seconds),
        parameters={
            "colour": colour,
            "noun": noun,
            "way": kind,
            "side": side,
            "texture": thing.material.texture,
            "screen": noun_of,
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "speed": way.stops[1][1] / way.stops[1][0] / span + way.reach / way.stops[1][0] / span,
            "hidden_s": spells[0].shows - spells[0].gone,
            "span_m": span,
            **({"gap_from": way.sign * way.screens[0], "gap_to": way.sign * way.screens[1]} if two else {}),
        },
    )


def _way(draw: Draw, kind: str, heading: str, half: float, span: float) -> _Way:
    """How the thing goes, and what of its way is hidden; half: half the width of the thing, metres."""
    sign = 1.0 if heading == "right" else -1.0
    seconds = draw.seconds
    if kind == "one":
        reach = 0.46 * span - half / 2
        hidden = max(LEAST_HIDDEN / seconds, draw.uniform(HIDDEN))
        return _Way(kind, sign, reach, (0.0,), 2.1 * half + hidden * 2 * reach, ((0.0, -reach), (seconds, reach)))
    reach = 0.49 * span - half
    width = 2.1 * half + draw.uniform(HIDDEN_TWO) * 2 * reach
    spare = 2 * (reach + half) - 6.2 * half - 2 * width  # when both ends and the gap have room for the thing
    middle = (2.2 * half + max(spare, 0.0) / 2 + width) / 2
    stops: tuple[tuple[float, float], ...] = ((0.0, -reach), (seconds, reach))
    if kind == "turns back":
        wait = draw.uniform(WAIT) * seconds
        goes = draw.between(0.45, 0.55) * (seconds - wait)
        stops = ((0.0, -reach), (goes, -middle), (goes + wait, -middle), (seconds, -reach))
    return _Way(kind, sign, reach, (-middle, middle), width, stops)


def _keys(way: _Way, up: float, rolls: float | None, seconds: float) -> tuple[Key, ...]:
    """Straight motion between the stops, a key every 1/16 s so that a ball of radius `rolls` metres rolls."""
    times = sorted({t for t, _ in way.stops} | set(np.arange(0.0, seconds, 1 / 16).tolist()))
    at = np.interp(times, [t for t, _ in way.stops], [way.sign * x for _, x in way.stops]).tolist()
    return tuple(
        Key(t, (x, 0.0, up), shapes.about((0.0, 1.0, 0.0), x / rolls if rolls else 0.0))
        for t, x in zip(times, at, strict=True)
    )


def _model(draw: Draw, r: float, word: str, rgb: Vec) -> Body:
    """What a screen is like: its size (z: height of its top over that of the thing) is still to be fitted."""
    texture = draw.choose(("flat", "wood", "stripes", "stone", "tiles"))
    material = Material(rgb, texture, looks.dim(rgb, 0.75), scale=2 * r)  # type: ignore[arg-type]
    geom = Geom("box", (0.0, draw.between(0.12, 0.25) * r, draw.between(1.0, 1.5)))
    return Body("screen", draw.choose(("screen", "wall", "board")), word, (geom,), material, (0.0, 0.0, r), role="prop")


def _screened(
    camera: Camera, model: Body, way: _Way, thing: Body, half: float
) -> tuple[tuple[Body, ...], tuple[_Spell, ...] | None]:
    """The screens as they have to stand for the camera in the middle of the clip, and the thing's times behind them;
    None where the camera's motion leaves none."""
    eye = camera.keys[len(camera.keys) // 2].eye
    screens = []
    for i, middle in enumerate(way.screens):
        (_, thick, taller), r = model.geoms[0].size, model.pos[2]
        near = 2.2 * r
        shrink = (-eye[1] - near) / -eye[1]  # what is nearer looks bigger
        x = eye[0] * (1 - shrink) + way.sign * middle * shrink  # on the line from the eye to the middle of the stretch
        top = (eye[2] + (2.15 * r - eye[2]) * shrink + 0.4 * r) * taller
        geom = replace(model.geoms[0], size=(way.width * shrink / 2, thick, top / 2))
        screens.append(replace(model, name=f"screen{i + 1}" if i else "screen", geoms=(geom,), pos=(x, -near, top / 2)))
    made = screens[:1] if way.kind == "turns back" else screens
    spells = [s for s in (_spell(camera, thing, screen, half) for screen in made) if s]
    shown = way.kind == "one" or not camera.moving or all(s.seen > LEAST_SEEN for s in spells)
    sure = shown and len(spells) == len(made)
    return tuple(screens), tuple(spells) if sure else None


def _spell(camera: Camera, thing: Body, screen: Body, half: float) -> _Spell | None:
    """When the thing, `half` metres to either side, is behind the screen; None if it never is."""
    wide, thick, _ = screen.geoms[0].size
    x, y, z = screen.pos
    last = thing.keys[-1].t
    times = np.linspace(0.0, last, min(math.ceil(50 * last), 400) + 1)
    xs = np.interp(times, [k.t for k in thing.keys], [k.pos[0] for k in thing.keys])
    shown = []  # share of the thing's width that is beside the screen
    for t, at in zip(times.tolist(), xs.tolist(), strict=True):
        corners = [views.project_at(camera, (x + a * wide, y + b * thick, z), t)[0] for a in (-1, 1) for b in (-1, 1)]
        u, _, depth = views.project_at(camera, (at, 0.0, thing.pos[2]), t)
        size = half / (2 * depth * math.tan(math.radians(camera.fov) / 2))
        covered = min(u + size, max(corners)) - max(u - size, min(corners))
        shown.append(1.0 - min(max(covered / (2 * size), 0.0), 1.0))
    behind = [t for t, share in zip(times.tolist(), shown, strict=True) if share < 1e-9]
    if len(behind) < 2:
        return None
    out = [(t, share) for t, share in zip(times.tolist(), shown, strict=True) if t > behind[-1]]
    clear = min([t for t, share in out if share > 0.999] + [0.97 * last])
    seen = min(shown[0], max((share for t, share in out if t < 0.96 * last), default=0.0))
    return _Spell(screen.name, behind[0], behind[-1], clear, seen)


def _expected(name: str, heading: str, way: _Way, spells: tuple[_Spell, ...], seconds: float) -> tuple[Expected, ...]:
    moves = () if way.kind == "turns back" else (Expected(f"moves_{heading}", name, 0.0, seconds),)
    return moves + tuple(
        event
        for s in spells
        for event in (
            Expected("hidden_by", name, max(0.0, s.gone - TOLERANCE), min(s.gone + TOLERANCE, seconds), s.screen),
            Expected("revealed", name, max(0.0, s.shows - TOLERANCE), min(seconds, s.clear + TOLERANCE), s.screen),
        )
    )


def _breakable(name: str, way: _Way, spells: tuple[_Spell, ...], seconds: float) -> tuple[Breakable, ...]:
    """What can be broken so that enough of the clip is left to see it."""
    first, last = spells[0], spells[-1]
    ways = [
        Breakable(kind, name, s.gone, s.gone + 0.7 * (s.shows - s.gone))
        for s in spells
        if s.clear < LATE * seconds
        for kind in ("colour_change", "size_change", "shape_change", "return_duplicate", "teleport")
    ]
    ways += [
        Breakable("return_missing", name, s.gone + 0.6 * (s.shows - s.gone), s.gone + 0.9 * (s.shows - s.gone))
        for s in spells
    ]
    if last.clear < LATE * seconds:
        ways.append(Breakable("vanish", name, 0.5 * (last.shows + last.clear), last.clear))
    early = ("sudden_stop", "sudden_turn", "vanish", "colour_change")
    ways += [Breakable(kind, name, 0.3 * first.gone, 0.6 * first.gone) for kind in early]
    ways.append(Breakable("freeze", None, 0.3 * first.gone, 0.6 * first.gone))
    if way.kind == "through":
        ways.append(Breakable("skip_gap", name, first.gone, first.gone, until=last.gone))
    if way.kind == "turns back":
        ways.append(Breakable("only_in_gap", name, first.gone, first.gone, until=first.shows))
    return tuple(ways)
