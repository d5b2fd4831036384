"""The states of an episode, as a table.

    none ── match ──► pending ── triggered ──► firing ── nothing for quiet_after ──► quiet ── nothing for reopen_within ──► closed
      ▲                  │                       ▲  ▲                                  │ triggered
      └──── over ────────┘                       │  └──────────── reopened ◄───────────┘
      └──── triggered ───────────────────────────┘

`quiet` is over, and a further match within `reopen_within` opens it again; `closed` is final, a further match opens another episode. `reopened` is `firing`
for the second time. People's decisions change no state. The stored state is for people to see: deciding goes by the times (`state_at`), so it does not
matter when the clock wrote it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from pipeline.episode import Episode, EpisodeState
from pipeline.message import Kind
from pipeline.policy import RulePolicy

State = Literal["none", "pending", "firing", "quiet", "closed", "reopened"]
Event = Literal[
    "match",  # a match that does not satisfy the trigger
    "triggered",  # one that does
    "news",  # one that brings new facts or text
    "milestone",
    "over",  # the trigger's window has passed
    "still",  # no match for quiet_after
    "settled",  # none for reopen_within after that
    "merged",  # another episode goes on with its story
    "acknowledged",
    "assigned",
    "noted",
    "judged",
    "silenced",
]
PEOPLE: tuple[Event, ...] = ("acknowledged", "assigned", "noted", "judged", "silenced")
OPEN: frozenset[State] = frozenset(("firing", "reopened"))


class Step(NamedTuple):
    """What follows: the state, and what kind of message people get, if any. `resolved` only for rules that ask for it."""

    state: State
    kind: Kind | None = None


_TABLE: dict[tuple[State, Event], Step] = {
    ("none", "match"): Step("pending"),
    ("none", "triggered"): Step("firing", "first"),
    ("pending", "match"): Step("pending"),
    ("pending", "triggered"): Step("firing", "first"),
    ("pending", "over"): Step("none"),
    ("firing", "match"): Step("firing"),
    ("firing", "triggered"): Step("firing"),
    ("firing", "news"): Step("firing", "update"),
    ("firing", "milestone"): Step("firing", "update"),
    ("firing", "still"): Step("quiet", "resolved"),
    ("quiet", "match"): Step("quiet"),
    ("quiet", "triggered"): Step("reopened", "reopened"),
    ("quiet", "settled"): Step("closed"),
    ("closed", "match"): Step("pending"),
    ("closed", "triggered"): Step("firing", "first"),
}
_STATES: tuple[State, ...] = ("none", "pending", "firing", "quiet", "closed", "reopened")
# A reopened episode does what a firing one does, and stays called so.
_TABLE |= {
    ("reopened", event): Step("reopened" if step.state == "firing" else step.state, step.kind)
    for (state, event), step in list(_TABLE.items())
    if state == "firing"
}
_TABLE |= {(state, event): Step(state) for state in _STATES if state != "none" for event in PEOPLE}
_TABLE |= {(state, "merged"): Step("closed") for state in _STATES if state != "none"}


def after(state: State, event: Event) -> Step:
    """What follows on `event` in `state`. Raises KeyError for an event that cannot happen there: nothing that is not, can be judged."""
    return _TABLE[state, event]


def state_at(episode: Episode | None, policy: RulePolicy, now: datetime) -> State:
    """The state that `episode` has at `now`, whatever is stored. What is stored as closed for another reason than time stays closed."""
    if episode is None:
        return "none"
    if episode.merged_into or is_abandoned(episode):
        return "closed"
    if episode.state == "pending":
        return "pending" if now < over_at(episode, policy) else "none"
    still = now - episode.last_match_at
    quiet = timedelta(seconds=policy.quiet_after_seconds)
    if still > quiet + timedelta(seconds=policy.reopen_within_seconds):
        return "closed"
    if still > quiet:
        return "quiet"
    return "reopened" if episode.state == "reopened" else "firing"


def over_at(episode: Episode, policy: RulePolicy) -> datetime:
    """When a pending episode expires: nothing that its trigger counts is left then."""
    return episode.last_match_at + timedelta(seconds=window_seconds(policy))


def is_abandoned(episode: Episode) -> bool:
    """Whether it was closed for good before its time: its trigger never came, its only report was withdrawn, or the silence it told of ended."""
    return episode.state == "closed" and episode.abandoned != ""


def window_seconds(policy: RulePolicy) -> float:
    """How far the trigger looks back; 0 for one that needs no memory."""
    trigger = policy.trigger
    return float(
        getattr(trigger, "over_seconds", 0) or getattr(trigger, "window_seconds", 0) or getattr(trigger, "memory_seconds", 0)
    ) + float(getattr(trigger, "lateness_seconds", 0))


def stored(state: State) -> EpisodeState:
    """The word that is stored: a pending episode whose trigger never came is closed, for records are not taken back."""
    return "closed" if state == "none" else state
