"""The gallery: takes as strips of frames, every scene as it should be and then with each law broken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import cv2

from evals import console, simulate
from evals.playing import Plan, fill
from reports.page import made, words, write_page
from simulator.dataset import read_manifest, strip_frames
from simulator.errors import UsageError
from simulator.scenarios import FAMILIES
from simulator.violations import VIOLATIONS

Row = dict[str, Any]
SUITE: Row = {
    "name": "gallery", "seeds": 1, "modes": ["prompt"], "height": 128, "width": 128, "fps": 12.0, "seconds": 2.0,
    "split": "test", "difficulty": 0.5, "view": "any",
}  # fmt: skip
QUALITY = 88  # of the WebP pictures
NEEDED = ("family", "seed", "kind", "preview", "frames", "fps", "prompt", "broken", "inventory")


def write(dataset: Path, out: Path) -> list[Row]:
    """Write index.html and strips/ into `out`, of a dataset folder made by `simulate`; the families shown.

    Raises:
        UsageError: the folder holds no dataset.
    """
    rows = read_manifest(dataset)
    if not rows:
        raise UsageError(f"no takes in {dataset}; `worldassay simulate out={dataset}` plays some")
    (out / "strips").mkdir(parents=True, exist_ok=True)
    order = {name: i for i, name in enumerate(FAMILIES.names())}
    ordered = sorted(rows, key=lambda r: (order.get(r.get("family", ""), len(order)), r.get("seed", 0)))
    families = [
        _family(name, [_take(row, dataset, out) for row in found])
        for name, found in groupby(ordered, key=lambda row: str(row.get("family")))
    ]
    takes = [take for family in families for scene in family["scenes"] for take in scene["takes"]]
    kinds = [kind for kind in VIOLATIONS.names() if any(take["kind"] == kind for take in takes)]
    write_page(
        out,
        "index.html",
        "gallery.html.j2",
        families=families,
        laws={law: [k for k in kinds if _law(k) == law] for law in dict.fromkeys(map(_law, kinds))},
        summaries={kind: VIOLATIONS.entry(kind).summary for kind in kinds},
        takes=len(takes),
        failed=sum(bool(take["error"]) for take in takes),
        folder=dataset.name,
        spec=_spec(dataset),
        made=made(),
    )
    return families


def _family(name: str, takes: Sequence[Row]) -> Row:
    """A family's scenes, one a seed, each with its takes."""
    summary = FAMILIES.entry(name).summary if name in FAMILIES.names() else ""
    scenes = []
    for seed, found in groupby(takes, key=lambda take: take["seed"]):
        shown = list(found)
        prompt = next((take["prompt"] for take in shown if take["prompt"]), None)
        scenes.append({"seed": seed, "prompt": prompt, "takes": shown})
    return {"name": name, "summary": summary, "scenes": scenes}


def _take(row: Row, dataset: Path, out: Path) -> Row:
    """A line of the manifest as the page shows it; strips are marked where a law is broken."""
    kind = row.get("kind")
    take = {key: row.get(key) for key in ("kind", "seed", "prompt", "error")} | {"law": kind and _law(kind), "told": ""}
    if take["error"]:
        return take
    missing = [key for key in NEEDED if key not in row]
    if missing:
        return take | {"error": f"its line in the manifest lacks {', '.join(missing)}"}
    times = [i / row["fps"] for i in strip_frames(row["frames"])]
    broken = row["broken"]
    marked = [bool(broken and broken["start"] <= t < broken["end"]) for t in times]
    picture = _picture(dataset, row["preview"], out)
    if picture is None:
        return take | {"error": f"its picture {row['preview']} is missing"}
    seconds = row["frames"] / row["fps"]
    return take | picture | {"times": times, "marked": marked, "told": _told(row, seconds), "broken": broken}


def _told(row: Row, seconds: float) -> str:
    """What is broken, in words."""
    broken = row["broken"]
    if broken is None:
        return "" if row["kind"] is None else "nothing was broken in the end: the moment for it did not come"
    named = {thing["name"]: f"the {thing['colour']} {thing['noun']}" for thing in row["inventory"]}
    what = "the whole scene" if broken["body"] is None else named.get(broken["body"], words(broken["body"]))
    end = "to the end" if broken["end"] >= seconds - 1e-6 else f"to {broken['end']:.2f} s"
    start = "from the beginning" if broken["start"] <= 0 else f"from {broken['start']:.2f} s"
    return f"{what}, {start} {end}, severity {broken['severity']:.2g}"


def _picture(dataset: Path, preview: str, out: Path) -> Row | None:
    """The strip as a WebP file beside the page, named by content; None where there is none inside the dataset."""
    source = (dataset / preview).resolve()
    if not (source.is_relative_to(dataset.resolve()) and source.is_file()):
        return None
    name = f"strips/{hashlib.sha256(source.read_bytes()).hexdigest()[:20]}.webp"
    pixels = cv2.imread(str(source), cv2.IMREAD_COLOR)
    if pixels is None:
        return None
    if not (out / name).is_file():
        part = out / f"{name}.part.webp"
        cv2.imwrite(str(part), pixels, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
        part.replace(out / name)
    return {"src": name, "height": pixels.shape[0], "width": pixels.shape[1]}


def _law(kind: str) -> str:
    return VIOLATIONS.entry(kind).tags[0] if kind in VIOLATIONS.names() else "another"


def _spec(dataset: Path) -> str:
    path = dataset / "spec.json"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _plan(cfg: Mapping[str, Any], out: Path) -> Plan:
    """What is played where no dataset is given: a scene a family, and all that can be broken in it, to the full.

    It goes beside the page's folder, which stays small enough to publish.
    """
    return simulate.plan(
        {
            "suite": SUITE | {"families": cfg["families"]},
            "seed_offset": cfg["seed_offset"],
            "violations": "all",
            "severity": 1.0,
            "out": f"{out}-takes",
            "workers": cfg["workers"],
        }
    )


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """`worldassay gallery [FOLDER]`."""
    screen, out = console.console(json_out), Path(str(cfg["out"]))
    if len(cfg["words"]) > 1:
        raise UsageError("give one folder of takes, or none to have some played: worldassay gallery takes")
    if cfg["words"]:
        dataset = Path(cfg["words"][0])
        rows = read_manifest(dataset)
    else:
        asked = _plan(cfg, out)
        if dry_run:
            return simulate.rehearse(asked, json_out=json_out)
        dataset, rows = asked.folder, fill(asked, screen)
    if not dry_run:
        write(dataset, out)
    failed = sum("error" in row for row in rows)
    lost = f", {failed} failed" if failed else ""
    screen.print(f"{len(rows)} takes{lost}; {'would write' if dry_run else 'page:'} {out / 'index.html'}", markup=False)
    if json_out:
        console.emit({"out": str(out), "takes": len(rows), "failed": failed})
    return 3 if failed else 0
