"""World: a Scene set in MuJoCo and running, with the handles by which something can meddle with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from simulator.build import LOOK, TICK, build
from simulator.gl import mujoco
from simulator.motion import Path, Paths
from simulator.scene import Body, Scene
from simulator.surface import mesh, normals

SEEN_FROM = 0.5  # opacity under which a thing does not enter masks and depth
SOLID, TRANSLUCENT, UNSEEN = 0, 1, 5  # geom groups
QUIET = 0.05  # seconds apart before touching again counts as a new contact
BRIEF = 1 / 480  # seconds either side, for the velocity of what is scripted

Array = np.ndarray


@dataclass
class Actor:
    """A body at run time: where its numbers are in the engine, and how it is to appear."""

    body: Body
    id: int
    geoms: Array  # ids
    mocap: int  # -1: the engine moves it
    qpos: int  # -1: the engine does not
    dof: int
    rgba: Array  # (G, 4) as built
    size: Array  # (G, 3) as built
    pos: Array  # (G, 3) in the body, at scale 1
    bound: Array  # (G,) bounding radii as built
    solid: Array  # (G,) bool as built
    path: Path | None = None  # of what is scripted
    limbs: Paths | None = None  # of geoms that move in the body
    meshes: tuple[int, ...] = ()  # geoms (positions in `geoms`) that are meshes of their own
    look: Actor | None = None
    moved: bool = False  # True: not where the script or the engine would have it
    meddled: bool = False  # True: was moved once
    shown: Array | None = None  # (G,) opacity of the limbs
    grown: Array | None = None  # (G,) scale of the limbs
    opacity: float = 1.0  # 0: not in the world
    scale: float = 1.0
    massive: bool = True  # False: nothing collides with it
    felt: float = 1.0  # share of its size that others feel, where it wears another look
    veiled: bool = False  # True: there, but not drawn
    now: float | None = None  # seconds, where its sheets are to be as they were then
    dressed: tuple[float, float, float, bool, bool] | None = None  # what the engine has: as `wanted`
    bent: tuple[float, float] | None = None  # (seconds, scale) that its meshes have

    @property
    def wanted(self) -> tuple[float, float, float, bool, bool]:
        """How it is to appear."""
        return self.opacity, self.scale, self.felt, self.massive, self.veiled

    @property
    def engine(self) -> bool:
        """Whether the engine moves it."""
        return self.dof >= 0

    @property
    def free(self) -> bool:
        """Whether it is a free rigid body."""
        return self.body.motion == "free"


@dataclass
class _Contacts:
    """Which bodies touch; a contact is new when the two were apart for QUIET seconds."""

    found: list[tuple[float, str, str]] = field(default_factory=list)  # (seconds, moving body, other or floor or wall)
    last: dict[tuple[int, int], float] = field(default_factory=dict)


class World:
    """The running world. Bodies are called by their names; positions are metres, world frame, quaternions WXYZ.

    pose() puts everything that is not physics (scripted bodies, limbs, sheets, looks, lamps) where it is at one
    moment; then something may meddle; dress() hands the outcome to the engine; advance() runs the physics for one
    tick. Ticks have a fixed length, so that the course of the world does not depend on the frame rate.
    """

    def __init__(self, scene: Scene, height: int, width: int, looks: Mapping[str, Body] | None = None) -> None:
        self.scene = scene
        looks = looks or {}
        self.model = build(scene, looks, height, width)
        self.data = mujoco.MjData(self.model)
        self.tick = 0
        self.now = 0.0  # seconds, of the last pose()
        self.version = 0  # changes whenever something is shown or hidden
        self.stale: set[int] = set()  # meshes that the renderer has to load again
        self.actors = {body.name: self._actor(body, body.name) for body in scene.bodies}
        self.owner = np.zeros(self.model.ngeom, int)  # geom -> index of its body + 1; 0: the room
        self.part = np.arange(self.model.ngeom)  # geom -> the geom that it stands for, another look for the first
        for i, (name, actor) in enumerate(self.actors.items()):
            self.owner[actor.geoms] = i + 1
            if name in looks:
                actor.look = self._actor(replace(looks[name], motion="fixed", keys=()), name + LOOK)
                self.owner[actor.look.geoms] = i + 1
                if len(actor.look.geoms) == len(actor.geoms):
                    self.part[actor.look.geoms] = actor.geoms
        self._contacts = _Contacts()
        self._diffuse = self.model.light_diffuse.copy()
        self._specular = self.model.light_specular.copy()
        self.floor = self.model.geom("floor").id
        self.model.geom_sameframe[self.floor] = 0  # so that the engine looks at its position
        self._floor_pos = self.model.geom_pos[self.floor].copy()
        self._home = self.model.body_pos.copy()
        self._scripted = [a for a in self.actors.values() if a.path or a.limbs or a.meshes]
        self._changed = dict.fromkeys(self.actors)  # names of what dress() has to look at; a dict keeps their order
        for name, actor in self.actors.items():
            if actor.free:
                self.move(name, actor.body.velocity, actor.body.spin)
            elif actor.body.hinge is not None and actor.engine:
                self.data.qpos[actor.qpos] = actor.body.hinge.angle
                self.data.qvel[actor.dof] = actor.body.hinge.speed
        self.pose(0.0)
        self.dress()
        self.lamps(0.0)
        mujoco.mj_forward(self.model, self.data)

    def _actor(self, body: Body, name: str) -> Actor:
        m = self.model
        id = mujoco.mj_name2id(m, mujoco.mjtObj.mjOBJ_BODY, name)
        geoms = np.arange(m.body_geomadr[id], m.body_geomadr[id] + m.body_geomnum[id])
        joint = int(m.body_jntadr[id])
        meshes = tuple(i for i, g in enumerate(geoms) if m.geom_dataid[g] >= 0)
        for i in meshes:  # the engine centres a mesh; put it back where it was made
            first = body.geoms[i].keys[0] if body.geoms[i].keys else body.geoms[i]
            m.geom_pos[geoms[i]], m.geom_quat[geoms[i]] = first.pos, first.quat
            m.geom_sameframe[geoms[i]], m.geom_rbound[geoms[i]] = 0, 2 * max(body.geoms[i].size)
            m.geom_aabb[geoms[i], :3] = 0.0
        limbs = Paths.of([(i, g.keys) for i, g in enumerate(body.geoms) if g.keys])
        if limbs is not None:
            m.geom_sameframe[geoms[limbs.index]] = 0
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
            path=Path.of(body.keys) if body.motion == "scripted" and body.keys else None,
            limbs=limbs,
            meshes=meshes,
        )

    @property
    def time(self) -> float:
        """Seconds since the start, of the physics."""
        return self.tick * TICK

    @property
    def lively(self) -> bool:
        """Whether the engine has anything to move."""
        return self.model.nv > 0

    @property
    def pushy(self) -> bool:
        """Whether scripted bodies can touch what the engine moves, so that they have to be posed at every tick."""
        return self.lively and any(a.solid.any() for a in self._scripted)

    @property
    def contacts(self) -> list[tuple[float, str, str]]:
        """(seconds, moving body, other body or "floor" or "wall") of every new contact so far."""
        return self._contacts.found

    # What can be asked of, and done to, a body.

    def where(self, name: str) -> tuple[Array, Array]:
        """(position, quaternion), copies."""
        a, d = self.actors[name], self.data
        if a.mocap >= 0:
            return d.mocap_pos[a.mocap].copy(), d.mocap_quat[a.mocap].copy()
        if a.free:
            return d.qpos[a.qpos : a.qpos + 3].copy(), d.qpos[a.qpos + 3 : a.qpos + 7].copy()
        return d.xpos[a.id].copy(), d.xquat[a.id].copy()

    def velocity(self, name: str) -> Array:
        """(3,) m/s of the body's origin."""
        a = self.actors[name]
        if a.free:
            return self.data.qvel[a.dof : a.dof + 3].copy()
        if a.engine:
            assert a.body.hinge is not None
            return np.cross(self.spin(name), self.where(name)[0] - self._anchor(a))
        return a.path.velocity(self.now, BRIEF)[0] if a.path else np.zeros(3)

    def spin(self, name: str) -> Array:
        """(3,) rad/s about world axes."""
        a, world = self.actors[name], np.zeros(3)
        if a.free:
            mujoco.mju_rotVecQuat(world, self.data.qvel[a.dof + 3 : a.dof + 6], self.where(name)[1])
        elif a.engine:
            assert a.body.hinge is not None
            world = np.asarray(a.body.hinge.axis, float) * self.data.qvel[a.dof]
        elif a.path:
            world = a.path.velocity(self.now, BRIEF)[1]
        return world

    def _anchor(self, a: Actor) -> Array:
        """(3,) where a hinged body's axle is, metres."""
        assert a.body.hinge is not None
        return np.asarray(a.body.hinge.anchor, float) + self.model.body_pos[a.id] - self._home[a.id]

    def touching(self, name: str, other: str | None = None) -> bool:
        """Whether the body had a contact (with `other`, if given) in the last tick."""
        mine = self.owner[self.actors[name].geoms[0]]
        theirs = None if other is None else self.owner[self.actors[other].geoms[0]]
        return any(
            when == self.time and mine in pair and (theirs is None or theirs in pair)
            for pair, when in self._contacts.last.items()
        )

    def place(self, name: str, pos: Array, quat: Array | None = None) -> None:
        """Put a body somewhere at once; for what is not free, until the next pose(). A hinge moves with its body."""
        a = self.actors[name]
        a.moved = not a.free
        a.meddled = True
        self._changed[name] = None
        self._place(a, pos, quat)

    def _place(self, a: Actor, pos: Array, quat: Array | None) -> None:
        d = self.data
        if a.mocap >= 0:
            d.mocap_pos[a.mocap] = pos
            if quat is not None:
                d.mocap_quat[a.mocap] = quat
        elif a.free:
            d.qpos[a.qpos : a.qpos + 3] = pos
            if quat is not None:
                d.qpos[a.qpos + 3 : a.qpos + 7] = quat
        else:
            self.model.body_pos[a.id] += pos - d.xpos[a.id]
            d.xpos[a.id] = pos

    def move(self, name: str, velocity: Sequence[float] | Array, spin: Sequence[float] | Array | None = None) -> None:
        """Give what the engine moves a velocity (m/s) and a spin (rad/s), in world axes; others stay as they are.

        A hinged body takes of them what its axle lets through.
        """
        a, d = self.actors[name], self.data
        if a.free:
            d.qvel[a.dof : a.dof + 3] = velocity
            if spin is not None:
                inverse, local = np.zeros(4), np.zeros(3)
                mujoco.mju_negQuat(inverse, d.qpos[a.qpos + 3 : a.qpos + 7])
                mujoco.mju_rotVecQuat(local, np.asarray(spin, float), inverse)
                d.qvel[a.dof + 3 : a.dof + 6] = local
        elif a.engine:
            assert a.body.hinge is not None
            axis = np.asarray(a.body.hinge.axis, float)
            tangent = np.cross(axis, self.where(name)[0] - self._anchor(a))
            reach = float(tangent @ tangent)
            turn = 0.0 if spin is None else float(axis @ np.asarray(spin))
            d.qvel[a.dof] = float(tangent @ np.asarray(velocity)) / reach if reach > 1e-6 else turn

    def push(self, name: str, acceleration: Array) -> None:
        """Accelerate a body (m/s^2) during the coming tick; nothing happens to what the engine does not move."""
        a = self.actors[name]
        self.data.xfrc_applied[a.id, :3] = self.model.body_mass[a.id] * np.asarray(acceleration)

    def show(self, name: str, opacity: float) -> None:
        """Opacity in [0, 1], until the next pose(); what cannot be seen collides all the same, see detach()."""
        self.actors[name].opacity = opacity
        self._changed[name] = None

    def resize(self, name: str, scale: float) -> None:
        """Scale a body about its origin, relative to how it was built, until the next pose()."""
        self.actors[name].scale = scale
        self._changed[name] = None

    def detach(self, name: str) -> None:
        """Let nothing collide with a body, until the next pose()."""
        self.actors[name].massive = False
        self._changed[name] = None

    def wear(self, name: str) -> None:
        """Draw a body's other look in its stead, until the next pose(); contacts stay those of the body itself."""
        self.actors[name].veiled = True
        self._changed[name] = None

    def soften(self, name: str, share: float) -> None:
        """Let others feel a body that wears another look at `share` of its size, until the next pose()."""
        self.actors[name].felt = share
        self._changed[name] = None

    def replay(self, name: str, t: float) -> None:
        """Put a scripted body, with what moves in it, where the script has it at time t, until the next pose()."""
        a = self.actors[name]
        a.meddled, a.now = True, t
        self._follow(a, t)

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
        """Put what is scripted where it is at time t, and undo what was done for one pose."""
        self.now = t
        self.model.geom_pos[self.floor] = self._floor_pos
        for name in self._changed:
            self._reset(self.actors[name])
        for a in self._scripted:
            self._follow(a, t)

    def _follow(self, a: Actor, t: float) -> None:
        """Put a body, its limbs and those of its other look where the script has them at time t."""
        self._changed[a.body.name] = None
        if a.path is not None:
            pos, quat, a.scale, a.massive = a.path.at(t)
            self._place(a, pos, quat)
            a.opacity = float(a.massive)
        for actor in filter(None, (a, a.look)):
            if actor.limbs is not None:
                self._move_limbs(actor, actor.limbs, t)
                a.dressed = None

    def _reset(self, a: Actor) -> None:
        a.opacity, a.scale, a.felt, a.massive, a.veiled, a.now = 1.0, 1.0, 1.0, True, False, None
        if a.moved and a.mocap >= 0:
            self._place(a, np.asarray(a.body.pos), np.asarray(a.body.quat))
        elif a.moved:
            self.data.xpos[a.id] -= self.model.body_pos[a.id] - self._home[a.id]
            self.model.body_pos[a.id] = self._home[a.id]
        a.moved = False

    def _move_limbs(self, a: Actor, limbs: Paths, t: float) -> None:
        pos, quat, scale, visible = limbs.at(t)
        a.pos[limbs.index] = pos
        self.model.geom_quat[a.geoms[limbs.index]] = quat
        if a.shown is None or a.grown is None:
            a.shown, a.grown = np.ones(len(a.geoms)), np.ones(len(a.geoms))
        a.shown[limbs.index], a.grown[limbs.index] = visible, scale

    def dress(self) -> None:
        """Hand opacity, scale, solidity, look and bend of every body to the engine, where they changed."""
        for name in self._changed:
            a = self.actors[name]
            if a.wanted != a.dressed:
                self._dress(a, a.opacity, a.scale * a.felt, solid=a.massive, drawn=not a.veiled)
                if a.look is not None:
                    self._dress(a.look, a.opacity, a.scale, solid=False, drawn=a.veiled)
                a.dressed = a.wanted
            now = self.now if a.now is None else a.now
            self._bend(a, now, a.scale)
            if a.look is not None:
                self._place(a.look, *self.where(name))
                self._bend(a.look, now, a.scale)
        altered = [n for n in self._changed if self._altered(self.actors[n])]
        self._changed = dict.fromkeys(altered)

    def _altered(self, a: Actor) -> bool:
        """Whether the next pose() has to undo something, or its look has to follow it."""
        plain = a.wanted == (1.0, 1.0, 1.0, True, False) and a.now is None
        return a.moved or a.look is not None or not plain

    def _dress(self, a: Actor, opacity: float, scale: float, *, solid: bool, drawn: bool) -> None:
        m, g = self.model, a.geoms
        alpha = a.rgba[:, 3] * opacity * drawn * (1.0 if a.shown is None else a.shown)
        size = scale if a.grown is None else (scale * a.grown)[:, None]
        group = np.where(alpha <= 0.004, UNSEEN, np.where(alpha < SEEN_FROM, TRANSLUCENT, SOLID))
        if (group != m.geom_group[g]).any():
            self.version += 1
        m.geom_rgba[g, 3], m.geom_group[g] = alpha, group
        m.geom_size[g], m.geom_pos[g] = a.size * size, a.pos * scale
        m.geom_rbound[g] = a.bound * np.ravel(size)
        m.geom_aabb[g, 3:] = m.geom_rbound[g][:, None]
        m.geom_contype[g] = m.geom_conaffinity[g] = a.solid & solid

    def _bend(self, a: Actor, t: float, scale: float) -> None:
        """Give the body's meshes the shape and size that they have at time t."""
        waving = any(a.body.geoms[i].waves for i in a.meshes)
        wanted = (t if waving else 0.0, scale)
        if not a.meshes or a.bent == wanted:
            return
        a.bent = wanted
        m = self.model
        for i in a.meshes:
            id = int(m.geom_dataid[a.geoms[i]])
            points, faces, _ = mesh(a.body.geoms[i], t)
            first, count = int(m.mesh_vertadr[id]), int(m.mesh_vertnum[id])
            m.mesh_vert[first : first + count] = points * scale
            first = int(m.mesh_normaladr[id])
            m.mesh_normal[first : first + count] = normals(points, faces)
            self.stale.add(id)

    def skip(self, tick: int) -> None:
        """Be at a later tick at once, where the engine has nothing to move."""
        self.tick = tick

    def advance(self) -> None:
        """Run the physics for one tick; forces given by push() end with it."""
        mujoco.mj_step(self.model, self.data, nstep=self.scene.substeps)
        self.tick += 1
        self.data.xfrc_applied[:] = 0
        if self.data.ncon:
            self._note_contacts()

    def _note_contacts(self) -> None:
        now, names = self.time, tuple(self.actors)
        pairs = self.owner[self.data.contact.geom]
        touched = self._contacts.last
        for code in dict.fromkeys((pairs[:, 0] * 1024 + pairs[:, 1]).tolist()):
            a, b = divmod(code, 1024)
            if a == 0 or (b and not self.actors[names[a - 1]].engine):
                a, b = b, a
            if now - touched.get((a, b), -1.0) > QUIET:
                other = names[b - 1] if b else self._room_part(a)
                self._contacts.found.append((now, names[a - 1], other))
            touched[a, b] = now

    def _room_part(self, a: int) -> str:
        """What of the room the body with owner number `a` touches: "floor" or "wall"."""
        geoms = self.data.contact.geom
        mine = geoms[(self.owner[geoms] == a).any(1) & (self.owner[geoms] == 0).any(1)]
        return "floor" if (mine == self.floor).any() else "wall"
