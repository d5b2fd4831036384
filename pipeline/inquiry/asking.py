"""Gathering what `why` and `evidence` need: the article's way, what the rules said and would say, what people were told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from pipeline import topology
from pipeline.alerts import Alerts
from pipeline.article import Article
from pipeline.episode import Episode
from pipeline.errors import LagebildError
from pipeline.inquiry import evidence, gathering
from pipeline.inquiry.gathering import Progress, Reading, quietly
from pipeline.inquiry.ledger import Ledger
from pipeline.inquiry.why import Answer, Known, Question, why
from pipeline.policies import completed
from pipeline.policy import RulePolicy, policy_of
from pipeline.routing.why import verdict_chain
from pipeline.rules.compile import rule_set
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.explain import explained
from pipeline.rules.match import analyse_fields, match
from pipeline.settings import Settings
from pipeline.trace import trace

_MOST_NEAR_MISSES = 5
_WORDS_MISSING = ("no clause of", "not found:")


def answer(settings: Settings, question: Question, progress: Progress = quietly) -> Answer:
    """The answer to the question, from everything that the topics still hold. Raises Unreachable or Transient."""
    ledger = gathering.ledger(settings, progress, with_files=True)
    asked = _episode_id(ledger, question.asked)
    receivers = {each.name for each in settings.receivers} | {each.receiver for each in ledger.notifications.values()}
    chain, facts = partial(_chain, settings, ledger, progress), partial(_facts, settings, progress)
    if asked:
        asked_about = Question(asked, question.rule, question.receiver)
        return why(asked_about, Known(ledger=ledger, chain=chain, facts=facts, receivers=receivers, zone=settings.time_zone))
    steps = trace(settings, question.asked)
    ids = frozenset(str(each.facts["id"]) for each in steps if each.facts.get("id")) or frozenset({question.asked})
    revisions = newest([each for _, each in Reading(settings, progress).revisions(topology.ENRICHED, ids)])
    return why(
        question,
        Known(
            steps=steps,
            revisions=revisions,
            ledger=ledger,
            rules=gathering.rules(settings, question.rule, progress),
            activated=_activated(settings, question.rule, progress) if question.rule else {},
            health=gathering.source_health(settings, progress) if not steps else {},
            hosts=hosts(settings),
            matches_now=matches_now,
            near_misses=near_misses,
            chain=chain,
            facts=facts,
            receivers=receivers,
            zone=settings.time_zone,
        ),
    )


def _chain(settings: Settings, ledger: Ledger, progress: Progress, episode: Episode, receiver: str) -> tuple[str, ...]:
    """Why the receiver had no message of the episode, by the rule and the routes as they stand now."""
    compiled = gathering.rules(settings, episode.rule_id, progress).get(episode.rule_id)
    policy = policy_of(compiled.rule) if compiled else RulePolicy(rule_id=episode.rule_id)
    alerts = Alerts(ledger.episodes.values(), ledger.notifications.values(), ledger.silences.values())
    return verdict_chain(episode, receiver, policy, completed(gathering.routing(settings, progress), settings), alerts, datetime.now(UTC))


def _facts(settings: Settings, progress: Progress, episode: Episode) -> Mapping[str, str]:
    """The facts of the episode's articles, each with its words, as far as the matches are still kept."""
    found = gathering.matches_of(settings, frozenset(each.article_id for each in episode.members), progress)
    return {fact: words for _, each in found for fact, words in each.facts.items()}


def _episode_id(ledger: Ledger, asked: str) -> str:
    """The id of the episode of which `asked` is the beginning, at least eight characters; "" when it is none."""
    found = [each for each in ledger.episodes if each.startswith(asked)] if len(asked) >= 8 else []
    return asked if asked in ledger.episodes else found[0] if len(found) == 1 else ""


def newest(articles: Iterable[Article]) -> tuple[Article, ...]:
    """Each revision once, as it was processed last, oldest revision first."""
    found: dict[tuple[str, int], Article] = {}
    for each in articles:
        before = found.get((each.id, each.revision))
        if before is None or each.generation >= before.generation:
            found[(each.id, each.revision)] = each
    return tuple(found[key] for key in sorted(found))


def hosts(settings: Settings) -> dict[str, str]:
    """The source that reads each host, as far as its options name an address."""
    found: dict[str, str] = {}
    for source in settings.sources:
        for value in source.options.values():
            host = (urlsplit(value).hostname or "").removeprefix("www.") if isinstance(value, str) and "://" in value else ""
            if host:
                found.setdefault(host, source.id)
    return found


def matches_now(compiled: CompiledRule, article: Article) -> bool:
    """Whether the rule as it stands matches the article as it was processed."""
    return bool(match(rule_set([compiled]), article, analyse_fields(article)))


def near_misses(compiled: CompiledRule, article: Article) -> Sequence[str]:
    """Why the rule does not match the article: what keeps it from doing so, what in the text came close and which guard rejected that."""
    text = article.body or article.summary
    found = explained(compiled, text=text, title=article.title, language=article.language.code, entities=article.entities)
    # That words are missing is no news, unless something came close or they only stand too far apart.
    plain = found.refused.startswith(_WORDS_MISSING) and "(" not in found.refused and not found.misses
    said = [found.refused] if found.refused and not plain else []
    if found.matched:
        said.append("its words are there, but a condition on the source, country, language, section, entity, story or age does not hold")
    close = dict.fromkeys(f"“{each.surface}” for “{each.term}”: {each.why}" for each in found.misses)
    return [*said, *close][:_MOST_NEAR_MISSES]


def _activated(settings: Settings, rule_id: str, progress: Progress) -> Mapping[tuple[str, str], datetime]:
    return {(each.rule_id, each.version): each.at for each in gathering.rule_versions(settings, progress) if each.rule_id == rule_id}


def evidence_of(settings: Settings, beginning: str, progress: Progress = quietly) -> evidence.Found:
    """Everything about the one episode whose id begins so. Raises NotOne, TooMuch, Unreachable or Transient."""
    ledger = gathering.ledger(settings, progress, with_files=True)
    episode = ledger.episode(beginning)
    told = ledger.told(episode.id)
    revisions = Reading(settings, progress).revisions(topology.EVIDENCE, evidence.article_ids(episode))
    return evidence.Found(
        episode=episode,
        revisions=[(f"{record.topic}/{record.partition}/{record.offset}", each) for record, each in revisions],
        notifications=told,
        audit=ledger.decided(episode.id),
        silences=evidence.about(ledger.silences.values(), episode, told),
        versions=[each for each in gathering.rule_versions(settings, progress) if each.rule_id == episode.rule_id],
    )


class NoSuchArticle(LagebildError):
    """No topic holds the article that was named."""


def article_of(settings: Settings, article_id: str, progress: Progress = quietly) -> Article:
    """The newest revision of the article, as it was enriched. Raises NoSuchArticle, Unreachable or Transient."""
    found = newest(each for _, each in Reading(settings, progress).revisions(topology.ENRICHED, frozenset({article_id})))
    if not found:
        raise NoSuchArticle(
            f"the topic of enriched articles has no article {article_id!r}: name it by its id (`lagebild trace URL` knows it)"
        )
    return found[-1]
