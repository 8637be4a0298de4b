"""Many folded papers fly as a flock; their number does not change.

Law: none is lost and none comes; each keeps its colour and size and flies a smooth way of its own, at a distance from
all others. Each has a place in the flock, a loose lattice of which the middle crosses the picture or circles in it,
and wanders about that place by less than a quarter of the way to its neighbours; the two halves of a paper are hinged
at the fold and flap. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.scene import Body, Camera, Geom, Key, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
MOVES = ("orbit", "handheld")  # of the camera, with which none leaves the picture or gets too small
FLAPS = 30.0  # keys a second of a wing

COUNT: Ranges = (12, 20), (24, 36)
SIZE: Ranges = (0.95, 1.1), (1.12, 1.22)  # from wing tip to wing tip over the mean distance of neighbours
SPEED: Ranges = (0.11, 0.16), (0.17, 0.20)  # picture heights a second of the whole flock
BEAT: Ranges = (2.2, 3.6), (4.2, 5.2)  # flaps a second
WIDE, HIGH = 0.64, 0.60  # of the picture that the flock fills at most

TEMPLATES = (
    "As a flock {count} {colours} folded papers fly to the {side}.",
    "A flock of {count} {colours} folded papers flaps its way to the {side}.",
    "Through the air fly {count} {colours} folded papers, flapping, to the {side}.",
    "Like birds, {count} {colours} folded papers fly over {floor} floor to the {side}.",
    "Over {floor} floor flies a flock of {count} {colours} folded papers, moving {side}.",
    "Video of {count} {colours} folded papers that fly together to the {side}.",
    "Flapping their halves like wings, {count} {colours} folded papers head to the {side}.",
    "To the {side} fly {count} {colours} folded papers, none touching another.",
    "We see {count} folded papers, {colours}, that flutter to the {side} in a flock.",
)
CIRCLES = (
    "As a flock {count} {colours} folded papers fly in a circle.",
    "A flock of {count} {colours} folded papers circles in the air.",
    "High up {count} {colours} folded papers flap and circle over {floor} floor.",
    "Like birds, {count} {colours} folded papers circle over {floor} floor.",
    "Over {floor} floor a flock of {count} {colours} folded papers flies round and round.",
    "Video of {count} {colours} folded papers that circle together.",
    "Flapping their halves like wings, {count} {colours} folded papers go round in the air.",
    "Round and round fly {count} {colours} folded papers, none touching another.",
    "We see {count} folded papers, {colours}, that circle in a flock.",
)
LIES = (
    "On {floor} floor lie {count} {colours} folded papers.",
    "Down onto {floor} floor fall {count} {colours} folded papers.",
)


@dataclass(frozen=True)
class _Flock:
    """The lattice (columns x rows, `step` metres apart), and how its middle moves."""

    columns: int
    rows: int
    step: tuple[float, float]
    story: str
    sign: float
    speed: float  # m/s
    radius: float  # of the circle
    span: float
    seconds: float

    def middle(self, t: np.ndarray) -> np.ndarray:
        """(K, 3) where the middle of the flock is, relative to the middle of the picture."""
        sway = 0.02 * self.span * np.sin(2 * math.pi * t / 2.3)
        if self.story == "circles":
            angle = self.sign * self.speed / self.radius * t
            return np.stack([self.radius * np.cos(angle), 1.6 * self.radius * np.sin(angle), sway], -1)
        return np.stack([self.sign * self.speed * (t - self.seconds / 2), 0 * t, sway], -1)


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds, count, share = draw.seconds, draw.integer(COUNT), draw.uniform(SIZE)
    side = draw.choose(("left", "right"))
    speed, beat = draw.uniform(SPEED), draw.uniform(BEAT)
    span = draw.between(1.5, 4.0)
    story = "circles" if speed * seconds > 0.5 or draw.chance(0.25) else "crosses"
    if story == "crosses":
        speed = max(speed, 0.26 / seconds)
    palette = draw.colours(draw.choose((1, 1, 2, 3)) + 1)
    used, other = palette[:-1], palette[-1]
    rgbs = tuple(looks.tint(draw, word) for word in used)

    wide = min(WIDE, 0.88 - speed * seconds) if story == "crosses" else WIDE
    columns = max(3, round(math.sqrt(count * wide / HIGH)))
    rows = math.ceil(count / columns)
    step = (wide * span / columns, HIGH * span / rows)
    flock = _Flock(
        columns, rows, step, story, 1.0 if side == "right" else -1.0, speed * span, 0.08 * span, span, seconds
    )
    size = share * math.sqrt(step[0] * step[1]) * (0.8 if story == "circles" else 1.0)
    papers = _papers(draw, flock, count, size, beat, used, rgbs)
    view = views.view(draw, (0.0, 0.0, 0.62 * span), span, yaw=(-15, 15), pitch=(0, 12), fov=(26, 40), moves=MOVES)
    room = looks.room(draw, rgbs, span, views.reach_of(view.camera), sky=0.6)
    scene = Scene((*papers, *looks.clutter(draw, span, rgbs, near=1.0)), view.camera, room, looks.lights(draw, span))

    told = {
        "count": words.number(count),
        "colours": words.listed(used),
        "side": side,
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    templates = TEMPLATES if story == "crosses" else CIRCLES
    recoloured = {**told, "colours": words.listed((other, *used[1:]))}
    recounted = {**told, "count": words.number(count + draw.choose((-5, -4, -3, 3, 4, 5)))}
    return Script(
        scene=scene,
        prompts=words.tell(draw, templates, told, view.sentence),
        counterfactuals=words.otherwise(templates, recoloured, recounted, camera=view.sentence)
        + words.otherwise(LIES, told, camera=view.sentence),
        inventory=tuple(Thing(p.name, p.noun, p.colour) for p in papers),
        expected=(
            *(Expected("present", p.name, 0.0, seconds) for p in _clear(papers, view.camera, size / span)),
            *(Expected(f"moves_{side}", p.name, 0.0, seconds) for p in papers[:3] if story == "crosses"),
        ),
        breakable=_breakable(seconds, [p.name for p in papers]),
        parameters={
            "colour": words.listed(used),
            "count": count,
            "story": story,
            "side": side if story == "crosses" else "none",
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": size / span,
            "speed": speed,
            "beat_hz": beat,
            "span_m": span,
        },
    )


def _papers(
    draw: Draw, flock: _Flock, count: int, size: float, beat: float, used: tuple[str, ...], rgbs: tuple[Vec, ...]
) -> tuple[Body, ...]:
    """The papers, each with wings of `size` metres from tip to tip, in random order of place and colour."""
    places = [(c, r) for r in range(flock.rows) for c in range(flock.columns)]
    shifts = draw.rng.uniform(-0.45, 0.45, flock.columns)  # of whole columns, in steps
    colours = [i % len(used) for i in range(count)]  # every colour is there
    end = shapes.lasting(draw.seconds)
    times = np.linspace(0.0, end, math.ceil(shapes.RATE * end) + 1)
    beats = np.linspace(0.0, end, math.ceil(FLAPS * end) + 1)
    middle = flock.middle(times)
    papers = []
    for i, ((column, row), which) in enumerate(zip(draw.shuffled(places)[:count], colours, strict=True)):
        x = (column + 0.5 - flock.columns / 2 + draw.between(-0.14, 0.14)) * flock.step[0]
        z = (row + 0.5 - flock.rows / 2 + shifts[column] + draw.between(-0.1, 0.1)) * flock.step[1]
        depth = draw.between(-0.15, 0.15) * flock.span
        home = np.array([x, depth, 0.62 * flock.span + z])
        way = home + middle + _wander(draw, times, 0.12 * min(flock.step))
        material = Material(looks.jitter(draw, rgbs[which], 0.02), gloss=0.05)
        papers.append(
            _paper(draw, f"paper{i}", used[which], material, size * draw.between(0.92, 1.08), times, way, beats, beat)
        )
    return tuple(papers)


def _wander(draw: Draw, times: np.ndarray, amount: float) -> np.ndarray:
    """(K, 3) a smooth wandering by at most about `amount` metres along each axis."""
    rates = draw.rng.uniform(0.2, 0.8, (2, 3))
    phases = draw.rng.uniform(0.0, 2 * math.pi, (2, 3))
    return np.asarray(amount * np.sin(2 * math.pi * rates * times[:, None, None] + phases).mean(1))


def _paper(
    draw: Draw,
    name: str,
    colour: str,
    material: Material,
    size: float,
    times: np.ndarray,
    way: np.ndarray,
    beats: np.ndarray,
    beat: float,
) -> Body:
    """One paper that flies along `way` (K, 3), its nose ahead, flapping `beat` times a second or so."""
    speed = np.gradient(way, times, axis=0)
    yaw = np.arctan2(speed[:, 1], speed[:, 0]) / 2
    bank = draw.between(0.4, 0.7) / 2  # half the radians by which it shows its upper side to the camera
    c, s = math.cos(bank), math.sin(bank)
    turns = np.stack([c * np.cos(yaw), s * np.cos(yaw), -s * np.sin(yaw), c * np.sin(yaw)], -1)
    keys = tuple(
        Key(t, tuple(p), tuple(q)) for t, p, q in zip(times.tolist(), way.tolist(), turns.tolist(), strict=True)
    )
    long, half = draw.between(0.56, 0.66) * size, size / 4  # half-lengths along the fold and across it
    hertz, phase = beat * draw.between(0.9, 1.1), draw.between(0.0, 2 * math.pi)
    raised = 0.45 + 0.5 * np.sin(2 * math.pi * hertz * beats + phase)  # radians
    wings = []
    for side in (-1.0, 1.0):
        flap = tuple(
            Key(t, (0.0, side * half * math.cos(a), half * math.sin(a)), shapes.about((1.0, 0.0, 0.0), side * a))
            for t, a in zip(beats.tolist(), raised.tolist(), strict=True)
        )
        shade = Material(looks.dim(material.rgb, 1.0 if side > 0 else 0.88), gloss=0.05)
        wings.append(Geom("box", (0.5 * long, half, 0.016 * size), material=shade, solid=False, keys=flap))
    return Body(
        name, "folded paper", colour, tuple(wings), material, keys[0].pos, keys[0].quat, motion="scripted", keys=keys
    )


def _clear(papers: tuple[Body, ...], camera: Camera, size: float) -> list[Body]:
    """Those that are in the first picture and not behind others; size: of a paper, in picture heights."""
    places = [views.project(camera, paper.pos) for paper in papers]
    return [
        paper
        for paper, (x, y, depth) in zip(papers, places, strict=True)
        if max(abs(x), abs(y)) < 0.48
        and not any(math.hypot(x - u, y - v) < 0.4 * size for u, v, nearer in places if nearer < depth)
    ]


def _breakable(seconds: float, names: list[str]) -> tuple[Breakable, ...]:
    """What can go wrong: with the number above all."""
    start, end = 0.2 * seconds, 0.6 * seconds
    return (
        *(Breakable("count_change", name, start, end) for name in names),
        *(
            Breakable(kind, name, start, end)
            for kind in ("vanish", "appear", "duplicate", "teleport", "colour_change", "size_change", "sudden_stop")
            for name in names[:4]
        ),
        *(Breakable("merge", a, start, end, other=b) for a, b in zip(names[:4], names[4:8], strict=True)),
        *(Breakable(kind, None, start, end) for kind in ("freeze", "time_skip")),
    )
