"""Whether two runs asked and measured the same, so that their figures may stand side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evals.outcomes import HEADLINE
from evals.spec import differences
from simulator.errors import UsageError

if TYPE_CHECKING:
    from evals.store import Results


def refuse_unlike(a: Results, b: Results) -> None:
    """Raise for runs that cannot be compared.

    Raises:
        UsageError: with all keys that differ.
    """
    differ = unlike(a, b)
    if differ:
        raise UsageError(
            f"{a.path.name} and {b.path.name} cannot be compared, they differ in {'; '.join(differ)}; "
            "run both models on the same suite with the same probes and perception"
        )


def unlike(a: Results, b: Results) -> list[str]:
    """What keeps two runs from being compared: keys of the spec other than the model's own, its root seed and the name
    of the suite, versions of headline probes, and shots; an empty list where nothing does."""
    context = {p for run in (a, b) for p in run.spec.get("scoring", {}).get("probes", {})} - set(HEADLINE)
    free = ("model.", "seed:", "suite.name:", *(f"scoring.probes.{probe}:" for probe in sorted(context)))
    found = [line for line in differences(a.spec, b.spec) if not line.startswith(free)]
    if not found:
        versions_a, versions_b = (_versions(run) for run in (a, b))
        both = sorted(versions_a.keys() & versions_b.keys() & set(HEADLINE))
        found += [f"{p}: {versions_a[p]} -> {versions_b[p]}" for p in both if versions_a[p] != versions_b[p]]
    if not found and not _asked(a).equals(_asked(b)):
        found.append("the shots")
    return found


def _versions(run: Results) -> dict[str, str]:
    """By which version, and from what sight, each probe read: e.g. {"permanence": "v1, classical"}."""
    first = run.readings.groupby("probe")[["version", "perception"]].first()
    return {str(probe): f"v{row['version']}, {row['perception']}" for probe, row in first.iterrows()}


def _asked(run: Results) -> pd.DataFrame:
    return run.shots.set_index("shot_id").sort_index()
