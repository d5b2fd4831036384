"""A false alarm, and never again for its reason: the sentence as a test of the rule, and ways to tighten the rule with what each would lose."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from pipeline.article import Article
from pipeline.backtest.last_day import tightened, tried
from pipeline.console.asked import Fault
from pipeline.console.watching import Day, Found, InTime, found
from pipeline.episode import Episode
from pipeline.matched import Mark
from pipeline.message import Message
from pipeline.rules.amend import CannotAmend, with_compounds, with_exclusion, with_test, without
from pipeline.rules.check import failing_tests, try_text
from pipeline.rules.compile import rule_set
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.load import load_folder, load_text
from pipeline.rules.model import RuleTest, TermSet, Where
from pipeline.settings import Settings

READ_SECONDS = 60.0
_MOST_ARTICLES = 20_000
_MOST_LOST = 20
_ID = re.compile(r"[a-z0-9-]{3,64}")
_BEFORE = re.compile(r"([\w-]+)\s+$")
_AFTER = re.compile(r"^\s+([\w-]+)")


@dataclass(frozen=True)
class RuleFile:
    """A rule's file as it stands now. `digest` tells whether somebody changed it meanwhile."""

    path: Path
    text: str
    digest: str
    sets: dict[str, TermSet] | None


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


@dataclass(frozen=True)
class _Way:
    id: str
    kind: str
    words: str
    change: Callable[[str], str]
    tested: bool = True


def rule_file(settings: Settings, rule_id: str) -> RuleFile:
    """The file of the rule. Raises Fault when this page cannot find or change it."""
    folder = settings.rules_folder
    if not _ID.fullmatch(rule_id):
        raise Fault(409, "no_rule_file", f"there is no file for a rule {rule_id[:64]!r}")
    paths = [path for suffix in (".yml", ".yaml") for path in folder.rglob(rule_id + suffix)] if folder.is_dir() else []
    if len(paths) != 1:
        raise Fault(409, "no_rule_file", f"there is no one file of the rule {rule_id} in {folder}: change it where the rules are kept")
    try:
        text = paths[0].read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(409, "no_rule_file", f"{paths[0]} cannot be read: {error}") from None
    if not os.access(paths[0].parent, os.W_OK):
        raise Fault(409, "rules_folder", f"{paths[0].parent} cannot be written by this page")
    sets = dict(load_folder(folder).sets) if "set" in text else None
    return RuleFile(paths[0], text, hashlib.sha256(text.encode()).hexdigest(), sets)


def _loaded(file: RuleFile, text: str) -> CompiledRule:
    """Raises Fault with the first problem."""
    rule, problems = load_text(text, file.path.name, file.sets)
    if rule is None:
        raise Fault(409, "rule_faulty", str(problems[0]))
    return rule


def tightening(settings: Settings, file: RuleFile, episode: Episode, confirmed: Iterable[Episode], day: Day, now: datetime) -> Tightening:
    """What each way to tighten the rule would lose, tried on the last 24 hours and on what people confirmed. Nobody is told anything."""
    old = _loaded(file, file.text)
    sentence = telling(old, episode.message)
    own = {each.article_id for each in episode.members}
    with day(settings, now) as articles:
        limited = InTime(articles, time.monotonic() + READ_SECONDS)
        counted = _Counted(limited)
        matched = list(_matched(counted, old))
    true = [each for each in confirmed if each.rule_id == old.rule.id and each.id != episode.id and _holds(old, each.message)]
    others = [each for each in matched if each.id not in own]
    made = [_proposal(way, file, old, sentence, episode, others, true) for way in ways(episode)]
    proposals = tuple(sorted(made, key=lambda each: bool(each.problem)))
    test = RuleTest(text=sentence, match=False, lang=_language(episode))
    failing = failing_tests(msgspec.structs.replace(old, rule=msgspec.structs.replace(old.rule, tests=(test,))))
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
    way: _Way, file: RuleFile, old: CompiledRule, sentence: str, episode: Episode, others: list[Article], true: list[Episode]
) -> Proposal:
    try:
        new = _loaded(file, changed(file, way, sentence, episode))
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


