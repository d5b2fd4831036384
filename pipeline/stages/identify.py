"""identify: what is this record? Clean text, dates, repeat or revision, language, signature.

Bytes are decoded where their format is parsed, at the connector: only there the declaration in the prolog, the header and the bytes
themselves can still be compared. What arrives here is text; this stage repairs what was decoded wrongly at the source (mojibake) and
refuses what is not text.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
import xxhash

from pipeline import topology
from pipeline.article import FIELDS, Article, Field, Language, Signature, Span, encode
from pipeline.errors import Permanent
from pipeline.outcome import Dropped, Exit, Outcome, Rejection
from pipeline.runner import Out, Work
from pipeline.stages.known import KnownArticles, Revision, Verdict
from pipeline.stages.reading import read
from pipeline.text import dates, markup
from pipeline.text.hygiene import clean
from pipeline.text.tokens import Analysed, analyse

# Longer texts are cut, with a flag: 2 MB is several books, and every later stage is linear in it.
MAX_TEXT_LETTERS = 2_000_000
MAX_TITLE_LETTERS = 2_000
MAX_SENTENCES = 2_000


_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,7}|#x[0-9a-fA-F]{2,6});")

Detect = Callable[[str, str, str], Language]
Sign = Callable[[list[str]], Signature | None]


class Identify:
    """The stage. `memories` holds what is known of each partition; `detect` and `sign` are its two ports into the text tools."""

    name = "identify"

    def __init__(self, detect: Detect, sign: Sign, time_zone: str) -> None:
        self.memories: dict[int, KnownArticles] = {}
        self._detect = detect
        self._sign = sign
        self._time_zone = time_zone

    def run(self, work: Work, now: datetime) -> list[Out]:
        article = _cleaned(_in_time(read(work), work.at))
        analysed = {field: analyse(getattr(article, field)) for field in FIELDS}
        memory = self.memories[work.position.partition]
        collected_at = article.clock.fetched_at or work.at
        content_hash = hash_of(article, analysed)
        verdict = memory.judge(article.id, content_hash, collected_at, work.position)
        if verdict.kind in ("repeat", "superseded"):
            return [_dropped(article, work, verdict, now)]
        language = self._detect(article.title, article.body or article.summary, article.language.declared)
        revision = Revision(
            article_id=article.id,
            revision=verdict.revision,
            content_hash=content_hash,
            sentences=b"".join(each for _, each in sentences(article, analysed)),
            routing_language=verdict.routing_language or language.code,
            first_seen_at=verdict.first_seen_at or collected_at,
            collected_at=collected_at,
            position=work.position,
        )
        identified = self._identified(article, analysed, verdict, revision, language, now)
        # Memory first, then the records: everything of this batch is confirmed before anything is acknowledged.
        if not verdict.stored:
            memory.remember(revision)
        return [
            Out(topology.KNOWN, f"{article.id}:{revision.revision}", msgspec.json.encode(revision), work.position.partition),
            Out(topology.IDENTIFIED, revision.routing_language, encode(identified)),
        ]

    def _identified(
        self, article: Article, analysed: Mapping[Field, Analysed], verdict: Verdict, revision: Revision, language: Language, now: datetime
    ) -> Article:
        read = dates.read(article.dates.published_raw, article.dates.updated_raw, language.code, self._time_zone)
        flags = article.flags
        if dates.is_future(read.published_at, revision.collected_at):
            flags = (*flags, "future_date")
        if read.confidence == "unreadable":
            flags = (*flags, "unreadable_date")
        return msgspec.structs.replace(
            article,
            position=revision.position,
            first_seen_at=revision.first_seen_at,
            revision=revision.revision,
            content_hash=revision.content_hash,
            routing_language=revision.routing_language,
            dates=read,
            language=language,
            added=() if revision.revision == 1 else added(article, analysed, verdict.earlier),
            flags=flags,
            signature=self._sign([*analysed["title"].forms, *(analysed["body"].forms or analysed["summary"].forms)]),
            clock=msgspec.structs.replace(article.clock, identified_at=now),
        )


def _in_time(article: Article, recorded_at: datetime) -> Article:
    """The article, fetched no later than an hour after its record was written: one wrong clock must not age out everybody's memory."""
    fetched_at = article.clock.fetched_at
    if fetched_at is None or fetched_at <= recorded_at + dates.FUTURE_TOLERANCE:
        return article
    clock = msgspec.structs.replace(article.clock, fetched_at=recorded_at)
    return msgspec.structs.replace(article, clock=clock, flags=(*article.flags, "future_fetch"))


