"""A flag waves from its pole in the wind.

Law (kinematic): waves run from the pole to the free end with the speed c = CONVECTION * U of a wind U; the longest is
about as long as the flag, so that its frequency is c / wavelength. Their height grows linearly from nothing at the
pole to A = (CALM + STIR * U) L at the free end of a flag of length L. A second wave, of about half the length, runs a
little slower, and a gust comes and goes as the beat of two long waves. The fronts lean, since the lower edge lags.
Lengths in metres, times in seconds, speeds in m/s.
"""

from __future__ import annotations

import math

from simulator.scene import Body, Geom, Material, Scene, Texture, Vec, Wave
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
CONVECTION = 0.4  # speed of the waves over that of the wind
CALM, STIR = 0.12, 0.008  # height of the waves over the flag's length without wind, and per m/s

COUNT: Ranges = (1, 2), (3, 3)
LENGTH: Ranges = (1.6, 3.0), (1.6, 3.0)  # metres
SIZE: Ranges = (0.36, 0.60), (0.23, 0.26)  # length of a flag over the picture's height, at most what has room
WIND: Ranges = (3.0, 7.0), (8.0, 10.0)  # m/s

TEMPLATES = (
    "{flags} {wave} in {wind}, blown to the {side}.",
    "In {wind} {flags} {wave}, streaming to the {side} of {poles}.",
    "{flags} {flutter} to the {side} in {wind}.",
    "On {poles}, {flags} {wave} to the {side} in {wind}.",
    "The wind blows to the {side}, and {flags} {wave} on {poles}.",
    "{wind} keeps {flags} waving to the {side}.",
    "Video of {flags} waving in {wind} that blows to the {side}.",
    "Over {floor} ground {flags} {flutter} in {wind}, from {poles} to the {side}.",
)
STILL = (
    "{flags} {hang} down without any motion.",
    "There is no wind at all, and {flags} {hang} still on {poles}.",
)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    count = draw.integer(COUNT)
    length, wind = draw.uniform(LENGTH), draw.uniform(WIND)
    share = min(draw.uniform(SIZE), 0.78 / count)
    side = draw.choose(("left", "right"))
    gust = draw.chance(0.4)
    pairs = [(c, draw.choose([w for w in words.COLOURS if w != c])) for c in draw.colours(count)]
    other = draw.choose([w for w in words.COLOURS if w not in [c for c, _ in pairs]])

    span = length / share
    high = draw.between(0.84, 0.92) * span
    hoist = length / draw.between(1.25, 1.65)
    turn = math.radians(draw.between(-10.0, 10.0)) + (math.pi if side == "left" else 0.0)
    designs = [_design(draw, pair, hoist) for pair in pairs]
    flags, poles = [], []
    for i, ((colour, _), (material, _)) in enumerate(zip(pairs, designs, strict=True)):
        slot = (i - (count - 1) / 2) * 0.84 * span / count
        foot = slot - math.copysign(length / 2, math.cos(turn))
        waves = _waves(draw, length, wind, gust)
        flags.append(_flag(f"flag{i}", colour, material, (length, hoist), (foot, high), turn, waves))
        poles.append(_pole(f"pole{i}", foot, high + 0.03 * span, 0.012 * span))
    facing = draw.sign()
    angles = (20.0, 38.0) if facing > 0 else (-38.0, -20.0)
    view = views.view(draw, (0.0, 0.0, 0.47 * span), span, yaw=angles, pitch=(0, 10), fov=(28, 46))
    tints = tuple(c for material, _ in designs for c in (material.rgb, material.rgb2 or material.rgb))
    room = looks.room(draw, tints, span, views.reach_of(view.camera), sky=0.8)
    scene = Scene(
        (*flags, *poles, *looks.clutter(draw, span, tints, near=0.5, front=True)),
        view.camera,
        room,
        looks.lights(draw, span, overcast=0.15),
    )

    told = _told([f"{words.article(f'{name} flag')}" for _, name in designs], wind, gust)
    told |= {"side": side, "floor": words.TEXTURES[room.floor.texture]}
    changed = [words.article(f"{other} flag"), *(f"{words.article(f'{name} flag')}" for _, name in designs[1:])]
    kinds = ("vanish", "colour_change", "size_change", "duplicate", "teleport", "drift_up")
    early, late = 0.25 * seconds, 0.65 * seconds
    frequency = flags[0].geoms[0].waves[0].omega / (2 * math.pi)
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(
            TEMPLATES,
            {**told, "side": words.opposite(side)},
            {**told, **_told(changed, wind, gust)},
            camera=view.sentence,
        )
        + words.otherwise(STILL, told, camera=view.sentence),
        inventory=tuple(Thing(f.name, "flag", f.colour) for f in flags),
        expected=tuple(Expected(kind, f.name, 0.0, seconds) for f in flags for kind in ("present", "changes_shape")),
        breakable=(
            *(Breakable(kind, f.name, early, late) for kind in kinds for f in flags),
            Breakable("freeze", None, early, late),
            Breakable("bend", "pole0", early, late),
            *(
                (Breakable(kind, "flag0", early, late, other="flag1"))
                for kind in ("identity_swap", "merge")
                if count > 1
            ),
        ),
        parameters={
            "colour": pairs[0][0],
            "design": designs[0][0].texture,
            "side": side,
            "count": float(count),
            "wind_m_s": wind,
            "gust": str(gust),
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "speed": frequency,
            "length_m": length,
            "span_m": span,
        },
    )


