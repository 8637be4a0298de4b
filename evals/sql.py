"""`worldassay sql`: ask the tables of any number of runs."""

from __future__ import annotations

import csv
import sqlite3
import sys
from typing import Any

from rich.markup import escape
from rich.table import Table

from evals.console import console, emit
from evals.store.gathering import gather, names, tables
from simulator.errors import UsageError

SHOWN = 200  # rows on a screen


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `sql`: a table on a screen, CSV into a file or a pipe; without a query, the tables that there are."""
    if not cfg["words"]:
        raise UsageError("give run folders: worldassay sql runs/* query='SELECT ...'")
    runs = names(cfg["words"])
    if cfg["query"] is None or dry_run:
        head = ["table", "columns"]
        rows: list[tuple[Any, ...]] = [(table, ", ".join(columns)) for table, columns in tables().items()]
    else:
        head, rows = _ask(runs, str(cfg["query"]))
    if json_out:
        emit({"columns": head, "rows": rows})
    elif sys.stdout.isatty():
        _show(head, rows)
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
    return 0


def _ask(runs: dict[str, Any], query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    db = gather(runs)
    try:
        cursor = db.execute(query)
        if cursor.description is None:
            raise UsageError("the query gives no rows; runs are read, never changed: write SELECT ...")
        return [column[0] for column in cursor.description], cursor.fetchall()
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise UsageError(f"the query fails: {error}; `worldassay sql RUN` lists tables and columns") from error
    finally:
        db.close()


def _show(head: list[str], rows: list[tuple[Any, ...]]) -> None:
    table = Table(*map(escape, head), box=None)
    for row in rows[:SHOWN]:
        table.add_row(*("" if value is None else escape(str(value)) for value in row))
    out = console()
    out.print(table)
    if len(rows) > SHOWN:
        out.print(f"{SHOWN} of {len(rows)} rows; send them to a file, or add LIMIT")
