"""The pinhole camera: where it is at a time, and its matrices."""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np

from simulator.scene import Camera


def frame(camera: Camera, t: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the camera is at time t: eye (3,) metres, and (3, 3) with columns right, down, forward; z is up."""
    i = max(bisect_right(camera.keys, t + 1e-9, key=lambda k: k.t) - 1, 0)
    a, b = camera.keys[i], camera.keys[min(i + 1, len(camera.keys) - 1)]
    share = 0.0 if b.cut or b.t <= a.t else min(max((t - a.t) / (b.t - a.t), 0.0), 1.0)
    eye, target = (
        np.add(np.multiply(p, 1 - share), np.multiply(q, share)) for p, q in ((a.eye, b.eye), (a.target, b.target))
    )
    forward = (target - eye) / np.linalg.norm(target - eye)
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 0.9999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    roll = math.radians(a.roll * (1 - share) + b.roll * share)
    c, s = math.cos(roll), math.sin(roll)
    return eye, np.stack([c * right + s * down, c * down - s * right, forward], axis=1)


def cuts(camera: Camera) -> tuple[float, ...]:
    """The times (seconds) at which the picture jumps to another view."""
    return tuple(k.t for k in camera.keys[1:] if k.cut)


def fovy(camera: Camera, height: int, width: int) -> float:
    """The vertical field of view in degrees of a picture of that size."""
    return math.degrees(2 * math.atan(math.tan(math.radians(camera.fov) / 2) * height / min(height, width)))


def intrinsics(camera: Camera, height: int, width: int) -> np.ndarray:
    """(3, 3) pixels; whole coordinates are the centres of pixels, as OpenCV has it."""
    f = min(height, width) / 2 / math.tan(math.radians(camera.fov) / 2)
    return np.array([[f, 0, (width - 1) / 2], [0, f, (height - 1) / 2], [0, 0, 1.0]])


def extrinsics(eye: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """(4, 4) world to camera (x right, y down, z forward)."""
    matrix = np.eye(4)
    matrix[:3, :3] = axes.T
    matrix[:3, 3] = -axes.T @ eye
    return matrix
