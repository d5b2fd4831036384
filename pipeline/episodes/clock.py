"""What time alone does to all episodes, and the silence that flatline rules tell of.

It is to be asked when nothing waits to be read: with matches still on their way, silence is not silence. It reads no clock; `now` is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Episode, identity
from pipeline.episodes import memory as memories
from pipeline.episodes.decision import Decision
from pipeline.episodes.elapsed import elapsed, next_at
from pipeline.episodes.grouping import WHOLE_RULE, group_keys
from pipeline.episodes.memory import TriggerMemory
from pipeline.episodes.ringing import intent, rung
from pipeline.message import Message
from pipeline.policy import RulePolicy
from pipeline.rules.model import Flatline

PolicyOf = Callable[[str], RulePolicy]


def tend(alerts: Alerts, policy_of: PolicyOf, rule_ids: Iterable[str], now: datetime) -> Iterator[Decision]:
    """What to write and to tell because time has passed: at most one decision for each episode and each silent group.

    Put the records of a decision before asking for the next one, or all at the end: it makes no difference. `rule_ids` are the rules to be
    watched for silence; those with another trigger are passed over.
    """
    _notice_changed_rules(alerts, policy_of)
    for episode_id in dict.fromkeys((*alerts.agenda.due(now), *list(alerts.agenda.restless))):
        episode = alerts.episodes.get(episode_id)
        if episode is None:
            alerts.agenda.drop(episode_id)
            continue
        policy = policy_of(episode.rule_id)
        due_at = next_at(episode, policy)
        alerts.agenda.schedule(episode_id, due_at)
        if due_at is not None and due_at <= now:
            after = elapsed(episode, policy, now, repeats=True)
            # Looked at again by the next round, whether or not the caller has put the record by then.
            alerts.agenda.put(episode_id, episode.rule_id)
            yield Decision((after.episode,), after.intents, after.whys[-1] if after.whys else "settled")
    for rule_id in rule_ids:
        policy = policy_of(rule_id)
        if isinstance(policy.trigger, Flatline):
            yield from _silences(alerts, rule_id, policy, policy.trigger, now)


def _notice_changed_rules(alerts: Alerts, policy_of: PolicyOf) -> None:
    for rule_id in alerts.agenda.rules():
        policy = policy_of(rule_id)
        known = alerts.agenda.policies.get(rule_id)
        if known is not policy and known != policy:
            alerts.agenda.policies[rule_id] = policy
            alerts.agenda.unsettle(rule_id)


def _silences(alerts: Alerts, rule_id: str, policy: RulePolicy, trigger: Flatline, now: datetime) -> Iterator[Decision]:
    """A rule counts as a whole from when it became active; other groups count from their first match."""
    groups = [WHOLE_RULE] if group_keys(policy) == ("rule",) else alerts.groups_remembered(rule_id)
    for group in groups:
        memory = alerts.memories.get(memories.memory_id(rule_id, group)) or memories.empty(rule_id, group, now)
        decision = _listened(alerts, policy, trigger, memory, now)
        if decision is not None:
            yield decision


def _listened(alerts: Alerts, policy: RulePolicy, trigger: Flatline, memory: TriggerMemory, now: datetime) -> Decision | None:
    if not policy.live:
        return Decision((msgspec.structs.replace(memory, since=None),), (), "disarmed") if memory.since is not None else None
    if memory.since is None:
        return Decision((msgspec.structs.replace(memory, since=now, updated_at=now, keep_seconds=trigger.over_seconds),), (), "armed")
    silent_at = _silent_at(memory, memory.since, trigger)
    if silent_at > now or memory.told_at == silent_at:
        return None
    rounds = max((memory.rounds, *(each.opened_seq for each in alerts.of_group(policy.rule_id, memory.group)))) + 1
    told = msgspec.structs.replace(memory, told_at=silent_at, rounds=rounds, updated_at=now)
    if _is_told(alerts, policy.rule_id, memory.group):
        return Decision((told,), (), "still_silent")
    episode = _silent_episode(policy, trigger, told, silent_at)
    return Decision((told, episode), (intent(episode, policy, silent_at),), "silent")


def _silent_at(memory: TriggerMemory, since: datetime, trigger: Flatline) -> datetime:
    """When the last `over_seconds` began to hold fewer than `lt` matches; never sooner than that long after the rule was armed."""
    enough = max(trigger.lt, 1)
    last = memory.entries[-enough].at if len(memory.entries) >= enough else since
    return max(last, since) + timedelta(seconds=trigger.over_seconds)


def _is_told(alerts: Alerts, rule_id: str, group: str) -> bool:
    return any(each.state in ("firing", "reopened") for each in alerts.of_group(rule_id, group))


def _silent_episode(policy: RulePolicy, trigger: Flatline, memory: TriggerMemory, at: datetime) -> Episode:
    episode_id = identity(policy.rule_id, memory.group, memory.rounds)
    about = Message(
        notification_id="",
        episode_id=episode_id,
        kind="first",
        why="silent",
        alerted_at=at,
        step=1,
        severity=policy.severity,
        rule_id=policy.rule_id,
        rule_title=policy.title,
        headline=policy.title,
        members=0,
        sources=0,
        tags=policy.tags,
        template=policy.notify.template,
        include=policy.notify.include,
        silent_since=memory.heard_at or memory.since,
    )
    episode = Episode(
        id=episode_id,
        rule_id=policy.rule_id,
        rule_title=policy.title,
        severity=policy.severity,
        tags=policy.tags,
        group=memory.group,
        opened_seq=memory.rounds,
        opened_at=at,
        last_match_at=at,
        updated_at=at,
        shadow=policy.shadow,
        message=about,
    )
    return rung(episode, about, at)
