"""The record in the topic `matches`: one rule that matched one article, with all that an alert needs, so that nobody has to look it up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline import facts
from pipeline.article import Article, Clock, Dates, Field, Hit, Match, Position, Source, Story
from pipeline.text import notices

SCHEMA = 1
LATE_HOURS = 6.0  # the default of alerts.late_hours

_SNIPPET_CHARACTERS = 320
_BEFORE_CHARACTERS = 120
_MAX_MARKS = 20
_SUBJECTS = frozenset(("person", "place", "country"))
_TITLE_CHARACTERS = 400
_LEAD_CHARACTERS = 400


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One marked word: `text[start:end]` is `surface`; it matched the rule's `term` by `mode`."""

    start: int
    end: int
    surface: str
    term: str
    mode: str


class Snippet(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of one field around a match, with the matched words marked. `before` and `after`: text was cut there."""

    field: Field = "body"
    text: str = ""
    marks: tuple[Mark, ...] = ()
    before: bool = False
    after: bool = False


class Spot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a place is: degrees, and the country it lies in (ISO)."""

    latitude: float | None = None
    longitude: float | None = None
    country: str = ""


class Matched(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """See the module's docstring. `facts` maps each fact of title, lead and matched sentences to the words that bring it;
    `context` are the facts of the whole article. `subjects` are the people, places and countries among `facts`, the most salient first, `spots` says
    where those places are. `merged_stories` are stories that turned out to be this article's. `matched_at` is when the rule was applied. `corrects`: the
    revision brought a note of the publisher that something before was wrong. `teaser`: only the beginning of the text could be read."""

    match: Match
    article_id: str
    revision: int
    source: Source
    matched_at: datetime
    schema: int = SCHEMA
    title: str = ""
    title_marks: tuple[Mark, ...] = ()
    lead: str = ""
    url: str = ""
    language: str = "und"
    dates: Dates = Dates()
    first_seen_at: datetime | None = None
    story: Story | None = None
    clock: Clock = Clock()
    position: Position = Position()
    facts: dict[str, str] = {}
    context: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    spots: dict[str, Spot] = {}
    merged_stories: tuple[str, ...] = ()
    snippet: Snippet = Snippet()
    pubstatus: str = "usable"
    backfill: bool = False
    replay: bool = False
    late: bool = False
    corrects: bool = False
    teaser: bool = False

    @property
    def group(self) -> str:
        """What episodes of one rule are gathered by: the story, or the article where there is none."""
        return self.story.id if self.story else self.article_id

    @property
    def withheld(self) -> str:
        """Why nobody may be told of this match (`withheld` by its source, `shadow`, `replay`, `backfill`), or ''. A late one rings, and says how old it is."""
        reasons = {"withheld": self.pubstatus == "withheld", "shadow": self.match.shadow, "replay": self.replay, "backfill": self.backfill}
        return next((name for name, holds in reasons.items() if holds), "")


def records(article: Article, matches: Sequence[Match], now: datetime, *, late_hours: float = LATE_HOURS) -> tuple[Matched, ...]:
    """What the article brings to the topic `matches`: a record for each of its matches, and one when it was withdrawn or corrected.

    What is left of a withdrawn or corrected text may match no rule any more, and those who were told must hear of it. `late_hours` is
    `alerts.late_hours`.
    """
    note = correction_note(article)
    if not matches and article.pubstatus != "canceled" and not note:
        return ()
    context = facts.context(article)
    found = tuple(matched(article, each, now, late_hours=late_hours, context=context) for each in matches)
    if article.pubstatus == "canceled":
        return (*found, withdrawal(article, now))
    if not note:
        return found
    told = tuple(msgspec.structs.replace(each, corrects=True, snippet=Snippet(field="body", text=note)) for each in found)
    return (*told, correction(article, note, now))


def matched(
    article: Article, match: Match, now: datetime, *, late_hours: float = LATE_HOURS, context: tuple[str, ...] | None = None
) -> Matched:
    """The record for `match`, one of the article's matches. Pure. `context` are the facts of the whole article, where they are known already."""
    told = facts.found(article, match)
    subjects = {f"{each.type}:{each.id}": each for each in article.entities if each.type in _SUBJECTS and f"{each.type}:{each.id}" in told}
    return Matched(
        match=match,
        article_id=article.id,
        revision=article.revision,
        source=article.source,
        matched_at=now,
        title=article.title[:_TITLE_CHARACTERS],
        title_marks=_marks([hit for hit in match.hits if hit.field == "title"], 0, min(len(article.title), _TITLE_CHARACTERS)),
        lead=facts.lead(article)[:_LEAD_CHARACTERS],
        url=article.url or article.canonical_url,
        language=article.language.code,
        dates=article.dates,
        first_seen_at=article.first_seen_at,
        story=article.story,
        clock=article.clock,
        position=article.position,
        facts=told,
        context=facts.context(article) if context is None else context,
        subjects=tuple(subjects),
        spots={
            name: Spot(latitude=each.latitude, longitude=each.longitude, country=each.country)
            for name, each in subjects.items()
            if each.type == "place" and (each.latitude is not None or each.country)
        },
        snippet=snippet(article, match),
        pubstatus=article.pubstatus,
        backfill=article.backfill,
        replay=article.replay,
        late=is_late(article.dates, article.first_seen_at, late_hours),
        teaser="teaser" in article.flags,
    )


def withdrawal(article: Article, now: datetime) -> Matched:
    """The record that tells everybody who knows the withdrawn `article` of it. It names no rule: what is left of such a text need not match any more."""
    known = Match(id=f"withdrawn/{article.id}", rule_id="", rule_version="", title="", severity="", hits=(), known=True)
    return matched(article, known, now)


def correction(article: Article, note: str, now: datetime) -> Matched:
    """The record that tells everybody who knows the article of its publisher's `note` that something in it was wrong. Like a withdrawal it names no rule."""
    known = Match(id=f"corrected/{article.id}", rule_id="", rule_version="", title="", severity="", hits=(), known=True)
    record = matched(article, known, now)
    return msgspec.structs.replace(record, corrects=True, snippet=Snippet(field="body", text=note))


def correction_note(article: Article) -> str:
    """The publisher's note, in what this revision added, that something before was wrong; "" for none, for a first revision (nobody was told before), and for one that its source withholds."""
    if article.revision <= 1 or article.pubstatus == "withheld":
        return ""
    # A note may be longer than the sentences that are new in it, so whole paragraphs are looked at.
    added = (_paragraphs_of(getattr(article, each.field), each.start, each.end) for each in article.added)
    return next((note for each in added if (note := notices.correction(each))), "")


def _paragraphs_of(text: str, start: int, end: int) -> str:
    begin, stop = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return text[begin : stop if stop >= 0 else len(text)]


def is_late(dates: Dates, first_seen_at: datetime | None, late_hours: float) -> bool:
    """Whether the article was already older than `late_hours` when it was first seen. A date without a time counts from the day's end."""
    if dates.published_at is None or first_seen_at is None:
        return False
    published_at = dates.published_at + timedelta(days=1) if dates.precision == "day" else dates.published_at
    return first_seen_at - published_at > timedelta(hours=late_hours)


def snippet(article: Article, match: Match) -> Snippet:
    """The text around the first hit outside the title (or else in it), cut at words, with every hit in it marked."""
    if not match.hits:
        return Snippet()
    first = next((hit for hit in match.hits if hit.field != "title"), match.hits[0])
    text = {"title": article.title, "summary": article.summary, "body": article.body}[first.field]
    start, end = _window(text, first)
    marks = _marks([hit for hit in match.hits if hit.field == first.field], start, end)
    return Snippet(
        field=first.field, text=text[start:end], marks=marks, before=start > first.sentence_start, after=end < first.sentence_end
    )


def _window(text: str, hit: Hit) -> tuple[int, int]:
    """The hit's sentence, or where that is long a part of it that begins and ends at a blank."""
    if hit.sentence_start <= hit.start <= hit.end <= hit.sentence_end <= hit.sentence_start + _SNIPPET_CHARACTERS:
        return hit.sentence_start, min(hit.sentence_end, len(text))
    start = max(hit.start - _BEFORE_CHARACTERS, min(hit.sentence_start, hit.start), 0)
    end = min(max(start + _SNIPPET_CHARACTERS, hit.end), max(hit.sentence_end, hit.end), len(text))
    if start > hit.sentence_start and (blank := text.find(" ", start, hit.start)) >= 0:
        start = blank + 1
    if end < hit.sentence_end and (blank := text.rfind(" ", hit.end, end)) >= 0:
        end = blank
    return start, end


def _marks(hits: list[Hit], start: int, end: int) -> tuple[Mark, ...]:
    inside = sorted({(hit.start, hit.end): hit for hit in hits if start <= hit.start < hit.end <= end}.items())
    return tuple(
        Mark(start=first - start, end=last - start, surface=hit.surface, term=hit.term, mode=hit.mode)
        for (first, last), hit in inside[:_MAX_MARKS]
    )


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Matched)


def encode(record: Matched) -> bytes:
    """The record as JSON: the value in the topic `matches`, under the rule id as key."""
    return _encoder.encode(record)


def decode(value: bytes) -> Matched:
    """The record in `value`. Raises `msgspec.DecodeError` or `msgspec.ValidationError` on anything else."""
    return _decoder.decode(value)
