"""Episodes for tests of deciding and asking, and a desk of people: episodes, silences, a clock, and what is said about them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from pipeline.decisions import Obeyed, obeyed
from pipeline.episode import Command, Episode, Matcher, Member, Notification, Silence
from pipeline.message import Message, Origin
from pipeline.say import silencing
from tests.builders import NOON

MINUTE = timedelta(minutes=1)


def episode(id: str = "e1", **changes: Any) -> Episode:
    message = Message(
        notification_id="",
        episode_id=id,
        kind="first",
        why="first",
        alerted_at=NOON,
        headline="Nordkorea meldet einen Raketentest",
        source=Origin(id="tagesblatt", name="Tagesblatt", country="DE"),
    )
    plain = Episode(
        id=id,
        rule_id="raketentest",
        rule_title="Raketentests",
        severity="high",
        group="s1",
        opened_seq=1,
        opened_at=NOON - MINUTE,
        last_match_at=NOON,
        updated_at=NOON,
        message=message,
        story_id="s1",
    )
    return msgspec.structs.replace(plain, **changes)


def member(article_id: str, role: str = "rang", **changes: Any) -> Member:
    plain = Member(article_id=article_id, source_id="tagesblatt", source_name="Tagesblatt", at=NOON, title="Raketentest", role=role)
    return msgspec.structs.replace(plain, **changes)


def notification(id: str = "n1", episode_id: str = "e1", receiver: str = "desk", state: Any = "sent", **changes: Any) -> Notification:
    """A first message, taken at noon unless its state says otherwise."""
    plain = Notification(
        id=id,
        episode_id=episode_id,
        rule_id="raketentest",
        receiver=receiver,
        kind="first",
        step=1,
        created_at=NOON,
        next_at=NOON,
        message=episode(episode_id).message,
        state=state,
        attempts=1,
        sent_at=NOON + timedelta(seconds=2) if state == "sent" else None,
    )
    return msgspec.structs.replace(plain, **changes)


class Desk:
    """The records of a desk, and the clock."""

    def __init__(self, *episodes: Episode) -> None:
        self.episodes = {each.id: each for each in episodes or (episode(),)}
        self.silences: dict[str, Silence] = {}
        self.now = NOON
        self.said = 0

    def say(self, kind: Any, by: str = "Anna", **fields: Any) -> Obeyed:
        self.said += 1
        fields = {"episode_id": "e1", "id": f"c{self.said}", "at": self.now, **fields}
        return self.obey(Command(kind=kind, by=by, **fields))

    def obey(self, command: Command) -> Obeyed:
        found = obeyed(self, command, self.now)
        for each in found.records:
            if isinstance(each, Episode):
                self.episodes[each.id] = each
            else:
                self.silences[each.id] = each
        return found

    def silence(
        self, *matchers: Matcher, scope: str = "", by: str = "Anna", length: timedelta = 60 * MINUTE, reason: str = "drill"
    ) -> Obeyed:
        return self.obey(silencing(by, self.now, length, reason, matchers, episode_id=self.first.id, scope=scope))

    @property
    def first(self) -> Episode:
        return next(iter(self.episodes.values()))
