"""Windows: a clip longer than the model sees at once, as a chain of shorter ones that overlap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Window(NamedTuple):
    """Frames `start` .. `stop` - 1 of the clip, generated at once."""

    start: int
    stop: int


def plan(frames: int, known: Iterable[int], length: int, overlap: int) -> list[Window]:
    """Windows of `length` frames that cover the clip, in the order in which they are generated.

    The first one holds the first known frame (or begins the clip); from there windows go to the end, then to the
    beginning, each with at least `overlap` frames of what is there already, so that motion goes on.
    """
    if frames <= length:
        return [Window(0, frames)]
    first = min(max(min(known, default=0), 0), frames - length)
    out = [Window(first, first + length)]
    while out[-1].stop < frames:
        stop = min(out[-1].stop - overlap + length, frames)
        out.append(Window(stop - length, stop))
    start = first
    while start > 0:
        start = max(0, start + overlap - length)
        out.append(Window(start, start + length))
    return out
