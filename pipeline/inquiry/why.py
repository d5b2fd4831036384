"""Why was I (not) told? One question, answered in one place, step by step from the source to the receiver. Pure.

never collected → rejected → dropped → on its way → not matched, and by which guard → matched and folded, held back or withheld → silenced by
whom, throttled, out of hours → sent when, to whom, with which answer. The first step that stopped it is the short answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

from pipeline.article import Article
from pipeline.episode import Episode, Notification
from pipeline.inquiry.ledger import Ledger, by_time
from pipeline.inquiry.roles import Part, later_words, role_words
from pipeline.inquiry.words import stamp, state_words, told_words, verdict_words
from pipeline.located import nearest
from pipeline.policy import policy_of
from pipeline.routing.why import carries, is_spoken_for, leading, spoken_for, unrung
from pipeline.rules.compiled import CompiledRule
from pipeline.sources import SourceHealth
from pipeline.trace import Step

Stage = Literal["collect", "process", "match", "episode", "message"]
# So many rules are asked for their near misses when no rule was named.
MOST_RULES_EXPLAINED = 50
_MOST_ARTICLES = 3


@dataclass(frozen=True)
class Question:
    """`asked` is an article's id, URL, GUID or file, or an episode's id; `rule` and `receiver` narrow the answer."""

    asked: str
    rule: str = ""
    receiver: str = ""


@dataclass(frozen=True)
class Finding:
    """One step. `passed` is False where this is what stopped it, None where it is only told."""

    stage: Stage
    said: str
    passed: bool | None = True
    at: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """`short` is one sentence. `told` says whether a message of an episode that was asked about reached the receiver (or anybody)."""

    question: Question
    short: str
    told: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Known:
    """What was gathered. `revisions` are the enriched ones, oldest first. `activated` maps rule and version to when it became active.

    `matches_now` says whether the rule as it stands would match the article, `near_misses` what in it came close and which guard rejected it.
    `chain` says why a receiver had no message of the episode: where the route leads, who is on duty. `facts` has the words of an episode's facts.
    `receivers` are the names that a receiver may be asked for by; none leaves them unchecked.
    """

    steps: Sequence[Step] = ()
    revisions: Sequence[Article] = ()
    ledger: Ledger = field(default_factory=Ledger)
    rules: Mapping[str, CompiledRule] = field(default_factory=dict)
    activated: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    health: Mapping[str, SourceHealth] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)
    matches_now: Callable[[CompiledRule, Article], bool] = lambda compiled, article: False
    near_misses: Callable[[CompiledRule, Article], Sequence[str]] = lambda compiled, article: ()
    chain: Callable[[Episode, str], Sequence[str]] = lambda episode, receiver: ()
    facts: Callable[[Episode], Mapping[str, str]] = lambda episode: {}
    receivers: Collection[str] = ()
    zone: str = "UTC"


def why(question: Question, known: Known) -> Answer:
    """The answer, with every step that is known."""
    if question.receiver and known.receivers and question.receiver not in known.receivers:
        unknown = f"there is no receiver {question.receiver!r}.{nearest(question.receiver, known.receivers)}"
        return Answer(question, unknown, False, (Finding("message", unknown, False),))
    findings: list[Finding] = []
    if question.asked in known.ledger.episodes:
        episodes: tuple[Episode, ...] = (known.ledger.episodes[question.asked],)
        if question.rule not in ("", episodes[0].rule_id):
            return _of_another_rule(question, episodes[0])
    else:
        findings += _collected(question, known)
        findings += _processed(known)
        if known.revisions:
            findings += _matched(question, known)
        ids = {each.id for each in known.revisions} | {str(each.facts["id"]) for each in known.steps if each.facts.get("id")}
        episodes = _of_articles(known.ledger, ids, question.rule)
    for episode in episodes:
        findings += _episode(question, known, episode)
    messages = [each for episode in episodes for each in (*_messages(question, known, episode), *_carried(question, known, episode))]
    reached = by_time(each for each in (known.ledger.carrier(each) or each for each in messages) if each.state == "sent")
    return Answer(question, _short(question, findings, reached, known.zone), bool(reached), tuple(findings))


def _of_another_rule(question: Question, episode: Episode) -> Answer:
    articles = ", ".join(each.article_id for each in episode.members[:_MOST_ARTICLES])
    said = f"the episode {episode.id} is of the rule {episode.rule_id}, not of {question.rule}"
    ask = f": ask `lagebild alerts why ARTICLE --rule {question.rule}` about one of its articles ({articles})" if articles else ""
    return Answer(question, f"{said}{ask}.", False, (Finding("episode", said, False, episode.opened_at),))


def _of_articles(ledger: Ledger, ids: Iterable[str], rule: str) -> tuple[Episode, ...]:
    found = {each.id: each for article_id in ids for each in ledger.of_article(article_id) if rule in ("", each.rule_id)}
    return tuple(sorted(found.values(), key=lambda each: (each.opened_at, each.id)))


def _collected(question: Question, known: Known) -> Iterator[Finding]:
    collected = [each for each in known.steps if each.stage == "collect" and each.what == "passed on"]
    for each in collected:
        yield Finding("collect", f"collected {each.detail}", at=each.at)
    if collected or known.revisions or any(each.what in ("rejected", "indexed") or each.stage != "collect" for each in known.steps):
        return
    yield Finding("collect", f"nothing is known of {question.asked}: it was never collected, or it is older than the topics keep", False)
    host = (urlsplit(question.asked).hostname or "").removeprefix("www.")
    source_id = known.hosts.get(host, "")
    if host and not source_id:
        yield Finding("collect", f"no source of the configuration reads {host}", None)
    health = known.health.get(source_id)
    if health is not None:
        last = f"last article {stamp(health.last_article_at, known.zone)}, last success {stamp(health.last_success_at, known.zone)}"
        error = f", error: {health.last_error}" if health.last_error else ""
        yield Finding("collect", f"the source {source_id} is {health.state}: {last}{error}", None)


def _processed(known: Known) -> Iterator[Finding]:
    """What became of it before the rules: rejected, dropped, still on its way. A later record of the same article supersedes nothing."""
    for each in known.steps:
        place = f"{each.topic}/{each.partition}/{each.offset}"
        if each.what == "rejected" and each.topic.endswith("rejected"):
            words = f"rejected by {each.stage}: {each.detail} (`lagebild rejected show {each.offset}` has the bytes)"
            yield Finding("process", words, False, each.at)
        elif each.what == "dropped":
            yield Finding("process", f"dropped by {each.stage} as {each.detail} ({place})", False if not known.revisions else None, each.at)
        elif each.what == "passed on" and each.stage in ("identify", "deduplicate"):
            yield Finding("process", f"{each.stage}: {each.detail}", at=each.at)
    last = known.steps[-1] if known.steps else None
    if last is not None and not known.revisions and last.what == "passed on":
        yield Finding("process", f"passed on by {last.stage}, and no later stage has taken it yet: is a worker running?", False, last.at)


def _matched(question: Question, known: Known) -> Iterator[Finding]:
    matched = {match.rule_id for article in known.revisions for match in article.matches}
    for article in known.revisions:
        for match in article.matches:
            if question.rule in ("", match.rule_id):
                words = ", ".join(dict.fromkeys(f"“{hit.surface}” ({hit.mode}, {hit.field})" for hit in match.hits))
                shadow = ", in shadow" if match.shadow else ""
                shadow += ", only in text that an earlier revision had" if match.known else ""
                yield Finding(
                    "match", f"revision {article.revision} matched {match.rule_id}{shadow} by {words}", at=article.clock.enriched_at
                )
    newest = known.revisions[-1]
    if question.rule:
        if question.rule not in matched:
            yield _not_matched(question.rule, newest, known)
        return
    if not matched:
        yield Finding("match", f"none of the {len(known.rules)} rules matched it", False, newest.clock.enriched_at)
        if len(known.rules) > MOST_RULES_EXPLAINED:
            yield Finding("match", f"{MOST_RULES_EXPLAINED} of them were asked what came close; name one with --rule to ask it", None)
        for compiled in list(known.rules.values())[:MOST_RULES_EXPLAINED]:
            for each in known.near_misses(compiled, newest):
                yield Finding("match", f"{compiled.rule.id} came close: {each}", None)


def _not_matched(rule_id: str, article: Article, known: Known) -> Finding:
    """Why this rule did not match: gone, off, too young, or by which guard."""
    compiled = known.rules.get(rule_id)
    at = article.clock.enriched_at
    if compiled is None:
        return Finding("match", f"there is no rule {rule_id!r}: it is not applied, or it is gone (`lagebild rules apply`)", False, at)
    rule = compiled.rule
    if rule.status not in ("live", "shadow"):
        return Finding("match", f"the rule {rule_id} is {rule.status}: it matches nothing", False, at)
    if rule.expires_at is not None and at is not None and rule.expires_at <= at:
        return Finding("match", f"the rule {rule_id} had expired {stamp(rule.expires_at, known.zone)}", False, at)
    since = known.activated.get((rule_id, compiled.version))
    if known.matches_now(compiled, article):
        when = f"became active {stamp(since, known.zone)}" if since else "was not active then"
        words = f"the rule {rule_id} as it stands would match it; this version {when}, the article was processed {stamp(at, known.zone)}"
        return Finding("match", words, False, at)
    close = [*known.near_misses(compiled, article)]
    guard = f"; close: {'; '.join(close)}" if close else "; none of its words is in the text"
    return Finding("match", f"the rule {rule_id} did not match{guard}", False, at)


def _episode(question: Question, known: Known, episode: Episode) -> Iterator[Finding]:
    words = f"episode {episode.id} of the rule {episode.rule_id}: {state_words(episode)}"
    if episode.merged_into:
        words += f"; the story goes on in {episode.merged_into}"
    yield Finding("episode", words, at=episode.opened_at)
    asked_ids = {each.id for each in known.revisions}
    compiled = known.rules.get(episode.rule_id)
    for member in episode.members:
        if member.article_id in asked_ids:
            revisions = tuple(each for each in known.revisions if each.id == member.article_id)
            policy = policy_of(compiled.rule) if compiled else None
            part = Part(member, episode, known.ledger.told(episode.id), revisions, policy, known.zone)
            role, rang = role_words(part)
            yield Finding("episode", f"the article in it: {role}", rang, member.at)
            if later := later_words(part):
                yield Finding("episode", later, None)
    for why_not, count in sorted(episode.withheld.items()):
        yield Finding("episode", f"withheld {count}×: {verdict_words(why_not, known.ledger.silences, known.zone)}", None)
    messages = _messages(question, known, episode)
    for each in messages:
        yield from _told(each, known)
    if is_spoken_for(episode):
        yield from _spoken_for(question, known, episode)
    elif not messages:
        yield Finding("message", _nobody(question, known, episode), False)


def _spoken_for(question: Question, known: Known, episode: Episode) -> Iterator[Finding]:
    """What the situation said in the episode's place, and every message of it."""
    leader = leading(episode, known.ledger.episodes)
    voice = _messages(question, known, leader) if leader else ()
    told = [known.ledger.carrier(each) or each for each in voice]
    carried = bool(_carried(question, known, episode))
    words = spoken_for(episode, leader, told, partial(stamp, zone=known.zone), known.facts(episode))
    yield Finding("message", words, None if carried else False)
    for each in voice:
        for found in _told(each, known):
            yield Finding(found.stage, f"the situation: {found.said}", found.passed if carries(each, episode) else None, found.at)
    if leader is not None and not voice:
        yield Finding("message", f"the situation: {_nobody(question, known, leader)}", False)


