"""Three worlds of discs with closed forms (Kang et al. 2024, "How far is video generation from world model").

uniform: one disc, x(t) = x0 + v t.
parabola: one disc thrown horizontally, x(t) = x0 + v t, y(t) = y0 - g t^2 / 2.
collision: two discs on one line, the left one moving right and the right one left. Their masses are as their areas.
They touch at the time c and part perfectly elastically:

    u1 = ((m1 - m2) v1 + 2 m2 v2) / (m1 + m2),   u2 = ((m2 - m1) v2 + 2 m1 v1) / (m1 + m2).

The picture shows 0 to WORLD on both axes, x to the right and y up, in units of length; times in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator.errors import unknown

WORLD = 10.0
FRAMES = 16
KNOWN = 3  # frames that are given
STEP = 0.1  # s between frames
GRAVITY = 2.5  # units / s^2
MARGIN = 0.5  # units that a disc on a straight path keeps from the lower and the upper edge
CONTACT = (0.35, 0.8)  # s: after the known frames, and early enough to see what follows
AFTER = 4  # frames with both discs in the picture after they have parted

TIMES = np.arange(FRAMES) * STEP


@dataclass(frozen=True)
class Scene:
    """What one clip shows. radii (N,), positions (FRAMES, N, 2); `since`: from when on the law is put to the test."""

    radii: np.ndarray
    positions: np.ndarray
    since: float = 0.0

    @property
    def whole(self) -> np.ndarray:
        """In which frames every disc lies in the picture in full (FRAMES,)."""
        r = self.radii[:, None]
        within = (self.positions >= r) & (self.positions <= WORLD - r)  # (FRAMES, N, 2)
        return np.all(within.reshape(len(within), -1), axis=1)


Place = Callable[[np.random.Generator, np.ndarray, np.ndarray], Scene | None]


@dataclass(frozen=True)
class Setup:
    """One world: how many discs, along which axes their velocities count, and how a scene is laid out.

    place(rng, radii, speeds) chooses where the discs are; None where it found no room.
    """

    name: str
    discs: int
    axes: tuple[int, ...]
    place: Place


def straight(start: np.ndarray, velocity: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Positions (T, 2) at constant velocity."""
    return start + times[:, None] * velocity


def thrown(start: np.ndarray, velocity: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Positions (T, 2) under gravity."""
    return straight(start, velocity, times) - 0.5 * GRAVITY * times[:, None] ** 2 * np.array([0.0, 1.0])


def part(m1: float, m2: float, v1: float, v2: float) -> tuple[float, float]:
    """Velocities after a central, perfectly elastic collision."""
    return ((m1 - m2) * v1 + 2 * m2 * v2) / (m1 + m2), ((m2 - m1) * v2 + 2 * m1 * v1) / (m1 + m2)


def collide(radii: np.ndarray, v: tuple[float, float], x1: float, contact: float, times: np.ndarray) -> np.ndarray:
    """x (T, 2) of two discs that touch at the time `contact`, the left one being at x1 then; v: before, v1 > v2."""
    u = part(radii[0] ** 2, radii[1] ** 2, *v)
    at = np.array([x1, x1 + radii[0] + radii[1]])
    since = (times - contact)[:, None]
    return at + since * np.where(since < 0, v, u)


def _start(rng: np.random.Generator, radius: float, speed: float) -> float:
    """x from where a disc stays in the picture to the last frame; near the left edge where it is too fast for that."""
    last = WORLD - radius - speed * TIMES[-1]
    return rng.uniform(radius, last) if last > radius else radius + rng.uniform(0, MARGIN)


def _place_uniform(rng: np.random.Generator, radii: np.ndarray, speeds: np.ndarray) -> Scene:
    (r,), (v,) = radii, speeds
    start = np.array([_start(rng, r, v), rng.uniform(r + MARGIN, WORLD - MARGIN - r)])
    return Scene(radii, straight(start, np.array([v, 0.0]), TIMES)[:, None])


def _place_parabola(rng: np.random.Generator, radii: np.ndarray, speeds: np.ndarray) -> Scene:
    (r,), (v,) = radii, speeds
    top = WORLD - MARGIN - r
    start = np.array([_start(rng, r, v), rng.uniform(top - 1.0, top)])
    return Scene(radii, thrown(start, np.array([v, 0.0]), TIMES)[:, None])


def _place_collision(rng: np.random.Generator, radii: np.ndarray, speeds: np.ndarray) -> Scene | None:
    (r1, r2), (v1, v2) = radii, speeds
    room = (WORLD - 2 * (r1 + r2)) / (v1 + v2)  # s, from both edges of the picture to the contact
    if room <= CONTACT[0]:
        return None
    contact = rng.uniform(CONTACT[0], min(CONTACT[1], room))
    x1 = rng.uniform(r1 + v1 * contact, WORLD - 2 * r2 - r1 - v2 * contact)
    x = collide(radii, (v1, -v2), x1, contact, TIMES)
    y = rng.uniform(radii.max() + MARGIN, WORLD - MARGIN - radii.max())
    scene = Scene(radii, np.stack([x, np.full_like(x, y)], axis=-1), contact)
    return scene if (scene.whole & (contact <= TIMES)).sum() >= AFTER else None


SETUPS = {
    "uniform": Setup("uniform", 1, (0,), _place_uniform),
    "parabola": Setup("parabola", 1, (0, 1), _place_parabola),
    "collision": Setup("collision", 2, (0,), _place_collision),
}


def find(name: str) -> Setup:
    """The set-up of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in SETUPS:
        raise unknown("setup", name, SETUPS)
    return SETUPS[name]
