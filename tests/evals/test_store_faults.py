"""A disk that refuses: no committed record is wrong, the message names the path, the exit code is not 0, and the same
command finishes the work once the disk is well again."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evals.cli import main
from evals.disk import named, replace_text
from evals.store import ClipRow, ShotRow, Store, load
from probes.reading import Scored, Span
from simulator.errors import UsageError

HERE = Path(__file__).parent
SPANS = tuple(Span("vanish", i, i + 1, None, 0.5, "gone" * 50) for i in range(40))


@pytest.fixture(scope="module")
def preload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("no C compiler for the library that refuses writes")
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, HERE / "faults.c", "-ldl"], check=True)
    return library


@pytest.mark.slow
@pytest.mark.parametrize(("work", "stride"), [("store", 1), ("run", 20)])
def test_every_write_may_be_refused(preload: Path, tmp_path: Path, work: str, stride: int) -> None:
    """ENOSPC, EIO and EACCES, once or from then on, and a write of half: at every k-th open, write, sync, cut, rename
    and removal in the run folder; for the verb itself at one in twenty."""
    scratch = Path("/dev/shm") / f"worldassay-{os.getpid()}-{work}" if os.access("/dev/shm", os.W_OK) else tmp_path
    scratch.mkdir(exist_ok=True)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.evals.faulty", scratch, work, str(stride)],
            env={**os.environ, "LD_PRELOAD": str(preload)}, cwd=HERE.parents[1], capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    finally:
        shutil.rmtree(scratch)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["wrong"] == {}
    assert told["writes"] > 50
    assert told["cases"] >= 7 * (told["writes"] // stride)


def fill(folder: Path) -> None:
    with Store(folder) as store:
        store.put_shots([ShotRow("a", "drop_bounce", 0, "prompt", "x" * 20_000)])
        store.put_clip(ClipRow("a", "ok", "digest", "clips/a.mkv", 16, 64, 64, 8.0))
        store.put_readings("a", "classical", {p: (1, Scored(0.5, SPANS)) for p in ("permanence", "adherence")})


def limited(folder: Path, size: int) -> tuple[int, str]:
    """What `fill` comes to in a process whose files may not grow above `size` bytes: its exit code, what it said."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        try:
            fill(folder)
        except OSError as error:
            os.write(write, str(error).encode())
            os._exit(2)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        text = said.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def test_a_disk_that_ends_at_any_size(tmp_path: Path) -> None:
    """Without a compiler: files may not grow above some size, in steps of half a page."""
    (tmp_path / "whole").mkdir()
    fill(tmp_path / "whole")
    full = (tmp_path / "whole" / "results.sqlite").stat().st_size
    failed = 0
    for size in range(0, full + 2048, 2048):
        folder = tmp_path / str(size)
        folder.mkdir()
        (folder / "spec.json").write_text("{}")
        code, said = limited(folder, size)
        failed += code != 0
        assert code in (0, 2)
        assert (code == 0) == (size >= full)
        assert code == 0 or str(folder / "results.sqlite") in said
        if code and (folder / "results.sqlite").stat().st_size:
            spans = load(folder).spans
            assert len(spans) in (0, 2 * len(SPANS))
        fill(folder)
        assert len(load(folder).spans) == 2 * len(SPANS)
    assert failed > 10


def test_the_command_line_says_what_the_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    asked = "run model=noise suite=smoke suite.families=[drop_bounce] suite.seeds=1 workers=1"
    assert main([*asked.split(), f"out={tmp_path / 'run'}"]) == 2
    said = capsys.readouterr().err
    assert "No space left on device" in said
    assert str(tmp_path / "run" / "spec.json") in said
    assert not (tmp_path / "run" / "spec.json").exists()
    assert list((tmp_path / "run").iterdir()) == []


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "spec.json"
    replace_text(path, "old")

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error") as error:
        replace_text(path, "new")
    assert error.value.filename == str(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["spec.json"]


def test_an_error_that_knows_its_path_keeps_it() -> None:
    with pytest.raises(FileNotFoundError) as error, named("here"):
        Path("/nowhere/at/all").read_text()
    assert error.value.filename == "/nowhere/at/all"


def test_two_writers_are_one_too_many(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(UsageError, match=r"another process writes to .*results\.sqlite; wait for it"):
        Store(tmp_path)
    with Store(tmp_path):
        pass
