"""NewsML-G2: news items of agencies as XML, alone or several in a news message."""

from __future__ import annotations

from typing import Any

import lxml.etree

from connectors._canonical import shown
from connectors._item import Item, as_html, looks_like_html
from connectors._wire.instants import embargo
from connectors._wire.statuses import Status, pubstatus, withdrawn_text
from connectors._wire.xml_tree import all_words, found_words, html_of

NAMESPACE = "http://iptc.org/std/nar/2006-10-01/"
_TEXTS = "contentSet/inlineXML"


def news_items(root: Any) -> list[Any]:
    """The `newsItem` elements of a document, those of one guid in the order of their versions. Others (packages, concepts) are no articles."""
    found = [root] if root.tag == "newsItem" else root.xpath("itemSet/newsItem")
    return sorted(found, key=lambda each: (_first_of(found, each), _version(each)))


def _first_of(found: list[Any], item: Any) -> int:
    return next(number for number, each in enumerate(found) if each.get("guid") == item.get("guid"))


def _version(item: Any) -> int:
    text = item.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def read(item: Any) -> Item:
    """The article in one `newsItem`. Raises Permanent when its status or its embargo cannot be read; every version has the same guid."""
    status = _status(item)
    signals = " ".join(all_words(item, "itemMeta/signal/@qcode", "itemMeta/signal/@uri")).lower()
    title = found_words(item, "contentMeta/headline", "itemMeta/title", "contentMeta/slugline")
    original = lxml.etree.tostring(item, encoding="utf-8")
    title, body = withdrawn_text(status, title, _body(item), found_words(item, "itemMeta/edNote"))
    return Item(
        guid=found_words(item, "@guid"),
        url=shown(
            found_words(
                item, "itemMeta/link[contains(@rel, 'permalink')]/@href", "contentSet/remoteContent[contains(@contenttype, 'html')]/@href"
            )
        ),
        title=as_html(title),
        summary=as_html(found_words(item, "contentMeta/description[contains(@role, 'summary')]", "contentMeta/description")),
        body=body,
        markup="html",
        authors=all_words(item, "contentMeta/creator/name") or all_words(item, "contentMeta/by"),
        section=found_words(item, "contentMeta/subject[contains(@type, 'category')]/name", "itemMeta/service/name"),
        keywords=all_words(item, "contentMeta/subject/name", "contentMeta/keyword"),
        published=found_words(item, "itemMeta/firstCreated", "contentMeta/contentCreated", "itemMeta/versionCreated"),
        updated=found_words(item, "itemMeta/versionCreated", "contentMeta/contentModified"),
        language=found_words(item, "contentMeta/language/@tag", "@*[local-name()='lang']"),
        pubstatus=status,
        embargoed_at=embargo(found_words(item, "itemMeta/embargoed")),
        original=original,
        flags=("correction",) if "correction" in signals else (),
    )


def _status(item: Any) -> Status:
    """That of the item. An embargo without a time holds it back until a version says otherwise (NewsML-G2 2.33, `embargoed`)."""
    said = pubstatus(found_words(item, "itemMeta/pubStatus/@qcode", "itemMeta/pubStatus/@uri"))
    is_open = said == "usable" and item.xpath("itemMeta/embargoed") and not found_words(item, "itemMeta/embargoed")
    return "withheld" if is_open else said


def _body(item: Any) -> str:
    """The text as HTML: XHTML or NITF inside the item, or plain text."""
    for path in (f"{_TEXTS}//body.content", f"{_TEXTS}/html/body", f"{_TEXTS}//body", _TEXTS):
        for each in item.xpath(path):
            if html := html_of(each):
                return html
    text = found_words(item, "contentSet/inlineData[not(@contenttype) or starts-with(@contenttype, 'text/')]")
    return text if looks_like_html(text) else as_html("\n".join(str(each) for each in item.xpath("contentSet/inlineData/text()")).strip())
