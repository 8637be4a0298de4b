"""Acuity: how well sight sees, measured against the truth of a take."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from probes.perception.blobs import SPECK
from probes.perception.observation import Observation
from simulator import correspondence
from simulator.truth import ABSENT, SEEN, Take, Truth

HIT = 0.5  # intersection over union from which two masks are of the same thing
MOVES = 0.03  # heights of path of its own, along which a body has moved
EFFECTS = ("smoke", "puff", "splash", "water", "liquid")  # names begin with: neither wanted nor held against sight
TRAVELS = 0.01  # of its distance to what it sees: a camera that travels less has no direction


def overlaps(seen: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(T, P, G) intersection over union, frame by frame, of masks numbered 1..P in `seen`, 1..G in `true` (T, h, w)."""
    p, g = int(seen.max(initial=0)), int(true.max(initial=0))
    out = np.zeros((len(seen), p, g))
    for t, (a, b) in enumerate(zip(seen.astype(np.int64), true.astype(np.int64), strict=True)):
        both = np.bincount((a * (g + 1) + b).ravel(), minlength=(p + 1) * (g + 1)).reshape(p + 1, g + 1)
        union = both.sum(1)[1:, None] + both.sum(0)[None, 1:] - both[1:, 1:]
        out[t] = both[1:, 1:] / np.maximum(union, 1)
    return out


def pairs(iou: np.ndarray) -> list[tuple[int, int]]:
    """Which track is which thing, one to one, such that most frames are hits; iou: (T, P, G). Ties go to larger IoU."""
    worth = (iou >= HIT).sum(0) + 1e-3 * iou.mean(0)
    rows, cols = linear_sum_assignment(-worth)
    return [(int(i), int(j)) for i, j in zip(rows, cols, strict=True) if (iou[:, i, j] >= HIT).any()]


def idf1(iou: np.ndarray, seen: np.ndarray, wanted: np.ndarray) -> float:
    """Identity F1 in [0, 1] (Ristani et al. 2016): 2 IDTP / (frames of tracks + frames of things); NaN of nothing.

    iou: (T, P, G); seen: (T, P) bool, frames of tracks that count; wanted: (T, G) bool, of things.
    """
    held = iou * seen[:, :, None] * wanted[:, None, :]
    hits = sum(int((held[:, i, j] >= HIT).sum()) for i, j in pairs(held)) if held.size else 0
    total = int(seen.sum()) + int(wanted.sum())
    return 2.0 * hits / total if total else float("nan")


def movers(truth: Truth) -> np.ndarray:
    """(N,) bool: bodies that move of their own accord, appear or vanish; what only smokes or flows is left out."""
    count, h, w = truth.masks.shape
    path = np.zeros(len(truth.names))
    y, x = (v.ravel() for v in np.mgrid[:h:2, :w:2])
    for t in range(count - 1):
        own = correspondence.flow(truth, t)[::2, ::2].reshape(-1, 2) - _still(truth, t, x, y)
        speed, owner = np.nan_to_num(np.linalg.norm(own, axis=1)) / h, truth.masks[t, y, x]
        for i in np.unique(owner[owner > 0]):
            path[i - 1] += float(np.quantile(speed[owner == i], 0.75))
    comes_or_goes = ((truth.state == ABSENT).any(0)) & ((truth.state == SEEN).any(0))
    return ((path > MOVES) | comes_or_goes) & np.array([not n.startswith(EFFECTS) for n in truth.names], bool)


