"""What is decided about hubs, without any: which one, what was agreed, who signed, whether it can be believed."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import rss
from connectors._websub import agreement, discovery, document, memory, signature, trust
from connectors._websub.agreement import Agreement, Denied, Verified
from connectors._websub.document import Place
from connectors._websub.endpoint import Ignored
from connectors._websub.memory import Memory
from connectors._websub.trust import Trust

NOW = 1_800_000_000
DAY = 86_400
HUB, TOPIC, HOME = "https://hub.example/", "https://blatt.example/feed", "https://wir.example/"


@pytest.mark.parametrize(
    ("link", "hubs", "topic"),
    [
        ("", ("https://doc-hub.example/",), "https://blatt.example/self"),
        ('<https://hub.example/>; rel="hub"', (HUB,), "https://blatt.example/self"),
        ('<https://hub.example/>; rel=hub, <https://blatt.example/a>; rel="self"', (HUB,), "https://blatt.example/a"),
        ('<https://hub.example/>; title="a, b; c"; rel="prefetch HUB", </a>; rel=self', (HUB,), "https://blatt.example/a"),
        (
            "<https://one.example/>; rel=hub, <https://two.example/>; rel=hub",
            ("https://one.example/", "https://two.example/"),
            "https://blatt.example/self",
        ),
        ('<ftp://hub.example/>; rel="hub", <https://u:p@hub.example/>; rel=hub', (), ""),
        ("<https://hub.example/>; rev=hub", ("https://doc-hub.example/",), "https://blatt.example/self"),
        ('<https://hub.example/; rel="hub"', ("https://doc-hub.example/",), "https://blatt.example/self"),
        (
            ", ".join(f"<https://h{number}.example/>; rel=hub" for number in range(50)),
            tuple(f"https://h{number}.example/" for number in range(5)),
            "https://blatt.example/self",
        ),
    ],
)
def test_hubs_and_topic_come_from_the_headers_and_else_from_the_document(link: str, hubs: tuple[str, ...], topic: str) -> None:
    found = discovery.named({"link": link}, ("https://doc-hub.example/",), "https://blatt.example/self", TOPIC)
    assert (found.hubs, found.topic) == (hubs, topic)


def test_a_feed_that_names_a_hub_but_not_itself_is_known_by_its_address() -> None:
    assert discovery.named({}, (HUB,), "", TOPIC) == discovery.Named((HUB,), TOPIC)
    assert discovery.named({}, (), TOPIC, TOPIC) == discovery.Named()


@settings(max_examples=300, deadline=1_000, database=None)
@given(st.text(st.sampled_from('<>;,="\\ relhubsf:/x.'), max_size=5_000))
def test_no_link_header_breaks_its_reader(link: str) -> None:
    for each in discovery.named({"link": link * 3}, (), "", TOPIC).hubs:
        assert each.startswith("http")


def signed(method: str, secret: str, body: bytes) -> str:
    return f"{method}={hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()}"


@pytest.mark.parametrize(
    ("secret", "header", "is_taken"),
    [
        *(("geheim", signed(method, "geheim", b"a"), True) for method in ("sha1", "sha256", "sha384", "sha512")),
        ("geheim", signed("sha256", "geheim", b"a").upper(), True),
        ("geheim", signed("sha256", "anders", b"a"), False),
        ("geheim", signed("sha256", "geheim", b"b"), False),
        ("geheim", signed("md5", "geheim", b"a"), False),
        ("geheim", signed("sha256", "geheim", b"a").replace("sha256", "sha1"), False),
        ("geheim", signed("sha256", "geheim", b"a")[:-1], False),
        ("geheim", "sha256=", False),
        ("geheim", "", False),
        ("geheim", "sha256=ü", False),
        ("", signed("sha256", "", b"a"), False),
    ],
)
def test_signatures(secret: str, header: str, is_taken: bool) -> None:
    assert (signature.problem(secret, header, b"a") == "") is is_taken


def subscribed(lease_seconds: int = 10 * DAY, at: int = NOW) -> Agreement:
    wanted = agreement.asked(Agreement(), (HUB,), TOPIC, HOME, at)
    return agreement.after(wanted, Verified(wanted.callback, "subscribe", at, lease_seconds))


def test_nobody_can_guess_a_callback_or_a_secret_and_no_two_are_alike() -> None:
    made = [agreement.asked(Agreement(), (HUB,), TOPIC, HOME, NOW) for _ in range(50)]
    assert len({each.token for each in made}) == len({each.secret for each in made}) == 50
    assert all(len(each.token) >= 32 and each.callback == f"https://wir.example/v1/websub/{each.token}" for each in made)
    assert len(made[0].secret.encode()) < 200, "the Recommendation allows 200 bytes"


@pytest.mark.parametrize(
    ("lease", "due_after"),
    [(10 * DAY, 9 * DAY), (DAY, DAY * 9 // 10), (2_000, 1_700), (300, 150)],
)
def test_a_lease_is_renewed_when_a_tenth_of_it_is_left(lease: int, due_after: int) -> None:
    held = subscribed(lease)
    assert held.due_at(HOME) == NOW + due_after < held.ends_at and held.holds(NOW) and not held.holds(NOW + lease)


def test_another_public_address_is_told_at_once_with_a_new_callback_and_so_is_another_topic() -> None:
    held = subscribed()
    assert held.due_at("https://neu.example") <= NOW
    moved = agreement.asked(held, (HUB,), TOPIC, "https://neu.example", NOW)
    renamed = agreement.asked(held, (HUB,), f"{TOPIC}2", HOME, NOW)
    renewed = agreement.asked(held, (HUB,), TOPIC, HOME, NOW)
    assert len({held.token, moved.token, renamed.token}) == len({held.secret, moved.secret, renamed.secret}) == 3
    assert (renewed.token, renewed.secret, renewed.ends_at) == (held.token, held.secret, held.ends_at)
    assert moved.callback.startswith("https://neu.example/v1/websub/") and not moved.holds(NOW)


def test_a_hub_without_an_answer_is_asked_again_later_each_time_and_the_next_one_in_its_place() -> None:
    found, pauses, hubs, at = Agreement(), [], [], NOW
    for _ in range(10):
        found = agreement.asked(found, (HUB, "https://zwei.example/"), TOPIC, HOME, at)
        pauses.append(found.next_at - at)
        hubs.append(found.hub)
        at = found.due_at(HOME)
    assert pauses == [900, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 86_400, 86_400]
    assert hubs[:4] == [HUB, "https://zwei.example/"] * 2


def denied() -> Agreement:
    held = subscribed()
    return agreement.after(held, Denied(held.callback, NOW, "voll"))


QUESTION = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "c"}


@pytest.mark.parametrize(
    ("changes", "lease"),
    [
        ({"hub.lease_seconds": "864000"}, 864_000),
        ({"hub.lease_seconds": "1"}, 300),
        ({"hub.lease_seconds": "99999999999"}, 30 * DAY),
        ({"hub.lease_seconds": "9" * 50}, DAY),
        ({"hub.lease_seconds": "-5"}, DAY),
        ({"hub.lease_seconds": "\u0663"}, DAY),
        ({}, DAY),
        ({"hub.challenge": ""}, None),
        ({"hub.challenge": "c" * 2_001}, None),
        ({"hub.topic": f"{TOPIC}/"}, None),
        ({"hub.topic": ""}, None),
        ({"hub.mode": "unsubscribe"}, None),
        ({"hub.mode": "publish"}, None),
    ],
)
def test_a_question_is_confirmed_only_as_it_was_asked(changes: dict[str, str], lease: int | None) -> None:
    wanted = agreement.asked(Agreement(), (HUB,), TOPIC, HOME, NOW)
    found = agreement.understood(wanted, QUESTION | changes, NOW + 60)
    assert found == (Verified(wanted.callback, "subscribe", NOW + 60, lease) if lease else None)
    assert agreement.understood(wanted, QUESTION | changes, NOW + 901) is None
    assert agreement.understood(subscribed(), QUESTION | changes, NOW + 60) is None, "nothing is open any more"
    assert agreement.understood(Agreement(), QUESTION | changes, NOW) is None


def test_a_denial_ends_what_was_agreed_for_a_day_and_an_end_is_confirmed_only_where_it_was_wanted() -> None:
    held = subscribed()
    said = agreement.understood(held, {"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "a\x07\n b" * 200}, NOW)
    assert isinstance(said, Denied) and said.why.startswith("a b") and len(said.why) <= 200
    after = agreement.after(held, said)
    assert after.is_denied and not after.holds(NOW) and after.due_at(HOME) == NOW + DAY
    ending = agreement.leaving(held, NOW)
    assert "hub.secret" not in agreement.form(ending) and agreement.form(ending)["hub.mode"] == "unsubscribe"
    told = agreement.understood(ending, QUESTION | {"hub.mode": "unsubscribe"}, NOW)
    assert isinstance(told, Verified) and not agreement.after(ending, told).holds(NOW)
    assert agreement.understood(held, QUESTION | {"hub.mode": "unsubscribe"}, NOW) is None


def test_a_hub_that_confirms_although_its_answer_was_an_error_is_believed() -> None:
    wanted = agreement.asked(Agreement(), (HUB,), TOPIC, HOME, NOW)
    assert agreement.after(agreement.refused(wanted, "500"), Verified(wanted.callback, "subscribe", NOW, DAY)).holds(NOW)
    assert not agreement.after(Agreement(), Verified(wanted.callback, "subscribe", NOW, DAY)).holds(NOW), "nobody knows it any more"


GOOD = Trust(pushes=5, pushed_at=NOW)


@pytest.mark.parametrize(
    ("before", "found", "is_promised", "later", "expected"),
    [
        (Trust(), (), True, 0, (0, False, False)),
        (GOOD, (), True, 0, (0, False, True)),
        (GOOD, ("a",), True, 0, (0, False, False)),
        (GOOD, ("a",), False, 0, (0, False, True)),
        (GOOD, ("a",), True, 299, (0, False, False)),
        (GOOD, ("a",), True, 300, (1, True, False)),
        (GOOD, ("a", "b"), True, 5_000, (2, True, False)),
        (Trust(pushes=5, is_lost=True), (), True, 5_000, (0, True, False)),
    ],
)
def test_trust_after_a_poll_and_one_later(
    before: Trust, found: tuple[str, ...], is_promised: bool, later: int, expected: tuple[int, bool, bool]
) -> None:
    after = trust.after_poll(before, found, NOW, is_promised=is_promised)
    after = trust.after_poll(after, (), NOW + later, is_promised=True)
    assert (after.missed, after.is_lost, after.is_earned) == expected


def test_trust_comes_back_with_news_and_not_with_repeats() -> None:
    lost = trust.after_poll(trust.after_poll(GOOD, ("a",), NOW, is_promised=True), (), NOW + 300, is_promised=True)
    for _ in range(10):
        lost = trust.after_push(lost, {"a"}, 0, NOW)
    assert lost.is_lost
    for _ in range(trust.PROOFS):
        assert lost.is_lost
        lost = trust.after_push(lost, {"n"}, 1, NOW)
    assert lost.is_earned and lost.missed == 1


def test_what_is_awaited_is_bounded() -> None:
    found = trust.after_poll(GOOD, [str(number) for number in range(5_000)], NOW, is_promised=True)
    assert len(found.awaited) == trust.MAX_AWAITED


@pytest.mark.parametrize(("own", "safety"), [(60, 900), (300, 2_400), (900, 3_600), (7_200, 7_200)])
def test_the_pause_while_a_hub_is_trusted(own: float, safety: float) -> None:
    assert trust.safety_seconds(own) == safety


def test_a_hub_that_has_missed_something_is_asked_again_or_the_next_one_is() -> None:
    known = Memory(hubs=(HUB, "https://zwei.example/"), agreement=subscribed(), trust=Trust(pushes=1, awaited={"a": NOW - 300}))
    after = memory.after_poll(known, frozenset(), NOW, NOW)
    assert after.trust.is_lost and after.agreement.due_at(HOME) <= NOW
    assert agreement.asked(after.agreement, known.hubs, TOPIC, HOME, NOW).hub == "https://zwei.example/"


@pytest.mark.parametrize(
    ("known", "state", "said"),
    [
        (Memory(), None, ""),
        (Memory(agreement=agreement.asked(Agreement(), (HUB,), TOPIC, HOME, NOW)), "asked", ""),
        (Memory(agreement=subscribed()), "pushes", ""),
        (Memory(agreement=subscribed(at=NOW - 11 * DAY)), "lapsed", "does not push, so it is polled: it has not confirmed in time"),
        (Memory(agreement=subscribed(), trust=Trust(is_lost=True, missed=1_200)), "distrusted", "has not sent 1,200 items"),
        (Memory(agreement=denied()), "denied", "the hub denies the subscription: voll"),
        (memory.after(Memory(agreement=subscribed()), Ignored(NOW - DAY, 3)), "pushes", ""),
        (memory.after(Memory(agreement=subscribed()), Ignored(NOW, 3)), "pushes", "3 pushes without a valid signature were ignored"),
    ],
)
def test_how_it_stands_is_said_in_a_word_and_a_sentence(known: Memory, state: str | None, said: str) -> None:
    found = memory.state(known, NOW)
    assert (found.state if found else None) == state and said in memory.note(known, NOW) and bool(said) == bool(memory.note(known, NOW))


def test_the_memory_survives_a_cursor() -> None:
    known = Memory(is_known=True, hubs=(HUB,), topic=TOPIC, agreement=subscribed(), trust=Trust(pushes=1, awaited={"a": NOW}))
    assert memory.parted(memory.joined(known, {"seen": "x"})) == (known, {"seen": "x"})


FEED = b"""<rss version="2.0"><channel><title>F</title><link>https://blatt.example/</link><item><title>a</title><guid>1</guid></item></channel></rss>"""


