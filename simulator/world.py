"""World: a Scene set in MuJoCo and running, with the handles by which something can meddle with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simulator.gl import mujoco
from simulator.scene import Body, Geom, Light, Material, Scene
from simulator.textures import PERIOD, cube_image, plane_image

STEP = 1 / 2400  # seconds of one physics step; divides the frame times of 24, 25, 30, 48, 50 and 60 fps
TICK = 2 * STEP  # scripts and interventions act once a tick
STIFFNESS = 400.0  # rad/s: a contact lasts about pi / STIFFNESS, whatever the mass
FAR = 80.0  # metres; what is farther is sky
SEEN_FROM = 0.5  # opacity under which a thing does not enter masks and depth
SOLID, TRANSLUCENT, UNSEEN = 0, 1, 5  # geom groups
QUIET = 0.05  # seconds apart before touching again counts as a new contact
TEXTURE_PIXELS = 128

_SHAPE = {name: getattr(mujoco.mjtGeom, f"mjGEOM_{name.upper()}")
          for name in ("sphere", "box", "cylinder", "capsule", "ellipsoid")}
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
    return {"sphere": 4 / 3 * math.pi * a**3, "box": 8 * a * b * c, "cylinder": 2 * math.pi * a * a * b,
            "capsule": 2 * math.pi * a * a * b + 4 / 3 * math.pi * a**3,
            "ellipsoid": 4 / 3 * math.pi * a * b * c}[geom.shape]


def collides(body: Body, geom: Geom) -> bool:
    """Whether anything can touch this geom."""
    return geom.solid and body.role != "effect"


@dataclass
class Actor:
    """A body at run time: where its numbers are in the engine, and how it is shown."""

    body: Body
    id: int
    geoms: Array  # ids
    mocap: int  # -1: free
    qpos: int  # -1: not free
    dof: int
    rgba: Array  # (G, 4) as built
    size: Array  # (G, 3) as built
    pos: Array  # (G, 3) as built
    solid: Array  # (G,) bool as built
    opacity: float = 1.0  # 0: not in the world
    scale: float = 1.0
    massive: bool = True  # False: nothing collides with it


class _Builder:
    """Scene -> MjSpec, with textures shared by equal materials."""

    def __init__(self, scene: Scene, height: int, width: int) -> None:
        self.spec = mujoco.MjSpec()
        self.materials: dict[tuple[object, ...], str] = {}
        self.scene = scene
        self.height, self.width = height, width

    def build(self) -> mujoco.MjModel:
        spec, scene = self.spec, self.scene
        spec.option.timestep = STEP
        spec.option.gravity = scene.gravity
        spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        spec.option.iterations = 50
        self._view()
        self._room()
        for light in scene.lights:
            self._light(light)
        spec.worldbody.add_camera(name="camera", fovy=scene.camera.fovy)
        for body in scene.bodies:
            self._body(body)
        model = spec.compile()
        textured = model.geom_matid >= 0
        model.geom_rgba[textured] = model.mat_rgba[model.geom_matid[textured]]
        return model

    def _view(self) -> None:
        visual, spec = self.spec.visual, self.spec
        points = np.array([p for b in self.scene.bodies for p in (b.pos, *(k.pos for k in b.keys))] or [(0, 0, 0)])
        centre = (points.min(0) + points.max(0)) / 2
        spec.stat.extent = float(np.clip(np.linalg.norm(points - centre, axis=1).max() + 1.0, 2.0, 6.0))
        spec.stat.center = centre
        visual.map.znear, visual.map.zfar = 0.02 / spec.stat.extent, FAR / spec.stat.extent
        visual.map.haze = 0.35
        visual.global_.offwidth, visual.global_.offheight = self.width, self.height
        side = max(self.height, self.width)
        visual.quality.shadowsize = 1024 if side <= 256 else 2048
        visual.headlight.ambient = [self.scene.room.ambient] * 3
        visual.headlight.diffuse = visual.headlight.specular = [0.0] * 3

    def _room(self) -> None:
        room, world = self.scene.room, self.spec.worldbody
        sky = self.spec.add_texture(name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, width=64, height=384)
        sky.builtin = mujoco.mjtBuiltin.mjBUILTIN_GRADIENT
        sky.rgb1 = room.sky
        sky.rgb2 = [0.45 * c + 0.5 for c in room.sky]
        plane = mujoco.mjtGeom.mjGEOM_PLANE
        extent = [0.0, 0.0, 1.0] if room.walls is None else [room.half_width, room.half_width, 1.0]
        world.add_geom(name="floor", type=plane, size=extent, material=self._plane_material(room.floor))
        if room.walls is None:
            return
        half, up, wall = room.half_width, room.height / 2, self._plane_material(room.walls)
        for k in range(4):
            angle = k * math.pi / 2  # the wall whose inside looks along (cos, sin)
            c, s = math.cos(angle), math.sin(angle)
            frame = np.array([[-s, 0, c], [c, 0, s], [0, 1, 0]], float)  # columns: along the wall, up, inwards
            quat = np.zeros(4)
            mujoco.mju_mat2Quat(quat, frame.ravel())
            world.add_geom(name=f"wall{k}", type=plane, size=[half, up, 1.0], material=wall,
                           pos=[-half * c, -half * s, up], quat=quat, castshadow=False)

    def _light(self, light: Light) -> None:
        towards = np.asarray(light.target, float) - light.pos
        towards /= np.linalg.norm(towards)
        # A directional lamp's shadow map is centred on its position: put that in line with the target.
        pos = light.pos if light.spot else np.asarray(light.target) - 10.0 * towards
        kind = mujoco.mjtLightType.mjLIGHT_SPOT if light.spot else mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
        self.spec.worldbody.add_light(pos=pos, dir=towards, type=kind, diffuse=light.rgb, ambient=[0.0] * 3,
                                      specular=[0.5 * c for c in light.rgb], castshadow=light.shadow,
                                      cutoff=50.0, exponent=3.0)

    def _material(self, key: tuple[object, ...], material: Material, image: Array | None, plane: bool) -> str:
        if key in self.materials:
            return self.materials[key]
        name = self.materials[key] = f"material{len(self.materials)}"
        rgb = material.rgb if image is None else (1.0, 1.0, 1.0)
        made = self.spec.add_material(name=name, rgba=[*rgb, material.alpha], specular=material.gloss,
                                      shininess=material.gloss, emission=material.emission)
        if image is not None:
            kind = mujoco.mjtTexture.mjTEXTURE_2D if plane else mujoco.mjtTexture.mjTEXTURE_CUBE
            texture = self.spec.add_texture(name=name, type=kind, width=image.shape[1], height=image.shape[0],
                                            nchannel=3)
            texture.data = image.tobytes()
            made.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
        return name

    def _plane_material(self, material: Material) -> str:
        if material.texture == "flat":
            return self._material(("flat", material), material, None, True)
        name = self._material(("plane", material), material, plane_image(material, 2 * TEXTURE_PIXELS), True)
        made = self.spec.material(name)
        made.texuniform = True
        made.texrepeat = [1 / (PERIOD * material.scale)] * 2
        return name

    def _solid_material(self, material: Material, geom: Geom) -> str:
        if material.texture == "flat":
            return self._material(("flat", material), material, None, False)
        image = cube_image(material, geom.shape, geom.size, TEXTURE_PIXELS)
        return self._material((geom.shape, geom.size, material), material, image, False)

    def _body(self, body: Body) -> None:
        free = body.motion == "free"
        start = body.keys[0] if body.motion == "scripted" and body.keys else body
        made = self.spec.worldbody.add_body(name=body.name, pos=start.pos, quat=start.quat, mocap=not free)
        if free:
            made.add_freejoint()
        zeta = damping_ratio(min(body.restitution, 0.999))
        total = sum(volume(g) for g in body.geoms)
        for geom in body.geoms:
            solid = collides(body, geom)
            made.add_geom(
                type=_SHAPE[geom.shape], size=geom.size, pos=geom.pos, quat=geom.quat,
                material=self._solid_material(geom.material or body.material, geom),
                mass=body.mass * volume(geom) / total, contype=int(solid), conaffinity=int(solid),
                condim=6, priority=int(free), friction=[body.friction, 0.005, 0.0003],
                solref=[-(STIFFNESS**2), -2 * zeta * STIFFNESS], solimp=[0.9999, 0.9999, 0.001, 0.5, 2],
            )


class World:
    """The running world. Bodies are called by their names; positions are metres, world frame, quaternions WXYZ.

    advance() runs the physics in steps of a fixed length whatever the frame rate; pose() puts everything that is
    not physics (scripted bodies, lamps) where it is at one moment.
    """

    def __init__(self, scene: Scene, height: int, width: int) -> None:
        self.scene = scene
        self.model = _Builder(scene, height, width).build()
        self.data = mujoco.MjData(self.model)
        self.tick = 0
        self.actors = {body.name: self._actor(body) for body in scene.bodies}
        self.owner = np.zeros(self.model.ngeom, int)  # geom -> index of its body + 1; 0: the room
        for i, actor in enumerate(self.actors.values()):
            self.owner[actor.geoms] = i + 1
        self.contacts: list[tuple[float, str, str]] = []
        self._touched: dict[tuple[int, int], float] = {}
        self._diffuse = self.model.light_diffuse.copy()
        self._specular = self.model.light_specular.copy()
        for name, actor in self.actors.items():
            self._dress(actor)
            if actor.qpos >= 0:
                self.move(name, actor.body.velocity, actor.body.spin)
        self.pose(0.0)

    def _actor(self, body: Body) -> Actor:
        m = self.model
        id = mujoco.mj_name2id(m, mujoco.mjtObj.mjOBJ_BODY, body.name)
        geoms = np.arange(m.body_geomadr[id], m.body_geomadr[id] + m.body_geomnum[id])
        joint = m.body_jntadr[id]
        return Actor(body, id, geoms, int(m.body_mocapid[id]), int(m.jnt_qposadr[joint]) if joint >= 0 else -1,
                     int(m.jnt_dofadr[joint]) if joint >= 0 else -1, m.geom_rgba[geoms].copy(),
                     m.geom_size[geoms].copy(), m.geom_pos[geoms].copy(), m.geom_contype[geoms] > 0)

    @property
    def time(self) -> float:
        """Seconds since the start, of the physics."""
        return self.tick * TICK

    # What can be asked of, and done to, a body.

    def where(self, name: str) -> tuple[Array, Array]:
        """(position, quaternion), copies."""
        a, d = self.actors[name], self.data
        if a.mocap >= 0:
            return d.mocap_pos[a.mocap].copy(), d.mocap_quat[a.mocap].copy()
        return d.qpos[a.qpos : a.qpos + 3].copy(), d.qpos[a.qpos + 3 : a.qpos + 7].copy()

    def velocity(self, name: str) -> Array:
        """(3,) m/s; zero for what is not free."""
        a = self.actors[name]
        return self.data.qvel[a.dof : a.dof + 3].copy() if a.dof >= 0 else np.zeros(3)

    def place(self, name: str, pos: Array, quat: Array | None = None) -> None:
        """Put a body somewhere at once."""
        a, d = self.actors[name], self.data
        if a.mocap >= 0:
            d.mocap_pos[a.mocap] = pos
            if quat is not None:
                d.mocap_quat[a.mocap] = quat
        else:
            d.qpos[a.qpos : a.qpos + 3] = pos
            if quat is not None:
                d.qpos[a.qpos + 3 : a.qpos + 7] = quat

    def move(self, name: str, velocity: Array | tuple[float, ...], spin: Array | tuple[float, ...] | None = None) -> None:
        """Give a free body a velocity (m/s) and a spin (rad/s), both in world axes; nothing happens to others."""
        a, d = self.actors[name], self.data
        if a.dof < 0:
            return
        d.qvel[a.dof : a.dof + 3] = velocity
        if spin is not None:
            local = np.zeros(3)
            inverse = np.zeros(4)
            mujoco.mju_negQuat(inverse, d.qpos[a.qpos + 3 : a.qpos + 7])
            mujoco.mju_rotVecQuat(local, np.asarray(spin, float), inverse)
            d.qvel[a.dof + 3 : a.dof + 6] = local

    def push(self, name: str, acceleration: Array) -> None:
        """Accelerate a free body (m/s^2) during the coming tick."""
        a = self.actors[name]
        self.data.xfrc_applied[a.id, :3] = self.model.body_mass[a.id] * np.asarray(acceleration)

    def show(self, name: str, opacity: float) -> None:
        """Opacity in [0, 1]; at 0 the body is not in the world, and nothing collides with it."""
        self.actors[name].opacity = opacity
        self._dress(self.actors[name])

    def resize(self, name: str, scale: float) -> None:
        """Scale a body about its origin, relative to how it was built."""
        self.actors[name].scale = scale
        self._dress(self.actors[name])

    def detach(self, name: str, massive: bool = False) -> None:
        """Let nothing collide with a body any more (or again)."""
        self.actors[name].massive = massive
        self._dress(self.actors[name])

    def _dress(self, a: Actor) -> None:
        m, g = self.model, a.geoms
        m.geom_rgba[g] = a.rgba * (1, 1, 1, a.opacity)
        alpha = a.rgba[:, 3] * a.opacity
        m.geom_group[g] = np.where(alpha <= 0.004, UNSEEN, np.where(alpha < SEEN_FROM, TRANSLUCENT, SOLID))
        if not np.array_equal(m.geom_size[g], a.size * a.scale):
            grown = a.scale * a.size[0].max() / m.geom_size[g][0].max()
            m.geom_size[g], m.geom_pos[g] = a.size * a.scale, a.pos * a.scale
            m.geom_rbound[g] *= grown
            m.geom_aabb[g] *= grown
        m.geom_contype[g] = m.geom_conaffinity[g] = a.solid & a.massive & (a.opacity > 0)

    # Time.

    def pose(self, t: float) -> None:
        """Put scripted bodies and lamps where they are at time t."""
        for name, a in self.actors.items():
            keys = a.body.keys
            if a.body.motion != "scripted" or not keys:
                continue
            times = [k.t for k in keys]
            after = int(np.searchsorted(times, t + 1e-9, side="right"))
            k0, k1 = keys[max(after - 1, 0)], keys[min(after, len(keys) - 1)]
            share = float(np.clip((t - k0.t) / (k1.t - k0.t), 0, 1)) if k1.t > k0.t else 0.0
            pos = np.asarray(k0.pos) * (1 - share) + np.asarray(k1.pos) * share
            self.place(name, pos, slerp(np.asarray(k0.quat, float), np.asarray(k1.quat, float), share))
            scale, opacity = k0.scale * (1 - share) + k1.scale * share, float(k0.visible)
            if (scale, opacity) != (a.scale, a.opacity):
                a.scale, a.opacity = scale, opacity
                self._dress(a)
        for i, light in enumerate(self.scene.lights):
            if light.flicker:
                times, levels = zip(*light.flicker, strict=True)
                level = float(np.interp(t, times, levels))
                self.model.light_diffuse[i] = self._diffuse[i] * level
                self.model.light_specular[i] = self._specular[i] * level

    def advance(self) -> None:
        """Run the physics for one tick; forces given by push() end with it."""
        mujoco.mj_step(self.model, self.data, nstep=2)
        self.tick += 1
        self.data.xfrc_applied[:] = 0
        if self.data.ncon:
            self._note_contacts()

    def _note_contacts(self) -> None:
        now, names = self.time, tuple(self.actors)
        for g0, g1 in self.data.contact.geom.tolist():
            a, b = int(self.owner[g0]), int(self.owner[g1])
            if a == 0 or (b and self.actors[names[a - 1]].dof < 0):
                a, b, g0, g1 = b, a, g1, g0
            if now - self._touched.get((a, b), -1.0) > QUIET:
                other = names[b - 1] if b else ("floor" if self.model.geom(g1).name == "floor" else "wall")
                self.contacts.append((now, names[a - 1], other))
            self._touched[a, b] = now


def slerp(q0: Array, q1: Array, share: float) -> Array:
    """Spherical interpolation of unit quaternions, the short way."""
    if share == 0.0 or np.array_equal(q0, q1):
        return q0
    dot = float(np.dot(q0, q1))
    if dot < 0:
        q1, dot = -q1, -dot
    angle = math.acos(min(dot, 1.0))
    if angle < 1e-6:
        return q0
    return (math.sin((1 - share) * angle) * q0 + math.sin(share * angle) * q1) / math.sin(angle)
