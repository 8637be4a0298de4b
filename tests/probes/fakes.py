"""Observations made by hand: things on closed-form paths, points of a scene known in three dimensions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from probes.perception.observation import OUT, SEEN, CameraMotion, PointTracks, Pop, Things, ThingTrack
from simulator.clip import Clip
from simulator.scene import Body, Camera, CameraKey, Geom, Material, Room, Scene
from simulator.script import Expected, Script, Thing

RED, BLUE = np.array([45.0, 60.0, 40.0]), np.array([38.0, 12.0, -52.0])
FPS = 8.0


@dataclass
class FakeObservation:
    """An Observation of what is given; a still camera and a grey, unchanging picture by default."""

    things: Things
    frames: int = 16
    camera: CameraMotion = field(default_factory=lambda: camera(moving=False))
    points: PointTracks = field(default_factory=lambda: PointTracks(np.empty((0, 16, 2)), np.empty((0, 16), bool)))
    pops: tuple[Pop, ...] = ()
    cuts: tuple[int, ...] = ()
    kind: str = "oracle"
    version: int = 1
    stillness: float = 0.0

    @property
    def clip(self) -> Clip:
        return Clip(np.full((self.frames, 64, 64, 3), 120, np.uint8), FPS)

    @property
    def flow(self) -> np.ndarray:
        return np.zeros((self.frames - 1, 64, 64, 2), np.float32)


def camera(*, moving: bool, count: int = 16) -> CameraMotion:
    """A camera that stands still, or moves at 0.3 heights a second with parallax."""
    speed = np.full(count - 1, 0.3 if moving else 0.0)
    return CameraMotion(np.repeat(np.eye(3)[None], count, 0), speed, moving, moving)


def track(
    x: np.ndarray, y: np.ndarray, *, state: np.ndarray | None = None, size: float = 0.2, colour: np.ndarray = RED,
    flame: bool = False, name: str | None = None,
) -> ThingTrack:  # fmt: skip
    """A square thing of `size` heights with its centre at x, y (T,); outside [0, 1] it is OUT unless `state` says."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    if state is None:
        inside = (x > -size / 2) & (x < 1 + size / 2) & (y > -size / 2) & (y < 1 + size / 2)
        state = np.where(inside, SEEN, OUT).astype(np.uint8)
    seen = state == SEEN
    box = np.clip(np.stack([x - size / 2, y - size / 2, x + size / 2, y + size / 2], -1), 0.0, 1.0)
    cut = seen & ((box == 0.0) | (box == 1.0)).any(1)
    area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    return ThingTrack(
        state=state,
        centre=np.where(seen[:, None], (box[:, :2] + box[:, 2:]) / 2, np.nan),
        box=np.where(seen[:, None], box, np.nan),
        area=np.where(seen, area, np.nan),
        colour=np.where(seen[:, None], np.broadcast_to(colour, (len(x), 3)), np.nan),
        confidence=seen.astype(float),
        cut_by_edge=cut,
        flame=flame,
        name=name,
    )


def observe(*tracks: ThingTrack, **fields: object) -> FakeObservation:
    """An observation of these tracks."""
    return FakeObservation(Things(tracks), frames=len(tracks[0].state), **fields)  # type: ignore[arg-type]


def times(count: int = 16) -> np.ndarray:
    """(T,) seconds."""
    return np.arange(count) / FPS


def script(*expected: Expected, noun: str = "ball", motion: str = "free", moving: bool = False) -> Script:
    """One red body called `noun`, three metres in front of a camera with a field of view of 45 degrees."""
    body = Body(noun, noun, "red", (Geom("sphere", (0.2, 0.0, 0.0)),), Material((0.84, 0.08, 0.08)), (0.0, 0.0, 1.0),
                motion=motion)  # type: ignore[arg-type]  # fmt: skip
    keys = (CameraKey(0.0, (0.0, -3.0, 1.0), (0.0, 0.0, 1.0)),) + (
        (CameraKey(2.0, (1.0, -3.0, 1.0), (0.0, 0.0, 1.0)),) if moving else ())  # fmt: skip
    scene = Scene((body,), Camera(keys), Room(Material((0.5, 0.5, 0.5))), ())
    return Script(scene, ("a red ball",), (), (Thing(noun, noun, "red"),), expected, (), family="drop_bounce")


GRAVITY = 9.81 / (2 * 3.0 * np.tan(np.radians(22.5)))  # of `script` in the picture, heights a second squared


def bounce(count: int = 16, *, restitution: float = 0.7, top: float = 0.2, floor: float = 0.75) -> np.ndarray:
    """(T,) heights of a ball let go at rest at `top` that bounces on `floor`; the sum of the parabolas."""
    ys = []
    fallen = float(np.sqrt(2 * (floor - top) / GRAVITY))
    for now in times(count):
        if now < fallen:
            ys.append(top + 0.5 * GRAVITY * now**2)
            continue
        since, speed = float(now) - fallen, restitution * GRAVITY * fallen
        while since > 2 * speed / GRAVITY and speed > 0.02:
            since, speed = since - 2 * speed / GRAVITY, restitution * speed
        ys.append(floor - max(0.0, speed * since - 0.5 * GRAVITY * since**2) if speed > 0.02 else floor)
    return np.array(ys)


def orbit(
    rng: np.random.Generator, *, points: int = 80, count: int = 16, angle: float = 0.5, sigma: float = 0.001
) -> np.ndarray:
    """(P, T, 2) heights: random points of a rigid scene seen from a camera on an arc of `angle` radians."""
    solid = rng.uniform(-1, 1, (points, 3)) * (1.5, 1.5, 0.6)
    views = []
    for a in np.linspace(-angle / 2, angle / 2, count):
        eye = np.array([5 * np.sin(a), -5 * np.cos(a), 1.8])
        forward = -eye / np.linalg.norm(eye)
        right = np.cross(forward, (0, 0, 1))
        right /= np.linalg.norm(right)
        seen = (solid - eye) @ np.stack([right, np.cross(forward, right), forward]).T
        views.append(seen[:, :2] / seen[:, 2:] * 1.2 + 0.5)
    xy = np.stack(views, 1)
    return xy + rng.normal(0, sigma, xy.shape)
