"""A file of prompts, as other people write them: CSV with a header, JSON, or JSONL; every fault by file and line."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simulator.adapters.folder import SUFFIXES, file_digest
from simulator.decoding import opened, printable
from simulator.errors import UsageError, unknown
from simulator.shot import PROMPT_LENGTH

COLUMNS = {  # what a prompt has, and what files call it; the first that is there counts
    "prompt": ("prompt", "prompt_en", "caption", "description"),  # the last three: VBench, PhyGenBench, Physics-IQ
    "id": ("id", "generated_video_name"),
    "seed": ("seed",),
    "first": ("first",),
    "family": ("family", "category", "main_category", "dimension"),
}
GROUP = "prompts"  # the family of a prompt that has none
MOST_BYTES, MOST_PROMPTS = 64 << 20, 100_000
LONGEST = 200  # characters of an id or of a family
_BETWEEN = re.compile(r"[\s,]*")
_NO_TEXT = r"\x00-\x1f\x7f\ud800-\udfff"
_UNTEXT, _UNFIT = re.compile(f"[{_NO_TEXT}]"), re.compile(rf"[{_NO_TEXT}/\\]")


@dataclass(frozen=True)
class Prompt:
    """One line of the file, and one shot.

    family: the group by which statistics resample. seed: with `family` the cell, the same for the same prompt again.
    noise: the seed of the model's randomness, None where the file names none. first: the picture of the first frame,
    and digest its sha256.
    """

    id: str
    text: str
    family: str
    seed: int
    noise: int | None = None
    first: Path | None = None
    digest: str | None = None

    @property
    def mode(self) -> str:
        """first_frames where a picture is given, prompt where none is."""
        return "prompt" if self.first is None else "first_frames"


def read_prompts(path: Path, column: str | None = None) -> tuple[Prompt, ...]:
    """The prompts of a file, in its order.

    column: which one holds the prompts; None: the first of COLUMNS["prompt"] that is there.

    Raises:
        UsageError: no such file, no text, a line that does not fit, no prompts, or ids that are not unique.
    """
    rows = list(_rows(path, _text(path)))
    if not rows:
        raise UsageError(f"{printable(path)} holds no prompts")
    if len(rows) > MOST_PROMPTS:
        raise UsageError(f"{printable(path)} holds {len(rows)} prompts, the limit is {MOST_PROMPTS}; split it")
    there = dict.fromkeys(key for _, row in rows for key in row)
    called = {what: next((name for name in names if name in there), None) for what, names in COLUMNS.items()}
    if column is not None:
        called["prompt"] = column.strip().lower()
        if called["prompt"] not in there:
            raise unknown(f"column of {printable(path)}, suite.column=", column, there)
    if called["prompt"] is None:
        raise UsageError(
            f"{printable(path)}:1 names no column {', '.join(COLUMNS['prompt'])}; name the one with the prompts by "
            f"suite.column=. Available: {', '.join(there) or 'none'}"
        )
    lines: dict[str, int] = {}
    cells: dict[tuple[str, str, str | None], int] = {}
    found = []
    for number, (line, row) in enumerate(rows, 1):
        where = f"{printable(path)}:{line}"
        values = {what: row.get(name) for what, name in called.items() if name is not None}
        prompt = _prompt(where, number, values, path.parent, has_ids=called["id"] is not None)
        if prompt.id in lines:
            raise UsageError(f"{where} has the id '{prompt.id}' of line {lines[prompt.id]}; ids must differ")
        lines[prompt.id] = line
        key = prompt.family, prompt.text, prompt.digest
        found.append(replace(prompt, seed=cells.setdefault(key, len(cells))))
    return tuple(found)


def _text(path: Path) -> str:
    if path.suffix.lower() not in (".csv", ".json", ".jsonl", ".ndjson"):
        raise UsageError(f"suite.file={printable(path)} is no .csv, .json or .jsonl file; see docs/design/suites.md")
    with opened(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise UsageError(f"{printable(path)} is over {MOST_BYTES >> 20} MiB; split it")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{printable(path)}:{line} is not UTF-8 text; save the file as UTF-8") from error


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line, columns by their names in small letters); a text alone is a prompt."""
    read = {".csv": _csv, ".json": _json}.get(path.suffix.lower(), _jsonl)
    for line, item in read(printable(path), text):
        row = {"prompt": item} if isinstance(item, str) else item
        if not isinstance(row, Mapping):
            raise UsageError(f"{printable(path)}:{line} is neither an object nor a text")
        yield line, {str(key).strip().lower(): value for key, value in row.items()}


