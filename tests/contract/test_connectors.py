"""What every connector keeps to, whichever it is. A new one needs an entry in `EXAMPLES` and nothing else."""

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

from connectors._collect import Collector
from connectors._records import cursor_of
from connectors._restore import Memory
from pipeline import article, plugins, topology
from pipeline.errors import LagebildError
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Connector, Context
from pipeline.sections import SourceSettings
from pipeline.settings import Settings
from tests.local_servers import serving

NOW = datetime.now(UTC) + timedelta(hours=1)
FEED = b"""<rss version="2.0"><channel><title>Beispiel</title><link>https://www.example.org/</link>
<item><title>Eins</title><link>https://www.example.org/1</link><guid>1</guid><description>Der erste Text.</description></item>
<item><title>Zwei</title><link>https://www.example.org/2</link><guid>2</guid><description>Der zweite Text.</description></item><item/></channel></rss>"""

PAGE = "<url><loc>https://www.example.org/{0}</loc><news:news><news:publication_date>2099-11-20</news:publication_date><news:title>{0}</news:title></news:news></url>"
SITEMAP = f"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
{PAGE.format("eins")}{PAGE.format("zwei")}<url><loc>https://www.example.org/dr""".encode()


def _directory(folder: Path, _stack: ExitStack) -> dict[str, Any]:
    (folder / "a.txt").write_text("Eins\nDer erste Text.")
    (folder / "b.ndjson").write_text('{"id": 2, "title": "Zwei"}\nkaputt')
    return {"path": "."}


def _rss(_folder: Path, stack: ExitStack) -> dict[str, Any]:
    url, _ = stack.enter_context(serving(lambda _path, _headers: (200, {"Content-Type": "application/rss+xml"}, FEED)))
    return {"url": f"{url}/feed", "allow_private": ["127.0.0.1"]}


def _sitemap(_folder: Path, stack: ExitStack) -> dict[str, Any]:
    url, _ = stack.enter_context(serving(lambda _path, _headers: (200, {"Content-Type": "application/xml"}, SITEMAP)))
    return {"url": f"{url}/sitemap.xml", "allow_private": ["127.0.0.1"]}


def _web(_folder: Path, stack: ExitStack) -> dict[str, Any]:
    pages = {
        "/robots.txt": (404, {}, b""),
        "/": (200, {"Content-Type": "text/html"}, b"<main><a href='/a'>Eins</a> <a href='/b'>Zwei</a> <a href='/c'>Drei</a></main>"),
        "/a": (200, {"Content-Type": "text/html"}, b"<html><title>Eins</title><p>Der erste Text.</p></html>"),
        "/b": (200, {"Content-Type": "text/html"}, b"<html><title>Zwei</title><p>Der zweite Text.</p></html>"),
        "/c": (200, {"Content-Type": "application/pdf"}, b"%PDF-1.7"),
    }
    url, _ = stack.enter_context(serving(lambda path, _headers: pages[path]))
    return {"url": f"{url}/", "select": "main a", "delay_seconds": 0, "allow_private": ["127.0.0.1"]}


# Per connector: options under which it delivers two articles and one thing that is unreadable.
EXAMPLES: dict[str, Callable[[Path, ExitStack], dict[str, Any]]] = {
    "directory": _directory,
    "rss": _rss,
    "sitemap": _sitemap,
    "web": _web,
}
NAMES = plugins.names("connectors")


@pytest.fixture(params=NAMES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return plugins.load("connectors", request.param)


@pytest.fixture
def fetch(module: ModuleType, tmp_path: Path) -> Iterator[Callable[..., Batch]]:
    with ExitStack() as stack:
        options = module.Options.model_validate(EXAMPLES[module.__name__.rpartition(".")[2]](tmp_path, stack))

        def fresh(cursor: dict[str, Any] | None = None) -> Batch:
            connector: Connector = module.create(options, Context("quelle", tmp_path, now=lambda: NOW))
            return connector.fetch(cursor or {})

        yield fresh


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
        try:
            Collector(settings, lambda: journal, restore=lambda: journal.memory(connector), now=lambda: NOW).run(Enough())
        except Killed:
            killed.append(True)
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    assert ended.wait(20)
    return not killed


def test_a_death_at_any_moment_loses_nothing_and_repeats_keep_their_ids(
    module: ModuleType, tmp_path: Path, fetch: Callable[..., Batch]
) -> None:
    name = module.__name__.rpartition(".")[2]
    expected = fetch()
    with ExitStack() as stack:
        source = SourceSettings(id="quelle", connector=name, every_seconds=0.2, options=EXAMPLES[name](tmp_path, stack))
        settings = Settings(sources=[source], folder=tmp_path)
        for moment in itertools.count(1):
            journal = Journal(moment)
            lived = _collected(settings, journal, name)
            _collected(settings, journal, name)
            found = [article.decode(value) for _, value in journal.of(topology.COLLECTED)]
            assert {each.id: each.title for each in found} == {each.id: each.title for each in expected.articles}, moment
            assert len({key for key, _ in journal.of(topology.REJECTED)}) == 1, moment
            if lived:
                break
    assert moment > 8, "every send and confirmation was a moment to die"


def test_a_source_that_is_not_there_is_an_error_of_ours(module: ModuleType, tmp_path: Path) -> None:
    missing = {
        "directory": {"path": "nirgends"},
        "rss": {"url": "http://127.0.0.1:9/feed", "allow_private": ["127.0.0.1"], "timeout_seconds": 2},
        "sitemap": {"url": "http://127.0.0.1:9/sitemap.xml", "allow_private": ["127.0.0.1"], "timeout_seconds": 2},
        "web": {"url": "http://127.0.0.1:9/", "allow_private": ["127.0.0.1"], "timeout_seconds": 2},
    }
    options = module.Options.model_validate(missing[module.__name__.rpartition(".")[2]])
    with pytest.raises(LagebildError, match=r"\w+ \w+ \w+"):
        module.create(options, Context("quelle", tmp_path, now=lambda: NOW)).fetch({})
