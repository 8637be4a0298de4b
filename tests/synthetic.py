"""Made-up runs: results of a model whose quality is known, in memory or as a run folder with clips."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pandas as pd

from evals.store import SCHEMA, SCHEMA_VERSION

FAMILIES = ("candle_blowout", "ball_through_hoop", "leaves_frame", "occluder_pass", "drop_bounce", "camera_orbit")
PROBES = ("permanence", "plausibility", "consistency3d", "adherence")
KINDS = {"permanence": "vanish", "plausibility": "teleport", "consistency3d": "warp", "adherence": "event missing"}
COLUMNS = {
    "shot": ["shot_id", "family", "seed", "mode", "prompt", "height", "width", "frames", "fps"],
    "clip": ["shot_id", "status", "digest", "path", "frames", "height", "width", "fps", "error"],
    "reading": ["shot_id", "probe", "version", "perception", "status", "value", "reason", "measures"],
    "span": ["shot_id", "probe", "position", "kind", "start_s", "end_s", "x0", "y0", "x1", "y1", "severity", "text"],
}
MODES = ("prompt", "first_frames")


def run(
    label: str = "model",
    *,
    quality: float = 0.7,
    seed: int = 0,
    families: tuple[str, ...] = FAMILIES,
    seeds: int = 4,
    modes: tuple[str, ...] = MODES,
    name: str = "world",
    unscored: float = 0.05,
    failed: float = 0.0,
    hard: dict[str, float] | None = None,
    prompt: str | None = None,
    perception: str = "classical",
) -> Any:
    """Results with the columns of the store. A probe passes a shot with the probability `quality`; `hard` lowers it
    by family; cells differ in difficulty, the same way for every run. Shots of one seed share a clip."""
    rng = np.random.default_rng([seed, int(quality * 1000)])
    shots, clips, readings, spans = [], [], [], []
    for family in families:
        for cell in range(seeds):
            ease = np.random.default_rng([len(family), cell]).normal(0, 0.1)
            for mode in modes:
                shot = f"{family}-{cell}-{mode}"
                text = prompt or f"A {family.replace('_', ' ')}, scene {cell}."
                shots.append((shot, family, cell, mode, text, 64, 64, 16, 8.0))
                if rng.random() < failed:
                    clips.append((shot, "failed", None, None, None, None, None, None, "RuntimeError: out of memory"))
                    continue
                digest = hashlib.sha256(f"{label} {seed} {cell}".encode()).hexdigest()
                clips.append((shot, "ok", digest, f"clips/{digest}.mkv", 16, 64, 64, 8.0, None))
                for probe in PROBES:
                    pass_rate = np.clip(quality + ease - (hard or {}).get(family, 0.0), 0.02, 0.98)
                    if rng.random() < unscored:
                        reason = "nothing moved enough to be followed"
                        readings.append((shot, probe, 1, perception, "unscored", np.nan, reason, {}))
                        continue
                    good = rng.random() < pass_rate
                    value = float(rng.uniform(0.6, 0.99) if good else rng.uniform(0.01, 0.4))
                    readings.append((shot, probe, 1, perception, "scored", value, None, {"gap_s": 1 - value}))
                    if not good:
                        start = float(rng.uniform(0.2, 1.2))
                        x, y = rng.uniform(0.1, 0.6, 2)
                        box = (x, y, x + 0.25, y + 0.25) if probe != "adherence" else (np.nan,) * 4
                        told = f"{KINDS[probe]} in {family.replace('_', ' ')} from {start:.2f} s"
                        spans.append((shot, probe, 0, KINDS[probe], start, start + 0.5, *box, 1 - value, told))
    spec = {
        "model": {"name": name, "label": label},
        "suite": {"name": "seed", "families": list(families), "seeds": seeds, "modes": list(modes)},
        "seed": seed,
        "seed_offset": 0,
        "perception": perception,
        "probes": dict.fromkeys(PROBES, 1),
    }
    record = {"digest": "0123456789abcdef", "git": "abc1234", "versions": {"worldassay": "0.1.0", "numpy": "2.0"}}
    return SimpleNamespace(
        path=Path(label),
        spec=spec,
        record=record,
        shots=pd.DataFrame(shots, columns=COLUMNS["shot"]),
        clips=pd.DataFrame(clips, columns=COLUMNS["clip"]),
        readings=pd.DataFrame(readings, columns=COLUMNS["reading"]),
        spans=pd.DataFrame(spans, columns=COLUMNS["span"]),
    )


def write(results: Any, folder: Path) -> Path:
    """The same run as a folder: spec, record, database and FFV1 clips of a square that moves."""
    (folder / "clips").mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps(results.spec))
    (folder / "record.json").write_text(json.dumps(results.record))
    with sqlite3.connect(folder / "results.sqlite") as db:
        db.executescript(f"{SCHEMA} PRAGMA user_version = {SCHEMA_VERSION};")
        readings = results.readings.assign(measures=results.readings["measures"].map(json.dumps))
        for name, frame in (
            ("shot", results.shots),
            ("clip", results.clips),
            ("reading", readings),
            ("span", results.spans),
        ):
            frame.to_sql(name, db, index=False, if_exists="append")
    for n, path in enumerate(results.clips["path"].dropna().unique()):
        write_clip(folder / path, n)
    return folder


def write_clip(path: Path, seed: int, frames: int = 16, size: int = 64) -> None:
    """A small lossless clip: a coloured square crosses a grey gradient."""
    rng = np.random.default_rng(seed)
    colour, y = rng.integers(60, 255, 3), int(rng.integers(5, size - 20))
    with av.open(str(path), "w", format="matroska") as out:
        stream = out.add_stream("ffv1", rate=8)
        stream.width, stream.height, stream.pix_fmt = size, size, "bgr0"
        for t in range(frames):
            picture = np.repeat(np.linspace(40, 180, size, dtype=np.uint8)[:, None, None], size, 1).repeat(3, 2)
            x = int(t * (size - 16) / frames)
            picture[y : y + 14, x : x + 14] = colour
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
