"""What every connector keeps to, whichever it is. A new one needs an example in `tests/connector_examples.py` and nothing else."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pydantic
import pytest

from connectors._collect.collector import Collector
from connectors._collect.records import cursor_of
from connectors._collect.restore import Memory
from pipeline import article, plugins, topology
from pipeline.errors import LagebildError
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Connector, Context
from pipeline.sections import SourceSettings
from pipeline.settings import Settings
from tests.connector_examples import EXAMPLES, TITLES, World, missing

NOW = datetime.now(UTC) + timedelta(hours=1)
NAMES = plugins.names("connectors")
Fetch = Callable[..., Batch]


@pytest.fixture(params=NAMES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return plugins.load("connectors", request.param)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(tmp_path, stack, NOW, lambda: str(request.getfixturevalue("kafka_servers")))


@pytest.fixture
def fetch(module: ModuleType, world: World) -> Fetch:
    options = module.Options.model_validate(EXAMPLES[module.__name__.rpartition(".")[2]](world))

    def fresh(cursor: dict[str, Any] | None = None) -> Batch:
        connector: Connector = module.create(options, Context("quelle", world.folder, now=lambda: NOW))
        try:
            return connector.fetch(cursor or {})
        finally:
            getattr(connector, "close", lambda: None)()

    return fresh


def test_every_connector_has_an_example() -> None:
    assert set(NAMES) == set(EXAMPLES)


def test_every_option_is_described_and_unknown_ones_are_refused(module: ModuleType) -> None:
    assert issubclass(module.Options, pydantic.BaseModel) and module.__doc__ and module.Options.__doc__
    for name, option in module.Options.model_fields.items():
        assert option.description, f"{module.__name__}: the option {name} has no description"
    assert module.Options.model_config.get("extra") == "forbid" and module.Options.model_config.get("frozen")
    json.dumps(module.Options.model_json_schema())


def test_the_first_fetch_brings_valid_articles_and_reasons(module: ModuleType, fetch: Callable[..., Batch]) -> None:
    batch = fetch()
    assert len(batch.articles) == 2 and len(batch.unreadable) == 1
    for each in batch.articles:
        assert article.decode(article.encode(each)) == each
        assert each.source.id == "quelle" and each.source.connector == module.__name__.rpartition(".")[2]
        assert each.clock.fetched_at == NOW and each.title
        assert each.dates.published_at is None and each.first_seen_at is None and each.revision == 0, "later stages fill these"
    assert len({each.id for each in batch.articles}) == 2
    assert {each.title for each in batch.articles} == TITLES or module.__name__.startswith("lagebild_plugins")
    for found in batch.unreadable:
        assert found.reason in set(Rejection) and found.detail and found.subject and found.original


def test_the_cursor_is_json_and_survives_it(fetch: Callable[..., Batch]) -> None:
    batch = fetch()
    assert json.loads(json.dumps(batch.cursor)) == dict(batch.cursor)


def test_nothing_comes_twice_when_the_own_cursor_comes_back(fetch: Callable[..., Batch]) -> None:
    cursor = json.loads(json.dumps(fetch().cursor))
    again = fetch(cursor)
    assert again.articles == () and again.unreadable == () and not again.more
    assert fetch(dict(again.cursor)).articles == ()


def test_the_same_state_of_the_world_gives_the_same_batch(fetch: Callable[..., Batch]) -> None:
    assert fetch() == fetch()


@pytest.mark.parametrize("cursor", [{"unknown": 1}, {"files": "", "seen": [], "etag": 5}])
def test_a_cursor_with_other_names_is_no_obstacle(fetch: Callable[..., Batch], cursor: dict[str, Any]) -> None:
    assert len(fetch(cursor).articles) == 2


def test_a_source_that_is_not_there_is_an_error_of_ours(module: ModuleType, world: World) -> None:
    options = module.Options.model_validate(missing(module.__name__.rpartition(".")[2], world))
    with pytest.raises(LagebildError, match=r"\w+ \w+ \w+"):
        module.create(options, Context("quelle", world.folder, now=lambda: NOW)).fetch({})


class Killed(BaseException):
    """The process is gone: nobody gets to do anything about it."""


class Journal:
    """Stands in for Kafka: what was confirmed is there for ever. Dies at one operation, before or after it had its effect."""

    def __init__(self, dies_at: int) -> None:
        self.log: list[tuple[str, str, bytes | None]] = []
        self.operations = 0
        self._dies_at = dies_at
        self._waiting: list[tuple[str, str, bytes | None]] = []

    def send(self, topic: str, key: str, value: bytes | None, *, headers: Any = ()) -> None:
        self._count()
        self._waiting.append((topic, key, value))

    def confirm(self, timeout_seconds: float = 0) -> None:
        self._count()
        self.log += self._waiting
        self._waiting = []
        self._count()

    def close(self) -> None:
        self._waiting = []

    def _count(self) -> None:
        self.operations += 1
        if self.operations == self._dies_at:
            self._waiting = []
            raise Killed

    def of(self, topic: str) -> list[tuple[str, bytes]]:
        return [(key, value) for where, key, value in self.log if where == topic and value is not None]

    def memory(self, connector: str) -> Memory:
        return Memory(cursors={key: cursor_of(value, connector) for key, value in self.of(topology.CURSORS)})


def _collected(settings: Settings, journal: Journal, connector: str) -> bool:
    """Whether the collector lived until everything was told; False when it was killed before."""
    ended, killed = threading.Event(), []

    class Enough(threading.Event):
        def is_set(self) -> bool:
            return bool(journal.of(topology.CURSORS) and journal.of(topology.HEALTH))

    def run() -> None:
        collector = Collector(settings, lambda: journal, restore=lambda: journal.memory(connector), now=lambda: NOW)
        try:
            collector.run(Enough())
        except Killed:
            killed.append(True)
            # The system takes back the ports of a process that is gone.
            for each in collector._sources:
                getattr(each.connector, "close", lambda: None)()
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    assert ended.wait(20)
    return not killed


@pytest.mark.timeout(180)
def test_a_death_at_any_moment_loses_nothing_and_repeats_keep_their_ids(module: ModuleType, world: World) -> None:
    name = module.__name__.rpartition(".")[2]
    source = SourceSettings(id="quelle", connector=name, every_seconds=0.2, options=EXAMPLES[name](world))
    settings = Settings(sources=[source], folder=world.folder)
    for moment in itertools.count(1):
        journal = Journal(moment)
        lived = _collected(settings, journal, name)
        _collected(settings, journal, name)
        found = [article.decode(value) for _, value in journal.of(topology.COLLECTED)]
        assert {each.title for each in found} == TITLES, moment
        assert len({each.id for each in found}) == 2, "what came twice has the same ids"
        assert len({key for key, _ in journal.of(topology.REJECTED)}) == 1, moment
        if lived:
            break
    assert moment > 8, "every send and confirmation was a moment to die"
