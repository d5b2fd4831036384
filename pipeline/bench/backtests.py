"""What a back-test costs: milliseconds to look at one stored article and to replay one match, and the minutes that a million articles take of both.

The code is that of `lagebild rules backtest`, without the broker and without the pipes between processes. The rules are a desk's: forty that want two rare
words at once and hardly ever match, and ten that together match about one article in twenty.
"""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from time import process_time

import msgspec

from pipeline.article import Article, Field, Language, Story, encode
from pipeline.backtest.looking import Asked, Looked, look
from pipeline.backtest.replaying import replayed
from pipeline.backtest.stored import Stored
from pipeline.matched import Matched, decode
from pipeline.matched import encode as encode_matched
from pipeline.plugins import Enricher
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.compiled import RuleSet
from pipeline.rules.match import analyse_fields, match
from pipeline.rules.model import Group, Rule, Term
from pipeline.rules.terms import terms
from pipeline.settings import Settings
from pipeline.stages.enrich import enriched
from pipeline.text.tokens import Analysed

Figures = dict[str, float]

MILLION = 1_000_000
_DAYS = 30
_CORES = 2
_QUIET_RULES, _RINGING_RULES = 40, 10
_RINGING_SHARE = 0.05
_MOST_COMMON_SHARE = 0.01
_LEAST_LETTERS = 6
_LAST = datetime(2026, 11, 20, tzinfo=UTC)
_FIRST = _LAST - timedelta(days=_DAYS)


def measure_backtest(
    articles: Sequence[Article], seed: int, settings: Settings, enrichers: dict[str, Enricher], rounds: int = 3, most_matches: int = 4_000
) -> Figures:
    """The medians of the rounds, after one that warms the caches of words. `minutes_per_million` is for two cores that match and one that replays.

    Matches are replayed as densely as a million articles in thirty days bring them. `articles` are as a connector delivers them, and German.
    """
    german = [msgspec.structs.replace(each, revision=1, language=Language(code="de")) for each in articles]
    known = [enriched(each, enrichers, RuleSet(), _FIRST) for each in german]
    rules = rule_set([compile_rule(each) for each in desk_rules(known, seed)])
    stored = [_stored(each, number) for number, each in enumerate(known)]
    asked = Asked((rules,), settings.alerts.late_hours, _FIRST, _FIRST, _LAST)
    looked: Looked = look(stored, asked)
    look_seconds = _taken(lambda: look(stored, asked), rounds)
    share = len(looked.found) / len(stored)
    found = [decode(each.matched) for each in looked.found]
    apart = timedelta(days=_DAYS) / (MILLION * share) if found else timedelta()
    matches = [_again(found[number % len(found)], number, _FIRST + number * apart) for number in range(most_matches if found else 0)]
    replay_seconds = _taken(lambda: replayed(matches, settings, rules), rounds)
    look_ms, replay_ms = look_seconds / len(stored) * 1_000, replay_seconds / max(len(matches), 1) * 1_000
    return {
        "articles": len(stored),
        "rules": len(rules.rules),
        "bytes_per_article": sum(len(each.value) for each in stored) / len(stored),
        "matching_share": len({each.article_id for each in looked.found}) / len(stored),
        "matches_per_article": share,
        "look_ms_per_article": look_ms,
        "replay_ms_per_match": replay_ms,
        "minutes_per_million": MILLION * (look_ms / _CORES + share * replay_ms) / 60_000,
    }


def desk_rules(articles: Sequence[Article], seed: int) -> list[Rule]:
    """The rules; those that ring look for as many rare words of the articles as it takes to find one article in twenty."""
    texts = [analyse_fields(each) for each in articles]
    words: list[str] = []
    met: set[str] = set()
    rare = _rare_words(texts, random.Random(seed))
    for word in rare:
        if len(met) >= _RINGING_SHARE * len(articles):
            break
        # A word that is rare by itself may still be the end of many others.
        alone = rule_set([compile_rule(Rule(id="alone", title=word, match=Group(any=(Term(word),))))])
        finds = {each.id for each, read in zip(articles, texts, strict=True) if match(alone, each, read)}
        if 0 < len(finds) <= max(1, _MOST_COMMON_SHARE * len(articles)):
            words.append(word)
            met |= finds
    ringing = [
        Rule(id=f"ringing-{number}", title=f"Ringing rule {number}", match=Group(any=tuple(map(Term, words[number::_RINGING_RULES]))))
        for number in range(min(_RINGING_RULES, len(words)))
    ]
    quiet = [
        Rule(id=f"quiet-{number}", title=f"Quiet rule {number}", match=Group(all=(Term(one), Term(other))))
        for number, (one, other) in enumerate(zip(rare[::-2], rare[-2::-2], strict=False))
        if number < _QUIET_RULES
    ]
    return [*quiet, *ringing]


def _rare_words(texts: Sequence[Mapping[Field, Analysed]], chance: random.Random) -> list[str]:
    """The words that stand in two texts at most, shuffled."""
    times = Counter(word for each in texts for word in terms(each.values()))
    rare = sorted(word for word, count in times.items() if count <= 2 and len(word) >= _LEAST_LETTERS and word.isalpha())
    chance.shuffle(rare)
    return rare


def _stored(article: Article, number: int) -> Stored:
    """The article as the topic keeps it, as seen within the thirty days."""
    at = _FIRST + timedelta(minutes=number)
    seen = msgspec.structs.replace(
        article,
        first_seen_at=at,
        story=Story(id=f"story-{article.id}"),
        dates=msgspec.structs.replace(article.dates, published_at=at),
        clock=msgspec.structs.replace(article.clock, enriched_at=at),
    )
    return Stored(encode(seen), number % 4, number)


def _again(matched: Matched, number: int, at: datetime) -> bytes:
    """The match as that of another article with another story."""
    return encode_matched(
        msgspec.structs.replace(
            matched,
            match=msgspec.structs.replace(matched.match, id=f"{matched.match.id}-{number}"),
            article_id=f"{matched.article_id}-{number}",
            matched_at=at,
            first_seen_at=at,
            dates=msgspec.structs.replace(matched.dates, published_at=at),
            story=Story(id=f"story-{number}"),
        )
    )


def _taken(work: Callable[[], object], rounds: int) -> float:
    """Seconds of this process for one pass."""
    seconds = []
    for _ in range(rounds):
        gc.collect()
        started = process_time()
        work()
        seconds.append(process_time() - started)
    return median(seconds)
