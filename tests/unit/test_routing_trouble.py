"""Channels that fail are reported to the others: once for each receiver and failing period, all of them in one message."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Notification
from pipeline.message import Message
from pipeline.routing import trouble
from pipeline.routing.model import Receiver, Routing
from tests.builders import NOON

ROUTE = ("desk", "mail", "chat", "phone", "wall")


def failing(receiver: str, error: str = "404 not found", *, route: tuple[str, ...] = ROUTE, **changes: Any) -> Notification:
    name = f"n-{receiver}"
    plain = Notification(
        id=name,
        episode_id="e",
        rule_id="r",
        receiver=receiver,
        kind="first",
        step=1,
        created_at=NOON,
        next_at=NOON,
        message=Message(notification_id=name, episode_id="e", kind="first", why="first", alerted_at=NOON),
        route=route,
        state="failed",
        attempts=1,
        first_tried_at=NOON,
        last_error=error,
    )
    return msgspec.structs.replace(plain, **changes)


def told(alerts: Alerts, notification: Notification, at: datetime = NOON) -> list[Notification]:
    """The reports that this failure leads to, put into `alerts` as the alerter does."""
    made = []
    alerts.put(notification)
    for each in trouble.reports(alerts, notification, Routing(), at):
        alerts.put(each)
        made.append(each)
    return made


def left(alerts: Alerts, at: datetime) -> None:
    for each in [*alerts.sent.notifications.values()]:
        if each.kind == "channel" and each.state == "pending":
            alerts.put(msgspec.structs.replace(each, state="sent", sent_at=at, attempts=1))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_three_failing_channels_make_one_report_for_each_other_receiver() -> None:
    alerts = Alerts()
    route = (*ROUTE, *(f"r{number}" for number in range(12)))
    trying: dict[str, Any] = {"state": "pending", "attempts": 5, "route": route}
    for second, (receiver, error) in enumerate((("desk", "404 not found"), ("mail", "refused"), ("chat", "no answer"))):
        alerts.put(failing(receiver, error, **trying))
        told(alerts, failing(receiver, error, **trying), NOON + timedelta(seconds=80 + second))
    reports = [each for each in alerts.sent.notifications.values() if each.kind == "channel"]
    counts = Counter(each.receiver for each in reports)
    assert all(counts[each] == 1 for each in route if each not in ("desk", "mail", "chat"))
    assert counts["desk"] == 0 and sum(counts.values()) <= len(route) - 1
    for each in reports:
        if each.receiver not in ("mail", "chat"):
            assert all(words in each.message.text for words in ("desk (404 not found)", "mail (refused)", "chat (no answer)"))
            assert timedelta() < each.next_at - NOON - timedelta(seconds=80) <= timedelta(seconds=15)


def test_further_messages_and_attempts_report_nothing_more() -> None:
    alerts = Alerts()
    assert {each.receiver for each in told(alerts, failing("desk"))} == {"mail", "chat", "phone", "wall"}
    left(alerts, NOON + minutes(1))
    for number in range(1, 300):
        assert told(alerts, failing("desk", id=f"n{number}"), NOON + minutes(number)) == []


def test_a_channel_that_fails_later_is_told_with_a_distance() -> None:
    alerts = Alerts()
    told(alerts, failing("desk", route=("desk", "mail", "wall")))
    left(alerts, NOON + minutes(1))
    (report,) = told(alerts, failing("mail", route=("desk", "mail", "wall")), NOON + minutes(2))[-1:]
    assert report.receiver == "wall" and report.failing == {"mail": "404 not found"}
    assert report.next_at == NOON + minutes(10)


def test_a_channel_that_came_back_is_told_again_at_most_once_an_hour() -> None:
    alerts = Alerts()
    told(alerts, failing("desk"))
    left(alerts, NOON + minutes(1))
    alerts.put(failing("desk", id="ok", state="sent", sent_at=NOON + minutes(5), last_error=""))
    assert told(alerts, failing("desk"), NOON + minutes(50)) == []
    assert len(told(alerts, failing("desk"), NOON + minutes(61))) == 4


def test_a_channel_that_stays_away_is_told_once_a_day() -> None:
    alerts = Alerts()
    told(alerts, failing("desk"))
    left(alerts, NOON + minutes(1))
    assert told(alerts, failing("desk"), NOON + timedelta(hours=23)) == []
    assert len(told(alerts, failing("desk"), NOON + timedelta(hours=25))) == 4


def test_what_is_being_tried_is_reported_before_the_last_attempt() -> None:
    trying = failing("desk", state="pending", attempts=3)
    assert told(Alerts(), trying, NOON + timedelta(seconds=10)) == []
    assert len(told(Alerts(), trying, NOON + minutes(1))) == 4


def test_receivers_that_fail_themselves_get_no_report() -> None:
    alerts = Alerts()
    alerts.put(failing("wall", "down", state="pending"))
    assert "wall" not in {each.receiver for each in told(alerts, failing("desk"))}


def test_a_report_that_fails_is_not_reported_in_turn() -> None:
    assert told(Alerts(), failing("desk", kind="channel")) == []


def test_a_report_speaks_the_language_of_its_receiver() -> None:
    routing = Routing(language="de", receivers={"mail": Receiver(language="en")})
    found = {each.receiver: each.message for each in trouble.reports(Alerts(), failing("desk"), routing, NOON)}
    assert found["mail"].text.startswith("A channel takes no messages: desk (404 not found).")
    assert found["phone"].text.startswith("Ein Kanal nimmt nichts an: desk (404 not found).")
    assert (found["mail"].why, found["mail"].reader_language) == ("channel_failed", "en")


def test_forgotten_reports_are_forgotten() -> None:
    alerts = Alerts()
    for each in told(alerts, failing("desk")):
        alerts.drop(each)
    assert alerts.sent.reports("mail") == []
