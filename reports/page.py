"""Pages: templates filled with everything escaped, figures as words, a style sheet and scripts beside them."""

from __future__ import annotations

import json
import math
import shutil
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps

from evals.console import plain
from evals.store import Results

HERE = Path(__file__).parent
ASSETS = ("page.css", "player.js", "explorer.js", "leaderboard.js", "gallery.js")
NONE = "–"  # what stands where there is no number


def percent(value: float) -> str:
    """0.123 -> "12.3 %"."""
    return NONE if not _known(value) else f"{100 * value:.1f} %"


def points(value: float) -> str:
    """A difference of two shares or scores in hundredths, with its sign: 0.123 -> "+12.3"."""
    if not _known(value):
        return NONE
    shown = f"{100 * value:+.1f}"
    return ("±0.0" if float(shown) == 0 else shown).replace("-", "−")


def score(value: float) -> str:
    """0.1234 -> "0.12"."""
    return NONE if not _known(value) else f"{value:.2f}"


def p_value(value: float) -> str:
    """0.00001 -> "< 0.001"."""
    return NONE if not _known(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def words(name: str) -> str:
    """A name as words: "drop_bounce" -> "drop bounce"."""
    return name.replace("_", " ")


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


@cache
def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    env.filters |= {"percent": percent, "points": points, "score": score, "p_value": p_value, "words": words}
    env.policies["json.dumps_function"] = _json
    return env


def to_json(value: Any) -> str:
    """A value as the filter tojson writes it: JSON that is safe inside a script element."""
    return htmlsafe_json_dumps(value, dumps=_json)


def _json(value: Any, **_: Any) -> str:
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):  # something of numpy's, or a number that is not finite; to look first takes longer
        return json.dumps(plain(value), separators=(",", ":"))


def render(template: str, **values: Any) -> str:
    """The text of a page."""
    return _environment().get_template(template).render(**values)


def write_page(out: Path, name: str, template: str, **values: Any) -> Path:
    """Write a page and what it needs beside it; the page comes last."""
    out.mkdir(parents=True, exist_ok=True)
    for asset in ASSETS:
        shutil.copyfile(HERE / "assets" / asset, out / asset)
    path, part = out / name, out / f".{name}.part"
    with part.open("w", encoding="utf-8") as file:  # piece by piece: a page may be larger than is good to hold twice
        file.writelines(_environment().get_template(template).generate(**values))
    part.replace(path)
    return path


def provenance(run: Results, label: str) -> dict[str, Any]:
    """What tells where a run's numbers come from, for the foot of a page."""
    perception = sorted(set(run.readings["perception"]))
    versions = run.readings.groupby("probe")["version"].max()
    return {
        "label": label,
        "folder": run.path.name,
        "perception": ", ".join(perception),
        "probes": ", ".join(f"{p} v{v}" for p, v in versions.items()),
        "record": {k: v for k, v in run.record.items() if isinstance(v, (str, int, float)) and not isinstance(v, bool)},
        "spec": json.dumps(plain(run.spec), indent=1, ensure_ascii=False),
    }


def made() -> dict[str, str]:
    """By which version and when a page was made."""
    try:
        release = version("worldassay")
    except PackageNotFoundError:
        release = "unreleased"
    return {"version": release, "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")}
