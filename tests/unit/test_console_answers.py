from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from pipeline import topology
from pipeline.console import guard
from pipeline.console.article_view import ArticleView
from pipeline.console.board import Board, Change, Status
from pipeline.console.hub import Hub, TooManyClients
from pipeline.console.page import chosen_language, page
from pipeline.console.serve import listen
from pipeline.console.words import WORDS
from pipeline.errors import Unreachable
from pipeline.settings import Settings
from tests.builders import NOON


def test_each_colour_of_the_page_is_defined_once() -> None:
    style = (Path(guard.__file__).parent / "static" / "page.css").read_text()
    defined = Counter(re.findall(r"^\s*(--[\w-]+):", style, re.MULTILINE))
    assert defined["--page"] == 1 and set(defined.values()) == {1}


def read_status() -> Status:
    return Status(now=NOON, as_of=NOON, started_at=NOON)


def change(number: int) -> Change:
    view = ArticleView(id=f"a{number}", at=NOON + timedelta(seconds=number), title=("x",), source_id="s", source_name="S")
    return Change(articles=(view,))


async def published(hub: Hub, numbers: range, board: Board | None = None) -> None:
    hub.open(asyncio.get_running_loop())
    for number in numbers:
        hub.publish(board or Board(articles=change(number).articles), change(number))
    await asyncio.sleep(0)


async def first(stream: AsyncIterator[bytes], count: int) -> list[str]:
    return [(await anext(stream)).decode() for _ in range(count)]


def event_id(event: str) -> str:
    return event.split("\n")[0].removeprefix("id: ")


def test_a_new_page_gets_everything_and_then_the_status() -> None:
    async def talk() -> list[str]:
        hub = Hub(read_status)
        await published(hub, range(3))
        return await first(hub.stream(hub.join(), ""), 3)

    retry, snapshot, status = asyncio.run(talk())
    assert retry.startswith("retry: ")
    assert "event: snapshot\n" in snapshot
    assert '"id":"a2"' in snapshot
    assert "event: status\n" in status
    assert "id:" not in status.split("data:")[0]


def test_a_page_that_comes_back_gets_only_what_it_missed() -> None:
    async def talk() -> list[str]:
        hub = Hub(read_status)
        await published(hub, range(1))
        _, snapshot = await first(hub.stream(hub.join(), ""), 2)
        await published(hub, range(1, 3))
        return await first(hub.stream(hub.join(), event_id(snapshot)), 4)

    _, one, two, status = asyncio.run(talk())
    assert '"id":"a1"' in one
    assert '"id":"a2"' in two
    assert "event: status" in status


@pytest.mark.parametrize("last_id", ["other-1", "x", "-", "{epoch}-99", "{epoch}-²", "{epoch}-" + "9" * 500, "{epoch}--1"])
def test_an_id_that_does_not_help_leads_to_everything(last_id: str) -> None:
    async def talk() -> list[str]:
        hub = Hub(read_status)
        await published(hub, range(2))
        _, snapshot = await first(hub.stream(hub.join(), ""), 2)
        epoch = event_id(snapshot).split("-")[0]
        return await first(hub.stream(hub.join(), last_id.replace("{epoch}", epoch)), 2)

    assert "event: snapshot" in asyncio.run(talk())[1]


def test_a_page_that_does_not_read_gets_everything_afresh_and_memory_stays_bounded() -> None:
    async def talk() -> list[str]:
        hub = Hub(read_status)
        await published(hub, range(1))
        client = hub.join()
        stream = hub.stream(client, "")
        await first(stream, 3)
        await published(hub, range(1, 1500))
        assert client.queue.qsize() <= client.queue.maxsize
        return await first(stream, 1)

    (event,) = asyncio.run(talk())
    assert "event: snapshot" in event
    assert '"id":"a1499"' in event


