"""How well classical sight sees: against the simulator's truth, on valid takes.

    python -m benchmarks.perception [--size 64] [--seeds 20000 20010] [--fps 8] [--seconds 2]

Columns: takes; found: the take's moving thing (or flame) has a track whose box overlaps the true one by more than
half in 80 % of the frames in which it is seen; states: share of frames with the true state; calm: takes without a
track that is nowhere (ABSENT) for a while, flames aside; steady: camera rightly called still or moving; s: seconds of
processor time a clip for all of perception.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np

from probes.perception import classical, oracle
from probes.perception.observation import ABSENT, SEEN, Observation, ThingTrack
from simulator.scenarios import FAMILIES, make_script
from simulator.script import Script
from simulator.stage import play

STILL_FAMILIES = ("candle_blowout", "ball_through_hoop", "leaves_frame", "occluder_pass", "drop_bounce")


@dataclass
class Row:
    """One take."""

    found: bool
    states: float
    calm: bool
    steady: bool
    seconds: float


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(T,) intersection over union of boxes (T, 4); 0 where either is NaN."""
    low, high = np.fmax(a[:, :2], b[:, :2]), np.fmin(a[:, 2:], b[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = [np.prod(c[:, 2:] - c[:, :2], axis=1) for c in (a, b)]
    return np.nan_to_num(shared / (areas[0] + areas[1] - shared))


def main_thing(script: Script, truth: Observation) -> ThingTrack:
    """The thing that the script is about: the flame, or the first of the inventory."""
    name = "flame" if script.family == "candle_blowout" else script.inventory[0].name
    return next(k for k in truth.things.tracks if k.name == name)


def measure(script: Script, size: int, fps: float) -> Row:
    """Sight against truth on one valid take."""
    take = play(script, size, size, fps)
    truth, sight = oracle.observe(take), classical.observe(take.clip)
    start = time.process_time()
    _ = sight.cuts, sight.flow, sight.points, sight.camera, sight.things, sight.pops, sight.stillness
    seconds = time.process_time() - start
    steady = sight.camera.moving == truth.camera.moving
    if truth.camera.moving:
        return Row(sight.things.reason is not None, float("nan"), not sight.pops, steady, seconds)
    wanted = main_thing(script, truth)
    seen = wanted.state == SEEN
    found, states = False, 0.0
    for track in sight.things.tracks:
        hits = overlap(track.box, wanted.box)[seen] > 0.5
        if hits.mean() >= 0.8:
            found, states = True, max(states, float(np.mean(track.state == wanted.state)))
    calm = all(k.flame or not (k.state == ABSENT).any() or k.confidence.max() < 0.5 for k in sight.things.tracks)
    return Row(found, states, calm, steady, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--fps", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--seeds", type=int, nargs=2, default=(20000, 20010))
    parser.add_argument("--split", default="test")
    parser.add_argument("--families", nargs="*", default=list(FAMILIES.names()))
    ask = parser.parse_args()
    print(f"{'family':20s} takes  found  states   calm steady      s")
    for family in ask.families:
        rows, uneasy = [], []
        for seed in range(*ask.seeds):
            rows.append(measure(make_script(family, seed, split=ask.split, seconds=ask.seconds), ask.size, ask.fps))
            if not (rows[-1].found and rows[-1].calm and rows[-1].steady):
                uneasy.append(seed)
        table = np.array([[r.found, r.states, r.calm, r.steady, r.seconds] for r in rows], float)
        means = [float(np.mean(c)) for c in table.T]
        print(f"{family:20s} {len(rows):5d} " + " ".join(f"{m:6.2f}" for m in means), " look at:", uneasy, flush=True)


if __name__ == "__main__":
    main()
