"""What the camera sees of a World: picture, parts and depth.

The picture is drawn at a multiple of its size and averaged: on a software renderer four samples a pixel cost less
this way than by multisampling, and textures and the edges of shadows are smoothed too.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from simulator.build import FAR
from simulator.gl import cannot_draw, context, mujoco
from simulator.world import SOLID, TRANSLUCENT, UNSEEN, World

_FLAG = mujoco.mjtRndFlag
Array = np.ndarray


class Renderer:
    """Draws one World at one size; the GL context is shared by the whole process.

    samples: of the picture, a pixel: 1, 4, 9, ... (parts and depth are never smoothed).
    """

    def __init__(self, world: World, height: int, width: int, samples: int) -> None:
        context()
        self.world, self.height, self.width = world, height, width
        self._times = max(1, math.isqrt(samples))
        large = height * self._times, width * self._times
        world.model.vis.global_.offheight, world.model.vis.global_.offwidth = large
        try:
            self._target = mujoco.MjrContext(world.model, mujoco.mjtFontScale.mjFONTSCALE_50)
        except mujoco.FatalError as error:
            raise cannot_draw(error) from error
        world.stale.clear()
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._target)
        self._target.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._scene = mujoco.MjvScene(world.model, maxgeom=world.model.ngeom + 8)
        self._rect, self._large_rect = mujoco.MjrRect(0, 0, width, height), mujoco.MjrRect(0, 0, large[1], large[0])
        self._camera = mujoco.MjvCamera()
        self._camera.type, self._camera.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, 0
        self._all, self._opaque = mujoco.MjvOption(), mujoco.MjvOption()
        self._all.geomgroup[:] = self._opaque.geomgroup[:] = 1
        self._all.geomgroup[UNSEEN] = self._opaque.geomgroup[UNSEEN] = self._opaque.geomgroup[TRANSLUCENT] = 0
        self._walls = [g for g in range(world.model.ngeom) if world.model.geom(g).name.startswith("wall")]
        self._rgb, self._large = np.empty((height, width, 3), np.uint8), np.empty((*large, 3), np.uint8)
        self._depth = np.empty((height, width), np.float32)
        self._numbers = (-1, -1)  # (version of the world, geoms drawn) that the table is for
        self._table = np.zeros(1, np.uint16)  # number in the id picture -> part

    def look(self, eye: Array, axes: Array) -> tuple[Array, Array, Array]:
        """Draw from `eye` with camera axes (right, down, forward) in the columns of `axes`.

        Returns picture (H, W, 3) uint8 RGB, parts (H, W) uint16 as in Truth.parts, depth (H, W) float32 metres along
        the optical axis, infinite for the sky.
        """
        picture = self.picture(eye, axes)
        self._draw(self._opaque, self._rect, segment=True)
        mujoco.mjr_readPixels(self._rgb, self._depth, self._rect, self._target)
        return picture, self._parts(), self._metres()

    def picture(self, eye: Array, axes: Array) -> Array:
        """The picture of `look` alone."""
        model, data = self.world.model, self.world.data
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_camlight(model, data)
        for mesh in sorted(self.world.stale):
            mujoco.mjr_uploadMesh(model, self._target, mesh)
        self.world.stale.clear()
        data.cam_xpos[0] = eye
        outside = np.einsum("ij,ij->i", eye - data.geom_xpos[self._walls], data.geom_xmat[self._walls][:, 2::3]) < 0
        model.geom_group[self._walls] = np.where(outside, UNSEEN, SOLID)
        data.cam_xmat[0] = (axes * (1, -1, -1)).ravel()
        self._draw(self._all, self._large_rect, segment=False)
        mujoco.mjr_readPixels(self._large, None, self._large_rect, self._target)
        if self._times == 1:
            return self._large[::-1].copy()
        return cv2.resize(self._large, (self.width, self.height), interpolation=cv2.INTER_AREA)[::-1]

    def _draw(self, option: mujoco.MjvOption, rect: mujoco.MjrRect, *, segment: bool) -> None:
        scene = self._scene
        mujoco.mjv_updateScene(
            self.world.model, self.world.data, option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, scene
        )
        scene.flags[_FLAG.mjRND_SEGMENT] = scene.flags[_FLAG.mjRND_IDCOLOR] = segment
        scene.flags[_FLAG.mjRND_SHADOW] = scene.flags[_FLAG.mjRND_REFLECTION] = not segment
        scene.flags[_FLAG.mjRND_HAZE] = True
        mujoco.mjr_render(rect, scene, self._target)

    def _parts(self) -> Array:
        """The id picture as parts; which number stands for which geom changes only with what is drawn."""
        numbers = (self.world.version, self._scene.ngeom)
        if numbers != self._numbers:
            self._numbers, self._table = numbers, np.zeros(self._scene.ngeom + 1, np.uint16)
            for geom in self._scene.geoms[: self._scene.ngeom]:
                if geom.segid >= 0 and geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
                    self._table[geom.segid + 1] = self.world.part[geom.objid] + 1
        rgb = self._rgb[::-1]
        drawn = rgb[..., 0].astype(np.int32)
        drawn |= rgb[..., 1].astype(np.int32) << 8
        return self._table[drawn]

    def _metres(self) -> Array:
        near, far = self.world.model.vis.map.znear * self.world.model.stat.extent, FAR
        inverse = self._depth[::-1]  # reversed: 1 at the near plane, 0 at the far one
        with np.errstate(divide="ignore"):
            metres = np.float32(near * far) / (np.float32(near) + inverse * np.float32(far - near))
        metres[inverse <= 0] = np.inf
        return metres

    def close(self) -> None:
        """Give the buffers back."""
        context()
        self._target.free()
