"""Calibration tables: from raw strengths of findings to the probability that nothing is wrong.

A table is a logistic model with weights that are never negative,

    value = sigmoid(intercept - sum over laws of weight[law] * min(strength[law], CAP)),

fitted by `probes.calibration.fitting` on the simulator's `calibration` split: one table for each (probe version,
perception kind and version). 0.5 is the line of the clean rate.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

from simulator.errors import UsageError

CAP = 3.0  # strengths beyond this say nothing more; 1 is about where a finding begins to be believed


@dataclass(frozen=True)
class Table:
    """One fitted table.

    perception: e.g. "classical-v1". intercept: logit of the value where nothing was found.
    weights: law to weight, >= 0. valid, violated: how many takes it was fitted on.
    """

    probe: str
    version: int
    perception: str
    intercept: float
    weights: dict[str, float]
    valid: int
    violated: int

    def evidence(self, law: str, strength: float) -> float:
        """What a finding takes off the logit, >= 0.

        Raises:
            KeyError: the table was not fitted for this law.
        """
        return self.weights[law] * min(max(strength, 0.0), CAP)

    def value(self, strengths: Mapping[str, float]) -> float:
        """The probability in [0, 1] that no violation is there, given the greatest strength for each law."""
        return sigmoid(self.intercept - sum(self.evidence(law, s) for law, s in strengths.items()))

    def severity(self, law: str, strength: float) -> float:
        """The probability in [0, 1] of a violation if this finding were the only one."""
        return 1.0 - sigmoid(self.intercept - self.evidence(law, strength))


def sigmoid(x: float) -> float:
    """The logistic function, without overflow."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def file_name(probe: str, version: int) -> str:
    """The name of the file that holds a probe's tables, e.g. "permanence-v1.json"."""
    return f"{probe}-v{version}.json"


def dumps(tables: list[Table]) -> str:
    """The text of one probe's calibration file: its tables by perception."""
    return json.dumps({table.perception: asdict(table) for table in tables}, indent=1, sort_keys=True) + "\n"


def loads(text: str) -> dict[str, Table]:
    """The inverse of `dumps`: tables by perception."""
    return {perception: Table(**fields) for perception, fields in json.loads(text).items()}


@cache
def load(probe: str, version: int, kind: str, perception_version: int) -> Table:
    """The shipped table of a probe with a kind of perception.

    Raises:
        UsageError: it was never fitted; the message says how to.
    """
    file = files("probes.calibration") / file_name(probe, version)
    perception = f"{kind}-v{perception_version}"
    tables = loads(file.read_text()) if file.is_file() else {}
    if perception not in tables:
        known = ", ".join(tables) or "none"
        raise UsageError(
            f"{probe} v{version} has no calibration table for {perception} (has: {known}); run `worldassay calibrate`"
        )
    return tables[perception]
