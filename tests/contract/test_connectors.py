"""What every connector keeps to, whichever it is. A new one needs an entry in `EXAMPLES` and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pydantic
import pytest

from pipeline import article, plugins
from pipeline.errors import LagebildError
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Connector, Context
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


# Per connector: options under which it delivers two articles and one thing that is unreadable.
EXAMPLES: dict[str, Callable[[Path, ExitStack], dict[str, Any]]] = {"directory": _directory, "rss": _rss, "sitemap": _sitemap}
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


def test_a_source_that_is_not_there_is_an_error_of_ours(module: ModuleType, tmp_path: Path) -> None:
    missing = {
        "directory": {"path": "nirgends"},
        "rss": {"url": "http://127.0.0.1:9/feed", "allow_private": ["127.0.0.1"], "timeout_seconds": 2},
        "sitemap": {"url": "http://127.0.0.1:9/sitemap.xml", "allow_private": ["127.0.0.1"], "timeout_seconds": 2},
    }
    options = module.Options.model_validate(missing[module.__name__.rpartition(".")[2]])
    with pytest.raises(LagebildError, match=r"\w+ \w+ \w+"):
        module.create(options, Context("quelle", tmp_path, now=lambda: NOW)).fetch({})
