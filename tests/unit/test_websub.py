"""Feeds that a hub pushes, against a real hub on this machine that confirms, pushes, lies and dies."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import rss
from connectors._push import server
from connectors._websub import endpoint, hub, trust
from connectors._websub.memory import Memory, parted
from pipeline.errors import Transient
from pipeline.plugins import Batch, Callback, Connector, Context
from tests.local_servers import free_port
from tests.waiting import until
from tests.websub_hub import Hub, publishing

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = 86_400


class Desk:
    """One feed, fetched as the collector does it: the cursor counts once it is kept, and what is rung for is fetched at once."""

    def __init__(self, hub: Hub, port: int = 0, cursor: Mapping[str, Any] | None = None, now: datetime = NOON, **options: Any) -> None:
        self.hub = hub
        self.port = port or free_port()
        self.now = now
        self.cursor: dict[str, Any] = dict(cursor or {})
        self.rings = 0
        self.batch = Batch()
        self._pushes = ThreadPoolExecutor()
        callback = Callback(f"http://127.0.0.1:{self.port}", "127.0.0.1", self.port, False, self._ring)
        chosen = rss.Options.model_validate(
            {"url": hub.feed_url, "websub": True, "allow_private": ["127.0.0.1"], "min_seconds": 300, "max_seconds": 300} | options
        )
        self.source: Connector = rss.create(chosen, Context("blatt", Path(), lambda: self.now, callback=callback))

    def _ring(self) -> None:
        self.rings += 1

    def fetch(self, after_seconds: float = 0) -> Batch:
        """A fetch whose batch does not reach Kafka."""
        self.now += timedelta(seconds=after_seconds)
        self.batch = self.source.fetch(self.cursor)
        return self.batch

    def look(self, after_seconds: float = 0) -> Batch:
        """A fetch whose batch is confirmed."""
        found = self.fetch(after_seconds)
        self.cursor = json.loads(json.dumps(found.cursor))
        return found

    def settled(self) -> Batch:
        """Fetch as long as something was pushed; the last batch that brought something."""
        found = Batch()
        while self.has_pushes:
            latest = self.look()
            found = latest if latest.articles or latest.unreadable else found
        return found

    @property
    def has_pushes(self) -> bool:
        return bool(self.source.has_pushes)  # type: ignore[attr-defined]

    @property
    def known(self) -> Memory:
        return parted(self.cursor)[0]

    def subscribed(self) -> Desk:
        """After the first look and the hub's confirmation."""
        self.look()
        self.settled()
        assert self.batch.push and self.batch.push.state == "pushes", self.batch.push
        return self

    def sending(self, body: bytes, **how: Any) -> Future[tuple[int, str]]:
        """A push that is under way and has arrived."""
        before = self.rings
        sent = self._pushes.submit(self.hub.push, body, **how)
        until(lambda: self.rings > before or sent.done(), what="the push arrives")
        return sent

    def push(self, *titles: str) -> list[str]:
        """The titles that a push of these items brought; it was answered with 202."""
        sent = self.sending(self.hub.document(*titles))
        found = self.settled()
        assert sent.result(10)[0] == 202
        return [each.title for each in found.articles]

    def close(self) -> None:
        self.source.close()  # type: ignore[attr-defined]
        self._pushes.shutdown()


@pytest.fixture(autouse=True)
def _hubs_may_be_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAUSE_SECONDS", "UNANSWERED_PAUSE_SECONDS"):
        monkeypatch.setattr(hub, name, 0)


@pytest.fixture
def paper() -> Iterator[Hub]:
    with publishing("a", "b") as found:
        yield found


@pytest.fixture
def desk(paper: Hub) -> Iterator[Desk]:
    found = Desk(paper)
    yield found
    found.close()


