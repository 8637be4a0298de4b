"""Clips by content: what is put comes back, from a folder and from wherever fsspec reaches; nothing else does."""

from __future__ import annotations

import hashlib
from pathlib import Path

import fsspec
import numpy as np
import pytest

from evals.cli import main
from evals.store import export, load
from evals.store.clips import address, get, local, put, rooted
from reports.media import Media
from simulator.clip import Clip, read_video
from simulator.errors import UsageError

CLIP = Clip(np.random.default_rng(0).integers(0, 256, (3, 17, 23, 3), dtype=np.uint8), 23.976)
SMALL = ["suite=smoke", "suite.families=[drop_bounce]", "suite.seeds=1", "suite.modes=[prompt]", "suite.seconds=1"]


def roots(folder: Path) -> list[str | None]:
    return [None, str(folder / "elsewhere"), f"file://{folder}/by-url", f"memory://{folder.name}/clips"]


@pytest.mark.parametrize("kind", range(4))
def test_what_is_put_comes_back(kind: int, tmp_path: Path) -> None:
    root = roots(tmp_path)[kind]
    path = put(CLIP, tmp_path, root)
    assert path == put(CLIP, tmp_path, root)
    assert Path(path).name == f"{CLIP.digest}.mkv"
    clip = get(address(tmp_path, path), CLIP.digest, CLIP.fps)
    assert clip.frames.tobytes() == CLIP.frames.tobytes()
    assert clip.fps == CLIP.fps
    with local(address(tmp_path, path)) as file:
        assert read_video(file).digest == CLIP.digest


def test_beside_the_tables_the_path_moves_with_the_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    path = put(CLIP, tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "moved")
    assert get(address(tmp_path / "moved", path), CLIP.digest).digest == CLIP.digest


@pytest.mark.parametrize("root", [None, "memory://damaged"])
def test_what_is_damaged_is_not_taken_for_the_clip(root: str | None, tmp_path: Path) -> None:
    path = put(CLIP, tmp_path, root)
    other = put(Clip(CLIP.frames[::-1], CLIP.fps), tmp_path, root)
    with pytest.raises(UsageError, match="holds another clip than"):
        get(address(tmp_path, other), CLIP.digest)
    with fsspec.open(address(tmp_path, path), "rb") as file:
        whole = file.read()
    with fsspec.open(address(tmp_path, path), "wb") as file:
        file.write(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="damaged or cut short"):
        get(address(tmp_path, path), CLIP.digest)
    put(CLIP, tmp_path, root)  # generated again, it is mended
    assert get(address(tmp_path, path), CLIP.digest).digest == CLIP.digest


@pytest.mark.parametrize("where", ["clips/gone.mkv", "memory://nothing/gone.mkv", "file:///nowhere/gone.mkv"])
def test_what_is_not_there_is_told(where: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.mkv"):
        get(address(tmp_path, where), CLIP.digest)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/x.mkv", "https://host/x.mkv", "ftp://host/x.mkv", "simplecache::memory://x.mkv",
     "zip://x.mkv::memory://y.zip", "github://a:b@c/x.mkv", "reference://x.mkv"],
)  # fmt: skip
def test_a_row_of_a_stranger_sends_us_nowhere(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"clips are not fetched from .*give a folder or an object store"):
        get(address(tmp_path, url), CLIP.digest)
    with pytest.raises(UsageError, match="clips are not fetched"):
        rooted(url)


def test_a_protocol_that_nobody_speaks_is_refused_before_anything_is_generated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "model=noise", *SMALL, f"out={tmp_path / 'run'}", "clips=gopher://x/y"]) == 2
    assert "cannot reach gopher://x/y" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_short_upload_is_an_error_with_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = fsspec.filesystem("memory")
    monkeypatch.setattr(type(memory), "put_file", lambda self, _, path: self.pipe_file(path, b"half"))
    with pytest.raises(OSError, match="not written as a whole") as error:
        put(CLIP, tmp_path, "memory://short")
    assert error.value.filename == f"memory://short/{CLIP.digest}.mkv"


def test_roots_mean_the_same_in_every_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert rooted(None) is None
    assert rooted("clips") == str(tmp_path / "clips")
    assert rooted(f"file://{tmp_path}/clips/") == str(tmp_path / "clips")
    assert rooted("memory://a/b/") == "memory://a/b"


def test_a_run_puts_its_clips_where_it_is_told(tmp_path: Path) -> None:
    """The readings are those of a run with its clips beside the tables; the second time nothing is generated."""
    asked = ["run", "model=noise", *SMALL, "workers=1"]
    assert main([*asked, f"out={tmp_path / 'a'}"]) == 0
    assert main([*asked, f"out={tmp_path / 'b'}", f"clips={tmp_path / 'videos'}"]) == 0
    assert export(tmp_path / "a") == export(tmp_path / "b")
    (row,) = load(tmp_path / "b").clips.itertuples()
    assert row.path == str(tmp_path / "videos" / f"{row.digest}.mkv")
    assert list((tmp_path / "b" / "clips").iterdir()) == []
    before = Path(row.path).stat().st_mtime_ns
    assert main([*asked, f"out={tmp_path / 'b'}", f"clips={tmp_path / 'others'}"]) == 0
    assert Path(row.path).stat().st_mtime_ns == before


def test_pages_show_clips_from_elsewhere(tmp_path: Path) -> None:
    url = put(CLIP, tmp_path, "memory://shown")
    media = Media(tmp_path / "page")
    link = media.add(address(tmp_path, url), CLIP.digest)
    assert link is not None
    assert len(read_video(tmp_path / "page" / link)) == len(CLIP)
    assert media.add("memory://shown/gone.mkv", hashlib.sha256(b"").hexdigest()) is None
    assert list(media.lost) == ["memory://shown/gone.mkv"]
