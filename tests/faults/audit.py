"""The whole audit after a run: nothing lost, nothing twice, nobody told twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tests.faults.ledger import Ledger, differences
from tests.faults.stream import Stream, matching
from tests.faults.system import System, until

# A receiver gets so many messages at once (pipeline/sender.py): so many can be under way when the alerter dies.
AT_ONCE = 4


def settle(system: System, ledger: Ledger, stream: Stream, seconds: float, meanwhile: Callable[[], bool] = lambda: True) -> None:
    """Return once `meanwhile` has nothing more to do and everything that was put in has come out.

    The invariant is looked at all the time, and processes that ended are started again.
    """

    def done() -> bool:
        over = meanwhile()
        for each in system.revive():
            print(f"ended by itself and started again: {each}")  # noqa: T201
        return ledger.look() and over and ledger.idle and everything_is_in(ledger, stream) and all_told(ledger)

    try:
        until(done, seconds, "everything that was put in has come out")
    except AssertionError:
        print(ledger)  # noqa: T201
        raise


def everything_is_in(ledger: Ledger, stream: Stream) -> bool:
    return stream.texts <= {(each.id, each.body) for each in ledger.collected.values() if each} and stream.bad <= ledger.rejected_at_source


def all_told(ledger: Ledger) -> bool:
    return all(each["state"] in ("sent", "failed") if "state" in each else False for each in ledger.notifications.values())


def audit(system: System, ledger: Ledger, stream: Stream, alerter_kills: int = 0, besides: frozenset[str] = frozenset()) -> None:
    """Compare what came in with what arrived everywhere; `besides` are ids of articles that a test put into the middle of the flow."""
    assert {(each.id, each.body) for each in ledger.collected.values() if each} == stream.texts
    assert not differences(ledger.expected(), ledger.became())
    assert ledger.rejected_at_source == stream.bad
    assert not ledger.rejected
    found = {each["_id"]: (each["news"]["revision"], each["news"]["body"]) for each in system.documents()}
    assert found.keys() >= besides
    assert not differences(ledger.newest_texts(), {id: each for id, each in found.items() if id not in besides})
    audit_alerts(system, ledger, stream, alerter_kills)


def audit_alerts(system: System, ledger: Ledger, stream: Stream, alerter_kills: int) -> None:
    assert {(article, revision) for article, revision, _ in ledger.matches} == matching(stream.articles)
    episodes = Counter(each["group"] for each in ledger.episodes.values())
    assert episodes == Counter({group for _, _, group in ledger.matches}), "one episode for each story that matched, and no other"
    rung = {(each["id"], step) for each in ledger.episodes.values() for step in range(1, each.get("step", 0) + 1)}
    sent = Counter((each["episode_id"], each["step"]) for each in ledger.notifications.values() if each["state"] == "sent")
    assert sent == Counter(rung), "one message for each time an episode rang"
    lines = system.alerts()
    delivered = Counter(each["notification_id"] for each in lines)
    assert delivered.keys() == ledger.notifications.keys()
    certain = Counter(each["notification_id"] for each in lines if not each["possible_duplicate"])
    assert not [each for each, times in certain.items() if times > 1], "delivered twice without being marked"
    marked = sum(each.get("possible_duplicate", False) for each in ledger.notifications.values())
    assert marked <= AT_ONCE * alerter_kills, "only what was under way when the alerter died may be sent again"
