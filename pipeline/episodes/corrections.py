"""What was told and no longer stands: articles that are withdrawn, revisions whose publisher says that something was wrong, and revisions that put
another number, date, place or name where people were told one.

Those who were told are told again, and nobody else. A fact has vanished when the whole new text lacks it, so a live blog that merely has a new first
paragraph corrects nothing. A number that has grown is a development, not a correction: it rings as news does.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Episode, EpisodeState, Member
from pipeline.episodes.case import Case
from pipeline.episodes.decision import Decision
from pipeline.episodes.elapsed import elapsed
from pipeline.episodes.joining import counted, heard, member_of
from pipeline.episodes.lifecycle import OPEN
from pipeline.episodes.merging import leader_of
from pipeline.episodes.ringing import drafted, intent, rung
from pipeline.matched import Matched
from pipeline.message import NewFact
from pipeline.policy import RulePolicy

_CORRECTED_KINDS = ("number", "date", "weekday", "place", "country", "person", "name")


class Replaced(NamedTuple):
    """What was told before, and what stands there now."""

    gone: tuple[NewFact, ...]
    came: tuple[str, ...]


def is_notice(matched: Matched) -> bool:
    """Whether the record only concerns people who know the article: it was withdrawn, or matches where an earlier revision did already."""
    return matched.match.known or matched.pubstatus == "canceled"


def addressed(alerts: Alerts, matched: Matched) -> tuple[Matched, ...]:
    """The record once for each rule that must hear of it.

    A withdrawn or corrected article often has no text left that could match. Its record (`matched.withdrawal`, `matched.correction`) names no rule, and
    is meant for all that have an episode with the article.
    """
    if matched.match.rule_id:
        return (matched,)
    return tuple(
        msgspec.structs.replace(matched, match=msgspec.structs.replace(matched.match, rule_id=rule_id))
        for rule_id in alerts.rules_of(matched.article_id)
    )


def replaced(episode: Episode, matched: Matched, policy: RulePolicy) -> Replaced | None:
    """What a later revision of an article that rang has put in the place of what was told; None when nothing was."""
    member = member_of(episode, matched.article_id)
    if member is None or not member.rang or matched.revision <= member.revision or policy.notify.on_update == "ignore":
        return None
    stands = set(matched.facts) | set(matched.context)
    known = set(episode.told) | set(episode.readable)
    gone, came = [], []
    for kind in _CORRECTED_KINDS:
        was = [each for each in member.facts if each.startswith(f"{kind}:") and each not in stands]
        now = [each for each in matched.facts if each.startswith(f"{kind}:") and each not in member.facts and each not in known]
        if was and now and not (kind == "number" and max(map(_amount, now)) >= max(map(_amount, was))):
            gone += was
            came += now
    if not gone and not matched.corrects:
        return None
    return Replaced(tuple(NewFact(fact=each, words=member.facts[each]) for each in gone), tuple(came))


def _amount(fact: str) -> float:
    try:
        return float(fact.partition(":")[2])
    except ValueError:
        return 0.0


def noticed(case: Case, earlier: list[Episode]) -> Decision:
    """A record that only concerns who knows the article. Nothing is opened by it."""
    matched = case.matched
    known_as = f"{matched.match.id}@{matched.revision}"
    episode = next((each for each in reversed(earlier) if member_of(each, matched.article_id)), None)
    member = member_of(episode, matched.article_id) if episode is not None else None
    if episode is None or member is None or known_as in episode.matches:
        return Decision()
    told = member.rang and not case.recorded_only and case.policy.notify.on_update != "ignore"
    withdrawn = matched.pubstatus == "canceled"
    if _is_settled(case, episode, member, told=told, withdrawn=withdrawn):
        return Decision()
    before = elapsed(episode, case.policy, case.now)
    decision = (_withdrawn(case, before.episode, known_as, told)) if withdrawn else _revised(case, before.episode, known_as)
    return Decision(decision.records, (*before.intents, *decision.intents), decision.why)


def _is_settled(case: Case, episode: Episode, member: Member, *, told: bool, withdrawn: bool) -> bool:
    """Whether there is nothing more to say of the record to those who were told."""
    matched = case.matched
    if withdrawn:
        return member.role == "withdrawn"
    if not told or not matched.corrects:
        return not told or matched.revision <= member.revision
    # A match in the note itself may have come before, and been folded into a situation: the note is told all the same, once.
    leader = leader_of(case, episode)
    said = [each.message for each in (episode, leader) if each is not None]
    return any((each.kind, each.article_id, each.revision) == ("corrected", matched.article_id, matched.revision) for each in said)


def _withdrawn(case: Case, episode: Episode, known_as: str, told: bool) -> Decision:
    after = counted(episode, case.matched, "withdrawn", case.now, known_as=known_as)
    if not told:
        alone = all(each.role == "withdrawn" for each in after.members)
        if alone and (after.waiting_until is not None or after.state == "pending"):
            after = msgspec.structs.replace(after, state="closed", abandoned="withdrawn", waiting_until=None)
        return Decision((after,), (), "withdrawn")
    return _tells(case, after, "withdrawn", Replaced((), ()))


def _revised(case: Case, episode: Episode, known_as: str) -> Decision:
    found = replaced(episode, case.matched, case.policy) or (Replaced((), ()) if case.matched.corrects else None)
    stays: EpisodeState = episode.state
    if found is not None:
        return _tells(case, heard(episode, case.matched, "rang", stays, case.now, known_as=known_as), "corrected", found)
    grown = _grown(episode, case.matched)
    if not grown or episode.step == 0 or case.state_of(episode) not in OPEN:
        # A live blog changes its beginning all day: what is added without a word of the rule is no reason to ring.
        return Decision((counted(episode, case.matched, "folded", case.now, known_as=known_as),), (), "folded")
    after = heard(episode, case.matched, "rang", stays, case.now, known_as=known_as)
    about = drafted(after, case.matched, case.policy, "update", "new_text", grown, case.now)
    updated = rung(after, about, case.now, case.matched.context)
    return Decision((updated,), (intent(updated, case.policy, case.now, withheld=case.withheld, digest=case.digest),), "new_text")


def _grown(episode: Episode, matched: Matched) -> tuple[str, ...]:
    """The numbers that stand where the article had smaller ones when people were pointed to it, and that nobody has told them yet."""
    member = member_of(episode, matched.article_id)
    stands = {*matched.facts, *matched.context}
    was = [each for each in member.facts if each.startswith("number:") and each not in stands] if member is not None else []
    known = {*episode.told, *episode.readable}
    return tuple(each for each in matched.facts if was and each.startswith("number:") and each not in known)


def corrected(case: Case, episode: Episode, found: Replaced) -> Decision:
    """A later revision of an article that rang, which is a match of its own (`episode` has it counted), corrects what was told."""
    return _tells(case, episode, "corrected", found)


def _tells(case: Case, episode: Episode, kind: str, found: Replaced) -> Decision:
    """The message belongs to the episode that told people of the article: its situation's, when that is another one."""
    leader = leader_of(case, episode) if not episode.step else None
    teller = leader or episode
    is_withdrawn = kind == "withdrawn"
    about = drafted(
        teller,
        case.matched,
        case.policy,
        "withdrawn" if is_withdrawn else "corrected",
        "withdrawn" if is_withdrawn else "corrected",
        found.came,
        case.now,
        replaced=found.gone,
    )
    told = rung(teller, about, case.now, case.matched.context)
    wish = msgspec.structs.replace(intent(told, case.policy, case.now, withheld=case.withheld), digest=False, corrects=True)
    return Decision((told,) if leader is None else (episode, told), (wish,), kind)
