"""Views: how large a body of the script is in the picture, where another camera takes over."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from simulator import camera as pinhole
from simulator.interventions.geometry import reach
from simulator.motion import Path
from simulator.scene import Body, Geom
from simulator.script import Script

NEAR = 0.05  # metres from the camera


def seen_box(script: Script, body: Body, seconds: float, aspect: float = 1.0) -> np.ndarray | None:
    """(4,) x0, y0, x1, y1 in fractions that a body takes in the script's picture, `aspect` times as wide as high.

    Each part counts as far as it reaches along the picture's axes, at the distance of its middle. None where the script
    does not say how the body lies then, or it is not in front of the camera.
    """
    if body.motion not in ("fixed", "scripted") or any(g.keys for g in body.geoms):
        return None
    eye, axes = pinhole.frame(script.scene.camera, seconds)
    pos, quat, scale, _ = Path.of(body.keys).at(seconds) if body.keys else (body.pos, body.quat, 1.0, True)
    ends = [_ends(g, np.asarray(pos), _turn(quat), scale, eye, axes) for g in body.geoms]
    if min(depth for _, _, depth in ends) < NEAR:
        return None
    focal = float(pinhole.intrinsics(script.scene.camera, 1000, round(1000 * aspect))[0, 0]) / 1000
    low, high = np.min([a for a, _, _ in ends], axis=0), np.max([b for _, b, _ in ends], axis=0)
    return 0.5 + focal * np.concatenate([low, high]) / (aspect, 1.0, aspect, 1.0)


def seen_size(script: Script, body: Body, seconds: float) -> np.ndarray | None:
    """(3,) logarithms of width, height and root of their product of `seen_box`, heights."""
    box = seen_box(script, body, seconds)
    if box is None:
        return None
    width, height = box[2:] - box[:2]
    return np.log([width, height, np.sqrt(width * height)])


def _turn(quat: tuple[float, ...] | np.ndarray) -> np.ndarray:
    """(3, 3) of a quaternion, WXYZ."""
    w, x, y, z = quat
    return np.asarray(Rotation.from_quat([x, y, z, w]).as_matrix())


def _ends(
    geom: Geom, pos: np.ndarray, turn: np.ndarray, scale: float, eye: np.ndarray, axes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Least and greatest (x, y) over depth that a geom reaches, and its depth in metres."""
    x, y, depth = (pos + turn @ np.asarray(geom.pos) * scale - eye) @ axes
    own = (turn @ _turn(geom.quat)).T @ axes
    out = scale * np.array([reach(geom.shape, geom.size, own[:, i]) for i in (0, 1)])
    middle = np.array([x, y])
    return (middle - out) / depth, (middle + out) / depth, float(depth)
