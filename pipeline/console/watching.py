"""A rule made on the page: tried on a text and on the last 24 hours without ringing, then saved as a file that the watcher of the folder applies."""

from __future__ import annotations

import os
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec

from pipeline.article import Article, Hit
from pipeline.backtest.figures import Shown
from pipeline.backtest.last_day import tried
from pipeline.console.asked import Fault
from pipeline.console.marked_text import Parts, parts, safe_url
from pipeline.errors import BadConfiguration, Problem
from pipeline.rules import new
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.explain import explained
from pipeline.rules.load import load_text
from pipeline.rules.model import Severity
from pipeline.rules.query.parse import parse
from pipeline.rules.query.tokens import QueryFault
from pipeline.settings import Settings
from pipeline.text.hygiene import shown

Day = Callable[[Settings, datetime], AbstractContextManager[Iterator[Article]]]

MOST_WORDS = 50
MOST_TEXT = 20_000
LONGEST_TITLE = 120
LONGEST_TEST = 2_000
# More stories a day than this ring more often than a desk can listen.
NOISY_STORIES = 30
READ_SECONDS = 60.0
_COUNTED = 20_000
_SHOWN = 50
_PREVIEW_ID = "draft"


class Draft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form: words or a query, and what else the rule says. `text` is what it is tried on; `by` is who wants it."""

    words: tuple[str, ...] = ()
    query: str = ""
    title: str = ""
    languages: tuple[str, ...] = ()
    severity: Severity = "high"
    expires: str = "12h"
    receivers: tuple[str, ...] = ()
    text: str = ""
    headline: str = ""
    language: str = ""
    by: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One match as the page shows it."""

    title: Parts
    sentence: Parts
    source: str
    at: datetime
    url: str = ""


class OnText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the rule does with a text; `close` says what came close, and which guard refused it."""

    matched: bool
    headline: Parts
    text: Parts
    words: tuple[tuple[str, str, str], ...] = ()
    close: tuple[str, ...] = ()
    refused: str = ""


class OnDay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What it would have caught in the last 24 hours: counts for each hour, oldest first, and the newest matches."""

    articles: int
    matches: int
    stories: int
    hours: tuple[int, ...]
    noisy: bool
    complete: bool
    hits: tuple[Found, ...] = ()


def file_text(draft: Draft, settings: Settings, now: datetime, *, rule_id: str = _PREVIEW_ID) -> str:
    """The text of the rule file. Raises Fault, with line, column and what to write instead, for what would be no rule."""
    words = tuple(each.strip() for each in draft.words if each.strip())
    if bool(words) == bool(draft.query.strip()):
        raise Fault(400, "words_missing", "say what to watch for: words, one in each line, or a query")
    if len(words) > MOST_WORDS or len(draft.title) > LONGEST_TITLE or any(len(each) > 200 for each in words):
        raise Fault(400, "too_much", f"at most {MOST_WORDS} words of 200 characters, and a name of {LONGEST_TITLE}")
    unknown = [each for each in draft.receivers if each not in {receiver.name for receiver in settings.receivers}]
    if unknown:
        raise Fault(400, "no_receiver", f"there is no receiver {unknown[0][:60]!r}", receiver=unknown[0][:60])
    if draft.query.strip():
        _query_is_sound(draft.query)
    tested = draft.text and len(draft.text) <= LONGEST_TEST and rule_id != _PREVIEW_ID
    try:
        return new.written(
            rule_id,
            terms=words,
            query=draft.query.strip(),
            title=draft.title.strip() or ", ".join(words)[:LONGEST_TITLE] or draft.query.strip()[:LONGEST_TITLE],
            severity=draft.severity,
            languages=draft.languages,
            owner=draft.by,
            route=draft.receivers,
            expires_at=new.expiry(draft.expires, now),
            tests=((draft.text, True),) if tested else (),
        )
    except BadConfiguration as error:
        raise Fault(
            400, "rule_faulty", _without_place(error.problems[0]), problems=[_without_place(each) for each in error.problems]
        ) from None
    except new.CannotCreate as error:
        raise Fault(400, "rule_faulty", str(error)) from None


def _without_place(problem: Problem) -> str:
    """The message alone: the place is one in a file that nobody has seen."""
    return problem.message


def _query_is_sound(query: str) -> None:
    try:
        parse(query.strip())
    except QueryFault as fault:
        lead = query[: len(query) - len(query.lstrip())]
        before = (lead + query.strip())[: fault.at + len(lead)]
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        raise Fault(400, "query_faulty", str(fault), line=line, column=column) from None


