"""What the world model's samples are worth: known frames, seams, long videos, speed, steps, pages to look at.

    python -m benchmarks.world_model CHECKPOINT [SECTION ...] [--clips 50] [--prompts 10] [--seconds 60] [--steps 8]

Prints a markdown table for each section (all of them unless some are named) and writes pictures to --out. Scenes are of
--split, seeds from --seed on, none of which training sees; to choose a setting use --split calibration, so that what is
reported is measured on other scenes. Sections: known, seams, endings, long, speed, same, steps, sheets.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.world_model.frames import endings, known, seams
from benchmarks.world_model.given import Given
from benchmarks.world_model.process import same, speed
from benchmarks.world_model.quality import long, sheets, steps
from simulator.model.sample import HISTORY

SECTIONS = {f.__name__: f for f in (known, seams, endings, long, speed, same, steps, sheets)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="a shipped name, a training run's folder or a .safetensors file")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--clips", type=int, default=50, help="scenes of seams and steps")
    parser.add_argument("--prompts", type=int, default=10, help="long videos")
    parser.add_argument("--seconds", type=float, default=60.0, help="of a long video")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--guidance", type=float, default=2.0)
    parser.add_argument("--history", type=float, default=HISTORY, help="level of earlier windows' frames")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=40, help="of the first scene of a family")
    parser.add_argument("--split", default="test")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--families", nargs="*", default=[], help="those the checkpoint was trained on unless given")
    parser.add_argument("--out", type=Path, default=Path("world_model"), help="folder for pictures")
    asked = vars(parser.parse_args())
    sections = asked.pop("sections") or list(SECTIONS)
    for name in sections:
        if name not in SECTIONS:
            parser.error(f"no section '{name}'; there are {', '.join(SECTIONS)}")

    import torch

    torch.set_num_threads(asked["threads"])
    given = Given(**asked)
    given.out.mkdir(parents=True, exist_ok=True)
    for name in sections:
        SECTIONS[name](given)


if __name__ == "__main__":
    main()
