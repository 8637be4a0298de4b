"""A program that knows nothing of the suite but its command line: writes a video of a moving square."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from simulator.clip import Clip, read_video, write_video


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--out", required=True)
    for name in ("height", "width", "frames", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--fps", type=float, required=True)
    parser.add_argument("--video")
    parser.add_argument("--fail", action="store_true")
    given = parser.parse_args()
    if given.fail:
        print("out of memory on device 0", file=sys.stderr)
        return 9
    frames = np.full((given.frames, given.height, given.width, 3), given.seed % 200, np.uint8)
    for i in range(given.frames):
        frames[i, 4:12, i : i + 8] = len(given.prompt) % 256
    if given.video:
        known = read_video(given.video).frames
        frames[: len(known)] = known
    write_video(given.out, Clip(frames, given.fps), lossless=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