def _told(notification: Notification, known: Known) -> Iterator[Finding]:
    carrier = known.ledger.carrier(notification)
    yield _message(notification, known, None if carrier else _PASSED.get(notification.state))
    if carrier is not None:
        yield _message(carrier, known, _PASSED.get(carrier.state))


_PASSED = {"sent": True, "failed": False, "suppressed": False}


def _message(notification: Notification, known: Known, passed: bool | None) -> Finding:
    at = notification.sent_at or notification.created_at
    return Finding("message", told_words(notification, known.ledger.silences, known.zone), passed, at)


def _messages(question: Question, known: Known, episode: Episode) -> tuple[Notification, ...]:
    told = known.ledger.told(episode.id)
    return by_time(each for each in told if question.receiver in ("", each.receiver, each.stands_in_for))


def _carried(question: Question, known: Known, episode: Episode) -> tuple[Notification, ...]:
    """The messages of the situation that tell what the episode brought; none when it speaks for itself."""
    leader = leading(episode, known.ledger.episodes) if is_spoken_for(episode) else None
    voice = _messages(question, known, leader) if leader else ()
    return tuple(each for each in voice if carries(each, episode))


def _nobody(question: Question, known: Known, episode: Episode) -> str:
    """Why there is no message to the receiver, or to anybody."""
    if question.receiver and (steps := known.chain(episode, question.receiver)):
        return "; ".join(steps)
    others = sorted({each.receiver for each in known.ledger.told(episode.id)})
    if question.receiver and others:
        return f"no message to {question.receiver}: the route of this episode led to {', '.join(others)}"
    if not episode.step:
        return f"nobody was told: {unrung(episode, partial(stamp, zone=known.zone))}"
    if episode.shadow:
        return "nobody was told: the rule is in shadow"
    to = f" to {question.receiver}" if question.receiver else ""
    return f"it rang, and no message{to} is recorded: neither the rule nor a route named a receiver, or it is older than the records keep"


def _short(question: Question, findings: Sequence[Finding], reached: Sequence[Notification], zone: str) -> str:
    if reached:
        first = reached[0]
        more = f", and {len(reached) - 1} more" if len(reached) > 1 else ""
        return f"Told: {first.receiver} {stamp(first.sent_at, zone)} ({first.kind}){more}."
    stopped = [each for each in findings if each.passed is False]
    if not stopped:
        waiting = [each for each in findings if each.stage == "message"]
        return f"Not told yet: {waiting[0].said}." if waiting else "Nothing stopped it, and nothing more is known."
    # What was lost before the rules explains all the rest; behind them the messages do.
    messages = [each for each in stopped if each.stage == "message"]
    chosen = messages[0] if messages else stopped[0]
    to = f" to {question.receiver}" if question.receiver else ""
    return f"Not told{to}: {chosen.said.rstrip('.')}."
