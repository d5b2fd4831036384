"""A web page to an article, read in a process that can be killed."""

from __future__ import annotations

import re
from typing import Any

from connectors._canonical import shown
from connectors._item import Item, clean
from connectors._page import html_process
from connectors._page.html_process import PAGE_SECONDS, Question, Task
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.text.decoding import Decoded, decode, without_controls

MAX_CHARACTERS = 5_000_000
# Written as references, control characters pass the parser and break what puts texts together from its tree.
_CONTROLS_BY_NUMBER = re.compile(
    r"&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef])(?![0-9a-f])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])(?![0-9]));?", re.IGNORECASE
)


def read(data: bytes, seconds: float = PAGE_SECONDS, *, url: str = "", charset: str | None = None, select: str = "") -> tuple[Item, str]:
    """The article in an HTML page, and the encoding it was read in. Raises Permanent when nothing can be got out of it within `seconds`.

    `url` is where the page came from: relative links are resolved against it. `select` is a CSS selector of the part that is the text.
    """
    decoded, page, flags = _page(data, charset)
    found = _asked("region" if select else "article", page, url, select, seconds)
    item = Item(
        url=shown(clean(found["url"]), url),
        title=clean(found["title"]),
        summary=clean(found["description"]),
        body=clean(found["text"]),
        authors=tuple(clean(each) for each in found["authors"]),
        section=clean(found["section"]),
        keywords=tuple(clean(each) for each in found["keywords"]),
        published=clean(found["published"]),
        updated=clean(found["updated"]),
        language=clean(found["language"]),
        original=data,
        flags=(*flags, *found["flags"]),
    )
    return item, decoded.encoding


def links(data: bytes, url: str, *, charset: str | None = None, select: str = "", seconds: float = PAGE_SECONDS) -> list[dict[str, str]]:
    """`url` and `title` of each article that a list page links to (`_page_links.links`). Raises Permanent like `read`."""
    _, page, _ = _page(data, charset)
    found: list[dict[str, str]] = _asked("links", page, url, select, seconds)
    return found


def _page(data: bytes, charset: str | None) -> tuple[Decoded, str, tuple[str, ...]]:
    decoded = decode(data, charset, "html")
    if len(decoded.text) > MAX_CHARACTERS:
        raise Permanent(Rejection.TOO_LARGE, f"a page of {len(decoded.text):,} characters; {MAX_CHARACTERS:,} are read at most")
    page, flags = cleaned(decoded.text)
    return decoded, page, flags


def cleaned(text: str) -> tuple[str, tuple[str, ...]]:
    """`text` as the process takes it, and the flag that says when control characters were removed."""
    page, flags = without_controls(_CONTROLS_BY_NUMBER.sub("", text))
    return page.encode("utf-8", "replace").decode(), flags


def _asked(task: Task, page: str, url: str, select: str, seconds: float) -> Any:
    return html_process.ask(Question(task=task, page=page, url=url, select=select), seconds)
