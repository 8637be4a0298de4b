"""Paired permutation tests: is the mean difference of cells compatible with random signs?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evals.statistics.base import Floats

EXACT_CELLS = 14  # up to 2**14 sign patterns are enumerated
FLIPS = 20000  # of a test with more cells
HELD = 2**18  # numbers of a resampling that are in memory at a time, so that any n fits
KEPT = 2**28  # random bits, a byte each, that are kept for other tests of the same seed


def sign_flip_test(differences: Floats, rng: np.random.Generator) -> float:
    """Two-sided p of a paired permutation test: is the mean difference of cells compatible with random signs?

    Exact up to 14 cells that differ; above, (1 + hits) / (1 + draws) of random flips (Phipson and Smyth 2010).
    """
    d = differences[differences != 0]
    if len(d) == 0:
        return 1.0
    drawn = (rng.integers(2, size=(rows, len(d)), dtype=np.int8) for rows in _blocks(FLIPS, len(d)))
    return float(_flipped(d[:, None], drawn)[0])


def sign_flip_tests(differences: Sequence[Floats], seed: int) -> Floats:
    """`sign_flip_test(d, default_rng(seed))` of each, in a fraction of the time: what is alike in them is done once."""
    p, alike = np.ones(len(differences)), dict[int, list[int]]()
    for i, d in enumerate(differences):
        alike.setdefault(int(np.count_nonzero(d)), []).append(i)
    alike.pop(0, None)
    kept = np.random.default_rng(seed).integers(2, size=min(KEPT, FLIPS * max(alike, default=0)), dtype=np.int8)
    for n, tests in alike.items():
        d = np.stack([differences[i][differences[i] != 0] for i in tests], axis=1)
        p[tests] = _flipped(d, _drawn(n, kept, seed))
    return p


def least_p(n: int) -> float:
    """The least p that n cells can have."""
    return 2.0 ** (1 - n) if n <= EXACT_CELLS else 1 / (1 + FLIPS)


def _drawn(n: int, kept: NDArray[np.int8], seed: int) -> Iterator[NDArray[np.int8]]:
    """What default_rng(seed) draws to flip n signs, out of the beginning of its stream where that is long enough."""
    rng, at = np.random.default_rng(seed), 0
    for rows in _blocks(FLIPS, n):
        if FLIPS * n <= len(kept):
            yield kept[at : at + rows * n].reshape(rows, n)
        else:
            yield rng.integers(2, size=(rows, n), dtype=np.int8)
        at += rows * n


def _flipped(d: Floats, drawn: Iterator[NDArray[np.int8]]) -> Floats:
    """p of each column of d (n, tests), no value of which is 0; drawn: blocks (rows, n) of 0 and 1, FLIPS rows."""
    total, n = d.sum(0), len(d)
    seen = np.abs(total) * (1 - 1e-9) - 1e-12 * np.abs(d).sum(0)  # a tie is a hit, whatever the order of summing
    if n <= EXACT_CELLS:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return np.asarray(np.mean(np.abs(2 * bits @ d - total) >= seen, axis=0))
    hits = sum((np.abs(2 * (bits.astype(float) @ d) - total) >= seen).sum(0) for bits in drawn)
    return np.asarray((1 + hits) / (1 + FLIPS))


def _blocks(draws: int, n: int) -> Iterator[int]:
    """How many draws of n numbers to make at a time. Multiples of four, where numpy's stream of bytes can be cut."""
    rows = max(4, HELD // n // 4 * 4)
    for begun in range(0, draws, rows):
        yield min(rows, draws - begun)
