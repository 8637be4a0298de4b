"""What the decoder process costs: against decoding in the same process, and in memory for a long clip.

    python -m benchmarks.decoding [--rounds 15]

Columns: frames and size; codec; milliseconds by the clock and of computing a clip, median and mean of rounds that take
turns, first of PyAV in this process (one thread, all frames in one array), then of read_video; how much more that is.
Below: how long the first clip of a process takes, which starts its decoder, and the most memory that each of the two
processes has held while a clip of 4,000 frames was read.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from simulator import decoding
from simulator.clip import Clip, read_video, write_video

CASES = ((16, 128, False), (48, 256, False), (16, 128, True), (48, 256, True), (96, 512, True), (32, 1024, True))
LONG = 4000
ALONE = """
import sys
from pathlib import Path
from simulator import decoding
from simulator.clip import read_video

def most(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) >> 10

read_video(sys.argv[1])
before = most("self"), most(decoding.pid())
clip = read_video(sys.argv[2])
print(len(clip), clip.frames.nbytes >> 20, *before, most("self"), most(decoding.pid()))
"""


def clip(frames: int, side: int) -> Clip:
    """A texture that slides under a moving square, with some noise."""
    rng = np.random.default_rng(side)
    wall = rng.integers(60, 200, (side // 8, side // 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    grain = rng.integers(0, 8, (side, side, 3), dtype=np.uint8)
    video = np.stack(
        [np.roll(wall, (t, 2 * t), (0, 1)) + np.roll(grain, (7 * t, 3 * t), (0, 1)) for t in range(frames)]
    )
    for t in range(frames):
        left = (3 * t) % (side // 2)
        video[t, side // 4 : side // 2, left : left + side // 4] = (220, 40, 30)
    return Clip(video, 24.0)


def plain(path: Path) -> np.ndarray:
    """The frames, decoded in this process."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(stream)])


def computing() -> float:
    """Seconds of computing by this process and its decoder until now."""
    return sum(time.clock_gettime(clock) for clock in (time.CLOCK_PROCESS_CPUTIME_ID, ~decoding.pid() << 3 | 2))


def rounds(path: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(2, count) seconds by the clock and of computing, of `plain` and `read_video` in turns."""
    clock, work = np.zeros((2, count)), np.zeros((2, count))
    for i in range(count):
        for way, read in enumerate((plain, read_video)):
            begun, used = time.perf_counter(), computing()
            read(path)
            clock[way, i], work[way, i] = time.perf_counter() - begun, computing() - used
    return clock, work


def long_clip(scratch: Path) -> str:
    """A line on the memory that a clip of LONG frames takes."""
    write_video(scratch / "short.mkv", clip(8, 64))
    write_video(scratch / "long.mp4", clip(LONG, 256), lossless=False)
    files = [str(scratch / "short.mkv"), str(scratch / "long.mp4")]
    told = subprocess.run([sys.executable, "-c", ALONE, *files], capture_output=True, text=True, check=True).stdout
    frames, size, ours, theirs, ours_after, theirs_after = told.split()
    return (
        f"{frames} frames of 256x256 ({size} MiB): this process {ours} -> {ours_after} MiB, "
        f"its decoder {theirs} -> {theirs_after} MiB"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    count = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        begun = time.perf_counter()
        write_video(scratch / "first.mkv", clip(8, 64))
        read_video(scratch / "first.mkv")
        first = time.perf_counter() - begun
        print("| clip | codec | plain, ms | read_video, ms | more | computing, ms | read_video, ms | more |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for frames, side, lossy in CASES:
            path = scratch / f"{frames}-{side}{'.mp4' if lossy else '.mkv'}"
            write_video(path, clip(frames, side), lossless=not lossy)
            clock, work = rounds(path, count)
            (a, b), (c, d) = 1e3 * np.median(clock, axis=1), 1e3 * work.mean(axis=1)
            print(
                f"| {frames} of {side}x{side} | {'H.264' if lossy else 'FFV1'} | {a:.1f} | {b:.1f} | {b / a - 1:+.1%} "
                f"| {c:.1f} | {d:.1f} | {d / c - 1:+.1%} |"
            )
        print(f"\nfirst clip of a process: {first:.2f} s\n{long_clip(scratch)}\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
