"""Everything the alerter knows, in memory, with the indexes that deciding needs: episodes, what triggers remember, silences, and `sent`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import chain

from pipeline.episode import Episode, Notification, Silence
from pipeline.episodes.agenda import Agenda
from pipeline.episodes.leaders import Leaders
from pipeline.episodes.memory import TriggerMemory
from pipeline.routing.sent import Sent

AlertRecord = Episode | TriggerMemory | Silence | Notification


class Alerts:
    """See the module's docstring. `put` and `drop` are the only changes; the order of putting does not matter.

    `agenda` knows which episodes have changed since the clock looked at them. It is no record, and is rebuilt by putting.
    """

    def __init__(self, *records: Iterable[AlertRecord]) -> None:
        self.episodes: dict[str, Episode] = {}
        self.memories: dict[str, TriggerMemory] = {}
        self.silences: dict[str, Silence] = {}
        self.sent = Sent()
        self.agenda = Agenda()
        self._by_group: dict[tuple[str, str], dict[str, None]] = {}
        self._by_article: dict[tuple[str, str], dict[str, None]] = {}
        self._rules_of_article: dict[str, dict[str, int]] = {}
        self._leaders = Leaders()
        self._memories_of: dict[str, dict[str, None]] = {}
        for record in chain.from_iterable(records):
            self.put(record)

    def put(self, record: AlertRecord) -> None:
        """Take in a new record, or a newer one in place of that with its id."""
        if isinstance(record, Notification):
            self.sent.put(record)
        elif isinstance(record, Silence):
            self.silences[record.id] = record
        elif isinstance(record, TriggerMemory):
            self.memories[record.id] = record
            self._memories_of.setdefault(record.rule_id, {})[record.group] = None
        else:
            self._put_episode(record)

    def drop(self, record: AlertRecord) -> None:
        """Forget the record with this id; an unknown one is nothing to forget."""
        if isinstance(record, Notification):
            self.sent.drop(record)
        elif isinstance(record, Silence):
            self.silences.pop(record.id, None)
        elif isinstance(record, TriggerMemory):
            self.memories.pop(record.id, None)
            self._memories_of.get(record.rule_id, {}).pop(record.group, None)
        elif (known := self.episodes.pop(record.id, None)) is not None:
            self.agenda.drop(known.id)
            self._leaders.drop(known)
            self._unlist(known, _places(known))

    def _put_episode(self, record: Episode) -> None:
        before = self.episodes.get(record.id)
        self.episodes[record.id] = record
        self.agenda.put(record.id, record.rule_id)
        self._leaders.put(record, before)
        places = _places(record)
        if before is not None:
            earlier = _places(before)
            self._unlist(before, earlier - places)
            places -= earlier
        for index, name in places:
            key = (record.rule_id, name)
            self._index(index).setdefault(key, {})[record.id] = None
            if index == "article":
                rules = self._rules_of_article.setdefault(name, {})
                rules[record.rule_id] = rules.get(record.rule_id, 0) + 1

    def _unlist(self, record: Episode, places: Iterable[tuple[str, str]]) -> None:
        for index, name in places:
            key = (record.rule_id, name)
            ids = self._index(index).get(key, {})
            ids.pop(record.id, None)
            if not ids:
                self._index(index).pop(key, None)
            if index == "article":
                self._unlist_rule(name, record.rule_id)

    def _unlist_rule(self, article_id: str, rule_id: str) -> None:
        rules = self._rules_of_article.get(article_id, {})
        rules[rule_id] = rules.get(rule_id, 0) - 1
        if rules[rule_id] <= 0:
            del rules[rule_id]
        if not rules:
            self._rules_of_article.pop(article_id, None)

    def _index(self, name: str) -> dict[tuple[str, str], dict[str, None]]:
        return self._by_group if name == "group" else self._by_article

    def of(self, rule_id: str, article_id: str, group: str) -> list[Episode]:
        """The episodes of the rule that this article or its group belongs to, oldest first, the article's own last. Merged ones are left out."""
        own = self._by_article.get((rule_id, article_id), {})
        found = [self.episodes[each] for each in {**self._by_group.get((rule_id, group), {}), **own}]
        listed = [each for each in found if not each.merged_into]
        return sorted(listed, key=lambda each: (each.id in own, each.opened_at, each.opened_seq, each.id))

    def of_group(self, rule_id: str, group: str) -> list[Episode]:
        """The episodes of this group, merged ones among them, oldest first."""
        found = [self.episodes[each] for each in self._by_group.get((rule_id, group), {})]
        return sorted(found, key=lambda each: (each.opened_at, each.opened_seq, each.id))

    def rules_of(self, article_id: str) -> tuple[str, ...]:
        """The rules that have an episode with this article, sorted."""
        return tuple(sorted(self._rules_of_article.get(article_id, {})))

    def groups_remembered(self, rule_id: str) -> tuple[str, ...]:
        """The groups of which the rule's trigger remembers something, sorted."""
        return tuple(sorted(self._memories_of.get(rule_id, {})))

    def leaders(self, rule_id: str, names: Iterable[str], since: datetime) -> list[Episode]:
        """The episodes of the rule that lead a situation, have one of `names` among its index keys and were added to since then, oldest first."""
        hot = [self.episodes[each] for each in self._leaders.found(rule_id, names, since)]
        return sorted(hot, key=lambda each: (each.opened_at, each.opened_seq, each.id))


def _places(record: Episode) -> set[tuple[str, str]]:
    """Where the episode stands in the indexes: the index, and the name in it."""
    return {("group", name) for name in (record.group, *record.groups)} | {("article", each.article_id) for each in record.members}