def test_the_hub_that_a_feed_names_is_asked_confirms_and_pushes_what_a_poll_then_knows(desk: Desk, paper: Hub) -> None:
    desk.subscribed()
    asked = paper.last
    assert asked["hub.mode"] == "subscribe" and asked["hub.topic"] == paper.feed_url and len(asked["hub.secret"]) >= 40
    assert asked["hub.callback"].startswith(f"http://127.0.0.1:{desk.port}/v1/websub/") and len(asked["hub.callback"]) > 60
    assert desk.push("c") == ["c"]
    paper.titles = ["c", "a", "b"]
    assert desk.look(60).articles == () and desk.rings > 0
    assert desk.batch.push and (desk.batch.push.pushes, desk.batch.push.missed, desk.batch.push.hub) == (1, 0, "127.0.0.1")


def test_push_and_poll_make_the_same_article(paper: Hub, desk: Desk) -> None:
    polling = Desk(paper, websub=False)
    polling.look()
    desk.subscribed()
    sent = desk.sending(paper.document("neu"))
    (by_push,) = desk.look().articles
    desk.settled()
    paper.titles = ["neu", "a", "b"]
    (by_poll,) = polling.look().articles
    assert by_push == by_poll and not by_push.backfill and sent.result(10)[0] == 202


def test_a_pushed_part_of_a_feed_takes_from_the_whole_what_it_does_not_say_and_is_no_gap(paper: Hub, desk: Desk) -> None:
    desk.subscribed()
    sent = desk.sending(paper.document("neu").replace(b"<link>https://blatt.example/</link>", b"").replace(b"<title>Blatt</title>", b""))
    (article,) = desk.look().articles
    desk.settled()
    assert (article.source.site, article.source.name) == ("blatt.example", "Blatt") and sent.result(10)[0] == 202
    paper.titles = ["neu", "a", "b"]
    found = desk.look(60)
    assert found.possible_losses == 0 and found.articles == ()


@pytest.mark.parametrize("in_headers", [True, False])
@pytest.mark.parametrize("names_itself", [True, False])
def test_a_hub_is_found_in_headers_or_in_the_document(desk: Desk, paper: Hub, in_headers: bool, names_itself: bool) -> None:
    paper.in_headers, paper.names_itself = in_headers, names_itself
    found = desk.look().about
    expected = [paper.hub_url] if in_headers or names_itself else []
    assert found["hubs"] == expected and len(paper.asked) == len(expected)


def test_nothing_is_asked_of_a_hub_where_it_is_not_switched_on_or_nobody_can_reach_us(paper: Hub) -> None:
    off = Desk(paper, websub=False)
    assert off.look().about["hubs"] == [paper.hub_url] and off.batch.push is None
    tried = rss.create(rss.Options(url=paper.feed_url, websub=True, allow_private=["127.0.0.1"]), Context("blatt"))
    assert tried.fetch({}).articles and paper.asked == []


def test_a_feed_that_is_known_already_is_looked_at_once_more_for_its_hub(paper: Hub) -> None:
    polling = Desk(paper, websub=False)
    polling.look()
    later = Desk(paper, cursor=polling.cursor)
    assert later.look().articles == () and len(paper.asked) == 1
    later.close()


def test_a_lease_is_renewed_before_its_end_with_the_same_callback_also_after_a_restart(desk: Desk, paper: Hub) -> None:
    paper.lease_seconds = 10 * DAY
    desk.subscribed()
    desk.look(8.9 * DAY)
    assert len(paper.asked) == 1
    desk.close()
    later = Desk(paper, desk.port, desk.cursor, desk.now)
    later.look(0.2 * DAY)
    later.settled()
    first, second = paper.asked
    assert second == first and later.known.agreement.ends_at == int(later.now.timestamp()) + 10 * DAY
    assert later.push("c") == ["c"]
    later.close()


