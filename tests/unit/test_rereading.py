"""Pages that matched are read again: when, what they then say, and that a restart or Kafka being away loses none of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors._collect.outbox import Outbox
from connectors._http import Client
from connectors._item import Item
from connectors._page.article_page import ArticlePages
from connectors._reread import schedule as schedule
from connectors._reread import verdict as verdict
from connectors._reread.rereading import Rereading
from connectors._reread.schedule import AFTER, Reread
from pipeline import article as articles
from pipeline import topology
from pipeline.article import Article, Clock, Match, Source
from pipeline.errors import Transient
from pipeline.settings import Settings
from tests.builders import NOON, article
from tests.local_servers import serving

PAGE = (Path(__file__).parent / "samples" / "web" / "4711.html").read_text()
HTML = {"Content-Type": "text/html; charset=utf-8"}
MATCH = Match(id="m", rule_id="brand", rule_version="1", title="Brand", severity="high", hits=())


def matched(**changes: Any) -> Article:
    plain = {
        "id": "a1",
        "url": "https://www.example.org/a",
        "matches": (MATCH,),
        "first_seen_at": NOON,
        "revision": 1,
        "clock": Clock(fetched_at=NOON, enriched_at=NOON),
    }
    return article(**(plain | changes))


def begun(**changes: Any) -> Reread:
    found = schedule.noted(matched(**changes), None, NOON)
    assert found is not None
    return found


def test_a_page_is_read_after_5_15_and_60_minutes_and_24_hours() -> None:
    reread: Reread | None = begun()
    times = []
    while reread is not None:
        times.append(reread.due_at - NOON)
        reread = schedule.after_reading(reread, None, reread.due_at)
    assert tuple(times) == AFTER == (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=24))


def test_missed_readings_are_made_up_for_by_one() -> None:
    after = schedule.after_reading(begun(), None, NOON + timedelta(hours=2))
    assert after is not None and after.due_at == NOON + timedelta(hours=24)


def test_a_page_that_cannot_be_had_is_tried_at_its_next_times_and_a_little_longer() -> None:
    reread: Reread | None = begun()
    times = []
    while reread is not None:
        times.append(reread.due_at - NOON)
        reread = schedule.after_failure(reread, reread.due_at)
    assert times == [*AFTER, *(timedelta(hours=hours) for hours in (25, 26, 27))]


@pytest.mark.parametrize(
    "changes",
    [
        {"url": ""},
        {"url": "ftp://x/"},
        {"matches": ()},
        {"matches": (msgspec.structs.replace(MATCH, shadow=True),)},
        {"backfill": True},
        {"replay": True},
        {"pubstatus": "canceled"},
        {"first_seen_at": NOON - timedelta(hours=25)},
        {"clock": Clock(enriched_at=NOON - timedelta(hours=25)), "first_seen_at": NOON - timedelta(hours=25)},
    ],
)
def test_what_nobody_was_told_of_or_is_long_over_is_not_read_again(changes: dict[str, Any]) -> None:
    assert schedule.noted(matched(**changes), None, NOON) is None


def test_a_further_revision_changes_what_was_said_last_and_not_the_times() -> None:
    first = begun()
    after = schedule.noted(matched(revision=2, title="Neu", clock=Clock(enriched_at=NOON + timedelta(minutes=4))), first, NOON)
    assert after is not None and after.due_at == first.due_at and after.article.title == "Neu"
    assert schedule.noted(matched(revision=1), after, NOON) == after
    assert schedule.noted(matched(pubstatus="canceled"), after, NOON) is None


def from_feed(**changes: Any) -> Article:
    return schedule.lean(matched(source=Source(id="t", connector="rss", site="example.org"), body="Zwölf Verletzte.", **changes))


def from_page(**changes: Any) -> Article:
    return schedule.lean(matched(source=Source(id="t", connector="web", site="example.org"), body="Zwölf Verletzte.", **changes))


NOTE = "Korrektur: Es waren drei Verletzte, nicht zwölf."


def test_a_feeds_article_keeps_its_text_and_gets_the_note() -> None:
    page = Item(title="Brand", body=f"Drei Verletzte bei Brand in Wismar.\n{NOTE}\nDie Ursache ist unklar.")
    said = verdict.said_now(from_feed(), page, "utf-8", NOON)
    assert said is not None and said.id == "a1" and said.body == f"Zwölf Verletzte.\n\n{NOTE}" and said.pubstatus == "usable"
    assert verdict.said_now(said, page, "utf-8", NOON) is None, "it is known now"
    assert verdict.said_now(from_feed(), Item(body="Ganz anderer Text."), "utf-8", NOON) is None


def test_an_article_from_its_page_takes_the_pages_text() -> None:
    said = verdict.said_now(from_page(guid="g"), Item(title="Brand", body="Drei Verletzte."), "utf-8", NOON)
    assert said is not None and (said.id, said.guid, said.url, said.title, said.body) == (
        "a1",
        "g",
        "https://www.example.org/a",
        "Brand",
        "Drei Verletzte.",
    )
    assert verdict.said_now(from_page(), Item(body="Zwölf  Verletzte.\n"), "utf-8", NOON) is None, "the same words"
    assert verdict.said_now(from_page(), Item(body="Zwölf …", flags=("teaser",)), "utf-8", NOON) is None, (
        "a paywall came; nothing was corrected"
    )
    assert verdict.said_now(from_page(), Item(body="", flags=("consent_page", "teaser")), "utf-8", NOON) is None


@pytest.mark.parametrize("known", [from_feed(), from_page()])
def test_a_page_that_says_it_was_taken_back_withdraws_its_article(known: Article) -> None:
    said = verdict.said_now(known, Item(title="Brand", body="Dieser Artikel wurde zurückgezogen."), "utf-8", NOON)
    assert said is not None and said.pubstatus == "canceled" and said.body == "Zwölf Verletzte." and "zurückgezogen" in said.summary


class Broker:
    """Keeps what is published, as the topics would; refuses while `away`."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, bytes | None]] = []
        self.away = False

    def send(self, topic: str, key: str, value: bytes | None, *, headers: Any = ()) -> None:
        if self.away:
            raise Transient("Kafka is away")
        self.records.append((topic, key, value))

    def confirm(self, timeout_seconds: float = 130) -> None: ...
    def close(self) -> None: ...

    def collected(self) -> list[Article]:
        return [articles.decode(value) for topic, _, value in self.records if topic == topology.COLLECTED and value]

    def waiting(self) -> dict[str, Reread]:
        """What a restart finds in the topic."""
        newest = {key: value for topic, key, value in self.records if topic == topology.REREADS}
        return {key: msgspec.json.decode(value, type=Reread) for key, value in newest.items() if value}


