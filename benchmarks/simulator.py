"""Frames a CPU second of the stage beside a bare MuJoCo loop over the same world, in one run.

The stage gives picture, masks, depth, poses and states; the bare loop steps the same physics and draws the picture
alone with mujoco.Renderer and MuJoCo's defaults (shadow map 4096). Run: python -m benchmarks.simulator [sizes ...]
"""

from __future__ import annotations

import sys
import time

from simulator.build import STEP, build
from simulator.gl import mujoco
from simulator.scenarios import FAMILIES, make_script
from simulator.script import Script
from simulator.stage import play

FPS = 24.0
FRAMES = 24


def stage(script: Script, size: int) -> None:
    """One second of the script on the stage."""
    play(script, size, size, FPS, frames=FRAMES)


def bare(script: Script, size: int) -> None:
    """The same physics and as many pictures, by hand."""
    model = build(script.scene, {}, size, size)
    model.vis.quality.shadowsize = 4096
    data = mujoco.MjData(model)
    with mujoco.Renderer(model, size, size) as renderer:
        for _ in range(FRAMES):
            mujoco.mj_step(model, data, nstep=round(1 / FPS / STEP))
            renderer.update_scene(data, camera=0)
            renderer.render()


def main() -> None:
    """Print a table: a family a row, a size a pair of columns."""
    sizes = [int(a) for a in sys.argv[1:]] or [64, 128, 256]
    scripts = [make_script(name, 0) for name in FAMILIES.names()]
    stage(scripts[0], sizes[0])  # the first picture pays for the GL context
    print(f"{'frames/CPU second':18}" + "".join(f"{f'stage {s}':>12}{f'bare {s}':>12}" for s in sizes))
    for script in scripts:
        row = []
        for size in sizes:
            for run in (stage, bare):
                start = time.process_time()
                run(script, size)
                row.append(FRAMES / (time.process_time() - start))
        print(f"{script.family:18}" + "".join(f"{value:12.1f}" for value in row), flush=True)


if __name__ == "__main__":
    main()
