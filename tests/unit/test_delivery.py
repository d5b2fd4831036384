"""What becomes of a notification: claimed, sent, tried again, failed, reported; and the threads that send."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline import delivery
from pipeline.alerts import Alerts
from pipeline.delivery import Result
from pipeline.episode import Notification
from pipeline.errors import GiveUp, TryAgain
from pipeline.message import Message, on_sending
from pipeline.sender import AT_ONCE_PER_RECEIVER, Sender
from tests.builders import NOON


def pending(number: int = 1, **changes: Any) -> Notification:
    name = f"n{number}"
    message = Message(notification_id=name, episode_id="e", kind="first", why="first", alerted_at=NOON)
    plain = Notification(
        id=name,
        episode_id="e",
        rule_id="r",
        receiver="desk",
        kind="first",
        step=1,
        created_at=NOON,
        next_at=NOON,
        message=message,
        route=("desk", "phone"),
    )
    return msgspec.structs.replace(plain, **changes)


def sending(attempts: int = 1, **changes: Any) -> Notification:
    return pending(state="sending", attempts=attempts, claimed_by="me", first_tried_at=NOON, **changes)


def after(notification: Notification, error: TryAgain | GiveUp | None, *, limit: int = 8, uncertain: bool = False) -> Notification:
    return delivery.concluded(notification, Result(notification.id, notification.attempts, error, uncertain), limit, NOON, 0.5)


def seconds(until: datetime) -> float:
    return (until - NOON).total_seconds()


def test_what_the_receiver_took_is_sent() -> None:
    done = after(sending(), None)
    assert (done.state, done.sent_at) == ("sent", NOON)


def test_what_the_receiver_answered_is_kept_as_one_short_line() -> None:
    done = delivery.concluded(sending(), Result("n1", 1, answer="ts 17.1\r\nin \u202e C1 " + "x" * 5_000), 8, NOON, 0.5)
    assert done.answer.startswith("ts 17.1 in C1 xxx") and len(done.answer) == 200


def test_waits_grow_up_to_a_minute() -> None:
    waits = [seconds(after(sending(attempts), TryAgain("down")).next_at) for attempts in range(1, 40)]
    assert waits == sorted(waits) and waits[:3] == [2, 6, 18] and waits[-1] == delivery.LONGEST_WAIT_SECONDS
    longest = delivery.concluded(sending(9), Result("n1", 9, TryAgain("down")), 8, NOON, 0.999)
    assert seconds(longest.next_at) <= 60


def test_a_message_is_tried_for_as_long_as_growing_waits_would_last() -> None:
    assert [delivery.patience_seconds(each) for each in (1, 2, 8)] == [0, 2, 2 + 6 + 18 + 54 + 162 + 486 + 1_458]
    now, message = NOON, pending()
    while message.state != "failed":
        message = delivery.claimed(message, now, "me")
        message = delivery.concluded(message, Result("n1", message.attempts, TryAgain("down")), 8, now, 0.5)
        now = max(message.next_at, now)
    assert 2_186 <= seconds(now) <= 2_186 + 60 and message.attempts == 48
    assert after(sending(1), TryAgain("down"), limit=1).state == "failed"


def test_what_the_receiver_asks_for_is_the_least_wait_within_reason() -> None:
    assert seconds(after(sending(), TryAgain("busy", 100)).next_at) == 100
    assert seconds(after(sending(3), TryAgain("busy", 1)).next_at) > 1
    assert seconds(after(sending(), TryAgain("busy", 10**9)).next_at) == delivery.LONGEST_ASKED_SECONDS


def test_giving_up_fails_at_once() -> None:
    assert after(sending(), GiveUp("404")).state == "failed"


def test_an_uncertain_attempt_marks_the_next_one() -> None:
    assert after(sending(), TryAgain("no answer"), uncertain=True).possible_duplicate
    assert not after(sending(), TryAgain("refused")).possible_duplicate


def test_an_orphan_is_sent_again_at_once_and_marked() -> None:
    orphan = delivery.orphaned(sending(), NOON)
    assert (orphan.state, orphan.next_at, orphan.possible_duplicate) == ("pending", NOON, True)


def test_only_what_is_due_and_has_room_is_chosen() -> None:
    alerts = Alerts(
        (),
        [
            pending(1),
            pending(2, episode_id="f"),
            pending(3, episode_id="g", next_at=NOON + timedelta(seconds=1)),
            pending(4, receiver="phone"),
            sending(1, id="n5", episode_id="h"),
        ],
    )
    assert [each.id for each in delivery.due(alerts, NOON, lambda receiver: 1)] == ["n1", "n4"]
    assert delivery.due(alerts, NOON, lambda receiver: 0) == []
    assert [each.id for each in delivery.due(alerts, NOON, lambda receiver: 9)] == ["n1", "n2", "n4"]


def test_messages_about_one_episode_go_one_after_the_other() -> None:
    first, update = pending(1), pending(2, kind="update", step=2)
    assert [each.id for each in delivery.due(Alerts((), [first, update]), NOON, lambda receiver: 9)] == ["n1"]
    assert delivery.due(Alerts((), [sending(id="n1"), update]), NOON, lambda receiver: 9) == []
    waiting = pending(1, attempts=1, next_at=NOON + timedelta(minutes=9))
    assert delivery.due(Alerts((), [waiting, update]), NOON, lambda receiver: 9) == [], "they stay in their order while one is tried again"
    elsewhere = pending(3, episode_id="f")
    assert [each.id for each in delivery.due(Alerts((), [waiting, update, elsewhere]), NOON, lambda receiver: 9)] == ["n3"]


def test_when_a_receiver_is_back_those_that_waited_go_at_once_but_not_before_it_asked() -> None:
    later = NOON + timedelta(minutes=5)
    asked = NOON + timedelta(minutes=1)
    waiting = [
        pending(1, attempts=2, next_at=later),
        pending(2, attempts=1, next_at=later, not_before=asked),
        pending(3, kind="storm", next_at=later),
    ]
    hurried = delivery.hurried(Alerts((), waiting), "desk", 8, NOON)
    assert {each.id: each.next_at for each in hurried} == {"n1": NOON, "n2": asked}


def test_what_a_receiver_refuses_while_it_takes_others_is_not_hurried_for_ever() -> None:
    later = NOON + timedelta(minutes=1)

    def hurried(attempts: int, worked_at: datetime | None) -> bool:
        waiting = pending(attempts=attempts, first_tried_at=NOON, next_at=later)
        return bool(delivery.hurried(Alerts((), [waiting]), "desk", 8, NOON, worked_at))

    assert hurried(7, NOON) and not hurried(8, NOON)
    assert hurried(30, NOON - timedelta(seconds=1)), "the receiver is back for the first time since this one was tried"


def test_a_message_says_how_long_it_took_and_that_it_is_late() -> None:
    message = pending().message
    assert not on_sending(message, NOON + timedelta(seconds=3), 1, False).late
    late = on_sending(message, NOON + timedelta(minutes=10), 3, True)
    assert late.late and late.attempt == 3 and late.possible_duplicate
    assert [(each.stage, each.seconds) for each in late.way] == [("notified", 600.0)]


class Receiver:
    def __init__(self, answer: Callable[[], None] = lambda: None) -> None:
        self.got: list[Mapping[str, Any]] = []
        self._answer = answer

    def notify(self, alert: Mapping[str, Any]) -> None:
        self.got.append(alert)
        self._answer()


def results(sender: Sender) -> list[Result]:
    while sender.busy and not sender.results():
        sender.wait(1)
    return sender.results()


def test_an_attempt_hands_over_json_values_and_reports_the_result_until_it_is_written() -> None:
    receiver = Receiver()
    sender = Sender({"desk": receiver}, lambda: NOON)
    sender.submit(sending())
    assert results(sender) == [Result("n1", 1)] == sender.results()
    assert receiver.got[0]["notified_at"] == "2026-11-20T12:00:00Z"
    assert msgspec.json.decode(msgspec.json.encode(receiver.got[0])) == receiver.got[0]
    assert sender.knows(sending())
    sender.written(Result("n1", 1))
    assert sender.results() == [] and not sender.knows(sending())


def test_an_attempt_reports_what_the_receiver_answered() -> None:
    class Answers:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def notify(self, alert: Mapping[str, Any]) -> Any:
            return self.answer

    for answer, kept in (("dedup_key e", "dedup_key e"), (None, ""), ({"not": "text"}, "")):
        sender = Sender({"desk": Answers(answer)}, lambda: NOON)
        sender.submit(sending())
        assert [each.answer for each in results(sender)] == [kept]


@pytest.mark.parametrize(("raised", "kind"), [(TryAgain("later", 5), TryAgain), (GiveUp("never"), GiveUp), (KeyError("defect"), TryAgain)])
def test_whatever_a_notifier_raises_becomes_a_result(raised: Exception, kind: type[Exception]) -> None:
    def answer() -> None:
        raise raised

    sender = Sender({"desk": Receiver(answer)}, lambda: NOON)
    sender.submit(sending())
    assert isinstance(results(sender)[0].error, kind)


def test_a_receiver_that_is_not_configured_fails_with_its_name() -> None:
    sender = Sender({}, lambda: NOON)
    sender.submit(sending())
    assert "desk" in str(results(sender)[0].error)


def test_a_receiver_takes_only_so_many_at_once_and_none_while_it_asked_for_a_pause() -> None:
    go = threading.Event()

    def answer() -> None:
        go.wait(10)
        raise TryAgain("busy", 30)

    clock = [NOON]
    sender = Sender({"desk": Receiver(answer)}, lambda: clock[0])
    for number in range(AT_ONCE_PER_RECEIVER):
        sender.submit(sending(id=f"n{number}"))
    assert sender.room("desk") == 0 and sender.room("phone") == AT_ONCE_PER_RECEIVER
    go.set()
    while sender.busy:
        sender.wait(1)
    assert sender.room("desk") == 0
    clock[0] += timedelta(seconds=31)
    assert sender.room("desk") == AT_ONCE_PER_RECEIVER


def test_a_notifier_that_never_returns_counts_as_failed_with_unknown_effect() -> None:
    never = threading.Event()
    sender = Sender({"desk": Receiver(lambda: never.wait(30) and None)}, lambda: NOON, send_seconds=0.05)
    sender.submit(sending())
    while not sender.results():
        sender.wait(0.05)
    (result,) = sender.results()
    assert isinstance(result.error, TryAgain) and result.uncertain
    assert not sender.busy
    never.set()
