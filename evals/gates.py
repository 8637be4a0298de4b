"""When a comparison is to stop a change: what an exit code and a JUnit file call a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evals.comparison import WORSE, Row
from evals.statistics import MARGIN
from simulator.errors import UsageError, unknown

REGRESSION, NOT_EQUIVALENT, NEVER = "regression", "not_equivalent", "never"


@dataclass(frozen=True)
class Gate:
    """What fails, and the drops that are said not to matter (shares in [0, 1]), in general and by measure.

    fail_on: "regression": a row that got worse, unless the drop is shown to be less than its margin.
    "not_equivalent": also a row over all families that is not shown to be no worse than by its margin; the cells of a
    single family are too few to show that. "never": nothing.
    """

    fail_on: str = REGRESSION
    margin: float = MARGIN
    margins: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_config(cls, cfg: Mapping[str, Any]) -> Gate:
        """The gate of a verb's keys fail_on, margin and margins.

        Raises:
            UsageError: no such gate, or a margin that is not in [0, 1].
        """
        modes = (REGRESSION, NOT_EQUIVALENT, NEVER)
        if cfg["fail_on"] not in modes:
            raise unknown("fail_on", str(cfg["fail_on"]), modes)
        if not isinstance(cfg["margins"], dict):
            raise UsageError(f"margins={cfg['margins']} should be like margins={{permanence:0.05}}")
        for name, value in {"margin": cfg["margin"], **cfg["margins"]}.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise UsageError(f"the margin {name}={value} is not in [0, 1]; 0.02 are two points")
        return cls(cfg["fail_on"], float(cfg["margin"]), {str(k): float(v) for k, v in cfg["margins"].items()})

    def fails(self, row: Row) -> bool:
        """Whether a row stops the change. A row that no cell tells of shows nothing, so it is not equivalent."""
        if self.fail_on == NEVER or row.no_worse:
            return False
        return row.verdict == WORSE or (self.fail_on == NOT_EQUIVALENT and row.family is None)
