"""What the live page asks while somebody writes a rule: what would it have found today, and which true hits would a tighter one lose.

Matching only: nothing is decided, nobody is told. The functions are pure, over any articles; `of_today` reads them from Kafka.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from pipeline.article import Article, Field, Match, decode
from pipeline.backtest.figures import Shown, shown
from pipeline.backtest.looking import instant_of
from pipeline.backtest.stored import from_topic
from pipeline.matched import matched
from pipeline.rules.compiled import CompiledRule, RuleSet
from pipeline.rules.match import analyse_fields, match
from pipeline.settings import Settings
from pipeline.text.tokens import Analysed

LAST_DAY = timedelta(hours=24)
MOST_SHOWN = 200


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule finds: how many articles were looked at, in how many it matched, and the newest of those matches, newest first."""

    articles: int
    matches: int
    stories: int
    hits: tuple[Shown, ...] = ()


class Tightened(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of a rule does to what it finds: matches that are lost, gained and kept, and the newest of the lost and gained ones."""

    articles: int
    lost: int
    gained: int
    kept: int
    lost_hits: tuple[Shown, ...] = ()
    gained_hits: tuple[Shown, ...] = ()


def tried(articles: Iterable[Article], compiled: CompiledRule, *, most: int = MOST_SHOWN) -> Trial:
    """What the rule finds in `articles`, whatever its status says."""
    rules = _alone(compiled)
    looked = 0
    stories: set[str] = set()
    hits = _Newest(most)
    for article in articles:
        looked += 1
        found = _one(rules, article, analyse_fields(article))
        if found is not None:
            stories.add(article.story.id if article.story else article.id)
            hits.add(article, found)
    return Trial(articles=looked, matches=hits.count, stories=len(stories), hits=hits.shown())


def tightened(articles: Iterable[Article], old: CompiledRule, new: CompiledRule, *, most: int = MOST_SHOWN) -> Tightened:
    """What `new` loses and gains against `old` in `articles`. A match is the same when both find one in the same revision of an article."""
    before, after = _alone(old), _alone(new)
    looked = kept = 0
    lost, gained = _Newest(most), _Newest(most)
    for article in articles:
        looked += 1
        texts = analyse_fields(article)
        was, now = _one(before, article, texts), _one(after, article, texts)
        kept += was is not None and now is not None
        if was is not None and now is None:
            lost.add(article, was)
        if now is not None and was is None:
            gained.add(article, now)
    return Tightened(articles=looked, lost=lost.count, gained=gained.count, kept=kept, lost_hits=lost.shown(), gained_hits=gained.shown())


@contextmanager
def of_today(settings: Settings, now: datetime, since: timedelta = LAST_DAY) -> Iterator[Iterator[Article]]:
    """The articles that met the rules within `since` before `now`, in the order in which they are stored. Raises Unreachable without Kafka.

    What cannot be read is passed over. Reading takes about as long as matching: some thousand articles a second.
    """
    with from_topic(settings, now - since, now) as reading:
        yield (article for each in reading.stored if (article := _read(each.value, now - since)) is not None)


def _read(value: bytes, since: datetime) -> Article | None:
    try:
        article = decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    at = instant_of(article)
    return article if at is not None and at >= since else None


def _alone(compiled: CompiledRule) -> RuleSet:
    return RuleSet().changed([msgspec.structs.replace(compiled, rule=msgspec.structs.replace(compiled.rule, status="live"))])


def _one(rules: RuleSet, article: Article, texts: Mapping[Field, Analysed]) -> Match | None:
    """The match that would be news: one by text that was there before is none."""
    return next((each for each in match(rules, article, texts) if not each.known), None)


class _Newest:
    """Counts matches and keeps the newest `most` of them."""

    def __init__(self, most: int) -> None:
        self.count = 0
        self._most = most
        self._kept: list[Shown] = []

    def add(self, article: Article, found: Match) -> None:
        self.count += 1
        at = instant_of(article) or datetime.min.replace(tzinfo=UTC)
        self._kept.append(shown(matched(article, found, at)))
        if len(self._kept) >= 2 * self._most:
            self._kept = self._in_order()

    def shown(self) -> tuple[Shown, ...]:
        return tuple(self._in_order())

    def _in_order(self) -> list[Shown]:
        return sorted(self._kept, key=lambda each: (each.at, each.article_id, each.revision), reverse=True)[: self._most]
