"""The results store of one run folder: what was asked, what came back, what the probes said.

    RUN/spec.json             the frozen spec; its digest is the run's identity
    RUN/record.json           git revision, versions, device, threads, times
    RUN/results.sqlite        tables shot, clip, reading, span; the view result
    RUN/clips/<digest>.mkv    FFV1; or elsewhere, see `evals.store.clips`

One process writes, any number read. A clip's file is complete before its row is; the readings of a shot and their
spans come in one transaction: a reader never sees half a result. No times are stored, so that the same spec gives the
same tables. What each column means, and how the schema changes, is told in docs/design/store.md.
"""

from __future__ import annotations

from evals.store.reading import Results, export, load, snapshot
from evals.store.schema import SCHEMA, SCHEMA_VERSION, TABLES
from evals.store.writing import ClipRow, Kept, ShotRow, Store, reading_rows

__all__ = [
    "SCHEMA",
    "SCHEMA_VERSION",
    "TABLES",
    "ClipRow",
    "Kept",
    "Results",
    "ShotRow",
    "Store",
    "export",
    "load",
    "reading_rows",
    "snapshot",
]
