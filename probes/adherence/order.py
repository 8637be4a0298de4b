"""Events that have to come one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from probes.adherence.case import Outcome


def reversed_pairs(outcomes: Sequence[Outcome]) -> list[tuple[Outcome, Outcome]]:
    """Pairs (first, then) of which the script has the first over before the second begins, but which came the other
    way round: all times at which the second was seen lie before all those of the first."""
    moments = [o for o in outcomes if o.times]
    return [
        (a, b) for a in moments for b in moments if a.expected.end <= b.expected.start and max(b.times) < min(a.times)
    ]
