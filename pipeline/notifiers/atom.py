"""Keeps an Atom feed per rule in a folder, for a web server to show: an entry per episode, the newest message of each, newest first.

A feed is rewritten beside its place and moved there, so that nobody reads half of it. The same message twice changes nothing.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from lxml import etree
from pydantic import BaseModel, ConfigDict, Field

from pipeline import whole_file
from pipeline.errors import GiveUp, TryAgain
from pipeline.plugins import Context
from pipeline.rendering import ATOM, body, subject
from pipeline.rendering.cleaning import one_line, web_address
from pipeline.rendering.words import words_for
from pipeline.section_types import Names

_NAMESPACE = "http://www.w3.org/2005/Atom"
_PREFIXES: Any = {None: _NAMESPACE}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.EINTR})
_ENTRY_CHARACTERS = 32_768
_FEED_BYTES = 50_000_000

EXAMPLE = {"folder": "feeds"}


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    folder: Annotated[str, Names.WRITTEN] = Field(
        min_length=1, description="where the feeds RULE.atom lie, relative to the configuration's folder; made where missing"
    )
    entries: int = Field(100, ge=1, le=1_000, description="newest episodes kept in a feed")


def payload(alert: Mapping[str, Any], options: Options) -> str:
    """The entry, as XML."""
    return str(etree.tostring(_entry(alert), encoding="unicode", pretty_print=True))


def _entry(alert: Mapping[str, Any]) -> Any:
    entry = etree.Element(_name("entry"), nsmap=_PREFIXES)
    at = str(alert.get("notified_at") or alert.get("alerted_at") or "1970-01-01T00:00:00Z")
    _put(entry, "id", _entry_id(alert))
    _put(entry, "title", subject(alert))
    _put(entry, "updated", at)
    _put(etree.SubElement(entry, _name("author")), "name", one_line((alert.get("source") or {}).get("name", "")) or "Lagebild")
    if severity := one_line(alert.get("severity", "")):
        etree.SubElement(entry, _name("category"), term=severity)
    if url := web_address(alert.get("url", "")):
        etree.SubElement(entry, _name("link"), rel="alternate", href=url)
    # HTML inside of XML: escaped once for each.
    text = body(alert, ATOM, _ENTRY_CHARACTERS).text.replace("\n", "<br/>")
    _put(entry, "content", text).set("type", "html")
    return entry


def _entry_id(alert: Mapping[str, Any]) -> str:
    return f"urn:lagebild:{one_line(alert.get('episode_id', '')) or one_line(alert.get('notification_id', ''))}"


def _put(parent: Any, name: str, text: str) -> Any:
    child = etree.SubElement(parent, _name(name))
    child.text = text
    return child


def _name(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


class AtomNotifier:
    def __init__(self, options: Options, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._lock = threading.Lock()

    def notify(self, alert: Mapping[str, Any]) -> None:
        """Put the entry into its rule's feed. Raises TryAgain for a full disk and the like, GiveUp when the folder cannot be written at all."""
        rule = str(alert.get("rule_id") or "")
        path = self._folder / f"{rule if _NAME.fullmatch(rule) else 'lagebild'}.atom"
        with self._lock:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                whole_file.put(path, self._feed(alert, _entries(path)))
            except OSError as error:
                raise (TryAgain if error.errno in _PASSING else GiveUp)(f"{path} cannot be written: {error.strerror}") from error

    def _feed(self, alert: Mapping[str, Any], entries: list[Any]) -> bytes:
        feed = etree.Element(_name("feed"), nsmap=_PREFIXES)
        rule = one_line(alert.get("rule_id", "")) or "lagebild"
        _put(feed, "id", f"urn:lagebild:rule:{rule}")
        _put(feed, "title", one_line(alert.get("rule_title", "")) or rule)
        newest = _entry(alert)
        _put(feed, "updated", newest.findtext(_name("updated")))
        _put(etree.SubElement(feed, _name("author")), "name", "Lagebild")
        feed.set("{http://www.w3.org/XML/1998/namespace}lang", words_for(alert).language)
        others = [each for each in entries if each.findtext(_name("id")) != _entry_id(alert)]
        for each in [newest, *others][: self._options.entries]:
            feed.append(each)
        return bytes(etree.tostring(feed, encoding="utf-8", xml_declaration=True, pretty_print=True))


def _entries(path: Path) -> list[Any]:
    """The entries of the feed as it is. A feed that cannot be read is put aside under another name: nothing of it is lost."""
    if not path.exists():
        return []
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True)
    try:
        if path.stat().st_size > _FEED_BYTES:
            raise ValueError("too large")
        return list(etree.fromstring(path.read_bytes(), parser).findall(_name("entry")))
    except (etree.XMLSyntaxError, ValueError):
        os.replace(path, path.with_name(f"{path.name}.damaged"))
        return []


def create(options: Options, context: Context) -> AtomNotifier:
    return AtomNotifier(options, context.folder / options.folder)
