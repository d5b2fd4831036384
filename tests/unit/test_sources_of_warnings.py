"""CAP over HTTP: feeds of alerts, updates, cancellations, alerts that cannot be fetched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors import cap
from pipeline.errors import Transient
from pipeline.plugins import Batch, Context
from tests.connector_examples import alert
from tests.local_servers import serving

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Office:
    """A service whose feed leads to `alerts`, newest first, by their paths."""

    def __init__(self) -> None:
        self.alerts: dict[str, bytes | int] = {}
        self.feed: bytes | None = None
        self.url = ""
        self.seen: list[tuple[str, dict[str, str]]] = []

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        found = self.alerts.get(path)
        if isinstance(found, int):
            return found, {}, b""
        if found is not None:
            return 200, {"Content-Type": "application/cap+xml"}, found
        entries = "".join(
            f"<entry><id>{each}</id><link href='{self.url}{each}'/><title>{each}</title></entry>" for each in reversed(self.alerts)
        )
        feed = self.feed or f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Amt</title>{entries}</feed>".encode()
        if headers.get("If-None-Match") == f'"{len(feed)}"':
            return 304, {}, b""
        return 200, {"Content-Type": "application/atom+xml", "ETag": f'"{len(feed)}"'}, feed

    def fetch(self, cursor: Any = None, **options: Any) -> Batch:
        found = cap.Options(url=f"{self.url}/feed", allow_private=["127.0.0.1"], **options)
        return cap.create(found, Context("amt", Path(), now=lambda: NOW)).fetch(cursor or {})


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    with serving(office.answer) as (office.url, office.seen):
        yield office


def test_an_update_is_a_revision_and_a_cancellation_a_withdrawal_also_when_they_refer_to_each_other_only(office: Office) -> None:
    office.alerts["/1"] = alert("1", "Sturm")
    first = office.fetch()
    office.alerts["/2"] = alert("2", "Schwerer Sturm", "Update", "amt@example.org,1,2026-11-20T12:00:00+01:00")
    second = office.fetch(first.cursor)
    office.alerts["/3"] = alert("3", "Sturm vorbei", "Cancel", "amt@example.org,2,2026-11-20T13:00:00+01:00")
    third = office.fetch(second.cursor)
    (warned,), (updated,), (withdrawn,) = first.articles, second.articles, third.articles
    assert warned.id == updated.id == withdrawn.id
    assert [each.pubstatus for each in (warned, updated, withdrawn)] == ["usable", "usable", "canceled"]


def test_an_unchanged_feed_costs_one_request_and_a_read_alert_none(office: Office) -> None:
    office.alerts["/1"] = alert("1", "Sturm")
    first = office.fetch()
    del office.seen[:]
    assert office.fetch(first.cursor).articles == () and [path for path, _ in office.seen] == ["/feed"]


def test_an_alert_that_cannot_be_fetched_now_comes_later_and_does_not_stop_the_others(office: Office) -> None:
    office.alerts |= {"/1": alert("1", "Sturm"), "/2": 503, "/3": 404, "/4": alert("4", "Hagel")}
    first = office.fetch()
    assert [each.title for each in first.articles] == ["Sturm", "Hagel"] and "answers 404" in first.unreadable[0].detail
    office.alerts["/2"] = alert("2", "Hochwasser")
    second = office.fetch(first.cursor)
    assert [each.title for each in second.articles] == ["Hochwasser"] and second.unreadable == ()
    office.alerts |= {"/5": 503}
    with pytest.raises(Transient, match="answers 503"):
        office.fetch(second.cursor)


def test_many_alerts_come_in_parts_with_a_pause(office: Office) -> None:
    office.alerts |= {f"/{number}": alert(str(number), f"Warnung {number}") for number in range(45)}
    batches = [office.fetch()]
    while batches[-1].wait_seconds:
        batches.append(office.fetch(batches[-1].cursor))
    assert [len(each.articles) for each in batches] == [20, 20, 5] and batches[0].wait_seconds == 2
    assert [each.title for each in batches[0].articles][:2] == ["Warnung 0", "Warnung 1"]


def test_one_alert_alone_is_read_in_the_language_that_is_wanted(office: Office) -> None:
    english = b"<info><language>en-US</language><category>Met</category><event>Storm</event><headline>Storm</headline></info></alert>"
    office.feed = alert("1", "Sturm").replace(b"</alert>", english)
    assert [each.title for each in office.fetch().articles] == ["Sturm"]
    found = office.fetch(language="en")
    assert [each.title for each in found.articles] == ["Storm"]
    assert office.fetch(found.cursor, language="en").articles == ()


def test_a_secret_header_goes_to_the_service_only(office: Office) -> None:
    with serving(lambda _path, headers: (200, {}, alert("9", "Anderswo"))) as (other, seen):
        office.feed = f"<rss version='2.0'><channel><item><link>{other}/9</link></item></channel></rss>".encode()
        (found,) = office.fetch(headers={"Authorization": "geheim"}).articles
    assert found.title == "Anderswo" and "Authorization" not in seen[0][1] and office.seen[0][1]["Authorization"] == "geheim"
