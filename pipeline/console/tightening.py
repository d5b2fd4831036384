"""A false alarm, and never again for its reason: the sentence as a test of the rule, and ways to tighten the rule with what each would lose."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from pipeline.article import Article
from pipeline.backtest.last_day import tightened, tried
from pipeline.console.asked import Fault
from pipeline.console.rule_file import RuleFile, rewrite, rule_file, rule_in
from pipeline.console.watching import READ_SECONDS, Day, Found, InTime, found
from pipeline.console.ways_to_tighten import Way, site_of, ways
from pipeline.episode import Episode
from pipeline.message import Message
from pipeline.rules.amend import CannotAmend, with_test
from pipeline.rules.check import failing_tests, try_text
from pipeline.rules.compile import rule_set
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.model import RuleTest, Where
from pipeline.settings import Settings

_MOST_ARTICLES = 20_000
_MOST_LOST = 20


class Lost(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert that people confirmed and that the tighter rule would not have raised."""

    episode_id: str
    headline: str
    at: datetime


class Proposal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way to tighten the rule. `problem` is why it cannot be taken; else `lost` counts other matches of the last 24 hours that would go."""

    id: str
    kind: str
    words: str
    problem: str = ""
    tested: bool = True
    kept: int = 0
    lost: int = 0
    lost_hits: tuple[Found, ...] = ()
    lost_confirmed: tuple[Lost, ...] = ()


class Tightening(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be done about a false alarm. `failing` says how the rule as it stands fails the new test."""

    rule_id: str
    file: str
    digest: str
    sentence: str
    failing: str
    articles: int
    complete: bool
    confirmed: int
    proposals: tuple[Proposal, ...]


def tightening(settings: Settings, file: RuleFile, episode: Episode, confirmed: Iterable[Episode], day: Day, now: datetime) -> Tightening:
    """What each way to tighten the rule would lose, tried on the last 24 hours and on what people confirmed. Nobody is told anything."""
    old = rule_in(file, file.text)
    sentence = telling(old, episode.message)
    own = {each.article_id for each in episode.members}
    with day(settings, now) as articles:
        limited = InTime(articles, time.monotonic() + READ_SECONDS)
        counted = _Counted(limited)
        matched = list(_matched(counted, old))
    true = [each for each in confirmed if each.rule_id == old.rule.id and each.id != episode.id and _holds(old, each.message)]
    others = [each for each in matched if each.id not in own]
    made = [_proposal(way, file, old, sentence, episode, others, true) for way in ways(episode)]
    proposals = tuple(sorted(made, key=lambda each: (bool(each.problem), len(each.lost_confirmed), each.lost)))
    test = RuleTest(text=sentence, match=False, lang=_language(episode))
    alone = msgspec.structs.replace(old, rule=msgspec.structs.replace(old.rule, tests=(test,)))
    failing = failing_tests(alone, recogniser=file.recogniser)
    return Tightening(
        rule_id=old.rule.id,
        file=file.path.name,
        digest=file.digest,
        sentence=sentence,
        failing=failing[0].message.partition(" fails: ")[2] if failing else "",
        articles=counted.count,
        complete=limited.complete,
        confirmed=len(true),
        proposals=proposals,
    )


class _Counted:
    def __init__(self, articles: Iterable[Article]) -> None:
        self._articles = articles
        self.count = 0

    def __iter__(self) -> Iterator[Article]:
        for each in self._articles:
            self.count += 1
            yield each


def _matched(articles: Iterable[Article], rule: CompiledRule) -> Iterator[Article]:
    """Those that the rule matches: a tighter one matches no others."""
    kept = 0
    for article in articles:
        if kept < _MOST_ARTICLES and tried([article], rule, most=1).matches:
            kept += 1
            yield article


def _proposal(
    way: Way, file: RuleFile, old: CompiledRule, sentence: str, episode: Episode, others: list[Article], true: list[Episode]
) -> Proposal:
    try:
        new = rule_in(file, changed(file, way, sentence, episode))
    except (CannotAmend, Fault) as error:
        return Proposal(id=way.id, kind=way.kind, words=way.words, problem=str(error), tested=way.tested)
    difference = tightened(others, old, new, most=_MOST_LOST)
    lost = tuple(
        Lost(episode_id=each.id, headline=each.message.headline, at=each.opened_at)
        for each in true
        if not _holds(new, each.message) or _is_left_out(way, each)
    )
    return Proposal(
        id=way.id,
        kind=way.kind,
        words=way.words,
        tested=way.tested,
        kept=difference.kept,
        lost=difference.lost,
        lost_hits=tuple(found(each) for each in difference.lost_hits),
        lost_confirmed=lost[:_MOST_LOST],
    )


def _is_left_out(way: Way, episode: Episode) -> bool:
    """Whether a way that leaves out a source or site leaves out the first report of this episode: texts alone cannot tell."""
    message = episode.message
    return (way.kind == "source" and message.source is not None and message.source.id == way.words) or (
        way.kind == "site" and site_of(message) == way.words
    )


def changed(file: RuleFile, way: Way, sentence: str, episode: Episode) -> str:
    """The file's new text. Raises CannotAmend."""
    text = with_test(file.text, sentence, _language(episode)) if way.tested else file.text
    return way.change(text)


def _language(episode: Episode) -> str:
    return episode.message.language if episode.message.language != "und" else ""


def telling(rule: CompiledRule, message: Message) -> str:
    """The shortest text of the message that the rule matches: the sentence, the title, or both; the sentence when none does."""
    sentence = message.snippet.text if message.snippet.field != "title" else ""
    candidates = [each for each in (sentence, message.headline, f"{message.headline}\n\n{sentence}") if each.strip()]
    language = message.language if message.language != "und" else next(iter(rule.rule.langs), "de")
    return next((each for each in candidates if _finds(rule, each, "", language)), candidates[0] if candidates else "")


def _holds(rule: CompiledRule, message: Message) -> bool:
    """Whether the rule matches what the message shows of its article: title, lead and sentence."""
    return _finds(rule, f"{message.lead}\n\n{message.snippet.text}", message.headline, message.language)


def _finds(rule: CompiledRule, text: str, title: str, language: str) -> bool:
    """By the words alone: whoever is named stands in the article, of which the message shows a part."""
    plain = msgspec.structs.replace(rule.rule, status="live", where=Where(), expires_at=None)
    return bool(try_text(rule_set([msgspec.structs.replace(rule, rule=plain)]), text, title=title, language=language))


def tighten(settings: Settings, episode: Episode, proposal_id: str, digest: str) -> tuple[str, str]:
    """Change the rule's file as the proposal says, in one step; the file's name and the new version. Raises Fault, and then nothing is changed."""
    file = rule_file(settings, episode.rule_id)
    if file.digest != digest:
        raise Fault(409, "changed_meanwhile", f"{file.path.name} was changed meanwhile: look at it again")
    way = next((each for each in ways(episode) if each.id == proposal_id), None)
    if way is None:
        raise Fault(400, "not_understood", "there is no such proposal")
    try:
        text = changed(file, way, telling(rule_in(file, file.text), episode.message), episode)
    except CannotAmend as error:
        raise Fault(409, "rule_faulty", str(error)) from None
    rule = rule_in(file, text)
    rewrite(file, text)
    return file.path.name, rule.version
