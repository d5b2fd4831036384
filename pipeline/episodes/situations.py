"""Many episodes, one event: which of them form a situation, and when a situation rings.

**Who belongs.** Near-duplicates are gathered into stories before; independent reports of one event are not, and in other languages never. An episode that
opens joins a situation of its rule that something joined within the last 30 minutes (and that is no older than 12 hours: a war is not one event) when

1. it names one of the places the situation is about (named by a quarter of its reports; places within 15 km are one: districts, alternative names), or
2. it shares a place or a person, names no place that the situation does not know, and their countries fit (what was named by the way in one report
   of three is nothing that it is about), or
3. it shares a person the situation is about, and their countries fit, or
4. neither names a place, and the country is the same ("Nordkorea meldet Raketentest", "North Korea fires missile"); or only one of them names a place,
   and two publishers have told of the situation: by then a report without a place is far more probably one more than another event; or its whole text
   names a place that the situation is about; or
5. its places are other ones, but it says the same rare number (7.8, 1,347) about the same country; or they all lie abroad while it names the country the
   situation is about ("Tokyo condemns North Korea's launch"); or
6. it names nothing at all, and says the same rare number, or five publishers have told of the situation.

A place that stands on no map, and that the situation has not heard of, counts as none: it may be another name of a known one. Another place in the same
country is another event: it rings. In doubt two situations stay two: one message too many is a smaller fault than one too few.
Facts are counted in the country code and the map, never in words, so the three languages of one event meet.

**When it rings.** The first episode rings, and leads. A story with nothing beside it keeps the law of one story: every new fact rings. Once others have
joined, and while something came within 30 minutes, numbers drift from report to report and each is "new". What a shift leader wants then is: a change that
two publishers agree on (the first place at all needs one), and that matters: a number three times as large or as small as all that were told, a place more
than 50 km from the known ones, another country, person, date, or time. Between two messages lie at least 2, 30, 120 and 360 minutes; what comes
sooner is kept and told together when the time has passed, so it is late and never lost. After two hours without a message a single report with
another date, weekday or time of day rings at once: that is how a second event in the same place begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from pipeline.episode import Episode, EpisodeState, Situation
from pipeline.episodes import milestones
from pipeline.episodes.belonging import belonging
from pipeline.episodes.case import Case
from pipeline.episodes.decision import Decision
from pipeline.episodes.elapsed import Elapsed, elapsed
from pipeline.episodes.joining import MAX_FACTS, heard, member_of
from pipeline.episodes.lifecycle import OPEN
from pipeline.episodes.materiality import is_second_event, material
from pipeline.episodes.profile import reported, search_keys
from pipeline.episodes.ringing import MAX_NEW_FACTS, drafted, intent, rung
from pipeline.facts import new_facts
from pipeline.message import Message
from pipeline.routing.drill import is_exercise

HOT = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
GAPS = tuple(timedelta(minutes=each) for each in (2, 30, 120, 360))
MAX_EPISODES = 500
MAX_HEARD = 300


def begun(case: Case) -> Situation:
    """The situation of an episode that rings first, alone so far."""
    return reported(Situation(last_at=case.now, messages=1), case.matched)


def leader_for(case: Case) -> Episode | None:
    """The episode that leads the situation that the match's episode joins as it opens; None when it stands for itself, as every exercise does."""
    if is_exercise(case.matched.source.id):
        return None
    found = case.alerts.leaders(case.rule_id, search_keys(case.matched), case.now - HOT)
    best, best_rank = None, (0, 0)
    for each in found:
        fits = case.state_of(each) in OPEN and each.shadow == case.shadow and not each.exercise and case.now - each.opened_at <= LONGEST
        rank = belonging(each, case.matched) if fits else 0
        size = len(each.situation.owners) if each.situation else 0
        if rank and (rank, size) > best_rank:
            best, best_rank = each, (rank, size)
    return best


def is_hot(episode: Episode, now: datetime) -> bool:
    """Whether others have joined the episode, and something came within half an hour."""
    situation = episode.situation
    return situation is not None and situation.episode_count > 1 and situation.last_at is not None and now - situation.last_at <= HOT


def stirred(episode: Episode, case: Case) -> Episode:
    """The episode after a message by the law of one story. When it had cooled down, its gaps begin anew."""
    situation = episode.situation
    if situation is None or situation.episode_count == 1:
        return episode
    fresh = msgspec.structs.replace(situation, messages=1, heard={}, draft=None, due_at=None, last_at=case.now)
    return msgspec.structs.replace(episode, situation=fresh)


def waiting(rung_episode: Episode, episode: Episode, case: Case) -> Episode:
    """The episode with its first message made and not sent yet: it collects siblings."""
    until = case.now + timedelta(seconds=case.policy.notify.first_wait_seconds)
    return msgspec.structs.replace(rung_episode, step=episode.step, last_rang_at=episode.last_rang_at, waiting_until=until)


def joined(case: Case, episode: Episode, leader: Episode) -> Decision:
    """The episode opens as part of the situation."""
    past = elapsed(leader, case.policy, case.now)
    leader = past.episode
    sibling = msgspec.structs.replace(heard(episode, case.matched, "folded", "firing", case.now), situation_id=leader.id)
    situation = leader.situation or Situation()
    grown_by = msgspec.structs.replace(
        reported(situation, case.matched),
        episodes=(*situation.episodes, sibling.id)[-MAX_EPISODES:],
        episode_count=situation.episode_count + 1,
        articles=situation.articles + sibling.article_count,
    )
    return _after(past, _told_by(case, sibling, _kept_alive(leader, grown_by, case), "joined"))


