"""What the publication status of a wire format means here."""

from __future__ import annotations

from typing import Literal

from pipeline.errors import Permanent
from pipeline.outcome import Rejection

Status = Literal["usable", "withheld", "canceled"]

_MEANS: dict[str, Status] = {
    "": "usable",
    "usable": "usable",
    "withheld": "withheld",
    "canceled": "canceled",
    "cancelled": "canceled",
    "killed": "canceled",
    "withdrawn": "canceled",
    "retracted": "canceled",
}
WITHDRAWN = "Withdrawn by its source"


def pubstatus(text: str) -> Status:
    """The status that `text` means: a word, or a code such as `stat:canceled`. Raises Permanent for an unknown one, which may be a withdrawal."""
    word = text.strip().lower().rpartition(":")[2].rpartition("/")[2]
    if word not in _MEANS:
        raise Permanent(Rejection.INVALID, f"the status is {text[:40]!r}; known are {', '.join(sorted(each for each in _MEANS if each))}")
    return _MEANS[word]


def withdrawn_text(status: Status, title: str, body: str, note: str = "") -> tuple[str, str]:
    """Title and body, with the source's note (or a sentence of ours) in a withdrawal that brings no text: it must reach those who were told."""
    if status != "canceled" or title.strip() or body.strip():
        return title, body
    return note or WITHDRAWN, body
