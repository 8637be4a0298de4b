"""Frames a second of the stage over all families, beside PyBullet's TinyRenderer and a bare MuJoCo loop.

    python -m benchmarks.simulator [sizes ...] [--families NAME ...] [--frames 48]

The stage gives picture (shadows, four samples a pixel), parts, depth, poses, states and point tracks, building the
scene included. The two others draw one simple scene (a checkered floor, a ball, four blocks, one shadow) that is built
beforehand: picture with shadows, masks and depth, nothing else. MuJoCo draws it twice a frame, with a shadow map of
1024 (4096, its default, is slower at every size) and four samples a pixel. PyBullet comes by
`pip install pybullet`; without it its column stays empty. Wall time of one process on all its cores.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from simulator.gl import context, mujoco
from simulator.scenarios import FAMILIES, make_script
from simulator.stage import play

FPS = 24.0
SIMPLE = """
<mujoco>
  <visual><quality shadowsize="1024" offsamples="4"/><global offwidth="1024" offheight="1024"/></visual>
  <asset>
    <texture name="t" type="2d" builtin="checker" rgb1=".6 .6 .6" rgb2=".4 .4 .4" width="256" height="256"/>
    <material name="m" texture="t" texrepeat="8 8" texuniform="true"/>
  </asset>
  <worldbody>
    <light pos="1 -2 4" dir="-.2 .4 -.9" directional="true" castshadow="true"/>
    <camera name="c" pos="0 -4 1.5" xyaxes="1 0 0 0 .3 .95"/>
    <geom type="plane" size="0 0 1" material="m"/>
    <body pos="0 0 1.5"><freejoint/><geom type="sphere" size=".3" rgba=".8 .1 .1 1"/></body>
    <body pos="-1 .3 .2"><freejoint/><geom type="box" size=".2 .2 .2" rgba=".1 .2 .8 1"/></body>
    <body pos="-.5 1 .2"><freejoint/><geom type="box" size=".2 .2 .2" rgba=".1 .7 .2 1"/></body>
    <body pos=".6 .8 .2"><freejoint/><geom type="box" size=".2 .2 .2" rgba=".9 .8 .1 1"/></body>
    <body pos="1 .1 .2"><freejoint/><geom type="box" size=".2 .2 .2" rgba=".5 .1 .7 1"/></body>
  </worldbody>
</mujoco>
"""


def bare(size: int, frames: int) -> float:
    """Frames a second of a loop around MuJoCo's renderer on the simple scene: a picture, then masks with depth."""
    context()
    model = mujoco.MjModel.from_xml_string(SIMPLE)
    model.vis.global_.offwidth = model.vis.global_.offheight = size
    data = mujoco.MjData(model)
    target = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50)
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, target)
    scene, option, rect = mujoco.MjvScene(model, 100), mujoco.MjvOption(), mujoco.MjrRect(0, 0, size, size)
    camera = mujoco.MjvCamera()
    camera.type, camera.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, 0
    rgb, depth = np.empty((size, size, 3), np.uint8), np.empty((size, size), np.float32)

    def frame() -> None:
        mujoco.mj_step(model, data, nstep=20)
        for masks in (False, True):
            mujoco.mjv_updateScene(model, data, option, None, camera, mujoco.mjtCatBit.mjCAT_ALL, scene)
            scene.flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = scene.flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = masks
            mujoco.mjr_render(rect, scene, target)
            mujoco.mjr_readPixels(rgb, depth if masks else None, rect, target)

    rate = _rate(frame, frames)
    target.free()
    return rate


def tiny(size: int, frames: int) -> float | None:
    """Frames a second of PyBullet's TinyRenderer on the same scene; None where PyBullet is not installed."""
    try:
        import pybullet as bullet
    except ImportError:
        return None
    client = bullet.connect(bullet.DIRECT)
    bullet.setGravity(0, 0, -9.81)
    plane = bullet.createCollisionShape(bullet.GEOM_PLANE)
    ground = bullet.createVisualShape(bullet.GEOM_BOX, halfExtents=[20, 20, 0.01])
    bullet.createMultiBody(0, plane, ground)
    for place, r in (
        ((0, 0, 1.5), 0.3),
        ((-1, 0.3, 0.2), 0.2),
        ((-0.5, 1, 0.2), 0.2),
        ((0.6, 0.8, 0.2), 0.2),
        ((1, 0.1, 0.2), 0.2),
    ):
        kind = bullet.GEOM_SPHERE if r == 0.3 else bullet.GEOM_BOX
        size_of = {"radius": r} if r == 0.3 else {"halfExtents": [r, r, r]}
        shape, look = bullet.createCollisionShape(kind, **size_of), bullet.createVisualShape(kind, **size_of)
        bullet.createMultiBody(1.0, shape, look, place)
    view = bullet.computeViewMatrix([0, -4, 1.5], [0, 0, 0.3], [0, 0, 1])
    lens = bullet.computeProjectionMatrixFOV(45, 1, 0.05, 80)

    def frame() -> None:
        for _ in range(10):
            bullet.stepSimulation()
        bullet.getCameraImage(size, size, view, lens, shadow=1, renderer=bullet.ER_TINY_RENDERER)

    try:
        return _rate(frame, frames)
    finally:
        bullet.disconnect(client)


def _rate(frame: Callable[[], None], frames: int) -> float:
    frame()
    start = time.perf_counter()
    for _ in range(frames):
        frame()
    return frames / (time.perf_counter() - start)


def stage(family: str, seed: int, size: int, frames: int) -> float:
    """Seconds that the stage takes for a clip of the family."""
    script = make_script(family, seed, seconds=frames / FPS)
    start = time.perf_counter()
    play(script, size, size, FPS, frames=frames)
    return time.perf_counter() - start


def main() -> None:
    """Print a table: a family a row, a size a column; then the means, and the two others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[128, 256, 512])
    parser.add_argument("--families", nargs="*", default=FAMILIES.names())
    parser.add_argument("--frames", type=int, default=48)
    ask = parser.parse_args()
    stage("drop_bounce", 0, 64, 2)  # the first picture pays for the GL context
    print(f"{'frames/s':20}" + "".join(f"{size:>8}" for size in ask.sizes))
    spent = dict.fromkeys(ask.sizes, 0.0)
    for number, family in enumerate(ask.families):
        row = []
        for size in ask.sizes:
            seconds = stage(family, number, size, ask.frames)
            spent[size] += seconds
            row.append(ask.frames / seconds)
        print(f"{family:20}" + "".join(f"{rate:8.0f}" for rate in row), flush=True)
    total = len(ask.families) * ask.frames
    print(f"{'stage, all families':20}" + "".join(f"{total / spent[size]:8.0f}" for size in ask.sizes))
    print(f"{'bare MuJoCo, simple':20}" + "".join(f"{bare(size, ask.frames):8.0f}" for size in ask.sizes))
    rates = [tiny(size, ask.frames) for size in ask.sizes]
    print(f"{'TinyRenderer, simple':20}" + "".join("        " if rate is None else f"{rate:8.0f}" for rate in rates))


if __name__ == "__main__":
    main()