def continued(case: Case, episode: Episode, leader: Episode) -> Decision:
    """A further match of an episode that belongs to another one's situation."""
    past = elapsed(leader, case.policy, case.now)
    situation = past.episode.situation or Situation()
    is_new = member_of(episode, case.matched.article_id) is None
    sibling = heard(episode, case.matched, "folded", "firing", case.now)
    grown_by = msgspec.structs.replace(situation, articles=situation.articles + is_new)
    return _after(past, _told_by(case, sibling, _kept_alive(past.episode, grown_by, case), "folded"))


def _after(past: Elapsed, decision: Decision) -> Decision:
    """The decision, after what time had done to the leader before."""
    return Decision(decision.records, (*past.intents, *decision.intents), decision.why)


def grown(case: Case, episode: Episode, state: EpisodeState) -> Decision:
    """A further match of the leading episode's own story while its situation is hot."""
    counted = heard(episode, case.matched, "folded", state, case.now, tells=False)
    return _told_by(case, None, _kept_alive(counted, counted.situation or Situation(), case), "folded")


def _kept_alive(leader: Episode, situation: Situation, case: Case) -> Episode:
    return msgspec.structs.replace(
        leader,
        situation=situation,
        situation_id=leader.id,
        updated_at=max(leader.updated_at, case.now),
    )


def _told_by(case: Case, sibling: Episode | None, leader: Episode, quiet_word: str) -> Decision:
    """The sibling counted, and the leader rings, keeps something for later, or only grows."""
    was_hot = is_hot(leader, case.now)
    reopens = case.state_of(leader) == "quiet"
    situation = leader.situation or Situation()
    facts = new_facts(case.matched.facts, frozenset(leader.told), frozenset(leader.readable))
    alive = msgspec.structs.replace(
        leader, last_match_at=max(leader.last_match_at, case.now), state="reopened" if reopens else leader.state
    )
    if leader.waiting_until is not None:
        return _counts(case, sibling, alive, situation, quiet_word)
    if reopens or not was_hot:
        if facts or reopens:
            return _rings(case, sibling, alive, facts, stirs=True)
        return _counts(case, sibling, alive, situation, quiet_word)
    owner = case.matched.source.owner or case.matched.source.id
    agreed = [each for each in facts if situation.heard.get(each, owner) != owner]
    told = material(leader, case.matched, facts, agreed)
    situation = msgspec.structs.replace(situation, heard=_with_heard(situation, facts, owner))
    if is_second_event(leader, facts, case.now):
        return _rings(case, sibling, msgspec.structs.replace(alive, situation=situation), facts)
    if not told:
        return _counts(case, sibling, alive, situation, quiet_word)
    free_at = (leader.last_rang_at or leader.opened_at) + GAPS[min(max(situation.messages, 1), len(GAPS)) - 1]
    if case.now >= free_at:
        return _rings(case, sibling, msgspec.structs.replace(alive, situation=situation), told)
    draft = _with_earlier(drafted(alive, case.matched, case.policy, "update", "new_facts", told, case.now), situation.draft)
    return _counts(case, sibling, alive, msgspec.structs.replace(situation, draft=draft, due_at=free_at), quiet_word)


def _counts(case: Case, sibling: Episode | None, leader: Episode, situation: Situation, why: str) -> Decision:
    stays = msgspec.structs.replace(leader, situation=msgspec.structs.replace(situation, last_at=case.now))
    return Decision((stays,) if sibling is None else (sibling, stays), (), why)


def _rings(case: Case, sibling: Episode | None, leader: Episode, facts: Iterable[str], *, stirs: bool = False) -> Decision:
    """The leader rings about the match: it is the situation's voice, so that one thread has all of it."""
    told = tuple(facts)
    about = drafted(
        leader, case.matched, case.policy, "reopened" if leader.state == "reopened" and stirs else "update", "new_facts", told, case.now
    )
    if about.kind == "reopened":
        about = msgspec.structs.replace(about, why="reopened")
    situation = leader.situation or Situation()
    about = _with_earlier(about, situation.draft)
    settled = msgspec.structs.replace(
        situation,
        last_at=case.now,
        messages=1 if stirs else situation.messages + 1,
        heard={} if stirs else {key: owner for key, owner in situation.heard.items() if key not in told},
        draft=None,
        due_at=None,
    )
    after = msgspec.structs.replace(
        leader,
        situation=settled,
        told=tuple(dict.fromkeys((*leader.told, *case.matched.facts, *(each.fact for each in about.new_facts))))[-MAX_FACTS:],
    )
    after = milestones.passed(rung(after, about, case.now, case.matched.context), case.policy)
    wish = intent(after, case.policy, case.now, withheld=case.withheld, digest=case.digest)
    records = (after,) if sibling is None else (_pointed_to(sibling, case), after)
    return Decision(records if sibling is not None else (_pointed_to(after, case),), (wish,), about.why)


def _pointed_to(episode: Episode, case: Case) -> Episode:
    """The episode whose newest member is what people were pointed to."""
    member = member_of(episode, case.matched.article_id)
    if member is None:
        return episode
    rang = msgspec.structs.replace(member, role="rang", rang=True, facts=dict(case.matched.facts))
    return msgspec.structs.replace(
        episode, members=tuple(rang if each.article_id == member.article_id else each for each in episode.members)
    )


def _with_heard(situation: Situation, facts: Iterable[str], owner: str) -> dict[str, str]:
    fresh = {each: owner for each in facts if each not in situation.heard}
    return dict(list({**situation.heard, **fresh}.items())[-MAX_HEARD:])


def _with_earlier(about: Message, earlier: Message | None) -> Message:
    """The message with what an earlier draft was to tell as well."""
    if earlier is None:
        return about
    told = {each.fact: each for each in (*earlier.new_facts, *about.new_facts)}
    return msgspec.structs.replace(about, new_facts=tuple(told.values())[-MAX_NEW_FACTS:])
