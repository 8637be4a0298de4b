"""Visibility: which bodies are seen, hidden or out of the picture in a frame, and what that makes happen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulator.truth import ABSENT, HIDDEN, NOBODY, OUT, SEEN, Event, Truth
from simulator.world import SEEN_FROM, Actor, World

ENOUGH = 2e-4  # of the picture: the share a thing has to cover to be seen, and at least MIN_PIXELS
MIN_PIXELS = 3
NEAR = 0.05  # metres from the camera: what is nearer is not looked for
Array = np.ndarray


def look_for(world: World, truth: Truth, i: int) -> tuple[Array, Array]:
    """State (N,) and hider (N,) of every body in frame i."""
    owner = truth.body_of_part[truth.parts[i]]
    pixels = np.bincount(owner.ravel(), minlength=len(truth.names) + 1)
    least = max(MIN_PIXELS, ENOUGH * owner.size)
    projection = truth.intrinsics @ truth.extrinsics[i, :3]
    state, by = np.empty(len(truth.names), np.uint8), np.full(len(truth.names), NOBODY)
    for j, actor in enumerate(world.actors.values()):
        if actor.opacity <= 0.004:
            state[j] = ABSENT
        elif pixels[j + 1] >= least:
            state[j] = SEEN
        else:
            state[j], by[j] = _out_of_sight(actor, world, owner, truth.depth[i], projection)
    return state, by


def _out_of_sight(actor: Actor, world: World, owner: Array, depth: Array, projection: Array) -> tuple[int, int]:
    """HIDDEN and by which body, or OUT; SEEN for what is translucent. projection: (3, 4) world to pixels."""
    points = _surface(actor, world) @ projection[:, :3].T + projection[:, 3]
    points = points[points[:, 2] > NEAR]
    at = np.round(points[:, :2] / points[:, 2:]).astype(int)
    inside = (at >= 0).all(1) & (at < (depth.shape[1], depth.shape[0])).all(1)
    if not inside.any():
        return OUT, NOBODY
    rows, columns = at[inside, 1], at[inside, 0]
    covered = depth[rows, columns] < points[inside, 2] - 0.02
    if covered.mean() > 0.5:
        hiders = owner[rows, columns][covered]
        return HIDDEN, int(np.bincount(hiders).argmax()) - 1
    return (SEEN if actor.rgba[:, 3].max() * actor.opacity < SEEN_FROM else OUT), NOBODY


_AROUND = np.stack(np.meshgrid((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)), -1).reshape(-1, 3).astype(float)
_AROUND = _AROUND[np.any(_AROUND != 0, axis=1)]


def _surface(actor: Actor, world: World) -> Array:
    """(P, 3) points on and in the body, world frame."""
    points = []
    for g, geom in zip(actor.geoms, actor.body.geoms, strict=True):
        size = np.asarray(geom.size) * actor.scale
        around = _AROUND / np.linalg.norm(_AROUND, axis=1, keepdims=True) if geom.shape != "box" else _AROUND
        half = {
            "sphere": size[[0, 0, 0]],
            "cylinder": size[[0, 0, 1]],
            "cone": size[[0, 0, 1]],
            "capsule": size[[0, 0, 1]] + (0, 0, size[0]),
        }.get(geom.shape, size)
        local = np.vstack([around * half, np.zeros(3)])
        points.append(local @ world.data.geom_xmat[g].reshape(3, 3).T + world.data.geom_xpos[g])
    return np.vstack(points)


_CHANGES = {
    (SEEN, HIDDEN): "hidden",
    (HIDDEN, SEEN): "revealed",
    (SEEN, OUT): "leaves_frame",
    (OUT, SEEN): "returns",
    (SEEN, ABSENT): "vanishes",
    (ABSENT, SEEN): "appears",
}


def changes(truth: Truth) -> Iterator[Event]:
    """The events that lie in bodies' coming into and going out of sight."""
    for i, j in np.argwhere(truth.state[1:] != truth.state[:-1]).tolist():
        kind = _CHANGES.get((int(truth.state[i, j]), int(truth.state[i + 1, j])))
        if kind is not None:
            hider = int(truth.hidden_by[i + 1, j] if kind == "hidden" else truth.hidden_by[i, j])
            yield Event(kind, float(truth.times[i + 1]), truth.names[j], truth.names[hider] if hider >= 0 else None)
