"""`worldassay shots`: a suite's shots as files, for a model that generates elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evals.console import console, emit
from evals.progress import progress
from evals.prompts import suite_of
from evals.spec import canonical
from simulator.errors import UsageError

MANIFEST = "shots.jsonl"


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `shots`.

    OUT/shots.jsonl has one line a shot: id, prompt, mode, height, width, frames, fps, seed, `file` (what to call the
    video). Where the shot has known frames there are `known` (a PNG each, in order), `known_at` (which frames of the
    clip they are), `video` (all of them), and `first` and `last` where the clip's first and last frame are among them.
    """
    suite: Any = suite_of(cfg["suite"], cfg["seed_offset"])  # its cells are its own
    folder, out, cells = Path(cfg["out"]), console(json_out), suite.cells()
    told = {"folder": str(folder), "shots": len(cells), "manifest": str(folder / MANIFEST)}
    if dry_run:
        out.print(f"{len(cells)} shots into {folder}", markup=False)
    elif (folder / MANIFEST).exists():
        raise UsageError(f"{folder / MANIFEST} is there already; choose another out= or delete it")
    else:
        rows = _write(suite, cfg["seed"], folder, json_out)
        part = folder / f".{MANIFEST}"
        part.write_text("".join(canonical(row) + "\n" for row in rows))
        part.replace(folder / MANIFEST)
        out.print(f"{len(cells)} shots in {folder / MANIFEST}", markup=False)
        out.print("Generate one video for each, called by its `file`, into a folder; then:")
        same = [f"{k}={cfg[k]}" for k in ("seed", "seed_offset") if cfg[k]]
        same += [f"suite.file={cfg['suite']['file']}"] if "file" in cfg["suite"] else []
        told_so = " ".join(["worldassay run model=folder model.path=FOLDER", f"suite={suite.name}", *same])
        out.print(f"  {told_so}", style="green", markup=False)
    if json_out:
        emit(told)
    return 0


def _write(suite: Any, seed: int, folder: Path, json_out: bool) -> list[dict[str, Any]]:
    from simulator.adapters.command import known_clip
    from simulator.clip import write_video
    from simulator.picture import write_png

    (folder / "known").mkdir(parents=True, exist_ok=True)
    rows = []
    cells = suite.cells()
    with progress(console(json_out), str(folder), len(cells)) as step:
        for cell in cells:
            shot = suite.shot(cell, seed)
            row: dict[str, Any] = {
                key: getattr(shot, key) for key in ("id", "prompt", "mode", "height", "width", "frames", "fps", "seed")
            }
            row["file"] = f"{shot.id}.mp4"
            if shot.known:
                row["known"] = [f"known/{shot.id}-{i:03}.png" for i in sorted(shot.known)]
                for name, i in zip(row["known"], sorted(shot.known), strict=True):
                    write_png(folder / name, shot.known[i])
                row |= {"known_at": sorted(shot.known), "video": f"known/{shot.id}.mkv"}
                places = dict(zip(row["known_at"], row["known"], strict=True))
                row |= {n: places[i] for n, i in (("first", 0), ("last", shot.frames - 1)) if i in places}
                write_video(folder / row["video"], known_clip(shot))
            rows.append(row)
            step()
    return rows
