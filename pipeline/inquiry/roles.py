"""What became of one article of an episode, in words, by the records of the episode and its messages. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.article import Article
from pipeline.episode import Episode, Member, Notification
from pipeline.inquiry.words import stamp, verdict_words
from pipeline.policy import RulePolicy
from pipeline.routing.why import is_spoken_for

WITHDRAWALS = "a withdrawal is recognised by the source's mark (`pubstatus: canceled`), not by words in the text"
_PLAIN = {
    "joined": "it joined a situation of which people had been told",
    "seen_before": "the rule rings for what is new, and had met this before",
    "heard": "the rule rings when it hears too little, so this one was only counted",
    "held_back": "the rule had rung too often within an hour: held back for a message about several",
    "milestone": "it was counted towards the next milestone",
}


@dataclass(frozen=True)
class Part:
    """An article's part in an episode. `messages` are the episode's, `revisions` those known of the article, `policy` None when the rule is gone."""

    member: Member
    episode: Episode
    messages: Sequence[Notification] = ()
    revisions: Sequence[Article] = ()
    policy: RulePolicy | None = None
    zone: str = "UTC"


def role_words(part: Part) -> tuple[str, bool]:
    """What became of the newest match of the article, and whether the episode rang with it."""
    makers = {"rang": _rang, "waiting": _waiting, "pending": _pending, "withdrawn": _withdrawn, "folded": _folded}
    role = part.member.role
    words = makers[role](part) if role in makers else _PLAIN.get(role) or verdict_words(role)
    return words, role == "rang" or (role == "folded" and _is_milestone(part))


def later_words(part: Part) -> str:
    """Why the newest revision changed nothing in the episode; "" when there is none, or it did."""
    member, newest = part.member, max(part.revisions, key=lambda each: each.revision, default=None)
    if newest is None or newest.revision <= member.revision or newest.pubstatus == "canceled":
        return ""
    begun = f"its revision {newest.revision} changed nothing here"
    mine = [each for each in newest.matches if each.rule_id == part.episode.rule_id]
    if not mine:
        return f"{begun}: the rule does not match it any more, of which nobody is told; {WITHDRAWALS}"
    if not all(each.known for each in mine):
        return f"its revision {newest.revision} is not counted here; {WITHDRAWALS}"
    if part.policy is not None and part.policy.notify.on_update == "ignore":
        return f"{begun}, by on_update: ignore: nobody is told of later revisions; {WITHDRAWALS}"
    if not member.rang:
        return f"{begun}: only what people were pointed to is corrected, and nobody was pointed to this article; {WITHDRAWALS}"
    return f"{begun}, {_by_on_update(part, known=True)}; {WITHDRAWALS}"


def _rang(part: Part) -> str:
    member, episode = part.member, part.episode
    kinds = {
        each.kind for each in part.messages if each.message.article_id == member.article_id and each.message.revision == member.revision
    }
    if is_spoken_for(episode):
        return f"the situation of {episode.situation_id} rang about it"
    rang = "its later revision corrected what people had been told" if "corrected" in kinds else "it rang"
    return f"{rang}, in shadow: nobody is told" if episode.shadow else rang


def _waiting(part: Part) -> str:
    until = part.episode.waiting_until
    if until is not None:
        return f"the first message of its episode collects reports and leaves at {stamp(until, part.zone)}"
    return "it waited for the first message of its episode" + ("" if part.episode.step else ", which never left")


def _pending(part: Part) -> str:
    if part.episode.abandoned == "expired_pending":
        return "the rule's trigger was not satisfied in time"
    if part.episode.step:
        return "it was counted towards the rule's trigger, which was satisfied later"
    return "the rule's trigger was not satisfied yet"


def _withdrawn(part: Part) -> str:
    told = [each for each in part.messages if each.kind == "withdrawn" and each.message.article_id == part.member.article_id]
    begun = "the source withdrew it (`pubstatus: canceled`)"
    if told:
        return f"{begun}, and those who had been told of it were to be told so"
    if not part.member.rang:
        return f"{begun}, and nobody had been told of it"
    ignored = part.policy is not None and part.policy.notify.on_update == "ignore"
    return f"{begun}{', and by on_update: ignore nobody was told so' if ignored else ', and no message of that is recorded here'}"


def _folded(part: Part) -> str:
    """Several laws make an article only count: the one that the records name."""
    member, episode = part.member, part.episode
    if is_spoken_for(episode):
        return f"it joined the situation of {episode.situation_id}, which speaks for it"
    if episode.abandoned == "heard_again" and member.at >= episode.last_match_at:
        return "it ended the silence of which the rule tells"
    if _is_milestone(part):
        return "it brought nothing new, and with it the episode reached its next milestone"
    if episode.waiting_until is not None:
        return f"it is collected with the first message of its episode, which leaves at {stamp(episode.waiting_until, part.zone)}"
    if any(each.kind == "first" and each.message.alerted_at > member.at for each in part.messages):
        return "it was collected with the first message of its episode"
    if _is_later(part):
        return f"its revision {member.revision} was folded {_by_on_update(part, known=_is_known(part))}; {WITHDRAWALS}"
    if episode.state in ("quiet", "closed") and member.at > episode.last_match_at:
        return "the episode had fallen quiet, and the rule's trigger was not satisfied again: counted, and nobody was told"
    return _under_way(part)


def _under_way(part: Part) -> str:
    situation = part.episode.situation
    if situation is None or situation.episode_count == 1:
        return "it brought no new number, date, place or name: counted, and nobody was told again"
    if situation.draft is not None and situation.due_at is not None and situation.draft.article_id == part.member.article_id:
        return f"what is new in it waits for the next message of the situation, not before {stamp(situation.due_at, part.zone)}"
    return "it brought nothing new, or nothing on which two publishers agree and that matters while its situation is under way: counted"


def _is_milestone(part: Part) -> bool:
    messages = [each.message for each in part.messages] + [part.episode.message]
    return any(each.why == "milestone" and each.alerted_at == part.member.at for each in messages)


def _is_later(part: Part) -> bool:
    """Whether an earlier revision was part of the episode."""
    earlier = [each for each in part.revisions if each.revision < part.member.revision]
    return part.member.rang or any(match.rule_id == part.episode.rule_id for each in earlier for match in each.matches)


def _is_known(part: Part) -> bool:
    """Whether the revision matched only in text that an earlier one had."""
    revision = [each for each in part.revisions if each.revision == part.member.revision]
    mine = [match for each in revision for match in each.matches if match.rule_id == part.episode.rule_id]
    return bool(mine) and all(each.known for each in mine)


def _by_on_update(part: Part, known: bool) -> str:
    """By which rule of `on_update` a later revision told nobody."""
    by = (
        f"by on_update: {part.policy.notify.on_update}"
        if part.policy is not None
        else "by the rule's on_update (material where none is written)"
    )
    if part.policy is not None and part.policy.notify.on_update == "ignore":
        return f"{by}: nobody is told of later revisions"
    if known:
        return (
            f"{by}: the rule's words stand in text that an earlier revision had, and it neither corrects nor raises what people were told"
        )
    if part.policy is not None and part.policy.notify.on_update == "always":
        return f"although on_update is always: {_under_way(part)}"
    return f"{by}: it brought no new number, date, place or name"
