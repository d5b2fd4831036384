"""Every panel, saved search and rule that we ship, asked as the Elasticsearch query it stands for, over documents as the indexer makes them.

What each must show is written down here by hand. A panel that is not listed fails the test: a dashboard must not hold what nobody has seen filled.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline import search, topology
from pipeline.article import Article, Clock, Dates, Entity, Hit, Language, Match, Position, Source, Story, encode
from pipeline.broker import Record
from pipeline.delivery import Result as Sent
from pipeline.delivery import claimed, concluded
from pipeline.episode import Episode, Notification
from pipeline.errors import GiveUp
from pipeline.index import apply, queries, templates
from pipeline.index.bulk import Next
from pipeline.index.entries import prepare
from pipeline.index.rejections import document_id
from pipeline.index.writer import Writer, write_all
from pipeline.kibana import alerting, objects
from pipeline.message import Message
from pipeline.outcome import Rejected, Rejection
from pipeline.rules.terms import terms
from pipeline.sections import Elasticsearch, Kibana
from pipeline.settings import Settings
from pipeline.sources import SourceHealth
from pipeline.text.tokens import analyse
from tests.kibana_queries import panel_request, panel_rows, rule_request, search_of

Json = dict[str, Any]

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def article(id: str, ago: timedelta, source: str, language: str, title: str, **changes: Any) -> tuple[Article, datetime]:
    """An article that was published `ago`, fetched 20 seconds later and is indexed 3 seconds after that."""
    published = NOW - ago
    fetched = published + timedelta(seconds=20)
    values: Json = {
        "story": Story(id=f"story-{id}"),
        "source": Source(id=source, name=source.title(), connector="rss", site=f"{source}.example"),
        **changes,
    }
    made = Article(
        id=id,
        url=f"https://{source}.example/{id}",
        title=title,
        body=f"{title}.",
        language=Language(code=language, confidence=0.9, origin="detected"),
        dates=Dates(published_at=published, precision="second", confidence="exact"),
        clock=Clock(fetched_at=fetched),
        first_seen_at=fetched,
        revision=1,
        position=Position(topology.COLLECTED, 0, 1),
        terms_added=terms([analyse(title)]),
        **values,
    )
    return made, fetched + timedelta(seconds=3)


def entity(kind: Any, name: str, country: str = "") -> Entity:
    return Entity(id=name, type=kind, name=name, recogniser="test", country=country)


def match(rule: str, surface: str) -> Match:
    place = {"field": "title", "start": 0, "end": 1, "sentence_start": 0, "sentence_end": 1, "sentence_id": "s"}
    hit = Hit(term=rule, surface=surface, mode="term", **place)  # type: ignore[arg-type]
    return Match(id=f"m-{surface}", rule_id=rule, rule_version="1", title=rule, severity="high", hits=(hit,))


KIM, PYONGYANG, UN = entity("person", "Kim Jong Un"), entity("place", "Pjöngjang", "KP"), entity("organisation", "Vereinte Nationen")
TEST = Story(id="story-test")

ARTICLES = [
    article(
        *("a1", 10 * MINUTE, "tagesblatt", "de", "Nordkorea plant Mittelstreckenraketentests"),
        story=TEST,
        entities=(KIM, PYONGYANG),
        matches=(match("raketentest", "Mittelstreckenraketentests"),),
    ),
    article(
        *("a2", 8 * MINUTE, "morgenpost", "de", "Raketentest vor der Küste"),
        story=TEST,
        entities=(KIM, UN),
        matches=(match("raketentest", "Raketentest"),),
    ),
    article("a3", 30 * MINUTE, "tagesblatt", "en", "Harvest festival opens", flags=("unreadable_date",)),
    article("a4", 5 * 60 * MINUTE, "wire", "en", "Earthquake shakes island", entities=(UN,), matches=(match("erdbeben", "Earthquake"),)),
    article("a5", 3 * DAY, "archiv", "fr", "Essai de missile", matches=(match("raketentest", "Essai de missile"),)),
    article("a6", MINUTE, "wire", "de", "Ein alter Raketentest, noch einmal gelesen", replay=True),
]


def message(id: str, fetched: datetime, alerted: datetime) -> Message:
    return Message(
        notification_id=id,
        episode_id="e1",
        kind="first",
        why="first",
        alerted_at=alerted,
        headline="Raketentest vor der Küste",
        url="https://morgenpost.example/a2",
        clock=Clock(fetched_at=fetched),
    )


def episode(id: str, severity: str, ago: timedelta = 10 * MINUTE, **changes: Any) -> Episode:
    at = NOW - ago
    values: Json = {"article_count": 2, **changes}
    return Episode(
        id=id,
        rule_id="raketentest",
        rule_title="Raketentests",
        severity=severity,
        group=id,
        opened_seq=1,
        opened_at=at,
        last_match_at=at,
        updated_at=at,
        message=message("", at, at),
        **values,
    )


EPISODES = [
    episode("e1", "high"),
    episode("e2", "critical", acknowledged_by="anna", acknowledged_at=NOW),
    episode("e3", "high", state="closed"),
    episode("e4", "high", shadow=True),
    episode("e5", "critical", exercise=True),
    episode("e6", "low", state="reopened"),
    episode("e7", "high", ago=10 * DAY),
]


def notification(id: str, receiver: str, took: float = 0, error: str = "", verdict: str = "", slow: bool = False) -> Notification:
    """A notification as the alerter leaves it: sent `took` seconds after the article was fetched, failed for good, or not sent on purpose."""
    sent_at = NOW - 5 * MINUTE
    alerted = sent_at - timedelta(seconds=40 if slow else 1)
    made = Notification(
        id=id,
        episode_id="e1",
        rule_id="raketentest",
        receiver=receiver,
        kind="first",
        step=1,
        created_at=alerted,
        next_at=alerted,
        message=message(id, sent_at - timedelta(seconds=took), alerted),
        state="suppressed" if verdict else "pending",
        verdict=verdict,
    )
    if verdict:
        return made
    trying = claimed(made, sent_at, "test")
    return concluded(trying, Sent(id, 1, GiveUp(error) if error else None), 8, sent_at, 0.5)


NOTIFICATIONS = [
    notification("n1", "desk", took=2),
    notification("n2", "desk", took=4),
    notification("n3", "duty", took=60, slow=True),
    notification("n4", "desk", verdict="silence:s1"),
    notification("n5", "duty", error="the address is gone"),
]

SOURCES = [
    SourceHealth(source_id="tagesblatt", state="ok", last_article_at=NOW - 10 * MINUTE, last_success_at=NOW, articles=200, updated_at=NOW),
    SourceHealth(
        source_id="wire",
        state="failing",
        last_article_at=NOW - 60 * MINUTE,
        last_success_at=NOW - 50 * MINUTE,
        articles=90,
        consecutive_failures=4,
        next_fetch_at=NOW + MINUTE,
        last_error="wire.example answered 503",
        updated_at=NOW - MINUTE,
    ),
    SourceHealth(
        source_id="archiv",
        state="silent",
        last_article_at=NOW - 3 * DAY,
        last_success_at=NOW,
        articles=7,
        unreadable=5,
        unreadable_note="5 of 12 items could not be read: no date",
        updated_at=NOW - 2 * MINUTE,
    ),
]

REJECTIONS = [
    Rejected(
        stage=stage,
        reason=reason,
        detail=f"a record that {stage} could not take",
        source_id=source_id,
        article_id=f"r{number}" if topic else "",
        topic=topic or topology.COLLECTED,
        partition=0 if topic else -1,
        offset=number if topic else -1,
        at=NOW - number * MINUTE,
        original_bytes=9,
        original_sha256=f"{number:064x}",
        subject="" if topic else f"datei-{number}.txt",
    )
    for number, (stage, reason, source_id, topic) in enumerate(
        [
            ("collect", Rejection.UNREADABLE, "archiv", ""),
            ("collect", Rejection.UNREADABLE, "wire", ""),
            ("collect", Rejection.EMPTY, "archiv", ""),
            ("identify", Rejection.INVALID, "", topology.COLLECTED),
        ]
    )
]


def records(settings: Settings) -> list[tuple[Record, datetime]]:
    """What the topics hold, each with when it is indexed."""

    def record(topic: str, offset: int, key: str, value: bytes, at: datetime) -> tuple[Record, datetime]:
        return Record(settings.topic(topic), 0, offset, key.encode(), value, (), at), at

    found = [record(topology.ENRICHED, number, each.id, encode(each), at) for number, (each, at) in enumerate(ARTICLES)]
    for topic, listed in ((topology.EPISODES, EPISODES), (topology.NOTIFICATIONS, NOTIFICATIONS)):
        found += [
            record(topic, number, each.id, msgspec.json.encode(each), getattr(each, "updated_at", NOW))
            for number, each in enumerate(listed)
        ]
    rejections = [*REJECTIONS, REJECTIONS[3]]  # the last one twice, as after a crash
    found += [
        (Record(settings.topic(topology.REJECTED), 0, number, None, b"{", tuple(each.headers()), NOW), NOW)
        for number, each in enumerate(rejections)
    ]
    found += [record(topology.HEALTH, number, each.source_id, msgspec.json.encode(each), NOW) for number, each in enumerate(SOURCES)]
    return found


@pytest.fixture(scope="module")
def settings(elasticsearch_url: str) -> Settings:
    prefix = f"k{uuid.uuid4().hex[:10]}-"
    return Settings(
        elasticsearch=Elasticsearch(url=elasticsearch_url, index_prefix=prefix), kibana=Kibana(keywords=["Raketentest", "Vulkan"])
    )


@pytest.fixture(scope="module")
def server(settings: Settings) -> Generator[search.Server]:
    """An index filled with the samples by the indexer's own steps."""
    search.wait_until_ready(settings, 60)
    with search.Server(settings) as made:
        apply.apply_to(made, settings)
        entries = [prepare(record, settings, at) for record, at in records(settings)]
        assert [entry.error for entry in entries if entry.error] == []
        operations = [entry.operation for entry in entries if entry.operation]
        verdicts = write_all(Writer(made.bulk, 100, 10**6), operations)
        assert {verdict.next for _, verdict in verdicts} == {Next.DONE}, verdicts
        queries.refresh(made, settings)
        yield made
        for name in queries.counts(made, settings):
            made.request("DELETE", f"/{name}")
        for name in templates.templates(settings, ()):
            made.request("DELETE", f"/_index_template/{name}")


