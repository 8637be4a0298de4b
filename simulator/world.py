"""World: a Scene set in MuJoCo and running, with the handles by which something can meddle with it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.build import LOOK, STEP, build
from simulator.gl import mujoco
from simulator.scene import Body, Scene

TICK = 4 * STEP  # scripts and interventions act once a tick; divides the frame times of 24, 25, 30, 48, 50, 60 fps
SEEN_FROM = 0.5  # opacity under which a thing does not enter masks and depth
SOLID, TRANSLUCENT, UNSEEN = 0, 1, 5  # geom groups
QUIET = 0.05  # seconds apart before touching again counts as a new contact

Array = np.ndarray


@dataclass(frozen=True)
class _Keys:
    """A scripted body's keys, by column."""

    t: list[float]
    pos: Array  # (K, 3)
    quat: Array  # (K, 4)
    scale: list[float]
    visible: list[bool]
    steady: bool  # all quaternions are the same

    @staticmethod
    def of(body: Body) -> _Keys:
        k = body.keys
        quat = np.array([x.quat for x in k], float)
        return _Keys(
            [x.t for x in k],
            np.array([x.pos for x in k], float),
            quat,
            [x.scale for x in k],
            [x.visible for x in k],
            bool((quat == quat[0]).all()),
        )


@dataclass
class Actor:
    """A body at run time: where its numbers are in the engine, and how it is to appear."""

    body: Body
    id: int
    geoms: Array  # ids
    mocap: int  # -1: free
    qpos: int  # -1: not free
    dof: int
    rgba: Array  # (G, 4) as built
    size: Array  # (G, 3) as built
    pos: Array  # (G, 3) as built
    bound: Array  # (G,) bounding radii as built
    solid: Array  # (G,) bool as built
    keys: _Keys | None = None  # of what is scripted
    look: Actor | None = None
    moved: bool = False  # True: fixed, but not where it was built
    opacity: float = 1.0  # 0: not in the world
    scale: float = 1.0
    massive: bool = True  # False: nothing collides with it
    veiled: bool = False  # True: there, but not drawn
    dressed: tuple[float, float, bool, bool] | None = None  # (opacity, scale, massive, veiled) as the engine has it


