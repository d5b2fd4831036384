from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest

from pipeline import runner as runner_module
from pipeline import topology
from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection, rejected_from
from pipeline.runner import Out, Runner, Work
from tests.builders import NOON, article, work


class FakeStage:
    name = "identify"

    def __init__(self, behave: Callable[[Work], list[Out]]) -> None:
        self._behave = behave

    def run(self, work: Work, now: datetime) -> list[Out]:
        return self._behave(work)


class FakeBroker:
    """Confirms every record, except that it first raises the errors it is given for a topic, one for each try."""

    def __init__(self, errors: dict[str, list[Exception]] | None = None) -> None:
        self.sent: list[Out] = []
        self._errors = errors or {}

    async def send(self, out: Out) -> asyncio.Future[None]:
        await asyncio.sleep(0)
        waiting = self._errors.get(out.topic)
        if waiting:
            raise waiting.pop(0)
        self.sent.append(out)
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        confirmed.set_result(None)
        return confirmed


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "FIRST_WAIT_SECONDS", 0.001)


def passed_on(record: Work) -> list[Out]:
    return [Out(topology.IDENTIFIED, "de", record.value)]


def run(behave: Callable[[Work], list[Out]], broker: FakeBroker, *records: Work) -> Runner:
    under_test = Runner(FakeStage(behave), broker.send, lambda: NOON)
    asyncio.run(under_test.run(records))
    return under_test


def test_every_effect_is_confirmed_when_run_returns() -> None:
    broker = FakeBroker()
    run(passed_on, broker, work(b"1", 0), work(b"2", 1))
    assert [out.value for out in broker.sent] == [b"1", b"2"]


def test_records_are_handed_over_in_order_although_a_large_one_waits_for_room() -> None:
    queued: list[bytes | None] = []

    class Crowded(FakeBroker):
        async def send(self, out: Out) -> asyncio.Future[None]:
            for _ in range(5 if out.value == b"large" else 1):
                await asyncio.sleep(0)
            queued.append(out.value)
            return await super().send(out)

    run(passed_on, Crowded(), work(b"first", 0), work(b"large", 1), work(b"small", 2))
    assert queued == [b"first", b"large", b"small"]


def test_one_confirmation_is_not_waited_for_before_the_next_record_is_handed_over() -> None:
    class Slow(FakeBroker):
        """Confirms nothing before it has everything."""

        def __init__(self) -> None:
            super().__init__()
            self.open: list[asyncio.Future[None]] = []

        async def send(self, out: Out) -> asyncio.Future[None]:
            self.open.append(asyncio.get_running_loop().create_future())
            if len(self.open) == 3:
                for each in self.open:
                    each.set_result(None)
            return self.open[-1]

    run(passed_on, Slow(), work(b"1", 0), work(b"2", 1), work(b"3", 2))


def test_a_confirmation_that_fails_is_asked_for_again() -> None:
    class Forgetful(FakeBroker):
        async def send(self, out: Out) -> asyncio.Future[None]:
            answer = await super().send(out)
            if len(self.sent) == 1:
                answer = asyncio.get_running_loop().create_future()
                answer.set_exception(Transient("the leader is gone"))
            return answer

    broker = Forgetful()
    run(passed_on, broker, work(b"1"))
    assert [out.value for out in broker.sent] == [b"1", b"1"]


def test_a_permanent_error_rejects_the_record_with_its_bytes_and_the_rest_goes_on() -> None:
    def behave(record: Work) -> list[Out]:
        if record.value == b"bad":
            raise Permanent("invalid", "this is no article")
        return passed_on(record)

    broker = FakeBroker()
    run(behave, broker, work(b"bad", 7), work(b"good", 8))
    rejected = next(out for out in broker.sent if out.topic == topology.REJECTED)
    assert rejected.value == b"bad"
    about = rejected_from(rejected.headers)
    assert (about.stage, about.reason, about.offset) == ("identify", Rejection.INVALID, 7)
    assert [out.topic for out in broker.sent].count(topology.OUTCOMES) == 1
    assert [out.value for out in broker.sent if out.topic == topology.IDENTIFIED] == [b"good"]


def test_a_transient_error_is_tried_again_in_place_until_it_works() -> None:
    tries: list[int] = []

    def behave(record: Work) -> list[Out]:
        tries.append(1)
        if len(tries) < 4:
            raise Transient("not now")
        return passed_on(record)

    broker = FakeBroker()
    run(behave, broker, work(b"1"))
    assert len(tries) == 4
    assert [out.value for out in broker.sent] == [b"1"]


def test_a_failed_publish_is_sent_again_before_anything_is_acknowledged() -> None:
    broker = FakeBroker({topology.IDENTIFIED: [Transient("timed out"), Transient("timed out")]})
    run(passed_on, broker, work(b"1"))
    assert [out.value for out in broker.sent] == [b"1"]


def test_an_unforeseen_error_leaves_the_runner() -> None:
    def behave(record: Work) -> list[Out]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(behave, FakeBroker(), work(b"1"))


def test_an_unforeseen_error_of_a_delivery_leaves_the_runner() -> None:
    with pytest.raises(OSError, match="disk"):
        run(passed_on, FakeBroker({topology.IDENTIFIED: [OSError("disk")]}), work(b"1"))


class RefusingBatches(FakeBroker):
    """Refuses a batch as a whole when one record in it is too large; a record that comes again comes alone."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[Out] = set()

    async def send(self, out: Out) -> asyncio.Future[None]:
        if out.topic == topology.IDENTIFIED and (out not in self._seen or len(out.value or b"") > 1):
            self._seen.add(out)
            raise Permanent("too_large", "5 MB")
        return await super().send(out)


def test_a_result_that_the_broker_never_takes_rejects_its_record_and_not_its_neighbours() -> None:
    broker = RefusingBatches()
    run(passed_on, broker, work(b"1"), work(b"large", 1), work(b"3", 2))
    assert [out.value for out in broker.sent if out.topic == topology.REJECTED] == [b"large"]
    assert [out.value for out in broker.sent if out.topic == topology.IDENTIFIED] == [b"1", b"3"]


def test_a_rejection_names_the_article_its_source_and_the_collected_position() -> None:
    from pipeline.article import Position, encode

    record = work(encode(article(position=Position("articles.collected", 2, 40))), 3, topic="articles.identified")

    def behave(each: Work) -> list[Out]:
        raise Permanent("stage_failed", "no")

    broker = FakeBroker()
    run(behave, broker, record)
    outcome = next(out for out in broker.sent if out.topic == topology.OUTCOMES)
    assert b'"offset":40' in (outcome.value or b"").replace(b" ", b"") or b"40" in (outcome.value or b"")
    about = rejected_from(next(out for out in broker.sent if out.topic == topology.REJECTED).headers)
    assert (about.article_id, about.source_id, about.topic) == ("a1", "tagesblatt", "articles.identified")
