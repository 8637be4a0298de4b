"""Takes as files: what is written is what is read, to the byte."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.dataset import load_truth, read_manifest, save_truth, strip, strip_frames, write_manifest, write_take
from simulator.errors import UsageError
from simulator.scene import Body, Geom, Material, Wave
from simulator.stage import play
from simulator.truth import Broken, Take, Truth
from simulator.violations import Violation
from tests.simulator.small import ball, box, script


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal in type and content, arrays to the byte."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and bool(a == b)


@pytest.fixture(scope="module")
def take() -> Take:
    """A falling ball that vanishes, a box, and a sheet that waves."""
    sheet = Geom("sheet", (0.5, 0.4, 0.0), waves=(Wave(0.05, 6.0, 0.0, 9.0),), pinned=True)
    flag = Body("flag", "flag", "white", (sheet,), Material((0.9, 0.9, 0.9)), pos=(0.9, 0.0, 1.2))
    things = (ball(motion="free", pos=(-0.4, 0.0, 0.6)), box("box", (0.2, 0.2, 0.2), (-0.4, 0.0, 0.2)), flag)
    return play(script(*things), 32, 48, 8.0, violation=Violation("vanish", "ball", 0.5, 0.25, 0.75))


def test_truth_comes_back_with_every_field_of_its_type(take: Take, tmp_path: Path) -> None:
    assert take.truth.broken is not None
    assert take.truth.events
    save_truth(tmp_path / "a.npz", take.truth)
    back = load_truth(tmp_path / "a.npz")
    assert [f.name for f in fields(Truth) if not same(getattr(take.truth, f.name), getattr(back, f.name))] == []
    assert isinstance(back.broken, Broken)
    save_truth(tmp_path / "b.npz", back)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_truth_opens_with_numpy_alone(take: Take, tmp_path: Path) -> None:
    save_truth(tmp_path / "a.npz", take.truth)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as held:
        for f in fields(Truth):
            if isinstance(value := getattr(take.truth, f.name), np.ndarray):
                np.testing.assert_array_equal(held[f.name], value)
        np.testing.assert_array_equal(held["masks"], take.truth.masks)
        np.testing.assert_array_equal(held["tracks.xy"], take.truth.tracks.xy)
        assert '"names": ["ball", "box", "flag"]' in str(held["told"])


def test_what_is_no_truth_file_is_refused_in_one_line(take: Take, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_truth(tmp_path / "gone.npz")
    save_truth(tmp_path / "a.npz", take.truth)
    whole = (tmp_path / "a.npz").read_bytes()
    for name, content in (("cut", whole[:-200]), ("text", b"hello"), ("empty", b"")):
        (tmp_path / f"{name}.npz").write_bytes(content)
        with pytest.raises(UsageError, match="no truth file, or damaged"):
            load_truth(tmp_path / f"{name}.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(UsageError, match="no truth file, or damaged"):
        load_truth(tmp_path / "other.npz")
    np.savez(tmp_path / "new.npz", format=np.array(99), told=np.array("{}"))
    with pytest.raises(UsageError, match="format 99, this is for 1; simulate it again"):
        load_truth(tmp_path / "new.npz")


def test_strips_show_the_first_and_the_last_frame(take: Take) -> None:
    assert strip_frames(8) == list(range(8))
    assert strip_frames(3) == [0, 1, 2]
    assert (strip_frames(100)[0], strip_frames(100)[-1], len(strip_frames(100))) == (0, 99, 8)
    picture = strip(take.clip)
    assert picture.shape == (32, 8 * 48, 3)
    np.testing.assert_array_equal(picture[:, -48:], take.clip.frames[-1])


def test_a_manifest_is_read_up_to_where_a_kill_cut_it(take: Take, tmp_path: Path) -> None:
    row = {"id": "x", **write_take(tmp_path, "family/x", take)}
    assert all((tmp_path / row[key]).is_file() for key in ("file", "truth", "preview"))
    write_manifest(tmp_path, [row, row])
    path = tmp_path / "manifest.jsonl"
    path.write_text(path.read_text()[:-5])
    assert read_manifest(tmp_path) == [row]
    path.write_text('{"no": "id"}\n')
    with pytest.raises(UsageError, match="line 1 is not a take's"):
        read_manifest(tmp_path)
    with pytest.raises(UsageError, match=r"no manifest\.jsonl in"):
        read_manifest(tmp_path / "family")
