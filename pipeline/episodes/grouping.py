"""Which matches of one rule belong to one episode: those with the same group key."""

from __future__ import annotations

from pipeline.matched import Matched
from pipeline.policy import RulePolicy
from pipeline.routing.drill import is_exercise
from pipeline.rules.model import Flatline, GroupBy, Sequence, Spike

# The group of everything a rule matches.
WHOLE_RULE = "rule"


def group_of(matched: Matched, policy: RulePolicy) -> str:
    """The group that the match belongs to.

    Without `group_by` every article is a group of its own. A story is known by its id, or by the article's where there is none; every other value
    is written `field=value`. `country` is the publisher's, as in filters; `place` and `person` are the most salient ones of title, lead and matched sentences,
    a place being a country where nothing finer is named. Where there is none, the story stands in for it: what cannot be placed is not thrown together.

    For `spike`, `flatline` and a `sequence` a story says nothing (a wave is made of many stories): those count the whole rule, or what else is listed.
    """
    keys = group_keys(policy)
    # An exercise must not be counted to a real event whose words it borrows.
    if not policy.group_by or is_exercise(matched.source.id):
        return matched.article_id
    if keys == ("story",):
        return matched.group
    parts = {key: _value(matched, key) for key in keys if key != "rule"}
    return "|".join(matched.group if key == "story" else f"{key}={value}" for key, value in parts.items()) or WHOLE_RULE


def group_keys(policy: RulePolicy) -> tuple[GroupBy, ...]:
    """`group_by` as it applies under the rule's trigger."""
    if not isinstance(policy.trigger, Spike | Flatline | Sequence):
        return policy.group_by
    return tuple(key for key in policy.group_by if key != "story") or ("rule",)


def by_story(policy: RulePolicy) -> bool:
    """Whether the rule's episodes are stories, so that two stories can turn out to be one, and many can form a situation."""
    return group_keys(policy) == ("story",)


def _value(matched: Matched, key: GroupBy) -> str:
    source = matched.source
    match key:
        case "source":
            return source.id
        case "owner":
            return source.owner or source.id
        case "country":
            return source.country
        case "language":
            return matched.language
        case "place":
            return _subject(matched, "place") or _subject(matched, "country") or matched.group
        case "person":
            return _subject(matched, "person") or matched.group
    return matched.group


def _subject(matched: Matched, kind: str) -> str:
    """The most salient one; the first by name in records that were written before there were subjects."""
    names = matched.subjects or tuple(matched.facts)
    return next((each.partition(":")[2] for each in names if each.startswith(f"{kind}:")), "")
