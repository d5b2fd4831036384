"""What a rule asks of an article besides its words: language, publisher, place, age, story."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from operator import ge, gt, le, lt
from urllib.parse import urlsplit

from pipeline.article import Article
from pipeline.rules.compiled import Condition
from pipeline.rules.model import Allowed, Place, Rule, Where
from pipeline.text.folding import fold

_NOWHERE = Where()
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {"gte": ge, "gt": gt, "lte": le, "lt": lt, "is": lambda a, b: a == b}


def admits(rule: Rule, article: Article, now: datetime | None = None) -> bool:
    """Whether the article may match the rule at all; `now` tells whether the rule has expired."""
    code = article.language.code.lower()
    if rule.langs and not speaks(code, rule.langs) and (rule.lang_strict or code != "und"):
        return False
    if rule.expires_at is not None and now is not None and now >= rule.expires_at:
        return False
    return rule.where is _NOWHERE or rule.where == _NOWHERE or not refused(rule.where, article)


def refused(where: Where, article: Article) -> str:
    """Which part of `where` does not admit the article; "" when all do."""
    for name, admitted in _CHECKS.items():
        if not admitted(where, article):
            return name
    return ""


def _source(where: Where, article: Article) -> bool:
    return _allows(where.source, lambda value: value == article.source.id)


def _tier(where: Where, article: Article) -> bool:
    return not where.tier or article.source.tier in where.tier


def _country(where: Where, article: Article) -> bool:
    return _allows(where.country, lambda value: value.upper() == article.source.country.upper())


def _language(where: Where, article: Article) -> bool:
    return _allows(where.language, lambda value: speaks(article.language.code.lower(), (value.lower(),)))


def _section(where: Where, article: Article) -> bool:
    return _allows(where.section, lambda value: value.casefold() == article.section.casefold())


def _site(where: Where, article: Article) -> bool:
    return _allows(where.site, lambda value: is_of_site(article, value))


def _entities(where: Where, article: Article) -> bool:
    if not (where.entities or where.all_entities or where.no_entities):
        return True
    named = named_entities(article)
    return (
        (not where.entities or not named.isdisjoint(where.entities))
        and named.issuperset(where.all_entities)
        and named.isdisjoint(where.no_entities)
    )


def _story(where: Where, article: Article) -> bool:
    size = story_size(article)
    return size >= where.story_min and (not where.story_max or size <= where.story_max)


def _age(where: Where, article: Article) -> bool:
    return not where.max_age_seconds or _age_at_first_sight(article) <= timedelta(seconds=where.max_age_seconds)


_CHECKS: Mapping[str, Callable[[Where, Article], bool]] = {
    "source": _source,
    "source.tier": _tier,
    "source.country": _country,
    "language": _language,
    "section": _section,
    "site": _site,
    "entities": _entities,
    "story size": _story,
    "published.max_age": _age,
}


def speaks(code: str, languages: tuple[str, ...]) -> bool:
    """Whether one of `languages` admits articles in `code`: `zh` admits `zh-cn`."""
    return code in languages or code.partition("-")[0] in languages


def _allows(allowed: Allowed, fits: Callable[[str], bool]) -> bool:
    return (not allowed.only or any(map(fits, allowed.only))) and not any(map(fits, allowed.never))


def is_of_site(article: Article, host: str) -> bool:
    """Whether the publisher's host is `host` or below it."""
    site = (article.source.site or urlsplit(article.url).hostname or "").lower().rstrip(".")
    wanted = host.lower().strip(".")
    return site == wanted or site.endswith("." + wanted)


def named_entities(article: Article) -> set[str]:
    """What `entities` may name: the ids, and `type:place` for every type."""
    return {name for each in article.entities for name in (each.id, f"type:{each.type}")}


def story_size(article: Article) -> int:
    """How many articles the story has with this one; 1 for an article in none."""
    return article.story.position if article.story else 1


def _age_at_first_sight(article: Article) -> timedelta:
    """How old the article was by its own date; nothing for one without a date. A date without a time counts from the day's end."""
    published_at, seen_at = article.dates.published_at, article.first_seen_at or article.clock.fetched_at
    if published_at is None or seen_at is None:
        return timedelta()
    return seen_at - published_at - (timedelta(days=1) if article.dates.precision == "day" else timedelta())


def is_german(article: Article) -> bool:
    """Whether words of the article are taken apart as German compounds: its language is German, or nobody knows it."""
    return article.language.code.partition("-")[0].lower() in ("de", "und", "lb")


def holds(condition: Condition, article: Article) -> bool:
    """Whether one of the condition's values fits the article."""
    fits = _FITS[condition.place]
    return any(fits(article, value, condition.op) for value in condition.values)


def _in_words(texts: Iterable[str], value: str) -> bool:
    """Whether one of the texts holds the words of `value` in a row."""
    wanted = f" {_words(value)} "
    return wanted.strip() != "" and any(wanted in f" {_words(text)} " for text in texts)


@lru_cache(maxsize=5_000)
def _words(text: str) -> str:
    return " ".join(map(fold, re.findall(r"[^\W_]+", text[:10_000])))


def _compared(found: float, value: str, op: str) -> bool:
    return _COMPARE[op](found, float(value))


_FITS: Mapping[Place, Callable[[Article, str, str], bool]] = {
    "url": lambda article, value, _: _in_words({article.url, article.canonical_url}, value),
    "author": lambda article, value, _: _in_words(article.authors, value),
    "site": lambda article, value, _: is_of_site(article, value),
    "source": lambda article, value, _: value == article.source.id,
    "language": lambda article, value, _: speaks(article.language.code.lower(), (value.lower(),)),
    "country": lambda article, value, _: value.upper() == article.source.country.upper(),
    "section": lambda article, value, _: value.casefold() == article.section.casefold(),
    "entity": lambda article, value, _: value in named_entities(article),
    "story_size": lambda article, value, op: _compared(story_size(article), value, op),
    "tier": lambda article, value, op: _compared(article.source.tier, value, op),
}
