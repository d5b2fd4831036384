"""What is happening in the demonstration, counted from the topics: distinct articles, so that a redelivery counts once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import structlog

from pipeline import broker, topology
from pipeline.settings import Settings

log = structlog.get_logger()

FOLLOWED = (
    topology.COLLECTED,
    topology.IDENTIFIED,
    topology.ENRICHED,
    topology.OUTCOMES,
    topology.MATCHES,
    topology.EPISODES,
    topology.NOTIFICATIONS,
)
# The topics that hold whole articles, with their source.
_ARTICLES = (topology.COLLECTED, topology.IDENTIFIED, topology.ENRICHED)


@dataclass
class Tally:
    """Everything seen so far; keys make each thing count once. `stories` maps an article id to its story id.

    `is_sample` tells by source id and article id what belongs to the samples; the ids of all other articles are in `others`.
    `collected` and `repeats` map a position to an article id, `identified` and `indexed` hold `<article id>:<revision>`.
    """

    is_sample: Callable[[str, str], bool] = lambda source_id, article_id: True
    others: set[str] = field(default_factory=set)
    collected: dict[str, str] = field(default_factory=dict)
    identified: set[str] = field(default_factory=set)
    repeats: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    indexed: set[str] = field(default_factory=set)
    articles: dict[str, dict[str, Any]] = field(default_factory=dict)
    stories: dict[str, str] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    matches: set[tuple[str, str, int]] = field(default_factory=set)
    episodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    notifications: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, topic: str, record: broker.Record) -> None:
        """Count one record."""
        if record.value is None:
            return
        value: dict[str, Any] = msgspec.json.decode(record.value)
        if topic in _ARTICLES:
            self._tell_apart(value)
        if topic == topology.COLLECTED:
            self.collected[f"{record.partition}/{record.offset}"] = str(value.get("id"))
        elif topic == topology.IDENTIFIED:
            self.identified.add(f"{value.get('id')}:{value.get('revision')}")
        elif topic == topology.ENRICHED:
            self._enriched(value)
        elif topic == topology.OUTCOMES:
            self._outcome(value)
        elif topic == topology.MATCHES:
            self.matches.add((value["match"]["rule_id"], value["article_id"], value.get("revision", 0)))
        elif topic == topology.EPISODES:
            self.episodes[(record.key or b"").decode()] = value
        elif topic == topology.NOTIFICATIONS:
            self.notifications[(record.key or b"").decode()] = value

    def _tell_apart(self, article: dict[str, Any]) -> None:
        if not self.is_sample(str((article.get("source") or {}).get("id")), str(article.get("id"))):
            self.others.add(str(article.get("id")))

    def _enriched(self, article: dict[str, Any]) -> None:
        self.articles[article["id"]] = article
        story = article.get("story")
        if story:
            self.stories[article["id"]] = story["id"]
            if story.get("opened_by") != article["id"]:
                self.members.add(article["id"])

    def _outcome(self, outcome: dict[str, Any]) -> None:
        position = str(outcome["position"])
        if outcome["exit"] == "passed":
            self.indexed.add(f"{outcome['article_id']}:{outcome.get('revision', 0)}")
            self.rejected.pop(position, None)
        elif outcome["exit"] == "dropped":
            self.repeats[position] = str(outcome.get("article_id"))
        else:
            self.rejected[position] = outcome.get("reason", "")

    def of_samples(self, rules: Collection[str]) -> Tally:
        """What belongs to the samples alone: their articles, and what they set off under `rules`, the ids of the samples' rules."""
        others = self.others
        articles = {key: each for key, each in self.articles.items() if key not in others}
        return replace(
            self,
            others=set(),
            collected={where: each for where, each in self.collected.items() if each not in others},
            identified={each for each in self.identified if each.rpartition(":")[0] not in others},
            repeats={where: each for where, each in self.repeats.items() if each not in others},
            indexed={each for each in self.indexed if each.rpartition(":")[0] not in others},
            articles=articles,
            stories={key: story for key, story in self.stories.items() if key not in others},
            members={key for key in self.members if key in articles and articles[key]["story"].get("opened_by") not in others},
            matches={each for each in self.matches if each[0] in rules and each[1] not in others},
            episodes={key: each for key, each in self.episodes.items() if each.get("rule_id") in rules and not _only_of(others, each)},
            notifications={
                key: each
                for key, each in self.notifications.items()
                if each["message"].get("rule_id") in rules and each["message"].get("article_id") not in others
            },
        )

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The notifications that went out."""
        return [each for each in self.notifications.values() if each.get("state", each.get("status")) == "sent"]

    def line(self) -> str:
        """The counts in one line, in the order of the flow."""
        return (
            f"{len(self.collected)} collected, {len(self.identified)} identified, {len(self.repeats)} repeats, {len(self.members)} story members, "
            f"{len(self.indexed)} indexed, {len(self.alerts)} alerts" + (f", {len(self.rejected)} rejected" if self.rejected else "")
        )


def _only_of(others: Collection[str], episode: dict[str, Any]) -> bool:
    members = [each["article_id"] for each in episode.get("members", ())]
    return bool(members) and all(each in others for each in members)


class Follower:
    """Feeds a tally in a thread, from the beginning of the topics."""

    def __init__(self, settings: Settings, is_sample: Callable[[str, str], bool] = lambda source_id, article_id: True) -> None:
        self.tally = Tally(is_sample)
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="tally", daemon=True)

    def start(self) -> Follower:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _follow(self) -> None:
        """Read until stopped. After a fault it begins again: everything counts once, however often it is read."""
        while not self._stop.is_set():
            try:
                self._read()
            except Exception as error:  # the demonstration goes on; Kafka may be on its way back
                log.warning("the counts begin again", why=repr(error)[:300])
                self._stop.wait(1)

    def _read(self) -> None:
        kafka = self._settings.kafka
        names = {self._settings.topic(name): name for name in FOLLOWED}
        partitions = [broker.Partition(name, number) for name in names for number in broker.partitions_of(kafka, name)]
        consumer = broker.assigned_consumer(kafka, partitions)
        try:
            while not self._stop.is_set():
                for record in broker.polled(consumer, 200):
                    self.tally.take(names[record.topic], record)
        finally:
            consumer.close()