def _cleaned(article: Article) -> Article:
    """The article with the texts that people will see. Raises Permanent when nothing is left of them."""
    flags: list[str] = list(article.flags)
    texts: dict[str, str] = {}
    for field in FIELDS:
        raw = getattr(article, field)
        limit = MAX_TITLE_LETTERS if field == "title" else MAX_TEXT_LETTERS
        if len(raw) > limit:
            raw = raw[:limit]
            flags.append(f"{field}_cut")
        if article.markup == "html":
            raw = markup.to_text(raw)
        elif _ENTITY.search(raw):
            # Plain text that was cut out of HTML: nobody writes "&ndash;" or means it.
            raw = html.unescape(raw)
            flags.append("entities_resolved")
        cleaned = clean(raw)
        texts[field] = " ".join(cleaned.text.split()) if field == "title" else cleaned.text
        flags.extend(cleaned.flags)
    if not any(texts.values()):
        raise Permanent(Rejection.EMPTY, "the article has neither a title nor a text")
    if texts["summary"] and texts["body"].startswith(texts["summary"].removesuffix("…").removesuffix("...").strip()):
        texts["summary"] = ""  # the lead is the beginning of the body: matching it twice would mark every word twice
    return msgspec.structs.replace(article, markup="text", flags=tuple(dict.fromkeys(flags)), **texts)


def hash_of(article: Article, analysed: Mapping[Field, Analysed]) -> str:
    """A hash of what the article says: its normalised words and its status, not its dates, markup or spacing."""
    digest = hashlib.sha256()
    for field in FIELDS:
        digest.update("\x00".join(analysed[field].forms).encode("utf-8", "surrogatepass"))
        digest.update(b"\x01")
    if not any(analysed[field].forms for field in FIELDS):
        digest.update("\x02".join(getattr(article, field) for field in FIELDS).encode("utf-8", "surrogatepass"))
    digest.update(article.pubstatus.encode())
    return digest.hexdigest()[:32]


def sentences(article: Article, analysed: Mapping[Field, Analysed]) -> list[tuple[Span, bytes]]:
    """Every sentence of the article as its range and 8 bytes that stand for its words, `MAX_SENTENCES` at most."""
    found = []
    for field in FIELDS:
        text = getattr(article, field)
        for start, end in analysed[field].sentences:
            words = " ".join(text[start:end].lower().split())
            found.append((Span(field, start, end), xxhash.xxh3_64_digest(words.encode("utf-8", "surrogatepass"))))
    return found[:MAX_SENTENCES]


def added(article: Article, analysed: Mapping[Field, Analysed], earlier: frozenset[bytes]) -> tuple[Span, ...]:
    """The sentences that no earlier revision had; neighbours are joined into one range."""
    spans: list[Span] = []
    for span, digest in sentences(article, analysed):
        if digest in earlier:
            continue
        last = spans[-1] if spans else None
        if last and last.field == span.field and not getattr(article, span.field)[last.end : span.start].strip():
            spans[-1] = Span(span.field, last.start, span.end)
        else:
            spans.append(span)
    return tuple(spans)


def _dropped(article: Article, work: Work, verdict: Verdict, now: datetime) -> Out:
    reason = Dropped.REPEAT if verdict.kind == "repeat" else Dropped.SUPERSEDED
    outcome = Outcome(
        article_id=article.id,
        position=work.position,
        exit=Exit.DROPPED,
        stage=Identify.name,
        at=now,
        reason=reason,
        detail=f"revision {verdict.revision} is known",
        revision=verdict.revision,
        url=article.url,
    )
    return Out(topology.OUTCOMES, article.id, msgspec.json.encode(outcome))
