"""Single pictures: PNG files to arrays and back."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from simulator.errors import UsageError


def write_png(path: str | Path, picture: np.ndarray) -> None:
    """Write (H, W, 3) uint8 RGB."""
    if not cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1])):
        raise OSError(f"cannot write {path}")


def read_picture(path: str | Path, height: int, width: int) -> np.ndarray:
    """(height, width, 3) uint8 RGB, resized where it has another size.

    Raises:
        UsageError: there is no such file, or it is not a picture.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR) if Path(path).is_file() else None
    if picture is None:
        raise UsageError(f"cannot read the picture {path}; give a PNG or JPEG file")
    if picture.shape[:2] != (height, width):
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(picture[..., ::-1]).astype(np.uint8)
