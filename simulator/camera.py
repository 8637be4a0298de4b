"""The pinhole camera: where it is at a time, and its matrices."""

from __future__ import annotations

import math

import numpy as np

from simulator.scene import Camera


def frame(camera: Camera, t: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the camera is at time t: eye (3,) metres, and (3, 3) with columns right, down, forward; z is up."""
    times = [k.t for k in camera.keys]
    eye = np.array([np.interp(t, times, [k.eye[i] for k in camera.keys]) for i in range(3)])
    target = np.array([np.interp(t, times, [k.target[i] for k in camera.keys]) for i in range(3)])
    forward = (target - eye) / np.linalg.norm(target - eye)
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 0.9999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    return eye, np.stack([right, np.cross(forward, right), forward], axis=1)


def intrinsics(camera: Camera, height: int, width: int) -> np.ndarray:
    """(3, 3) pixels; whole coordinates are the centres of pixels, as OpenCV has it."""
    f = height / 2 / math.tan(math.radians(camera.fovy) / 2)
    return np.array([[f, 0, (width - 1) / 2], [0, f, (height - 1) / 2], [0, 0, 1.0]])


def extrinsics(eye: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """(4, 4) world to camera (x right, y down, z forward)."""
    matrix = np.eye(4)
    matrix[:3, :3] = axes.T
    matrix[:3, 3] = -axes.T @ eye
    return matrix
