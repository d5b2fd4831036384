"""Web pages without a feed: the articles that a list page links to, or one page whose text changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import cssselect
import pydantic
from pydantic import Field

from connectors._address import Address, MaxBytes
from connectors._canonical import canonical
from connectors._http import Client
from connectors._item import article_of, site_of
from connectors._page.article_page import ArticlePages, saved_page
from connectors._page.robots import Robots
from connectors._page.watched_list import WatchedList
from connectors._page.watched_page import WatchedPage
from connectors._page.watching import Watched
from pipeline.article import Article, Source
from pipeline.plugins import Connector, Context

MAX_BYTES = 5_000_000


class Options(Address):
    """A page to watch."""

    url: str = Field(description="address of the page, http or https")
    watch: Literal["list", "page"] = Field(
        "list",
        description="list: the page links to articles, and new ones are read; page: its own text is the article, and changes are its revisions",
    )
    select: str = Field(
        "",
        max_length=1_000,
        description="CSS selector of the links (or of what holds them), or of the text of a watched page; default: found automatically",
    )
    delay_seconds: float = Field(
        1, ge=0, le=3_600, description="pause between two requests to the site; the Crawl-delay of its robots.txt counts when it is longer"
    )
    robots: bool = Field(True, description="obey robots.txt; switch it off only for sites of your own")
    max_links: int = Field(100, ge=1, le=500, description="links taken from one look at the list at most; more are reported")
    site: str = Field("", description="the publisher's host; default: that of the address")
    max_bytes: MaxBytes = Field(MAX_BYTES, description="largest page, decompressed")

    @pydantic.field_validator("select")
    @classmethod
    def _is_a_selector(cls, value: str) -> str:
        try:
            cssselect.HTMLTranslator().css_to_xpath(value or "a")
        except cssselect.SelectorError as error:
            raise ValueError(f"{value!r} is no CSS selector: {error}; write for example main article h2 a") from None
        return value


def create(options: Options, context: Context) -> Connector:
    client = options.client()
    watched = Watched(
        url=options.url,
        select=options.select,
        site=options.site,
        delay_seconds=options.delay_seconds,
        max_links=options.max_links,
        headers=options.secrets(),
        source_id=context.name,
    )
    robots = Robots(client, context.now) if options.robots else None
    if options.watch == "page":
        return WatchedPage(watched, client, robots, context.now)
    return WatchedList(watched, client, robots, context.now, ArticlePages(client, robots, context.now))


def read_page(place: str, context: Context, *, contact: str = "", allow_private: Sequence[str] = ()) -> Article:
    """The article in one page, a file or an address, as a source would deliver it.

    Raises OSError for a file, what the client raises for an address, Permanent for a page without an article, and ValueError for what is
    none of the hosts, addresses and networks in `allow_private`.
    """
    if place.lower().startswith(("http://", "https://")):
        client = Client(contact=contact, max_bytes=MAX_BYTES, allow_private=allow_private)
        page = ArticlePages(client, Robots(client, context.now), context.now).read(place)
    else:
        page = saved_page(Path(place), MAX_BYTES)
    source = Source(id=context.name, connector="web", site=site_of(page.item.url) or context.name)
    url = canonical(page.item.url)
    return article_of(page.item, source, guid="" if url else place, url=url, encoding=page.encoding, fetched_at=context.now())
