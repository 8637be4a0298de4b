"""What a submission's spec asks for, rebuilt from names and numbers alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evals import config
from evals.spec import differences
from evals.suite import Cell, Suite
from evals.verify.findings import Refused, Report
from simulator.errors import UsageError

SUITE = {  # the type of each value
    "name": str, "families": list, "seeds": int, "modes": list, "height": int, "width": int, "fps": (int, float),
    "seconds": (int, float), "split": str, "difficulty": (int, float), "view": str, "first_seed": int,
}  # fmt: skip
SCORING = {"perception": str, "perception_version": int, "probes": dict}


@dataclass(frozen=True)
class Asked:
    """What a spec asks for, rebuilt here. stale: families whose scripts are drawn otherwise by this version."""

    suite: Suite
    cells: dict[str, Cell]
    stale: frozenset[str]
    perception: str
    perception_version: int
    probes: dict[str, int]


def _typed(value: Any, types: Mapping[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != types.keys():
        raise Refused("spec", where, f"it needs the keys {', '.join(types)}")
    for key, kind in types.items():
        if not isinstance(value[key], kind) or isinstance(value[key], bool):
            raise Refused("spec", f"{where}.{key}", f"{value[key]!r} is of another type than it should be")
    return value


def asked(spec: Mapping[str, Any], report: Report, most: int) -> Asked:
    """Rebuild what a spec asks for.

    most: shots.

    Raises:
        Refused: it asks for what does not exist here, or for more.
    """
    told = _typed(spec.get("suite"), SUITE, "suite")
    scoring = _typed(spec.get("scoring"), SCORING, "scoring")
    model = spec.get("model")
    if not isinstance(model, dict) or not all(isinstance(model.get(key), str) for key in ("name", "label")):
        raise Refused("spec", "model", "it needs a name and a label")
    if not isinstance(spec.get("seed"), int) or not isinstance(spec.get("families"), dict):
        raise Refused("spec", "seed, families", "it needs a root seed and the versions of the families")
    if not all(isinstance(version, int) for version in scoring["probes"].values()):
        raise Refused("spec", "scoring.probes", "it needs the version of each probe")
    try:
        suite = Suite.from_config({k: v for k, v in told.items() if k != "first_seed"}, told["first_seed"])
    except (UsageError, TypeError) as error:
        raise Refused("spec", "suite", str(error)) from error
    if len(suite.families) * suite.seeds * len(suite.modes) > most:
        raise Refused("bomb", "suite", f"it asks for more than {most} shots; raise limits.shots")
    cells = {cell.id: cell for cell in suite.cells()}
    installed = {cell.family: suite.script(cell).version for cell in cells.values() if cell.seed == suite.first_seed}
    stale = frozenset(family for family in installed if spec["families"].get(family) != installed[family])
    for family in stale:
        text = f"recorded at version {spec['families'].get(family)}, installed is {installed[family]}"
        report.add("other version", f"family {family}", text)
    _shipped(suite, report)
    return Asked(suite, cells, stale, **scoring)


def _shipped(suite: Suite, report: Report) -> None:
    if suite.name not in config.names("suite"):
        report.add("note", "suite", f"'{suite.name}' is no suite that ships with worldassay")
        return
    shipped = Suite.from_config(config.load("run", [f"suite={suite.name}"])["suite"])
    for line in differences(shipped.spec(), suite.spec()):
        report.add("note", "suite", f"not '{suite.name}' as it ships: {line}")
