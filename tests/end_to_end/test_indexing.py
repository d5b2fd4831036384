"""Templates, the indexer and the rebuild on a real Kafka and a real Elasticsearch."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from kafka.errors import KafkaError

from pipeline import broker, indexer, search, topology
from pipeline.article import Article, Entity, Hit, Language, Match, Position, Story, encode
from pipeline.index import analysis, apply, mappings, queries, templates
from pipeline.index.abilities import abilities
from pipeline.index.bulk import Answer, Next, write
from pipeline.index.documents import document
from pipeline.index.intake import Intake
from pipeline.index.rebuild import Counts, rebuild
from pipeline.index.retention import retention
from pipeline.index.writer import Writer, write_all
from pipeline.outcome import Exit, Outcome, Rejection, rejected_from
from pipeline.sections import Elasticsearch, Kafka
from pipeline.settings import Settings
from tests import waiting
from tests.builders import NOON, article

GERMAN = Language(code="de", confidence=0.99, origin="detected")
TOPICS = [topology.topic(name) for name in (*topology.stage("index").reads, topology.OUTCOMES)]


until = partial(waiting.until, seconds=45)


def identified(id: str, **changes: Any) -> Article:
    url = f"https://tagesblatt.example/{id}"
    values: dict[str, Any] = {
        "id": id,
        "url": url,
        "canonical_url": url,
        "language": GERMAN,
        "first_seen_at": NOON,
        "revision": 1,
        "position": Position("articles.collected", 0, 1),
        "story": Story(id=f"story-{id}"),
        "terms": ("nordkorea", "raketentest"),
    }
    return article(**{**values, **changes})


@pytest.fixture
def settings(kafka_servers: str, elasticsearch_url: str) -> Generator[Settings]:
    prefix = f"t{uuid.uuid4().hex[:10]}-"
    made = Settings(
        kafka=Kafka(servers=[kafka_servers], topic_prefix=prefix, session_seconds=10),
        elasticsearch=Elasticsearch(url=elasticsearch_url, index_prefix=prefix, bulk_documents=200),
    )
    yield made
    with search.Server(made) as server:
        for name in queries.counts(server, made):
            server.request("DELETE", f"/{name}")
        for name in templates.templates(made, ()):
            if server.found(f"/_index_template/{name}"):
                server.request("DELETE", f"/_index_template/{name}")


@pytest.fixture
def server(settings: Settings) -> Generator[search.Server]:
    with search.Server(settings) as made:
        yield made


@pytest.fixture
def topics(settings: Settings) -> Generator[None]:
    broker.apply_topics(settings, topics=TOPICS)
    yield
    admin = broker.admin_client(settings.kafka)
    admin.delete_topics([settings.topic(topic.name) for topic in TOPICS])
    admin.close()


def publish(settings: Settings, records: Iterable[tuple[str, str, bytes | None]]) -> None:
    publisher = broker.Publisher(settings.kafka)
    try:
        for topic, key, value in records:
            publisher.send(settings.topic(topic), key, value)
        publisher.confirm()
    finally:
        publisher.close()


def enriched(*articles: Article) -> list[tuple[str, str, bytes | None]]:
    return [(topology.ENRICHED, each.id, encode(each)) for each in articles]


def drained(settings: Settings) -> bool:
    try:
        return not any(each.records for each in broker.lag(settings, indexer.GROUP, topology.stage("index").reads))
    except KafkaError:
        return False  # the broker makes its offsets topic when the first group asks


@contextmanager
def indexing(settings: Settings) -> Generator[None]:
    """The indexer in a thread; what it raises is raised here."""
    stop = threading.Event()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            indexer.run(settings, stop)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    if raised:
        raise raised[0]


def outcomes(settings: Settings) -> dict[str, Outcome]:
    records = broker.read_to_end(settings.kafka, settings.topic(topology.OUTCOMES))
    return {outcome.id: outcome for outcome in (msgspec.json.decode(each.value or b"", type=Outcome) for each in records)}


def put(server: search.Server, settings: Settings, *articles: Article, index: str = "") -> list[Next]:
    operations = [
        write(index or f"{settings.index(templates.ARTICLES)}-2026.11", each.id, each.version, document(each, NOON)) for each in articles
    ]
    verdicts = dict((operation.id, verdict.next) for operation, verdict in write_all(Writer(server.bulk, 100, 10**6), operations))
    queries.refresh(server, settings)
    return [verdicts[each.id] for each in articles]


def test_applying_twice_changes_nothing_and_drift_is_shown(settings: Settings, server: search.Server) -> None:
    planned = apply.apply(settings, dry_run=True)
    assert {change.change for change in planned} == {"created"}
    assert apply.apply(settings, dry_run=True) == planned, "a dry run writes nothing"
    assert apply.apply(settings) == planned
    assert {change.change for change in apply.apply(settings)} == {"unchanged"}

    name = settings.index(templates.ARTICLES)
    body = templates.templates(settings, abilities(server).analysers)[name]
    body["template"]["settings"]["index"]["refresh_interval"] = "60s"
    server.request("PUT", f"/_index_template/{name}", body)
    (drifted,) = [change for change in apply.apply(settings, dry_run=True) if change.change != "unchanged"]
    assert (drifted.name, drifted.change) == (name, "replaced")
    assert '-    "refresh_interval": "60s"' in drifted.diff
    assert '+    "refresh_interval": "1s"' in drifted.diff
    apply.apply(settings)
    assert {change.change for change in apply.apply(settings)} == {"unchanged"}


def test_an_existing_index_gets_new_fields_and_says_what_cannot_change(settings: Settings, server: search.Server) -> None:
    name = f"{settings.index(templates.ARTICLES)}-2026.10"
    old = {"news": {"properties": {"title": mappings.TITLE, "section": {"type": "integer"}}}}
    server.request("PUT", f"/{name}", {"mappings": {"dynamic": "strict", "properties": old}})
    changes = {change.name: change for change in apply.apply(settings)}
    assert changes[name].change == "fields differ"
    assert '-  "type": "integer"' in changes[name].diff
    assert put(server, settings, identified("a"), index=name) == [Next.DONE]
    assert [each["event"]["id"] for each in queries.newest(server, settings)] == ["a"], "it is read through the alias"
    assert {change.name: change.change for change in apply.apply(settings)}[name] == "fields differ"


def test_the_server_is_asked_for_its_analysers_and_all_languages_are_mapped(settings: Settings, server: search.Server) -> None:
    able = abilities(server)
    assert able.analysers <= {*mappings.ANALYSERS.values(), analysis.GERMAN}
    assert not able.has_lifecycle, "the small server has no lifecycle management, and that is found out by asking"
    apply.apply(settings)
    articles = [identified(code, language=Language(code=code)) for code in [*mappings.ANALYSERS, "und", "zh-cn", "he"]]
    assert set(put(server, settings, *articles)) == {Next.DONE}
    index = settings.index(templates.ARTICLES)
    for code, expected in (("de", {"de"}), ("zh", {"zh", "zh-cn"}), ("fi", {"fi"})):
        query = {"size": 100, "query": {"match": {f"news.body_by_language.{code}": "raketentest" if code == "de" else "einen"}}}
        hits = server.request("POST", f"/{index}/_search", query)["hits"]["hits"]
        assert {hit["_id"] for hit in hits} == expected
    everywhere = server.request("POST", f"/{index}/_count", {"query": {"match": {"news.body": "Raketentest"}}})
    assert everywhere["count"] == len(articles)


def test_an_older_revision_never_wins_and_a_newer_generation_does(settings: Settings, server: search.Server) -> None:
    apply.apply(settings)

    def title() -> str:
        found = queries.by_id(server, settings, "a")
        assert found
        return str(found["news"]["title"])

    assert put(server, settings, identified("a", revision=2, title="zweite")) == [Next.DONE]
    assert put(server, settings, identified("a", revision=1, title="erste", generation=999)) == [Next.OLDER]
    assert title() == "zweite"
    assert put(server, settings, identified("a", revision=2, title="noch einmal")) == [Next.DONE], "the same record again is no conflict"
    assert put(server, settings, identified("a", revision=2, title="neu angereichert", generation=1)) == [Next.DONE]
    assert put(server, settings, identified("a", revision=2, title="alt angereichert")) == [Next.OLDER]
    assert title() == "neu angereichert"


def test_extreme_values_never_reject_a_document(settings: Settings, server: search.Server) -> None:
    apply.apply(settings)
    long = "x" * 40_000
    match = Match(id=long, rule_id=long, rule_version=long, title=long, severity=long, hits=())
    far = Entity(id=long, type="other", name=long, recogniser=long, latitude=39.0, longitude=400.0)
    extreme = identified(
        "a",
        title=long,
        section=long,
        url="https://x.example/" + long,
        canonical_url="",
        authors=(long, "A"),
        terms=(long, "raketentest", "𝕏" * 9000),
        flags=(long,),
        matches=(match,),
        entities=(far,),
        guid=long,
        body="ä" * 1_200_000 + " Raketentest",
        dates=msgspec.structs.replace(article().dates, published_raw=long, published_at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
    )
    ancient = identified("b", dates=msgspec.structs.replace(article().dates, published_at=datetime(1, 1, 1, tzinfo=UTC)))
    assert put(server, settings, extreme, ancient) == [Next.DONE, Next.DONE]
    found = {each["_id"]: each for each in queries.by_term(server, settings, "raketentest")}
    assert set(found) == {"a", "b"}
    assert found["a"]["news"]["section"] == long, "what is too long to search is kept"
    assert {"news.section", "news.terms"} <= set(found["a"]["_ignored"])


def test_a_compound_is_found_by_its_part_and_marked(settings: Settings, server: search.Server) -> None:
    apply.apply(settings)
    body = "Die Führung kündigte <b>Mittelstreckenraketentests</b> an. Weitere Raketentests folgen."
    put(server, settings, identified("a", title="Neues", body=body), identified("b", title="Wetter", body="Sonne.", terms=("sonne",)))
    (found,) = queries.by_term(server, settings, "Raketentest")
    assert found["_id"] == "a"
    marked = " ".join(found["highlight"]["news.body"])
    assert "<em>Mittelstreckenraketentests</em>" in marked
    assert "<em>Raketentests</em>" in marked
    assert "<b>" not in marked, "text from outside is escaped"
    assert "body_by_language" not in found["news"]
    assert queries.by_term(server, settings, "*") == []


def test_questions_to_the_index(settings: Settings, server: search.Server) -> None:
    assert queries.newest(server, settings) == []
    assert queries.by_id(server, settings, "a") is None
    assert queries.counts(server, settings) == {}
    apply.apply(settings)
    first, second = identified("a"), identified("b", first_seen_at=NOON + timedelta(minutes=1), story=Story(id="story-a", position=2))
    put(server, settings, first, second)
    assert [each["_id"] for each in queries.newest(server, settings, 10)] == ["b", "a"]
    assert [each["_id"] for each in queries.newest(server, settings, 10, before=NOON + timedelta(minutes=1))] == ["a"]
    assert [each["_id"] for each in queries.find(server, settings, "https://tagesblatt.example/b")] == ["b"]
    assert [each["_id"] for each in queries.find(server, settings, "b")] == ["b"]
    assert [each["_id"] for each in queries.story(server, settings, "story-a")] == ["a", "b"]
    assert queries.counts(server, settings) == {f"{settings.index('news-articles')}-2026.11": 2}


def test_retention_deletes_months_and_nothing_else(settings: Settings, server: search.Server) -> None:
    apply.apply(settings)
    name = settings.index(templates.ARTICLES)
    for month in ("2025.09", "2025.10", "2026.11"):
        put(server, settings, identified(month), index=f"{name}-{month}")
    server.request("PUT", f"/{name}-notes", {})
    rejected = settings.index(templates.REJECTED)
    for month in ("2026.10", "2026.11"):
        server.request("PUT", f"/{rejected}-{month}")
    now = datetime(2025, 11, 1, tzinfo=UTC) + timedelta(days=399)
    assert retention(settings, now, dry_run=True) == [f"{name}-2025.09", f"{rejected}-2026.10"]
    assert retention(settings, now) == [f"{name}-2025.09", f"{rejected}-2026.10"]
    assert retention(settings, now) == []
    left = {f"{name}-2025.10", f"{name}-2026.11", f"{name}-notes", f"{rejected}-2026.11"}
    assert set(queries.counts(server, settings)) == left


EPISODE = (
    b'{"id":"e1","rule_id":"raketentest","opened_at":"2026-11-20T12:00:00Z","updated_at":"%b","message":{"headline":"%b"},"brand_new":[1]}'
)


@pytest.mark.usefixtures("topics")
def test_everything_is_indexed_or_rejected_and_committed_and_a_rebuild_finds_the_same(settings: Settings, server: search.Server) -> None:
    match = Match(
        id="m1",
        rule_id="raketentest",
        rule_version="1",
        title="Raketentest",
        severity="high",
        hits=(
            Hit(
                term="raketentest",
                surface="Raketentest",
                mode="term",
                field="title",
                start=23,
                end=34,
                sentence_start=0,
                sentence_end=34,
                sentence_id="s",
            ),
        ),
    )
    articles = [identified(f"a{number}", position=Position("articles.collected", 0, number), matches=(match,)) for number in range(500)]
    refusing = datetime(2020, 1, 5, tzinfo=UTC)
    refused = identified("refused", first_seen_at=refusing, section="Politik", position=Position("articles.collected", 1, 1))
    server.request(
        "PUT",
        f"/{settings.index('news-articles')}-2020.01",
        {"mappings": {"properties": {"news": {"properties": {"section": {"type": "integer"}}}}}},
    )
    newer = identified("a7", revision=2, title="Zweite Fassung", position=Position("articles.collected", 2, 1))
    records = enriched(*articles[:250], refused, *articles[250:], newer, articles[7])
    records.insert(100, (topology.ENRICHED, "broken", b"{"))
    records += [
        (topology.EPISODES, "e1", EPISODE % (b"2026-11-20T12:00:00Z", b"eins")),
        (topology.EPISODES, "e1", EPISODE % (b"2026-11-20T12:01:00Z", b"zwei")),
        (topology.EPISODES, "e2", EPISODE % (b"2026-11-20T12:00:00Z", b"weg")),
        (topology.EPISODES, "e2", None),
        (topology.NOTIFICATIONS, "n1", b'{"id":"n1","episode_id":"e1","receiver":"desk","created_at":"2026-11-20T12:00:00Z"}'),
    ]
    publish(settings, records)
    with indexing(settings):
        until(lambda: drained(settings))

    names = {short: settings.index(short) for short in ("news-articles", "news-alerts", "news-notifications")}
    expected = {
        f"{names['news-articles']}-2020.01": 0,
        f"{names['news-articles']}-2026.11": 500,
        names["news-alerts"]: 1,
        names["news-notifications"]: 1,
        f"{settings.index('news-rejected')}-{datetime.now(UTC):%Y.%m}": 2,
    }
    assert queries.counts(server, settings) == expected
    (episode,) = queries.alerts(server, settings)
    assert (episode["message"], episode["news"]["alert"]["other"]["brand_new"]) == ("zwei", [1])
    found = outcomes(settings)
    assert {outcome.article_id for outcome in found.values() if outcome.exit is Exit.PASSED} == {each.id for each in articles}
    assert found["articles.collected/1/1"].reason == Rejection.REFUSED_BY_INDEX
    assert "failed to parse field [news.section]" in found["articles.collected/1/1"].detail
    rejected = {each.key: each for each in broker.read_to_end(settings.kafka, settings.topic(topology.REJECTED))}
    assert {key: rejected_from(each.headers).reason for key, each in rejected.items()} == {
        b"refused": Rejection.REFUSED_BY_INDEX,
        b"broken": Rejection.UNREADABLE,
    }
    assert rejected[b"refused"].value == encode(refused)

    live = contents(server, settings)
    assert live["a7"]["news"]["title"] == "Zweite Fassung"
    for name in queries.counts(server, settings):
        server.request("DELETE", f"/{name}")
    committed = broker.lag(settings, indexer.GROUP, topology.stage("index").reads)
    heard: list[Counts] = []
    total = rebuild(settings, heard.append)
    assert (total.records, total.refused) == (len(records) + 2, 1), "the refusing index is gone, only the broken record is left"
    assert heard[-1] == total
    rebuilt = contents(server, settings)
    assert {id: each for id, each in rebuilt.items() if id != "refused"} == live
    assert broker.lag(settings, indexer.GROUP, topology.stage("index").reads) == committed


def contents(server: search.Server, settings: Settings) -> dict[str, Any]:
    """Every document without the times of indexing."""
    queries.refresh(server, settings)
    found: dict[str, Any] = {}
    for name in ("news-articles", "news-alerts", "news-notifications", "news-rejected"):
        answer = server.request("POST", f"/{settings.index(name)}/_search", {"size": 5000, "version": True}, {"ignore_unavailable": "true"})
        for hit in answer["hits"]["hits"]:
            source = hit["_source"]
            source["event"].pop("ingested", None)
            source["news"].get("clock", {}).pop("indexed", None)
            source["news"].pop("lag", None)
            found[hit["_id"]] = {**source, "_version": hit["_version"], "_index": hit["_index"]}
    return found


@pytest.mark.usefixtures("topics")
def test_while_the_index_takes_nothing_the_indexer_waits_and_loses_nothing(settings: Settings, server: search.Server) -> None:
    apply.apply(settings)
    put(server, settings, identified("first"))
    index = f"{settings.index('news-articles')}-2026.11"
    server.request("PUT", f"/{index}/_settings", {"index.blocks.write": "true"})
    other_month = identified("other", first_seen_at=datetime(2026, 10, 1, tzinfo=UTC))
    publish(settings, enriched(*[identified(f"a{number}") for number in range(150)], other_month))
    with indexing(settings):
        until(lambda: queries.by_id(server, settings, "other") is not None)
    assert queries.counts(server, settings)[index] == 1
    assert not drained(settings), "stopping does not wait, and commits nothing that is not there"
    with indexing(settings):
        server.request("PUT", f"/{index}/_settings", {"index.blocks.write": None})
        until(lambda: drained(settings))
    assert queries.counts(server, settings)[index] == 151
    assert list(broker.read_to_end(settings.kafka, settings.topic(topology.REJECTED))) == []


@pytest.mark.usefixtures("topics")
def test_an_empty_server_that_takes_the_place_of_another_gets_the_templates_first(
    settings: Settings, server: search.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = threading.Event()
    missed = threading.Event()
    real = search.Server.bulk

    def bulk(self: search.Server, body: bytes) -> Answer:
        if down.is_set():
            missed.set()
            return Answer(0, "connection refused")
        return real(self, body)

    monkeypatch.setattr(search.Server, "bulk", bulk)
    name = settings.index(templates.ARTICLES)
    with indexing(settings):
        publish(settings, enriched(identified("a")))
        until(lambda: drained(settings))
        down.set()
        publish(settings, enriched(identified("b")))
        assert missed.wait(20)
        server.request("DELETE", f"/{name}-2026.11")
        server.request("DELETE", f"/_index_template/{name}")
        down.clear()
        until(lambda: drained(settings))
    assert {change.change for change in apply.apply(settings)} == {"unchanged"}
    queries.refresh(server, settings)
    assert [each["_id"] for each in queries.newest(server, settings)] == ["b"]


@pytest.mark.usefixtures("topics")
def test_a_server_that_does_not_let_us_in_ends_the_indexer_and_nothing_is_committed(
    settings: Settings, server: search.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, enriched(identified("a")))
    refused = threading.Event()

    def bulk(self: search.Server, body: bytes) -> Answer:
        refused.set()
        return Answer(403, "security_exception: no right to write")

    with monkeypatch.context() as patch:
        patch.setattr(search.Server, "bulk", bulk)
        with pytest.raises(search.Denied, match="no right to write"), indexing(settings):
            assert refused.wait(20)
    assert not drained(settings)
    with indexing(settings):
        until(lambda: drained(settings))
    assert sum(queries.counts(server, settings).values()) == 1


# 3,000 articles in bulks of 25, a refresh at every look: on two cores with other work beside it takes half a minute.
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("topics")
def test_two_indexers_share_the_work_while_one_joins_and_leaves(settings: Settings, server: search.Server) -> None:
    """Rebalances in the middle of the stream: every article is there, and its outcome, in spite of partitions that change hands."""
    articles = [identified(f"a{number}", position=Position("articles.collected", 0, number)) for number in range(3000)]
    slow = settings.model_copy(update={"elasticsearch": settings.elasticsearch.model_copy(update={"bulk_documents": 25})})
    with indexing(slow):
        publish(settings, enriched(*articles[:1000]))
        until(lambda: sum(queries.counts(server, settings).values()) > 100, seconds=45)
        with indexing(slow):
            publish(settings, enriched(*articles[1000:2000]))
            until(lambda: sum(queries.counts(server, settings).values()) > 1200, seconds=45)
        publish(settings, enriched(*articles[2000:]))
        until(lambda: drained(settings), seconds=45)
    assert sum(queries.counts(server, settings).values()) == 3000
    assert {outcome.article_id for outcome in outcomes(settings).values()} == {each.id for each in articles}


@pytest.mark.usefixtures("topics")
def test_what_a_member_drops_in_a_rebalance_comes_again_to_the_one_who_keeps_the_partition(settings: Settings) -> None:
    """The first member holds all records unfinished while the second joins, and drops those of the partitions taken from it: each
    record must be with one of the two afterwards."""
    articles = [identified(f"a{number}") for number in range(60)]
    publish(settings, enriched(*articles))
    stop = threading.Event()
    first, second = (Intake(settings, "moved", (topology.ENRICHED,), stop) for _ in range(2))
    try:
        held: list[broker.Record] = []

        def read() -> bool:
            held.extend(first.gather())
            return len(held) == len(articles)

        until(read, seconds=20)
        brought: list[broker.Record] = []

        def joined() -> bool:
            first.wait(0.05)
            brought.extend(second.gather())
            return bool(brought)

        until(joined, seconds=30)
        taken = first.revoked()
        kept = {each.key for each in held if (each.topic, each.partition) not in taken} | {each.key for each in brought}

        def arrived() -> bool:
            kept.update(each.key for each in [*first.gather(), *second.gather()])
            return len(kept) == len(articles)

        until(arrived, seconds=20)
    finally:
        first.close()
        second.close()


@pytest.mark.usefixtures("topics")
def test_short_polls_leave_no_new_member_outside_its_group(settings: Settings) -> None:
    """Each member joins first without and then with the topic's metadata, and the polls end in the middle of that."""
    publish(settings, enriched(identified("a")))
    for number in range(6):
        consumer = broker.group_consumer(settings, f"short-{number}", [topology.ENRICHED])
        try:
            until(lambda: bool(broker.polled(consumer, 1)), seconds=8)  # noqa: B023
        finally:
            consumer.close(timeout_ms=2_000)


@pytest.mark.usefixtures("topics")
def test_the_indexer_waits_for_an_elasticsearch_that_comes_later(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(settings, enriched(identified("a")))
    asked = threading.Event()
    ready = search.ready
    there = threading.Event()

    def not_yet(server: search.Server) -> bool:
        asked.set()
        return there.is_set() and ready(server)

    monkeypatch.setattr("pipeline.search.ready", not_yet)
    with indexing(settings), search.Server(settings) as server:
        assert asked.wait(20)
        assert queries.counts(server, settings) == {}
        there.set()
        until(lambda: drained(settings))
        assert sum(queries.counts(server, settings).values()) == 1
