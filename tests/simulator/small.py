"""Small hand-made scenes for the tests of the stage."""

from __future__ import annotations

from simulator.scene import Body, Camera, CameraKey, Geom, Key, Light, Material, Room, Scene, Vec
from simulator.script import Breakable, Script

GREY = Material((0.5, 0.5, 0.5))
CAMERA = Camera((CameraKey(0.0, (0.0, -5.0, 1.0), (0.0, 0.0, 1.0)),))


def script(
    *bodies: Body,
    seconds: float = 1.0,
    camera: Camera = CAMERA,
    floor: Material = GREY,
    lights: tuple[Light, ...] = (Light((1.0, -2.0, 4.0), (0.0, 0.0, 0.0)),),
    breakable: tuple[Breakable, ...] = (),
) -> Script:
    """A Script of nothing but a scene under an open sky."""
    scene = Scene(bodies, camera, Room(floor), lights)
    return Script(scene, (), (), (), (), breakable, family="small", version=1, seconds=seconds)


def ball(name: str = "ball", *, pos: Vec = (0.0, 0.0, 1.0), r: float = 0.25, **more: object) -> Body:
    """A red ball, fixed unless told otherwise."""
    return Body(name, "ball", "red", (Geom("sphere", (r, 0.0, 0.0)),), Material((0.9, 0.1, 0.1)), pos=pos, **more)  # type: ignore[arg-type]


def box(name: str, half: Vec, pos: Vec, **more: object) -> Body:
    """A blue box, fixed unless told otherwise."""
    return Body(name, "box", "blue", (Geom("box", half),), Material((0.1, 0.2, 0.9)), pos=pos, **more)  # type: ignore[arg-type]


def candle() -> tuple[Body, Body]:
    """A stick and a flame on it that goes out at 0.6 s."""
    keys = (Key(0.0, (0.8, 0.9, 0.9)), Key(0.6, (0.8, 0.9, 0.9), visible=False))
    flame = Body(
        "flame",
        "flame",
        "orange",
        (Geom("ellipsoid", (0.1, 0.1, 0.2), solid=False),),
        Material((1.0, 0.7, 0.2), emission=1.0),
        pos=(0.8, 0.9, 0.9),
        motion="scripted",
        keys=keys,
    )
    return box("stick", (0.1, 0.1, 0.35), (0.8, 0.9, 0.35)), flame
