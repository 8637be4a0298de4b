"""Reading: what a probe says of a clip; a score with its evidence, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in fractions of width and height, y down


@dataclass(frozen=True)
class Span:
    """One piece of evidence: what is wrong, when (seconds), where, how badly ([0, 1]), and in words."""

    kind: str  # a violation's name where one fits, e.g. "vanish"
    start: float
    end: float
    box: Box | None
    severity: float
    text: str  # e.g. "red ball gone from 1.25 s; nothing hid it"


@dataclass(frozen=True)
class Scored:
    """A score in [0, 1], higher is better: the estimated probability that no violation of this probe's kind is there.

    measures: raw measurements by name, in fractions of the picture and seconds (`..._s`).
    """

    value: float
    spans: tuple[Span, ...] = ()
    measures: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:
            raise ValueError(f"a score lies in [0, 1], got {self.value}")


@dataclass(frozen=True)
class Unscored:
    """The probe cannot tell, and why; never counted as a score."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The probe broke, and how; never counted as a score."""

    error: str


Reading = Scored | Unscored | Failed
