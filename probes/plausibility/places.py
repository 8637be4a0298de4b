"""Places: where a body of the script is in space, as far as sight tells its depth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.ndimage import median_filter

from probes.cast import Part, by_name, mask
from probes.perception.observation import SEEN, Observation, ThingTrack
from probes.trajectory import pixel, runs
from simulator import camera as pinhole
from simulator.interventions.geometry import radius
from simulator.scene import Body
from simulator.script import Script

PIXELS = 0.05  # of a pixel: noise of the middle of a mask
# Of its size, how far the middle wanders as it is seen from another side: of what is alike on all sides of its middle
# or turns in a plane, of others, and of flags.
EVEN, ODD, WAVING = 0.003, 0.012, 0.06
HIDES = 0.1  # of its outline: so much along something nearer, and it is covered in part
ALWAYS = 0.7  # of the frames in which as much of it is covered as usual
NEARER = 0.25  # of its size: what is nearer by less stands beside it
MOST = 0.6  # of its usual area: what is seen smaller is covered
Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Outline:
    """Where a thing is seen, masks (T, h, w) bool, and far(t): (h, w) pixels from it, computed once."""

    masks: Array
    known: dict[int, Array] = field(default_factory=dict)

    def far(self, t: int) -> Array:
        """(h, w) pixels to the thing in frame t."""
        if t not in self.known:
            self.known[t] = cv2.distanceTransform((~self.masks[t]).astype(np.uint8), cv2.DIST_L2, 3)
        return self.known[t]

    def changed(self, k: int) -> float:
        """The share of it that is not where it was, between frames k - 1 and k + 1; 0 where it is not seen."""
        a, b = self.masks[max(k - 1, 0)], self.masks[min(k + 1, len(self.masks) - 1)]
        either = int((a | b).sum())
        return float((a ^ b).sum()) / either if a.any() and b.any() else 0.0

    def apart(self, other: Outline, k: int) -> bool:
        """Whether both are seen in frames k - 1, k and k + 1, and never so near that they can meet in between."""
        gaps = []
        for t in (k - 1, k, k + 1):
            if not (self.masks[t].any() and other.masks[t].any()):
                return False
            gaps.append(float(self.far(t)[other.masks[t]].min()))
        closes = max(abs(gaps[1] - gaps[0]), abs(gaps[2] - gaps[1]))
        return min(gaps) - closes > 0.02 * self.masks.shape[1] + 1.0


@dataclass(frozen=True, eq=False)
class Course:
    """A body's way through the clip; T frames.

    at: (T, 3) metres in the world, the middle of what is seen of it; NaN where it is not seen. sound: (T,) bool, seen
    whole, so that this is the middle of the body. sigma: metres, its standard deviation. shot: (T,) the first frame of
    the shot. reach, core: metres, the radii of the spheres about its middle that hold it, and that it holds.
    """

    body: Body
    part: Part
    at: Array
    sound: Array
    sigma: float
    shot: Array
    reach: float
    core: float
    cut: Array
    outline: Outline | None = None


def courses(observation: Observation, script: Script) -> dict[str, Course]:
    """The ways of all bodies that are seen, where sight tells depth; effects are left out, but for liquids."""
    found = {}
    covered = _covered(observation, script)
    for body in script.scene.bodies:
        part = by_name(observation, script, body)
        if part.tracks and all(t.depth is not None and not t.flame for t in part.tracks) and not airy(body):
            found[body.name] = _course(observation, script, part, covered)
    return found


def _covered(observation: Observation, script: Script) -> Array:
    """(T, N) bool, for each track: whether something nearer lies along a good part of its outline.

    Of what stands fast, whether more of it does, or less, than usual: what is always in front does not move its middle.
    """
    tracks, masks = observation.things.tracks, observation.things.masks
    share = np.zeros((len(observation.clip), len(tracks)))
    bodies = {b.name: b for b in script.scene.bodies}
    owners = [bodies.get((t.name or "").split(".")[0]) for t in tracks]
    loose = np.array([b is not None and b.motion != "fixed" for b in owners], bool)
    if masks is None:
        return share > HIDES
    thin = np.array([t.flame or (b is not None and airy(b)) for t, b in zip(tracks, owners, strict=True)], bool)
    depth = np.array([np.full(len(share), np.nan) if t.depth is None or hid else t.depth
                      for t, hid in zip(tracks, thin, strict=True)])  # fmt: skip
    margin = np.array([NEARER * radius(b) if b is not None else 0.0 for b in owners]) * loose
    border = np.zeros((len(tracks) + 1, len(tracks) + 1))
    for t, now in enumerate(masks.astype(int)):
        border[:] = 0.0
        for a, b in ((now[1:], now[:-1]), (now[:, 1:], now[:, :-1])):
            differ = a != b
            np.add.at(border, (a[differ], b[differ]), 1.0)
        border += border.T
        length = border[1:].sum(1)
        for i in np.flatnonzero(length > 0):
            nearer = depth[:, t] < depth[i, t] - margin[i]
            share[t, i] = border[i + 1, 1:][nearer].sum() / length[i]
    usual = np.median(share, axis=0)
    always = (np.abs(share - usual) < HIDES / 4.0).mean(0) >= ALWAYS
    usual = np.where(loose | ~always, 0.0, usual)
    return np.abs(share - usual) > np.where(loose, HIDES, HIDES / 4.0)


def airy(body: Body) -> bool:
    """Whether a body comes and goes as it likes: smoke, puffs, splashes and glows, but not liquids."""
    return body.role == "effect" and body.noun not in LIQUIDS


LIQUIDS = ("water", "tea", "coffee", "milk", "juice", "liquid", "cocoa", "soup")


def _course(observation: Observation, script: Script, part: Part, covered: Array) -> Course:
    clip = observation.clip
    count = len(clip)
    place, depth, sound = np.full((count, 2), np.nan), np.full(count, np.nan), np.zeros(count, bool)
    cut = np.zeros(count, bool)
    for number, track in zip(part.numbers[::-1], part.tracks[::-1], strict=True):
        seen = track.state == SEEN
        assert track.depth is not None
        place[seen], depth[seen] = track.steady[seen], track.depth[seen]
        sound[seen] = (_entire(track) & ~covered[:, number - 1])[seen]
        cut[seen] = (track.cut_by_edge.astype(bool) | covered[:, number - 1])[seen]
    shot = np.array([max((c for c in observation.cuts if c <= t), default=0) for t in range(count)])
    focal = pinhole.intrinsics(script.scene.camera, clip.height, clip.width)[0, 0] / clip.height
    ray = np.c_[(place - (clip.width / clip.height / 2, 0.5)) / focal, np.ones(count)] * depth[:, None]
    at = np.full((count, 3), np.nan)
    for first in np.unique(shot):
        eye, axes = pinhole.frame(script.scene.camera, first / clip.fps)
        here = shot == first
        at[here] = eye + ray[here] @ axes.T
    away = float(np.nanmedian(depth)) if np.isfinite(depth).any() else 1.0
    reach, core = radius(part.body), inner(part.body)
    waves = any(g.waves for g in part.body.geoms)
    even = core > 0.0 or part.body.motion == "hinged" or _rests(observation, part.body)
    wander = WAVING if waves else EVEN if even else ODD
    sigma = PIXELS * pixel(observation) * away / focal + wander * reach
    masks = mask(observation, part)
    outline = None if masks is None else Outline(masks)
    return Course(part.body, part, at, sound & np.isfinite(at).all(1), sigma, shot, reach, core,
                  cut & np.isfinite(at).all(1), outline)  # fmt: skip


def _entire(track: ThingTrack) -> Array:
    """(T,) whether it is seen, not cut by the border, and no smaller than usual."""
    seen = (track.state == SEEN) & np.isfinite(track.area)
    whole = np.zeros(len(seen), bool)
    for start, stop in runs(seen):
        area = track.area[start:stop]
        whole[start:stop] = area >= MOST * median_filter(area, 7, mode="nearest")
    return whole & ~track.cut_by_edge.astype(bool)


def articulated(body: Body) -> bool:
    """Whether parts of a body move against each other."""
    return any(g.keys for g in body.geoms)


def limber(body: Body) -> bool:
    """Whether a body changes its form by itself."""
    return articulated(body) or any(g.waves for g in body.geoms)


def _rests(observation: Observation, body: Body) -> bool:
    return body.motion == "fixed" and not observation.camera.moving


def inner(body: Body) -> float:
    """Metres: the radius of the largest ball about the middle that a body of one geom holds; 0 for compound ones."""
    geoms = [g for g in body.geoms if g.solid]
    if len(geoms) != 1 or geoms[0].keys or math.hypot(*geoms[0].pos) > 1e-6:
        return 0.0
    a, b, c = geoms[0].size
    return {"sphere": a, "box": min(a, b, c), "ellipsoid": min(a, b, c), "cylinder": min(a, b),
            "capsule": a}.get(geoms[0].shape, 0.0)  # fmt: skip


def windows(course: Course) -> Iterator[int]:
    """The frames k that are seen whole together with the frames before and after them, in one shot."""
    good = course.sound
    for k in range(1, len(good) - 1):
        if good[k - 1] and good[k] and good[k + 1] and course.shot[k - 1] == course.shot[k + 1]:
            yield k