class Stream:
    def __init__(self, *found: Article) -> None:
        self.left = list(found)
        self.safe = 0

    def new(self) -> Iterable[Article]:
        return list(self.left)

    def done(self) -> None:
        self.left = []
        self.safe += 1


class Desk:
    """The readings over a site of one page, with a clock. `restart` forgets everything that is not in the topic."""

    def __init__(self, stack: ExitStack) -> None:
        self.status, self.page, self.robots = 200, PAGE, b""
        self.url, self.seen = stack.enter_context(serving(self._answer))
        self.broker, self.now = Broker(), NOON
        self.rereading: Rereading
        self.restart()

    def _answer(self, path: str, _headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        return (200, {}, self.robots) if path == "/robots.txt" else (self.status, HTML, self.page.encode())

    def restart(self) -> None:
        outbox = Outbox(Settings(), lambda: self.broker, lambda: self.now)
        outbox.open()
        client = Client(allow_private=["127.0.0.1"])
        pages = ArticlePages(client, None, lambda: self.now)
        self.rereading = Rereading(lambda each: pages.read(each.url), outbox, lambda: self.now, self.broker.waiting())

    def step(self, minutes: float, *evidence: Article) -> int:
        self.now = NOON + timedelta(minutes=minutes)
        return self.rereading.step(Stream(*evidence))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(stack)


def test_a_page_that_is_gone_withdraws_its_article_also_after_a_restart(desk: Desk) -> None:
    assert desk.step(0, matched(url=f"{desk.url}/a")) == 0 and desk.broker.collected() == []
    assert desk.step(4.9) == 0
    assert desk.step(5) == 1 and desk.broker.waiting()["a1"].step == 1
    desk.restart()
    desk.status = 410
    assert desk.step(14.9) == 0
    assert desk.step(15) == 1
    gone = desk.broker.collected()[-1]
    assert (gone.id, gone.pubstatus, gone.title, gone.revision) == (
        "a1",
        "canceled",
        matched().title,
        0,
    ) and gone.source == matched().source
    assert desk.broker.waiting() == {} and desk.step(2_000) == 0, "nothing more is read"


def test_a_page_that_is_not_found_is_asked_for_once_more(desk: Desk) -> None:
    desk.step(0, matched(url=f"{desk.url}/a"))
    desk.status = 404
    assert desk.step(5) == 1 and desk.broker.collected() == []
    desk.restart()
    assert desk.step(5.9) == 0
    desk.status = 200
    assert desk.step(6) == 1 and desk.broker.collected() == [] and desk.broker.waiting()["a1"].step == 1, "it passed"
    desk.status = 404
    assert desk.step(15) == 1 and desk.step(16) == 1
    assert [each.pubstatus for each in desk.broker.collected()] == ["canceled"] and desk.broker.waiting() == {}


def test_a_server_in_trouble_withdraws_nothing(desk: Desk) -> None:
    desk.step(0, matched(url=f"{desk.url}/a"))
    for status, minutes in ((503, 5), (403, 15), (500, 60), (451, 1440)):
        desk.status = status
        assert desk.step(minutes) == 1 and desk.broker.collected() == []
    assert desk.broker.waiting()["a1"].due_at == NOON + timedelta(hours=25)


def test_what_kafka_did_not_take_is_read_again(desk: Desk) -> None:
    desk.step(0, matched(url=f"{desk.url}/a"))
    desk.status, desk.broker.away = 410, True
    with pytest.raises(Transient):
        desk.step(5)
    desk.broker.away = False
    desk.restart()
    assert desk.step(6) == 1 and [each.pubstatus for each in desk.broker.collected()] == ["canceled"]


def test_evidence_is_let_go_only_when_it_is_in_the_topic(desk: Desk) -> None:
    desk.broker.away = True
    stream = Stream(matched(url=f"{desk.url}/a"))
    with pytest.raises(Transient):
        desk.rereading.step(stream)
    assert stream.safe == 0 and stream.left
    desk.broker.away = False
    desk.rereading.step(stream)
    assert stream.safe == 1 and list(desk.broker.waiting()) == ["a1"]


def test_one_page_that_breaks_does_not_keep_the_others_from_being_read(desk: Desk) -> None:
    desk.step(0, matched(id="a0", url=f"{desk.url}/a"), matched(url=f"{desk.url}/a"))
    read = desk.rereading.read

    def broken(each: Article) -> Any:
        if each.id == "a0":
            raise ZeroDivisionError
        return read(each)

    desk.rereading.read = broken
    assert desk.step(5) == 2 and {key: each.step for key, each in desk.broker.waiting().items()} == {"a0": 1, "a1": 1}