def test_what_fell_out_of_the_ring_cannot_be_resumed() -> None:
    async def talk() -> list[str]:
        hub = Hub(read_status)
        await published(hub, range(1))
        _, snapshot = await first(hub.stream(hub.join(), ""), 2)
        await published(hub, range(1, 1500))
        return await first(hub.stream(hub.join(), event_id(snapshot)), 2)

    assert "event: snapshot" in asyncio.run(talk())[1]


def test_closing_ends_a_stream_that_waits() -> None:
    async def talk() -> None:
        hub = Hub(read_status)
        await published(hub, range(1))
        stream = hub.stream(hub.join(), "")
        await first(stream, 3)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        hub.close()
        with pytest.raises(StopAsyncIteration):
            await waiting

    asyncio.run(talk())


def test_only_so_many_pages_may_be_open() -> None:
    hub = Hub(read_status, max_clients=1)
    client = hub.join()
    with pytest.raises(TooManyClients):
        hub.join()
    hub.leave(client)
    hub.join()


def test_every_word_exists_in_both_languages_with_the_same_places() -> None:
    german, english = WORDS["de"], WORDS["en"]
    assert german.keys() == english.keys()
    for name in german:
        assert sorted(_places(german[name])) == sorted(_places(english[name])), name


def test_every_refusal_of_the_page_has_words_in_both_languages() -> None:
    sources = [each.read_text(encoding="utf-8") for each in Path(guard.__file__).parent.glob("*.py")]
    codes = {
        code for text in sources for code in re.findall(r'Fault\(\s*\d{3}, "([a-z_]+)"|"code": "([a-z_]+)"', text) for code in code if code
    }
    assert {"foreign", "no_episode", "rule_faulty", "query_faulty"} <= codes
    assert [each for each in sorted(codes) if f"error_{each}" not in WORDS["de"]] == []


def _places(text: str) -> list[str]:
    return [part.split("}")[0] for part in text.split("{")[1:]]


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("en", "de", "en"),
        ("xx", "en-GB,de;q=0.5", "en"),
        ("", "fr, de;q=0.3, en;q=0.7", "en"),
        ("", "en;q=0, fr", "de"),
        ("", "", "de"),
        ("", ";;;,q=,\x00", "de"),
    ],
)
def test_the_language_is_the_address_then_the_browser_then_the_configuration(asked: str, accepted: str, language: str) -> None:
    assert chosen_language(asked, accepted, "de") == language


def test_nothing_of_the_address_is_written_into_the_page() -> None:
    hostile = '"><script>alert(1)</script>'
    text = page(Settings(), {"lang": hostile, "theme": hostile, "view": hostile, "q": hostile})
    assert "alert(1)" not in text
    assert "{{" not in text


def test_the_page_has_no_inline_script_style_or_handler() -> None:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            names = dict(attrs)
            if tag == "style" or (tag == "script" and not (names.get("src") or "").startswith("/static/")):
                found.append(tag)
            found.extend(name for name in names if name == "style" or name.startswith("on"))

    Reader().feed(page(Settings(), {}))
    assert found == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "192.168.1.5", "desk.example:80"])
def test_names_of_the_page_are_answered(host: str) -> None:
    assert guard.is_ours(host, guard.names("desk.example"))


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil@127.0.0.1.example", "[", "a b"]
)
def test_foreign_names_are_not(host: str) -> None:
    assert not guard.is_ours(host, guard.names("127.0.0.1"))


def test_lag_is_asked_for_the_topics_that_each_process_reads_in_its_group() -> None:
    topics = topology.group_topics()
    assert topics["worker"] == ("articles.collected", "articles.identified", "articles.deduplicated")
    alerts = ("alerts.episodes", "alerts.notifications", "alerts.silences", "alerts.audit")
    assert topics["indexer"] == ("articles.enriched", *alerts, "sources.health", "articles.rejected")
    assert topics["alerter"] == ("matches", "alerts.commands")


def test_the_status_is_plain_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(read_status()))["as_of"] == "2026-11-20T12:00:00Z"


def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable, match=f"127.0.0.1:{port}.*console.port"):
            listen("127.0.0.1", port)
