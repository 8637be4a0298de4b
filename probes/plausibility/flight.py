"""Inertia, gravity and energy: a free thing flies in parabolas and is turned only where something stands in its way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from probes.cast import Part
from probes.evidence import Finding, box_at
from probes.perception.observation import OUT, SEEN, Observation, ThingTrack
from probes.reading import Box
from probes.trajectory import Piece, at_border, noise, pieces, pixel, runs, trust, whole
from simulator.script import Script

SCALES = (0.6, 0.75, 0.9, 1.0, 1.1, 1.3, 1.6)  # of the script's gravity in the picture: a model's camera may differ
DOUBT = 0.25  # standard deviation of the logarithm of that scale
NEAR = 0.07  # heights: this close to the lowest place that the thing gets to, the floor may carry it
BESIDE = 0.04  # fractions: so close to a solid thing, it may be touched, or hide something
SIGMAS = 4.0


def flight(observation: Observation, part: Part, script: Script, solids: list[Box]) -> list[Finding]:
    """What a free body of the script does that no free flight does.

    solids: where in the picture other things can turn it.
    """
    track = max(part.tracks, key=lambda t: float(trust(observation, t)))
    sigma, fps = noise(observation, track), observation.clip.fps
    made = _swallowed(track, fps) + _sinks(observation, track, sigma, solids)
    made += _energy(track, sigma, fps, solids)
    made += _dead_stop(track, sigma, fps, part.body.restitution)
    frames = np.flatnonzero(whole(track))
    if len(frames) >= 4:
        times, path = frames / fps, track.centre[frames]
        g, found = _divide(times, path, sigma, gravity(script, part.body.pos))
        air = Air(times, path, sigma, g, float(np.nanmax(track.centre[:, 1])),
                  np.array([not _beside(track.box[f], solids) for f in frames]))  # fmt: skip
        made += _breaks(found, air) + _hovers(found, air)
    sure = trust(observation, track)
    name = f"{part.body.colour} {part.body.noun}"
    return [
        Finding(law, kind, start, end, box_at(track, round(start * fps)), strength * sure, f"{name} {words}")
        for law, kind, start, end, strength, words in made
        if strength > 0.0
    ]


@dataclass(frozen=True, eq=False)
class Air:
    """A way through the air: times (N,) seconds, path (N, 2) heights, its noise, gravity, the lowest place, and

    free: (N,) bool, whether nothing solid is beside it.
    """

    times: np.ndarray
    path: np.ndarray
    sigma: float
    g: float
    floor: float
    free: np.ndarray


Made = tuple[str, str, float, float, float, str]  # law, kind, start, end, strength, words


def gravity(script: Script, pos: tuple[float, float, float]) -> float:
    """The script's gravity as it looks at `pos` from its camera, heights a second squared."""
    key = script.scene.camera.keys[0]
    forward = np.asarray(key.target, float) - key.eye
    forward /= np.linalg.norm(forward)
    depth = float((np.asarray(pos) - key.eye) @ forward)
    upright = math.sqrt(max(0.0, 1.0 - float(forward[2]) ** 2))  # the share that is not along the view
    return -script.scene.gravity[2] * upright / (2.0 * depth * math.tan(math.radians(script.scene.camera.fov) / 2.0))


def _divide(times: np.ndarray, path: np.ndarray, sigma: float, g: float) -> tuple[float, list[Piece]]:
    """The best division into flight and steady motion, over the scales that gravity may have."""
    best: tuple[float, float, list[Piece]] | None = None
    for scale in SCALES:
        found, cost = pieces(times, path, sigma, (scale * g, 0.0))
        cost += (math.log(scale) / DOUBT) ** 2
        if best is None or cost < best[0] - 1e-9:
            best = cost, scale * g, found
    assert best is not None
    return best[1], best[2]


def _breaks(found: list[Piece], air: Air) -> list[Made]:
    """Changes of velocity in mid-air."""
    made: list[Made] = []
    for a, b in pairwise(found):
        first, last = air.times[b.start], air.times[a.stop - 1]
        before, after = a.velocity(float(last - air.times[a.start])), b.v
        middle = float(first - last) / 2.0
        meet = (a.at(float(last - air.times[a.start]) + middle) + b.at(-middle)) / 2.0
        low = max(float(meet[1]), float(air.path[a.stop - 1, 1]), float(air.path[b.start, 1]))
        if (
            low > air.floor - NEAR
            or not (air.free[a.stop - 1] and air.free[b.start])
            or min(a.stop - a.start, b.stop - b.start) < 2
        ):
            continue
        change = float(np.linalg.norm(after - before - (0.0, air.g * 2.0 * middle)))
        error = air.sigma * math.sqrt(_slope(air.times, a) + _slope(air.times, b))
        strength = (change - SIGMAS * error) / (0.35 * air.g * 0.4)  # what gravity does in a few frames
        still = float(np.linalg.norm(after)) < 0.3 * float(np.linalg.norm(before))
        kind, words = ("sudden_stop", "stops in mid-air") if still else ("sudden_turn", "turns in mid-air")
        made.append(("inertia", kind, float(last), float(first), strength, f"{words} at {first:.2f} s"))
    return made


def _beside(box: np.ndarray, solids: list[Box]) -> bool:
    """Whether a box meets one of `solids`, or nearly."""
    x0, y0, x1, y1 = box + np.array([-BESIDE, -BESIDE, BESIDE, BESIDE])
    return any(x0 < s[2] and s[0] < x1 and y0 < s[3] and s[1] < y1 for s in solids)


