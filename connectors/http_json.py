"""News APIs that answer with JSON: polled by configured paths, page by page, from where the last poll ended."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import msgspec
import pydantic
from pydantic import Field

from connectors import _json_mapping
from connectors._address import Address
from connectors._feed.new_items import Memory, select
from connectors._http import Answer
from connectors._item import Item, clean, site_of
from connectors._json_mapping import Mapped, at_path
from connectors._polled import conditions, validators
from pipeline.article import Source
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.outgoing.address import without_query
from pipeline.plugins import Batch, Context, Unreadable

MAX_CURSOR_CHARACTERS = 2_000
_BEGINS_A_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|!--)", re.IGNORECASE)


class Options(Address):
    """A JSON API with a list of articles in its answer."""

    url: str = Field(description="address of the newest articles, http or https")
    items: str = Field("", description=f"path of the list in the answer, such as data.articles; {_json_mapping.PATHS_HELP}")
    fields: Mapped = Field(default_factory=dict, description=f"where an article's values stand; {_json_mapping.PATHS_HELP}")
    next_url: str = Field("", description="path of the next page's address in the answer, such as links.next; it must be on the same host")
    page_parameter: str = Field("", description="query parameter that counts pages, such as page")
    first_page: int = Field(1, ge=0, le=1, description="number of the first page")
    cursor_parameter: str = Field("", description="query parameter that takes the cursor of the last answer, such as since")
    cursor: str = Field("", description="path of that cursor in the answer, such as meta.next_cursor; kept over polls and restarts")
    max_pages: int = Field(10, ge=1, le=1_000, description="pages read in one poll at most; that there are more is reported")
    site: str = Field("", description="the publisher's host, within which ids are unique; default: the host of the address")

    @pydantic.model_validator(mode="after")
    def _pages_in_one_way(self) -> Options:
        if bool(self.cursor) != bool(self.cursor_parameter):
            raise ValueError("cursor and cursor_parameter belong together: where the cursor stands, and which parameter takes it")
        if sum(map(bool, (self.next_url, self.page_parameter, self.cursor))) > 1:
            raise ValueError("give one way to the next page: next_url, page_parameter, or cursor with cursor_parameter")
        return self


def create(options: Options, context: Context) -> HttpJson:
    return HttpJson(options, context)


@dataclass(frozen=True)
class _Page:
    """What one page says. `next` is how to reach the one behind it, {} at the end; `bad` are its items that are no articles."""

    items: tuple[Item, ...] = ()
    bad: tuple[Unreadable, ...] = ()
    next: Mapping[str, Any] = field(default_factory=dict)


class HttpJson:
    """One API. The cursor: hashes of items seen, the API's own cursor, and, between the pages of one poll, where the next one is."""

    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._client = options.client()

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The new and changed articles of one page; `more` when the next page may hold further ones. Raises Transient and Permanent as the client does."""
        if cursor.get("url") != self._options.url:
            cursor = {}
        now = self._context.now()
        # Only the first page of a poll tells whether anything is new.
        known = {} if cursor.get("turned") else conditions(cursor)
        answer = self._client.get(self._address(cursor), {"Accept": "application/json"} | self._options.secrets() | known, now)
        if answer.status == 304:
            return Batch(cursor=cursor)
        page = self._page(answer, cursor)
        source = Source(id=self._context.name, connector="http_json", site=self._options.site or site_of(self._options.url))
        news = select(page.items, source, "utf-8", now, Memory.of(cursor))
        refused = [str(each) for each in cursor.get("refused", ())]
        bad = tuple(each for each in page.bad if _mark(each) not in refused)
        after: dict[str, Any] = {"url": self._options.url, **news.memory.as_cursor()}
        after["refused"] = [*refused, *(_mark(each) for each in bad)][-200:]
        turned = int(cursor.get("turned", 0)) + 1
        # A page that is known in full ends the poll: behind it stands what was read before. With a cursor of its own every page is new.
        going_on = bool(page.next) and (bool(news.articles or news.unreadable or bad) if not self._options.cursor else bool(page.items))
        capped = going_on and turned >= self._options.max_pages and not self._options.cursor
        if going_on and not capped:
            after |= {**page.next, "turned": turned}
        else:
            after |= self._kept(page, cursor, answer, turned)
        return Batch(news.articles, after, None, (*bad, *news.unreadable, *self._cap(capped)), more=going_on and not capped)

    def _address(self, cursor: Mapping[str, Any]) -> str:
        options = self._options
        if options.next_url and cursor.get("next"):
            return str(cursor["next"])
        if options.page_parameter:
            return _with_parameter(options.url, options.page_parameter, str(cursor.get("page", options.first_page)))
        if options.cursor_parameter and cursor.get("at"):
            return _with_parameter(options.url, options.cursor_parameter, str(cursor["at"]))
        return options.url

    def _page(self, answer: Answer, cursor: Mapping[str, Any]) -> _Page:
        if _BEGINS_A_PAGE.match(answer.body[:200]):
            why = f"{without_query(answer.url)} answers with a web page, not JSON: it may ask to sign in. Check the address, and give what it wants in headers"
            raise Permanent(Rejection.UNREADABLE, why)
        found = _json_mapping.decoded(answer.body)
        listed = at_path(found, self._options.items)
        if not isinstance(listed, list):
            names = ", ".join(sorted(map(str, found))[:10]) if isinstance(found, dict) else type(found).__name__
            place = self._options.items or "its top"
            raise Permanent(Rejection.UNREADABLE, f"{without_query(answer.url)} has no list at {place} ({names}): correct the option items")
        items: list[Item] = []
        bad = []
        for number, each in enumerate(listed, 1):
            data = msgspec.json.encode(each)
            try:
                items += _json_mapping.items(data, self._options.fields)
            except Permanent as error:
                bad.append(Unreadable(without_query(answer.url), error.reason, f"item {number} of {len(listed)}: {error}", data))
        return _Page(tuple(items), tuple(bad), self._next(found, answer, cursor))

    def _next(self, found: Any, answer: Answer, cursor: Mapping[str, Any]) -> dict[str, Any]:
        options = self._options
        if options.page_parameter:
            return {"page": int(cursor.get("page", options.first_page)) + 1}
        if options.cursor:
            at = clean(at_path(found, options.cursor))[:MAX_CURSOR_CHARACTERS]
            return {"at": at} if at and at != cursor.get("at") else {}
        following = clean(at_path(found, options.next_url)) if options.next_url else ""
        if not following:
            return {}
        address = urljoin(answer.url, following)
        if urlsplit(address)[:2] != urlsplit(options.url)[:2]:
            why = f"the next page is on another host ({without_query(address)[:200]}), which must not get this source's headers"
            raise Permanent(Rejection.INVALID, why)
        return {"next": address}

    def _kept(self, page: _Page, cursor: Mapping[str, Any], answer: Answer, turned: int) -> dict[str, Any]:
        """What the next poll begins with."""
        at = page.next.get("at") or cursor.get("at")
        etag = (validators(answer) if turned == 1 else cursor).get("etag")
        return ({"at": at} if at else {}) | ({"etag": str(etag)} if etag and not at else {})

    def _cap(self, capped: bool) -> Sequence[Unreadable]:
        why = f"there are more than {self._options.max_pages} new pages: raise max_pages, or poll more often"
        return [Unreadable(without_query(self._options.url), Rejection.TOO_LARGE, why)] if capped else []


def _mark(found: Unreadable) -> str:
    return hashlib.sha256(found.original).hexdigest()[:16]


def _with_parameter(url: str, name: str, value: str) -> str:
    parts = urlsplit(url)
    query = [(each, what) for each, what in parse_qsl(parts.query, keep_blank_values=True) if each != name]
    return urlunsplit(parts._replace(query=urlencode([*query, (name, value)])))
