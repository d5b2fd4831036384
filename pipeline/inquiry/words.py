"""Short words for what stands in the records, the same in every command, report and answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.decisions import worded
from pipeline.episode import Episode, Matcher, Notification, Silence

# Held back for a message about several; behind the colon stands its id.
HELD = ("digest", "outside_hours", "throttled", "receiver_limit")
# So many of the episodes that joined a situation are named.
_MOST_JOINED = 5
# What a verdict on a notification that was not sent means; behind a colon may stand an id.
_VERDICTS = {
    "silence": "silenced",
    "inhibited_by": "inhibited by another episode",
    "outside_hours": "outside of the hours in which it may ring",
    "throttled": "the rule had rung too often within an hour",
    "receiver_limit": "the receiver had got too many messages within an hour",
    "digest": "the rule tells in digests",
    "shadow": "the rule is in shadow: recorded, nobody is told",
    "replay": "the article was replayed after a repair",
    "backfill": "the article is older than the source's first fetch",
    "late": "the article was published long ago, and the rule only records such ones",
    "acknowledged": "somebody had already acknowledged it",
    "no_receiver": "neither the rule nor a route names anybody",
}


def verdict_words(verdict: str, silences: Mapping[str, Silence] | None = None, zone: str = "UTC") -> str:
    """Why a notification was not sent, in words; a silence with author, end and reason."""
    cause, _, name = verdict.partition(":")
    silence = (silences or {}).get(name) if cause == "silence" else None
    if silence is not None:
        return f"silenced by {silence.author} until {stamp(silence.ends_at, zone)} (“{silence.reason}”, {silence.id[:10]})"
    words = _VERDICTS.get(cause, cause.replace("_", " "))
    return f"{words} ({name[:40]})" if name and cause not in HELD else words


def held_words(notification: Notification) -> str:
    """Why a notification waits for a message about several: its hours by name, with the holiday; a late article apart from a rule's digest."""
    cause = notification.verdict.partition(":")[0]
    if cause == "digest" and notification.because:
        return "its article was published long before we saw it, and the rule tells of such ones in a digest"
    return verdict_words(notification.verdict) + (f": {notification.because}" if notification.because else "")


def told_words(notification: Notification, silences: Mapping[str, Silence] | None = None, zone: str = "UTC") -> str:
    """What became of one message: to whom, when, with which answer."""
    to = notification.receiver + (f" (in place of {notification.stands_in_for})" if notification.stands_in_for else "")
    attempts = f" at attempt {notification.attempts}" if notification.attempts > 1 else ""
    twice = ", possibly twice" if notification.possible_duplicate else ""
    if notification.state == "sent":
        answer = f" (answer: {notification.answer})" if notification.answer else ""
        return f"{to}: {notification.kind} taken {stamp(notification.sent_at, zone)}{attempts}{twice}{answer}"
    if notification.state == "failed":
        return f"{to}: {notification.kind} failed after {notification.attempts} attempts: {notification.last_error or 'no reason known'}"
    if notification.state == "suppressed":
        why = verdict_words(notification.verdict, silences, zone)
        if notification.verdict.partition(":")[0] in HELD:
            due = stamp(notification.next_at, zone)
            return f"{to}: {notification.kind} held back for a message about several, due {due}: {held_words(notification)}"
        return f"{to}: {notification.kind} not sent: {why}" + (f": {notification.because}" if notification.because else "")
    why = f", because: {notification.last_error}" if notification.last_error else ""
    begun = "is being sent" if notification.state == "sending" else f"waits until {stamp(notification.next_at, zone)}"
    return f"{to}: {notification.kind} {begun}{why}"


def state_words(episode: Episode) -> str:
    """How the episode stands: "firing, false alarm (Anna), acknowledged by Boris"."""
    parts: Iterable[str] = (
        episode.state,
        f"{worded(episode.verdict)} ({episode.verdict_by})" if episode.verdict else "",
        f"acknowledged by {episode.acknowledged_by}" if episode.acknowledged_by else "",
        f"assigned to {episode.assigned_to}" if episode.assigned_to else "",
        f"merged into {episode.merged_into[:10]}" if episode.merged_into else "",
        situation_words(episode),
        "shadow" if episode.shadow else "",
        "exercise" if episode.exercise else "",
    )
    return ", ".join(each for each in parts if each)


def situation_words(episode: Episode) -> str:
    """Which situation it joined, or which episodes joined the one it leads; "" when it stands alone."""
    if episode.situation_id not in ("", episode.id):
        return f"joined the situation of {episode.situation_id[:10]}"
    situation = episode.situation
    if situation is None or situation.episode_count == 1:
        return ""
    newest = ", ".join(each[:10] for each in situation.episodes[-_MOST_JOINED:])
    others = situation.episode_count - 1
    older = "the newest " if others > _MOST_JOINED else ""
    return f"leads a situation that {others} other episode{'s' if others > 1 else ''} joined ({older}{newest})"


def part_words(situation_id: str, leader: Episode | None, zone: str = "UTC") -> str:
    """Of which situation an episode is a part, by the episode that leads it; None when the records no longer hold that one."""
    about = f"rule {leader.rule_id}, opened {stamp(leader.opened_at, zone)}" if leader else "no longer recorded"
    return f"part of the situation {situation_id[:10]} ({about})"


def matcher_words(matcher: Matcher) -> str:
    return f"{matcher.field} {'not ' if matcher.negative else ''}{' or '.join(matcher.values)}"


def silence_words(silence: Silence) -> str:
    """What a silence is about: "rule raketentest and source not blog"."""
    return " and ".join(matcher_words(each) for each in silence.matchers) or "nothing"


def stamp(at: datetime | None, zone: str = "UTC") -> str:
    """An instant for people in `zone`, to the second and with the zone; "never" for none."""
    if at is None:
        return "never"
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}"


def within(seconds: float) -> str:
    """A length for people: "4 s", "12 min", "3.5 h"."""
    for limit, size, unit in ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h")):
        if abs(seconds) < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"
