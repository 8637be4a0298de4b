"""Is a thing what the script says: its colour, and the form of its outline?"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from probes.cast import GREY, Part, colour_of, lab_of, mask
from probes.perception.observation import SEEN, Observation
from probes.trajectory import whole
from simulator import camera as pinhole
from simulator.scene import Body, Geom, Quat, Vec
from simulator.script import Script

FAINT = 8.0  # chroma: hue is not trusted below
HUE, TURNED = 25.0, 40.0  # degrees that light and haze may turn a hue, and so many more that make it another
TINT, TINGED = 0.2, 0.4  # chroma over lightness that a white or grey thing may have, and so much more
SHADED, DARK = 25.0, 60.0  # lightness: a white thing is lighter, a black one darker
PIXELS = 30  # area of an outline that shows its form
FRAMES = 2
GRAIN = 0.44  # roughness of a disc drawn in pixels, times the square root of its area
ROUND, EDGED = 0.025, 0.04  # roughness that a ball may have, and so much more
CLEAR = 0.6  # of an outline that has to border on nothing
PLAIN = 0.06  # roughness of a form that a ball cannot be mistaken for


def miscoloured(seen: np.ndarray, told: np.ndarray) -> float:
    """How surely a (3,) Lab colour is not the one told, whatever the light: 0 surely it is, 1 surely not.

    Shade scales chroma and leaves hue; of what is white, grey or black the chroma counts, and how light it is.
    """
    chroma, theirs = float(np.hypot(*seen[1:])), float(np.hypot(*told[1:]))
    if theirs >= GREY:
        cosine = float(seen[1:] @ told[1:]) / (max(chroma, FAINT) * theirs)
        off = (float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))) - HUE) / TURNED
    else:
        off = (chroma / max(float(seen[0]), 1.0) - TINT) / TINGED
        if told[0] < SHADED:
            off = max(off, (float(seen[0]) - DARK) / SHADED)
    return float(np.clip(off, 0.0, 1.0))


def wrong_colour(part: Part) -> float | None:
    """How surely the part has none of its body's colours, nor a mixture; None where that is not told."""
    seen = [t for t in part.tracks if t.name and (t.state == SEEN).any()]  # without a name it was cast by its colour
    if not seen or part.body.noun == "flame":
        return None
    return min(miscoloured(colour_of(seen[0]), lab_of(rgb)) for rgb in _colours(part.body))


def _colours(body: Body) -> list[Vec]:
    """What the body is painted with, and the mean of each pair in a texture."""
    out = [body.material.rgb]
    for m in [body.material, *(g.material for g in body.geoms if g.material is not None)]:
        r, g, b = m.rgb
        out += (
            [m.rgb]
            if m.rgb2 is None
            else [m.rgb, m.rgb2, ((r + m.rgb2[0]) / 2, (g + m.rgb2[1]) / 2, (b + m.rgb2[2]) / 2)]
        )
    return out


def roughness(outline: np.ndarray) -> float:
    """How far (N, 2) points are from the ellipse that fits them best: the spread of their distances from its middle,
    in units of its half axes. 0 for an ellipse or an arc of one, 0.10 for a square."""
    (x, y), axes, turn = cv2.fitEllipseDirect(outline.astype(np.float32))
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    local = (outline - (x, y)) @ np.array([[cosine, -sine], [sine, cosine]]) / (np.array(axes) / 2)
    return float(np.linalg.norm(local, axis=1).std())


