"""Counterfactual sentences: what a prompt would say if a colour, a direction or a number in it were another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from probes.evidence import PALETTE

_OPPOSITES = (("left", "right"), ("up", "down"), ("rises", "falls"), ("above", "below"), ("opens", "closes"),
              ("towards", "away from"), ("clockwise", "anticlockwise"))  # fmt: skip
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

DIRECTIONS = {a: b for pair in _OPPOSITES for a, b in (pair, pair[::-1])}
COLOURS = dict(zip(PALETTE, [*list(PALETTE)[4:], *list(PALETTE)[:4]], strict=True))  # never a neighbouring hue
COUNTS = {word: _NUMBERS[(i + 2) % len(_NUMBERS)] for i, word in enumerate(_NUMBERS)}


def rivals(prompt: str) -> tuple[str, ...]:
    """The prompt with its colours, its directions, or its numbers exchanged: one sentence for each kind that it has.

    Only whole words are exchanged, and they keep their capital: "Two red balls" gives "Two purple balls" and
    "Four red balls".
    """
    changed = (_exchanged(prompt, words) for words in (COLOURS, DIRECTIONS, COUNTS))
    return tuple(sentence for sentence in changed if sentence != prompt)


def _exchanged(prompt: str, words: Mapping[str, str]) -> str:
    pattern = rf"\b({'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})\b"
    return re.sub(pattern, _like(words), prompt, flags=re.IGNORECASE)


def _like(words: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    def other(found: re.Match[str]) -> str:
        word = words[found[0].lower()]
        return word.capitalize() if found[0][0].isupper() else word

    return other
