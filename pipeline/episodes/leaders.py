"""The leading episodes of each rule, found by what their situations are about, the most recently joined first."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pipeline.episode import Episode
from pipeline.episodes.profile import index_keys

# Under one name so many are looked at: in a storm of unlike events a search must not cost more and more.
MOST_FOUND = 32
# Situations that nothing joined for so long before the newest under the same name are not looked for any more.
_KEPT = timedelta(hours=24)
_PRUNE_AT = 1_024


class Leaders:
    """`put` and `drop` are the only changes. What it finds depends on the episodes alone, not on the order in which they were put."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, str], list[tuple[datetime, str]]] = {}

    def put(self, record: Episode, before: Episode | None) -> None:
        """Take in an episode, or its newer record in place of `before`."""
        if before is not None:
            if (
                before.situation is record.situation
                and before.merged_into == record.merged_into
                and before.situation_id == record.situation_id
            ):
                return
            self.drop(before)
        for name in _names(record):
            listed = self._at.setdefault((record.rule_id, name), [])
            insort(listed, (last_at(record), record.id))
            if len(listed) >= _PRUNE_AT and listed[-1][0] - listed[0][0] > _KEPT:
                del listed[: bisect_left(listed, (listed[-1][0] - _KEPT, ""))]

    def drop(self, record: Episode) -> None:
        """Forget the episode with what this record of it is about; one that is not listed is nothing to forget."""
        entry = (last_at(record), record.id)
        for name in _names(record):
            key = (record.rule_id, name)
            listed = self._at.get(key, [])
            place = bisect_left(listed, entry)
            if place < len(listed) and listed[place] == entry:
                del listed[place]
            if not listed:
                self._at.pop(key, None)

    def found(self, rule_id: str, names: Iterable[str], since: datetime) -> dict[str, None]:
        """The ids of the episodes that are listed under one of `names` and were added to since then."""
        return dict.fromkeys(each for name in names for each in self._newest(rule_id, name, since))

    def _newest(self, rule_id: str, name: str, since: datetime) -> Iterator[str]:
        listed = self._at.get((rule_id, name), [])
        for at, episode_id in reversed(listed[-MOST_FOUND:]):
            if at < since:
                return
            yield episode_id


def last_at(episode: Episode) -> datetime:
    """When something was added to the situation that the episode leads, or else to itself."""
    return (episode.situation.last_at if episode.situation else None) or episode.opened_at


def _names(record: Episode) -> Iterator[str]:
    leads = record.situation_id in ("", record.id) and not record.merged_into
    return index_keys(record.situation) if record.situation is not None and leads else iter(())
