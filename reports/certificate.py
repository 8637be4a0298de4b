"""The certificate's page, and the verb: measure, write, say which bars are missed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals import console
from evals.certify import measure
from reports import certificate_plots
from reports.page import made, write_page

Row = dict[str, Any]
ALL, OWN = "all", "own"
MEASURES = {
    "sight_idf1": ("identity F1 of tracks", "higher"),
    "sight_mask_iou": ("IoU of masks", "higher"),
    "sight_states": ("frames with the true state", "higher"),
    "sight_flow_error": ("end-point error of the flow, heights a frame", "lower"),
    "sight_camera_told": ("still and moving cameras told apart", "higher"),
    "sight_turn_error": ("error of the camera's turn, degrees", "lower"),
    "sight_direction_error": ("error of the camera's direction, degrees", "lower"),
}


def pick(rows: Sequence[Row], **what: Any) -> Row | None:
    """The one row that is of all this, None where there is none."""
    return next((r for r in rows if all(r.get(key) == value for key, value in what.items())), None)


def write(document: Row, out: Path) -> Path:
    """Write index.html and its plots into `out`, of a certificate's document; the page's path."""
    rows, size = document["rows"], document["material"]["judged_size"]
    told = {r["probe"] for r in rows if r["value"] is not None and r["measure"] != "failures"}
    probes = [name for name in document["probes"] if name in told]
    sights = list(dict.fromkeys(r["sight"] for r in rows if r["measure"] == "paired_mean"))
    return write_page(
        out,
        "index.html",
        "certificate.html.j2",
        d=document,
        size=size,
        probes=probes,
        columns=[ALL, *probes],
        beside=[ALL, OWN, *probes],
        sights=sights,
        means=_means(rows),
        kinds=_kinds(rows, size) if size else [],
        alarms=_grid(rows, "false_alarms", size),
        controls=_grid(rows, "contribution", size),
        errors=[r for r in rows if r["measure"] == "calibration_error" and r["size"] == size],
        seen=_seen(rows),
        labelled=_labelled(rows),
        plots=certificate_plots.draw(document, size, out) if size else [],
        missed=[line for line in document["bars"] if line["missed"]],
        made=made(),
    )


def _means(rows: Sequence[Row]) -> list[Row]:
    """A line for each kind of sight, size and view: paired accuracy and AUROC, over kinds, by probe."""
    lines = []
    for r in rows:
        if r["measure"] == "paired_mean" and r["probe"] == ALL:
            key = {k: r[k] for k in ("sight", "size", "view")}
            cells = {
                other["probe"]: (other, pick(rows, measure="auroc_mean", probe=other["probe"], **key))
                for other in rows
                if other["measure"] == "paired_mean" and all(other[k] == v for k, v in key.items())
            }
            lines.append(key | {"n": r["n"], "cells": cells})
    return sorted(lines, key=lambda line: (line["sight"], -line["size"], line["view"] != ALL, line["view"] != "still"))


def _kinds(rows: Sequence[Row], size: int) -> list[Row]:
    """A line for each kind of violation, at the size that is judged: its own probe, and what was measured of it."""
    lines = []
    for own in (r for r in rows if r["measure"] == "paired" and r["own"] and r["size"] == size):
        what = {"sight": own["sight"], "size": size, "kind": own["kind"]}
        told = {
            m: pick(rows, measure=m, probe=own["probe"], **what) for m in ("auroc", "dose", "dose_within", "overlap")
        }
        both = {f"all_{m}": pick(rows, measure=m, probe=ALL, **what) for m in ("paired", "auroc")}
        lines.append({"kind": own["kind"], "sight": own["sight"], "probe": own["probe"], "paired": own, **told, **both})
    return sorted(lines, key=lambda line: (line["sight"], line["kind"]))


def _grid(rows: Sequence[Row], measure: str, size: int | None) -> list[Row]:
    """Lines by kind of sight and kind (of nuisance or control), cells by probe."""
    lines: dict[tuple[str, str], Row] = {}
    for r in rows:
        if r["measure"] == measure and r["size"] == size and r["view"] == ALL:
            line = lines.setdefault((r["sight"], r["kind"]), {"sight": r["sight"], "kind": r["kind"], "cells": {}})
            line["cells"][r["probe"]] = r
    return list(lines.values())


def _seen(rows: Sequence[Row]) -> list[Row]:
    """Lines by size and measure of sight, cells by view."""
    lines: dict[tuple[int, str], Row] = {}
    for r in rows:
        if r["measure"].startswith("sight_"):
            name, better = MEASURES.get(r["measure"], (r["measure"].removeprefix("sight_"), ""))
            line = lines.setdefault((r["size"], name), {"size": r["size"], "name": name, "better": better, "views": {}})
            line["views"][r["view"]] = r
    return list(lines.values())


def _labelled(rows: Sequence[Row]) -> Row:
    """What the page shows of labelled videos: lines by probe, by type of failure, by group, and alarms."""
    some = [r for r in rows if r["measure"] == "labelled_auroc"]
    by_probe = [
        {"probe": r["probe"], "best": r["best"], "auroc": r}
        | {
            key: pick(rows, measure=f"labelled_{key}", probe=r["probe"])
            for key in ("auroc_stratified", "correlation", "partial")
        }
        for r in some
        if r["kind"] is None
    ]
    columns = [line["probe"] for line in by_probe]
    inside = [r for r in rows if r["measure"] == "labelled_auroc_in_group"]
    return {
        "probes": by_probe,
        "columns": columns,
        "types": _by_kind([r for r in some if r["kind"] is not None], columns),
        "groups": _by_kind(inside, columns),
        "alarms": _by_kind([r for r in rows if r["measure"] == "labelled_alarms"], columns[:-1]),
    }


def _by_kind(rows: Sequence[Row], columns: Sequence[str]) -> list[Row]:
    """Lines by kind, cells by probe."""
    kinds = dict.fromkeys(r["kind"] for r in rows)
    return [{"kind": kind, "cells": [pick(rows, kind=kind, probe=probe) for probe in columns]} for kind in kinds]


def sentence(line: Row) -> str:
    """A bar in words, e.g. "AUROC: 0.87 (0.81 to 0.92), n 120; at least 0.90: missed"."""
    sign = {1: "at least", -1: "at most", 0: "exactly"}[line["sign"]]
    if line["asked"] > 1:
        told = f"{line['asked'] - len(line['missed'])} of {line['asked']} figures reach it"
    elif line["value"] is None:
        told = "nothing was scored"
    else:
        between = "" if line["low"] is None else f" ({line['low']:.3f} to {line['high']:.3f})"
        told = f"{line['value']:.3f}{between}, n {line['n']}"
    return f"{line['words']}: {told}; {sign} {line['bar']:g}{': missed' if line['missed'] else ''}"


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `certify`: OUT/certificate.json and OUT/page/index.html.

    Returns 0, or 1 where a bar is missed, or 3 where something could not be played or read.
    """
    screen, asked = console.console(json_out), measure.plan(cfg)
    if dry_run:
        told = measure.rehearse(asked)
        test, own = told["test"], told["calibration"]
        split = f" and {own['left']} of {own['clips']} of the calibration split" if own["clips"] else ""
        screen.print(
            f"{test['cells']} cells, {test['left']} of {test['clips']} clips are left{split}, and {told['labelled']} "
            f"labelled videos, on {told['workers']} processes: about {told['minutes']} minutes for the clips, "
            f"into {told['out']}",
            markup=False,
        )
        if json_out:
            console.emit(told)
        return 0
    document = measure.measure(asked, screen)
    page = write(document, asked.out / "page")
    for line in document["bars"]:
        screen.print(sentence(line), markup=False)
    for error in document["failed"]:
        screen.print(f"failed: {error}", markup=False)
    screen.print(f"page: {page}", markup=False)
    if json_out:
        console.emit(document)
    return 3 if document["failed"] else 0 if document["holds"] else 1
