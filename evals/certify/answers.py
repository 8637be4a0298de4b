"""What a probe noticed, before any calibration, as JSON and back: so that other tables can judge it later."""

from __future__ import annotations

import importlib
import traceback
from dataclasses import asdict
from typing import Any

from probes.base import PROBES, Probe
from probes.calibration import Table
from probes.evidence import Finding, Found, greatest, judge
from probes.perception.observation import Observation
from probes.reading import Failed, Reading, Scored, Span, Unscored
from simulator.script import Script

Answer = dict[str, Any]


class Asked:
    """A probe with its own findings, where it has them: those of `find`, in the laws of its calibration table."""

    def __init__(self, name: str) -> None:
        module = importlib.import_module(PROBES.entry(name).target.split(":")[0])
        self.probe: Probe = PROBES.load(name)
        self.laws: tuple[str, ...] = getattr(module, "LAWS", ())
        self.find = getattr(module, "find", None) if self.laws else None

    @property
    def key(self) -> str:
        """What its answers are kept under, e.g. "permanence-v1"."""
        return f"{self.probe.name}-v{self.probe.version}"

    def answer(self, observation: Observation, script: Script) -> Answer:
        """What it says of a clip; a fault of the probe is told, never raised."""
        try:
            if self.find is None:
                return encode(self.probe.score(observation, script, None))
            return encode(self.find(observation, script))
        except Exception as error:  # as `assay` tells it
            where = traceback.extract_tb(error.__traceback__)[-1]
            return {"failed": f"{type(error).__name__}: {error} ({where.name}:{where.lineno})"}

    def reading(self, answer: Answer, table: Table | None, seconds: float) -> Reading:
        """The reading of an answer, calibrated by `table` where it has findings."""
        if "failed" in answer:
            return Failed(answer["failed"])
        if "unscored" in answer:
            return Unscored(answer["unscored"])
        if "findings" in answer:
            assert table is not None
            return judge(found(answer), self.laws, table, seconds)
        return Scored(answer["value"], tuple(Span(**span) for span in answer["spans"]))

    def strengths(self, answer: Answer) -> list[float] | None:
        """The greatest strength found for each law, in the order of `laws`; None where nothing could be told."""
        return list(greatest(found(answer).findings, self.laws).values()) if "findings" in answer else None


def encode(said: Found | Reading) -> Answer:
    """As JSON holds it; boxes are left out."""
    if isinstance(said, Found):
        return {"findings": [{**asdict(f), "box": None} for f in said.findings]}
    if isinstance(said, Scored):
        return {"value": said.value, "spans": [{**asdict(s), "box": None} for s in said.spans]}
    return {"unscored": said.reason} if isinstance(said, Unscored) else {"failed": said.error}


def found(answer: Answer) -> Found:
    """The findings of an answer."""
    return Found([Finding(**fields) for fields in answer["findings"]], {})
