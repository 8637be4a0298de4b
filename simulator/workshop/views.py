"""Views: still and moving cameras, the sentence that tells of them, and what they see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.camera import frame
from simulator.scene import Camera, CameraKey, Vec
from simulator.workshop.draw import Draw, Range, Ranges

MOVES = ("pan", "orbit", "dolly", "handheld")
STILL = 0.6  # probability of a still camera where the view may be any
RATE = 16.0  # camera keys a second
PAN: Ranges = (0.08, 0.16), (0.2, 0.26)  # share of the picture that the camera turns past, either way
ORBIT: Ranges = (8.0, 20.0), (24.0, 36.0)  # degrees around the middle in the clip
DOLLY: Ranges = (0.12, 0.25), (0.3, 0.4)  # share of its distance that the camera goes nearer, or back
SHAKE: Ranges = (0.008, 0.02), (0.025, 0.04)  # of the picture: how far a hand moves it, standard deviation


@dataclass(frozen=True)
class View:
    """A camera, the kind of its motion ("still" or one of MOVES), and a sentence for the prompt ("" when still)."""

    camera: Camera
    kind: str = "still"
    sentence: str = ""


def still(centre: Vec, span: float, *, yaw: float, pitch: float, fov: float) -> Camera:
    """A still camera that sees `span` metres at `centre` on the picture's shorter side; yaw to the right of it and
    pitch above it in degrees, fov too."""
    return Camera((CameraKey(0.0, eye(centre, span, yaw=yaw, pitch=pitch, fov=fov), centre),), fov)


def view(
    draw: Draw,
    centre: Vec,
    span: float,
    *,
    yaw: Range = (-20.0, 20.0),
    pitch: Range = (4.0, 16.0),
    fov: Range = (30.0, 50.0),
    moves: tuple[str, ...] = MOVES,
) -> View:
    """A camera as `still`, with angles from the ranges, that stands still or moves as the draw's view and `moves` say.

    A moving camera stands back a little, so that what a still one would show stays in the picture.
    """
    y, p, f = draw.between(*yaw), draw.between(*pitch), draw.between(*fov)
    kind = kind_of(draw, moves)
    if kind == "still":
        return View(still(centre, span, yaw=y, pitch=p, fov=f))
    return move(draw, kind, still(centre, 1.1 * span, yaw=y, pitch=p, fov=f))


def around(
    draw: Draw,
    points: Sequence[Vec],
    *,
    yaw: Range = (-20.0, 20.0),
    pitch: Range = (4.0, 16.0),
    fov: Range = (30.0, 50.0),
    moves: tuple[str, ...] = MOVES,
    fill: float = 0.9,
) -> tuple[View, float]:
    """A camera as `view`, and the span that it sees, such that `points` just fill `fill` of the picture's shorter side.

    The points are all that has to be seen, e.g. the corners of where things are and go.
    """
    y, p, f = draw.between(*yaw), draw.between(*pitch), draw.between(*fov)
    kind = kind_of(draw, moves)
    corners = np.asarray(points, float)
    middle, span = (corners.min(0) + corners.max(0)) / 2, float(np.ptp(corners, axis=0).max())
    for _ in range(8):
        origin, axes = frame(still(tuple(middle.tolist()), span, yaw=y, pitch=p, fov=f), 0.0)
        seen = (corners - origin) @ axes
        seen = seen[:, :2] / seen[:, 2:] / (2.0 * math.tan(math.radians(f) / 2.0))
        low, high = seen.min(0), seen.max(0)
        middle = middle + span * axes[:, :2] @ ((low + high) / 2)
        span *= float((high - low).max()) / fill
    if kind == "still":
        return View(still(tuple(middle.tolist()), span, yaw=y, pitch=p, fov=f)), span
    return move(draw, kind, still(tuple(middle.tolist()), 1.1 * span, yaw=y, pitch=p, fov=f)), span


def kind_of(draw: Draw, moves: tuple[str, ...] = MOVES) -> str:
    """One of `moves`, or "still", as the draw's view asks."""
    kind = draw.choose(moves) if moves and draw.view != "still" else "still"
    return "still" if kind != "still" and draw.view == "any" and draw.chance(STILL) else kind


