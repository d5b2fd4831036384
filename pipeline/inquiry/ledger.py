"""What alerting has left in its topics: episodes, notifications, silences, decisions; with the questions that every inquiry asks of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from pipeline.decisions import is_running
from pipeline.episode import Audit, Episode, Notification, Silence
from pipeline.errors import LagebildError
from pipeline.inquiry.words import HELD


class NotOne(LagebildError):
    """What was asked for names none, or more than one."""


@dataclass(frozen=True)
class Ledger:
    """All of it by id; `audit` in the order of time. `unreadable` counts records that are none of ours."""

    episodes: Mapping[str, Episode] = field(default_factory=dict)
    notifications: Mapping[str, Notification] = field(default_factory=dict)
    silences: Mapping[str, Silence] = field(default_factory=dict)
    audit: tuple[Audit, ...] = ()
    unreadable: int = 0

    def episode(self, beginning: str) -> Episode:
        """The one episode whose id is, or begins with, `beginning`. Raises NotOne."""
        return self.episodes[_one(beginning, self.episodes, "episode", "lagebild alerts list --all")]

    def silence(self, beginning: str) -> Silence:
        """The one silence whose id is, or begins with, `beginning`. Raises NotOne."""
        return self.silences[_one(beginning, self.silences, "silence", "lagebild alerts silences")]

    def told(self, episode_id: str) -> tuple[Notification, ...]:
        """The notifications of the episode, in the order in which they were made."""
        return by_time(self._by_episode.get(episode_id, ()))

    @cached_property
    def _by_episode(self) -> dict[str, list[Notification]]:
        found: dict[str, list[Notification]] = {}
        for each in self.notifications.values():
            found.setdefault(each.episode_id, []).append(each)
        return found

    def carrier(self, notification: Notification) -> Notification | None:
        """The message about several that tells of one that was held back, once it is made."""
        cause, _, name = notification.verdict.partition(":")
        return self.notifications.get(name) if notification.state == "suppressed" and cause in HELD else None

    def decided(self, episode_id: str) -> tuple[Audit, ...]:
        """What was decided about the episode, also what was refused."""
        return tuple(each for each in self.audit if each.command.episode_id == episode_id)

    def of_article(self, article_id: str) -> tuple[Episode, ...]:
        """The episodes that the article belongs to, oldest first."""
        found = [each for each in self.episodes.values() if any(member.article_id == article_id for member in each.members)]
        return tuple(sorted(found, key=lambda each: (each.opened_at, each.id)))

    def running(self, at: datetime) -> tuple[Silence, ...]:
        """The silences that hold at that instant, the one that ends first first."""
        return tuple(sorted((each for each in self.silences.values() if is_running(each, at)), key=lambda each: (each.ends_at, each.id)))


def by_time(notifications: Iterable[Notification]) -> tuple[Notification, ...]:
    return tuple(sorted(notifications, key=lambda each: (each.created_at, each.receiver, each.id)))


def _one(beginning: str, known: Iterable[str], what: str, command: str) -> str:
    found = sorted(each for each in known if beginning and each.startswith(beginning))
    if beginning in found:
        return beginning
    if len(found) != 1:
        count = "no" if not found else str(len(found))
        raise NotOne(f"{count} {what}{'' if len(found) == 1 else 's'} of which the id begins with {beginning!r}; `{command}` names them")
    return found[0]