def _is_left_out(way: _Way, episode: Episode) -> bool:
    """Whether a way that leaves out a source or site leaves out the first report of this episode: texts alone cannot tell."""
    message = episode.message
    return (way.kind == "source" and message.source is not None and message.source.id == way.words) or (
        way.kind == "site" and _site(message) == way.words
    )


def changed(file: RuleFile, way: _Way, sentence: str, episode: Episode) -> str:
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
    plain = msgspec.structs.replace(rule.rule, status="live", where=Where(), expires_at=None)
    return bool(try_text(rule_set([msgspec.structs.replace(rule, rule=plain)]), text, title=title, language=language))


def ways(episode: Episode) -> list[_Way]:
    """The ways to tighten that the false alarm suggests, those that cut off least first.

    The word itself comes before phrases around it: a phrase with an article in it would stop one sentence only.
    """
    message = episode.message
    where = [(message.snippet.text, each) for each in message.snippet.marks] if message.snippet.field != "title" else []
    marks = [*where, *((message.headline, each) for each in message.headline_marks)]
    found: dict[str, _Way] = {}
    for _, mark in marks:
        if mark.surface.casefold() != mark.term.casefold():
            found.setdefault(f"word:{mark.surface}", _Way(f"word:{mark.surface}", "word", mark.surface, _excluding(mark.surface)))
    for text, mark in marks[:3]:
        for phrase in _phrases(text, mark):
            found.setdefault(f"phrase:{phrase}", _Way(f"phrase:{phrase}", "phrase", phrase, _excluding(phrase)))
    for _, mark in marks:
        if mark.mode in ("head", "hyphen_part", "modifier"):
            parts = ("head",) if mark.mode == "modifier" else ()
            found.setdefault(f"compounds:{mark.term}", _Way(f"compounds:{mark.term}", "compounds", mark.term, _compounds(mark.term, parts)))
    if message.source is not None:
        source = message.source.id
        found[f"source:{source}"] = _Way(f"source:{source}", "source", source, lambda text: without(text, "source", source), tested=False)
    if site := _site(message):
        found[f"site:{site}"] = _Way(f"site:{site}", "site", site, lambda text: without(text, "site", site), tested=False)
    return list(found.values())[:12]


def _site(message: Message) -> str:
    with suppress(ValueError):
        return (urlsplit(message.url).hostname or "").removeprefix("www.")
    return ""


def _excluding(words: str) -> Callable[[str], str]:
    return lambda text: with_exclusion(text, words)


def _compounds(term: str, parts: tuple[str, ...]) -> Callable[[str], str]:
    return lambda text: with_compounds(text, term, parts)


def _phrases(text: str, mark: Mark) -> Iterator[str]:
    """The word with its neighbours: the one before, the one after."""
    before, after = _BEFORE.search(text[: mark.start]), _AFTER.search(text[mark.end :])
    if before:
        yield f"{before[1]} {mark.surface}"
    if after:
        yield f"{mark.surface} {after[1]}"


def tighten(settings: Settings, episode: Episode, proposal_id: str, digest: str) -> tuple[str, str]:
    """Change the rule's file as the proposal says, in one step; the file's name and the new version. Raises Fault, and then nothing is changed."""
    file = rule_file(settings, episode.rule_id)
    if file.digest != digest:
        raise Fault(409, "changed_meanwhile", f"{file.path.name} was changed meanwhile: look at it again")
    way = next((each for each in ways(episode) if each.id == proposal_id), None)
    if way is None:
        raise Fault(400, "not_understood", "there is no such proposal")
    try:
        text = changed(file, way, telling(_loaded(file, file.text), episode.message), episode)
    except CannotAmend as error:
        raise Fault(409, "rule_faulty", str(error)) from None
    rule = _loaded(file, text)
    # Hidden from whoever reads the folder until it is whole.
    beside = file.path.with_name(f".{file.path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(file.path.stat().st_mode & 0o777)
        beside.replace(file.path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Fault(409, "rules_folder", f"{file.path} cannot be written: {error.strerror}") from None
    return file.path.name, rule.version
