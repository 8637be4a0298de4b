"""Blobs to tracks: frame by frame association, with care where blobs merge and break up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from probes.perception.blobs import Blob, blob_of, join

PATIENCE = 2  # frames a track may be missed and still be continued frame by frame
PART_COLOUR = 30.0  # Lab units between a thing and a fragment of it
GONE_SHARE = 0.15  # of its area: less than this visible in a merged blob counts as hidden


@dataclass(eq=False)
class Track:
    """One thing's blobs by frame."""

    blobs: dict[int, Blob] = field(default_factory=dict)
    behind: set[int] = field(default_factory=set)  # frames in which another track covers it

    @property
    def first(self) -> int:
        return min(self.blobs)

    @property
    def last(self) -> int:
        return max(self.blobs)

    def velocity(self, t: int) -> np.ndarray:
        """Pixels a frame at frame t, from the (up to three) blobs before it; zero where unknown."""
        times = [i for i in range(max(self.first, t - 4), t) if i in self.blobs][-3:]
        if len(times) < 2:
            return np.zeros(2)
        a, b = times[-2], times[-1]
        return (self.blobs[b].centre - self.blobs[a].centre) / (b - a)

    def predict(self, t: int) -> np.ndarray:
        """Where its centre should be at frame t (pixels)."""
        last = max(i for i in self.blobs if i < t)
        return self.blobs[last].centre + self.velocity(t) * (t - last)

    def recent(self, t: int) -> Blob:
        return self.blobs[max(i for i in self.blobs if i < t)]

    def typical(self, t: int) -> Blob:
        """The largest of its last five blobs before frame t: the thing when least hidden."""
        return max([self.blobs[i] for i in sorted(self.blobs) if i < t][-5:], key=lambda b: b.area)


def _cost(track: Track, blob: Blob, t: int) -> float:
    """How badly `blob` continues `track`: below 1 is acceptable, infinite is out of reach."""
    last, usual = track.recent(t), track.typical(t)
    speed = float(np.linalg.norm(track.velocity(t)))
    reach = 1.0 * max(usual.size, blob.size) + 1.0 * speed
    if len(track.blobs) == 1:
        reach += 0.5 * usual.size
    distance = min(
        float(np.linalg.norm(blob.centre - track.predict(t))),
        1.3 * float(np.linalg.norm(blob.centre - last.centre)) + 0.1 * usual.size,
    )
    if distance > reach:
        return np.inf
    look = float(np.linalg.norm(blob.colour - usual.colour)) / 60.0
    growth = abs(float(np.log(blob.area / last.area))) / 4.0
    return distance / reach + look + growth


def _share(blob: Blob, tracks: list[Track], t: int, lab_frame: np.ndarray) -> list[Blob | None]:
    """Divide a merged blob among the tracks that met in it: each pixel to the one nearest in place and colour."""
    ys, xs = np.nonzero(blob.mask)
    pixels = np.stack([xs + blob.x + 0.5, ys + blob.y + 0.5], 1)
    colours = lab_frame[ys + blob.y, xs + blob.x]
    costs = []
    for track in tracks:
        usual = track.typical(t)
        place = ((pixels - track.predict(t)) ** 2).sum(1) / (0.5 * usual.size) ** 2
        costs.append(place + ((colours - usual.colour) ** 2).sum(1) / 15.0**2)
    owner = np.argmin(costs, axis=0)
    parts: list[Blob | None] = []
    for i, track in enumerate(tracks):
        mine = owner == i
        if mine.sum() < max(6.0, GONE_SHARE * track.typical(t).area):
            parts.append(None)
            continue
        mask = np.zeros(lab_frame.shape[:2], bool)
        mask[ys[mine] + blob.y, xs[mine] + blob.x] = True
        parts.append(blob_of(blob.t, mask, lab_frame))
    return parts


def completes(whole: Blob, usual: Blob, part: Blob) -> bool:
    """Whether `part` of a thing, joined with the rest to `whole`, has its colour and keeps its size."""
    box, room = np.array(whole.mask.shape), 1.25 * np.array(usual.mask.shape) + 2
    light = float(np.clip(usual.colour[0] / max(part.colour[0], 1.0), 0.4, 2.5))  # one of the two may lie in shadow
    unlike = np.linalg.norm(light * part.colour[1:] - usual.colour[1:]) + 0.2 * abs(part.colour[0] - usual.colour[0])
    return bool((box <= room).all()) and whole.area <= 1.3 * usual.area and bool(unlike < PART_COLOUR)


def _covers(blob: Blob, track: Track, t: int) -> float:
    """Share of the place where `track` should be that lies in `blob`."""
    usual, shift = track.typical(t), np.round(track.predict(t) - track.typical(t).centre).astype(int)
    ys, xs = np.nonzero(usual.mask)
    ys, xs = ys + usual.y + shift[1] - blob.y, xs + usual.x + shift[0] - blob.x
    inside = (ys >= 0) & (xs >= 0) & (ys < blob.mask.shape[0]) & (xs < blob.mask.shape[1])
    return float(blob.mask[ys[inside], xs[inside]].sum()) / max(len(ys), 1)


def _assign(tracks: list[Track], found: list[Blob], t: int) -> dict[int, int]:
    """Track index -> blob index, the cheapest one-to-one assignment within reach."""
    if not tracks or not found:
        return {}
    costs = np.array([[min(_cost(k, b, t), 10.0) for b in found] for k in tracks])
    rows, cols = linear_sum_assignment(costs)
    return {int(i): int(j) for i, j in zip(rows, cols, strict=True) if costs[i, j] < 1.6}


def follow(found: list[list[Blob]], lab_frame: Callable[[int], np.ndarray]) -> list[Track]:
    """Blobs of every frame -> tracks, unbroken but for gaps of up to PATIENCE frames.

    lab_frame(t): (h, w, 3) Lab of frame t.
    """
    tracks: list[Track] = []
    for t, here in enumerate(found):
        active = [k for k in tracks if t - k.last <= PATIENCE + 1]
        match = _assign(active, here, t)
        taken = set(match.values())
        # Fragments: a free blob where a track is, when the track's own blob has become too small.
        for i, j in list(match.items()):
            usual = active[i].typical(t)
            parts = [here[j]]
            for f, blob in enumerate(here):
                if f not in taken and here[j].area < 0.8 * usual.area and completes(join([*parts, blob]), usual, blob):
                    parts.append(blob)
                    taken.add(f)
            active[i].blobs[t] = join(parts) if len(parts) > 1 else here[j]
        # Merged: a track without a blob whose place lies in another's blob.
        lost = [i for i in range(len(active)) if i not in match]
        for j in sorted(set(match.values())):
            owner = next(i for i, k in match.items() if k == j)
            guests = [i for i in lost if _covers(here[j], active[i], t) > 0.5]
            if not guests or here[j].area < 0.9 * active[owner].typical(t).area:
                continue
            lost = [i for i in lost if i not in guests]
            party = [owner, *guests]
            for i, part in zip(party, _share(here[j], [active[i] for i in party], t, lab_frame(t)), strict=True):
                if part is not None:
                    active[i].blobs[t] = part
                else:
                    active[i].blobs.pop(t, None)
                    active[i].behind.add(t)
        tracks += [Track({t: b}) for j, b in enumerate(here) if j not in taken]
    return tracks
