"""Two things pass each other or cross each other's path, and each stays itself.

Law: uniform motion in a straight line. A thing goes over the floor at constant velocity v and is at its own crossing
point at its own time; a ball rolls without slipping, at |v| / r radians a second. In a pass and in an overtaking the
one in front hides the other for a moment; in a cross both go through the same place, `lag` seconds one after the
other, so that they stay 2 sin(angle) |v| lag / 2 metres apart. Lengths in metres, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from simulator.scene import Body, Material, Scene, Vec
from simulator.script import Breakable, Expected, Script, Thing
from simulator.workshop import looks, shapes, views, words
from simulator.workshop.draw import Draw, Ranges

VERSION = 1
TOLERANCE = 0.2  # seconds either side of an expected time

COUNT: Ranges = (2, 2), (3, 3)
SPAN: Ranges = (1.5, 4.0), (0.8, 6.0)  # metres
SIZE: Ranges = (0.25, 0.31), (0.17, 0.21)  # of the larger thing over the picture's height, about
WAY: Ranges = (0.56, 0.68), (0.56, 0.68)  # picture heights that the quicker one goes in the clip
MEET: Ranges = (0.42, 0.56), (0.42, 0.56)  # share of the clip at which they meet
ROUND = 1.25  # radius of the circle about a thing's outline seen from above, over its radius

TEMPLATES = (
    "{a} {noun} moves to the {side} and {meets} {b} {other} that moves to the {away}.",
    "{a} {noun} going {side} {meets} {b} {other} going {away}, and each goes on as it was.",
    "Moving {side}, {a} {noun} {meets} {b} {other}, which moves {away}.",
    "{a} {noun} and {b} {other} are on their way, the {noun} to the {side}, the {other} to the {away}; "
    "the first {meets} the second.",
    "On {floor} floor {a} {noun} {meets} {b} {other}; the first goes {side}, the second {away}.",
    "To the {side} goes {a} {noun}, to the {away} {b} {other}, and the first {meets} the second.",
    "Video of {a} {noun} that {meets} {b} {other} on its way to the {side}.",
    "{a} {noun} {meets} {b} {other} without touching it and moves on to the {side}.",
)
ENDS = (
    "{a} {noun} and {b} {other} bump into each other, and both go back.",
    "{a} {noun} and {b} {other} meet, and only the {other} is left.",
    "{a} {noun} stops beside {b} {other}.",
)
MEETS = {"pass": "passes in front of", "overtake": "overtakes", "cross": "crosses the path of"}


@dataclass(frozen=True)
class Track:
    """A way over the floor: at (0, y) at time `at`, with the velocity (vx, vy), for a thing of radius r."""

    y: float
    at: float
    vx: float
    vy: float
    r: float

    def where(self, t: float) -> tuple[float, float]:
        """(x, y) at time t."""
        return self.vx * (t - self.at), self.y + self.vy * (t - self.at)

    @property
    def side(self) -> str:
        """Where it goes, in the picture."""
        return "right" if self.vx > 0 else "left"


def build(draw: Draw) -> Script:
    """The Script of one draw; see the module for the story."""
    seconds = draw.seconds
    count = draw.integer(COUNT)
    span, share = draw.uniform(SPAN), draw.uniform(SIZE)
    how = draw.choose(("pass", "overtake", "cross"))
    nouns = draw.shuffled(shapes.OOD_NOUNS + shapes.NOUNS if draw.ood else shapes.NOUNS)
    colours = draw.colours(count + 1)
    tints = tuple(looks.tint(draw, c) for c in colours[:count])

    tracks = _tracks(draw, how, count, share * span / 2, span)
    bodies = tuple(
        _body(draw, f"{'abc'[i]}", nouns[i], colours[i], looks.paint(draw, tints[i], 2 * tracks[i].r), tracks[i])
        for i in range(count)
    )
    view = views.view(draw, (0.0, 0.1 * span, 0.2 * span), span, yaw=(-9, 9), pitch=(5, 16), fov=(28, 44))
    view = views.fitted(view, _outline(tracks, seconds))
    room = looks.room(draw, tints, span, views.reach_of(view.camera))
    clutter = looks.clutter(draw, span, tints, near=1.1)
    scene = Scene((*bodies, *clutter), view.camera, room, looks.lights(draw, span, overcast=0.2))

    one, two = bodies[0], bodies[1]
    told = {
        "a": words.article(colours[0]),
        "noun": nouns[0],
        "b": words.article(colours[1]),
        "other": nouns[1],
        "side": tracks[0].side,
        "away": tracks[1].side,
        "meets": MEETS[how],
        "floor": words.article(words.TEXTURES[room.floor.texture]),
    }
    mirrored = {**told, "side": words.opposite(told["side"]), "away": words.opposite(told["away"])}
    more = f"Behind them {words.article(colours[2])} {nouns[2]} moves {tracks[2].side}." if count > 2 else ""
    sentences = f"{more} {view.sentence}".strip()
    meet = 0.5 * (tracks[0].at + tracks[1].at)
    moving = [(b, t) for b, t in zip(bodies, tracks, strict=True) if abs(t.vx) * seconds > 0.2 * span]
    hidden = _hidden(view, tracks[0], tracks[1], seconds)
    return Script(
        scene=scene,
        prompts=words.tell(draw, TEMPLATES, told, sentences),
        counterfactuals=words.otherwise(
            TEMPLATES,
            mirrored,
            {**told, "a": words.article(colours[-1])},
            {**told, "a": told["b"], "b": told["a"]},
            camera=sentences,
        )
        + words.otherwise(ENDS, told, camera=view.sentence),
        inventory=tuple(Thing(b.name, b.noun, b.colour) for b in bodies),
        expected=(
            *(Expected("present", b.name, 0.0, seconds) for b in (one, two)),
            *(Expected(f"moves_{t.side}", b.name, 0.0, seconds) for b, t in moving),
            *(
                (Expected("hidden_by", two.name, max(0.0, hidden - TOLERANCE), hidden + TOLERANCE, one.name),)
                if hidden is not None
                else ()
            ),
        ),
        breakable=(
            *(Breakable(k, "a", 0.9 * meet, 1.05 * meet, other="b") for k in ("identity_swap", "merge")),
            *(Breakable(k, "a", 0.95 * meet, 1.15 * meet) for k in ("sudden_turn", "sudden_stop", "vanish")),
            *(Breakable(k, "b", 0.95 * meet, 1.1 * meet) for k in ("colour_change", "shape_change", "vanish")),
            *(Breakable(k, "b", 0.3 * seconds, 0.7 * seconds) for k in ("duplicate", "teleport", "size_change")),
            Breakable("freeze", None, 0.3 * seconds, 0.6 * seconds),
        ),
        parameters={
            "colour": colours[0],
            "other": colours[1],
            "noun": nouns[0],
            "other_noun": nouns[1],
            "side": told["side"],
            "how": how,
            "count": float(count),
            "floor": room.floor.texture,
            "camera": view.kind,
            "size": share,
            "speed": math.hypot(tracks[0].vx, tracks[0].vy) / span,
            "hidden": str(hidden is not None),
            "span_m": span,
        },
    )


def _tracks(draw: Draw, how: str, count: int, r: float, span: float) -> list[Track]:
    """The ways of the things: of the one in front, of the one it meets, and of one behind them both."""
    seconds, sign = draw.seconds, draw.sign()
    v, meet = draw.uniform(WAY) * span / seconds, draw.uniform(MEET) * seconds
    small = r * draw.between(0.55, 0.7) if draw.chance(0.6) else r * draw.between(0.85, 1.0)
    front = -0.12 * span
    back = front + max(draw.between(0.28, 0.42) * span, 1.08 * ROUND * (r + small))
    if how == "pass":
        w = v * draw.between(0.7, 1.0)
        tracks = [Track(front, meet, sign * v, 0.0, r), Track(back, meet, -sign * w, 0.0, small)]
    elif how == "overtake":
        w = v * draw.between(0.25, 0.4)
        tracks = [Track(front, meet, sign * v, 0.0, r), Track(back, meet, sign * w, 0.0, small)]
    else:
        r, small = 0.85 * r, 0.85 * max(small, 0.75 * r)
        angle, v = math.radians(draw.between(40.0, 52.0)), 1.25 * v
        lag = 1.15 * ROUND * (r + small) / (math.sin(angle) * v)
        vx, vy = sign * v * math.cos(angle), draw.sign() * v * math.sin(angle)
        first = -math.copysign(lag / 2, vy)  # so that the first one is in front when they are side by side
        tracks = [
            Track(0.1 * span, seconds / 2 - first, vx, vy, r),
            Track(0.1 * span, seconds / 2 + first, -vx, vy, small),
        ]
    if count > 2:
        far = max(t.where(when)[1] for t in tracks for when in (0.0, seconds)) + 2.8 * r
        at = seconds * draw.choose((0.3, 0.7))
        tracks.append(Track(far, at, -tracks[0].vx * draw.between(0.5, 0.8), 0.0, draw.between(0.8, 1.0) * r))
    return tracks


def _body(draw: Draw, name: str, noun: str, colour: str, material: Material, track: Track) -> Body:
    """A thing on its way; a ball rolls."""
    speed = math.hypot(track.vx, track.vy)
    axis = (-track.vy / speed, track.vx / speed, 0.0)
    body = shapes.thing(name, noun, colour, material, track.r, motion="scripted")
    turn = shapes.about((0.0, 0.0, 1.0), draw.between(0.0, math.pi / 2))
    rate = 16.0 if noun == "ball" else 1.0
    keys = shapes.path(
        draw.seconds,
        lambda t: (*track.where(t), body.pos[2]),
        lambda t: shapes.about(axis, speed * (t - track.at) / track.r) if noun == "ball" else turn,
        rate=rate,
    )
    return replace(body, pos=keys[0].pos, quat=keys[0].quat, keys=keys)


def _outline(tracks: list[Track], seconds: float) -> list[tuple[float, Vec]]:
    """Times, and points on the edges of the things then."""
    return [
        (t, (x + side * track.r, y, z))
        for t in (seconds * i / 6 for i in range(7))
        for track in tracks
        for x, y in (track.where(t),)
        for side, z in ((-1, 0.0), (1, 0.0), (0, 2 * track.r))
    ]


def _hidden(view: views.View, front: Track, back: Track, seconds: float) -> float | None:
    """Seconds at which the one behind is first wholly hidden for sure; None if never, or only for a moment."""
    step, behind = max(1 / 60, seconds / 240), []
    for i in range(int(seconds / step) + 1):
        t = i * step
        (x, y), (p, q) = front.where(t), back.where(t)
        u, v, near = views.project_at(view.camera, (x, y, 0.9 * front.r), t)
        a, b, far = views.project_at(view.camera, (p, q, 0.9 * back.r), t)
        scale = 0.5 / math.tan(math.radians(view.camera.fov) / 2)
        if near < far and math.hypot(u - a, v - b) < scale * (0.72 * front.r / near - ROUND * back.r / far):
            behind.append(t)
    return behind[0] if len(behind) * step > max(0.2, 2 * step) else None
