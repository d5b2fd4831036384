"""Episodes: what people are told about one story under one rule, decided without touching anything.

`decide` takes the state, one `Matched` and the rule's policy, and returns the records to write. It is deterministic in `now`, the record time of
the match, so a replay makes the same ids. One episode per rule and story; a further report of the story rings only when its title, lead or
matched sentences bring a new fact, everything else is counted. A match id or a matched sentence that is already known changes nothing.

    (none) ── match ──► firing ── nothing for quiet_after ──► quiet ── nothing for reopen_within ──► closed
                          ▲                                     │ match: rings, kind=reopened           │ match: a new episode
                          └────────────── reopened ◄────────────┘                                       ▼

The state that is stored is for people to see; `decide` itself goes by the times, so it does not matter when `settle` wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from pipeline.alerts import Alerts as Alerts
from pipeline.episode import Command as Command
from pipeline.episode import Episode as Episode
from pipeline.episode import EpisodeState, Member, Note, identity
from pipeline.episode import Notification as Notification
from pipeline.episode import RulePolicy as RulePolicy
from pipeline.facts import new_facts
from pipeline.matched import Matched as Matched
from pipeline.matched import matched as matched
from pipeline.message import HeldBack, Kind, NewFact, Why, message
from pipeline.message import Message as Message

HOUR = timedelta(hours=1)
# A storm digest collects for so long before it is sent.
STORM_COLLECTS = timedelta(minutes=10)

# Bounds on one episode. When they are reached the oldest are forgotten; facts that were told still keep a repetition quiet.
MAX_MEMBERS = 500
MAX_KNOWN = 5_000
MAX_FACTS = 2_000
MAX_NOTES = 100
MAX_HELD_LISTED = 50


@dataclass(frozen=True)
class Decision:
    """The records to write; `why` is a word for the log: first, new_facts, reopened, folded, held_back, known, or why it was withheld."""

    episode: Episode | None = None
    notifications: tuple[Notification, ...] = ()
    why: str = "known"


def decide(state: Alerts, matched: Matched, policy: RulePolicy, now: datetime) -> Decision:
    """What to write for one match. `now` is its record time; `policy.route` lists the receivers."""
    group = matched.group if policy.by_story else matched.article_id
    earlier = state.of(matched, group)
    sentences = _sentence_keys(matched)
    if any(matched.match.id in each.matches or (sentences and sentences <= set(each.sentences)) for each in earlier):
        return Decision()
    current = earlier[-1] if earlier else None
    if current is None or _is_closed(current, policy, now):
        opened_seq = max((each.opened_seq for each in earlier if each.group == group), default=0) + 1
        current = _open(matched, group, opened_seq, now)
    why, brought = _cause(current, matched, policy, now)
    rings = why in ("first", "new_facts", "reopened")
    held = rings and state.rings_within(matched.match.rule_id, now - HOUR, now) >= policy.max_per_hour
    episode = _joined(current, matched, policy, why, brought, held, now)
    if not rings:
        return Decision(episode, (), why)
    if held:
        return Decision(episode, _held_back(state, episode, policy, now), "held_back")
    return Decision(episode, _notifications(episode, policy, now), why)


def _sentence_keys(matched: Matched) -> set[str]:
    return {identity(matched.article_id, hit.sentence_id)[:16] for hit in matched.match.hits}


def _is_closed(episode: Episode, policy: RulePolicy, now: datetime) -> bool:
    return now - episode.last_match_at > timedelta(seconds=policy.quiet_after_seconds + policy.reopen_within_seconds)


def _open(matched: Matched, group: str, opened_seq: int, now: datetime) -> Episode:
    match = matched.match
    episode_id = identity(match.rule_id, group, opened_seq)
    return Episode(
        id=episode_id,
        rule_id=match.rule_id,
        rule_title=match.title,
        severity=match.severity,
        group=group,
        story_id=matched.story.id if matched.story else "",
        opened_seq=opened_seq,
        opened_at=now,
        last_match_at=now,
        updated_at=now,
        shadow=match.shadow,
        message=message(matched, kind="first", why="first", alerted_at=now, episode_id=episode_id, step=0),
    )


def _cause(episode: Episode, matched: Matched, policy: RulePolicy, now: datetime) -> tuple[str, tuple[str, ...]]:
    """Why this match rings or does not, and the facts that are news."""
    if matched.withheld:
        return matched.withheld, ()
    if not episode.step:
        return "first", ()
    brought = new_facts(matched.facts, frozenset(episode.told), frozenset(episode.readable))
    if now - episode.last_match_at > timedelta(seconds=policy.quiet_after_seconds):
        return "reopened", brought
    if policy.on_update != "material" and any(each.article_id == matched.article_id for each in episode.members):
        return ("new_facts" if policy.on_update == "always" else "folded"), brought
    return ("new_facts", brought) if brought else ("folded", ())


_KINDS: dict[str, tuple[Kind, Why]] = {
    "first": ("first", "first"),
    "new_facts": ("update", "new_facts"),
    "reopened": ("reopened", "reopened"),
}


def _joined(episode: Episode, matched: Matched, policy: RulePolicy, why: str, brought: Sequence[str], held: bool, now: datetime) -> Episode:
    """The episode with one more match counted; when it rings, with the message that people get."""
    rings = why in _KINDS
    members, article_count = _with_member(episode, matched, "held_back" if held else "rang" if rings else why, now)
    changes: dict[str, object] = {
        "updated_at": max(episode.updated_at, now),
        "members": members,
        "article_count": article_count,
        "sources": tuple(dict.fromkeys((*episode.sources, matched.source.owner or matched.source.id)))[:MAX_MEMBERS],
        "match_count": episode.match_count + 1,
        "matches": (*episode.matches, matched.match.id)[-MAX_KNOWN:],
        "sentences": tuple(dict.fromkeys((*episode.sentences, *sorted(_sentence_keys(matched)))))[-MAX_KNOWN:],
    }
    if matched.withheld:
        changes["withheld"] = {**episode.withheld, why: episode.withheld.get(why, 0) + 1}
        return msgspec.structs.replace(episode, **changes)
    changes |= {
        "last_match_at": max(episode.last_match_at, now),
        "shadow": False,
        "told": tuple(dict.fromkeys((*episode.told, *matched.facts)))[-MAX_FACTS:],
        "folded": episode.folded + (not rings),
        "held_back": episode.held_back + held,
    }
    if why == "reopened":
        changes["state"] = "reopened"
    elif episode.state in ("quiet", "closed"):
        changes["state"] = "firing"
    if rings:
        changes |= {"step": episode.step + 1, "readable": tuple(dict.fromkeys((*episode.readable, *matched.context)))[-MAX_FACTS:]}
        changes["message"] = _ringing(episode, matched, why, brought, article_count, len(changes["sources"]), now)  # type: ignore[arg-type]
    return msgspec.structs.replace(episode, **changes)


def _with_member(episode: Episode, matched: Matched, role: str, now: datetime) -> tuple[tuple[Member, ...], int]:
    """The members with this article newest, and how many articles there are. Of very many the first 50 and the newest are kept."""
    source = matched.source
    member = Member(
        article_id=matched.article_id,
        source_id=source.id,
        source_name=source.name or source.id,
        at=now,
        title=matched.title[:200],
        url=matched.url,
        country=source.country,
        owner=source.owner,
        revision=matched.revision,
        role=role,
    )
    others = tuple(each for each in episode.members if each.article_id != matched.article_id)
    is_new = len(others) == len(episode.members)
    members = (*others, member)
    if len(members) > MAX_MEMBERS:
        members = (*members[:50], *members[-(MAX_MEMBERS - 50) :])
    return members, episode.article_count + is_new


def _ringing(episode: Episode, matched: Matched, why: str, brought: Sequence[str], articles: int, sources: int, now: datetime) -> Message:
    kind, reason = _KINDS[why]
    return message(
        matched,
        kind=kind,
        why=reason,
        alerted_at=now,
        episode_id=episode.id,
        step=episode.step + 1,
        new_facts=tuple(NewFact(fact=each, words=matched.facts[each]) for each in brought),
        members=articles,
        sources=sources,
    )


def _notifications(episode: Episode, policy: RulePolicy, now: datetime) -> tuple[Notification, ...]:
    kind = episode.message.kind
    return tuple(
        notification(identity(episode.id, receiver, kind, episode.step), episode.message, episode, receiver, policy.route, now, now)
        for receiver in dict.fromkeys(policy.route)
    )


def notification(
    notification_id: str, message: Message, episode: Episode, receiver: str, route: Sequence[str], created_at: datetime, next_at: datetime
) -> Notification:
    """A pending notification that carries `message`."""
    return Notification(
        id=notification_id,
        episode_id=episode.id,
        rule_id=episode.rule_id,
        receiver=receiver,
        kind=message.kind,
        step=message.step,
        created_at=created_at,
        next_at=next_at,
        message=msgspec.structs.replace(message, notification_id=notification_id),
        route=tuple(route),
    )


def _held_back(state: Alerts, episode: Episode, policy: RulePolicy, now: datetime) -> tuple[Notification, ...]:
    """One digest per receiver: the one that still collects, or a new one that is sent when it has collected long enough."""
    last = episode.message
    held = HeldBack(episode_id=episode.id, headline=last.headline, url=last.url, source=last.source.name if last.source else "", at=now)
    digests = []
    for receiver in dict.fromkeys(policy.route):
        digest = state.open_storm(episode.rule_id, receiver)
        if digest is None or now >= digest.next_at:
            began = msgspec.structs.replace(last, kind="storm", why="storm", held_back=0, held=(), new_facts=())
            digest_id = identity(episode.id, receiver, "storm", episode.step)
            digest = notification(digest_id, began, episode, receiver, policy.route, now, now + STORM_COLLECTS)
        so_far = digest.message
        grown = msgspec.structs.replace(so_far, held_back=so_far.held_back + 1, held=(*so_far.held, held)[:MAX_HELD_LISTED])
        digests.append(msgspec.structs.replace(digest, message=grown))
    return tuple(digests)


def obey(state: Alerts, command: Command) -> Episode | None:
    """The episode with the command carried out; None when it is unknown or nothing changes. The first acknowledgement stands."""
    episode = state.episodes.get(command.episode_id)
    if episode is None or command.id in episode.commands:
        return None
    changes: dict[str, object] = {"commands": (*episode.commands, command.id)[-MAX_NOTES:]}
    if command.text:
        changes["notes"] = (*episode.notes, Note(by=command.by, text=command.text[:2_000], at=command.at))[-MAX_NOTES:]
    if command.kind == "acknowledge" and not episode.acknowledged_by:
        changes |= {"acknowledged_by": command.by or "somebody", "acknowledged_at": command.at}
    return msgspec.structs.replace(episode, **changes)


def settled(episode: Episode, policy: RulePolicy, now: datetime) -> Episode | None:
    """The episode with the state it has at `now` when that is another one than is stored, otherwise None."""
    still = now - episode.last_match_at
    quiet, reopen = timedelta(seconds=policy.quiet_after_seconds), timedelta(seconds=policy.reopen_within_seconds)
    state: EpisodeState = episode.state
    if still > quiet + reopen:
        state = "closed"
    elif still > quiet:
        state = "quiet"
    return msgspec.structs.replace(episode, state=state) if state != episode.state else None


def expired(state: Alerts, now: datetime, retention: timedelta = timedelta(days=30)) -> list[Episode | Notification]:
    """What can be forgotten: closed episodes and settled notifications untouched for `retention`.

    Safe while `retention` is longer than the topic `matches` is kept (7 days): every match that could still be delivered again
    belongs to an episode that was touched within that time.
    """
    before = now - retention
    episodes: list[Episode | Notification] = [
        each for each in state.episodes.values() if each.state == "closed" and each.updated_at < before
    ]
    return episodes + [each for each in state.notifications.values() if each.state in ("sent", "failed") and each.created_at < before]