@pytest.fixture(scope="module")
def shipped(settings: Settings) -> dict[str, Json]:
    return {each["id"]: each for each in objects.saved_objects(settings)}


def found_in(view: Json, server: search.Server, body: Json) -> Json:
    answer: Json = server.request("POST", f"/{view['attributes']['title']}/_search", body)
    return answer


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seen(id: str) -> str:
    return next(stamp(each.first_seen_at) for each, _ in ARTICLES if each.id == id and each.first_seen_at)


# The 95th percentile of 2, 4 and 60: between the last two it is a matter of interpolation.
SLOWEST = pytest.approx(55, abs=5)

# Rows without the slots of time: for a chart over time the figures of a series are added up.
EXPECTED: dict[str, list[tuple[Any, ...]]] = {
    "lage/articles": [(5,)],
    "lage/publishers": [(3,)],
    "lage/story-count": [(4,)],
    "lage/matched": [(3,)],
    "lage/volume": [("de", 3), ("en", 2)],
    "lage/languages": [("de", 3), ("en", 2)],
    "lage/people": [("Kim Jong Un", 2)],
    "lage/places": [("Pjöngjang", 1)],
    "lage/countries": [("KP", 1)],
    "lage/organisations": [("Vereinte Nationen", 2)],
    "lage/stories": [
        ("story-a3", 1, 1, "Harvest festival opens", seen("a3")),
        ("story-a4", 1, 1, "Earthquake shakes island", seen("a4")),
        ("story-a6", 1, 1, "Ein alter Raketentest, noch einmal gelesen", seen("a6")),
        ("story-test", 2, 2, "Raketentest vor der Küste", seen("a2")),
    ],
    "alerts/open": [(4,)],
    "alerts/unacknowledged": [(3,)],
    "alerts/typical-time": [(4.0,)],
    "alerts/slowest-time": [(SLOWEST,)],
    "alerts/severities": [("critical", 1), ("high", 2), ("low", 1)],
    "alerts/matches": [("erdbeben", 1), ("raketentest", 3)],
    "alerts/rule-source": [
        ("erdbeben", "wire", 1),
        ("raketentest", "archiv", 1),
        ("raketentest", "morgenpost", 1),
        ("raketentest", "tagesblatt", 1),
    ],
    "alerts/time-to-alert": [(4.0, SLOWEST)],
    "alerts/receivers": [("desk", 3, 2, 0, 1, 0), ("duty", 2, 1, 1, 0, 1)],
    "alerts/suppressed": [("silence", 1)],
    "sources/known": [(3,)],
    "sources/failing": [(1,)],
    "sources/silent": [(1,)],
    "sources/lag": [(20.0,)],
    "sources/rejected": [(4,)],
    "sources/unreadable-ever": [(5.0,)],
    "sources/health": [
        ("archiv", stamp(NOW - 3 * DAY), stamp(NOW), "silent", 0.0, 7.0, 5.0, None),
        ("tagesblatt", stamp(NOW - 10 * MINUTE), stamp(NOW), "ok", 0.0, 200.0, 0.0, None),
        ("wire", stamp(NOW - 60 * MINUTE), stamp(NOW - 50 * MINUTE), "failing", 4.0, 90.0, 0.0, "wire.example answered 503"),
    ],
    "sources/by-source": [("morgenpost", 1), ("tagesblatt", 2), ("wire", 2)],
    "sources/rejected-over-time": [("collect", 3), ("identify", 1)],
    "sources/rejected-why": [
        ("collect", "empty", 1, 1, stamp(NOW - 2 * MINUTE)),
        ("collect", "unreadable", 2, 2, stamp(NOW)),
        ("identify", "invalid", 1, 0, stamp(NOW - 3 * MINUTE)),
    ],
    "sources/lag-by-source": [("morgenpost", 1, 20.0, 20.0, 3.0), ("tagesblatt", 2, 20.0, 20.0, 3.0), ("wire", 2, 20.0, 20.0, 3.0)],
    "sources/flags": [("unreadable_date", 1)],
}


