"""Articles from their pages: asked for politely, read in a process that can be killed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

from connectors._canonical import canonical, host_of
from connectors._http import Answer, Client
from connectors._item import Item
from connectors._page import html
from connectors._page.robots import Robots
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.outgoing.address import without_query

ACCEPT = "text/html, application/xhtml+xml, */*;q=0.5"
_PAGE_TYPES = frozenset(("", "text/html", "application/xhtml+xml", "text/plain", "application/octet-stream"))


@dataclass(frozen=True)
class ArticlePage:
    """`item.url` is the page's canonical link where that names this article, or else the address that answered."""

    item: Item
    encoding: str


class ArticlePages:
    """Fetches and reads pages of articles."""

    def __init__(self, client: Client, robots: Robots | None, now: Callable[[], datetime]) -> None:
        self._client = client
        self._robots = robots
        self._now = now

    def read(self, url: str, headers: Mapping[str, str] | None = None) -> ArticlePage:
        """The article at `url`. Raises Transient for what may work later, and Permanent for what holds no article or is not for robots."""
        check_robots(self._robots, url)
        answer = self._client.get(url, {"Accept": ACCEPT} | dict(headers or {}), self._now())
        item, encoding = html.read(page_of(answer), url=answer.url, charset=charset_of(answer))
        return ArticlePage(replace(item, url=_own_address(item.url, answer.url)), encoding)


def is_gone(error: Permanent) -> bool:
    """Whether the server said that the page was removed for good (410)."""
    return error.kind == "gone"


def is_missing(error: Permanent) -> bool:
    """Whether the server said that it has no such page (404): removed, or a mistake that passes."""
    return error.kind == "not_found"


def saved_page(path: Path, max_bytes: int) -> ArticlePage:
    """The article in a saved page. Raises OSError, and Permanent when it holds none or has more than `max_bytes`."""
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise Permanent(Rejection.TOO_LARGE, f"{path} has more than {max_bytes:,} bytes")
    item, encoding = html.read(data)
    return ArticlePage(item, encoding)


def check_robots(robots: Robots | None, url: str) -> None:
    """Return when `url` may be fetched. Raises Permanent when its site's robots.txt forbids it, Transient when that cannot be told now."""
    if robots and not robots.allows(url):
        raise Permanent(
            Rejection.INVALID, f"robots.txt of {urlsplit(url).hostname} forbids {without_query(url)}: ask the publisher, or watch its feed"
        )


def page_of(answer: Answer) -> bytes:
    """The bytes of a web page. Raises Permanent when the answer says that it is something else."""
    kind = _content_type(answer).get_content_type() if answer.headers.get("content-type") else ""
    if kind not in _PAGE_TYPES:
        raise Permanent(Rejection.UNREADABLE, f"{without_query(answer.url)} is {kind[:60]}, no web page")
    return answer.body


def charset_of(answer: Answer) -> str | None:
    """The encoding that the answer's headers declare."""
    return _content_type(answer).get_content_charset()


def _content_type(answer: Answer) -> Message:
    message = Message()
    message["content-type"] = "".join(each for each in answer.headers.get("content-type", "") if each.isprintable())[:200]
    return message


def _own_address(linked: str, answered: str) -> str:
    """The canonical link, unless it leads to another house or to a front page, as careless templates have it."""
    if not linked or host_of(linked) != host_of(answered):
        return answered
    is_front = urlsplit(canonical(linked)).path in ("", "/")
    return answered if is_front and urlsplit(answered).path not in ("", "/") else linked
