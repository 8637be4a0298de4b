"""`worldassay ls` and `worldassay show`: what there is, without loading any of it."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from evals import config
from evals.console import console, emit
from evals.registries import ENGINES, PERCEPTIONS
from probes.base import PROBES
from simulator.errors import unknown
from simulator.registry import Registry
from simulator.scenarios import FAMILIES


def _violations() -> Registry:
    from simulator.violations import VIOLATIONS

    return VIOLATIONS


def _entries(registry: Registry) -> list[dict[str, Any]]:
    return [{"name": e.name, "summary": e.summary, "tags": list(e.tags)} for e in registry.entries.values()]


def _files(group: str) -> list[dict[str, Any]]:
    return [{"name": n, "summary": config.headline(config.CONF / group / f"{n}.yaml")} for n in config.names(group)]


def everything() -> dict[str, list[dict[str, Any]]]:
    """All names by kind, each with its one-line summary."""
    return {
        "families": _entries(FAMILIES),
        "violations": _entries(_violations()),
        "probes": _entries(PROBES),
        "models": _files("model"),
        "suites": _files("suite"),
        "perceptions": _entries(PERCEPTIONS),
        "engines": _entries(ENGINES),
    }


def ls(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `ls`."""
    found = everything()
    for word in cfg["words"]:
        if word not in found:
            raise unknown("kind of thing", word, found)
    chosen = {kind: rows for kind, rows in found.items() if not cfg["words"] or kind in cfg["words"]}
    if json_out:
        emit(chosen)
        return 0
    out = console()
    for kind, rows in chosen.items():
        out.print(f"[bold]{kind}[/]")
        table = Table.grid(padding=(0, 2))
        for row in rows:
            table.add_row(f"[bold cyan]{row['name']}[/]", escape(row["summary"]))
        out.print(Padding(table, (0, 0, 1, 2)))
    return 0


def show(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `show`."""
    found = everything()
    names = {row["name"]: (kind, row) for kind, rows in found.items() for row in rows}
    if len(cfg["words"]) != 1 or cfg["words"][0] not in names:
        raise unknown("name", " ".join(cfg["words"]), names)
    kind, row = names[cfg["words"][0]]
    document = {"kind": kind, **row, **_details(kind, row["name"])}
    if json_out:
        emit(document)
        return 0
    table = Table.grid(padding=(0, 2))
    for key, value in document.items():
        if value == []:
            continue
        lines = [str(v) for v in value] if isinstance(value, list) else [str(value)]
        table.add_row(f"[bold cyan]{key}[/]", escape("\n".join(lines)))
    console().print(table)
    return 0


def _details(kind: str, name: str) -> dict[str, Any]:
    if kind == "families":
        return _family(name)
    if kind == "probes":
        probe = PROBES.load(name)
        return {"version": probe.version, "headline": probe.headline, "kinds": list(probe.kinds)}
    if kind in ("models", "suites"):
        from omegaconf import OmegaConf

        group = kind.removesuffix("s")
        settings = OmegaConf.to_container(OmegaConf.load(config.CONF / group / f"{name}.yaml"))
        assert isinstance(settings, dict)
        return {str(key): value for key, value in settings.items() if key != "name"}
    return {}


def _family(name: str) -> dict[str, Any]:
    """A family by its script of seed 0."""
    from simulator.scenarios import make_script

    script = make_script(name, 0)
    return {
        "version": script.version,
        "prompts": list(script.prompts),
        "counterfactuals": list(script.counterfactuals),
        "inventory": [f"{thing.colour} {thing.noun}" for thing in script.inventory],
        "expected": [f"{e.kind} {e.subject}, {e.start:.2f} to {e.end:.2f} s" for e in script.expected],
        "violations": sorted({b.kind for b in script.breakable}),
        "parameters": [f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in script.parameters.items()],
    }
