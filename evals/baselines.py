"""`worldassay baseline`: names for runs, so that CI can compare with "main" whichever run that is.

The names lie in the hidden file `.baselines.json` of the runs' folder, as paths relative to it, so that the folder can
move and `runs/*` are runs alone.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from evals import console
from evals.spec import write_json
from evals.store import load
from simulator.errors import UsageError, unknown

FILE = ".baselines.json"


def named(runs: Path) -> dict[str, str]:
    """The names of a runs' folder, each with the path of its run from there.

    Raises:
        UsageError: their file is damaged.
    """
    path = runs / FILE
    if not path.is_file():
        return {}
    try:
        return {str(name): str(run) for name, run in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError) as error:
        raise UsageError(f"{path} is damaged ({error}); delete it and name the baselines again") from error


def find(runs: Path, name: str) -> Path:
    """The folder of the run that has a name.

    Raises:
        UsageError: no such name, or its run is gone.
    """
    names = named(runs)
    if name not in names:
        raise unknown("baseline", name, names)
    folder = runs / names[name]
    if not (folder / "spec.json").is_file():
        raise UsageError(
            f"the baseline {name} was {folder}, which is gone; name another: worldassay baseline {name} RUN"
        )
    return folder


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """`worldassay baseline [NAME RUN]`: list names, give one, or forget one."""
    runs, words, gone = Path(cfg["runs"]), [str(word) for word in cfg["words"]], cfg["remove"]
    names = named(runs)
    if len(words) not in (0, 2) or (words and gone is not None):
        raise UsageError("give a name and a run folder: worldassay baseline NAME RUN; or remove=NAME")
    if words:
        load(words[1])
        names[words[0]] = os.path.relpath(Path(words[1]).resolve(), runs.resolve())
    elif gone is not None:
        if str(gone) not in names:
            raise unknown("baseline", str(gone), names)
        del names[str(gone)]
    if (words or gone is not None) and not dry_run:
        runs.mkdir(parents=True, exist_ok=True)
        write_json(runs / FILE, names)
    if json_out:
        console.emit({"baselines": {name: str(runs / run) for name, run in sorted(names.items())}})
        return 0
    table = Table.grid(padding=(0, 2))
    for name, run in sorted(names.items()):
        table.add_row(f"[bold cyan]{escape(name)}[/]", escape(str(runs / run)))
    out = console.console()
    out.print(table if names else "no baselines; name one: worldassay baseline NAME RUN")
    return 0
