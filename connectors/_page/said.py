"""What a page says of its article beside the text: title, authors, dates, section, canonical link, whether it is paid for. Pure functions of the tree.

In the order of trust: JSON-LD, OpenGraph and its kin, the visible page. A date that the page only suggests is not taken: none is better than a
wrong one.
"""

from __future__ import annotations

import re
from typing import Any

import lxml.html
from lxml import etree

from connectors._page.linked_data import article_in

MAX_METAS = 500
MAX_BYLINE_CHARACTERS = 120

_META = {
    "title": ("og:title", "twitter:title", "dc.title", "parsely-title"),
    "description": ("og:description", "description", "twitter:description", "dc.description"),
    "url": ("og:url",),
    "site": ("og:site_name", "application-name"),
    "published": (
        "article:published_time",
        "og:article:published_time",
        "datepublished",
        "date",
        "dc.date.issued",
        "dc.date",
        "dcterms.created",
        "dcterms.date",
        "pubdate",
        "publish-date",
        "publication_date",
        "parsely-pub-date",
        "sailthru.date",
    ),
    "updated": ("article:modified_time", "og:updated_time", "datemodified", "last-modified", "dcterms.modified"),
    "author": ("author", "article:author", "dc.creator", "parsely-author", "sailthru.author"),
    "section": ("article:section", "parsely-section", "dc.subject"),
    "keywords": ("news_keywords", "keywords", "article:tag"),
    "tier": ("article:content_tier", "og:article:content_tier"),
    "language": ("content-language", "og:locale"),
    "kind": ("og:type",),
}
_BYLINES: Any = etree.XPath(
    "//*[@itemprop='author']//*[@itemprop='name'] | //*[@itemprop='author'][not(.//*[@itemprop='name'])] | //a[@rel='author'] | //address[@rel='author']"
    " | //*[contains(concat(' ', @class, ' '), ' author-name ') or contains(concat(' ', @class, ' '), ' byline__name ')"
    " or contains(concat(' ', @class, ' '), ' byline ') or contains(concat(' ', @class, ' '), ' author ')]"
)
_DATED: Any = etree.XPath(
    "//*[@itemprop='datePublished']/@datetime | //*[@itemprop='datePublished']/@content | //article//time[@pubdate]/@datetime"
)
_CHANGED: Any = etree.XPath("//*[@itemprop='dateModified']/@datetime | //*[@itemprop='dateModified']/@content")
_BY = re.compile(r"^(?:von|by|par|por|da|di|door|av|autor(?:in)?|author)\s*:?\s+", re.IGNORECASE)
_NO_NAME = re.compile(r"https?://|www\.|@|\d{4}|^\W*$")
_AND = re.compile(r"\s*(?:[;|/]|,\s|\b(?:und|and|et|y|e)\b\s)\s*")
_ADDRESS_LIKE = re.compile(r"^(?:https?:)?//", re.IGNORECASE)


def said(tree: lxml.html.HtmlElement) -> dict[str, Any]:
    """What is said of the article, as texts under our names; `authors` and `keywords` are lists. Empty where nothing is said."""
    data = article_in([each.text or "" for each in tree.iter("script") if "ld+json" in (each.get("type") or "")])
    meta = _metas(tree)
    site = meta["site"] or data.get("publisher", "")
    return {
        "title": _without_site(data.get("headline") or meta["title"] or _heading(tree) or _shown(next(tree.iter("title"), None)), site),
        "description": meta["description"] or data.get("description", ""),
        "authors": [_BY.sub("", each) for each in data.get("authors", ())] or _split(meta["author"]) or _byline(tree),
        "published": data.get("datePublished") or meta["published"] or _first(_DATED(tree)),
        "updated": data.get("dateModified") or meta["updated"] or _first(_CHANGED(tree)),
        "section": next(iter(data.get("sections", ())), "") or meta["section"],
        "keywords": data.get("keywords") or [each.strip() for each in meta["keywords"].split(",") if each.strip()],
        "url": _canonical_link(tree) or meta["url"] or data.get("url", ""),
        "site": site,
        "language": (tree.get("lang") or tree.get("xml:lang") or data.get("inLanguage") or meta["language"]).replace("_", "-"),
        "text": data.get("articleBody", ""),
        "words": data.get("words", 0),
        "paid": bool(data.get("paid")) or meta["tier"].lower() in ("locked", "metered", "paid", "premium"),
        "article": bool(data.get("headline")) or meta["kind"].lower() == "article",
    }


def _metas(tree: lxml.html.HtmlElement) -> dict[str, str]:
    told: dict[str, str] = {}
    for number, each in enumerate(tree.iter("meta")):
        if number >= MAX_METAS:
            break
        content = (each.get("content") or "").strip()
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            name = (each.get(attribute) or "").lower()
            if name and content:
                told.setdefault(name, content)
    return {field: next((told[name] for name in names if name in told), "") for field, names in _META.items()}


def _canonical_link(tree: lxml.html.HtmlElement) -> str:
    return next((each.get("href", "") for each in tree.iter("link") if "canonical" in (each.get("rel") or "").lower().split()), "")


def _heading(tree: lxml.html.HtmlElement) -> str:
    """The only first-level heading; a page with several has none that counts."""
    found = [text for each in tree.iter("h1") if (text := _shown(each))]
    return found[0] if len(found) == 1 else ""


def _without_site(title: str, site: str) -> str:
    """The title without the publisher's name behind it; without a known name, a last part of at most three words counts as one."""
    for separator in (" | ", " - ", " – ", " — ", " :: "):
        head, found, tail = title.rpartition(separator)
        if found and head and (tail.strip().lower() == site.lower() if site else len(tail.split()) <= 3):
            return head.strip()
    return title


def _byline(tree: lxml.html.HtmlElement) -> list[str]:
    for each in _BYLINES(tree)[:20]:
        if names := _split(_shown(each)):
            return names
    return []


def _split(text: str) -> list[str]:
    """Names in a byline; [] for what is an address, a date or a sentence."""
    if not text or len(text) > MAX_BYLINE_CHARACTERS or _ADDRESS_LIKE.match(text):
        return []
    names = [each.strip(" .,:") for each in _AND.split(_BY.sub("", text.strip()))]
    return [each for each in names if each and not _NO_NAME.search(each) and len(each.split()) <= 6]


def _shown(element: Any) -> str:
    return "" if element is None else " ".join(str(element.text_content()).split())


def _first(values: Any) -> str:
    return next((str(each).strip() for each in values if str(each).strip()), "")
