"""Silences: who is meant, when they hold, and what one must say before it is accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from pipeline.episode import Episode, Silence
from pipeline.message import Message
from pipeline.policy import RulePolicy
from pipeline.routing.labels import Labels, labels
from pipeline.routing.model import Routing

# The ids of silences that stand in the rule folder begin so.
FROM_FILES = "file:"
_MOST_REASON_CHARACTERS = 500
# Clocks of people and of the alerter may differ by so much.
_TOLERANCE = timedelta(minutes=5)


def matches(silence: Silence, episode: Episode, policy: RulePolicy | None = None, message: Message | None = None) -> bool:
    """Whether the silence means this episode or, with `message`, this message of it. `policy` is where the rule's owner and tags stand."""
    return labels(episode, policy, message).fit(silence.matchers)


def is_active(silence: Silence, at: datetime) -> bool:
    return silence.ended_at is None and silence.starts_at <= at < silence.ends_at


def has_ended(silence: Silence, at: datetime) -> bool:
    return silence.ended_at is not None or silence.ends_at <= at


def known(recorded: Mapping[str, Silence], routing: Routing) -> dict[str, Silence]:
    """All silences by id: those that people made, and those of the files, which the files have the say about."""
    found = dict(recorded)
    for each in routing.silences:
        before = recorded.get(each.id)
        if before is None or before.ended_at is None:
            found[each.id] = each
    return found


def silencing(recorded: Iterable[Silence], alert: Labels, at: datetime) -> Silence | None:
    """The silence that stops the alert: of several the one that ends last."""
    found = [each for each in recorded if is_active(each, at) and alert.fit(each.matchers)]
    return max(found, key=lambda each: (each.ends_at, each.id)) if found else None


def objections(silence: Silence, routing: Routing, now: datetime) -> tuple[str, ...]:
    """Why the silence is not accepted, in words; empty when it is."""
    most = timedelta(seconds=routing.most_silence_seconds)
    checks = (
        (not silence.author.strip(), "a silence needs the name of whoever wants it"),
        (not silence.reason.strip(), "a silence needs a reason: those who come after you read it"),
        (
            len(silence.reason) > _MOST_REASON_CHARACTERS,
            f"the reason has {len(silence.reason)} characters; at most {_MOST_REASON_CHARACTERS}",
        ),
        (not silence.matchers or all(each.negative for each in silence.matchers), "a silence needs at least one thing that it is about"),
        (any(not each.values for each in silence.matchers), "a matcher needs at least one value"),
        (silence.ends_at <= silence.starts_at, "the silence ends before it begins"),
        (silence.ends_at <= now - _TOLERANCE, "the end of the silence is already over"),
        (silence.ends_at - silence.starts_at > most, f"the silence lasts longer than the {in_words(most)} that are allowed"),
    )
    return tuple(words for wrong, words in checks if wrong)


def in_words(length: timedelta) -> str:
    """A length such as `7 days` or `90 minutes`."""
    seconds = int(length.total_seconds())
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size and seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"