def compiled(text: str, rule_id: str = _PREVIEW_ID) -> CompiledRule:
    """The rule of a file's text. Raises Fault with its problems."""
    rule, problems = load_text(text, f"{rule_id}.yml")
    if rule is None:
        raise Fault(400, "rule_faulty", problems[0].message, problems=[each.message for each in problems])
    return rule


def on_text(rule: CompiledRule, draft: Draft) -> OnText:
    """What the rule finds in the draft's headline and text."""
    if len(draft.text) > MOST_TEXT or len(draft.headline) > MOST_TEXT:
        raise Fault(400, "text_too_long", f"the text has more than {MOST_TEXT:,} characters")
    language = draft.language or next(iter(draft.languages), "de")
    found = explained(rule, text=draft.text, title=draft.headline, language=language)
    close = dict.fromkeys(f"“{each.surface}”: {each.why}" for each in found.misses)
    return OnText(
        matched=found.matched,
        headline=_marked(draft.headline, found.hits, "title"),
        text=_marked(draft.text, found.hits, "body"),
        words=tuple(dict.fromkeys((each.surface, each.term, each.mode) for each in found.hits)),
        close=tuple(close)[:10],
        refused=found.refused,
    )


def _marked(text: str, hits: Iterable[Hit], field: str) -> Parts:
    return parts(shown(text), [(each.start, each.end) for each in hits if each.field == field]) if text else ()


def on_day(rule: CompiledRule, settings: Settings, day: Day, now: datetime) -> OnDay:
    """What the rule would have caught since yesterday. Nobody is told. Raises Unreachable without Kafka."""
    deadline = time.monotonic() + READ_SECONDS
    with day(settings, now) as articles:
        limited = InTime(articles, deadline)
        trial = tried(limited, rule, most=_COUNTED)
    hours = [0] * 24
    for each in trial.hits:
        hours[min(max(23 - int((now - each.at).total_seconds() // 3_600), 0), 23)] += 1
    return OnDay(
        articles=trial.articles,
        matches=trial.matches,
        stories=trial.stories,
        hours=tuple(hours),
        noisy=trial.stories > NOISY_STORIES,
        complete=limited.complete,
        hits=tuple(found(each) for each in trial.hits[:_SHOWN]),
    )


class InTime:
    """The articles that can be had before the deadline (monotonic seconds); `complete` says whether those were all."""

    def __init__(self, articles: Iterator[Article], deadline_seconds: float) -> None:
        self._articles = articles
        self._deadline_seconds = deadline_seconds
        self.complete = True

    def __iter__(self) -> Iterator[Article]:
        for article in self._articles:
            yield article
            if time.monotonic() > self._deadline_seconds:
                self.complete = False
                return


def found(hit: Shown) -> Found:
    excerpt = hit.snippet
    return Found(
        title=parts(hit.title, [(each.start, each.end) for each in hit.title_marks]),
        sentence=parts(excerpt.text, [(each.start, each.end) for each in excerpt.marks]) if excerpt.field != "title" else (),
        source=hit.source,
        at=hit.at,
        url=safe_url(hit.url),
    )


def saved(draft: Draft, settings: Settings, by: str, now: datetime) -> dict[str, Any]:
    """Write the rule's file and say its id, version and name. Raises Fault when it would be no rule, or cannot be written. Nothing is overwritten."""
    folder = settings.rules_folder
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise Fault(409, "rules_folder", f"the folder of rules, {folder}, is not there or cannot be written by this page: {_FOLDER_ADVICE}")
    if not draft.title.strip():
        raise Fault(400, "title_missing", "the rule needs a name, by which others know what it is for")
    named = msgspec.structs.replace(draft, by=by)
    rule_id = free_id(draft.title, lambda each: any(next(folder.rglob(each + suffix), None) for suffix in (".yml", ".yaml")))
    text = file_text(named, settings, now, rule_id=rule_id)
    rule = compiled(text, rule_id)
    try:
        path = new.create(folder, rule_id, text)
    except new.CannotCreate as error:
        raise Fault(409, "exists", str(error)) from None
    return {"id": rule_id, "version": rule.version, "file": path.name, "text": text}


_FOLDER_ADVICE = "run the page where the rules are, or let its user write there"


def free_id(title: str, is_taken: Callable[[str], bool]) -> str:
    """An id for the rule made of its name, with today's second one numbered."""
    plain = "".join({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}.get(each, each) for each in title.casefold())
    letters = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:50].strip("-")
    stem = slug if len(slug) >= 3 else f"watch-{slug}".strip("-") if slug else f"watch-{datetime.now(UTC):%Y%m%d-%H%M}"
    return next(each for number in count(1) if not is_taken(each := stem if number == 1 else f"{stem}-{number}"))
