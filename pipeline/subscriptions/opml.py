"""OPML 2.0 subscription lists: read with suspicion, written so that both other readers and we ourselves understand all of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from pipeline.errors import LagebildError

MAX_BYTES = 20_000_000
MAX_OUTLINES = 50_000
MAX_VALUE_CHARACTERS = 4_000
# Attributes of ours, which other readers pass over (OPML 2.0: "An OPML file may contain elements and attributes not described … in a namespace").
NAMESPACE = "https://lagebild.example/opml/1"


class NotOpml(LagebildError):
    """The file is no subscription list; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """One feed. `settings` are those of a source that OPML has no word for (country, every_seconds, options, …), as written by us."""

    url: str
    title: str = ""
    page: str = ""
    language: str = ""
    folders: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Listed:
    """The outlines in the file's order. `notes` say what was left out of them, and damage to the file."""

    outlines: tuple[Outline, ...]
    notes: tuple[str, ...] = ()


def read(data: bytes) -> Listed:
    """The feeds in `data`, with the folders they stand in. Raises NotOpml for what is none, too large, or declares entities."""
    if len(data) > MAX_BYTES:
        raise NotOpml(f"it has more than {MAX_BYTES:,} bytes: split it")
    if b"<!ENTITY" in data.upper():
        raise NotOpml("it declares entities of its own, as attacks do: remove its DOCTYPE")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotOpml(f"it is no XML: {error}") from error
    if root is None or str(root.tag).lower() != "opml":
        raise NotOpml("its first element is not <opml>")
    notes = (
        [f"the file is damaged (line {parser.error_log[0].line}: {parser.error_log[0].message}): feeds may be missing"]
        if parser.error_log
        else []
    )
    found: list[Outline] = []
    nameless = 0
    for element in root.iter("outline"):
        said = {str(name).rpartition("}")[2].lower(): str(value).strip()[:MAX_VALUE_CHARACTERS] for name, value in element.attrib.items()}
        if url := said.get("xmlurl", ""):
            found.append(_outline(element, url, said))
        elif not len(element) and said.get("type", "") in ("rss", "atom"):
            nameless += 1
    if nameless:
        notes.append(f"{nameless} outlines of feeds have no xmlUrl")
    if len(found) > MAX_OUTLINES:
        notes.append(f"only the first {MAX_OUTLINES:,} of {len(found):,} feeds are read")
    return Listed(tuple(found[:MAX_OUTLINES]), tuple(notes))


def _outline(element: etree._Element, url: str, said: Mapping[str, str]) -> Outline:
    above = [each for each in element.iterancestors("outline")]
    settings: dict[str, Any] = {}
    for name, value in element.attrib.items():
        if str(name).startswith(f"{{{NAMESPACE}}}"):
            settings[str(name).rpartition("}")[2]] = _value(str(value))
    return Outline(
        url=url,
        title=next((each for each in (said.get("title"), said.get("text")) if each and each != url), ""),
        page=said.get("htmlurl", ""),
        language=said.get("language", ""),
        folders=tuple(reversed([str(each.get("title") or each.get("text") or "")[:200] for each in above])),
        settings=settings,
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def written(title: str, outlines: Iterable[Outline]) -> bytes:
    """An OPML 2.0 document with these feeds."""
    root = etree.Element("opml", version="2.0", nsmap={"lagebild": NAMESPACE})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    for each in outlines:
        attributes = {"type": "rss", "text": each.title or each.url, "title": each.title, "xmlUrl": each.url, "language": each.language}
        element = etree.SubElement(body, "outline", {name: value for name, value in attributes.items() if value})
        for name, value in each.settings.items():
            element.set(f"{{{NAMESPACE}}}{name}", json.dumps(value, ensure_ascii=False))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
