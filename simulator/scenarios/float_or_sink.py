"""Things are let go above a tank of water: light ones float, heavy ones sink.

Law, along the vertical, in units in which water has density 1, for a thing of volume V, density d and front A, of which
the volume S(z) is under water (Archimedes; added mass C S; drag; slamming while it enters; waves that carry energy away
while it is at the surface):
    (d V + C S) v' = g (S - d V) - Cd A (S / V) v |v| / 2 - C S' v - k v
integrated at 1/960 s by the semi-implicit Euler method, for all things at once, since each raises the water by S over
the area of the tank. A thing that reaches the bottom keeps a fifth of its speed. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.scene import Body, Geom, Key, Material, Scene, Vec, Wave
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
GRAVITY = 9.81
STEP = 1 / 960  # seconds
SETTLED = 12.0  # seconds after which everything is at rest
TOLERANCE = 0.2  # seconds either side of an expected time
DROP = 0.33  # of the picture's height: from where a thing is let go to the water
BASE, LEVEL, TOP = 0.04, 0.42, 0.52  # of the picture's height: the tank's bottom, the water, the tank's rim
HALF, DEEP = 0.42, 0.20  # half of the tank's width and depth, in picture heights

FALL: Ranges = (0.16, 0.24), (0.08, 0.13)  # share of the clip until the first thing meets the water
SIZE: Ranges = (0.17, 0.21), (0.12, 0.145)  # diameter over the picture's height
COUNT: Ranges = (1, 3), (1, 3)
LIGHT: Ranges = (0.35, 0.65), (0.15, 0.28)  # density of what floats over water's
HEAVY: Ranges = (1.7, 3.0), (4.0, 7.0)  # and of what sinks
NOUNS = ("ball", "block", "disc")

TEMPLATES = (
    "Dropped into a tank of water, {ends}.",
    "In a glass tank of water {ends}.",
    "{ends} in a tank of water.",
    "{ends}, let go above the water.",
    "Let go above a tank of water, {ends}.",
    "Video of a water tank in which {ends}.",
    "A test of what floats: in the water {ends}.",
    "On {floor} floor stands a tank of water; dropped into it, {ends}.",
    "After a splash {ends}.",
)
HOVERS = ("{first} stays in the air above a tank of water.", "{first} falls beside a tank of water.")


@dataclass(frozen=True)
class _Item:
    """A thing and its law: half-height, volume, front, drag and added mass coefficients."""

    name: str
    noun: str
    colour: str
    rgb: Vec
    density: float
    r: float
    x: float
    start: float  # height of its lowest point

    @property
    def half(self) -> float:
        """Half of its height, metres."""
        return {"ball": self.r, "block": 0.52 * self.r, "disc": 0.5 * self.r}[self.noun]

    @property
    def front(self) -> float:
        """Area that meets the water, square metres."""
        return {"ball": math.pi * self.r**2, "block": 2.56 * self.r**2, "disc": math.pi * self.r**2}[self.noun]

    @property
    def volume(self) -> float:
        """Cubic metres."""
        return 4 / 3 * math.pi * self.r**3 if self.noun == "ball" else 2 * self.half * self.front

    def under(self, depth: float) -> float:
        """Cubic metres under water when its lowest point is `depth` metres below the surface."""
        d = min(max(depth, 0.0), 2 * self.half)
        return math.pi * d * d * (self.r - d / 3) if self.noun == "ball" else self.front * d

    @property
    def floats(self) -> bool:
        """Whether it is lighter than water."""
        return self.density < 1.0


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    fall = min(draw.uniform(FALL) * seconds, 0.45)
    span = GRAVITY * fall**2 / 2 / DROP
    share, count = draw.uniform(SIZE), draw.integer(COUNT)
    share = min(share, 0.155) if count > 2 else share  # so that they do not touch
    items = _items(draw, count, share * span / 2, span)
    times, low, level, entries = _simulate(items, span, min(shapes.lasting(seconds), SETTLED))
    bodies = tuple(
        _body(draw, item, times, z, level, entry) for item, z, entry in zip(items, low, entries, strict=True)
    )
    rgbs = tuple(item.rgb for item in items)
    water, tint = _water(draw, span, times, level)
    splashes = tuple(
        _splash(draw, item, entry, math.sqrt(2 * GRAVITY * (item.start - LEVEL * span)), span, tint)
        for item, entry in zip(items, entries, strict=True)
        if entry < seconds
    )
    view = views.view(draw, (0.0, 0.0, 0.45 * span), span, yaw=(-18, 18), pitch=(4, 14), fov=(28, 42))
    room = looks.room(draw, rgbs, span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, span, rgbs, near=0.9)
    scene = Scene((*bodies, _tank(span), water, *splashes, *clutter), view.camera, room, looks.lights(draw, span))

    other = draw.choose([c for c in draw.colours(7) if c not in [i.colour for i in items]])
    told = {
        "ends": _ends(items),
        "first": words.article(f"{items[0].colour} {items[0].noun}"),
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    swapped = {**told, "ends": _ends(items, swap=True)}
    recoloured = {**told, "ends": _ends(items).replace(told["first"], words.article(f"{other} {items[0].noun}"))}
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, view.sentence),
        counterfactuals=words.otherwise(TEMPLATES, recoloured, swapped, camera=view.sentence)
        + words.otherwise(HOVERS, told, camera=view.sentence),
        inventory=tuple(Thing(item.name, item.noun, item.colour) for item in items),
        expected=tuple(
            event
            for item, entry in zip(items, entries, strict=True)
            for event in (
                Expected("present", item.name, 0.0, seconds),
                Expected("falls", item.name, 0.0, min(seconds, entry + TOLERANCE)),
            )
        ),
        breakable=_breakable(items, entries, seconds),
        parameters={
            "colour": items[0].colour,
            "noun": items[0].noun,
            "outcome": "floats" if items[0].floats else "sinks",
            "count": count,
            "floating": sum(item.floats for item in items),
            "density": items[0].density,
            "texture": bodies[0].material.texture,
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "speed": 1.0 / fall,
            "fall_s": fall,
            "span_m": span,
        },
    )


def _items(draw: Draw, count: int, r: float, span: float) -> list[_Item]:
    """The things, side by side; of two or more at least one floats and at least one sinks."""
    fates = draw.shuffled([True, False, draw.chance(0.5)])
    fates = fates[:1] if count == 1 else ([True, False] if count == 2 else fates)
    fates = draw.shuffled(fates)
    room = 2 * (HALF * span - 1.35 * r) / count
    colours = draw.colours(count)
    items = []
    for i, (floats, colour) in enumerate(zip(fates, colours, strict=True)):
        x = (i + 0.5 - count / 2) * room + draw.between(-0.5, 0.5) * max(room - 2.4 * r, 0.0)
        density = draw.uniform(LIGHT if floats else HEAVY)
        start = (LEVEL + DROP * draw.between(0.85, 1.15)) * span
        rgb = looks.tint(draw, colour)
        items.append(
            _Item(f"thing{i}", draw.choose(NOUNS), colour, rgb, density, r * draw.between(0.92, 1.08), x, start)
        )
    return draw.shuffled(items)


def _simulate(
    items: list[_Item], span: float, seconds: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[float]]:
    """Times (K,), heights of the lowest points (N, K) and of the water (K,), and when each thing meets it."""
    every = round(1 / shapes.RATE / STEP)
    count = math.ceil(seconds * shapes.RATE) + 1
    area = 4 * HALF * DEEP * span**2
    z, v, s = [item.start for item in items], [0.0] * len(items), [0.0] * len(items)
    level, entries = LEVEL * span, [seconds] * len(items)
    lows, levels = np.empty((len(items), count)), np.empty(count)
    for k in range((count - 1) * every + 1):
        if k % every == 0:
            lows[:, k // every], levels[k // every] = z, level
        for i, item in enumerate(items):
            under = item.under(level - z[i])
            v[i] += STEP * _acceleration(item, v[i], under, max(under - s[i], 0.0) / STEP)
            z[i] += STEP * v[i]
            if z[i] < BASE * span:
                z[i], v[i] = BASE * span, (-0.2 * v[i] if v[i] < -0.2 * math.sqrt(GRAVITY * item.r) else 0.0)
            s[i] = under
            if under > 0.0 and entries[i] == seconds:
                entries[i] = k * STEP
        level = LEVEL * span + sum(s) / area
    return np.arange(count) / shapes.RATE, lows, levels, entries


def _acceleration(item: _Item, v: float, under: float, entering: float) -> float:
    """m/s^2; under: cubic metres under water, entering: how fast they grow. See the module for the law."""
    drag, added = (0.47, 0.5) if item.noun == "ball" else (1.1, 0.8)
    mass = item.density * item.volume
    at_surface = 0.0 < under < 0.999 * item.volume
    waves = 0.35 * item.front * math.sqrt(GRAVITY * item.r) if at_surface else 0.0
    force = GRAVITY * (under - mass) - drag * item.front * under / item.volume * v * abs(v) / 2
    return (force - added * min(entering, item.volume / STEP) * v - waves * v) / (mass + added * under)


def _body(draw: Draw, item: _Item, times: np.ndarray, low: np.ndarray, level: np.ndarray, entry: float) -> Body:
    """The thing on its way; what floats and is flat rocks a little after it has met the water."""
    size: Vec = {
        "ball": (item.r, 0.0, 0.0),
        "block": (0.8 * item.r, 0.8 * item.r, item.half),
        "disc": (item.r, item.half, 0.0),
    }[item.noun]
    shape = {"ball": "sphere", "block": "box", "disc": "cylinder"}[item.noun]
    yaw = shapes.about((0.0, 0.0, 1.0), draw.between(-0.7, 0.7))
    axis: Vec = (math.cos(a := draw.between(0.0, math.pi)), math.sin(a), 0.0)
    amount = draw.between(0.10, 0.2) if item.floats else 0.0
    hertz = 0.18 * math.sqrt(GRAVITY / item.r)
    after = np.maximum(times - entry, 0.0) * hertz
    angles = amount * np.exp(-0.7 * after) * np.sin(2 * math.pi * after)
    y = draw.between(-0.05, 0.05) * HALF * item.r
    keys = tuple(
        Key(t, (item.x, y, z + item.half), shapes.turned(shapes.about(axis, angle), yaw))
        for t, z, angle in zip(times.tolist(), low.tolist(), angles.tolist(), strict=True)
    )
    return Body(
        item.name, item.noun, item.colour, (Geom(shape, size),), looks.paint(draw, item.rgb, 2 * item.r),  # type: ignore[arg-type]
        keys[0].pos, keys[0].quat, motion="scripted", keys=keys,
    )  # fmt: skip


def _tank(span: float) -> Body:
    """A glass tank with a bottom and a frame."""
    glass = Material((0.85, 0.92, 0.95), alpha=0.07, gloss=0.4)
    x, y, top, thick = HALF * span, DEEP * span, TOP * span, 0.008 * span
    frame = Material((0.22, 0.23, 0.25), gloss=0.3)
    walls = [
        *(Geom("box", (thick, y, top / 2), (s * (x + thick), 0.0, top / 2), material=glass) for s in (-1, 1)),
        *(Geom("box", (x, thick, top / 2), (0.0, s * (y + thick), top / 2), material=glass) for s in (-1, 1)),
    ]
    corners = [(a * (x + thick), b * (y + thick)) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    rim = [shapes.rod((*p, top), (*q, top), thick) for p, q in zip(corners, [*corners[1:], corners[0]], strict=True)]
    posts = [shapes.rod((*p, 0.0), (*p, top), thick) for p in corners]
    plate = Geom("box", (x + 2 * thick, y + 2 * thick, BASE * span / 2), (0.0, 0.0, BASE * span / 2))
    return Body("tank", "tank", "clear", (plate, *rim, *posts, *walls), frame, (0.0, 0.0, 0.0), role="prop")


def _water(draw: Draw, span: float, times: np.ndarray, level: np.ndarray) -> tuple[Body, Vec]:
    """The water, which rises by what is in it, with small ripples on top; and its colour."""
    rgb = draw.choose(((0.30, 0.55, 0.75), (0.25, 0.62, 0.66), (0.40, 0.55, 0.62), (0.35, 0.60, 0.50)))
    x, y, half = 0.995 * HALF * span, 0.99 * DEEP * span, (LEVEL - BASE) * span / 2
    ripples = []
    for _ in range(3):
        k, angle = draw.between(14.0, 40.0) / span, draw.between(0.0, 2 * math.pi)
        omega, phase = math.sqrt(GRAVITY * k), draw.between(0.0, 2 * math.pi)
        ripples.append(Wave(0.0025 * span, k * math.cos(angle), k * math.sin(angle), omega, phase))
    clear = Material(rgb, alpha=0.19, gloss=0.1)
    top = Material(looks.dim(rgb, 1.25), alpha=0.42, gloss=0.8)
    geoms = (
        Geom("box", (x, y, half), (0.0, 0.0, -half), solid=False),
        Geom("sheet", (x, y, 0.0), (0.0, 0.0, 0.004 * span), material=top, waves=tuple(ripples), solid=False),
    )
    keys = tuple(Key(t, (0.0, 0.0, z)) for t, z in zip(times.tolist(), level.tolist(), strict=True))
    return Body("water", "water", "blue", geoms, clear, keys[0].pos, motion="scripted", keys=keys, role="effect"), rgb


def _splash(draw: Draw, item: _Item, entry: float, speed: float, span: float, rgb: Vec) -> Body:
    """Drops that fly up around the thing when it meets the water, and fall back into it."""
    drops = []
    for i in range(10):
        angle = 2 * math.pi * (i + draw.between(0.0, 0.8)) / 10
        up, out = speed * draw.between(0.35, 0.7), speed * draw.between(0.08, 0.22)
        lasts = 2 * up / GRAVITY
        keys = [Key(0.0, (0.0, 0.0, -0.1 * span), visible=False)]
        for t in np.linspace(0.0, lasts, max(3, math.ceil(40 * lasts))).tolist():
            away = 0.8 * item.r + out * t
            place = (away * math.cos(angle), 0.5 * away * math.sin(angle), up * t - GRAVITY * t * t / 2)
            keys.append(Key(entry + t, place, visible=t < lasts))
        geom = Geom("sphere", (0.011 * span * draw.between(0.7, 1.2), 0.0, 0.0), solid=False, keys=tuple(keys))
        drops.append(geom)
    look = Material(looks.dim(rgb, 1.5), alpha=0.8, gloss=0.8)
    place = (item.x, 0.0, LEVEL * span)
    return Body(f"splash_{item.name}", "splash", "blue", tuple(drops), look, place, role="effect")


def _ends(items: list[_Item], *, swap: bool = False) -> str:
    """ "a red ball floats and a blue disc sinks"; swap: the other way round."""
    return words.listed(
        [
            f"{words.article(f'{item.colour} {item.noun}')} {'floats' if item.floats != swap else 'sinks'}"
            for item in items
        ]
    )


def _breakable(items: list[_Item], entries: list[float], seconds: float) -> tuple[Breakable, ...]:
    """What can go wrong in the air and in the water."""
    ways = []
    for item, entry in zip(items, entries, strict=True):
        in_water = min(entry + 0.1, 0.5 * (entry + seconds))
        ways += [
            Breakable("no_fall", item.name, 0.1 * entry, 0.4 * entry),
            Breakable("float", item.name, 0.4 * entry, 0.7 * entry),
            Breakable("wrong_buoyancy", item.name, entry, 0.3 * entry + 0.7 * in_water),
            *(
                Breakable(kind, item.name, 0.25 * seconds, 0.6 * seconds)
                for kind in ("vanish", "colour_change", "size_change", "teleport", "drift_up")
            ),
        ]
        if not item.floats:
            ways.append(Breakable("pass_through", item.name, entry, in_water))
    start, end = 0.3 * seconds, 0.6 * seconds
    if len(items) > 1:
        ways.append(Breakable("merge", items[0].name, start, end, other=items[1].name))
    ways += [Breakable("volume_change", "water", start, end), Breakable("freeze", None, 0.1 * seconds, 0.25 * seconds)]
    return tuple(ways)