def move(draw: Draw, kind: str, camera: Camera) -> View:
    """The still `camera` made to move in one of the MOVES, slowly and around where it stands."""
    key = camera.keys[0]
    eye0, target = np.asarray(key.eye), np.asarray(key.target)
    times = np.linspace(0.0, draw.seconds, max(2, math.ceil(RATE * draw.seconds) + 1))
    share = times / draw.seconds - 0.5  # -1/2 .. 1/2
    reach = float(np.linalg.norm(target - eye0))
    seen = 2 * reach * math.tan(math.radians(camera.fov) / 2)  # metres
    right = np.cross(target - eye0, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    eyes, targets, rolls = (np.repeat(v[None], len(times), 0) for v in (eye0, target, np.zeros(1)))
    rolls = rolls[:, 0]
    side = draw.choose(("left", "right"))
    sign = 1.0 if side == "right" else -1.0
    if kind == "pan":
        targets = targets + right * (2 * share * sign * draw.uniform(PAN) * seen)[:, None]
        sentence = f"The camera pans to the {side}."
    elif kind == "orbit":
        angle = np.radians(draw.uniform(ORBIT)) * share * sign
        x, y = (eye0 - target)[:2]
        eyes = target + np.stack(
            [
                np.cos(angle) * x - np.sin(angle) * y,
                np.sin(angle) * x + np.cos(angle) * y,
                0 * angle + eye0[2] - target[2],
            ],
            -1,
        )
        sentence = f"The camera circles to the {side}."
    elif kind == "dolly":
        nearer = side == "left"
        factor = 1.0 + draw.uniform(DOLLY) * (0.5 - share if nearer else 0.5 + share)
        eyes = target + (eye0 - target) * factor[:, None]
        sentence = "The camera moves closer." if nearer else "The camera moves back."
    elif kind == "handheld":
        up = np.cross(right, (target - eye0) / reach)
        amount = draw.uniform(SHAKE) * seen
        x, y, z, w = (_wander(draw, times) for _ in range(4))
        shift = amount * (x[:, None] * right + y[:, None] * up)
        eyes, targets = eyes + 0.5 * shift + 0.5 * amount * z[:, None] * right, targets + shift
        rolls = 60.0 * amount / seen * w
        sentence = "Filmed with a handheld camera."
    else:
        raise ValueError(f"unknown camera motion '{kind}'")
    keys = tuple(
        CameraKey(t, tuple(e), tuple(g), r)
        for t, e, g, r in zip(times.tolist(), eyes.tolist(), targets.tolist(), rolls.tolist(), strict=True)
    )
    return View(replace(camera, keys=keys), kind, sentence)


def fitted(view: View, points: Sequence[tuple[float, Vec]], edge: float = 0.485) -> View:
    """The view from so far back that every (time, point) of `points` is less than `edge` of the picture's shorter side
    from its middle."""
    while (out := max(max(map(abs, project_at(view.camera, p, t)[:2])) for t, p in points)) > edge:
        keys = []
        for k in view.camera.keys:
            x, y, z = (g + 1.01 * out / edge * (e - g) for e, g in zip(k.eye, k.target, strict=True))
            keys.append(replace(k, eye=(x, y, z)))
        view = replace(view, camera=replace(view.camera, keys=tuple(keys)))
    return view


def _wander(draw: Draw, times: np.ndarray) -> np.ndarray:
    """(T,) a smooth wandering with standard deviation about 1, of frequencies from 0.3 to 1.6 Hz."""
    total = np.zeros_like(times)
    for frequency in (0.3, 0.7, 1.1, 1.6):
        hertz, phase = frequency * draw.between(0.8, 1.2), draw.between(0.0, 2 * math.pi)
        total += np.sin(2 * math.pi * hertz * times + phase) / (1 + frequency)
    return total * 1.3


def eye(centre: Vec, span: float, *, yaw: float, pitch: float, fov: float) -> Vec:
    """Where a camera has to be to see `span` metres at `centre`; angles in degrees."""
    reach = span / 2.0 / math.tan(math.radians(fov) / 2.0)
    a, b = math.radians(yaw), math.radians(pitch)
    return (
        centre[0] + reach * math.sin(a) * math.cos(b),
        centre[1] - reach * math.cos(a) * math.cos(b),
        centre[2] + reach * math.sin(b),
    )


def project(camera: Camera, point: Vec, key: int = 0) -> tuple[float, float, float]:
    """(right, up) of `point` from the picture's centre, in its shorter sides, and its depth in metres, at one key.

    The picture of any aspect holds what lies within -1/2 and 1/2.
    """
    return project_at(camera, point, camera.keys[key].t)


def project_at(camera: Camera, point: Vec, t: float) -> tuple[float, float, float]:
    """`project` as the camera is at time t, seconds."""
    origin, axes = frame(camera, t)
    right, down, depth = ((np.asarray(point) - origin) @ axes).tolist()
    scale = 2.0 * depth * math.tan(math.radians(camera.fov) / 2.0)
    return right / scale, -down / scale, depth


def reach_of(camera: Camera) -> float:
    """Distance from the camera to what it looks at, metres, at its first key."""
    return math.dist(camera.keys[0].eye, camera.keys[0].target)
