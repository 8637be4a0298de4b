"""Scene: what a world holds, as pure data in SI units; it knows no engine and no renderer.

World frame: right-handed, x right, y away from the default camera, z up, metres.
Quaternions are WXYZ. Colours are RGB in [0, 1]. Times are seconds from the first frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Vec = tuple[float, float, float]
Quat = tuple[float, float, float, float]
Texture = Literal[
    "flat", "checker", "noise", "wood", "stripes", "stone", "tiles", "spots",
    "bricks", "gradient", "grass", "marble", "dots", "mosaic", "plaid", "zigzag",
]  # fmt: skip
Shape = Literal["sphere", "box", "cylinder", "capsule", "ellipsoid", "cone", "sheet", "disc"]
UPRIGHT: Quat = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Material:
    """A surface: base colour, a procedural texture between `rgb` and `rgb2`, and how it shines."""

    rgb: Vec
    texture: Texture = "flat"
    rgb2: Vec | None = None  # second colour of the texture; None: a darker rgb
    scale: float = 0.5  # metres per repeat of the texture
    gloss: float = 0.1  # specular and shininess, [0, 1]
    emission: float = 0.0  # light of its own, [0, 1]
    alpha: float = 1.0  # opacity, [0, 1]
    mirror: float = 0.0  # share of the mirror image in what is seen, [0, 1]; boxes (their +z face) and planes only


@dataclass(frozen=True)
class Key:
    """Where something is at time t; between keys, position and scale are linear, visibility holds.

    Of a scripted body: in the world. Of a geom that moves in its body: in the frame of the body.
    """

    t: float
    pos: Vec
    quat: Quat = UPRIGHT
    scale: float = 1.0  # multiplies the sizes of its geoms
    visible: bool = True


@dataclass(frozen=True)
class Wave:
    """A plane wave on a sheet: height amplitude * cos(kx x + ky y - omega t + phase), in metres, rad/m and rad/s."""

    amplitude: float
    kx: float
    ky: float
    omega: float
    phase: float = 0.0


@dataclass(frozen=True)
class Geom:
    """A primitive in the frame of its body.

    size is MuJoCo's: sphere (r, 0, 0); box half-lengths; cylinder and capsule (r, half-length, 0) along z;
    ellipsoid half-axes. Also: cone (r, half-length, 0), tip at +z; sheet, a rectangle of half-lengths (a, b, 0) in
    the xy plane, and disc, an ellipse of half-axes (a, b, 0), both seen from either side and lifted along z by the
    sum of `waves` (`simulator.surface.height`). Sheets and discs are drawn and never collide.
    """

    shape: Shape
    size: Vec
    pos: Vec = (0.0, 0.0, 0.0)
    quat: Quat = UPRIGHT
    material: Material | None = None  # None: the body's
    solid: bool = True  # False: drawn, but nothing collides with it
    keys: tuple[Key, ...] = ()  # how it moves in its body (limbs, links, coils); pos and quat are then not used
    waves: tuple[Wave, ...] = ()  # of a sheet or disc
    pinned: bool = False  # a sheet's waves grow from nothing at its edge x = -a


@dataclass(frozen=True)
class Hinge:
    """An axle fixed in the world: the body turns about `axis` through `anchor`, from angle 0 at its pos and quat."""

    anchor: Vec  # metres, world
    axis: Vec  # unit vector, world
    angle: float = 0.0  # radians at the start
    speed: float = 0.0  # rad/s at the start
    damping: float = 0.0  # N m s / rad
    limits: tuple[float, float] | None = None  # radians


@dataclass(frozen=True)
class Body:
    """One thing of the world.

    motion: "fixed" stays; "free" obeys the engine from (pos, quat, velocity, spin); "hinged" obeys it on its `hinge`;
        "scripted" follows `keys`, which nothing can stop.
    role: "thing" is in the inventory; "prop" is scenery that can hide or hold things; "effect" is smoke, a puff,
    or a flame's glow, and is never counted.
    """

    name: str  # unique in its scene, e.g. "ball"
    noun: str  # what a person calls it, e.g. "ball"
    colour: str  # the colour word used in prompts, e.g. "red"
    geoms: tuple[Geom, ...]
    material: Material
    pos: Vec
    quat: Quat = UPRIGHT
    motion: Literal["fixed", "free", "hinged", "scripted"] = "fixed"
    velocity: Vec = (0.0, 0.0, 0.0)  # m/s
    spin: Vec = (0.0, 0.0, 0.0)  # rad/s, world axes
    keys: tuple[Key, ...] = ()
    hinge: Hinge | None = None
    mass: float = 1.0  # kg
    restitution: float = 0.5  # of its contacts, [0, 1)
    friction: float = 0.6
    role: Literal["thing", "prop", "effect"] = "thing"


@dataclass(frozen=True)
class Light:
    """A lamp at `pos` pointing at `target`; `flicker` are (time, intensity) keys, linear between."""

    pos: Vec
    target: Vec
    rgb: Vec = (0.8, 0.8, 0.8)
    shadow: bool = True
    spot: bool = False  # False: directional, like the sun
    flicker: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class CameraKey:
    """Where the camera is and what it looks at, at time t; positions and roll are interpolated linearly."""

    t: float
    eye: Vec
    target: Vec
    roll: float = 0.0  # degrees, clockwise as the camera sees it
    cut: bool = False  # True: the picture jumps here; until t the camera stays at the key before


@dataclass(frozen=True)
class Camera:
    """A pinhole camera, z up; one key: a still camera."""

    keys: tuple[CameraKey, ...]
    fov: float = 45.0  # field of view along the shorter side of the picture, degrees

    @property
    def moving(self) -> bool:
        """Whether any key differs from the first."""
        first = self.keys[0]
        return any((k.eye, k.target, k.roll) != (first.eye, first.target, first.roll) for k in self.keys)


@dataclass(frozen=True)
class Room:
    """What surrounds the things: a floor at z = 0, walls (None: open, under the sky), ambient light."""

    floor: Material
    walls: Material | None = None
    half_width: float = 6.0  # metres from the centre to the walls
    height: float = 6.0
    sky: Vec = (0.6, 0.7, 0.85)
    ambient: float = 0.35
    horizon: Vec | None = None  # the sky's colour low down, and the haze's; None: a paler sky
    clouds: float = 0.0  # share of the sky that clouds cover, [0, 1]
    hills: float = 0.0  # height of the hills along the horizon, sine of their elevation


@dataclass(frozen=True)
class Scene:
    """Everything that the stage needs to play."""

    bodies: tuple[Body, ...]
    camera: Camera
    room: Room
    lights: tuple[Light, ...]
    gravity: Vec = (0.0, 0.0, -9.81)
    substeps: int = 4  # physics steps a tick of 1/1200 s: 4 for exact bounces, 1 for many things that touch

    @property
    def lively(self) -> bool:
        """Whether anything but the camera may move: a body that is not fixed, or a part that goes or waves."""
        return any(b.motion != "fixed" or any(g.keys or g.waves for g in b.geoms) for b in self.bodies)

    def body(self, name: str) -> Body:
        """The body called `name` (KeyError if there is none)."""
        for body in self.bodies:
            if body.name == name:
                return body
        raise KeyError(name)
