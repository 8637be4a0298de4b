"""Events of the camera: it moves as the script says, it is another one."""

from __future__ import annotations

import cv2
import numpy as np

from probes.adherence.case import Case, Untold, Verdict
from probes.perception.observation import Observation
from simulator import camera as pinhole
from simulator.script import Script

GRID = 9  # points of the picture a side
FAR = 30.0  # metres: floor beyond this says little
LEAST = 0.03  # heights: a camera that moves the floor less in the picture does not move so that one sees it
ENOUGH = 0.12  # of the motion that the script says
SPAN = 4  # frames over which points are compared
FEWEST = 4  # points
ONE_WAY = 0.5  # of the way is progress: a hand-held camera makes less, and has no direction


def camera_moves(case: Case) -> Verdict:
    amiss = astray(case.observation, case.script)
    if amiss is None:
        return Untold(case.expected, "the camera hardly moves")
    return case.told(amiss, "does not move as it should")


def cut(case: Case) -> Verdict:
    return case.arrival(list(case.observation.cuts), "never changes to another view")


def astray(observation: Observation, script: Script) -> float | None:
    """How far the camera is from moving as the script says in its first shot, 0 to 1; None if it says nothing.

    The floor's motion in the picture is compared: its share in the direction that it should have, by the homographies
    of the background or by points on the floor, whichever says more (things and walls mislead either); or, where the
    camera only sways, its speed.
    """
    clip, seen = observation.clip, observation.camera
    count = min(*observation.cuts[:1], _first_shot(script, clip.fps, len(clip)), len(clip))
    if count < 3:
        return None
    told = floor_paths(script, clip.height, clip.width, np.arange(count) / clip.fps)
    told = told[:, np.isfinite(told).all((0, 2))]
    if told.shape[1] < 4 or float(np.median(np.linalg.norm(told - told[0], axis=2).max(0))) < LEAST:
        return None
    steps, net = np.linalg.norm(np.diff(told, axis=0), axis=2), told[-1] - told[0]
    share = float(np.median(seen.speed[: count - 1])) / (float(np.median(steps)) * clip.fps)
    if float(np.linalg.norm(net, axis=1).sum()) > ONE_WAY * float(steps.sum()):
        shares = [_by_homography(seen.to_first[count - 1], told), _by_points(observation, script, count)]
        share = max((s for s in shares if s is not None), default=share)
    return float(np.clip(1.5 - share / ENOUGH, 0.0, 1.0))


def _by_homography(to_first: np.ndarray, told: np.ndarray) -> float | None:
    """The share of the way of told (T, P, 2) floor points that the background takes; None where it is not known."""
    if np.abs(to_first - np.eye(3)).max() < 1e-9:
        return None
    there = np.c_[told[0], np.ones(told.shape[1])] @ np.linalg.inv(to_first).T
    net = told[-1] - told[0]
    return float(((there[:, :2] / there[:, 2:] - told[0]) * net).sum() / (net * net).sum())


def _by_points(observation: Observation, script: Script, count: int) -> float | None:
    """The same by points that lie where the floor should be and on no thing, over SPAN frames; None without points."""
    clip, points, masks = observation.clip, observation.points, observation.things.masks
    shares, weights = [], []
    for t in range(count - 1):
        u = min(t + SPAN, count - 1)
        floor = floor_paths(script, clip.height, clip.width, np.array([t, u]) / clip.fps)
        floor = floor[:, np.isfinite(floor).all((0, 2))]
        here = points.xy[points.seen[:, t] & points.seen[:, u]]
        here = here[here[:, t, 1] > floor[0, :, 1].min()] if floor.size else here[:0]
        if masks is not None and len(here):
            h, w = masks.shape[1:]
            x, y = np.clip((here[:, t] * h).astype(int), 0, (w - 1, h - 1)).T
            here = here[masks[t, y, x] == 0]
        if len(here) < FEWEST or floor.shape[1] < 4:
            continue
        model, _ = cv2.findHomography(floor[0], floor[1], 0)
        there = np.c_[here[:, t], np.ones(len(here))] @ model.T
        way, done = there[:, :2] / there[:, 2:] - here[:, t], here[:, u] - here[:, t]
        long = np.linalg.norm(way, axis=1)
        far = long > 0.3 * np.median(long)
        if far.any() and long[far].mean() > 0.0:
            shares.append(float(np.median((done * way).sum(1)[far] / (way * way).sum(1)[far])))
            weights.append(float(long[far].mean()))
    return float(np.average(shares, weights=weights)) if shares else None


def _first_shot(script: Script, fps: float, count: int) -> int:
    """Frames up to the script's first cut."""
    return min([int(np.ceil(t * fps - 1e-6)) for t in pinhole.cuts(script.scene.camera)[:1]] + [count])


def floor_paths(script: Script, height: int, width: int, times: np.ndarray) -> np.ndarray:
    """(T, P, 2) heights: where the script's camera has points of the floor that are spread over the first frame.

    NaN behind the camera.
    """
    camera = script.scene.camera
    focal = pinhole.intrinsics(camera, height, width)[0, 0] / height
    middle = np.array([width / height, 1.0]) / 2
    x, y = np.meshgrid(*(np.linspace(0.05, 0.95, GRID) * 2 * m for m in middle))
    eye, axes = pinhole.frame(camera, float(times[0]))
    rays = np.stack([(x.ravel() - middle[0]) / focal, (y.ravel() - middle[1]) / focal, np.ones(x.size)], -1) @ axes.T
    down = rays[:, 2] < -1e-3
    reach = np.where(down, eye[2] / np.where(down, -rays[:, 2], 1.0), np.inf)
    floor = eye + (rays * reach[:, None])[reach < FAR]
    out = []
    for t in times:
        eye, axes = pinhole.frame(camera, float(t))
        local = (floor - eye) @ axes
        z = np.where(local[:, 2] > 1e-3, local[:, 2], np.nan)
        out.append(local[:, :2] / z[:, None] * focal + middle)
    return np.stack(out)
