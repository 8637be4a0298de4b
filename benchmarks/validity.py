"""How often the probes are right, on scripts that calibration never saw: the tables of docs/VALIDITY.md.

python -m benchmarks.validity [scripts a family] [pixels a side] [first seed]; prints Markdown. Takes minutes.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import numpy as np

from evals.calibrate import look, samples
from probes.base import PROBES, assay
from probes.reading import Failed, Reading, Scored
from simulator.scenarios import FAMILIES

FPS, SEVERITY = 8.0, 0.6
KINDS = ("oracle", "classical")
CONTROLS = ("frozen", "noise", "shuffled")


def alarms(reading: Reading) -> bool:
    """Whether a probe says that something is wrong."""
    return isinstance(reading, Scored) and reading.value < 0.5


def clean(readings: dict[str, Reading]) -> bool:
    """Whether a clip is clean by the headline's rule."""
    took_place = isinstance(readings["adherence"], Scored)
    return took_place and not any(map(alarms, readings.values()))


def table(head: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    print(f"\n| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


Seen = dict[tuple[str, str, int, str | None], dict[str, Reading]]


def measure(family: str, seeds: range, size: int) -> Seen:
    """The readings of one family's clips by (sight, family, seed, what is wrong)."""
    seen: Seen = {}
    for sample in samples([family], seeds, size, FPS, SEVERITY, split="test"):
        for kind in KINDS:
            observation = look(sample, kind)
            if observation is not None:
                readings = assay(observation, sample.script, None, PROBES.names())
                broken = [r.error for r in readings.values() if isinstance(r, Failed)]
                if broken:
                    raise RuntimeError(f"{family} {sample.script.seed} {sample.wrong}: {broken[0]}")
                seen[kind, family, sample.script.seed, sample.wrong] = readings
    return seen


def main(count: int, size: int, first: int) -> None:
    """Play, look, score (a process for each family), print."""
    seen: Seen = {}
    seeds = range(first, first + count)
    with ProcessPoolExecutor(len(FAMILIES.names())) as pool:
        for part in pool.map(measure, FAMILIES.names(), repeat(seeds), repeat(size)):
            seen |= part
    families = list(dict.fromkeys(key[1] for key in seen))
    print(f"{count} scripts a family (seeds from {first}), split `test`, {size} x {size} pixels, 16 frames, 8 fps")
    for kind in KINDS:
        print(f"\n### {kind.capitalize()} sight\n\nFalse alarms on valid takes (alarms / scored / takes), and clean:")
        rows = []
        for family in families:
            valid = [r for (k, f, _, wrong), r in seen.items() if (k, f, wrong) == (kind, family, None)]
            cells = []
            for name in PROBES.names():
                scored = [r[name] for r in valid if isinstance(r[name], Scored)]
                cells.append(f"{sum(map(alarms, scored))} / {len(scored)} / {len(valid)}")
            rows.append([family, *cells, f"{sum(map(clean, valid))} / {len(valid)}"])
        table(["family", *PROBES.names(), "clean"], rows)
        print(f"\nViolations of severity {SEVERITY} to 1: found by each probe, found by any; paired: share of twins"
              " with a lower least value than their valid take, ties half:")  # fmt: skip
        found: dict[str, list[tuple[list[bool], float]]] = defaultdict(list)
        for (k, family, seed, wrong), r in seen.items():
            if k == kind and wrong is not None and wrong not in CONTROLS:
                twin = seen[k, family, seed, None]
                a, b = (min([v.value for v in x.values() if isinstance(v, Scored)], default=np.nan) for x in (r, twin))
                pair = 0.5 if abs(a - b) < 1e-9 else float(a < b)
                found[wrong].append(([alarms(r[p]) for p in PROBES.names()], pair))
        rows = []
        for wrong, takes in sorted(found.items()):
            hits = np.array([t[0] for t in takes])
            rows.append([wrong, *map(str, hits.sum(0)), f"{hits.any(1).sum()} / {len(hits)}",
                         f"{np.mean([t[1] for t in takes]):.2f}"])  # fmt: skip
        hits = np.array([t[0] for takes in found.values() for t in takes])
        pairs = [t[1] for takes in found.values() for t in takes]
        rows.append(["all", *map(str, hits.sum(0)), f"{hits.any(1).sum()} / {len(hits)}", f"{np.mean(pairs):.2f}"])
        table(["violation", *PROBES.names(), "any", "paired"], rows)
    print("\n### Controls (classical sight)\n\nClips that came out clean, of all:")
    rows = []
    for family in families:
        cells = []
        for control in CONTROLS:
            clips = [r for (_, f, _, wrong), r in seen.items() if (f, wrong) == (family, control)]
            cells.append(f"{sum(map(clean, clips))} / {len(clips)}")
        rows.append([family, *cells])
    table(["family", *CONTROLS], rows)


if __name__ == "__main__":
    given = [int(a) for a in sys.argv[1:]]
    main(*given, *(6, 64, 0)[len(given) :])
