"""What Faust would lose on its own: a worker whose stage raises, hangs, is killed in the middle of a batch, or writes what the broker refuses."""

from __future__ import annotations

import random
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from pipeline import agents, broker, supervise, topology
from pipeline.embedded.leash import Child
from pipeline.embedded.servers import Servers
from pipeline.outcome import rejected_from
from tests.faults.system import System, configuration, until

RECORDS = 400
BATCH = 50
STALLED_SECONDS = 5


class Desk:
    """Numbers in `articles.deduplicated`, and a worker that is to pass all of them on."""

    def __init__(self, config: Path) -> None:
        self.system = System(config)
        self.settings = self.system.settings
        self._started: list[Child] = []

    def put(self, records: int = RECORDS, partition: int | None = None, first: int = 0, size_bytes: int = 1) -> None:
        publisher = broker.Publisher(self.settings.kafka)
        for number in range(first, first + records):
            value = str(number).encode().ljust(size_bytes)
            publisher.send(self.settings.topic(topology.DEDUPLICATED), str(number), value, partition=partition)
        publisher.confirm()
        publisher.close()

    def start(self, behaviour: str = "well", number: int = -1) -> Child:
        arguments = [sys.executable, "-m", "tests.faults.held_worker", str(self.system.config), behaviour, str(number)]
        command = replace(supervise.command("worker", self.system.config), arguments=arguments)
        self._started.append(Child(command, self.system.log("worker")))
        return self._started[-1]

    def arrived(self, topic: str = topology.ENRICHED) -> list[broker.Record]:
        return list(broker.read_to_end(self.settings.kafka, self.settings.topic(topic)))

    def has_arrived(self, records: int = RECORDS) -> bool:
        return {each.value for each in self.arrived()} >= {str(number).encode() for number in range(records)}

    def committed(self) -> dict[int, int]:
        return {each.partition: each.committed or 0 for each in broker.lag(self.settings, agents.GROUP, [topology.DEDUPLICATED])}

    def committed_everything(self) -> bool:
        return not any(each.records for each in broker.lag(self.settings, agents.GROUP, [topology.DEDUPLICATED]))

    def lost(self) -> list[bytes]:
        """The records below the committed offsets that did not arrive: empty, or something is lost for good."""
        committed = self.committed()  # first: what arrives afterwards can only help
        values = {each.value for each in self.arrived()}
        source = broker.read_to_end(self.settings.kafka, self.settings.topic(topology.DEDUPLICATED))
        return [each.value or b"" for each in source if each.offset < committed[each.partition] and each.value not in values]

    def close(self) -> None:
        for each in self._started:
            each.kill()
        assert not Path(f"{self.settings.topic(agents.GROUP)}-data").exists(), "a worker writes nothing where it is started"


@pytest.fixture
def desk(tmp_path: Path, servers: Servers, request: pytest.FixtureRequest) -> Generator[Desk]:
    stalled_seconds = getattr(request, "param", STALLED_SECONDS)
    made = Desk(configuration(tmp_path, servers.addresses, worker={"batch_articles": BATCH, "stalled_seconds": stalled_seconds}))
    try:
        yield made
    finally:
        made.close()
        print(made.system.tail(20))  # noqa: T201


def test_an_unforeseen_error_ends_the_worker_and_its_record_comes_again(desk: Desk) -> None:
    desk.put()
    first = desk.start("raise", 130)
    assert first.wait(40)
    assert first.exit_code == agents.EXIT_DEFECT
    assert desk.lost() == []
    assert not desk.has_arrived()
    desk.start()
    until(lambda: desk.has_arrived() and desk.committed_everything(), 40, "the next worker has passed on everything")


def test_a_worker_killed_in_the_middle_of_a_batch_has_acknowledged_nothing_of_it(desk: Desk, tmp_path: Path) -> None:
    desk.put()
    first = desk.start("hang", 130)
    until((tmp_path / "did-hang").exists, 40, "the worker is in the middle of a batch")
    first.kill()
    assert desk.lost() == []
    assert not desk.has_arrived()
    desk.start()
    until(lambda: desk.has_arrived() and desk.committed_everything(), 40, "the next worker has passed on everything")


def test_a_batch_that_is_being_tried_again_is_not_acknowledged_meanwhile(desk: Desk, tmp_path: Path) -> None:
    """Faust commits every second what a stream has read on from, unless it is told to acknowledge nothing by itself."""
    desk.put()
    first = desk.start("retry", 130)
    mark = tmp_path / "did-retry"
    until(lambda: mark.exists() and len(mark.read_text().splitlines()) >= 6, 40, "the batch was tried again for more than three seconds")
    assert desk.lost() == []
    first.kill()
    assert desk.lost() == []
    assert not desk.has_arrived()
    desk.start()
    until(lambda: desk.has_arrived() and desk.committed_everything(), 40, "the next worker has passed on everything")


def test_a_worker_that_hangs_ends_itself_and_the_next_one_goes_on(desk: Desk) -> None:
    desk.put()
    first = desk.start("hang", 130)
    assert first.wait(40), "a silent stall: alive, in the group, and nothing moves"
    assert first.exit_code == agents.EXIT_STALLED
    assert desk.lost() == []
    desk.start()
    until(lambda: desk.has_arrived() and desk.committed_everything(), 40, "the next worker has passed on everything")


def test_a_publish_that_the_broker_refuses_is_no_lost_record(desk: Desk) -> None:
    name = desk.settings.topic(topology.ENRICHED)
    admin = broker.admin_client(desk.settings.kafka)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": "1000"})])
    admin.close()
    desk.put()
    desk.start("swell", 130)
    until(desk.committed_everything, 40, "everything is acknowledged")
    assert desk.lost() == [b"130"]
    (rejected,) = desk.arrived(topology.REJECTED)
    assert rejected.value == b"130"
    assert rejected_from(rejected.headers).reason == "too_large"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("desk", [30], indirect=True)
def test_what_was_fetched_and_thrown_away_is_read_again(desk: Desk, tmp_path: Path, chance: random.Random) -> None:
    """Seen with two workers that start at once; here a client that throws away for certain, at the end of a partition too.

    It may throw away the same records several times: a worker that ends itself after five seconds would hide whether they are read again.
    """
    desk.put(RECORDS // 2)
    desk.start("forget", chance.randrange(10**6))
    until((tmp_path / "did-forget").exists, 40, "records were thrown away")
    desk.put(RECORDS // 2, first=RECORDS // 2)
    until(lambda: desk.has_arrived() and desk.committed_everything(), 90, "the same worker has passed on everything")
    assert desk.lost() == []
    assert len(desk.arrived()) == RECORDS, "and nothing twice"


def test_a_busy_partition_does_not_hold_up_the_others(desk: Desk) -> None:
    """Records as large as articles: what one fetch brings of a partition comes in one go, however small its records are."""
    desk.put(4_000, partition=0, size_bytes=3_000)
    desk.put(1, partition=1, first=9_999)
    desk.start("slow")
    until(lambda: any(each.key == b"9999" for each in desk.arrived()), 40, "the only record of the quiet partition has arrived")
    before = sum(each.key != b"9999" for each in desk.arrived())
    assert before < 1_000, f"{before} records of the busy partition came first"
