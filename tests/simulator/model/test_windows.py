"""Windows make all of a clip that is not known, and each goes on from what is there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.model.windows import Window, plan


@given(st.integers(1, 500), st.sets(st.integers(0, 499), max_size=60), st.integers(4, 32), st.data())
def test_windows_make_what_is_not_known_and_overlap(
    frames: int, known: set[int], length: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(1, length - 1))
    there = {k for k in known if k < frames}
    for number, window in enumerate(plan(frames, set(there), length, overlap)):
        span = set(range(*window))
        assert len(span) == min(length, frames)
        assert span <= set(range(frames))
        if frames > length:
            assert span - there, "a window makes something new"
        if number:
            assert len(span & there) >= overlap
        there |= span
    assert there == set(range(frames))


def test_what_is_known_is_not_made_again() -> None:
    assert plan(64, range(32), 16, 6) == [Window(26, 42), Window(36, 52), Window(46, 62), Window(48, 64)]
    assert plan(64, range(32, 64), 16, 6)[0] == Window(22, 38)
    assert plan(40, range(20, 24), 16, 6) == [Window(20, 36), Window(24, 40), Window(10, 26), Window(0, 16)]
    assert plan(40, range(40), 16, 6) == []