def test_a_lease_that_ran_out_while_we_were_away_is_asked_for_again_and_until_then_the_feed_has_its_own_rhythm(
    desk: Desk, paper: Hub
) -> None:
    desk.subscribed().push("c")
    paper.verifies = False
    found = desk.look(11 * DAY)
    assert found.push and found.push.state == "asked" and found.wait_seconds and found.wait_seconds <= 990 and len(paper.asked) == 2


def test_a_poll_that_is_due_after_the_renewal_comes_sooner(desk: Desk, paper: Hub) -> None:
    paper.lease_seconds = 2_000
    desk.subscribed().push("c")
    assert desk.look(900).wait_seconds == pytest.approx(2_000 - 300 - 900, abs=2)


@pytest.mark.parametrize(
    ("mode", "changes"),
    [
        ("subscribe", {"topic": "https://other.example/feed"}),
        ("subscribe", {"topic": ""}),
        ("subscribe", {"challenge": ""}),
        ("subscribe", {"challenge": "x" * 3_000}),
        ("unsubscribe", {}),
        ("", {}),
        ("denied", {"topic": "https://other.example/feed"}),
    ],
)
def test_a_verification_of_what_nobody_asked_is_refused(desk: Desk, paper: Hub, mode: str, changes: dict[str, str]) -> None:
    paper.verifies = False
    desk.look()
    status, said = paper.verify(mode, **changes)
    assert status == 404 and "probe-4711" not in said and not desk.has_pushes
    assert paper.verify() == (200, "probe-4711")
    assert paper.verify()[0] == 404, "once: the second one was not asked for"
    assert desk.look().push and desk.known.agreement.holds(desk.now.timestamp())


def test_a_verification_that_comes_too_late_or_at_another_path_is_refused(desk: Desk, paper: Hub) -> None:
    paper.verifies = False
    desk.look()
    desk.now += timedelta(seconds=901)
    assert paper.verify()[0] == 404
    paper.last["hub.callback"] += "x"
    assert paper.verify()[0] == 404 and paper.push(paper.document("c"))[0] == 404


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_every_method_of_the_recommendation_signs(desk: Desk, paper: Hub, method: str) -> None:
    desk.subscribed()
    sent = desk.sending(paper.document("c"), method=method)
    assert [each.title for each in desk.look().articles] == ["c"]
    desk.settled()
    assert sent.result(10)[0] == 202


def test_pushes_without_a_valid_signature_are_answered_with_2xx_ignored_and_counted(desk: Desk, paper: Hub) -> None:
    desk.subscribed()
    body = paper.document("erfunden")
    forged: list[dict[str, Any]] = [
        {"secret": "geraten"},
        {"signature": ""},
        {"signature": "sha256="},
        {"signature": "md5=00"},
        {"signature": "x"},
    ]
    for each in forged:
        assert paper.push(body, **each) == (202, "")
    assert not desk.has_pushes
    found = desk.look(60)
    assert found.articles == () and found.push and (found.push.ignored, found.push.pushes) == (5, 0)
    assert "5 pushes without a valid signature were ignored" in found.note


def test_a_push_is_answered_once_kafka_has_it_and_comes_again_when_kafka_has_not(desk: Desk, paper: Hub) -> None:
    desk.subscribed()
    sent = desk.sending(paper.document("c"))
    for _ in range(3):
        assert [each.title for each in desk.fetch().articles] == ["c"] and not sent.done()
    assert [each.title for each in desk.look().articles] == ["c"] and not sent.done()
    desk.look()
    assert sent.result(10)[0] == 202


def test_a_push_that_kafka_does_not_confirm_in_time_is_answered_with_503_and_may_come_again(
    desk: Desk, paper: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "CONFIRM_SECONDS", 0.1)
    desk.subscribed()
    sent = desk.sending(paper.document("c"))
    desk.fetch()
    assert sent.result(10)[0] == 503
    monkeypatch.setattr(endpoint, "CONFIRM_SECONDS", 10)
    assert desk.push("c") == ["c"] and desk.push("c") == [], "a replay brings nothing"