class World:
    """The running world. Bodies are called by their names; positions are metres, world frame, quaternions WXYZ.

    pose() puts everything that is not physics (scripted bodies, looks, lamps) where it is at one moment; then
    something may meddle; dress() hands the outcome to the engine; advance() runs the physics for one tick.
    Ticks have a fixed length, so that the course of the world does not depend on the frame rate.
    """

    def __init__(self, scene: Scene, height: int, width: int, looks: Mapping[str, Body] | None = None) -> None:
        self.scene = scene
        looks = looks or {}
        self.model = build(scene, looks, height, width)
        self.data = mujoco.MjData(self.model)
        self.tick = 0
        self.actors = {body.name: self._actor(body, body.name) for body in scene.bodies}
        self.owner = np.zeros(self.model.ngeom, int)  # geom -> index of its body + 1; 0: the room
        for i, (name, actor) in enumerate(self.actors.items()):
            self.owner[actor.geoms] = i + 1
            if name in looks:
                actor.look = self._actor(replace(looks[name], motion="fixed"), name + LOOK)
                self.owner[actor.look.geoms] = i + 1
        self.contacts: list[tuple[float, str, str]] = []  # (seconds, free body, other body or "floor" or "wall")
        self._touched: dict[tuple[int, int], float] = {}
        self._diffuse = self.model.light_diffuse.copy()
        self._specular = self.model.light_specular.copy()
        self.floor = self.model.geom("floor").id
        self.model.geom_sameframe[self.floor] = 0  # so that the engine looks at its position
        self._floor_pos = self.model.geom_pos[self.floor].copy()
        for name, actor in self.actors.items():
            if actor.qpos >= 0:
                self.move(name, actor.body.velocity, actor.body.spin)
        self.pose(0.0)
        self.dress()
        self.lamps(0.0)

    def _actor(self, body: Body, name: str) -> Actor:
        m = self.model
        id = mujoco.mj_name2id(m, mujoco.mjtObj.mjOBJ_BODY, name)
        geoms = np.arange(m.body_geomadr[id], m.body_geomadr[id] + m.body_geomnum[id])
        joint = int(m.body_jntadr[id])
        return Actor(
            body,
            id,
            geoms,
            int(m.body_mocapid[id]),
            int(m.jnt_qposadr[joint]) if joint >= 0 else -1,
            int(m.jnt_dofadr[joint]) if joint >= 0 else -1,
            m.geom_rgba[geoms].copy(),
            m.geom_size[geoms].copy(),
            m.geom_pos[geoms].copy(),
            m.geom_rbound[geoms].copy(),
            m.geom_contype[geoms] > 0,
            keys=_Keys.of(body) if body.motion == "scripted" and body.keys else None,
        )

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

    def spin(self, name: str) -> Array:
        """(3,) rad/s about world axes; zero for what is not free."""
        a, world = self.actors[name], np.zeros(3)
        if a.dof >= 0:
            mujoco.mju_rotVecQuat(world, self.data.qvel[a.dof + 3 : a.dof + 6], self.where(name)[1])
        return world

    def touching(self, name: str) -> bool:
        """Whether the body had a contact in the last tick."""
        mine = self.owner[self.actors[name].geoms[0]]
        return any(when == self.time and mine in pair for pair, when in self._touched.items())

    def place(self, name: str, pos: Array, quat: Array | None = None) -> None:
        """Put a body somewhere at once; for what is not free, until the next pose()."""
        a = self.actors[name]
        a.moved = a.body.motion == "fixed"
        self._place(a, pos, quat)

    def _place(self, a: Actor, pos: Array, quat: Array | None) -> None:
        d = self.data
        if a.mocap >= 0:
            d.mocap_pos[a.mocap] = pos
            if quat is not None:
                d.mocap_quat[a.mocap] = quat
        else:
            d.qpos[a.qpos : a.qpos + 3] = pos
            if quat is not None:
                d.qpos[a.qpos + 3 : a.qpos + 7] = quat

    def move(self, name: str, velocity: Sequence[float] | Array, spin: Sequence[float] | Array | None = None) -> None:
        """Give a free body a velocity (m/s) and a spin (rad/s), both in world axes; nothing happens to others."""
        a, d = self.actors[name], self.data
        if a.dof < 0:
            return
        d.qvel[a.dof : a.dof + 3] = velocity
        if spin is not None:
            inverse, local = np.zeros(4), np.zeros(3)
            mujoco.mju_negQuat(inverse, d.qpos[a.qpos + 3 : a.qpos + 7])
            mujoco.mju_rotVecQuat(local, np.asarray(spin, float), inverse)
            d.qvel[a.dof + 3 : a.dof + 6] = local

    def push(self, name: str, acceleration: Array) -> None:
        """Accelerate a body (m/s^2) during the coming tick; nothing happens to what is not free."""
        a = self.actors[name]
        self.data.xfrc_applied[a.id, :3] = self.model.body_mass[a.id] * np.asarray(acceleration)

    def show(self, name: str, opacity: float) -> None:
        """Opacity in [0, 1], until the next pose(); what cannot be seen collides all the same, see detach()."""
        self.actors[name].opacity = opacity

    def resize(self, name: str, scale: float) -> None:
        """Scale a body about its origin, relative to how it was built, until the next pose()."""
        self.actors[name].scale = scale

    def detach(self, name: str) -> None:
        """Let nothing collide with a body, until the next pose()."""
        self.actors[name].massive = False

    def wear(self, name: str) -> None:
        """Draw a body's other look in its stead, until the next pose(); contacts stay those of the body itself."""
        self.actors[name].veiled = True

    def lamps(self, t: float, share: float = 1.0) -> None:
        """Set the flickering lamps `share` of the way to their level at time t."""
        for i, light in enumerate(self.scene.lights):
            if light.flicker:
                times, levels = zip(*light.flicker, strict=True)
                level = float(np.interp(t, times, levels))
                m = self.model
                for now, full in ((m.light_diffuse, self._diffuse), (m.light_specular, self._specular)):
                    now[i] = (1 - share) * now[i] + share * level * full[i]

    def slide_floor(self, offset: Array) -> None:
        """Draw the floor moved by `offset` metres, until the next pose()."""
        self.model.geom_pos[self.floor] = self._floor_pos + offset

    # Time.

    def pose(self, t: float) -> None:
        """Put scripted bodies where they are at time t, and undo what was done for one pose."""
        self.model.geom_pos[self.floor] = self._floor_pos
        for a in self.actors.values():
            a.opacity, a.scale, a.massive, a.veiled = 1.0, 1.0, True, False
            if a.moved:
                self._place(a, np.asarray(a.body.pos), np.asarray(a.body.quat))
                a.moved = False
            elif a.keys is not None:
                self._follow(a, a.keys, t)

    def _follow(self, a: Actor, keys: _Keys, t: float) -> None:
        i = max(bisect_right(keys.t, t + 1e-9) - 1, 0)
        j = min(i + 1, len(keys.t) - 1)
        share = min(max((t - keys.t[i]) / (keys.t[j] - keys.t[i]), 0.0), 1.0) if j > i else 0.0
        quat = keys.quat[i] if keys.steady else slerp(keys.quat[i], keys.quat[j], share)
        self._place(a, keys.pos[i] * (1 - share) + keys.pos[j] * share, quat)
        a.scale = keys.scale[i] * (1 - share) + keys.scale[j] * share
        a.opacity, a.massive = float(keys.visible[i]), keys.visible[i]

    def dress(self) -> None:
        """Hand opacity, scale, solidity and look of every body to the engine, where they changed."""
        for name, a in self.actors.items():
            wanted = (a.opacity, a.scale, a.massive, a.veiled)
            if wanted != a.dressed:
                self._dress(a, a.opacity, a.scale, solid=a.massive, drawn=not a.veiled)
                if a.look is not None:
                    self._dress(a.look, a.opacity, 1.0, solid=False, drawn=a.veiled)
                a.dressed = wanted
            if a.look is not None:
                self._place(a.look, *self.where(name))

    def _dress(self, a: Actor, opacity: float, scale: float, *, solid: bool, drawn: bool) -> None:
        m, g = self.model, a.geoms
        alpha = a.rgba[:, 3] * opacity * drawn
        m.geom_rgba[g, 3] = alpha
        m.geom_group[g] = np.where(alpha <= 0.004, UNSEEN, np.where(alpha < SEEN_FROM, TRANSLUCENT, SOLID))
        m.geom_size[g], m.geom_pos[g], m.geom_rbound[g] = a.size * scale, a.pos * scale, a.bound * scale
        m.geom_aabb[g, 3:] = m.geom_rbound[g][:, None]
        m.geom_contype[g] = m.geom_conaffinity[g] = a.solid & solid

    def advance(self) -> None:
        """Run the physics for one tick; forces given by push() end with it."""
        mujoco.mj_step(self.model, self.data, nstep=4)
        self.tick += 1
        self.data.xfrc_applied[:] = 0
        if self.data.ncon:
            self._note_contacts()

    def _note_contacts(self) -> None:
        now, names = self.time, tuple(self.actors)
        for geoms in self.data.contact.geom.tolist():
            a, b = (int(self.owner[g]) for g in geoms)
            if a == 0 or (b and self.actors[names[a - 1]].dof < 0):
                a, b = b, a
            if now - self._touched.get((a, b), -1.0) > QUIET:
                floor = "floor" if self.floor in geoms else "wall"
                self.contacts.append((now, names[a - 1], names[b - 1] if b else floor))
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
