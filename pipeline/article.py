"""The article: one immutable record from the collector to the index.

Each stage returns a changed copy (`msgspec.structs.replace`); nothing is changed in place. Fields that a later version adds
survive a round trip through an older worker (`unknown`), provided they are added at the top level.

Vocabulary: IPTC ninjs where it has a word (`pubstatus`, `embargoed_at`), ours elsewhere. Offsets count Unicode code
points of the shown text of `field`, end exclusive. All instants are aware UTC.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Literal

import msgspec

SCHEMA = 1

Field = Literal["title", "summary", "body"]
FIELDS: tuple[Field, ...] = ("title", "summary", "body")


class Position(msgspec.Struct, frozen=True, order=True):
    """Where a record stands in Kafka."""

    topic: str = ""
    partition: int = -1
    offset: int = -1

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class Span(msgspec.Struct, frozen=True, order=True):
    """A range of the shown text of one field."""

    field: Field
    start: int
    end: int


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who delivered the article. `site` is the publisher's host; `owner` counts once in corroboration; `tier` is how it ranks (0: not said)."""

    id: str
    name: str = ""
    connector: str = ""
    site: str = ""
    country: str = ""
    owner: str = ""
    tier: int = 0


class Dates(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When the publisher says it was published and changed.

    `published_raw` is the source's own text. `published_at` is never invented: it is None when the text is missing or unreadable.
    `precision` is `day` for a date without a time; such a date never enters a latency figure. `confidence` says how the
    text was read: `exact` (with zone), `assumed_zone`, `day`, `unreadable`, `none`.
    """

    published_raw: str = ""
    updated_raw: str = ""
    published_at: datetime | None = None
    updated_at: datetime | None = None
    precision: Literal["second", "day", ""] = ""
    confidence: Literal["exact", "assumed_zone", "day", "unreadable", "none", ""] = ""


class Language(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`code` is ISO 639-1 (`zh-cn`, `zh-tw` as langdetect has them) or `und`; `origin` says who decided."""

    code: str = "und"
    confidence: float = 0.0
    origin: Literal["detected", "declared", "undetermined", ""] = ""
    declared: str = ""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """MinHash of the text. `values` is little-endian uint32; signatures of other schemes or seeds are never compared."""

    scheme: str
    seed: int
    values: bytes
    shingles: int
    tokens: int


class Story(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The story an article belongs to. `position` is 1 for the article that opened it, 2 for the next member, …"""

    id: str
    position: int = 1
    opened_by: str = ""
    opened_at: datetime | None = None
    nearest: str = ""
    similarity: float = 0.0
    containment: float = 0.0


class Mention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    field: Field
    start: int
    end: int
    text: str


class Entity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named thing, once per article, with all its mentions. `id` is canonical: `iso:KP`, `geo:1871859`, `org:un`, `list:<name>:<id>`."""

    id: str
    type: Literal["person", "place", "country", "organisation", "other"]
    name: str
    recogniser: str
    mentions: tuple[Mention, ...] = ()
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    salience: float = 0.0
    confidence: float = 1.0


class Hit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place where a rule matched: `text[start:end]` of `field` is `surface`."""

    term: str
    surface: str
    mode: str
    field: Field
    start: int
    end: int
    sentence_start: int
    sentence_end: int
    sentence_id: str
    clause: str = ""


class Match(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule that matched the article, with its evidence. `known`: a later revision that matches only in text an earlier one had already."""

    id: str
    rule_id: str
    rule_version: str
    title: str
    severity: str
    hits: tuple[Hit, ...]
    shadow: bool = False
    known: bool = False


class Clock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When each stage was done with the article. Time to alert = notified_at - fetched_at."""

    fetched_at: datetime | None = None
    collected_at: datetime | None = None
    identified_at: datetime | None = None
    deduplicated_at: datetime | None = None
    enriched_at: datetime | None = None
    indexed_at: datetime | None = None


class Article(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """See the module's docstring. What the collector fills stands first, then what each stage adds."""

    id: str
    source: Source
    schema: int = SCHEMA
    # collected: as the source delivered it
    guid: str = ""
    url: str = ""
    canonical_url: str = ""
    title: str = ""
    summary: str = ""
    body: str = ""
    markup: Literal["text", "html"] = "text"
    authors: tuple[str, ...] = ()
    section: str = ""
    keywords: tuple[str, ...] = ()
    dates: Dates = Dates()
    language: Language = Language()
    pubstatus: Literal["usable", "withheld", "canceled"] = "usable"
    embargoed_at: datetime | None = None
    encoding: str = ""
    original: bytes = b""
    original_sha256: str = ""
    backfill: bool = False
    clock: Clock = Clock()
    # identify
    position: Position = Position()
    first_seen_at: datetime | None = None
    revision: int = 0
    content_hash: str = ""
    routing_language: str = ""
    added: tuple[Span, ...] = ()
    flags: tuple[str, ...] = ()
    signature: Signature | None = None
    # deduplicate
    story: Story | None = None
    # enrich
    entities: tuple[Entity, ...] = ()
    terms: tuple[str, ...] = ()
    terms_added: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    # replay
    replay: bool = False
    generation: int = 0
    unknown: dict[str, Any] = {}

    @property
    def version(self) -> int:
        """The external version of the document: an older revision never wins, the same one enriched again does."""
        return self.revision * 1000 + self.generation


_FIELDS = frozenset(Article.__struct_fields__)
_encoder = msgspec.json.Encoder()


def encode(article: Article) -> bytes:
    """The article as JSON, with the unknown fields it arrived with back at the top level."""
    if not article.unknown:
        return _encoder.encode(article)
    known = msgspec.to_builtins(msgspec.structs.replace(article, unknown={}))
    return _encoder.encode({**article.unknown, **known})


def decode(value: bytes) -> Article:
    """The article in `value`. Raises `msgspec.DecodeError` or `msgspec.ValidationError` on anything else."""
    loose = msgspec.json.decode(value)
    if not isinstance(loose, dict):
        raise msgspec.ValidationError("an article is a JSON object")
    unknown = {name: loose.pop(name) for name in loose.keys() - _FIELDS}
    article = msgspec.convert(loose, Article)
    return msgspec.structs.replace(article, unknown=unknown) if unknown else article


def identity(namespace: str, guid: str, canonical_url: str) -> str:
    """The article id: a hash of the provider's stable id within `namespace` (the publisher's host), or else of the canonical URL.

    GUIDs are namespaced by host, not by feed, because two feeds of one publisher deliver the same article.
    Raises ValueError when both are empty: such an item cannot be told from its neighbours.
    """
    if guid:
        subject = f"guid\x00{namespace}\x00{guid}"
    elif canonical_url:
        subject = f"url\x00{canonical_url}"
    else:
        raise ValueError("an article needs a GUID or a URL to be told from others")
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]
