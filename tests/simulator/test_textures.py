"""Textures and the sky: period, seams, colours and scale, against what their definitions say."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from simulator import lattice
from simulator.scene import Material, Room, Texture
from simulator.textures import cube_image, horizon, pattern, plane_image, sheet_image, sky_image
from simulator.workshop.words import OOD_TEXTURES, TEXTURES

RED, DARK = (0.8, 0.2, 0.1), (0.2, 0.1, 0.1)
every_texture = pytest.mark.parametrize("texture", get_args(Texture))


def _points(shift: float = 0.0) -> list[np.ndarray]:
    at = np.linspace(-1.3, 1.7, 64, dtype=np.float32)
    x, y = np.meshgrid(at, at)
    return [(c[None] + np.float32(shift)).astype(np.float32) for c in (x, y, 0.4 * x - 0.7 * y)]


@every_texture
def test_patterns_are_shares_and_start_over_after_a_period(texture: str) -> None:
    once, later = (pattern(texture, *_points(s), 7) for s in (0.0, lattice.PERIOD))
    assert once.min() >= 0.0
    assert once.max() <= 1.0
    assert (np.abs(once - later) > 0.02).mean() < 0.02  # rounding moves hard edges by a point


@every_texture
def test_images_hold_the_two_colours_and_what_lies_between(texture: Texture) -> None:
    material = Material(RED, texture, DARK, scale=0.3)
    low, high = np.round(np.multiply(DARK, 255)), np.round(np.multiply(RED, 255))
    for image in (
        plane_image(material, 256),
        cube_image(material, "sphere", (0.2, 0.0, 0.0), 64),
        cube_image(material, "box", (0.2, 0.1, 0.2), 64),
        sheet_image(material, (0.3, 0.2, 0.0), 64),
    ):
        assert image.dtype == np.uint8
        assert (image >= low).all()
        assert (image <= high).all()
    shares = (plane_image(material, 256)[..., 0] - low[0]) / (high[0] - low[0])
    assert texture == "flat" or shares.std() > 0.05


def test_every_texture_has_a_word() -> None:
    assert set(TEXTURES) == set(get_args(Texture))
    assert set(OOD_TEXTURES) < set(TEXTURES)


@every_texture
def test_a_floor_tiles_without_seams(texture: Texture) -> None:
    """Across the edge of the image colours change about as much as they do inside at most."""
    image = plane_image(Material(RED, texture, DARK, scale=0.3), 256).astype(float)
    inside = np.abs(np.diff(image, axis=1)).mean((0, 2)).max()
    seam = np.abs(image[:, 0] - image[:, -1]).mean()
    assert seam <= 1.3 * inside + 2.0


def test_a_checker_changes_colour_twice_a_repeat() -> None:
    row = plane_image(Material(RED, "checker", DARK, scale=0.3), 256)[3, :, 0]
    assert (np.diff(row.astype(int)) != 0).sum() == 2 * lattice.PERIOD - 1


def test_noise_is_continuous_and_centred() -> None:
    x = np.linspace(0, 4, 4001, dtype=np.float32)[None, None]
    values = lattice.noise(x, 0 * x + 0.3, 0 * x + 0.7, 3, 4)
    assert np.abs(np.diff(values)).max() < 0.02
    assert abs(lattice.noise(*_points(), 3, 4).mean() - 0.5) < 0.08


def test_cells_against_all_centres() -> None:
    """The nearest of all centres, found by brute force, is the one that the eight cells around a point give."""
    rng = np.random.default_rng(0)
    x, y, z = rng.uniform(0, lattice.PERIOD, (3, 1, 8, 8)).astype(np.float32)
    first, second, value = lattice.cells(x, y, z, 5, 2)
    assert (first <= second).all()
    assert first.max() < 1.3
    assert ((value >= 0) & (value < 1)).all()
    again = lattice.cells(x + 4, y - 4, z + 8, 5, 2)
    assert np.allclose(first, again[0], atol=1e-4)


def test_the_sky_is_its_colour_overhead_and_the_haze_at_the_horizon() -> None:
    room = Room(Material(RED), sky=(0.2, 0.4, 0.8), horizon=(0.8, 0.6, 0.5))
    faces = sky_image(room, 64).reshape(6, 64, 64, 3) / 255
    assert faces[2, 31:33, 31:33].mean((0, 1)) == pytest.approx(room.sky, abs=0.02)  # the engine's y is up
    assert faces[:2, 34, :].mean((0, 1)) == pytest.approx(horizon(room), abs=0.02)
    cloudy = sky_image(Room(Material(RED), sky=room.sky, clouds=0.6, hills=0.1), 64)
    assert not np.array_equal(cloudy, sky_image(Room(Material(RED), sky=room.sky), 64))
