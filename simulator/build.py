"""Scene -> MjModel: shapes, materials, contacts, lamps and the room."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from simulator.camera import fovy
from simulator.gl import mujoco
from simulator.scene import Body, Geom, Light, Material, Scene
from simulator.surface import SOFT, mesh
from simulator.textures import PERIOD, cube_image, horizon, plane_image, sheet_image, sky_image

TICK = 1 / 1200  # seconds; scripts and interventions act once a tick; divides frames of 24, 25, 30, 48, 50, 60 fps
STIFFNESS = 400.0  # rad/s: a contact lasts about pi / STIFFNESS, whatever the mass
FAR = 80.0  # metres; what is farther is sky
TEXTURE_PIXELS = 128
SHEET = 1e-3  # metres: how thick a sheet counts
LOOK = "~look"  # appended to a body's name: another look of it

_SHAPE = {
    name: getattr(mujoco.mjtGeom, f"mjGEOM_{name.upper()}")
    for name in ("sphere", "box", "cylinder", "capsule", "ellipsoid")
}
Array = np.ndarray


def rebound(zeta: float) -> float:
    """Restitution of a damped linear contact that ends when its force does (Schwager & Poeschel 2007, eq. 16)."""
    if zeta < 1:
        omega = math.sqrt(1 - zeta * zeta)
        return math.exp(-zeta / omega * (math.pi - math.atan2(2 * zeta * omega, 1 - 2 * zeta * zeta)))
    omega = math.sqrt(max(zeta * zeta - 1, 1e-12))
    return math.exp(-zeta / omega * math.log((zeta + omega) / (zeta - omega)))


@lru_cache(maxsize=256)
def damping_ratio(restitution: float) -> float:
    """The damping ratio whose rebound is `restitution`; no less than 0.03 can be had."""
    low, high = 0.0, 3.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rebound(middle) > restitution else (low, middle)
    return low


def volume(geom: Geom) -> float:
    """Cubic metres."""
    a, b, c = geom.size
    return {
        "sphere": 4 / 3 * math.pi * a**3,
        "box": 8 * a * b * c,
        "cylinder": 2 * math.pi * a * a * b,
        "capsule": 2 * math.pi * a * a * b + 4 / 3 * math.pi * a**3,
        "ellipsoid": 4 / 3 * math.pi * a * b * c,
        "cone": 2 / 3 * math.pi * a * a * b,
        "sheet": 4 * a * b * SHEET,
        "disc": math.pi * a * b * SHEET,
    }[geom.shape]


def collides(body: Body, geom: Geom) -> bool:
    """Whether anything can touch this geom."""
    return geom.solid and body.role != "effect" and geom.shape not in SOFT


def build(scene: Scene, looks: Mapping[str, Body], height: int, width: int) -> mujoco.MjModel:
    """The model of `scene`, with a buffer of height x width for the picture as it is drawn.

    Bodies keep their names; what is not free is a mocap body. looks: a body's name -> another look of it, built as
    a mocap body called name + LOOK that nothing collides with. Walls are the geoms wall0 to wall3.
    """
    return _Builder(scene, looks, height, width).build()


class _Builder:
    """Scene -> MjSpec, with textures shared by equal materials."""

    def __init__(self, scene: Scene, looks: Mapping[str, Body], height: int, width: int) -> None:
        self.spec = mujoco.MjSpec()
        self.materials: dict[tuple[object, ...], str] = {}
        self.scene, self.looks = scene, looks
        self.height, self.width = height, width

    def build(self) -> mujoco.MjModel:
        spec, scene = self.spec, self.scene
        spec.option.timestep = TICK / scene.substeps
        spec.option.gravity = scene.gravity
        spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        spec.option.iterations = 50
        self._view()
        self._room()
        for light in scene.lights:
            self._light(light)
        spec.worldbody.add_camera(name="camera", fovy=fovy(scene.camera, self.height, self.width))
        for body in scene.bodies:
            self._body(body)
        for name, look in self.looks.items():
            hollow = tuple(replace(g, solid=False) for g in look.geoms)
            self._body(replace(look, name=name + LOOK, motion="fixed", keys=(), geoms=hollow))
        model = spec.compile()
        textured = model.geom_matid >= 0
        model.geom_rgba[textured] = model.mat_rgba[model.geom_matid[textured]]
        return model

    def _view(self) -> None:
        visual, spec = self.spec.visual, self.spec
        places = [(0.0, 0.0, 0.0)] if not self.scene.bodies else [b.pos for b in self.scene.bodies]
        points = np.array([*places, *(k.pos for b in self.scene.bodies for k in b.keys)])
        spec.stat.center = (points.min(0) + points.max(0)) / 2
        # Half the width of the shadow map of a directional lamp, among other things.
        spec.stat.extent = float(np.clip(1.5 * np.linalg.norm(points - spec.stat.center, axis=1).max(), 1.0, 6.0))
        visual.map.znear, visual.map.zfar = 0.02 / spec.stat.extent, FAR / spec.stat.extent
        visual.map.haze = 0.35
        visual.global_.offwidth, visual.global_.offheight = self.width, self.height
        visual.quality.offsamples = 0
        # A net of 28 x 16 for each curved shape; of many, which are small, a coarser one.
        seen = [b for b in self.scene.bodies if not b.keys or any(k.visible for k in b.keys)]
        curved = sum(geom.shape not in ("box", *SOFT) for body in seen for geom in body.geoms)
        slices = round(max(12, min(28, 28 * math.sqrt(8 / max(curved, 1)))))
        visual.quality.numslices, visual.quality.numstacks = slices, round(4 * slices / 7)
        visual.quality.shadowsize = next(
            s for s in (512, 1024, 2048) if s == 2048 or 2 * max(self.height, self.width) <= s
        )
        visual.headlight.ambient = [self.scene.room.ambient] * 3
        visual.headlight.diffuse = visual.headlight.specular = [0.0] * 3

    def _room(self) -> None:
        room, world = self.scene.room, self.spec.worldbody
        image = sky_image(room, TEXTURE_PIXELS)
        sky = self.spec.add_texture(
            name="sky",
            type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
            width=image.shape[1],
            height=image.shape[0],
            nchannel=3,
        )
        sky.data = image.tobytes()
        self.spec.visual.rgba.haze = [*horizon(room), 1.0]
        plane = mujoco.mjtGeom.mjGEOM_PLANE
        # Not an infinite one, which is drawn five times as slowly; to the engine planes have no end anyway.
        spots = any(light.spot for light in self.scene.lights)  # lit by the corners of the net alone
        half, net = (15 * self.spec.stat.extent, 0.3 * self.spec.stat.extent) if spots else (FAR, FAR)
        world.add_geom(
            name="floor",
            type=plane,
            size=[half, half, net],
            castshadow=False,
            material=self._plane_material(room.floor),
        )
        if room.walls is None:
            return
        half, up, wall = room.half_width, room.height / 2, self._plane_material(room.walls)
        for k in range(4):
            angle = k * math.pi / 2  # the wall whose inside looks along (cos, sin)
            c, s = math.cos(angle), math.sin(angle)
            frame = np.array([[-s, 0, c], [c, 0, s], [0, 1, 0]], float)  # columns: along the wall, up, inwards
            quat = np.zeros(4)
            mujoco.mju_mat2Quat(quat, frame.ravel())
            world.add_geom(
                name=f"wall{k}",
                type=plane,
                size=[half, up, 1.0],
                material=wall,
                pos=[-half * c, -half * s, up],
                quat=quat,
                castshadow=False,
            )

    def _light(self, light: Light) -> None:
        towards = np.asarray(light.target, float) - light.pos
        towards /= np.linalg.norm(towards)
        # A directional lamp's shadow map is centred on its position: put that in line with the target.
        pos = light.pos if light.spot else np.asarray(light.target) - 10.0 * towards
        kind = mujoco.mjtLightType.mjLIGHT_SPOT if light.spot else mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
        self.spec.worldbody.add_light(
            pos=pos,
            dir=towards,
            type=kind,
            diffuse=light.rgb,
            ambient=[0.0] * 3,
            specular=[0.5 * c for c in light.rgb],
            castshadow=light.shadow,
            cutoff=50.0,
            exponent=3.0,
        )

    def _material(self, key: tuple[object, ...], material: Material, image: Array | None, plane: bool) -> str:
        if key in self.materials:
            return self.materials[key]
        name = self.materials[key] = f"material{len(self.materials)}"
        rgb = material.rgb if image is None else (1.0, 1.0, 1.0)
        made = self.spec.add_material(
            name=name,
            rgba=[*(c * (1.0 - material.mirror) for c in rgb), material.alpha],  # the engine adds the mirror image
            specular=material.gloss,
            shininess=material.gloss,
            emission=material.emission,
            reflectance=material.mirror,
        )
        if image is not None:
            kind = mujoco.mjtTexture.mjTEXTURE_2D if plane else mujoco.mjtTexture.mjTEXTURE_CUBE
            texture = self.spec.add_texture(
                name=name, type=kind, width=image.shape[1], height=image.shape[0], nchannel=3
            )
            texture.data = image.tobytes()
            made.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
        return name

    def _plane_material(self, material: Material) -> str:
        if material.texture == "flat":
            return self._material(("flat", material), material, None, True)
        name = self._material(("plane", material), material, plane_image(material, 2 * TEXTURE_PIXELS), True)
        made = self.spec.material(name)
        made.texuniform = True
        made.texrepeat = [2 / (PERIOD * material.scale)] * 2  # a uniform repeat is per two metres
        return name

    def _solid_material(self, material: Material, geom: Geom) -> str:
        if material.texture == "flat":
            return self._material(("flat", material), material, None, False)
        if geom.shape in SOFT:
            image = sheet_image(material, geom.size, TEXTURE_PIXELS)
            return self._material((geom.shape, geom.size, material), material, image, True)
        image = cube_image(material, geom.shape, geom.size, TEXTURE_PIXELS)
        return self._material((geom.shape, geom.size, material), material, image, False)

    def _body(self, body: Body) -> None:
        start = body.keys[0] if body.motion == "scripted" and body.keys else body
        engine = body.motion in ("free", "hinged")
        made = self.spec.worldbody.add_body(name=body.name, pos=start.pos, quat=start.quat, mocap=not engine)
        if body.motion == "free":
            made.add_freejoint()
        elif body.motion == "hinged":
            self._hinge(made, body)
        zeta = damping_ratio(min(body.restitution, 0.999))
        total = sum(volume(g) for g in body.geoms)
        for number, geom in enumerate(body.geoms):
            solid = collides(body, geom)
            kind = _SHAPE.get(geom.shape, mujoco.mjtGeom.mjGEOM_MESH)
            first = geom.keys[0] if geom.keys else geom
            added = made.add_geom(
                type=kind,
                pos=first.pos,
                quat=first.quat,
                material=self._solid_material(geom.material or body.material, geom),
                mass=body.mass * volume(geom) / total,
                contype=int(solid),
                conaffinity=int(solid),
                condim=6,
                priority=int(engine),
                friction=[body.friction, 0.005, 0.0003],
                solref=[-(STIFFNESS**2), -2 * zeta * STIFFNESS],
                solimp=[0.9999, 0.9999, 0.001, 0.5, 2],
            )
            if kind == mujoco.mjtGeom.mjGEOM_MESH:
                added.meshname = self._mesh(f"{body.name}/{number}", geom)
            else:
                added.size = geom.size

    def _hinge(self, made: mujoco.MjsBody, body: Body) -> None:
        if body.hinge is None:
            raise ValueError(f"body '{body.name}' is hinged and has no hinge")
        inverse, axis, anchor = np.zeros(4), np.zeros(3), np.zeros(3)
        mujoco.mju_negQuat(inverse, np.asarray(body.quat, float))
        mujoco.mju_rotVecQuat(axis, np.asarray(body.hinge.axis, float), inverse)
        mujoco.mju_rotVecQuat(anchor, np.subtract(body.hinge.anchor, body.pos), inverse)
        made.add_joint(
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=axis,
            pos=anchor,
            damping=body.hinge.damping,
            limited=int(body.hinge.limits is not None),
            range=[math.degrees(v) for v in body.hinge.limits or (0.0, 0.0)],
        )

    def _mesh(self, name: str, geom: Geom) -> str:
        """A mesh of its own for each geom, since it may bend or grow by itself."""
        points, faces, texture = mesh(geom, 0.0)
        made = self.spec.add_mesh(name=name)
        made.uservert, made.userface = points.ravel(), faces.ravel()
        if texture is not None:
            made.usertexcoord = texture.ravel()
        if geom.shape in SOFT:
            made.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL
        return name
