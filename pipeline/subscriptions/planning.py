"""Which feeds of a list become sources, under which id, and why the others do not; and the way back. Pure."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pydantic

from pipeline.located import model_problems, read_text
from pipeline.outgoing.address import is_public, url_problem, without_query
from pipeline.sections import SourceSettings
from pipeline.subscriptions.opml import Outline

CONNECTOR = "rss"
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "a", "ł": "l", "đ": "d"})
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
# What OPML has words for, and what other readers must not see: request headers hold secrets.
_IN_OPML = ("name", "language", "connector")
_SECRET_OPTIONS = ("headers",)
# Parameters of addresses that let somebody in: by their names, or by a long value without words.
_KEY_NAME = re.compile(
    r"(?:^|[_.-]|api|access|app|auth)key$|token|secret|passw|^pass$|^pwd|^auth(?:_|$)|sig(?:nature)?$|^sid$|session|credential",
    re.IGNORECASE,
)
_KEY_VALUE = re.compile(r"(?=[^%]*[0-9])(?=[^%]*[A-Za-z])[A-Za-z0-9_.~%-]{24,}")
# What a list from elsewhere may set: an option could open our own network to its feed (allow_private), or send it our secrets (${env:…}).
_HARMLESS_SETTINGS = frozenset(("id", "connector", "country", "owner", "tier", "every_seconds", "paused", "options"))
_HARMLESS_OPTIONS = frozenset(("site", "max_items", "max_age_days", "untitled", "min_seconds", "max_seconds"))
_HARMLESS_CONNECTORS = (CONNECTOR, "sitemap")


@dataclass(frozen=True)
class Skipped:
    """A feed that does not become a source, and why, in a sentence; `is_there` when it is one already."""

    url: str
    title: str
    why: str
    is_there: bool = False


@dataclass(frozen=True)
class Plan:
    """`added` are entries for `sources:` of a configuration."""

    added: tuple[dict[str, Any], ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def is_in_vain(self) -> bool:
        """Whether nothing is added although something was wanted that is not there yet."""
        return not self.added and any(not each.is_there for each in self.skipped)


def planned(outlines: Iterable[Outline], sources: Sequence[SourceSettings], *, trusted: bool = False) -> Plan:
    """What importing `outlines` into a configuration with `sources` adds. What could harm is taken only from a list that is `trusted`."""
    known = {_sameness(str(each.options["url"])): each.id for each in sources if isinstance(each.options.get("url"), str)}
    ids = {each.id for each in sources}
    added, skipped = [], []
    for each in outlines:
        entry: dict[str, Any] = {}
        why = _refusal(each, known) or ("" if trusted else _mistrust(each))
        if not why:
            entry = entry_for(each, ids)
            why = entry_problem(entry)
        if why:
            skipped.append(Skipped(without_query(each.url), each.title[:200], why, is_there=_sameness(each.url) in known))
            continue
        known[_sameness(each.url)] = entry["id"]
        ids.add(entry["id"])
        added.append(entry)
    return Plan(tuple(added), tuple(skipped))


def _refusal(outline: Outline, known: Mapping[str, str]) -> str:
    if problem := url_problem(outline.url):
        return f"its address {problem}"
    if same := known.get(_sameness(outline.url)):
        return f"the source {same} has this address already"
    host = urlsplit(outline.url).hostname or ""
    try:
        inside = not is_public(ipaddress.ip_address(host))
    except ValueError:
        inside = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if inside and not _allows_private(outline):
        return f"{host} is inside a network: if that is meant, add it by hand with allow_private"
    return ""


def without_keys(url: str) -> tuple[str, list[str]]:
    """The address without the parameters of its query that look like keys, and their names."""
    parts = urlsplit(url)
    kept, keys = [], []
    for each in parts.query.split("&"):
        name, _, value = each.partition("=")
        if value and (_KEY_NAME.search(name) or _KEY_VALUE.fullmatch(value)):
            keys.append(name[:40])
        else:
            kept.append(each)
    return (urlunsplit(parts._replace(query="&".join(kept))), keys) if keys else (url, [])


def _mistrust(outline: Outline) -> str:
    asked = _needs_trust(outline)
    if not asked:
        return ""
    return f"it sets what a list from elsewhere may not ({', '.join(asked)}): use --trusted if the list is your own export"


def _needs_trust(outline: Outline) -> list[str]:
    said, options = outline.settings, outline.settings.get("options")
    asked = {*said} - _HARMLESS_SETTINGS | ({*options} - _HARMLESS_OPTIONS if isinstance(options, dict) else set())
    if said.get("connector", CONNECTOR) not in _HARMLESS_CONNECTORS:
        asked.add("connector")
    if "${" in f"{outline.url} {outline.title} {said}":
        asked.add("a secret")
    return sorted(asked)


def _allows_private(outline: Outline) -> bool:
    options = outline.settings.get("options")
    return isinstance(options, dict) and bool(options.get("allow_private"))


def entry_for(outline: Outline, taken: Collection[str]) -> dict[str, Any]:
    """The entry of one feed; its id is the exported one, or made of its title or host, with a number when it is `taken`."""
    settings = {name: value for name, value in outline.settings.items() if name in SourceSettings.model_fields and name not in _IN_OPML}
    options = settings.pop("options", {})
    wanted = str(settings.pop("id", "")) or _slug(outline.title) or _slug(urlsplit(outline.url).hostname or "") or "feed"
    entry: dict[str, Any] = {"id": _free(wanted, taken), "connector": str(outline.settings.get("connector", CONNECTOR))}
    if outline.title:
        entry["name"] = " ".join(outline.title.split())[:200]
    if _LANGUAGE.fullmatch(outline.language):
        entry["language"] = outline.language
    return entry | settings | {"options": {"url": outline.url} | (options if isinstance(options, dict) else {})}


def entry_problem(entry: Mapping[str, Any]) -> str:
    """What is wrong with an entry for `sources:`, beginning with the name of the value; "" when nothing is."""
    try:
        SourceSettings.model_validate(entry)
    except pydantic.ValidationError as error:
        return model_problems(read_text("", ""), error, SourceSettings)[0].message
    return ""


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower().translate(_SPELT_OUT)).encode("ascii", "ignore").decode()
    found = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].rstrip("-")
    return found if len(found) >= 2 else ""


def _free(wanted: str, taken: Collection[str]) -> str:
    if wanted not in taken:
        return wanted
    return next(name for number in range(2, len(taken) + 3) if (name := f"{wanted[:58]}-{number}") not in taken)


def _sameness(url: str) -> str:
    """What two spellings of one feed's address share: neither scheme nor `www.`, a trailing slash nor the case of the host tells feeds apart."""
    try:
        parts = urlsplit(url.strip())
        return f"{(parts.hostname or '').removeprefix('www.')}:{parts.port or ''}{parts.path.rstrip('/')}?{parts.query}"
    except ValueError:
        return url


