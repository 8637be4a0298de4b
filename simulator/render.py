"""What the camera sees of a World: picture, masks and depth."""

from __future__ import annotations

import numpy as np

from simulator.build import FAR
from simulator.gl import cannot_draw, context, mujoco
from simulator.world import SOLID, TRANSLUCENT, UNSEEN, World

_FLAG = mujoco.mjtRndFlag


class Renderer:
    """Draws one World at one size; the GL context is shared by the whole process.

    samples: multisampling of the picture (masks and depth are never smoothed), 1 for none.
    """

    def __init__(self, world: World, height: int, width: int, samples: int) -> None:
        context()
        self.world, self.height, self.width = world, height, width
        world.model.vis.quality.offsamples = 0 if samples <= 1 else samples
        try:
            self._target = mujoco.MjrContext(world.model, mujoco.mjtFontScale.mjFONTSCALE_50)
        except mujoco.FatalError as error:
            raise cannot_draw(error) from error
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._target)
        self._target.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._scene = mujoco.MjvScene(world.model, maxgeom=world.model.ngeom + 8)
        self._rect = mujoco.MjrRect(0, 0, width, height)
        self._camera = mujoco.MjvCamera()
        self._camera.type, self._camera.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, 0
        self._all, self._opaque = mujoco.MjvOption(), mujoco.MjvOption()
        self._all.geomgroup[:] = self._opaque.geomgroup[:] = 1
        self._all.geomgroup[UNSEEN] = self._opaque.geomgroup[UNSEEN] = self._opaque.geomgroup[TRANSLUCENT] = 0
        self._walls = [g for g in range(world.model.ngeom) if world.model.geom(g).name.startswith("wall")]
        self._rgb = np.empty((height, width, 3), np.uint8)
        self._depth = np.empty((height, width), np.float32)

    def look(self, eye: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw from `eye` with camera axes (right, down, forward) in the columns of `axes`.

        Returns picture (H, W, 3) uint8 RGB, mask (H, W) uint8 as in Truth.masks, depth (H, W) float32 metres along
        the optical axis, infinite for the sky.
        """
        picture = self.picture(eye, axes)
        self._draw(self._opaque, segment=True)
        mujoco.mjr_readPixels(self._rgb, self._depth, self._rect, self._target)
        return picture, self._ids(), self._metres()

    def picture(self, eye: np.ndarray, axes: np.ndarray) -> np.ndarray:
        """The picture of `look` alone."""
        model, data = self.world.model, self.world.data
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_camlight(model, data)
        data.cam_xpos[0] = eye
        outside = np.einsum("ij,ij->i", eye - data.geom_xpos[self._walls], data.geom_xmat[self._walls][:, 2::3]) < 0
        model.geom_group[self._walls] = np.where(outside, UNSEEN, SOLID)
        data.cam_xmat[0] = (axes * (1, -1, -1)).ravel()
        self._draw(self._all, segment=False)
        mujoco.mjr_readPixels(self._rgb, None, self._rect, self._target)
        return self._rgb[::-1].copy()

    def _draw(self, option: mujoco.MjvOption, *, segment: bool) -> None:
        scene = self._scene
        mujoco.mjv_updateScene(
            self.world.model, self.world.data, option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, scene
        )
        scene.flags[_FLAG.mjRND_SEGMENT] = scene.flags[_FLAG.mjRND_IDCOLOR] = segment
        scene.flags[_FLAG.mjRND_HAZE] = True
        mujoco.mjr_render(self._rect, scene, self._target)

    def _ids(self) -> np.ndarray:
        rgb = self._rgb[::-1].astype(np.int32)
        drawn = rgb[..., 0] + (rgb[..., 1] << 8) + (rgb[..., 2] << 16)
        owner = np.zeros(self._scene.ngeom + 1, np.uint8)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.segid >= 0 and geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
                owner[geom.segid + 1] = self.world.owner[geom.objid]
        return owner[drawn]

    def _metres(self) -> np.ndarray:
        near, far = self.world.model.vis.map.znear * self.world.model.stat.extent, FAR
        inverse = self._depth[::-1].astype(np.float64)  # reversed: 1 at the near plane, 0 at the far one
        metres = near * far / (near + inverse * (far - near))
        return np.where(inverse > 0, metres, np.inf).astype(np.float32)

    def close(self) -> None:
        """Give the buffers back."""
        context()
        self._target.free()