def _csv(name: str, text: str) -> Iterator[tuple[int, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            line = reader.line_num - sum(str(value).count("\n") for value in row.values())
            if None in row:
                raise UsageError(f"{name}:{line} has more cells than the header; put texts with commas into quotes")
            yield line, row
    except csv.Error as error:
        raise UsageError(f"{name}:{reader.reader.line_num} is not CSV: {error}") from error


def _json(name: str, text: str) -> Iterator[tuple[int, Any]]:
    try:
        found = json.loads(text) if text.strip() else []
    except json.JSONDecodeError as error:
        raise UsageError(f"{name}:{error.lineno} is not JSON: {error.msg}") from error
    except RecursionError as error:
        raise UsageError(f"{name} is nested too deeply; give a list of objects or of texts") from error
    if not isinstance(found, list):
        raise UsageError(f"{name} is no list; give a list of objects or of texts")
    at, line, decoder = text.find("[") + 1, 1, json.JSONDecoder()
    line += text.count("\n", 0, at)
    for item in found:
        space = _BETWEEN.match(text, at)
        assert space is not None
        line += text.count("\n", at, space.end())
        yield line, item
        at = decoder.raw_decode(text, space.end())[1]
        line += text.count("\n", space.end(), at)


def _jsonl(name: str, text: str) -> Iterable[tuple[int, Any]]:
    for line, row in enumerate(text.split("\n"), 1):
        try:
            if row.strip():
                yield line, json.loads(row)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{name}:{line} is not JSON; give one object a line") from error


def _prompt(where: str, number: int, values: Mapping[str, Any], folder: Path, *, has_ids: bool) -> Prompt:
    text = values["prompt"]
    if text is not None and not isinstance(text, str):
        raise UsageError(f"{where} has a prompt that is no text")
    text = " ".join((text or "").split())
    if not text:
        raise UsageError(f"{where} has no prompt")
    if len(text) > PROMPT_LENGTH:
        raise UsageError(
            f"{where} has a prompt of {len(text.split())} words, {len(text)} characters; say it in {PROMPT_LENGTH}"
        )
    if _UNTEXT.search(text):
        raise UsageError(f"{where} has a prompt with characters that are no text")
    picture = values.get("first")
    first = digest = None
    if picture not in (None, ""):
        first = folder / str(picture)
        try:
            digest = file_digest(first)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error
    return Prompt(
        _id(where, values.get("id")) if has_ids else f"{number:04}-{_slug(text)}",
        text, _family(values.get("family")), 0, _noise(where, values.get("seed")), first, digest,
    )  # fmt: skip


def _id(where: str, value: Any) -> str:
    """A text that is a file's name as well; a video's suffix is left out."""
    name = "" if value is None or isinstance(value, (list, dict)) else str(value).strip()
    if name.lower().endswith(SUFFIXES):
        name = name[: name.rindex(".")]
    if not name:
        raise UsageError(f"{where} has no id; give every prompt one, or none")
    if _UNFIT.search(name) or name.startswith(".") or len(name.encode()) > LONGEST:
        raise UsageError(f"{where} has the id {name[:50]!r}, which cannot be a file's name; give it another one")
    return name


def _slug(text: str) -> str:
    """The first words of a prompt as a part of a file's name."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())[:5])[:60]


def _family(value: Any) -> str:
    told = "+".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return _UNFIT.sub(" ", told).strip()[:LONGEST] or GROUP


def _noise(where: str, value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,10}", str(value).strip()) or int(value) >= 2**32:
        raise UsageError(f"{where} has the seed {str(value)[:30]!r}; give a whole number from 0 to {2**32 - 1}")
    return int(value)
