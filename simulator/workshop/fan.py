"""A fan on a pole, with blades that start to turn; lengths in metres."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from simulator.scene import Body, Geom, Key, Material, Vec
from simulator.workshop.draw import Draw
from simulator.workshop.shapes import RATE, about, rod, turned

BLADES = 3
TURNS = (0.9, 1.2)  # turns a second; slow enough that eight pictures a second show which way
STARTS = 0.15  # seconds in which it gathers speed


def fan(draw: Draw, hub: Vec, ahead: tuple[float, float], r: float, start: float) -> Body:
    """A fan whose rotor of radius `r` is at `hub` and blows along `ahead` (x, y), still until `start` seconds."""
    heading = math.atan2(ahead[1], ahead[0])
    facing = turned(about((0.0, 0.0, 1.0), heading), (0.5, 0.5, 0.5, 0.5))  # x level, y up, z ahead
    across = np.array([-math.sin(heading), math.cos(heading), 0.0])
    forward = np.array([math.cos(heading), math.sin(heading), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    pale = draw.chance(0.5)
    frame = Material((0.88, 0.88, 0.86) if pale else (0.12, 0.12, 0.14), gloss=0.5)
    wing = Material((0.16, 0.30, 0.52) if pale else (0.84, 0.84, 0.80), gloss=0.3)
    back = (-0.22 * r * forward).tolist()
    circle = np.linspace(0, 2 * math.pi, 17).tolist()
    ring = [(1.12 * r * (math.cos(a) * across + math.sin(a) * up)).tolist() for a in circle]
    geoms = [
        Geom("cylinder", (0.22 * r, 0.3 * r, 0.0), tuple(back), facing, frame, solid=False),
        rod((back[0], back[1], -0.2 * r), (back[0], back[1], -hub[2]), 0.08 * r, material=frame, solid=False),
        *(rod(a, b, 0.05 * r, material=frame, solid=False) for a, b in pairwise(ring)),
    ]
    speed, phase = 2 * math.pi * draw.between(*TURNS), draw.between(0.0, 2 * math.pi)
    times = [0.0, *np.arange(start, draw.seconds + 1 / RATE, 1 / RATE).tolist()]
    for blade in range(BLADES):
        keys = []
        for t in times:
            since = max(t - start, 0.0)
            angle = phase + blade * 2 * math.pi / BLADES + speed * (since - STARTS * (1 - math.exp(-since / STARTS)))
            x, y, z = (0.52 * r * (math.cos(angle) * across + math.sin(angle) * up)).tolist()
            turn = turned(facing, turned(about((0.0, 0.0, 1.0), angle), about((1.0, 0.0, 0.0), 0.5)))
            keys.append(Key(t, (x, y, z), turn))
        geoms.append(Geom("box", (0.46 * r, 0.26 * r, 0.02 * r), material=wing, solid=False, keys=tuple(keys)))
    return Body("fan", "fan", "white" if pale else "black", tuple(geoms), frame, hub, role="prop")
