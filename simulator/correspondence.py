"""Correspondence: where the points of surfaces go from frame to frame; point tracks and optical flow.

A point of part k is X in the part's frame (its bend taken off, in units of its scale). In frame t it is at
R_k(t) (s_k(t) X) + p_k(t) in the world, and the camera projects it: exact for rigid parts, and for sheets up to the
mesh that is drawn for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.scene import Geom
from simulator.surface import height
from simulator.truth import Tracks, Truth

POINTS = 256  # tracks a clip, about
STARTS = 4  # frames in which points are sampled
SLACK = 0.012  # of the depth: two surfaces this close are one
SKY = 1e5  # metres
Array = np.ndarray
Surfaces = Sequence[tuple[int, Geom]]


def lift(truth: Truth, t: int, x: Array, y: Array) -> Array:
    """(M, 3) world positions, metres, of what is seen at pixels x, y (M,) of frame t; the sky is SKY metres away."""
    k = truth.intrinsics
    z = np.where(np.isfinite(truth.depth[t, y, x]), truth.depth[t, y, x], SKY).astype(float)
    camera = np.stack([(x - k[0, 2]) / k[0, 0] * z, (y - k[1, 2]) / k[1, 1] * z, z], -1)
    pose = truth.extrinsics[t]
    return np.asarray((camera - pose[:3, 3]) @ pose[:3, :3])


def project(intrinsics: Array, extrinsics: Array, world: Array) -> tuple[Array, Array]:
    """(..., 2) pixels (NaN behind the camera) and (...,) depth in metres of world points (..., 3)."""
    camera = world @ extrinsics[:3, :3].T + extrinsics[:3, 3]
    z = camera[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        xy = camera[..., :2] / np.where(z > 1e-4, z, np.nan)[..., None]
    return xy * intrinsics[[0, 1], [0, 1]] + intrinsics[:2, 2], z


def flow(truth: Truth, t: int) -> Array:
    """(H, W, 2) float32: pixels that what is seen at each pixel of frame t moves until frame t + 1, hidden or not.

    NaN where it is behind the camera then.

    Raises:
        IndexError: t is not in [0, T - 2].
    """
    if not 0 <= t < len(truth.times) - 1:
        raise IndexError(f"flow leads from frame {t} to the next; t has to be in 0 to {len(truth.times) - 2}")
    h, w = truth.depth.shape[1:]
    y, x = (v.ravel() for v in np.mgrid[:h, :w])
    part = truth.parts[t].ravel().astype(int) - 1
    world = lift(truth, t, x, y)
    local = to_part(truth, t, world, part)
    xy, _ = project(truth.intrinsics, truth.extrinsics[t + 1], to_world(truth, t + 1, local, part))
    return (xy - np.stack([x, y], -1)).reshape(h, w, 2).astype(np.float32)


def to_part(truth: Truth, t: int, world: Array, part: Array) -> Array:
    """World points (M, 3) of frame t in the frames of their parts (M,), at rest; part -1 is the world itself."""
    pose, scale = truth.part_pose[t].astype(float)[part], truth.part_scale[t].astype(float)[part]
    local = np.einsum("mji,mj->mi", pose[:, :, :3], world - pose[:, :, 3]) / np.maximum(scale, 1e-6)[:, None]
    for k, geom in truth.surfaces:
        on = part == k
        local[on, 2] -= height(geom, local[on, 0], local[on, 1], float(truth.clock[t]))
    local[part < 0] = world[part < 0]
    return local


def to_world(truth: Truth, t: int, local: Array, part: Array) -> Array:
    """The inverse of to_part, for any frame t."""
    local = local.copy()
    for k, geom in truth.surfaces:
        on = part == k
        local[on, 2] += height(geom, local[on, 0], local[on, 1], float(truth.clock[t]))
    pose, scale = truth.part_pose[t].astype(float)[part], truth.part_scale[t].astype(float)[part]
    world = np.einsum("mij,mj->mi", pose[:, :, :3], local * scale[:, None]) + pose[:, :, 3]
    world[part < 0] = local[part < 0]
    return world


def track(truth: Truth) -> Tracks:
    """About POINTS points, sampled in STARTS frames: a share for every body that is seen there, a share for the room.

    truth: all but its tracks.
    """
    frames = len(truth.depth)
    rng = np.random.default_rng(0)
    locals_, parts = [np.empty((0, 3))], [np.empty(0, int)]
    body = truth.body_of_part
    for start in np.unique(np.linspace(0, frames - 1, min(frames, STARTS)).astype(int)):
        owner = body[truth.parts[start]]
        groups = [g for g in range(len(truth.names) + 1) if (owner == g).any()]
        each = max(2, POINTS // STARTS // (len(groups) + 1))
        for group in groups:
            y, x = np.nonzero((owner == group) & (truth.parts[start] > 0) & (truth.depth[start] < 60.0))
            if not len(y):
                continue
            pick = rng.choice(len(y), min(len(y), each * (2 if group == 0 else 1)), replace=False)
            part = truth.parts[start, y[pick], x[pick]].astype(int) - 1
            locals_.append(to_part(truth, int(start), lift(truth, int(start), x[pick], y[pick]), part))
            parts.append(part)
    local, part = np.concatenate(locals_), np.concatenate(parts)
    xy, seen = np.empty((frames, len(part), 2), np.float32), np.empty((frames, len(part)), bool)
    for t in range(frames):
        xy[t], z = project(truth.intrinsics, truth.extrinsics[t], to_world(truth, t, local, part))
        seen[t] = _shows(truth, t, xy[t], z, part)
    return Tracks(xy, seen, part + 1)


def _shows(truth: Truth, t: int, xy: Array, z: Array, part: Array) -> Array:
    """(P,) whether points at xy of depth z are in the picture and on the surface that is seen there.

    The point has to lie within the range of depths that its part has in the 3 x 3 pixels around it.
    """
    h, w = truth.depth.shape[1:]
    with np.errstate(invalid="ignore"):
        inside = (z > 0) & (xy > -0.5).all(-1) & (xy < (w - 0.5, h - 0.5)).all(-1)
    at = np.where(inside[:, None], np.nan_to_num(xy), 0.0).round().astype(int)
    low, high = np.full(len(z), np.inf), np.full(len(z), -np.inf)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            row, column = np.clip(at[:, 1] + dy, 0, h - 1), np.clip(at[:, 0] + dx, 0, w - 1)
            mine = truth.parts[t, row, column] == part + 1
            depth = truth.depth[t, row, column]
            low = np.where(mine, np.minimum(low, depth), low)
            high = np.where(mine, np.maximum(high, depth), high)
    here = truth.parts[t, at[:, 1], at[:, 0]] == part + 1
    return np.asarray(inside & here & (z > low * (1 - SLACK)) & (z < high * (1 + SLACK)))
