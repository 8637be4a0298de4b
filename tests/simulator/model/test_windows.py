"""Windows cover a clip, and each goes on from what is there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.model.windows import plan


@given(st.integers(1, 500), st.lists(st.integers(0, 499), max_size=5), st.integers(4, 32), st.data())
def test_windows_cover_the_clip_and_overlap(frames: int, known: list[int], length: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(1, length - 1))
    inside = [k for k in known if k < frames]
    windows = plan(frames, inside, length, overlap)
    there: set[int] = set()
    for number, window in enumerate(windows):
        span = set(range(*window))
        assert len(span) == min(length, frames)
        assert window.start >= 0
        assert window.stop <= frames
        if number:
            assert len(span & there) >= overlap
            assert span - there, "a window makes something new"
        elif inside and frames > length:
            assert min(inside) in span
        there |= span
    assert there == set(range(frames))
