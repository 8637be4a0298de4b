"""Windows: a clip longer than the model sees at once, as a chain of shorter ones that overlap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Window(NamedTuple):
    """Frames `start` .. `stop` - 1 of the clip, generated at once."""

    start: int
    stop: int


def plan(frames: int, known: Iterable[int], length: int, overlap: int) -> list[Window]:
    """Windows of `length` frames (or the whole of a shorter clip), in the order in which they are generated.

    From the first known frame (or the beginning) they go to the end, then to the beginning. Each makes at least one
    frame that is not there yet, and sees `overlap` frames of what is there, where there are as many, so that motion
    goes on; the first begins with the first known frame.
    """
    if frames <= length:
        return [Window(0, frames)]
    there, out = set(known), []
    first = min(there, default=0)

    def add(start: int) -> None:
        start = max(0, min(start, frames - length))
        out.append(Window(start, start + length))
        there.update(range(start, start + length))

    for at in range(first, frames):
        if at not in there:
            add(max(first, at - overlap))
    for at in range(first - 1, -1, -1):
        if at not in there:
            add(at + 1 + overlap - length)
    return out
