"""A candle burns; a puff of air or a snuffer puts it out, and it stays out. Sometimes the puff misses, and it burns on.

Law: a flame has a cause to go out and then does not come back. A puff is a stream of pale wisps from one side; a
snuffer is a cap that comes down over the flame and rises again. Smoke rises from the wick afterwards. Where the flame
stays lit, the puff passes above it: were there none, a clip in which nothing happens would be right. Lengths in
metres, times in seconds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.scenarios import parts
from simulator.scene import Body, Geom, Key, Light, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing

VERSION = 2
TOLERANCE = 0.2  # seconds either side of an expected time

OUT = (0.38, 0.58), (0.24, 0.32)  # share of the clip at which the flame goes out: train, ood
WIDTH = (0.22, 0.30), (0.14, 0.18)  # of the candle over the picture's height
HEIGHT = (0.38, 0.50), (0.28, 0.34)
FLAME = (0.26, 0.32), (0.18, 0.22)  # height of the flame over the picture's height
SPAN = (0.8, 1.6), (0.4, 3.0)  # metres that the picture is high
WAYS = ("puff", "snuffer", "miss")
ODDS = (0.5, 0.3, 0.2)
ORANGE: Vec = (1.0, 0.50, 0.06)

TOLD = {
    "puff": (
        "A puff of air from the {side} blows out {a} candle.",
        "{a} candle is blown out from the {side}.",
        "The flame of {a} candle goes out when a puff comes from the {side}.",
        "Somebody blows from the {side} and the flame of {a} candle goes out.",
        "{a} candle burns, then a breath from the {side} puts it out and smoke rises.",
        "From the {side} a puff hits the flame of {a} candle; it goes out and stays out.",
        "Blown out from the {side}: {a} candle, and its smoke.",
        "Video of {a} candle that burns until a puff from the {side} blows it out.",
    ),
    "snuffer": (
        "A snuffer comes down and puts out {a} candle.",
        "{a} candle is put out with a snuffer from above.",
        "The flame of {a} candle goes out under a snuffer.",
        "A metal cap covers the flame of {a} candle and it goes out.",
        "{a} candle burns, then a snuffer is lowered on it and smoke rises.",
        "From above a snuffer covers the flame of {a} candle; it goes out and stays out.",
        "Put out by a snuffer: {a} candle, and its smoke.",
        "Video of {a} candle that burns until a snuffer puts it out.",
    ),
    "left alone": (
        "{a} candle burns and stays lit.",
        "The flame of {a} candle flickers and does not go out.",
        "{a} candle burns quietly all the time.",
        "Nobody blows at {a} candle; it keeps burning.",
        "The flame of {a} candle keeps burning.",
        "{a} candle with a flickering flame that stays lit.",
        "Quietly burns {a} candle.",
        "Video of {a} candle that stays lit to the end.",
    ),
    "miss": (
        "A puff from the {side} passes above {a} candle, which stays lit.",
        "{a} candle stays lit as a puff from the {side} misses it.",
        "The flame of {a} candle keeps burning while a puff from the {side} goes past above it.",
        "Somebody blows from the {side} too high and {a} candle keeps burning.",
        "{a} candle burns on; a breath from the {side} misses its flame.",
        "From the {side} a puff goes over {a} candle; the flame does not go out.",
        "Missed by a puff from the {side}: {a} candle, still burning.",
        "Video of {a} candle that stays lit although a puff comes from the {side}.",
    ),
}


def build(rng: np.random.Generator, *, split: str, difficulty: float, seconds: float) -> Script:
    """The Script of one draw; see the module for the story."""
    way = str(rng.choice(WAYS, p=ODDS))
    dies = way in ("puff", "snuffer")
    side = parts.choose(rng, ("left", "right"))
    colour, other = parts.colour_words(rng, split, 2)
    rgb = parts.tint(rng, colour)
    out = parts.uniform(rng, split, *OUT) * seconds
    span = parts.uniform(rng, split, *SPAN)
    wide = parts.uniform(rng, split, *WIDTH) * span / 2
    tall = parts.uniform(rng, split, *HEIGHT) * span
    high = parts.uniform(rng, split, *FLAME) * span
    takes = min(
        0.7 * out, float(np.clip(0.18 * seconds, 0.25, 0.5))
    )  # seconds from the edge of the picture to the flame
    sign = 1.0 if side == "left" else -1.0  # direction of the puff along x

    wick: Vec = (0.0, 0.0, tall + 0.025 * span)
    candle = _candle(rng, colour, rgb, wide=wide, tall=tall, span=span)
    flame = _flame(rng, wick, high, out=out if dies else None, seconds=seconds, lean=sign if way == "puff" else 0.0)
    aim: Vec = (0.0, 0.0, wick[2] + (0.45 if way == "puff" else 1.35) * high)
    extras: tuple[Body, ...] = ()
    if way in ("puff", "miss"):
        extras += _puff(rng, aim, span, sign=sign, start=out - takes, takes=takes)
    if way == "snuffer":
        extras += (_snuffer(wick, high, span, out=out, takes=takes, rests=0.1 * seconds),)
    if dies:
        extras += _smoke(rng, wick, span, out + (0.1 * seconds + 0.5 * takes if way == "snuffer" else 0.0), seconds)

    cam = parts.camera(
        (0.0, 0.0, 0.46 * span),
        span,
        yaw=float(rng.uniform(-15, 15)),
        pitch=float(rng.uniform(3, 15)),
        fovy=float(rng.uniform(28, 45)),
    )
    setting = parts.room(rng, (rgb, (1.0, 0.7, 0.2)), span, parts.reach_of(cam), difficulty, sky=0.15)
    setting = replace(setting, ambient=float(rng.uniform(0.2, 0.32)))
    glow = _glow(flame, wick, span)
    day = tuple(replace(light, rgb=parts.dim(light.rgb, 0.6)) for light in parts.lights(rng, span))
    scene = Scene((candle, flame, *extras), cam, setting, (*day, glow))

    words = {"a": parts.article(colour), "side": side}
    wrong_colour = {**words, "a": parts.article(other)}
    opposite = TOLD["left alone"] if dies else TOLD["puff"]
    sides = ({**words, "side": "left" if side == "right" else "right"},) if way in ("puff", "miss") else ()
    comes = out - takes
    if dies:
        event = Expected("goes_out", "flame", max(0.0, out - takes), min(seconds, out + TOLERANCE))
        back = out + (0.1 * seconds + takes if way == "snuffer" else 0.1 * seconds)
        breaks: tuple[Breakable, ...] = (
            Breakable("flame_stays", "flame", out - 0.02, out),
            Breakable("flame_dies_early", "flame", 0.4 * comes, 0.9 * comes),
            Breakable("relight", "flame", back, back + 0.5 * (seconds - back)),
        )
    else:
        event = Expected("stays_lit", "flame", 0.0, seconds)
        breaks = (Breakable("flame_dies_early", "flame", 0.2 * seconds, 0.6 * seconds),)
    return Script(
        family="candle_blowout",
        version=VERSION,
        seed=0,
        split=split,
        difficulty=difficulty,
        seconds=seconds,
        scene=scene,
        prompts=parts.tell(rng, TOLD[way], **words),
        counterfactuals=parts.otherwise(TOLD[way], wrong_colour, *sides) + parts.otherwise(opposite, words),
        inventory=(Thing("candle", "candle", colour), Thing("flame", "flame", "orange")),
        expected=(Expected("present", "candle", 0.0, seconds), event),
        breakable=(*breaks, Breakable("vanish", "candle", 0.3 * seconds, 0.7 * seconds)),
        parameters={
            "colour": colour,
            "way": way,
            "side": side if way in ("puff", "miss") else "none",
            "size": 2 * wide / span,
            "floor": setting.floor.texture,
            "span_m": span,
            **({"out_s": out} if dies else {}),
        },
    )


def _candle(rng: np.random.Generator, colour: str, rgb: Vec, *, wide: float, tall: float, span: float) -> Body:
    """A wax pillar with a dark wick, standing on the floor."""
    wax = replace(parts.paint(rng, rgb, 2 * wide, plain=0.75), emission=0.1)
    wick = Geom(
        "capsule", (0.011 * span, 0.03 * span, 0.0), (0.0, 0.0, tall / 2), material=Material((0.05, 0.04, 0.04))
    )
    return Body("candle", "candle", colour, (Geom("cylinder", (wide, tall / 2, 0.0)), wick), wax, (0.0, 0.0, tall / 2))


def _flame(rng: np.random.Generator, wick: Vec, high: float, *, out: float | None, seconds: float, lean: float) -> Body:
    """A flickering flame whose origin is the wick; it leans and shrinks just before it goes out at `out`."""
    outer = Material(ORANGE, emission=1.0, gloss=0.0, alpha=0.8)
    inner = Material((1.0, 0.93, 0.55), emission=1.0, gloss=0.0)
    geoms = (
        Geom(
            "ellipsoid", (0.22 * high, 0.22 * high, 0.36 * high), (0.0, 0.0, 0.36 * high), material=outer, solid=False
        ),
        Geom(
            "ellipsoid", (0.11 * high, 0.11 * high, 0.30 * high), (0.0, 0.0, 0.70 * high), material=outer, solid=False
        ),
        Geom(
            "ellipsoid", (0.12 * high, 0.12 * high, 0.22 * high), (0.0, 0.0, 0.28 * high), material=inner, solid=False
        ),
    )
    keys = []
    for t in np.arange(0.0, seconds + 0.1, 1 / 12).tolist():
        scale = float(rng.uniform(0.86, 1.1))
        sway = parts.about((0.0, 1.0, 0.0), float(rng.uniform(-0.12, 0.12)))
        if out is None or t < out - 0.1:
            keys.append(Key(t, wick, sway, scale))
    if out is not None:
        keys.append(Key(out - 0.08, wick, keys[-1].quat, 0.95))
        keys.append(Key(out - 0.01, wick, parts.about((0.0, 1.0, 0.0), 0.8 * lean), 0.6))
        keys.append(Key(out, wick, scale=0.6, visible=False))
    return Body("flame", "flame", "orange", geoms, outer, wick, motion="scripted", keys=tuple(keys))


def _glow(flame: Body, wick: Vec, span: float) -> Light:
    """The light of the flame on what is around it, as bright as the flame is big."""
    flicker = tuple((key.t, key.scale if key.visible else 0.0) for key in flame.keys)
    pos: Vec = (0.0, -0.5 * span, wick[2] + 0.8 * span)
    return Light(pos, (0.0, 0.1 * span, 0.0), (0.55, 0.36, 0.14), shadow=False, spot=True, flicker=flicker)


def _puff(
    rng: np.random.Generator, aim: Vec, span: float, *, sign: float, start: float, takes: float
) -> tuple[Body, ...]:
    """Pale wisps from outside the picture that reach `aim` `takes` seconds after `start`, and go on until they fade."""
    wisps = []
    air = Material((0.93, 0.95, 1.0), alpha=0.45, gloss=0.0, emission=0.3)
    speed = 0.62 * span / takes
    for i in range(6):
        leaves = max(0.0, start + 0.1 * takes * i)
        y, z = (rng.uniform(-0.035, 0.035, 2) * span).tolist()
        path = [((-sign * 0.62 * span), 0.6), (sign * 0.05 * span, 1.0), (sign * 0.42 * span, 1.5)]
        keys = [Key(0.0, (path[0][0], aim[1] + y, aim[2] + z), visible=False)]
        for x, scale in path:
            t = leaves + abs(x - path[0][0]) / speed
            keys.append(Key(t, (x, aim[1] + y, aim[2] + z), scale=scale, visible=x != path[-1][0]))
        keys = keys[1:] if leaves == 0.0 else keys
        r = float(rng.uniform(0.05, 0.075)) * span
        geom = Geom("sphere", (r, 0.0, 0.0), solid=False)
        wisps.append(
            Body(
                f"wisp{i}",
                "wisp",
                "white",
                (geom,),
                air,
                keys[0].pos,
                motion="scripted",
                keys=tuple(keys),
                role="effect",
            )
        )
    return tuple(wisps)


def _snuffer(wick: Vec, high: float, span: float, *, out: float, takes: float, rests: float) -> Body:
    """A metal cap on a rod that covers the flame at `out`, rests there, and rises again."""
    metal = Material((0.62, 0.62, 0.66), gloss=0.9)
    cap = Geom("cylinder", (0.34 * high, 0.5 * high, 0.0), solid=False)
    rod = Geom("capsule", (0.06 * high, 0.5 * span, 0.0), (0.0, 0.0, 0.5 * high + 0.5 * span), solid=False)
    down: Vec = (0.0, 0.0, wick[2] + 0.5 * high)
    above: Vec = (0.0, 0.0, down[2] + 0.9 * span)
    keys = (
        Key(0.0, above),
        Key(max(0.01, out - takes), above),
        Key(out, down),
        Key(out + rests, down),
        Key(out + rests + takes, above),
    )
    return Body("snuffer", "snuffer", "grey", (cap, rod), metal, above, motion="scripted", keys=keys, role="prop")


def _smoke(rng: np.random.Generator, wick: Vec, span: float, start: float, seconds: float) -> tuple[Body, ...]:
    """Grey wisps that rise from the wick after `start`, spread and fade."""
    smoke = Material((0.7, 0.7, 0.72), alpha=0.3, gloss=0.0)
    rises = 0.45 * span  # metres a second
    wisps = []
    for i, begin in enumerate(np.arange(start, min(seconds, start + 1.6), 0.2).tolist()):
        x, y = (rng.uniform(-0.05, 0.05, 2) * span).tolist()
        top: Vec = (x, y, wick[2] + 0.9 * rises)
        keys = (
            Key(0.0, wick, visible=False),
            Key(begin, wick, scale=0.6),
            Key(begin + 0.9, top, scale=2.0, visible=False),
        )
        geom = Geom("sphere", (0.032 * span, 0.0, 0.0), solid=False)
        wisps.append(
            Body(f"smoke{i}", "smoke", "grey", (geom,), smoke, wick, motion="scripted", keys=keys, role="effect")
        )
    return tuple(wisps)
