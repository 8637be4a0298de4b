"""Words: colours and textures by name, and the sentences that tell a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.scene import Texture, Vec

if TYPE_CHECKING:
    from simulator.workshop.draw import Draw

COLOURS: dict[str, Vec] = {
    "red": (0.84, 0.08, 0.08),
    "orange": (1.0, 0.46, 0.03),
    "yellow": (0.97, 0.88, 0.08),
    "green": (0.08, 0.62, 0.14),
    "cyan": (0.05, 0.78, 0.84),
    "blue": (0.08, 0.20, 0.85),
    "purple": (0.52, 0.10, 0.72),
    "white": (0.96, 0.96, 0.95),
}
OOD_COLOURS: dict[str, Vec] = {"pink": (1.0, 0.42, 0.68), "black": (0.03, 0.03, 0.04)}
MUTED: dict[str, Vec] = {  # of floors, walls and screens
    "grey": (0.52, 0.52, 0.52),
    "dark grey": (0.26, 0.27, 0.29),
    "light grey": (0.74, 0.74, 0.72),
    "beige": (0.72, 0.65, 0.54),
    "brown": (0.42, 0.30, 0.21),
    "slate": (0.33, 0.40, 0.47),
    "olive": (0.40, 0.42, 0.29),
    "mauve": (0.52, 0.42, 0.48),
    "sand": (0.74, 0.68, 0.54),
    "cream": (0.80, 0.77, 0.67),
    "terracotta": (0.58, 0.36, 0.28),
    "moss green": (0.30, 0.38, 0.22),
    "teal": (0.20, 0.37, 0.39),
    "navy": (0.17, 0.19, 0.27),
    "plum": (0.34, 0.22, 0.31),
    "charcoal": (0.15, 0.15, 0.16),
}
TEXTURES: dict[Texture, str] = {
    "flat": "plain",
    "checker": "checkered",
    "noise": "speckled",
    "wood": "wooden",
    "stripes": "striped",
    "stone": "stone",
    "tiles": "tiled",
    "spots": "spotted",
    "bricks": "brick",
    "gradient": "shaded",
    "grass": "grassy",
    "marble": "marble",
    "dots": "dotted",
    "mosaic": "mosaic",
    "plaid": "plaid",
    "zigzag": "zigzag",
}
OOD_TEXTURES: tuple[Texture, ...] = ("mosaic", "plaid", "zigzag")
NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip


def number(count: int) -> str:
    """A count in words, in digits beyond twenty."""
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def article(phrase: str) -> str:
    """`phrase` with "a" or "an" before it."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def opposite(side: str) -> str:
    """The other of left and right."""
    return {"left": "right", "right": "left"}[side]


def tell(draw: Draw, templates: Sequence[str], words: dict[str, str], camera: str = "") -> tuple[str, ...]:
    """The templates filled in, in random order, each with a capital first; `camera` is a sentence put after each."""
    return tuple(_sentence(t.format(**words), camera) for t in draw.shuffled(templates))


def otherwise(templates: Sequence[str], *changes: dict[str, str], camera: str = "") -> tuple[str, ...]:
    """What did not happen: for each set of words, two of the templates filled in with it."""
    return tuple(
        _sentence(templates[(2 * i + k) % len(templates)].format(**words), camera)
        for i, words in enumerate(changes)
        for k in range(min(2, len(templates)))
    )


def _sentence(line: str, camera: str) -> str:
    return f"{line[0].upper()}{line[1:]}{' ' if camera else ''}{camera}"
