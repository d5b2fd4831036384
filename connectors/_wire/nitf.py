"""NITF 3: one article of an agency, as XML."""

from __future__ import annotations

from typing import Any

from connectors._canonical import shown
from connectors._item import Item, as_html
from connectors._wire.instants import embargo, instant, readable
from connectors._wire.statuses import pubstatus, withdrawn_text
from connectors._wire.xml_tree import all_words, found_words, html_of


def read(root: Any, data: bytes) -> Item:
    """The article in a `nitf` element. Raises Permanent when its status or its embargo cannot be read.

    A correction names the article that it corrects, and takes its id. An embargo is `date.release`, whether the status says `embargoed` or not.
    """
    status = found_words(root, "head/docdata/@management-status").lower()
    is_embargoed = status == "embargoed"
    release = found_words(root, "head/docdata/date.release/@norm")
    known = pubstatus("usable" if is_embargoed else status)
    title = found_words(root, "body/body.head/hedline/hl1", "body/body.head/hedline", "head/title")
    body = html_of(next(iter(root.xpath("body/body.content")), None))
    note = found_words(root, "head/docdata/ed-msg/@info", "head/docdata/correction/@info", "body/body.head/note")
    title, body = withdrawn_text(known, title, body, note)
    return Item(
        guid=found_words(root, "head/docdata/correction/@id-string", "head/docdata/doc-id/@id-string", "head/docdata/du-key/@key"),
        url=shown(found_words(root, "head/pubdata/@ex-ref", "head/docdata/doc.copyright/@href")),
        title=as_html(title),
        summary=html_of(next(iter(root.xpath("body/body.head/abstract")), None)),
        body=body,
        markup="html",
        authors=_authors(root),
        section=found_words(root, "head/pubdata/@position.section", "head/tobject/tobject.subject/@tobject.subject.type"),
        keywords=all_words(root, "head/docdata/key-list/keyword/@key", "head/tobject/tobject.subject/@tobject.subject.matter"),
        published=readable(
            found_words(root, "head/docdata/date.issue/@norm", "body/body.head/dateline/story.date/@norm", "head/pubdata/@date.publication")
        ),
        updated=readable(found_words(root, "head/docdata/correction/@date", "head/revision-history/@norm")),
        language=found_words(root, "@lang", "body/@lang", "@*[local-name()='lang']"),
        pubstatus=known,
        # Without the status it is a date like any other: one that nobody can read holds nothing back.
        embargoed_at=embargo(release or "without a time") if is_embargoed else instant(release),
        original=data,
        flags=("correction",) if root.xpath("head/docdata/correction") else (),
    )


def _authors(root: Any) -> tuple[str, ...]:
    return all_words(root, "body/body.head/byline/person") or all_words(root, "body/body.head/byline")
