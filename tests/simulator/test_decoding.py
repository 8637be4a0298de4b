"""The decoder process: what it cannot do, what it is given up for, and that another one takes its place."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator import confine, decoding
from simulator.clip import Clip, read_video, write_video
from simulator.decoding import Limits, printable
from simulator.errors import UsageError
from tests.hostile import gif, repeated

CONFINED = """
import os, socket, subprocess
from pathlib import Path
from simulator.confine import confine

def tried(what):
    try:
        what()
    except OSError as error:
        return error.strerror
    return "done"

held = os.open("/", os.O_RDONLY)
confine(spare_descriptors=1)
ways = [lambda: os.open("/etc/passwd", os.O_RDONLY), lambda: os.listdir("/"), lambda: os.unlink("{file}"),
        lambda: open("{file}", "w"), lambda: os.mkdir("{file}-folder"), lambda: os.execv("/bin/true", ["true"])]
spare = os.dup(held)
print([tried(lambda: os.dup(held)), tried(socket.socket), tried(os.pipe), *map(tried, ways)])
os.close(spare)
print(list(map(tried, ways)))
"""


@pytest.fixture
def video(tmp_path: Path) -> Path:
    frames = np.random.default_rng(0).integers(0, 255, (9, 32, 48, 3), dtype=np.uint8)
    write_video(tmp_path / "a.mkv", Clip(frames, 8.0))
    return tmp_path / "a.mkv"


def test_a_confined_process_reaches_nothing(tmp_path: Path) -> None:
    """Neither while no descriptor is free nor, where the kernel has Landlock, when one is."""
    file = tmp_path / "file"
    file.write_text("kept")
    told = subprocess.run(
        [sys.executable, "-c", CONFINED.replace("{file}", str(file))], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    full, spare = (line.strip("[]").replace("'", "").split(", ") for line in told)
    assert full[:3] == ["Too many open files"] * 3
    assert full[3] in ("Too many open files", "Permission denied")
    assert file.read_text() == "kept"
    if confine.landlock_version() > 0:
        assert set(spare) == {"Permission denied"}


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_the_decoder_opens_nothing_once_it_is_ready(video: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    trace = ["strace", "-f", "-y", "-o", str(log), "-e", "trace=openat,open,creat,connect,execve,prlimit64,sendto"]
    code = f"from simulator.clip import read_video; read_video({str(video)!r}); read_video({str(video)!r})"
    subprocess.run([*trace, sys.executable, "-c", code], check=True, env={**os.environ, "LP_NUM_THREADS": "1"})
    lines = log.read_text().splitlines()
    ready = next(i for i, line in enumerate(lines) if '{\\"ready\\": true}' in line)
    decoder = lines[ready].split()[0]
    assert any(str(video) in line for line in lines[ready:])  # by the process that asks
    said = [line for line in lines[ready + 1 :] if line.split()[0] == decoder]
    assert any("frames" in line for line in said)
    assert not [line for line in said if any(call in line for call in ("open(", "openat(", "connect(", "execve("))]


def test_one_decoder_serves_many_files_and_is_replaced_when_it_dies(video: Path) -> None:
    clip = read_video(video)
    first = decoding.pid()
    (video.parent / "b.mkv").write_bytes(video.read_bytes()[:3000])
    with pytest.raises(UsageError, match="cut short"):
        read_video(video.parent / "b.mkv")
    assert decoding.pid() == first
    os.kill(first, signal.SIGKILL)
    with pytest.raises(UsageError, match=r"a\.mkv' ended the decoder \(SIGKILL\)"):
        read_video(video)
    assert read_video(video).digest == clip.digest
    assert decoding.pid() != first


def test_a_decoder_that_hangs_is_given_up(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, hung = read_video(video), decoding.pid()
    monkeypatch.setattr(decoding, "PATIENCE", 0.03)
    os.kill(hung, signal.SIGSTOP)
    with pytest.raises(UsageError, match=r"takes more than 0\.3 s to decode; raise limits\.decode_seconds"):
        read_video(video)
    monkeypatch.undo()
    assert read_video(video).digest == clip.digest
    with pytest.raises(ProcessLookupError):
        os.kill(hung, 0)


@pytest.mark.parametrize(("allowed", "says"), [
    (Limits(frames=59), "raise limits.frames"),
    (Limits(pixels=999 * 1000), "frames of 1000x1000, and 0 of this size.* limits.pixels"),
    (Limits(memory=100), "raise limits.decode_memory"),
    (Limits(memory=4), "raise limits.decode_memory"),
])  # fmt: skip
def test_limits_are_outcomes(allowed: Limits, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(repeated(1000, 60))
    with pytest.raises(UsageError, match=says):
        decoding.decode(tmp_path / "a.mkv", allowed)


def test_a_limit_of_computing_is_an_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "PATIENCE", 60)
    (tmp_path / "a.gif").write_bytes(gif(16, 16, 300_000))
    with pytest.raises(UsageError, match=r"takes more than 1 s of computing to decode; raise limits\.decode_seconds"):
        decoding.decode(tmp_path / "a.gif", Limits(frames=1_000_000, seconds=1))


def test_a_clip_of_many_slots_is_whole(tmp_path: Path) -> None:
    """Frames of more than the ring holds, of a size that fits into no slot."""
    frames = np.random.default_rng(1).integers(0, 255, (20, 301, 999, 3), dtype=np.uint8)
    assert frames.nbytes > decoding.SLOT * decoding.SLOTS
    write_video(tmp_path / "a.mkv", Clip(frames, 8.0))
    assert np.array_equal(read_video(tmp_path / "a.mkv").frames, frames)


def test_a_fork_has_a_decoder_of_its_own(video: Path) -> None:
    clip, ours = read_video(video), decoding.pid()
    child = os.fork()
    if child == 0:
        same = read_video(video).digest == clip.digest and decoding.pid() != ours
        decoding.stop()
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert read_video(video).digest == clip.digest
    assert decoding.pid() == ours


def test_names_become_text() -> None:
    assert printable("plain é.mp4") == "plain é.mp4"
    assert printable(os.fsdecode(b"\xff\x1b\n")) == "\\xff\\x1b\\n"
