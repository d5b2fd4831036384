"""What is happening in the demonstration, counted from the topics: distinct articles, so that a redelivery counts once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
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


@dataclass
class Tally:
    """Everything seen so far; keys make each thing count once. `stories` maps an article id to its story id."""

    collected: set[str] = field(default_factory=set)
    identified: set[str] = field(default_factory=set)
    repeats: set[str] = field(default_factory=set)
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
        where = f"{record.partition}/{record.offset}"
        if topic == topology.COLLECTED:
            self.collected.add(where)
            return
        value: dict[str, Any] = msgspec.json.decode(record.value)
        if topic == topology.IDENTIFIED:
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
            self.repeats.add(position)
        else:
            self.rejected[position] = outcome.get("reason", "")

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


class Follower:
    """Feeds a tally in a thread, from the beginning of the topics."""

    def __init__(self, settings: Settings) -> None:
        self.tally = Tally()
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
        kafka = self._settings.kafka
        names = {self._settings.topic(name): name for name in FOLLOWED}
        partitions = [broker.Partition(name, number) for name in names for number in broker.partitions_of(kafka, name)]
        consumer = broker.assigned_consumer(kafka, partitions)
        try:
            while not self._stop.is_set():
                for record in broker.polled(consumer, 200):
                    self.tally.take(names[record.topic], record)
        except Exception:  # the demonstration goes on without its counts; the reason must not be lost
            log.exception("the counts stopped")
        finally:
            consumer.close()
