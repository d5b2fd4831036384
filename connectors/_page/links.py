"""The links of a list page that lead to articles, and the part of a page that is watched. Runs inside the process that may be killed.

Without a selector, a link counts as one to an article when its words read like a headline and its address like that of one text, on the same site
and outside navigation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import lxml.html
from cssselect import HTMLTranslator
from lxml import etree

from connectors._canonical import canonical, host_of, shown
from connectors._page.said import said
from connectors._page.text import parsed
from pipeline.text.markup import to_text

MAX_LINKS = 500
MAX_TITLE_CHARACTERS = 300
MIN_HEADLINE_WORDS = 3
MIN_HEADLINE_CHARACTERS = 15

_ASIDE = frozenset(("nav", "footer", "header", "aside", "form"))
_DATED = re.compile(r"/(?:19|20)\d{2}[/-]?\d{1,2}(?:[/-]?\d{1,2})?(?:[/-]|\b)")
_NUMBERED = re.compile(r"\d{5,}")
_SLUG = re.compile(r"[^/]+(?:[-_][^/-]+){3,}")
_PAGE_FILE = re.compile(r"\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_NO_ARTICLE = re.compile(
    r"/(?:tags?|thema|themen|topics?|category|categories|kategorien?|rubrik|authors?|autoren?|search|suche|login|anmelden|registrier\w*|register|abo|"
    r"subscribe|newsletter|impressum|imprint|datenschutz|privacy|kontakt|contact|agb|terms|about|ueber-uns|jobs|karriere|shop|faq|hilfe|help)(?:/|$|\.)|"
    r"\.(?:pdf|jpe?g|png|gif|webp|svg|mp[34]|zip|xml|rss|ics|css|js)$",
    re.IGNORECASE,
)


def links(page: str, url: str, select: str = "") -> list[dict[str, str]]:
    """`url` and `title` of the articles that the list page at `url` links to, in its order, each address once.

    `select` is a CSS selector of links, or of elements that hold them. At most `MAX_LINKS` and one more, so that the caller sees that there are more.
    """
    tree = parsed(page)
    base = shown(next((each.get("href", "") for each in tree.iter("base")), ""), url) or url
    found: dict[str, dict[str, str]] = {}
    for anchor in _selected(tree, select) if select else _outside_navigation(tree):
        address, title = shown(anchor.get("href") or "", base), _words(anchor)
        place = canonical(address)
        if not place or place == canonical(url) or not (select or _leads_to_article(address, url, title)):
            continue
        if place not in found:
            if len(found) > MAX_LINKS:
                break
            found[place] = {"url": address, "title": title}
        elif len(title) > len(found[place]["title"]):
            # Pictures and headlines link to the same article.
            found[place]["title"] = title
    return list(found.values())


def region(page: str, _url: str, select: str) -> dict[str, Any]:
    """What `_page_text.extract` tells, with the elements that the CSS selector finds as the text; "" when it finds none."""
    tree = parsed(page)
    found = said(tree)
    elements = tree.xpath(HTMLTranslator().css_to_xpath(select))
    texts = [to_text(etree.tostring(each, encoding="unicode", method="html", with_tail=False)) for each in elements[:MAX_LINKS]]
    return {**found, "text": "\n\n".join(each for each in texts if each), "flags": ()}


def _selected(tree: lxml.html.HtmlElement, select: str) -> Iterator[Any]:
    for each in tree.xpath(HTMLTranslator().css_to_xpath(select)):
        if each.tag == "a":
            yield each
        else:
            yield from each.iter("a")


def _outside_navigation(tree: lxml.html.HtmlElement) -> Iterator[Any]:
    """Links outside navigation; a header or an aside inside an article or section belongs to that."""
    skipped: set[Any] = set()
    for each in tree.iter():
        parent = each.getparent()
        if parent in skipped or (each.tag in _ASIDE and not _is_inside_text(each)):
            skipped.add(each)
        elif each.tag == "a":
            yield each


def _is_inside_text(element: Any) -> bool:
    return element.tag in ("header", "aside") and next(element.iterancestors("article", "section", "li"), None) is not None


def _words(anchor: Any) -> str:
    """What a reader takes for the link's title: its heading where it has one."""
    heading = next(anchor.iter("h1", "h2", "h3", "h4"), anchor)
    text = " ".join("".join(heading.itertext()).split())
    return (text or " ".join((anchor.get("title") or anchor.get("aria-label") or "").split()))[:MAX_TITLE_CHARACTERS]


def _leads_to_article(address: str, page_url: str, title: str) -> bool:
    site, host = host_of(page_url), host_of(address)
    if host != site and not host.endswith(f".{site}"):
        return False
    path = urlsplit(address).path
    if path in ("", "/") or _NO_ARTICLE.search(path):
        return False
    is_headline = len(title) >= MIN_HEADLINE_CHARACTERS and len(title.split()) >= MIN_HEADLINE_WORDS
    return is_headline and bool(_DATED.search(path) or _NUMBERED.search(address) or _SLUG.search(path) or _PAGE_FILE.search(path))
