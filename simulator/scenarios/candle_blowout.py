"""Candles burn; a puff of air, a fan or a snuffer puts flames out, and they stay out. Sometimes the puff misses.

Law: a flame has a cause to go out and then does not come back. A puff is a stream of pale wisps from one side, which
reaches every flame at its own time, or fades half-way and leaves the farther ones lit; a fan does the same once it
turns; a snuffer is a cap that comes down over one flame after the other. Smoke rises from a wick afterwards. Where all
stay lit, the puff passes above: were there none, a clip in which nothing happens would be right. The lamps that flicker
are the light of the flames, one each, in the order of the flames. Lengths in metres, times in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.scene import Body, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import fire, looks, views, words
from simulator.workshop.candle_words import LIT, TOLD, told_of
from simulator.workshop.draw import Draw, Ranges
from simulator.workshop.fan import fan

VERSION = 3
TOLERANCE = 0.2  # seconds either side of an expected time

SINGLE = 0.5  # probability of one candle
COUNT: Ranges = (2, 4), (5, 5)  # candles, where there are several
OUT: Ranges = (0.38, 0.58), (0.24, 0.32)  # share of the clip at which the first flame goes out
WIDTH: Ranges = (0.22, 0.30), (0.14, 0.18)  # of a single candle over the picture's height
HEIGHT: Ranges = (0.34, 0.44), (0.26, 0.32)
FLAME: Ranges = (0.26, 0.32), (0.18, 0.22)  # height of a flame over the picture's height
SPAN: Ranges = (0.8, 1.6), (0.4, 3.0)  # metres that the picture is high
FAR = 1.0  # picture heights from the middle to where a puff begins, outside wide pictures
MOVES = ("orbit", "dolly", "handheld")


@dataclass(frozen=True)
class _Plan:
    """What happens: the way, the side of the puff or fan, when each flame is reached (None: never), and how fast."""

    way: str  # "puff", "fan", "snuffer" or "miss"
    side: str
    outs: tuple[float | None, ...]  # from left to right, seconds
    takes: float  # seconds from the edge of the picture, or from above, to the first flame
    rests: float  # seconds that a snuffer stays on a flame

    @property
    def first(self) -> float:
        """When the first flame is reached."""
        return min(out for out in self.outs if out is not None)

    @property
    def dies(self) -> tuple[bool, ...]:
        """Which flames go out."""
        return tuple(out is not None and self.way != "miss" for out in self.outs)

    @property
    def sign(self) -> float:
        """Direction of the wind along x."""
        return {"left": 1.0, "right": -1.0}[self.side]


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    count = 1 if draw.chance(SINGLE) else draw.integer(COUNT)
    span = draw.uniform(SPAN)
    way = draw.choose(("puff", "puff", "puff", "fan", "snuffer", "snuffer", "miss"))
    side = draw.choose(("left", "right"))
    xs = _places(draw, count, span, way, side)
    gap = (xs[1] - xs[0]) if count > 1 else 0.6 * span
    small = 1.0 if count == 1 else 0.75
    wide = min(draw.uniform(WIDTH) * span, 0.72 * gap) / 2
    high = draw.uniform(FLAME) * span * small
    names = [w for w in draw.colours(count + 2) if w != "orange"]
    same = draw.chance(0.5)
    colours = [names[0 if same else i] for i in range(count)]
    rgbs = [looks.tint(draw, word) for word in (colours[:1] if same else colours)] * (count if same else 1)
    tall = draw.uniform(HEIGHT) * span
    suffixes = ["" if count == 1 else str(i + 1) for i in range(count)]
    form = draw.choose(("cylinder", "cylinder", "box"))
    candles = [
        fire.candle(draw, "candle" + n, colour, rgb, form, (x, wide, tall * draw.between(0.9, 1.0), span))
        for n, colour, rgb, x in zip(suffixes, colours, rgbs, xs, strict=True)
    ]
    wicks: list[Vec] = [(c.pos[0], 0.0, 2 * c.pos[2] + 0.025 * span) for c in candles]
    plan, reach = _plan(draw, way, side, xs, gap, span)
    lean, gust = (0.8 * plan.sign, plan.first) if way in ("puff", "fan") else (0.0, -1.0)
    flames = [
        fire.flame(draw, "flame" + n, wick, high, out=out if dies else None, lean=lean, gust=-1.0 if dies else gust)
        for n, wick, out, dies in zip(suffixes, wicks, plan.outs, plan.dies, strict=True)
    ]
    causes = _causes(draw, plan, wicks, high, span, reach)
    smokes = [
        fire.smoke(draw, "smoke" + n, wick, span, out + (plan.rests + 0.5 * plan.takes if way == "snuffer" else 0.0))
        for n, wick, out, dies in zip(suffixes, wicks, plan.outs, plan.dies, strict=True)
        if dies and out is not None
    ]
    view = views.view(
        draw,
        (0.0, 0.0, 0.46 * span),
        span,
        yaw=(-15, 15),
        pitch=(3, 15),
        fov=(28, 45),
        moves=(*MOVES, "pan") if count == 1 and way != "fan" else MOVES,
    )
    room = looks.room(draw, (*rgbs, (1.0, 0.7, 0.2)), span, views.reach_of(view.camera), sky=0.15)
    room = replace(room, ambient=draw.between(0.22, 0.34))
    day = draw.between(0.45, 0.75)
    sun = tuple(replace(light, rgb=looks.dim(light.rgb, day)) for light in looks.lights(draw, span))
    glows = tuple(fire.lamp(f, span, 1.0 if count == 1 else 1.5 / count) for f in flames)
    scene = Scene((*candles, *flames, *causes, *smokes), view.camera, room, (*sun, *glows))

    dead = plan.dies
    key = f"some {way}" if any(dead) and not all(dead) else way
    told = {**told_of(colours, dead, same), "side": side}
    wrong = {**told_of([names[-1], *colours[1:]] if not same else [names[-1]] * count, dead, same), "side": side}
    turned = ({**told, "side": words.opposite(side)},) if way != "snuffer" else ()
    more = {**told_of([*colours, colours[-1]], [*dead, dead[-1]], same=True), "side": side} if same else told
    opposite = words.otherwise(TOLD["puff"] if way == "miss" else LIT, told, camera=view.sentence)
    recount = words.otherwise(TOLD[key][4:], more, camera=view.sentence) if same else ()
    return Script(
        scene=scene,
        prompts=words.tell(draw, TOLD[key], told, view.sentence),
        counterfactuals=words.otherwise(TOLD[key], wrong, *turned, camera=view.sentence) + recount + opposite,
        inventory=tuple(Thing(b.name, b.noun, b.colour) for b in (*candles, *flames)),
        expected=(
            *(Expected("present", c.name, 0.0, seconds) for c in candles),
            *(
                _event(f.name, out if dies else None, plan, seconds)
                for f, out, dies in zip(flames, plan.outs, dead, strict=True)
            ),
        ),
        breakable=_breakable(plan, candles, flames, seconds, same=same),
        parameters={
            "colour": colours[0],
            "count": count,
            "gone": sum(dead),
            "way": key,
            "side": side if way != "snuffer" else "none",
            "size": 2 * wide / span,
            "height": tall / span,
            "floor": room.floor.texture,
            "camera": view.kind,
            "span_m": span,
            **({"out_s": plan.first} if way != "miss" else {}),
        },
    )


def _places(draw: Draw, count: int, span: float, way: str, side: str) -> list[float]:
    """Where along x the candles stand, from left to right, metres; a fan has room on its side."""
    half = (0.0, 0.17, 0.25, 0.30, 0.33)[count - 1] * span
    middle = 0.0
    if way == "fan":
        half, middle = 0.72 * half, (0.13 if side == "left" else -0.13) * span
    gap = 2 * half / max(count - 1, 1)
    jitter = [draw.between(-0.04, 0.04) * gap for _ in range(count)]
    return [middle - half + i * gap + j for i, j in enumerate(jitter)]


def _plan(draw: Draw, way: str, side: str, xs: Sequence[float], gap: float, span: float) -> tuple[_Plan, float]:
    """The times of the story, and the x (metres) at which the puff fades."""
    seconds, count = draw.seconds, len(xs)
    share = draw.uniform(OUT)
    sign = 1.0 if side == "left" else -1.0
    order = sorted(range(count), key=lambda i: sign * xs[i])  # as the wind meets them
    outs: list[float | None] = [None] * count
    if way == "snuffer":
        hit = draw.shuffled(range(count))[: min(count, 1 if seconds < 1.5 else 1 + int(draw.chance(0.4)))]
        out = share * seconds * (0.75 if len(hit) > 1 else 1.0)
        takes = min(0.7 * out, float(np.clip((0.11 if len(hit) > 1 else 0.18) * seconds, 0.15, 0.5)))
        rests = min(0.1 * seconds, 0.4)
        for i, candle in enumerate(sorted(hit)):
            outs[candle] = out + i * (rests + 2.2 * takes)
        return _Plan(way, side, tuple(outs), takes, rests), 0.0
    out = share * seconds
    takes = min(0.85 * out, float(np.clip(0.28 * seconds, 0.35, 0.75)))
    speed = (FAR * span + sign * xs[order[0]]) / takes
    reached = order[: int(draw.rng.integers(1, count))] if way == "puff" and count > 1 and draw.chance(0.5) else order
    for i in reached:
        outs[i] = out + sign * (xs[i] - xs[order[0]]) / speed
    fades = xs[reached[-1]] + sign * (0.45 * gap if len(reached) < count else 0.5 * span)
    return _Plan(way, side, tuple(outs), takes, 0.0), fades


def _causes(draw: Draw, plan: _Plan, wicks: Sequence[Vec], high: float, span: float, fades: float) -> tuple[Body, ...]:
    """What puts the flames out: wisps, a fan and its wisps, or a snuffer."""
    level = max(w[2] for w in wicks)
    nearest = min(wicks, key=lambda w: plan.sign * w[0])
    begins = plan.first - plan.takes
    if plan.way == "snuffer":
        hits = sorted((out, wick) for out, wick in zip(plan.outs, wicks, strict=True) if out is not None)
        return (fire.snuffer(hits, high, span, plan.takes, plan.rests),)
    if plan.way == "fan":
        hub: Vec = (-plan.sign * 0.32 * span, 0.42 * span, level + 0.4 * high)
        ahead = np.mean(wicks, axis=0) - hub
        made = fan(draw, hub, (float(ahead[0]), float(ahead[1])), 0.19 * span, begins)
        ends = [(2.0 * w[0] - hub[0], 2.0 * w[1] - hub[1], w[2] + 0.45 * high) for w in wicks]
        leaves = np.arange(begins + 0.3 * plan.takes, min(draw.seconds, plan.first + 1.0), 0.09).tolist()
        speed = 2 * float(np.hypot(ahead[0], ahead[1])) / plan.takes
        lines = [(t, _near(draw, hub, 0.05 * span), ends[i % len(ends)]) for i, t in enumerate(leaves)]
        return made, fire.breath(draw, "puff", lines, speed, 0.032 * span)
    z = level + 1.35 * high if plan.way == "miss" else float(np.mean([w[2] for w in wicks])) + 0.45 * high
    speed = (FAR * span + plan.sign * nearest[0]) / plan.takes
    lines = []
    for i in range(7):
        y, up = draw.between(-0.035, 0.035) * span, draw.between(-0.035, 0.035) * span
        lines.append((begins + 0.08 * plan.takes * i, (-plan.sign * FAR * span, y, z + up), (fades, y, z + up)))
    return (fire.breath(draw, "puff", lines, speed, 0.06 * span),)


def _near(draw: Draw, point: Vec, by: float) -> Vec:
    return (point[0], point[1] + draw.between(-by, by), point[2] + draw.between(-by, by))


def _event(name: str, out: float | None, plan: _Plan, seconds: float) -> Expected:
    if out is None:
        return Expected("stays_lit", name, 0.0, seconds)
    return Expected("goes_out", name, max(0.0, out - min(plan.takes, 0.4)), min(seconds, out + TOLERANCE))


def _breakable(
    plan: _Plan, candles: Sequence[Body], flames: Sequence[Body], seconds: float, *, same: bool
) -> tuple[Breakable, ...]:
    comes = plan.first - plan.takes
    ways: list[Breakable] = []
    for flame, out, gone in zip(flames, plan.outs, plan.dies, strict=True):
        early = max(comes, 0.3 * plan.first)
        ways.append(Breakable("flame_dies_early", flame.name, 0.4 * early, 0.9 * early))
        if gone and out is not None:
            back = min(out + plan.rests + (plan.takes if plan.way == "snuffer" else 0.1 * seconds), 0.9 * seconds)
            ways.append(Breakable("flame_stays", flame.name, out - 0.02, out))
            ways.append(Breakable("relight", flame.name, back, back + 0.5 * (seconds - back)))
    window = (0.3 * seconds, 0.7 * seconds)
    for candle in candles:
        ways += [
            Breakable(kind, candle.name, *window) for kind in ("vanish", "colour_change", "size_change", "teleport")
        ]
    ways.append(Breakable("freeze", None, plan.first - 0.7 * plan.takes, plan.first - 0.3 * plan.takes))
    if len(candles) > 1:
        ways.append(Breakable("count_change", candles[-1].name, *window))
        if not same:
            ways.append(Breakable("identity_swap", candles[0].name, *window, other=candles[-1].name))
    return tuple(ways)
