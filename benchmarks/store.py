"""Runs of 50 models with a million readings in all, and how long the verbs that read them take.

Every run is a folder as `worldassay run` leaves it; the shots of a model share one small clip, so that what is timed is
the store, the statistics and the pages, not the drawing of videos. Run: python -m benchmarks.store [readings ...]
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evals.spec import write_json
from evals.store import Store
from simulator.clip import Clip, write_video
from simulator.scenarios import FAMILIES

MODELS = 50
MODES = ("prompt", "first_frames")
PROBES = {  # what each is said to have measured
    "permanence": ("born", "changed", "doubled", "gone", "incoherent", "popped", "unreturned"),
    "plausibility": ("causality", "continuity", "energy", "gravity", "inertia", "solidity"),
    "consistency3d": ("warp", "world"),
    "adherence": ("camera", "event", "amiss"),
}
ABSTAINS = 0.1  # the share of readings without a score
REASONS = ("the camera does not move", "nothing moved enough to be followed", "too dark to see")


def spec(label: str, seeds: int) -> dict[str, object]:
    """The spec of one run."""
    return {
        "model": {"label": label, "name": "videos"},
        "suite": {"name": "core", "families": FAMILIES.names(), "seeds": seeds, "modes": list(MODES)},
        "seed": 0,
        "scoring": {"perception": "classical", "perception_version": 1, "probes": dict.fromkeys(PROBES, 1)},
    }


def generate(folder: Path, label: str, quality: float, seeds: int) -> Path:
    """One run of FAMILIES x seeds x MODES shots, four readings each; a probe passes with the probability `quality`."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng([seeds, int(1e6 * quality), *label.encode()])
    clip = Clip(rng.integers(0, 255, (2, 16, 16, 3), dtype=np.uint8), 8.0)
    path = f"clips/{clip.digest}.mkv"
    write_video(folder / path, clip)
    with Store(folder):
        pass
    with sqlite3.connect(folder / "results.sqlite") as db:
        for family in FAMILIES.names():
            cells = [(seed, mode) for seed in range(seeds) for mode in MODES]
            ids = [f"{family}-{seed}-{mode}" for seed, mode in cells]
            shots = [(i, family, s, m, f"A {family}, scene {s}.", 64, 64, 16, 8.0)
                     for i, (s, m) in zip(ids, cells, strict=True)]  # fmt: skip
            _insert(db, "shot", shots)
            _insert(db, "clip", [(i, "ok", clip.digest, path, 2, 16, 16, 8.0, None) for i in ids])
            for probe, laws in PROBES.items():
                _read(db, rng, ids, probe, laws, quality)
    db.close()
    write_json(folder / "spec.json", spec(label, seeds))
    write_json(folder / "record.json", {"git": "0" * 40, "python": "3.11"})
    return folder


def _read(
    db: sqlite3.Connection, rng: np.random.Generator, ids: list[str], probe: str, laws: tuple[str, ...], quality: float
) -> None:
    """The readings of one probe, and a span for each that found something."""
    n = len(ids)
    told, good, place = rng.random(n) > ABSTAINS, rng.random(n) < quality, rng.random((n, 4))
    value = np.where(good, rng.uniform(0.6, 0.99, n), rng.uniform(0.01, 0.4, n))
    strength = np.where(good[:, None], 0.0, rng.gamma(2.0, 1.0, (n, len(laws))))
    readings, spans = [], []
    for k, shot in enumerate(ids):
        if not told[k]:
            readings.append((shot, probe, 1, "classical", "unscored", None, REASONS[k % len(REASONS)], None, 1))
            continue
        measures = {f"strength_{law}": float(s) for law, s in zip(laws, strength[k], strict=True)}
        row = (shot, probe, 1, "classical", "scored", float(value[k]), None, json.dumps(measures), 1)
        readings.append(row)
        if not good[k]:
            box = (place[k] * 0.5 + (0, 0, 0.5, 0.5)).tolist()
            spans.append((shot, probe, 0, laws[k % len(laws)], 0.25, 1.0, *box, 1 - float(value[k]), f"{probe}: {k}"))
    _insert(db, "reading", readings)
    _insert(db, "span", spans)


def _insert(db: sqlite3.Connection, table: str, rows: list[tuple[object, ...]]) -> None:
    if rows:
        db.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)


def timed(*arguments: str) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of CPU and peak memory (MB) of a command of its own."""
    begun = time.monotonic()
    child = subprocess.Popen([sys.executable, "-m", "evals.cli", *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise RuntimeError(f"{arguments} failed")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(readings: int, models: int, verbs: Sequence[str]) -> None:
    """Print what the verbs take on so many runs with so many readings in all."""
    families = len(FAMILIES.names())
    seeds = max(1, round(readings / (models * families * len(MODES) * len(PROBES))))
    with tempfile.TemporaryDirectory() as scratch:
        where = Path(scratch)
        runs = [
            str(generate(where / "runs" / f"model-{m:02}", f"model-{m:02}", q, seeds))
            for m, q in enumerate(np.linspace(0.6, 0.8, models))
        ]
        there = models * families * seeds * len(MODES) * len(PROBES)
        for verb in verbs:
            words = runs[models // 2 - 1 :][:2] if verb == "compare" else runs
            seconds, cpu, memory = timed(verb, *words, f"out={where / verb}")
            print(f"{there:9} {models:6} {verb:12}{seconds:8.1f} s {cpu:8.1f} s {memory:8.0f} MB", flush=True)


def main() -> None:
    """Print a table: readings in all and models, a verb, clock, CPU and memory."""
    print(" readings models verb            clock        CPU      memory")
    for readings in [int(a) for a in sys.argv[1:]] or [10_000, 100_000, 1_000_000]:
        measure(readings, MODELS, ("compare", "leaderboard"))
        measure(readings, 2, ("compare",))


if __name__ == "__main__":
    main()
