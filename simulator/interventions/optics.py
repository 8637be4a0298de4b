"""Optics: shadows and mirror images that are not those of the thing. The world itself goes on as it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from simulator.interventions.base import Array, Intervention, own
from simulator.world import World

if TYPE_CHECKING:
    from simulator.stage import Look


class _Light(Intervention):
    """Pixels that are not the thing's own come from pictures without it, or with it somewhere else."""

    mirrors = False  # True: in mirrors only; False: everywhere but there

    def blend(self, picture: Array, other: Array, parts: Array, look: Look, share: float) -> Array:
        """`picture` with `share` of the other where it may be altered."""
        at = self.mirrored(parts, look.world)
        at = (at if self.mirrors else ~at) & ~cover(parts, look.world, self.name)
        mixed = (1 - share) * picture + share * other
        return np.where(at[..., None], np.round(mixed), picture).astype(np.uint8)

    def mirrored(self, parts: Array, world: World) -> Array:
        """(H, W) bool: where a mirror is seen."""
        m = world.model
        mirror = (m.geom_matid >= 0) & (m.mat_reflectance[m.geom_matid] > 0)
        return np.concatenate([[False], mirror])[parts]


class _Missing(_Light):
    """s of it is taken away."""

    def picture(self, picture: Array, parts: Array, depth: Array, t: float, look: Look) -> tuple[Array, Array, Array]:
        without, _ = look(hide=(self.name,))
        return self.blend(picture, without, parts, look, self.s), parts, depth


class _Wrong(_Light):
    """It lies aside, s of twice the thing's half width off; on the side where more of it is seen at the onset."""

    offset: Array | None = None

    def picture(self, picture: Array, parts: Array, depth: Array, t: float, look: Look) -> tuple[Array, Array, Array]:
        without, _ = look(hide=(self.name,))
        if self.offset is None:
            side = 2.0 * self.wide * self.right(self.pos)
            self.offset = max((side, -side), key=lambda way: self._seen(picture, without, parts, look, way))
        return self._other(picture, without, parts, look, self.s * self.offset), parts, depth

    def _other(self, picture: Array, without: Array, parts: Array, look: Look, offset: Array) -> Array:
        moved, there = look(move={self.name: offset})
        moved = np.where(cover(there, look.world, self.name)[..., None], without, moved)
        return self.blend(picture, moved, parts, look, 1.0)

    def _seen(self, picture: Array, without: Array, parts: Array, look: Look, offset: Array) -> float:
        other = self._other(picture, without, parts, look, offset).astype(float)
        return float(np.abs(other - without)[~cover(parts, look.world, self.name)].sum())


class ShadowMissing(_Missing):
    """The thing throws only 1 - s of its shadow."""


class ShadowWrong(_Wrong):
    """The thing's shadow, not the thing, lies aside, s times its width off."""


class ReflectionMissing(_Missing):
    """Mirrors show only 1 - s of the thing: its image is translucent, and for s = 1 gone."""

    mirrors = True


class ReflectionWrong(_Wrong):
    """The thing's mirror image, not the thing, is elsewhere, s times its width off."""

    mirrors = True


def cover(parts: Array, world: World, name: str) -> Array:
    """(H, W) bool: where the body is seen, and one pixel around it."""
    return cv2.dilate(own(parts, world, name).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
