"""More than 500 files that strangers might send: each is an outcome with a reason, and none opens another file."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.cli import main
from evals.store import load
from simulator import decoding
from simulator.clip import Clip, read_video
from simulator.errors import UsageError
from tests import hostile

NONBLOCK, ACCESS, OPEN = 0o4000, 0x1, 0x20  # of inotify


class Watch:
    """Whether anybody opens or reads a file, as the kernel sees it."""

    def __init__(self, path: Path) -> None:
        libc = ctypes.CDLL(None)
        self._descriptor = libc.inotify_init1(NONBLOCK)
        assert libc.inotify_add_watch(self._descriptor, os.fsencode(path), ACCESS | OPEN) >= 0

    def seen(self) -> bool:
        """Whether anybody did since this was last asked."""
        try:
            return bool(os.read(self._descriptor, 4096))
        except BlockingIOError:
            return False


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video outside the folder, to which the files lead."""
    path = tmp_path_factory.mktemp("outside") / "canary.mp4"
    path.write_bytes(hostile.video("mp4", "libx264", "yuv420p"))
    return path


@pytest.fixture(scope="module")
def files(canary: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return hostile.make(tmp_path_factory.mktemp("hostile") / "videos", canary)


@pytest.fixture
def watch(canary: Path) -> Iterator[Watch]:
    """Watches the canary; at the end, that it would have been seen."""
    if sys.platform != "linux":
        pytest.skip("needs inotify")
    watching = Watch(canary)
    yield watching
    assert not watching.seen()
    canary.read_bytes()
    assert watching.seen()


def outcome(path: Path) -> tuple[Clip | None, str | None]:
    """The clip in a file, or why there is none."""
    try:
        return read_video(path), None
    except UsageError as error:
        return None, str(error)


def computing() -> float:
    """Seconds of computing by this process and its decoders: what a busy machine cannot change."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime + time.clock_gettime(~decoding.pid() << 3 | 2)


def test_the_same_seed_gives_the_same_files(canary: Path) -> None:
    first = list(hostile.files(3, canary))
    assert first == list(hostile.files(3, canary))
    assert first != list(hostile.files(4, canary))
    assert len(first) > 500


@pytest.mark.slow
def test_every_file_is_a_clip_or_a_reason_within_10_seconds_and_1_gib(files: list[Path], watch: Watch) -> None:
    inside = [path for path in files if not (path.is_symlink() and path.name != "link-in.mp4")]
    assert len(inside) > 500
    read_video(files[0].parent / "whole.mp4")
    outcomes, decoders = {"clip": 0, "reason": 0}, {decoding.pid()}
    for path in inside:
        begun = computing()
        clip, reason = outcome(path)
        assert computing() - begun < 10, path
        assert reason is None or ("'" in reason and reason.isprintable()), reason
        outcomes["reason" if clip is None else "clip"] += 1
        held = int(Path(f"/proc/{decoding.pid()}/status").read_text().partition("VmHWM:")[2].split()[0]) << 10
        assert held + (0 if clip is None else clip.frames.nbytes) < 1 << 30, path
        decoders.add(decoding.pid())
    assert min(outcomes.values()) > 100, outcomes
    assert len(decoders) < 10


@pytest.mark.slow
def test_score_gives_a_row_for_every_file(files: list[Path], tmp_path: Path, watch: Watch) -> None:
    asked = ["score", f"path={files[0].parent}", f"out={tmp_path / 'run'}", "probes=[quality]"]
    assert main(asked) == 3
    results = load(tmp_path / "run")
    clips = results.clips.set_index("shot_id")
    assert len(clips) == len(files)
    assert set(clips["status"]) == {"ok", "failed"}
    broken = clips[clips["status"] == "failed"]
    assert (broken["error"].str.len() > 10).all()
    assert list(clips.loc[["link-out.mp4", "link-device.mp4", "link-up.mp4"], "status"]) == ["failed"] * 3
    assert "which is not in the folder" in broken.loc["link-out.mp4", "error"]
    assert "not a regular file" in broken.loc["pipe.mp4", "error"]
    assert "not UTF-8" in broken.loc["odd-\\xff\\xfe.mp4", "error"]
    assert "limits.decode_memory" in broken.loc["bomb-memory.mkv", "error"]
    fine = ["whole.mp4", "whole.gif", "link-in.mp4", "odd-\\x1b[31mred\\x07.mp4", "concat:canary.mp4.mp4"]
    assert list(clips.loc[fine, "status"]) == ["ok"] * len(fine)
    assert len(results.readings) == len(files)
    assert results.readings.loc[results.readings["status"] != "scored", "reason"].str.len().gt(0).all()
    assert not list(files[0].parents[2].rglob("*slipped*"))


def test_links_out_of_the_folder_are_followed_where_that_is_asked(canary: Path, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "a.mp4").symlink_to(canary)
    asked = ["score", f"path={videos}", "workers=1", "probes=[quality]"]
    assert main([*asked, f"out={tmp_path / 'kept'}"]) == 3
    assert main([*asked, f"out={tmp_path / 'followed'}", "links=true"]) == 0
    assert list(load(tmp_path / "followed").clips["status"]) == ["ok"]


def test_limits_of_the_configuration_hold(canary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "a.mp4").write_bytes(canary.read_bytes())
    asked = ["score", f"path={videos}", "workers=1", "probes=[quality]", f"out={tmp_path / 'run'}"]
    assert main([*asked, "limits.frames=7"]) == 3
    assert "8 frames of 64x64, and 7 of this size are read" in load(tmp_path / "run").clips["error"][0]
    assert main(asked) == 0  # tried again
    assert main([*asked, "limits.pixels=0"]) == 2
    assert "limits.pixels=0 is below 1" in capsys.readouterr().err
