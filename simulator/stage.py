"""The stage: plays a Script and returns the picture and the truth."""

from __future__ import annotations

import numpy as np

from simulator import camera as pinhole
from simulator.clip import Clip
from simulator.errors import UsageError
from simulator.interventions.base import Intervention, intervention
from simulator.render import Renderer
from simulator.script import Script
from simulator.truth import ABSENT, HIDDEN, OUT, SEEN, Event, Take, Truth
from simulator.violations import Violation
from simulator.world import SEEN_FROM, TICK, Actor, World

SIDES = (16, 1024)  # pixels
MAX_FRAMES = 4096
MAX_BYTES = 4 << 30
ENOUGH = 2e-4  # of the picture: the share a thing has to cover to be seen, and at least MIN_PIXELS
MIN_PIXELS = 3


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
    samples: multisampling of the picture.
    The same arguments give the same bytes in any process.

    Raises:
        UsageError: a size, rate or count outside the limits, a violation that the scene has no place for, or nothing
            to draw with.
    """
    frames = _checked(script, height, width, fps, frames)
    broken = None if violation is None else intervention(violation, script.scene)
    scene = script.scene if broken is None else broken.scene()
    world = World(scene, height, width, {} if broken is None else broken.looks())
    renderer = Renderer(world, height, width, samples)
    try:
        return _record(world, renderer, broken, frames, fps)
    finally:
        renderer.close()


def film(script: Script, height: int, width: int, fps: float, *, frames: int | None = None, samples: int = 4) -> Clip:
    """The clip of `play` without its truth, in less time."""
    frames = _checked(script, height, width, fps, frames)
    world = World(script.scene, height, width, {})
    renderer = Renderer(world, height, width, samples)
    picture = np.empty((frames, height, width, 3), np.uint8)
    try:
        for i in range(frames):
            _run(world, None, i / fps)
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
    if count * height * width * 8 > MAX_BYTES:
        raise UsageError(f"{count} frames of {height}x{width} need over {MAX_BYTES >> 30} GiB; ask for less")
    return count


def _record(world: World, renderer: Renderer, broken: Intervention | None, frames: int, fps: float) -> Take:
    height, width = renderer.height, renderer.width
    n = len(world.actors)
    matrix = pinhole.intrinsics(world.scene.camera, height, width)
    picture = np.empty((frames, height, width, 3), np.uint8)
    masks = np.empty((frames, height, width), np.uint8)
    depth = np.empty((frames, height, width), np.float32)
    pos, quat, velocity = np.empty((frames, n, 3)), np.empty((frames, n, 4)), np.zeros((frames, n, 3))
    state = np.empty((frames, n), np.uint8)
    extrinsics = np.empty((frames, 4, 4))
    times = np.arange(frames) / fps
    for i, t in enumerate(times):
        _run(world, broken, t)
        eye, axes = pinhole.frame(world.scene.camera, t)
        seen = renderer.look(eye, axes)
        if broken is not None and _acts(broken, t):
            seen = broken.picture(*seen, t)
        picture[i], masks[i], depth[i] = seen
        extrinsics[i] = pinhole.extrinsics(eye, axes)
        for j, (name, actor) in enumerate(world.actors.items()):
            pos[i, j], quat[i, j] = world.where(name)
            velocity[i, j] = world.velocity(name)
            state[i, j] = _state(actor, world, masks[i] == j + 1, depth[i], matrix @ extrinsics[i, :3])
    for j, actor in enumerate(world.actors.values()):
        if actor.dof < 0 and frames > 1:
            velocity[:, j] = np.gradient(pos[:, j], times, axis=0)
    truth = Truth(
        names=tuple(world.actors),
        times=times,
        masks=masks,
        depth=depth,
        pos=pos,
        quat=quat,
        velocity=velocity,
        state=state,
        intrinsics=matrix,
        extrinsics=extrinsics,
        events=tuple(Event("contact", t, a, b) for t, a, b in world.contacts),
        broken=None if broken is None else broken.report(frames / fps),
    )
    return Take(Clip(picture, fps), truth)


def _acts(broken: Intervention, t: float) -> bool:
    return broken.v.onset <= t < broken.end


def _run(world: World, broken: Intervention | None, t: float) -> None:
    """Run the world up to the clip's time t, and put everything in place for the picture."""
    to = t if broken is None else broken.clock(t)
    while world.tick < int(to / TICK + 1e-6):
        now = world.time
        world.pose(now)
        if broken is not None and _acts(broken, now):
            broken.begin(world)
            broken.push(world)
            broken.pose(world, now)
        world.dress()
        world.advance()
    world.pose(to)
    world.lamps(to)
    if broken is not None and _acts(broken, t):
        broken.begin(world)
        broken.pose(world, t)
    world.dress()


def _state(actor: Actor, world: World, mask: np.ndarray, depth: np.ndarray, projection: np.ndarray) -> int:
    """ABSENT, SEEN, HIDDEN or OUT, for one body in one frame; projection: (3, 4) world to pixels."""
    if actor.opacity <= 0.004:
        return ABSENT
    if int(mask.sum()) >= max(MIN_PIXELS, ENOUGH * mask.size):
        return SEEN
    points = _surface(actor, world) @ projection[:, :3].T + projection[:, 3]
    points = points[points[:, 2] > 0.05]
    at = np.round(points[:, :2] / points[:, 2:]).astype(int)
    inside = (at >= 0).all(1) & (at < (mask.shape[1], mask.shape[0])).all(1)
    if not inside.any():
        return OUT
    covered = depth[at[inside, 1], at[inside, 0]] < points[inside, 2] - 0.02
    if covered.mean() > 0.5:
        return HIDDEN
    return SEEN if actor.rgba[:, 3].max() * actor.opacity < SEEN_FROM else OUT


_AROUND = np.stack(np.meshgrid((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)), -1).reshape(-1, 3).astype(float)
_AROUND = _AROUND[np.any(_AROUND != 0, axis=1)]


def _surface(actor: Actor, world: World) -> np.ndarray:
    """(P, 3) points on and in the body, world frame."""
    points = []
    for g, geom in zip(actor.geoms, actor.body.geoms, strict=True):
        size = world.model.geom_size[g]
        around = _AROUND / np.linalg.norm(_AROUND, axis=1, keepdims=True) if geom.shape != "box" else _AROUND
        half = {
            "sphere": size[[0, 0, 0]],
            "cylinder": size[[0, 0, 1]],
            "capsule": size[[0, 0, 1]] + (0, 0, size[0]),
        }.get(geom.shape, size)
        local = np.vstack([around * half, np.zeros(3)])
        points.append(local @ world.data.geom_xmat[g].reshape(3, 3).T + world.data.geom_xpos[g])
    return np.vstack(points)
