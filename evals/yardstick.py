"""The physics yardstick: train on one of PhyWorld's set-ups, then measure the motion inside and outside the range."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from rich.console import Console

from evals.console import plain
from evals.progress import progress
from simulator.errors import UsageError
from simulator.yardstick import splits
from simulator.yardstick.discs import locate, paint
from simulator.yardstick.measure import Measure, measure
from simulator.yardstick.worlds import Scene, Setup, find

if TYPE_CHECKING:
    from simulator.yardstick.learn import Lesson, Run

Row = dict[str, Any]
LOOK_AT, LOOK_STEPS = 64, 2  # clips that are measured along the training, and steps of the sampler for them
SAMPLERS = (1, 2, 4, 8)  # steps that are compared inside the range
SHOWN = 2  # clips of each split whose frames are kept
EDGE = 160  # grey of the lines between frames


def lesson_of(cfg: Mapping[str, Any]) -> Lesson:
    """The training run that a configuration asks for.

    Raises:
        UsageError: something in it cannot be.
    """
    from simulator.yardstick.learn import Lesson

    for key in ("sampler_steps", "tests"):
        if cfg[key] < 1:
            raise UsageError(f"{key}={cfg[key]} is less than 1")
    own = {field.name for field in dataclasses.fields(Lesson)}
    return Lesson(**{key: value for key, value in cfg.items() if key in own})


def train(lesson: Lesson, out: Path, screen: Console) -> Row:
    """Train, or go on, or find it done; what OUT/run.json tells of the run.

    Raises:
        UsageError: OUT holds a run of another lesson.
    """
    from simulator.yardstick import learn

    card = learn.finished(out, lesson)
    if card is None:
        out.mkdir(parents=True, exist_ok=True)
        run = learn.Run(lesson, out)
        run.restore()
        looked_at = splits.test_scenes(find(lesson.setup), splits.INSIDE, lesson.hold_out, LOOK_AT)
        with _percent(screen, f"training {lesson.setup}", run.progress) as tell:
            run.go(lambda run: _look(run, looked_at), tell)
        card = learn.finished(out, lesson)
        assert card is not None
    return card


def _look(run: Run, scenes: list[Scene]) -> dict[str, float]:
    from simulator.yardstick import learn

    found = summary(scenes, learn.generate(run.ema, scenes, LOOK_STEPS), run.setup)
    return {"error": found["error"], "missing": found["missing"]}


@contextmanager
def _percent(screen: Console, title: str, begun: float) -> Iterator[Callable[[float], None]]:
    """A bar in hundredths of what is left to do; yields what to call with the share of the whole that is done."""
    first = int(100 * begun)
    with progress(screen, title, 100 - first) as advance:
        done = first

        def tell(share: float) -> None:
            nonlocal done
            while done < int(100 * share):
                done += 1
                advance()

        yield tell


def score(lesson: Lesson, out: Path, tests: int, sampler_steps: int, screen: Console) -> Row:
    """Measure the run in OUT on every split; writes OUT/strips and, last, OUT/scores.json, and returns its content."""
    import torch

    from simulator.yardstick import learn

    torch.set_num_threads(lesson.threads)
    net, setup, asked = learn.load(out), find(lesson.setup), list(splits.asked(lesson.hold_out))
    rows = []
    with progress(screen, f"testing {lesson.setup}", len(asked) + len(SAMPLERS)) as advance:
        for split in asked:
            scenes = splits.test_scenes(setup, split, lesson.hold_out, tests)
            true, made = paint(scenes, learn.SIZE), learn.generate(net, scenes, sampler_steps)
            floor = summary(scenes, true, setup)["error"]
            rows.append({"name": split.name, **summary(scenes, made, setup), "floor": floor})
            _keep(out / "strips" / f"{split.name}.png", true[:SHOWN], made[:SHOWN])
            advance()
        inside, by_steps = splits.test_scenes(setup, splits.INSIDE, lesson.hold_out, tests), {}
        for steps in SAMPLERS:
            by_steps[str(steps)] = summary(inside, learn.generate(net, inside, steps), setup)["error"]
            advance()
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    card = json.loads((out / "run.json").read_text())
    scores = {**card, "tests": tests, "sampler_steps": sampler_steps, "splits": rows, "by_steps": by_steps, "log": log}
    _write(out / "scores.json", scores)
    return scores


def summary(scenes: Sequence[Scene], videos: np.ndarray, setup: Setup) -> Row:
    """The mean error of velocity of some clips, its standard error, and how much of it could be read.

    error, drift: units a second, over the clips in which anything could be read, NaN where there is none.
    missing: the share of pairs of frames in which a disc was not seen.
    """
    found = [measure(s, locate(v, s.radii), setup.axes) for s, v in zip(scenes, videos, strict=True)]
    read = [m for m in found if not np.isnan(m.error)]
    errors = np.array([m.error for m in read])
    return {
        "clips": len(found),
        "read": len(read),
        "error": float(errors.mean()) if read else float("nan"),
        "se": float(errors.std(ddof=1) / np.sqrt(len(read))) if len(read) > 1 else float("nan"),
        "drift": float(np.mean([m.drift for m in read])) if read else float("nan"),
        "missing": _missing(found),
    }


def _missing(found: Sequence[Measure]) -> float:
    return sum(m.missing for m in found) / max(1, sum(m.pairs for m in found))


def _keep(path: Path, true: np.ndarray, made: np.ndarray) -> None:
    """A picture: of each clip a row of true frames, under it the row of generated ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    videos = np.stack([true, made], axis=1).reshape(-1, *true.shape[1:])  # true and generated in turn
    videos[:, :, 0], videos[:, :, :, 0] = EDGE, EDGE
    rows = [np.concatenate(list(video), axis=1) for video in videos]
    part = path.with_suffix(".part.png")
    cv2.imwrite(str(part), np.concatenate(rows)[..., ::-1])
    part.replace(path)


def _write(path: Path, content: Row) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(plain(content), indent=1, allow_nan=False) + "\n")
    part.replace(path)


def run(cfg: Mapping[str, Any], out: Path, screen: Console) -> Row:
    """Train and measure as configured; the same call again goes on, or finds what is there."""
    lesson = lesson_of(cfg)
    train(lesson, out, screen)
    if (out / "scores.json").is_file():
        scores = read(out)
        if (scores["tests"], scores["sampler_steps"]) == (cfg["tests"], cfg["sampler_steps"]):
            return scores
    return score(lesson, out, cfg["tests"], cfg["sampler_steps"], screen)


def read(folder: Path) -> Row:
    """The scores of a run; numbers that were not finite come back as NaN.

    Raises:
        UsageError: there are none.
    """
    path = folder / "scores.json"
    try:
        scores = json.loads(path.read_text())
        for row in (*scores["splits"], *scores["log"]):
            row.update({k: float("nan") for k, v in row.items() if v is None})
        scores["by_steps"] = {k: float("nan") if v is None else v for k, v in scores["by_steps"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"no scores of the yardstick in '{folder}'; `worldassay yardstick out={folder}`") from error
    return dict(scores)