def _still(truth: Truth, t: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(M, 2) pixels that what is seen at x, y of frame t would move by frame t + 1 if only the camera did."""
    world = correspondence.lift(truth, t, x, y)
    there, _ = correspondence.project(truth.intrinsics, truth.extrinsics[t + 1], world)
    return np.asarray(there - np.stack([x, y], -1))


def flow_error(flow: np.ndarray, truth: Truth) -> float:
    """Mean end-point error, heights a frame, of flow (T - 1, h, w, 2) where what is seen stays in sight; NaN if nothing
    does."""
    h, w = truth.masks.shape[1:]
    y, x = np.mgrid[:h, :w]
    errors = []
    for t in range(len(flow)):
        true = correspondence.flow(truth, t)
        with np.errstate(invalid="ignore"):
            there = np.rint(np.stack([x, y], -1) + true)
            inside = (there >= 0).all(-1) & (there < (w, h)).all(-1) & (truth.parts[t] > 0)
        i, j = there[inside].astype(int).T
        stays = truth.parts[t + 1][j, i] == truth.parts[t][inside]
        seen = cv2.resize(flow[t], (w, h), interpolation=cv2.INTER_LINEAR)[inside][stays]
        errors.append(np.linalg.norm(seen - true[inside][stays] / h, axis=1))
    values = np.concatenate(errors) if errors else np.empty(0)
    return float(values.mean()) if values.size else float("nan")


def camera_path(truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (T, 3, 3) and directions (T, 3) as in CameraMotion; NaN where the camera has not travelled."""
    turn, place = truth.extrinsics[:, :3, :3], truth.extrinsics[:, :3, 3]
    centre = -np.einsum("tji,tj->ti", turn, place)
    step = (centre - centre[0]) @ turn[0].T
    length = np.linalg.norm(step, axis=1, keepdims=True)
    near = float(np.median(truth.depth[np.isfinite(truth.depth)])) if np.isfinite(truth.depth).any() else 1.0
    direction = np.where(length > TRAVELS * near, step / np.maximum(length, 1e-9), np.nan)
    return turn @ turn[0].T, direction


def turn_error(seen: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(T,) degrees between rotations (T, 3, 3), in [0, 180]."""
    cosine = (np.einsum("tij,tij->t", seen, true) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _camera_errors(observation: Observation, truth: Truth) -> dict[str, float]:
    camera = observation.camera
    rotation, direction = camera_path(truth)
    moves = truth.camera_moves
    out = {"camera_told": float(camera.moving == moves), "turn_error": float("nan"), "direction_error": float("nan")}
    if moves and camera.rotation is not None:
        out["turn_error"] = _mean(turn_error(camera.rotation, rotation)[1:])
    if moves and camera.direction is not None:
        cosine = np.einsum("ti,ti->t", camera.direction, direction)
        out["direction_error"] = _mean(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return out


def _thing_scores(observation: Observation, truth: Truth) -> dict[str, float]:
    h, w = truth.masks.shape[1:]
    things, wanted_bodies = observation.things, movers(truth)
    masks = things.masks if things.masks is not None and things.tracks else np.zeros_like(truth.masks)
    seen = np.stack([cv2.resize(m, (w, h), interpolation=cv2.INTER_NEAREST) for m in masks])
    tracks = len(things.tracks)
    areas = np.stack([np.bincount(m.ravel(), minlength=tracks + 1)[1:] for m in seen])  # (T, P)
    order = np.flatnonzero(wanted_bodies)
    number = np.zeros(len(truth.names) + 1, np.uint8)
    number[order + 1] = np.arange(1, len(order) + 1)
    true = number[truth.masks]
    sizes = np.stack([np.bincount(m.ravel(), minlength=len(order) + 1)[1:] for m in true])
    others = (truth.masks > 0) & (true == 0)
    spared = np.stack([np.bincount(m[o], minlength=tracks + 1)[1:] for m, o in zip(seen, others, strict=True)])
    counted = (areas > 0) & (spared < 0.5 * areas)
    wanted = sizes > SPECK * h * w
    iou = np.zeros((len(seen), tracks, len(order)))
    found = overlaps(seen, true)
    iou[:, : found.shape[1], : found.shape[2]] = found
    match = pairs(iou) if iou.size else []
    best = {j: iou[wanted[:, j], i, j] for i, j in match}
    per_thing = [float(np.mean(best.get(j, np.zeros(1)))) for j in range(len(order)) if wanted[:, j].any()]
    told = [np.mean(things.tracks[i].state == truth.state[:, order[j]]) for i, j in match]
    return {
        "idf1": idf1(iou, counted, wanted),
        "mask_iou": float(np.mean(per_thing)) if per_thing else float("nan"),
        "states": float(np.mean(told)) if told else float("nan"),
    }


def acuity(observation: Observation, take: Take) -> dict[str, float]:
    """How well an Observation saw a take; NaN is what the take cannot show.

    idf1: identity F1 of tracks against bodies that move, appear or vanish, [0, 1]; tracks on other bodies do not count.
    mask_iou: intersection over union of masks, mean over those bodies, [0, 1]; one that no track follows counts 0.
    states: share of frames with the true state (seen, hidden, out, absent), over bodies that a track follows, [0, 1].
    flow_error: mean end-point error of the flow, heights a frame.
    camera_told: whether the camera was rightly called still or moving, 0 or 1.
    turn_error, direction_error: degrees, mean over frames, of the camera's rotation since the first frame and of the
    direction in which it has travelled.
    """
    truth = take.truth
    return {
        **_thing_scores(observation, truth),
        "flow_error": flow_error(observation.flow, truth),
        **_camera_errors(observation, truth),
    }