def panels(shipped: dict[str, Json]) -> Generator[tuple[str, Json, Json, str]]:
    """Each panel as `dashboard/panel`, with its dashboard and the time range it is asked for."""
    for each in shipped.values():
        if each["type"] == "dashboard":
            for panel in json.loads(each["attributes"]["panelsJSON"]):
                since = panel["embeddableConfig"].get("timeRange", {}).get("from") or each["attributes"]["timeFrom"]
                yield f"{each['id'].rpartition('-')[2]}/{panel['panelIndex']}", panel, each, since


def rows_of(panel: Json, dashboard: Json, since: str, shipped: dict[str, Json], server: search.Server) -> list[tuple[Any, ...]]:
    chart = panel["embeddableConfig"]["attributes"]
    name = f"{panel['panelIndex']}:{chart['references'][0]['name']}"
    view = shipped[next(each["id"] for each in dashboard["references"] if each["name"] == name)]
    answer = found_in(view, server, panel_request(chart, view["attributes"]["timeFieldName"], since, NOW))
    return panel_rows(chart, answer)


def without_slots(panel: Json, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of a chart over time, one for each series: counts are added up, other figures are those of the only slot."""
    layer = panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]["main"]
    kinds = [layer["columns"][name]["operationType"] for name in layer["columnOrder"]]
    if "date_histogram" not in kinds:
        return rows
    slot = kinds.index("date_histogram")
    series: dict[Any, list[tuple[Any, ...]]] = {}
    for row in rows:
        series.setdefault(row[:slot], []).append(row[slot + 1 :])
    counted = kinds[slot + 1 :] == ["count"]
    return [(*key, *((sum(each[0] for each in figures),) if counted else figures[0])) for key, figures in series.items()]


def test_every_panel_shows_what_it_must(shipped: dict[str, Json], server: search.Server) -> None:
    shown = {
        name: without_slots(panel, rows_of(panel, dashboard, since, shipped, server))
        for name, panel, dashboard, since in panels(shipped)
        if panel["type"] == "lens"
    }
    assert {name: sorted(rows, key=str) for name, rows in shown.items()} == EXPECTED


def test_groups_come_in_the_order_that_people_need(shipped: dict[str, Json], server: search.Server) -> None:
    listed = {name: (panel, dashboard, since) for name, panel, dashboard, since in panels(shipped)}
    stories = rows_of(*listed["lage/stories"], shipped, server)
    assert stories[0][0] == "story-test", "the largest story first"
    assert [row[0] for row in rows_of(*listed["sources/health"], shipped, server)] == ["archiv", "wire", "tagesblatt"], (
        "the longest silence first"
    )


def test_the_volume_is_spread_over_the_hours(shipped: dict[str, Json], server: search.Server) -> None:
    panel, dashboard, since = next(each[1:] for each in panels(shipped) if each[0] == "lage/volume")
    slots = {row[1] for row in rows_of(panel, dashboard, since, shipped, server)}
    assert len(slots) >= 2, "five hours lie between the articles"


SEARCHED = {
    "latest": ["a6", "a2", "a1", "a3", "a4"],
    "matched": ["a2", "a1", "a4"],
    "open": ["e1", "e2", "e6"],
    "messages": ["n1", "n2", "n3", "n4", "n5"],
    "troubled": ["archiv", "wire"],
    "rejected": sorted(document_id(each) for each in REJECTIONS),
}


def test_every_saved_search_finds_what_it_must_and_fills_its_columns(shipped: dict[str, Json], server: search.Server) -> None:
    found: dict[str, list[str]] = {}
    for each in (each for each in shipped.values() if each["type"] == "search"):
        attributes = each["attributes"]
        view = shipped[each["references"][0]["id"]]
        source = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
        body = {
            "query": search_of(source["query"], view["attributes"]["timeFieldName"], "now-24h", NOW),
            "sort": [{name: {"order": order}} for name, order in attributes["sort"]],
            "fields": attributes["columns"],
            "_source": False,
        }
        hits = found_in(view, server, body)["hits"]["hits"]
        name = each["id"].rpartition("-")[2]
        found[name] = [hit["_id"] for hit in hits]
        filled = {column for hit in hits for column in hit.get("fields", {})}
        assert set(attributes["columns"]) <= filled, f"{name} has columns that nothing fills"
    ordered = {name: ids if name in ("latest", "matched") else sorted(ids) for name, ids in found.items()}
    assert ordered == SEARCHED


def test_every_rule_finds_what_it_must(settings: Settings, server: search.Server) -> None:
    fired = {}
    for rule in (each for each in alerting.wanted(settings) if each.kind == "rule"):
        params = rule.create["params"]
        answer = server.request("POST", f"/{params['index'][0]}/_search", rule_request(params, NOW))
        fired[rule.name.partition(" (")[0]] = {
            each["key"]: each["hits"]["hits"]["hits"][0]["_source"]["message"].partition("\n")[0]
            for each in answer["aggregations"]["groups"]["buckets"]
        }
    headline = "Raketentest vor der Küste"
    assert fired == {
        # In base form and as the head of a compound; not what was replayed, and not what was indexed days ago.
        "News: the word raketentest": {"a1": "Nordkorea plant Mittelstreckenraketentests", "a2": headline},
        "News: the word vulkan": {},
        "News alerts: new episodes, high or critical": {"e1": headline, "e2": headline},
    }


def test_what_a_rule_says_of_a_hit_is_there(settings: Settings, server: search.Server) -> None:
    """The Mustache names of the messages, looked up in the hits that the rule gets."""
    for rule in (each for each in alerting.wanted(settings) if each.kind == "rule" and "vulkan" not in each.name):
        params = rule.create["params"]
        answer = server.request("POST", f"/{params['index'][0]}/_search", rule_request(params, NOW))
        source = answer["aggregations"]["groups"]["buckets"][0]["hits"]["hits"]["hits"][0]["_source"]
        for action in rule.create["actions"]:
            for name in _mustache(json.dumps(action["params"])):
                value: Any = source
                for part in name.split("."):
                    value = value.get(part) if isinstance(value, dict) else None
                assert value, f"{rule.name}: {name} is empty"


def _mustache(text: str) -> list[str]:
    return [each.partition("}}")[0] for each in text.split("{{_source.")[1:]]