def _told(flags: list[str], wind: float, gust: bool) -> dict[str, str]:
    """The words for some flags in a wind."""
    many = len(flags) > 1
    strength = "a light breeze" if wind < 4.5 else "the wind" if wind < 7.5 else "a strong wind"
    return {
        "flags": words.listed(flags),
        "wind": f"{strength} with gusts" if gust else strength,
        "wave": "wave" if many else "waves",
        "flutter": "flutter" if many else "flutters",
        "hang": "hang" if many else "hangs",
        "poles": "their poles" if many else "its pole",
    }


def _design(draw: Draw, colours: tuple[str, str], hoist: float) -> tuple[Material, str]:
    """What a flag `hoist` metres high looks like: plain, or striped, checkered or dotted in one colour or two."""
    rgb = looks.tint(draw, colours[0])
    texture: Texture = draw.choose(("flat", "stripes", "stripes", "checker", "dots"))
    if texture == "flat":
        return Material(rgb, gloss=0.05), colours[0]
    two = draw.chance(0.6)
    second = looks.tint(draw, colours[1]) if two else looks.dim(rgb, 0.6)
    name = f"{colours[0]} and {colours[1]}" if two else colours[0]
    scale = hoist * draw.choose((0.5, 2 / 3, 1.0))
    return Material(rgb, texture, second, scale=scale, gloss=0.05), f"{name} {words.TEXTURES[texture]}"


def _waves(draw: Draw, length: float, wind: float, gust: bool) -> tuple[Wave, ...]:
    """The waves of one flag, all of them running along +x, from the pole to the free end."""
    total, speed = (CALM + STIR * wind) * length, CONVECTION * wind
    k = 2 * math.pi / (length * draw.between(0.8, 1.15))
    lean = draw.between(0.1, 0.5)
    short = k * draw.between(1.8, 2.2)
    phases = [draw.between(0.0, 2 * math.pi) for _ in range(3)]
    beat = 2 * math.pi / max(1.5, 0.7 * draw.seconds)
    long = (0.52, 0.33) if gust else (0.8, 0.0)
    return (
        Wave(long[0] * total, k, lean * k, speed * k, phases[0]),
        Wave(0.2 * total, short, -0.5 * lean * short, 0.9 * speed * short, phases[1]),
        *((Wave(long[1] * total, k, lean * k, speed * k + beat, phases[2]),) if gust else ()),
    )


def _flag(
    name: str,
    colour: str,
    material: Material,
    size: tuple[float, float],
    foot: tuple[float, float],
    turn: float,
    waves: tuple[Wave, ...],
) -> Body:
    """A flag `size` (length, hoist) large that points to `turn` radians from +x.

    foot: its pole's x, and the height of its upper edge.
    """
    length, hoist = size
    geom = Geom("sheet", (length / 2, hoist / 2, 0.0), waves=waves, pinned=True)
    upright = shapes.turned(shapes.about((0.0, 0.0, 1.0), turn), shapes.about((1.0, 0.0, 0.0), math.pi / 2))
    pos: Vec = (
        foot[0] + length / 2 * math.cos(turn),
        length / 2 * math.sin(turn),
        foot[1] - hoist / 2,
    )
    return Body(name, "flag", colour, (geom,), material, pos, upright)


def _pole(name: str, x: float, high: float, r: float) -> Body:
    """A pole `high` metres high with a knob on top and a foot."""
    geoms = (
        Geom("cylinder", (r, high / 2, 0.0), (0.0, 0.0, high / 2)),
        Geom("sphere", (1.8 * r, 0.0, 0.0), (0.0, 0.0, high)),
        Geom("cylinder", (4.0 * r, r, 0.0), (0.0, 0.0, r)),
    )
    return Body(name, "pole", "grey", geoms, Material((0.45, 0.44, 0.43), gloss=0.4), (x, 0.0, 0.0), role="prop")
