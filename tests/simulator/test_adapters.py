"""Control models do what they are for; strangers' models are found, run and told apart."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evals.work import short
from simulator.adapters.command import Command
from simulator.adapters.controls import Damaged, Frozen, Noise, Reference, Shuffled
from simulator.adapters.folder import Folder
from simulator.clip import Clip, write_video
from simulator.errors import UsageError
from simulator.picture import read_picture
from simulator.scenarios import FAMILIES, make_script
from simulator.shot import MODES, Shot, ends, known_frames
from simulator.stage import play

PROGRAM = f"{sys.executable} {Path(__file__).parent / 'square_program.py'} --prompt {{prompt}} --out {{out}} "
SIZES = "--height {height} --width {width} --frames {frames} --fps {fps} --seed {seed} "


def make_shot(
    family: str = "drop_bounce", seed: int = 0, mode: str = "prompt", frames: int = 16, model_seed: int = 0
) -> Shot:
    script = make_script(family, seed)
    given = known_frames(mode, frames, 8.0)
    known = {i: play(script, 32, 32, 8.0, frames=frames).clip.frames[i] for i in given} if given else {}
    return Shot(f"{family}-{seed}-{mode}", script.prompts[0], 32, 32, frames, 8.0, model_seed, mode, known, script)


def rows(clip: Clip) -> list[bytes]:
    return [frame.tobytes() for frame in clip.frames]


@pytest.mark.parametrize("mode", MODES)
def test_reference_is_the_stage(mode: str) -> None:
    shot = make_shot(mode=mode)
    assert shot.script is not None
    assert Reference().generate(shot).digest == play(shot.script, 32, 32, 8.0).clip.digest


@pytest.mark.parametrize("mode", MODES)
def test_frozen_moves_only_while_frames_are_known(mode: str) -> None:
    shot = make_shot(mode=mode)
    clip = Frozen().generate(shot)
    moved = np.abs(np.diff(clip.frames.astype(int), axis=0)).sum(axis=(1, 2, 3)) > 0
    assert not moved[[i - 1 for i in range(1, shot.frames) if i not in shot.known]].any()
    first = 12 if mode == "last_frames" else 0
    assert clip.frames[0].tobytes() == Reference().generate(make_shot()).frames[first].tobytes()


@pytest.mark.parametrize("mode", MODES)
def test_shuffled_holds_the_references_frames_and_no_free_one_at_its_place(mode: str) -> None:
    shot = make_shot("camera_orbit", mode=mode)  # where the camera moves no two frames are alike
    true, mixed = rows(Reference().generate(shot)), rows(Shuffled().generate(shot))
    assert sorted(true) == sorted(mixed)
    free = [i for i in range(shot.frames) if i not in shot.known]
    assert all(true[i] != mixed[i] for i in free)


def test_noise_is_uniform_and_follows_the_seed() -> None:
    shot = make_shot()
    clip = Noise().generate(shot)
    n = clip.frames.size
    assert abs(clip.frames.mean() - 127.5) < 5 * 73.9 / np.sqrt(n)  # 73.9: sd of a uniform byte
    assert Noise().generate(replace(shot, seed=1)).digest != clip.digest


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_damaged_has_its_share_of_violations_and_leaves_known_frames_alone(share: float) -> None:
    model = Damaged(share)
    shots = [
        Shot("x", "", 32, 32, 16, 8.0, seed, mode, dict.fromkeys(known_frames(mode, 16, 8.0), np.zeros(0)), script)
        for family in FAMILIES.names()
        for seed in range(5)
        for script in [make_script(family, seed)]
        for mode in MODES
    ]
    drawn = [model.violation(shot) for shot in shots]
    broken = [v for v in drawn if v is not None]
    assert abs(len(broken) - share * len(shots)) <= len(FAMILIES.names())
    assert all(v.severity == 1.0 for v in broken)
    for shot, violation in zip(shots, drawn, strict=True):
        head, tail = ends(shot.known, shot.frames)
        if violation is not None and head:
            assert violation.onset > (head - 1) / shot.fps
        if violation is not None and tail:
            assert violation.onset + violation.duration <= (shot.frames - tail) / shot.fps + 1e-9


def test_a_damaged_take_is_the_reference_until_its_onset() -> None:
    shot = make_shot("drop_bounce", mode="first_frames")
    model = Damaged(1.0)
    violation = model.violation(shot)
    assert violation is not None
    true, broken = rows(Reference().generate(shot)), rows(model.generate(shot))
    begin = int(np.ceil(violation.onset * shot.fps))
    assert begin >= len(shot.known)
    assert true[:begin] == broken[:begin]
    assert true != broken
    take = model.take(shot)
    assert take.truth.broken is not None
    assert take.truth.broken.kind == violation.kind


@pytest.mark.parametrize("mode", ["last_frames", "both_ends"])
def test_a_damaged_take_keeps_the_frames_that_are_known_at_the_end(mode: str) -> None:
    shot = make_shot("drop_bounce", mode=mode)
    clip = Damaged(1.0).generate(shot)
    assert all(clip.frames[i].tobytes() == frame.tobytes() for i, frame in shot.known.items())
    assert clip.digest != Reference().generate(shot).digest


def test_a_folder_is_read_by_shot_id_or_by_its_manifest(tmp_path: Path) -> None:
    shot = make_shot()
    one, two = (Clip(np.full((16, 32, 32, 3), v, np.uint8), 8.0) for v in (10, 200))
    (tmp_path / "deep").mkdir()
    write_video(tmp_path / "deep" / f"{shot.id}.mkv", one)
    write_video(tmp_path / "other.mkv", two)
    by_name = Folder(str(tmp_path))
    assert by_name.generate(shot).digest == one.digest
    with pytest.raises(UsageError, match="missing: no video for nothing-0-prompt"):
        by_name.generate(replace(shot, id="nothing-0-prompt"))
    (tmp_path / "manifest.jsonl").write_text(f'{{"id": "{shot.id}", "file": "other.mkv"}}\n')
    by_manifest = Folder(str(tmp_path))
    assert by_manifest.generate(shot).digest == two.digest
    assert by_manifest.identity() != by_name.identity()
    (tmp_path / "manifest.jsonl").write_text('{"id": 3}\n')
    with pytest.raises(UsageError, match=r"manifest\.jsonl:1 needs one JSON object with id and file"):
        Folder(str(tmp_path))


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no videos in"):
        Folder(str(tmp_path))
    with pytest.raises(UsageError, match="no such folder"):
        Folder(str(tmp_path / "not"))


@pytest.mark.parametrize(
    ("frames", "fps", "fits"),
    [(16, 8, True), (17, 8, True), (33, 16, True), (9, 8, False), (16, 24, False), (1, 0.5, False)],
)
def test_what_lasts_another_time_does_not_answer_a_shot(frames: int, fps: float, fits: bool) -> None:
    reason = short(Clip(np.zeros((frames, 48, 40, 3), np.uint8), fps), make_shot())
    assert (reason is None) == fits
    assert fits or f"got {frames} at {fps:g} fps" in str(reason)


def test_a_prompt_reaches_a_command_as_one_argument_and_no_shell_sees_it() -> None:
    command = Command("prog -p {prompt} --out={out} --first {first} {last} x{seed}")
    nasty = "a; rm -rf {out} $(ls) 'b\" {seed}"
    filled = command.fill({"prompt": nasty, "out": "/o", "seed": "7"})
    assert filled == ["prog", "-p", nasty, "--out=/o", "x7"]
    filled = command.fill({"prompt": "-", "out": "/o", "seed": "7", "first": "f", "last": "l"})
    assert filled == ["prog", "-p", "-", "--out=/o", "--first", "f", "l", "x7"]


@pytest.mark.parametrize(
    ("mode", "there"),
    [
        ("prompt", set()),
        ("first_frames", {"first", "video", "known"}),
        ("first_second", {"first", "video", "known"}),
        ("last_frames", {"last", "video", "known"}),
        ("both_ends", {"first", "last", "video", "known"}),
    ],
)
def test_a_command_is_given_the_ends_of_the_clip_where_they_are_known(
    mode: str, there: set[str], tmp_path: Path
) -> None:
    shot = make_shot(mode=mode)
    values = Command("prog {out}")._values(shot, tmp_path)
    assert values.keys() & {"first", "last", "video", "known"} == there
    assert values.get("known", "") == ",".join(map(str, known_frames(mode, 16, 8.0)))
    for name, i in (("first", 0), ("last", 15)):
        if name in there:
            np.testing.assert_array_equal(read_picture(values[name], 32, 32), shot.known[i])


def test_a_command_that_fails_tells_its_last_words() -> None:
    with pytest.raises(UsageError, match="exit code 9: out of memory on device 0"):
        Command(PROGRAM + SIZES + "--fail").generate(make_shot())
    with pytest.raises(UsageError, match="cannot run no-such-program"):
        Command("no-such-program {out}").generate(make_shot())
    with pytest.raises(UsageError, match=r"took more than 0\.2 s; raise model\.timeout"):
        Command("sh -c 'sleep 5' {out}", timeout=0.2).generate(make_shot())
    with pytest.raises(UsageError, match="wrote no video"):
        Command("true {out}").generate(make_shot())


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("prog {prompt}", r"needs \{out\}"),
        ("prog {out} {promt}", r"unknown \{promt\}"),
        ("prog '{out}", "cannot be split"),
        ("", r"needs \{out\}"),
    ],
)
def test_a_command_that_cannot_work_is_refused(command: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Command(command)
