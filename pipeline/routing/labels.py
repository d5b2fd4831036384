"""What matchers look at: the labels of one alert."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from pipeline.episode import Episode, Matcher
from pipeline.message import Message
from pipeline.policy import RulePolicy


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of an alert: its episode, the rule's policy, the message; each may be missing. Looked up only where a matcher asks."""

    episode: Episode | None = None
    policy: RulePolicy | None = None
    message: Message | None = None

    def fit(self, matchers: Iterable[Matcher]) -> bool:
        """Whether all of `matchers` hold. A value that ends with * stands for all that begin like it."""
        return all(self._has(each) != each.negative for each in matchers)

    def _has(self, matcher: Matcher) -> bool:
        present = _VALUES[matcher.field](self)
        return any(
            (value in present and value != "") or (value.endswith("*") and any(each and each.startswith(value[:-1]) for each in present))
            for value in matcher.values
        )


def labels(episode: Episode, policy: RulePolicy | None = None, message: Message | None = None) -> Labels:
    """The labels of one message of the episode or, without `message`, of the episode: then the sources of all its articles count."""
    return Labels(episode, policy, message)


def labels_of_rule(policy: RulePolicy) -> Labels:
    """What is known before anything has matched: for messages about a rule, not about an episode."""
    return Labels(None, policy)


def _rule(alert: Labels) -> Collection[str]:
    return (alert.episode.rule_id,) if alert.episode else (alert.policy.rule_id,) if alert.policy else ()


def _severity(alert: Labels) -> Collection[str]:
    return (alert.episode.severity,) if alert.episode else (alert.policy.severity,) if alert.policy else ()


def _tags(alert: Labels) -> Collection[str]:
    return (*(alert.episode.tags if alert.episode else ()), *(alert.policy.tags if alert.policy else ()))


def _owner(alert: Labels) -> Collection[str]:
    return (alert.policy.owner,) if alert.policy else ()


def _of_episode(value: Callable[[Episode], str]) -> Callable[[Labels], Collection[str]]:
    return lambda alert: (value(alert.episode),) if alert.episode else ()


def _sources(alert: Labels) -> Collection[str]:
    if alert.message is not None:
        return (alert.message.source.id,) if alert.message.source else ()
    return [each.source_id for each in alert.episode.members] if alert.episode else ()


def _countries(alert: Labels) -> Collection[str]:
    if alert.message is not None:
        return (alert.message.source.country,) if alert.message.source else ()
    return [each.country for each in alert.episode.members] if alert.episode else ()


def _kind(alert: Labels) -> Collection[str]:
    told = alert.message or (alert.episode.message if alert.episode else None)
    return (told.kind,) if told else ()


_VALUES: dict[str, Callable[[Labels], Collection[str]]] = {
    "rule": _rule,
    "tag": _tags,
    "severity": _severity,
    "owner": _owner,
    "episode": _of_episode(lambda each: each.id),
    "story": _of_episode(lambda each: each.story_id),
    "source": _sources,
    "country": _countries,
    "kind": _kind,
}
