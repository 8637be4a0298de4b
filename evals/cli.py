"""The command line: `worldassay VERB [key=value ...]`.

A verb is a line in VERBS and a file `conf/VERB.yaml`, whose first line says what it does, whose keys are all that it
accepts, whose comments are its help, and whose comments "# Example: ..." are shown below. Its target is a function

    command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int

`cfg` is the resolved configuration as plain dicts and lists; arguments without `=` come as the list cfg["words"],
which a verb accepts by having the key `words` in its file. It returns the exit code: 0 fine, 1 regression found or bar
missed, 2 usage, 3 incomplete. What a person did wrong it raises as UsageError. Messages go to
`console.console(json_out)`; with `json_out` it calls `console.emit(document)` exactly once.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from evals import console
from simulator.errors import UsageError
from simulator.registry import Registry

FINE, REGRESSION, USAGE, INCOMPLETE = 0, 1, 2, 3

VERBS = Registry("verb")
VERBS.add("demo", "evals.demo:command", "the whole job at small size, on what ships with the package")
VERBS.add("ls", "evals.listing:ls", "families, violations, probes, models, suites: what there is")
VERBS.add("show", "evals.listing:show", "one of them in full")
VERBS.add("simulate", "evals.simulate:command", "play scripts: videos and truth, valid or violated")
VERBS.add("gallery", "reports.gallery:command", "every family and every violation as pictures on a page")
VERBS.add("train", "evals.train:command", "train the world model; the same command resumes")
VERBS.add("yardstick", "reports.yardstick:command", "train on a law of motion in 2-D, and measure how well it is kept")
VERBS.add("generate", "evals.generate:command", "one prompt to one video")
VERBS.add("shots", "evals.shots:command", "write a suite's shots to a folder, for generation elsewhere")
VERBS.add("run", "evals.run:command", "generate and score a suite; the same command resumes")
VERBS.add("score", "evals.score:command", "probe the videos of a folder, with or without prompts")
VERBS.add("compare", "reports.regression:command", "the regression report of two runs")
VERBS.add("baseline", "evals.baselines:command", "names for runs, to compare with")
VERBS.add("leaderboard", "reports.leaderboard:command", "rank any number of runs")
VERBS.add("failures", "reports.failures:command", "the worst clips, with the evidence drawn on them")
VERBS.add("likelihood", "evals.likelihood:command", "does a model find valid twins likelier than broken ones?")
VERBS.add("certify", "reports.certificate:command", "how often the probes are right, on held-out material")
VERBS.add("calibrate", "evals.calibrate:command", "fit the probes' calibration tables on the calibration split")
VERBS.add("sql", "evals.sql:command", "ask the tables of runs, in SQL")
VERBS.add("export", "evals.export:command", "write the tables of runs as Parquet or CSV")
VERBS.add("bundle", "evals.bundle:command", "pack a finished run as a submission")
VERBS.add("verify", "evals.verify.command:command", "check a submission: recompute what it says")
VERBS.add("doctor", "evals.doctor:command", "what this machine can do, and what to type next")

TALLIES = ("compare", "leaderboard")  # they multiply what is small: threads would but wait for each other

EXAMPLES = (
    "worldassay demo",
    "worldassay run model=late suite=smoke",
    "worldassay score path=my_videos",
    "worldassay compare runs/OLD runs/NEW",
    "worldassay run --help",
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `worldassay --help`")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="worldassay", add_help=False, allow_abbrev=False)
    parser.add_argument("arguments", nargs="*")
    for flag in ("--json", "--dry-run", "--help", "--version"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("-h", dest="help", action="store_true")
    return parser


def overview() -> None:
    """The first page: what this is, the verbs, a few things to type."""
    out = console.console()
    out.print("[bold]worldassay[/] tells how much of a generated video is a possible world.\n")
    out.print("usage: worldassay VERB \\[key=value ...] \\[--json] \\[--dry-run] \\[--help]\n")
    table = Table.grid(padding=(0, 2))
    for entry in VERBS.entries.values():
        table.add_row(f"[bold cyan]{entry.name}[/]", entry.summary)
    out.print(Padding(table, (0, 0, 1, 2)))
    out.print("For example:")
    for line in EXAMPLES:
        out.print(f"  {line}", style="green")
    out.print("\nexit codes: 0 fine, 1 regression found or bar missed, 2 usage, 3 incomplete")


def explain(verb: str) -> None:
    """The page of one verb: its keys with defaults, and examples."""
    from evals import config

    out = console.console()
    entry = VERBS.entry(verb)
    listed = config.keys(verb)
    words = next((key for key in listed if key.name == "words"), None)
    shape = f" {words.help}" if words else ""
    out.print(f"[bold]worldassay {verb}[/]: {escape(entry.summary)}\n")
    out.print(escape(f"usage: worldassay {verb}{shape} [key=value ...] [--json] [--dry-run]\n"))
    table = Table.grid(padding=(0, 2))
    for key in listed:
        if key.name != "words":
            group = config.names(key.name) if key.group else []
            note = escape(key.help) + (f" [dim]({', '.join(group)})[/]" if group else "")
            table.add_row(f"[bold cyan]{key.name}[/]", escape(key.default), note)
    out.print(Padding(table, (0, 0, 1, 2)))
    for line in (config.CONF / f"{verb}.yaml").read_text().splitlines():
        if line.startswith("# Example: "):
            out.print(escape(f"  {line[11:]}"), style="green")


def _dispatch(argv: Sequence[str]) -> int:
    given = _parser().parse_intermixed_args(argv)
    if given.version:
        from importlib.metadata import version

        print(f"worldassay {version('worldassay')}")
        return FINE
    if not given.arguments:
        overview()
        return FINE
    verb, *rest = given.arguments
    VERBS.entry(verb)
    if given.help:
        explain(verb)
        return FINE
    from evals import config

    overrides = [word for word in rest if "=" in word]
    cfg = config.load(verb, overrides, [word for word in rest if "=" not in word])
    if verb in TALLIES:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read as numpy is loaded
    return int(VERBS.load(verb)(cfg, json_out=given.json, dry_run=given.dry_run))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code and never lets a traceback be the answer to a user's slip."""
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(argv)
    except UsageError as error:
        code, message = USAGE, str(error)
    except KeyboardInterrupt:
        code, message = INCOMPLETE, "interrupted; the same command goes on from here"
    except BrokenPipeError:  # the reader of our output went away, e.g. `worldassay ls | head`
        sys.stderr.close()
        return FINE
    except OSError as error:
        code, message = USAGE, f"{error.strerror or error}: {error.filename or ''} (check path, rights and disk)"
    except Exception as error:  # ours to mend; exit code 1 is kept for regressions
        traceback.print_exc()
        code, message = INCOMPLETE, f"this is a bug, please report it: {type(error).__name__}: {error}"
    if "--json" in argv:
        console.emit({"error": message})
    console.complain(message)
    return code


if __name__ == "__main__":
    sys.exit(main())
