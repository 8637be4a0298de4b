"""Finding: one thing that is wrong with a submission, or that whoever judges it should know."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

KINDS = {  # in the order in which they are shown
    "bomb": "it takes more than the limits allow; nothing else was looked at",
    "unsafe entry": "something in the archive that no bundle holds; it was not unpacked",
    "damaged file": "its bytes are not those of the manifest",
    "missing file": "the manifest names it, and it is not there",
    "unlisted file": "it is there, and the manifest does not name it",
    "unreadable": "a document or a table that is not what it should be",
    "spec": "spec, record and manifest do not fit each other, or ask for what does not exist",
    "other version": "made with other versions than are installed; it could not be computed again here",
    "shot": "a shot is missing, not of the suite, or not as the suite asks it",
    "twice": "one shot has several rows: more than one attempt",
    "attempts": "more clips were made than there are shots, or others for the same shots",
    "incomplete": "a shot without a clip or without a reading",
    "clip": "the file holds another clip than its row says, or one that does not answer its shot",
    "repeated clip": "one clip answers several shots",
    "frozen clip": "one frame, repeated, where the script moves",
    "copied reference": "the simulator's own picture beyond the frames that were shown",
    "other's clip": "another run has it, too",
    "edited reading": "computed again from the clip it comes out differently",
    "aggregate": "a figure of the summary is not what the rows give",
    "unchecked": "it could not be computed again",
    "note": "nothing wrong, and good to know",
}

MOST = 20_000  # findings of a report


@dataclass(frozen=True)
class Finding:
    """`kind` is one of KINDS, `where` a shot, a file or a key; both texts are safe to print."""

    kind: str
    where: str
    text: str

    def __post_init__(self) -> None:
        assert self.kind in KINDS
        for key in ("where", "text"):
            object.__setattr__(self, key, harmless(getattr(self, key)))


class Refused(Exception):
    """A finding after which nothing else can be looked at."""

    def __init__(self, kind: str, where: str, text: str) -> None:
        super().__init__(text)
        self.finding = Finding(kind, where, text)


@dataclass
class Report:
    """What came of a check.

    checked: how many files, shots, clips and readings were looked at.
    """

    findings: list[Finding] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, where: str, text: str) -> None:
        """One more finding.

        Raises:
            Refused: there are too many.
        """
        if len(self.findings) >= MOST:
            raise Refused("bomb", where, f"more than {MOST} findings; the rest is not told")
        self.findings.append(Finding(kind, where, text))

    @property
    def verified(self) -> bool:
        """Whether nothing was found; notes are nothing."""
        return all(finding.kind == "note" for finding in self.findings)

    def ordered(self) -> list[Finding]:
        """By kind, then by place."""
        order = list(KINDS)
        return sorted(self.findings, key=lambda f: (order.index(f.kind), f.where, f.text))


def harmless(text: object, most: int = 300) -> str:
    """A stranger's text as it can be printed: control and formatting characters escaped, and not endless."""
    whole = str(text).encode("utf-8", "backslashreplace").decode()
    cut = whole if len(whole) <= most else whole[: most - 1] + "…"
    return "".join(c.encode("unicode_escape").decode() if unicodedata.category(c)[0] == "C" else c for c in cut)
