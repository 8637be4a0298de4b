"""Sections that need processes of their own: `speed` and `same`."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np

from benchmarks.world_model.given import FPS, FRAMES, Given, table

CLIPS = 5
PROGRAM = """
import json, sys, time
told = json.loads(sys.argv[1])
def clock(): return time.perf_counter(), time.process_time()
marks = [clock()]
import torch
torch.set_num_threads(told["threads"])
marks.append(clock())
from simulator.model.sample import WorldModel
from simulator.shot import Shot
marks.append(clock())
model = WorldModel.load(told["checkpoint"])
marks.append(clock())
shot = Shot("speed", "A red ball falls onto the floor.", told["size"], told["size"], told["frames"], told["fps"], 7)
for _ in range(1 + told["clips"]):
    clip = model.generate(shot, steps=told["steps"], guidance=told["guidance"])
    marks.append(clock())
print(json.dumps({"marks": marks, "digest": clip.digest}))
"""


def _run(given: Given, clips: int) -> tuple[np.ndarray, str]:
    """Seconds (wall, CPU) of each part of PROGRAM in a new process, and the digest of its clip."""
    told = {
        "threads": given.threads, "checkpoint": given.checkpoint, "size": given.size, "frames": FRAMES, "fps": FPS,
        "clips": clips, "steps": given.steps, "guidance": given.guidance,
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(told)], capture_output=True, text=True, check=True)
    out = json.loads(done.stdout)
    return np.diff(np.array(out["marks"]), axis=0), out["digest"]


def speed(given: Given) -> None:
    """Seconds of loading and of a clip, in a new process; the median of several clips after the first."""
    spent, _ = _run(given, CLIPS)
    parts = (
        ("import of torch", spent[0], None), ("import of the model's code", spent[1], None),
        ("loading the checkpoint", spent[2], None), ("import of code, and loading", spent[1] + spent[2], 2.0),
        ("the first clip", spent[3], None), ("a clip", np.median(spent[4:], axis=0), 1.0),
    )  # fmt: skip
    rows = [(name, *map(float, s), "" if most is None else bool(s[0] <= most)) for name, s, most in parts]
    title = f"Speed: {FRAMES} frames of {given.size}x{given.size}, {given.steps} steps, {given.threads} threads"
    table(title, ("what", "s", "CPU s", "in time (2 s, 1 s)"), rows)


def same(given: Given) -> None:
    """One seed, two processes: one video."""
    digests = [_run(given, 0)[1] for _ in range(2)]
    table("The same video again", ("process", "digest"), [(i + 1, d[:16]) for i, d in enumerate(digests)])
    print("\nequal" if digests[0] == digests[1] else "\nDIFFERENT")