def _slope(times: np.ndarray, piece: Piece) -> float:
    """Variance of a piece's velocity over that of a position, 1 / s^2."""
    t = times[piece.start : piece.stop]
    return 1.0 / max(float(((t - t.mean()) ** 2).sum()), 1e-9)


def _hovers(found: list[Piece], air: Air) -> list[Made]:
    """Pieces in mid-air in which gravity does nothing, apart from a thing not yet let go at the start."""
    made: list[Made] = []
    for piece in found:
        t = air.times[piece.start : piece.stop]
        lasts = float(t[-1] - t[0])
        high = air.floor - float(air.path[piece.start : piece.stop, 1].max())
        held = piece.start == 0 and float(np.linalg.norm(piece.v)) * lasts < SIGMAS * air.sigma
        landed = piece is found[-1] and bool((air.path[: piece.start, 1] > air.floor - NEAR).any())
        near = not air.free[piece.start : piece.stop].all()
        if piece.a > 0.0 or len(t) < 3 or high < NEAR or held or landed or near:
            continue
        strength = air.g * lasts**2 / 8.0 / (SIGMAS * air.sigma)  # the sagitta that is missing, in what can be seen
        kind, words = ("drift_up", "rises") if piece.v[1] < -0.15 * air.g * lasts else ("float", "floats")
        made.append(
            ("gravity", kind, float(t[0]), float(t[-1]), strength, f"{words} from {t[0]:.2f} s; nothing holds it")
        )
    return made


def _dead_stop(track: ThingTrack, sigma: float, fps: float, restitution: float) -> list[Made]:
    """A fall that ends without the bounce that the thing's restitution gives: something held it, or nothing fell."""
    seen = np.flatnonzero((track.state == SEEN) & np.isfinite(track.area) & ~at_border(track))
    y = track.centre[seen, 1]
    if len(y) < 6:
        return []
    low = int(np.argmax(y >= y.max() - NEAR))
    rise = restitution**2 * float(y.max() - y[: low + 1].min())
    seen_rise = float((np.maximum.accumulate(y) - y).max())
    if len(y) - low < 4 or rise < 2.0 * SIGMAS * sigma:
        return []
    when = int(seen[low]) / fps
    strength = (1.0 - (seen_rise + sigma) / rise - 0.5) / 0.3
    return [("gravity", "float", when, int(seen[-1]) / fps, strength, f"stops at {when:.2f} s instead of bouncing")]


def _swallowed(track: ThingTrack, fps: float) -> list[Made]:
    """A thing that falls, is last seen inside the picture and never again: it went into what should bear it."""
    seen = np.flatnonzero((track.state == SEEN) & np.isfinite(track.area))
    if not seen.size:
        return []
    gone = len(track.state) - 1 - int(seen[-1])
    falls = len(seen) >= 2 and track.centre[seen[-1], 1] > track.centre[seen[0], 1] + NEAR
    if gone < 2 or not falls or at_border(track)[seen[-1]]:
        return []
    start = int(seen[-1] + 1) / fps
    return [("solidity", "pass_through", start, len(track.state) / fps, gone / 2.0, f"is swallowed at {start:.2f} s")]


def _sinks(observation: Observation, track: ThingTrack, sigma: float, solids: list[Box]) -> list[Made]:
    """A thing whose lower part goes into what bears it: less of its height is seen than in the air, for good."""
    seen = np.flatnonzero((track.state == SEEN) & ~at_border(track) & np.isfinite(track.area))
    seen = np.array([f for f in seen if not _beside(track.box[f], solids)], int)
    if seen.size < 6:
        return []
    height = track.box[seen, 3] - track.box[seen, 1]
    width = track.box[seen, 2] - track.box[seen, 0]
    squat = height / np.maximum(width, 1e-9)
    usual, last = float(np.median(squat[:3])), float(np.median(squat[-3:]))
    lower = float(track.centre[seen[-1], 1] - track.centre[seen[0], 1])
    grain = 1.5 * pixel(observation) / float(np.median(height))
    lost = 1.0 - last / usual - grain
    if lower < SIGMAS * sigma or lost <= 0.0:
        return []
    start = int(seen[np.argmax(squat < (usual + last) / 2.0)])
    fps = observation.clip.fps
    return [("solidity", "sink_in", start / fps, (int(seen[-1]) + 1) / fps, lost / 0.15, "sinks into the floor")]


def _energy(track: ThingTrack, sigma: float, fps: float, solids: list[Box]) -> list[Made]:
    """A bounce off the floor that goes higher than the thing has been before it.

    Off other solid things it may go away from the camera, and so up in the picture.
    """
    y, state, border = track.centre[:, 1], track.state, at_border(track)
    seen = np.flatnonzero(np.isfinite(y))
    if seen.size < 4:
        return []
    turns = [k for k in range(1, seen.size - 1) if y[seen[k]] >= max(y[seen[k - 1]], y[seen[k + 1]])]
    if not turns or _beside(track.box[seen[turns[0]]], solids):
        return []
    first = int(seen[turns[0]])
    before = float(np.nanmin(y[: first + 1]))
    if y[first] - before < SIGMAS * sigma:
        return []
    after = float(np.nanmin(y[first + 1 :]))
    out = runs(state[first + 1 :] == OUT)
    gain = before - after - SIGMAS * sigma
    if out and border[first + out[0][0]] and state[first] == SEEN:
        gain = max(gain, before)
    when = (first + 1 + int(np.nanargmin(y[first + 1 :]))) / fps
    return [
        ("energy", "energy_gain", first / fps, when, gain / 0.05, f"bounces higher than it fell from, {when:.2f} s")
    ]
