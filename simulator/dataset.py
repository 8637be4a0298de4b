"""Takes as files: the video (.mkv), the truth (.npz), a strip to look at (.png), and the manifest that lists them.

A truth file opens with `numpy.load` alone: every array of Truth lies under the name of its field ("depth",
"tracks.xy"), "masks" beside them; "told" is the rest as JSON (names, events, broken, ...) and "format" its version.
"""

from __future__ import annotations

import json
import os
import types
import typing
import zipfile
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from simulator.clip import Clip, write_video
from simulator.errors import UsageError
from simulator.picture import write_png
from simulator.truth import Take, Truth

FORMAT = 1  # of the truth file; raised when a field changes its meaning
MANIFEST = "manifest.jsonl"
STRIP = 8  # pictures in a strip, at most
STRIP_SIDE = 160  # pixels, the longer side of a picture in a strip, at most
Row = dict[str, Any]


def save_truth(path: str | Path, truth: Truth) -> None:
    """Write every field of `truth` to `path` (.npz), by way of a temporary file beside it."""
    path = Path(path)
    arrays: dict[str, Any] = {}
    told = json.dumps(_pack(truth, "", arrays))
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, format=np.array(FORMAT), told=np.array(told), masks=truth.masks, **arrays)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load_truth(path: str | Path) -> Truth:
    """The Truth that `save_truth` wrote, with the same bytes in every array.

    Raises:
        UsageError: no such file, not a truth file, or one of another version.
    """
    try:
        with np.load(Path(path), allow_pickle=False) as held:
            version, told = int(held["format"]), json.loads(str(held["told"]))
            if version != FORMAT:
                raise UsageError(f"'{path}' is truth of format {version}, this is for {FORMAT}; simulate it again")
            truth = _unpack(Truth, told, held)
    except FileNotFoundError as error:
        raise UsageError(f"no such file: '{path}'") from error
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise UsageError(f"'{path}' is no truth file, or damaged ({error}); simulate it again") from error
    assert isinstance(truth, Truth)
    return truth


def _pack(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """What JSON can hold of `value`; its arrays go into `arrays`, by dotted names."""
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if is_dataclass(value):
        return {f.name: _pack(getattr(value, f.name), f"{name}.{f.name}".lstrip("."), arrays) for f in fields(value)}
    if isinstance(value, (tuple, list)):
        return [_pack(v, f"{name}.{i}", arrays) for i, v in enumerate(value)]
    if isinstance(value, dict):
        return {k: _pack(v, f"{name}.{k}", arrays) for k, v in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"cannot save {name}, a {type(value).__name__}")


def _unpack(hint: Any, told: Any, arrays: typing.Mapping[str, np.ndarray]) -> Any:
    """What `_pack` was given, by its type."""
    parts = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if told is None:
        return None
    if origin in (types.UnionType, typing.Union):
        kinds = [kind for kind in parts if kind is not type(None)]
        return _unpack(kinds[0], told, arrays) if len(kinds) == 1 else told
    if hint is np.ndarray or origin is np.ndarray:
        return arrays[told["array"]]
    if isinstance(hint, type) and is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return hint(**{k: _unpack(hints[k], v, arrays) for k, v in told.items()})
    if origin is tuple:
        kinds = [parts[0]] * len(told) if parts[-1] is Ellipsis else list(parts)
        return tuple(_unpack(kind, v, arrays) for kind, v in zip(kinds, told, strict=True))
    if origin is list:
        return [_unpack(parts[0], v, arrays) for v in told]
    if origin is dict:
        return {k: _unpack(parts[1], v, arrays) for k, v in told.items()}
    return told


def strip_frames(frames: int) -> list[int]:
    """Which of a clip's `frames` its strip shows, from left to right."""
    return [int(i) for i in np.linspace(0, frames - 1, min(frames, STRIP)).round()]


def strip(clip: Clip) -> np.ndarray:
    """(h, n w, 3) uint8: the frames of `strip_frames` side by side, reduced where they are large."""
    pictures = clip.frames[strip_frames(len(clip))]
    scale = STRIP_SIDE / max(clip.height, clip.width)
    if scale < 1:
        size = max(1, round(scale * clip.width)), max(1, round(scale * clip.height))
        pictures = np.stack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pictures])
    return np.concatenate(list(pictures), axis=1)


def write_take(folder: Path, name: str, take: Take) -> Row:
    """Write FOLDER/NAME.mkv, .npz and .png (`name` may have a folder in it); their names for the manifest."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    save_truth(folder / f"{name}.npz", take.truth)
    write_png(folder / f"{name}.png", strip(take.clip))
    write_video(folder / f"{name}.mkv", take.clip)
    return {"file": f"{name}.mkv", "truth": f"{name}.npz", "preview": f"{name}.png"}


def read_manifest(folder: str | Path) -> list[Row]:
    """The lines of a dataset's manifest, in order; a last line that a kill cut short is left out.

    Raises:
        UsageError: there is no manifest, or a line in it is none.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise UsageError(f"no {MANIFEST} in {folder}; `worldassay simulate out={folder}` makes one")
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(keepends=True), 1):
        if not line.endswith("\n"):
            break
        try:
            row = json.loads(line)
            assert isinstance(row["id"], str)
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise UsageError(f"{path}: line {number} is not a take's; delete it and simulate again") from error
        rows.append(row)
    return rows


def write_manifest(folder: Path, rows: Iterable[Row]) -> None:
    """Replace the manifest as a whole."""
    part = folder / f".{MANIFEST}.{os.getpid()}.tmp"
    part.write_text("".join(manifest_line(row) for row in rows), encoding="utf-8")
    part.replace(folder / MANIFEST)


def manifest_line(row: Row) -> str:
    """One line: JSON with sorted keys and nothing to choose."""
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"