def test_a_verification_whose_cursor_was_not_saved_is_not_forgotten(desk: Desk) -> None:
    desk.look()
    desk.fetch()
    desk.look()
    assert desk.batch.push and desk.batch.push.state == "pushes"


def test_a_subscription_that_was_never_saved_is_asked_for_anew(desk: Desk, paper: Hub) -> None:
    desk.fetch()
    desk.look()
    desk.look()
    desk.settled()
    assert desk.batch.push and desk.batch.push.state == "pushes" and desk.push("c") == ["c"]
    assert len({each["hub.callback"] for each in paper.asked}) == len(paper.asked) == 2


def test_a_poll_whose_articles_were_not_saved_is_made_again_although_something_was_pushed(desk: Desk, paper: Hub) -> None:
    desk.subscribed()
    paper.titles = ["c", "a", "b"]
    assert [each.title for each in desk.fetch(60).articles] == ["c"]
    assert desk.push("d") == ["d"] and desk.batch.wait_seconds == 0
    assert [each.title for each in desk.look().articles] == ["c"]


def test_bodies_that_are_too_large_or_no_feed_do_no_harm(paper: Hub) -> None:
    desk = Desk(paper, max_bytes=5_000).subscribed()
    assert paper.push(b"x" * 6_000)[0] == 413 and not desk.has_pushes
    for body in (b"", b"<html><body>kaputt", b'<!DOCTYPE a [<!ENTITY b "c">]><rss>&b;</rss>', b"\x00\xff" * 100):
        sent = desk.sending(body)
        found = desk.settled()
        assert found.articles == () and len(found.unreadable) == 1 and sent.result(10)[0] == 202
    assert desk.push("c") == ["c"]
    desk.close()


def test_a_hub_that_dies_is_noticed_by_a_poll_reported_and_trusted_again_when_it_was_first_several_times(desk: Desk, paper: Hub) -> None:
    desk.subscribed().push("c")
    paper.titles = ["c", "a", "b"]
    slow = desk.look(60)
    assert slow.wait_seconds and slow.wait_seconds > 2_000 and slow.note == "" and len(paper.asked) == 1
    paper.titles = ["d", "c", "a", "b"]
    doubted = desk.look(slow.wait_seconds)
    assert [each.title for each in doubted.articles] == ["d"] and doubted.wait_seconds and doubted.wait_seconds < 1_000
    assert doubted.push and doubted.push.state == "pushes" and doubted.push.missed == 0
    lost = desk.look(trust.GRACE_SECONDS)
    assert lost.push and (lost.push.state, lost.push.missed) == ("distrusted", 1) and "has not sent 1 items" in lost.note
    assert lost.wait_seconds and lost.wait_seconds < 1_000 and len(paper.asked) == 2, "its own rhythm, and the hub is asked again"
    desk.settled()
    for number in range(trust.PROOFS):
        assert desk.push(f"e{number}")
    paper.titles = ["e2", "e1", "e0", "d", "c"]
    again = desk.look(60)
    assert again.push and again.push.state == "pushes" and again.wait_seconds and again.wait_seconds > 2_000


def test_a_poll_that_is_a_little_ahead_of_its_hub_accuses_nobody(desk: Desk, paper: Hub) -> None:
    desk.subscribed().push("c")
    desk.look(60)
    paper.titles = ["d", "c", "a", "b"]
    assert [each.title for each in desk.look(60).articles] == ["d"] and desk.push("d") == []
    after = desk.look(trust.GRACE_SECONDS)
    assert after.push and (after.push.state, after.push.missed) == ("pushes", 0) and after.wait_seconds and after.wait_seconds > 2_000


def test_what_came_while_we_were_away_the_hub_need_not_have_sent(desk: Desk, paper: Hub) -> None:
    desk.subscribed().push("c")
    desk.close()
    paper.titles = ["d", "c", "a", "b"]
    later = Desk(paper, desk.port, desk.cursor, desk.now)
    assert [each.title for each in later.look(3_600).articles] == ["d"] and later.known.trust.awaited == {}
    later.close()


