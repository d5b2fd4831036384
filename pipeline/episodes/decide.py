"""One match: which episode it belongs to, what that changes, and whether people are told.

Deterministic in its arguments, so a replay makes the same ids: `now` is the instant of the match, never before that of an earlier one. A match id or a matched sentence that is known already
changes nothing, and what time has done since the episode was last looked at is caught up with first. So neither a second delivery nor the moment
at which the clock was last asked makes a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Episode, EpisodeState, identity
from pipeline.episodes import corrections, milestones, situations
from pipeline.episodes.case import Case
from pipeline.episodes.decision import Decision as Decision
from pipeline.episodes.decision import together
from pipeline.episodes.elapsed import Elapsed, elapsed
from pipeline.episodes.grouping import by_story, group_of
from pipeline.episodes.joining import heard, is_known, opened, withheld
from pipeline.episodes.lifecycle import OPEN, after
from pipeline.episodes.merging import leader_of, survivor
from pipeline.episodes.novelty import news
from pipeline.episodes.ringing import collected, drafted, intent, intent_about, rung
from pipeline.episodes.triggers import Judged, judged
from pipeline.matched import Matched
from pipeline.message import Kind, Why
from pipeline.policy import RulePolicy
from pipeline.rules import model


def decide(alerts: Alerts, matched: Matched, policy: RulePolicy, now: datetime, watchers: Sequence[RulePolicy] = ()) -> Decision:
    """What to write and to tell for one match. `watchers` are the live rules whose trigger is a `sequence`; others among them are passed over."""
    made = [_decided(Case(alerts, matched, policy, group_of(matched, policy), now), part=matched.match.rule_id)]
    for watcher in watchers:
        trigger = watcher.trigger
        watches = isinstance(trigger, model.Sequence) and matched.match.rule_id in trigger.rules
        if watches and watcher.live and watcher.rule_id != matched.match.rule_id:
            seen = watched_by(matched, watcher)
            made.append(_decided(Case(alerts, seen, watcher, group_of(seen, watcher), now), part=matched.match.rule_id))
    return together(made)


def watched_by(matched: Matched, watcher: RulePolicy) -> Matched:
    """The match as one of the rule that watches for it."""
    match = matched.match
    as_watcher = msgspec.structs.replace(
        match,
        id=identity("sequence", watcher.rule_id, match.id),
        rule_id=watcher.rule_id,
        rule_version="",
        title=watcher.title,
        severity=watcher.severity,
        shadow=watcher.shadow,
    )
    return msgspec.structs.replace(matched, match=as_watcher)


def _decided(case: Case, part: str) -> Decision:
    earlier = case.alerts.of(case.rule_id, case.matched.article_id, case.group)
    if corrections.is_notice(case.matched):
        return corrections.noticed(case, earlier)
    if any(is_known(each, case.matched) for each in earlier):
        return Decision()
    past = [elapsed(each, case.policy, case.now) for each in earlier]
    found = survivor(case, [each.episode for each in past])
    current = found.episode if case.state_of(found.episode) not in ("none", "closed") else None
    verdict = judged(case.alerts.memories, case.matched, case.policy, case.group, case.now, part)
    decision = _advanced(case, current, verdict)
    return _with_the_past(decision, past, found.merged, verdict)


def _with_the_past(decision: Decision, past: Sequence[Elapsed], merged: tuple[Episode, ...], verdict: Judged) -> Decision:
    """The decision with what was caught up with, and with the memory of the trigger."""
    newer = {each.id for each in (*decision.records, *merged)}
    caught_up = tuple(each.episode for each in past if each.whys and each.episode.id not in newer)
    wishes = {each.id: each for each in (*(each for episode in past for each in episode.intents), *decision.intents)}
    return Decision((*decision.records, *caught_up, *merged, *verdict.changed), tuple(wishes.values()), decision.why)


def _advanced(case: Case, current: Episode | None, verdict: Judged) -> Decision:
    reason = case.recorded_only
    if reason:
        return _recorded(case, current, reason)
    state = case.state_of(current)
    if verdict.why == "heard":
        return _ends_silence(case, current)
    if not verdict.satisfied and state not in OPEN:
        return _unsatisfied(case, current, verdict.why)
    if current is None or state == "pending":
        return _first(case, current)
    if state == "quiet":
        return _reopened(case, current)
    return _goes_on(case, current)


def _opened(case: Case, state: EpisodeState) -> Episode:
    seq = max((each.opened_seq for each in case.alerts.of_group(case.rule_id, case.group) if each.group == case.group), default=0) + 1
    return opened(case.matched, case.policy, case.group, seq, state, case.now)


def _recorded(case: Case, current: Episode | None, reason: str) -> Decision:
    """Written down and told to nobody. The first match of an episode leaves a message that is not sent, so that the question why has an answer."""
    each = isinstance(case.policy.trigger, model.Each)
    episode = withheld(current or _opened(case, "firing" if each else "pending"), case.matched, reason, case.now)
    if current is not None:
        return Decision((episode,), (), reason)
    wish = intent_about(episode, episode.message, case.policy, case.now, withheld=reason)
    return Decision((episode,), (wish,), reason)


def _unsatisfied(case: Case, current: Episode | None, why: str) -> Decision:
    """It counts towards the trigger: a pending episode waits. An episode that has fallen quiet is not woken by it."""
    if why != "pending":
        return Decision((), (), why)
    state = after(case.state_of(current), "match").state
    if current is not None and state == "quiet":
        still = heard(current, case.matched, "folded", current.state, case.now, tells=False)
        return Decision((msgspec.structs.replace(still, last_match_at=current.last_match_at),), (), "folded")
    return Decision((heard(current or _opened(case, "pending"), case.matched, "pending", "pending", case.now),), (), "pending")


def _ends_silence(case: Case, current: Episode | None) -> Decision:
    """A match of a rule that tells of silence: the silence is over."""
    if current is None:
        return Decision((), (), "heard")
    over = msgspec.structs.replace(
        heard(current, case.matched, "folded", "closed", case.now), abandoned="heard_again", updated_at=max(current.updated_at, case.now)
    )
    if not case.policy.notify.resolved:
        return Decision((over,), (), "heard")
    about = msgspec.structs.replace(drafted(over, case.matched, case.policy, "resolved", "resolved", (), case.now), step=over.step)
    return Decision((over,), (intent_about(over, about, case.policy, case.now, withheld=case.withheld),), "resolved")


def _first(case: Case, current: Episode | None) -> Decision:
    """The trigger is satisfied. A report of a situation that is known joins it; others tell people, at once or when siblings were collected."""
    base = current or _opened(case, "firing")
    base = msgspec.structs.replace(base, shadow=case.shadow)
    if by_story(case.policy) and (leader := situations.leader_for(case)) is not None:
        return situations.joined(case, base, leader)
    waits = case.policy.notify.first_wait_seconds > 0
    episode = heard(base, case.matched, "waiting" if waits else "rang", "firing", case.now)
    if by_story(case.policy):
        episode = msgspec.structs.replace(episode, situation=situations.begun(case))
    if not waits:
        return rings(case, episode, "first", "first", ())
    waiting = rung(episode, drafted(episode, case.matched, case.policy, "first", "first", (), case.now), case.now, case.matched.context)
    return Decision((situations.waiting(waiting, episode, case),), (), "waiting")


def _reopened(case: Case, current: Episode) -> Decision:
    leader = leader_of(case, current)
    if leader is not None and case.state_of(leader) in (*OPEN, "quiet"):
        return situations.continued(case, current, leader)
    episode = heard(current, case.matched, "rang", "reopened", case.now)
    return rings(case, episode, "reopened", "reopened", news(current, case.matched, case.policy).facts)


def _goes_on(case: Case, current: Episode) -> Decision:
    """A match of an episode that is under way."""
    state = after(current.state if current.state in OPEN else "firing", "match").state
    stays: EpisodeState = "reopened" if state == "reopened" else "firing"
    leader = leader_of(case, current)
    if leader is not None and case.state_of(leader) in (*OPEN, "quiet"):
        return situations.continued(case, current, leader)
    if current.waiting_until is not None:
        return Decision((collected(heard(current, case.matched, "folded", stays, case.now), current, case.matched),), (), "waiting")
    if not current.step or (current.shadow and not case.shadow):
        return _first(case, msgspec.structs.replace(current, told=(), readable=()) if current.shadow else current)
    if replaced := corrections.replaced(current, case.matched, case.policy):
        return corrections.corrected(case, heard(current, case.matched, "rang", stays, case.now), replaced)
    if situations.is_hot(current, case.now):
        return situations.grown(case, current, stays)
    brought = news(current, case.matched, case.policy)
    if brought.why is not None:
        return rings(case, heard(current, case.matched, "rang", stays, case.now), "update", brought.why, brought.facts)
    folded = heard(current, case.matched, "folded", stays, case.now)
    due_at = milestones.due_at(folded, case.policy)
    if due_at is not None and due_at <= case.now:
        return rings(case, folded, "update", "milestone", ())
    return Decision((folded,), (), "folded")


def rings(case: Case, episode: Episode, kind: Kind, why: Why, facts: Sequence[str]) -> Decision:
    """The episode, which has the match counted already, rings about it."""
    about = drafted(episode, case.matched, case.policy, kind, why, facts, case.now)
    after_it = milestones.passed(rung(situations.stirred(episode, case), about, case.now, case.matched.context), case.policy)
    wish = intent(after_it, case.policy, case.now, withheld=case.withheld, digest=case.digest)
    return Decision((after_it,), (wish,), why)
