"""Whether one more match of a known story is news.

New facts ring, repetition folds: a fact is news when it is in the title, the lead or a matched sentence, and in nothing that people were told or pointed to.
For an article that is a member already (a live blog, a revision) the rule says what an added sentence is worth: nothing (`ignore`), something when it
brings a new fact (`material`), or always a message.
"""

from __future__ import annotations

from typing import NamedTuple

from pipeline.episode import Episode
from pipeline.episodes.joining import member_of
from pipeline.facts import new_facts
from pipeline.matched import Matched
from pipeline.message import Why
from pipeline.policy import RulePolicy


class News(NamedTuple):
    """Why it rings, None when it does not, and the facts that are news."""

    why: Why | None
    facts: tuple[str, ...] = ()


def news(episode: Episode, matched: Matched, policy: RulePolicy) -> News:
    """What the match brings to an episode that people were told of."""
    facts = new_facts(matched.facts, frozenset(episode.told), frozenset(episode.readable))
    if member_of(episode, matched.article_id) is None:
        return News("new_facts" if facts else None, facts)
    match policy.notify.on_update:
        case "ignore":
            return News(None, facts)
        case "always":
            return News("new_text", facts)
    return News("new_text" if facts else None, facts)
