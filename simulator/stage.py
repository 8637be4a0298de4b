"""The stage: plays a Script and returns the picture and the truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator import camera as pinhole
from simulator.build import TICK
from simulator.clip import Clip
from simulator.correspondence import track
from simulator.errors import UsageError
from simulator.interventions.base import Intervention, intervention
from simulator.render import Renderer
from simulator.script import Script
from simulator.truth import NOBODY, Event, Take, Tracks, Truth
from simulator.violations import Violation
from simulator.visibility import changes, look_for
from simulator.world import World

SIDES = (16, 1024)  # pixels
MAX_FRAMES = 4096
MAX_BYTES = 8 << 30
BYTES = 3 + 2 + 4  # a pixel: picture, parts, depth
Array = np.ndarray


def play(
    script: Script,
    height: int,
    width: int,
    fps: float,
    *,
    frames: int | None = None,
    violation: Violation | None = None,
    samples: int = 4,
) -> Take:
    """Play `script`: frame i is the world at i / fps seconds.

    frames: how many; None: round(script.seconds * fps), at least 1.
    violation: what to break; before its onset the take equals the one without it.
    samples: of the picture, a pixel (1, 4 or 9).
    The same arguments give the same bytes in any process.

    Raises:
        UsageError: a size, rate or count outside the limits, a violation that the scene has no place for, or nothing
            to draw with.
    """
    frames = _checked(script, height, width, fps, frames)
    broken = None if violation is None else intervention(violation, script)
    scene = script.scene if broken is None else broken.scene()
    world = World(scene, height, width, {} if broken is None else broken.looks())
    renderer = Renderer(world, height, width, samples)
    try:
        take = _record(world, renderer, broken, frames, fps)
    finally:
        renderer.close()
    take = replace(take, truth=replace(take.truth, tracks=track(take.truth)))
    return take if broken is None else broken.edit(take)


def film(script: Script, height: int, width: int, fps: float, *, frames: int | None = None, samples: int = 4) -> Clip:
    """The clip of `play` without its truth, in less time."""
    frames = _checked(script, height, width, fps, frames)
    world = World(script.scene, height, width, {})
    renderer = Renderer(world, height, width, samples)
    picture = np.empty((frames, height, width, 3), np.uint8)
    run = _Run(world, None)
    try:
        for i in range(frames):
            run.to(i / fps)
            picture[i] = renderer.picture(*pinhole.frame(script.scene.camera, i / fps))
    finally:
        renderer.close()
    return Clip(picture, fps)


def _checked(script: Script, height: int, width: int, fps: float, frames: int | None) -> int:
    """The number of frames, when all is within the limits."""
    low, high = SIDES
    if not (low <= height <= high and low <= width <= high):
        raise UsageError(f"size {height}x{width} is outside {low} to {high} pixels a side; choose another")
    if not (np.isfinite(fps) and 1 <= fps <= 240):
        raise UsageError(f"fps={fps} is outside [1, 240]")
    count = max(1, round(script.seconds * fps)) if frames is None else frames
    if not 1 <= count <= MAX_FRAMES:
        raise UsageError(f"frames={count} is outside 1 to {MAX_FRAMES}; ask for fewer frames or a lower fps")
    if count * height * width * BYTES > MAX_BYTES:
        raise UsageError(f"{count} frames of {height}x{width} need over {MAX_BYTES >> 30} GiB; ask for less")
    return count


def _record(world: World, renderer: Renderer, broken: Intervention | None, frames: int, fps: float) -> Take:
    height, width = renderer.height, renderer.width
    camera = world.scene.camera
    truth = _blank(world, frames, height, width, fps)
    picture = np.empty((frames, height, width, 3), np.uint8)
    run = _Run(world, broken)
    for i, t in enumerate(truth.times.tolist()):
        run.to(t)
        eye, axes = pinhole.frame(camera, t)
        truth.extrinsics[i], truth.clock[i] = pinhole.extrinsics(eye, axes), world.now
        seen = renderer.look(eye, axes)
        _note_bodies(world, truth, i)
        if broken is not None and broken.acts(t):
            seen = broken.picture(*seen, t, Look(world, renderer, eye, axes, t, broken))
        picture[i], truth.parts[i], truth.depth[i] = seen
        truth.state[i], truth.hidden_by[i] = look_for(world, truth, i)
    for j, actor in enumerate(world.actors.values()):
        if actor.meddled and not actor.engine and frames > 1:
            truth.velocity[:, j] = np.gradient(truth.pos[:, j], truth.times, axis=0)
    said = None if broken is None else broken.report(frames / fps)
    cuts = [Event("cut", t, "camera") for t in pinhole.cuts(camera) if t < frames / fps]
    touched = [Event("contact", t, a, b) for t, a, b in world.contacts]
    events = sorted([*touched, *cuts, *changes(truth)], key=lambda e: e.t)
    return Take(Clip(picture, fps), replace(truth, events=tuple(events), broken=said))


def _blank(world: World, frames: int, height: int, width: int, fps: float) -> Truth:
    """A truth with room for everything that a frame brings."""
    n, parts = len(world.actors), world.model.ngeom
    waving = ((int(g), geom) for a in world.actors.values() for g, geom in zip(a.geoms, a.body.geoms, strict=True))
    return Truth(
        names=tuple(world.actors),
        times=np.arange(frames) / fps,
        clock=np.empty(frames),
        parts=np.empty((frames, height, width), np.uint16),
        part_body=world.owner - 1,
        part_pose=np.empty((frames, parts, 3, 4), np.float32),
        part_scale=np.ones((frames, parts), np.float32),
        surfaces=tuple((g, geom) for g, geom in waving if geom.waves),
        depth=np.empty((frames, height, width), np.float32),
        pos=np.empty((frames, n, 3)),
        quat=np.empty((frames, n, 4)),
        velocity=np.zeros((frames, n, 3)),
        spin=np.zeros((frames, n, 3)),
        state=np.empty((frames, n), np.uint8),
        hidden_by=np.full((frames, n), NOBODY),
        intrinsics=pinhole.intrinsics(world.scene.camera, height, width),
        extrinsics=np.empty((frames, 4, 4)),
        tracks=Tracks(np.empty((frames, 0, 2), np.float32), np.empty((frames, 0), bool), np.empty(0, int)),
        events=(),
    )


def _note_bodies(world: World, truth: Truth, i: int) -> None:
    """Where bodies and parts are in frame i; the renderer has just brought the engine up to date."""
    data = world.data
    truth.part_pose[i, :, :, :3] = data.geom_xmat.reshape(-1, 3, 3)
    truth.part_pose[i, :, :, 3] = data.geom_xpos
    for j, (name, actor) in enumerate(world.actors.items()):
        truth.pos[i, j], truth.quat[i, j] = world.where(name)
        if actor.engine or actor.path is not None:
            truth.velocity[i, j], truth.spin[i, j] = world.velocity(name), world.spin(name)
        if actor.scale != 1.0 or actor.grown is not None:
            truth.part_scale[i, actor.geoms] = actor.scale * (1.0 if actor.grown is None else actor.grown)
        if actor.look is not None and actor.veiled and len(actor.look.geoms) == len(actor.geoms):
            truth.part_pose[i, actor.geoms] = truth.part_pose[i, actor.look.geoms]


@dataclass
class _Run:
    """The world in its course, with or without something that meddles."""

    world: World
    broken: Intervention | None

    def to(self, t: float) -> None:
        """Run up to the clip's time t, and put everything in place for the picture."""
        world, broken = self.world, self.broken
        now = t if broken is None else broken.clock(t)
        target = int(now / TICK + 1e-6)
        if not world.lively:
            world.skip(target)
        pushy, meddled = world.pushy, True
        while world.tick < target:
            acting = broken is not None and broken.acts(world.time)
            if pushy or acting or meddled:
                world.pose(world.time)
                if acting and broken is not None:
                    broken.begin(world)
                    broken.push(world)
                    broken.pose(world, world.time)
                world.dress()
            meddled = acting
            world.advance()
        world.pose(now)
        world.lamps(now)
        if broken is not None and broken.acts(t):
            broken.begin(world)
            broken.pose(world, t)
        world.dress()


@dataclass
class Look:
    """How an intervention draws the same moment once more, with things hidden or moved."""

    world: World
    renderer: Renderer
    eye: Array
    axes: Array
    t: float
    broken: Intervention

    def __call__(self, *, hide: tuple[str, ...] = (), move: dict[str, Array] | None = None) -> tuple[Array, Array]:
        """Picture (H, W, 3) uint8 and parts (H, W) uint16 with the bodies `hide` not there at all, and those in
        `move` shifted by so many metres; the world is as before afterwards."""
        for name in hide:
            self.world.show(name, 0.0)
        for name, offset in (move or {}).items():
            self.world.place(name, self.world.where(name)[0] + offset)
        self.world.dress()
        picture, parts, _ = self.renderer.look(self.eye, self.axes)
        self.world.pose(self.world.now)
        self.broken.pose(self.world, self.t)
        self.world.dress()
        return picture, parts
