"""One message about several alerts: storm digests, what came outside of hours, digests of rules, summaries of silences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Episode, Notification
from pipeline.message import Item, Kind, Message, Why
from pipeline.policy import RulePolicy
from pipeline.routing.model import Routing
from pipeline.routing.sent import Held
from pipeline.routing.wording import clock, say, top_rules
from pipeline.rules.model import SEVERITIES

MAX_ITEMS = 50
PolicyOf = Callable[[str], RulePolicy]


def about_held(held: Held, alerts: Alerts, policy_of: PolicyOf, routing: Routing) -> Notification:
    """What becomes of all that waits in `held`: one message, under its id, in a thread of its own."""
    waited = alerts.sent.held(held)
    language = routing.receiver(held.receiver).language or routing.language
    items = list_of(waited, alerts, language)
    if held.cause == "digest":
        items = in_order([*_compared(items, held, alerts, language), *_only_grown(items, held, alerts, language)])
    since = clock(held.began_at, routing.zone, held.due_at)
    count = len(items) if held.cause == "digest" else len(waited)
    headline = say(held.cause, language, count=count, since=since)
    is_storm = held.cause in ("throttled", "receiver_limit")
    more = _more([each.message.rule_title for each in waited], items, language, one_rule=bool(held.rule_id))
    return together(
        held.id,
        held.receiver,
        held.due_at,
        kind="storm" if is_storm else "digest",
        why="storm" if is_storm else "digest",
        headline=headline,
        text=more,
        items=items,
        held_back=len(waited) if held.cause != "digest" or len(items) > MAX_ITEMS else 0,
        rule_id=held.rule_id,
        rule_title=(policy_of(held.rule_id).title or waited[-1].message.rule_title) if held.rule_id and waited else "",
        language=language,
        route=tuple(dict.fromkeys(name for each in waited for name in each.route)),
        include=policy_of(held.rule_id).notify.include if held.rule_id else (),
    )


def together(
    made_id: str,
    receiver: str,
    at: datetime,
    *,
    kind: Kind,
    why: Why,
    headline: str,
    text: str,
    items: Sequence[Item],
    held_back: int,
    rule_id: str,
    rule_title: str,
    language: str,
    route: tuple[str, ...],
    include: tuple[str, ...] = (),
    next_at: datetime | None = None,
) -> Notification:
    """The pending notification; of very many items the first are listed."""
    message = Message(
        notification_id=made_id,
        episode_id=made_id,
        kind=kind,
        why=why,
        alerted_at=next_at or at,
        severity=max((each.severity for each in items), key=_rank, default=""),
        rule_id=rule_id,
        rule_title=rule_title,
        headline=headline,
        text=text,
        items=tuple(items[:MAX_ITEMS]),
        members=len(items),
        sources=0,
        held_back=held_back,
        reader_language=language,
        include=include,
    )
    return Notification(
        id=made_id,
        episode_id=made_id,
        rule_id=rule_id,
        receiver=receiver,
        kind=kind,
        step=1,
        created_at=at,
        next_at=next_at or at,
        message=message,
        route=route,
    )


def list_of(notifications: Iterable[Notification], alerts: Alerts, language: str) -> list[Item]:
    """One item for each episode, by its newest notification, in order of severity, then of distinct publishers."""
    newest: dict[str, Notification] = {}
    kinds: dict[str, dict[str, None]] = {}
    for each in notifications:
        newest[each.episode_id] = each
        kinds.setdefault(each.episode_id, {})[each.kind] = None
    return in_order(_item(each, tuple(kinds[name]), alerts.episodes.get(name), language) for name, each in newest.items())


def in_order(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda each: (-_rank(each.severity), -each.sources, each.at, each.episode_id))


def _rank(severity: str) -> int:
    known = [str(each) for each in SEVERITIES]
    return known.index(severity) if severity in known else -1


def _item(notification: Notification, kinds: Sequence[str], episode: Episode | None, language: str) -> Item:
    message = notification.message
    return Item(
        episode_id=notification.episode_id,
        rule_title=message.rule_title or notification.rule_id,
        severity=message.severity,
        headline=message.headline,
        at=notification.created_at,
        url=message.url,
        source=message.source.name if message.source else "",
        members=max(episode.article_count if episode else 0, message.members),
        sources=max(len(episode.sources) if episode else 0, message.sources),
        note=", ".join(each for each in (*_happened(kinds, language), *_decided(episode, language)) if each),
    )


def _happened(kinds: Sequence[str], language: str) -> list[str]:
    """New stays new, however often it rang; that it was taken back must be seen."""
    is_new = "first" in kinds
    return [say(each, language) for each in kinds if each == "first" or not is_new or each in ("corrected", "withdrawn")]


def _decided(episode: Episode | None, language: str) -> list[str]:
    if episode is None:
        return []
    acknowledged = say("acknowledged", language, by=episode.acknowledged_by) if episode.acknowledged_by else ""
    return [acknowledged, say(episode.verdict, language)]


def _listed_before(held: Held, alerts: Alerts) -> dict[str, Item]:
    before = alerts.sent.last_digest(held.rule_id, held.receiver)
    return {each.episode_id: each for each in before.message.items} if before else {}


def _compared(items: Sequence[Item], held: Held, alerts: Alerts, language: str) -> list[Item]:
    """The items, and how much those have grown that stood in the last digest."""
    before = _listed_before(held, alerts)
    return [_grown(each, before[each.episode_id], language) if each.episode_id in before else each for each in items]


def _grown(item: Item, before: Item, language: str) -> Item:
    if item.sources <= before.sources:
        return item
    words = say("grown", language, before=before.sources, now=item.sources)
    kept = [each for each in item.note.split(", ") if each and each != say("update", language)]
    return msgspec.structs.replace(item, note=", ".join((*kept, words)))


def _only_grown(items: Sequence[Item], held: Held, alerts: Alerts, language: str) -> list[Item]:
    """Episodes of the last digest that rang no more, but that more publishers report."""
    listed = {each.episode_id for each in items}
    found = []
    for name, before in _listed_before(held, alerts).items():
        episode = alerts.episodes.get(name)
        if name in listed or episode is None or len(episode.sources) <= before.sources:
            continue
        now = msgspec.structs.replace(before, members=episode.article_count, sources=len(episode.sources), note="")
        found.append(_grown(now, before, language))
    return found


def _more(titles: Sequence[str], items: Sequence[Item], language: str, *, one_rule: bool) -> str:
    left_out = len(items) - MAX_ITEMS
    parts = ("" if one_rule else top_rules(titles, language), say("left_out", language, count=left_out) if left_out > 0 else "")
    return " ".join(each for each in parts if each)