def exported(sources: Iterable[SourceSettings], *, with_secrets: bool = False) -> tuple[tuple[Outline, ...], tuple[Skipped, ...]]:
    """The sources that have an address, as outlines; what else they say goes along, but for secrets unless `with_secrets`.

    The others, what is missing, and what an import takes only from a list that is trusted, with the reason.
    """
    outlines, skipped = [], []
    for each in sources:
        url = each.options.get("url")
        if not isinstance(url, str):
            skipped.append(Skipped(each.id, each.name, f"the connector {each.connector} reads no address: OPML has no word for it"))
            continue
        left_out = () if with_secrets else _SECRET_OPTIONS
        url, keys = (url, []) if with_secrets else without_keys(url)
        if missing := [*(name for name in left_out if each.options.get(name)), *(f"?{name}=" for name in keys)]:
            why = f"exported without its {', '.join(missing)}: they may hold secrets (--with-secrets takes them along)"
            skipped.append(Skipped(each.id, each.name, why))
        options = {name: value for name, value in each.options.items() if name != "url" and name not in left_out}
        said = each.model_dump(exclude_unset=True, exclude={*_IN_OPML, "options"})
        settings = said | ({"connector": each.connector} if each.connector != CONNECTOR else {}) | ({"options": options} if options else {})
        outlines.append(Outline(url=url, title=each.name, language=each.language, settings=settings))
        if asked := _needs_trust(outlines[-1]):
            skipped.append(
                Skipped(each.id, each.name, f"exported; `feeds import` takes it only with --trusted, for its {', '.join(asked)}")
            )
    return tuple(outlines), tuple(skipped)