@settings(max_examples=300, deadline=None, database=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.tuples(st.integers(0, len(FEED)), st.binary(max_size=20)).map(lambda at: FEED[: at[0]] + at[1] + FEED[at[0] :]),
    )
)
def test_every_pushed_document_ends_as_articles_or_as_unreadable(body: bytes) -> None:
    limits = rss.Options(url=TOPIC)
    found = document.read(body, "", {}, Place(), limits, "blatt", datetime.fromtimestamp(NOW, UTC))
    assert found.articles or found.unreadable or b"<item" not in body
    again = document.read(body, "", found.cursor, Place(), limits, "blatt", datetime.fromtimestamp(NOW, UTC))
    assert again.articles == (), "a replay brings nothing"


def test_what_pushes_bring_is_remembered_beside_what_the_last_poll_saw_and_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    def part(first: int, count: int) -> bytes:
        items = "".join(f"<item><title>t{number}</title><guid>{number}</guid></item>" for number in range(first, first + count))
        return FEED.replace(b"<item><title>a</title><guid>1</guid></item>", items.encode())

    monkeypatch.setattr(document, "MOST_REMEMBERED", 1_000)
    monkeypatch.setattr(document, "MOST_SHOWN", 500)
    limits, now, cursor = rss.Options(url=TOPIC), datetime.fromtimestamp(NOW, UTC), dict[str, Any]()
    cursor = dict(document.read(part(0, 90), "", cursor, Place(), limits, "blatt", now).cursor)
    for number in range(12):
        found = document.read(part(100 * (number + 1), 100), "", cursor, Place(), limits, "blatt", now)
        cursor = dict(found.cursor)
        assert len(found.articles) == 100
    assert document.read(part(500, 100), "", cursor, Place(), limits, "blatt", now).articles == ()
    assert len(cursor["seen"]) <= 16 * 1_100 and len(cursor["shown"]) <= 8 * 600
