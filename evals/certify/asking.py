"""What is looked at: cells, each with a valid take, twins, ladders of severity, spoilt copies and controls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from evals.spec import digest
from simulator.scenarios import FAMILIES, make_script
from simulator.script import RESTS, Script
from simulator.violations import WITHOUT_DEGREES, prompt_breaks

LADDER = (0.2, 0.4, 0.6, 0.8, 1.0)  # severities of one and the same violation
NUISANCES = ("h264", "half_size", "half_rate", "brighter", "noisy")
CONTROLS = ("frozen", "noise", "shuffled", "reversed", "unrelated", "cross_faded", "looped")
PARTS = ("twins", "ladders", "nuisances", "controls")
ONE_WAY = ("falls", "goes_out", "topples", "lands_on", "moves_left", "moves_right", "moves_up", "moves_down")


@dataclass(frozen=True)
class Material:
    """Where scenes come from, how violations are drawn, and which controls there are.

    kinds: of violations; None: all that a script allows.
    """

    split: str
    view: str
    severity: tuple[float, float]
    kinds: tuple[str, ...] | None = None
    controls: tuple[str, ...] = CONTROLS


@dataclass(frozen=True)
class Cell:
    """A scene, the size (pixels a side) and rate it is shown at, and what is looked at besides its valid take."""

    family: str
    seed: int
    size: int
    fps: float
    parts: tuple[str, ...]

    def script(self, material: Material) -> Script:
        """The scene."""
        return make_script(self.family, self.seed, split=material.split, view=material.view)

    def file(self, material: Material, version: int) -> str:
        """The name of the file that keeps the cell's answers; another family's version has another file."""
        said = [version, material.split, material.view, material.severity]
        return f"{self.family}-{self.seed}-{self.size}-{self.fps:g}-{digest(said)[:12]}.jsonl"


@dataclass(frozen=True, order=True)
class Ask:
    """One clip of a cell. what: "valid", "twin", "rung" (of a ladder), "nuisance" or "control"; name: of which kind."""

    what: str
    name: str = ""
    level: float = 0.0  # of a rung: the severity

    @property
    def id(self) -> str:
        """E.g. "rung/vanish/0.4"."""
        return "/".join(filter(None, (self.what, self.name, f"{self.level:g}" if self.level else "")))


def kinds_of(script: Script, material: Material) -> list[str]:
    """The kinds of violation that a scene is asked for."""
    allowed = {way.kind for way in (*script.breakable, *prompt_breaks(script))}
    return sorted(allowed if material.kinds is None else allowed & set(material.kinds))


@cache  # a scene takes tens of milliseconds to write, and is asked for again and again
def asks(cell: Cell, material: Material) -> tuple[Ask, ...]:
    """The clips of a cell, the valid take first.

    No ladder has a kind without degrees; no still is a control where the script asks for one, and no reversal where
    nothing in the script has a direction in time.
    """
    script = cell.script(material)
    happens = {event.kind for event in script.expected}
    found, kinds = [Ask("valid")], kinds_of(script, material)
    if "twins" in cell.parts:
        found += [Ask("twin", kind) for kind in kinds]
    if "ladders" in cell.parts:
        found += [Ask("rung", kind, level) for kind in kinds if kind not in WITHOUT_DEGREES for level in LADDER]
    if "nuisances" in cell.parts:
        found += [Ask("nuisance", name) for name in NUISANCES]
    if "controls" in cell.parts:
        pointless = {"frozen"} if happens <= set(RESTS) else set()
        pointless |= set() if happens & set(ONE_WAY) and "swings" not in happens else {"reversed"}
        found += [Ask("control", name) for name in material.controls if name not in pointless]
    return tuple(found)


def other_families(family: str) -> list[str]:
    """All families but one, those that are registered after it first."""
    names = FAMILIES.names()
    at = names.index(family)
    return names[at + 1 :] + names[:at]