def test_a_hub_that_denies_is_left_alone_for_a_day(desk: Desk, paper: Hub) -> None:
    desk.subscribed().push("c")
    assert paper.verify("denied", reason="quota\nover") == (200, "")
    desk.settled()
    found = desk.look(60)
    assert found.push and found.push.state == "denied" and "quota over" in found.note and len(paper.asked) == 1
    assert found.wait_seconds and found.wait_seconds < 1_000
    desk.look(DAY)
    assert len(paper.asked) == 2


def test_a_hub_that_cannot_be_asked_is_asked_again_later_each_time_and_polling_goes_on(desk: Desk, paper: Hub) -> None:
    paper.answers = [500, 404, 500]
    found = desk.look()
    assert [each.title for each in found.articles] == ["b", "a"] and found.push and found.push.state == "lapsed"
    assert "cannot be asked" in found.note and "answers 500" in found.note
    asked = []
    for _ in range(10):
        desk.look(600)
        asked.append(len(paper.asked))
    assert asked == [1, 2, 2, 2, 3, 3, 3, 3, 3, 3] and "no such topic" not in desk.batch.note
    assert len({each["hub.secret"] for each in paper.asked}) == 1


def test_one_hub_is_asked_once_a_second_at_most_and_not_while_it_does_not_answer(
    desk: Desk, paper: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PAUSE_SECONDS", "UNANSWERED_PAUSE_SECONDS"):
        monkeypatch.setattr(hub, name, 1_000)
        others = [Desk(paper) for _ in range(3)]
        for each in others:
            each.look()
            each.close()
        assert len(paper.asked) == 1
    with publishing("a") as silent:
        monkeypatch.setattr(hub, "PAUSE_SECONDS", 0)
        silent.answers = [503]
        for each in (Desk(silent), Desk(silent)):
            assert each.look().articles
            each.close()
        assert len(silent.asked) == 1


def test_a_hub_inside_our_network_is_not_asked(desk: Desk, paper: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(paper), "hub_url", property(lambda _: "http://10.0.0.1/hub"))
    found = desk.look()
    assert found.articles and "not on the open internet" in found.note and paper.asked == []


def test_a_poll_that_fails_is_told_and_pushes_go_on_without_making_it_more_frequent(desk: Desk, paper: Hub) -> None:
    desk.subscribed()
    paper.feed_status = 500
    with pytest.raises(Transient):
        desk.look(60)
    polls = paper.polls
    assert desk.push("c") == ["c"] and "polls fail" in desk.batch.note
    assert desk.batch.wait_seconds == 300 and paper.polls == polls


def test_a_port_that_is_taken_leaves_the_feed_to_polling(paper: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        desk = Desk(paper, listener.getsockname()[1])
        found = desk.look()
        assert len(found.articles) == 2 and "name another port" in found.note and paper.asked == []
    desk.look(1_000)
    desk.settled()
    assert desk.batch.push and desk.batch.push.state == "pushes"
    desk.close()


def test_pushed_articles_are_read_in_full_where_that_is_wanted(paper: Hub) -> None:
    desk = Desk(paper, full_text=True)
    until(lambda: "full_text_out" not in desk.look().cursor, what="the first articles are out")
    desk.settled()
    assert desk.push("c") == ["c"] and desk.batch.push and desk.batch.push.pushes == 1
    desk.close()
    assert ("127.0.0.1", desk.port) not in server._open


def test_hostile_cursors_are_no_obstacle(paper: Hub) -> None:
    for value in (5, [], {"agreement": "x"}, {"hubs": 3}, {"trust": {"awaited": [1]}}):
        desk = Desk(paper, cursor={"websub": value})
        assert len(desk.look().articles) == 2
        desk.close()