def wrong_form(observation: Observation, script: Script, part: Part) -> float | None:
    """How surely a ball is edged, or an edged thing a ball; None where its outline does not show.

    A ball may be covered, and its outline then has corners: only the parts of it count that border on no other thing.
    """
    masks, (geom, *more) = observation.things.masks, part.body.geoms
    named = all(t.name for t in part.tracks)
    if more or masks is None or len(part.tracks) != 1 or geom.shape in ("sheet", "disc", "capsule"):
        return None
    told = 0.0 if geom.shape in ("sphere", "ellipsoid") else roughness(silhouette(script, part, geom))
    if 0.0 < told < PLAIN or (told == 0.0 and not named):  # without names a shadow or a string may belong to it
        return None
    where = mask(observation, part)
    assert where is not None
    free = whole(part.tracks[0]) & (where.sum((1, 2)) >= PIXELS)
    every = [_excess(where[t], masks[t] if told == 0.0 else None) for t in np.flatnonzero(free)]
    shown = [rough for rough in every if rough is not None]
    if len(shown) < FRAMES:
        return None
    rough = float(np.quantile(shown, 0.5 if told == 0.0 else 0.8))  # a cylinder may show its end for a while
    off = (rough - ROUND) / EDGED if told == 0.0 else 1.25 - 2.0 * rough / told
    return float(np.clip(off, 0.0, 1.0))


def _excess(shape: np.ndarray, masks: np.ndarray | None) -> float | None:
    """The roughness of the outline of an (h, w) mask beyond what its pixels make.

    masks: of all things, to leave out what borders on them; None where too little is left.
    """
    y, x = np.nonzero(shape)
    (x0, x1), (y0, y1) = (int(x.min()), int(x.max()) + 1), (int(y.min()), int(y.max()) + 1)
    cut = np.pad(shape[y0:y1, x0:x1].astype(np.uint8) * 255, 1)
    fine = cv2.resize(cut, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    lines, _ = cv2.findContours((fine > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(lines, key=len)[:, 0]
    if masks is not None:
        others = cv2.dilate(((masks > 0) & ~shape).astype(np.uint8), np.ones((5, 5), np.uint8))
        at = outline // 4 - 1 + (x0, y0)
        h, w = shape.shape
        clear = others[np.clip(at[:, 1], 0, h - 1), np.clip(at[:, 0], 0, w - 1)] == 0
        if clear.mean() < CLEAR:
            return None
        outline = outline[clear]
    return float(np.sqrt(max(roughness(outline.astype(float)) ** 2 - GRAIN**2 / len(y), 0.0)))


def silhouette(script: Script, part: Part, geom: Geom) -> np.ndarray:
    """(N, 2) points of the outline of a geom at its first place, as the script's camera sees it, in focal lengths."""
    body = part.body
    pos, quat = (body.keys[0].pos, body.keys[0].quat) if body.keys else (body.pos, body.quat)
    local = _turned(surface(geom), geom.quat) + np.asarray(geom.pos)
    eye, axes = pinhole.frame(script.scene.camera, 0.0)
    seen = (_turned(local, quat) + np.asarray(pos) - eye) @ axes
    hull = cv2.convexHull((seen[:, :2] / seen[:, 2:]).astype(np.float32))[:, 0].astype(float)
    closed = np.r_[hull, hull[:1]]
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))]
    even = np.linspace(0.0, along[-1], 200, endpoint=False)
    return np.stack([np.interp(even, along, closed[:, i]) for i in (0, 1)], -1)


def _turned(points: np.ndarray, quat: Quat) -> np.ndarray:
    """(N, 3) points turned by a WXYZ quaternion."""
    return Rotation.from_quat(quat, scalar_first=True).apply(points)


def surface(geom: Geom) -> np.ndarray:
    """(N, 3) points in the frame of a box, cylinder or cone whose hull is the geom."""
    a, b, c = geom.size
    if geom.shape == "box":
        return np.array([(x, y, z) for x in (-a, a) for y in (-b, b) for z in (-c, c)])
    angles = np.linspace(0.0, 2 * np.pi, 32, endpoint=False)
    rim = np.stack([a * np.cos(angles), a * np.sin(angles), np.full(32, -b)], -1)
    return np.r_[rim, [(0.0, 0.0, b)] if geom.shape == "cone" else rim * (1, 1, -1)]
