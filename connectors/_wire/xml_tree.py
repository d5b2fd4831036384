"""XML from outside as a tree: no entities, no document type of its own, bounded in size, depth and attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

import lxml.etree
import lxml.html

from connectors import _xml_safety
from connectors._item import as_html, clean
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.text.decoding import decode

MAX_CHARACTERS = 20_000_000
# NITF names its DTD in every document, as its specification asks. Named so, without declarations of its own, it is accepted and never loaded.
_NITF_DTD = re.compile(r"(?:https?://[\w.-]+/[\w./-]{0,200})?nitf-[\w.-]{1,20}\.dtd", re.IGNORECASE)
_LOST = frozenset(("media-reference", "media-metadata", "media-producer", "media-object", "script", "style"))
_SHOWN_AS = {"hl1": "h1", "hl2": "h2", "block": "div", "media-caption": "p", "hedline": "div", "abstract": "div"}


def root_of(data: bytes) -> tuple[Any, str, str]:
    """The root element (all names without namespaces), the root's namespace, and the encoding. Raises Permanent for what is no XML or must not be read."""
    decoded = decode(data, None, "xml")
    if len(decoded.text) > MAX_CHARACTERS:
        raise Permanent(Rejection.TOO_LARGE, f"the XML has {len(decoded.text):,} characters; {MAX_CHARACTERS:,} are read at most")
    text = _xml_safety.prepared(decoded.text)
    _refuse_document_type(text)
    if broken := _xml_safety.check(text):
        raise Permanent(Rejection.UNREADABLE, f"the XML is broken: {broken}")
    parser = lxml.etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True, encoding="utf-8"
    )
    try:
        root = lxml.etree.fromstring(text.encode("utf-8"), parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        raise Permanent(Rejection.UNREADABLE, f"the XML cannot be read: {error}"[:300]) from error
    namespace = lxml.etree.QName(root).namespace or ""
    for each in root.iter():
        if isinstance(each.tag, str):
            each.tag = each.tag.rpartition("}")[2]
    lxml.etree.cleanup_namespaces(root)
    return root, namespace, decoded.encoding


def _refuse_document_type(text: str) -> None:
    def declared(_name: str, system_id: str | None, _public_id: str | None, has_internal_subset: int) -> None:
        if has_internal_subset or not _NITF_DTD.fullmatch(system_id or ""):
            raise Permanent(
                Rejection.UNREADABLE, "the XML brings a document type of its own, as attacks do; articles need none, so it was not read"
            )

    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = declared
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError:
        # Where it is broken is said by the check that follows.
        return


def words(element: Any) -> str:
    """All text in `element` on one line; "" for None."""
    return clean(" ".join("".join(element.itertext()).split())) if element is not None else ""


def found_words(root: Any, *paths: str) -> str:
    """The text (or attribute) at the first of the XPaths that is filled."""
    for path in paths:
        for each in root.xpath(path):
            if text := clean(str(each)) if isinstance(each, str) else words(each):
                return text
    return ""


def all_words(root: Any, *paths: str) -> tuple[str, ...]:
    """The texts (or attributes) at all of the XPaths, without repeats, in order."""
    found = (clean(str(each)) if isinstance(each, str) else words(each) for path in paths for each in root.xpath(path))
    return tuple(dict.fromkeys(each for each in found if each))


def html_of(element: Any) -> str:
    """The content of `element` as HTML, elements of news formats renamed to what they look like; "" for None."""
    if element is None:
        return ""
    for each in list(element.iter()):
        if isinstance(each.tag, str):
            each.tag = "span" if each.tag in _LOST else _SHOWN_AS.get(each.tag, each.tag)
    return "".join((as_html(element.text or ""), *_pieces(element))).strip()


def _pieces(element: Any) -> Iterator[str]:
    for each in element:
        yield lxml.etree.tostring(each, encoding="unicode", method="html")
