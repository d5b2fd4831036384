"""Articles and alerts as documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Clock, Dates, Entity, Hit, Language, Match, Mention, Position, Source, Span, Story
from pipeline.errors import Permanent
from pipeline.index import mappings, templates
from pipeline.index.alerts import MEMORY, episode_document, notification_document
from pipeline.index.documents import LEAD_CHARACTERS, document, index_name, message
from pipeline.sections import Elasticsearch
from pipeline.settings import Settings
from tests.builders import NOON, article

HIT = Hit(
    term="raketentest",
    surface="Raketentest",
    mode="term",
    field="title",
    start=23,
    end=34,
    sentence_start=0,
    sentence_end=34,
    sentence_id="s1",
    clause="any",
)


def full(**changes: Any) -> Any:
    """An article with every field that the index knows."""
    values: dict[str, Any] = {
        "source": Source(id="t", name="Tagesblatt", connector="rss", site="tagesblatt.example", country="DE", owner="verlag", tier=1),
        "summary": "Kurz.",
        "authors": ("A. Beispiel",),
        "section": "Politik",
        "keywords": ("korea",),
        "dates": Dates(published_raw="x", updated_raw="y", published_at=NOON, updated_at=NOON, precision="second", confidence="exact"),
        "language": Language(code="de", confidence=0.99, origin="detected", declared="de"),
        "embargoed_at": NOON,
        "encoding": "utf-8",
        "original": b"secret bytes",
        "original_sha256": "ab",
        "backfill": True,
        "clock": Clock(fetched_at=NOON, collected_at=NOON, identified_at=NOON, deduplicated_at=NOON, enriched_at=NOON, indexed_at=NOON),
        "position": Position("articles.collected", 1, 7),
        "first_seen_at": NOON,
        "revision": 2,
        "content_hash": "cd",
        "routing_language": "de",
        "added": (Span("body", 0, 9),),
        "flags": ("future_date",),
        "story": Story(id="s1", position=2, opened_by="a0", opened_at=NOON, nearest="a0", similarity=0.8, containment=0.9),
        "entities": (
            Entity(
                id="geo:1",
                type="place",
                name="Pjöngjang",
                recogniser="places",
                country="KP",
                latitude=39.0,
                longitude=125.7,
                confidence=0.9,
                salience=0.5,
                mentions=(Mention(field="body", start=0, end=9, text="Pjöngjang"),),
            ),
            Entity(id="list:1", type="person", name="Kim Jong Un", recogniser="list"),
        ),
        "terms": ("raketentest", "rakete"),
        "terms_added": ("raketentest",),
        "matches": (
            Match(
                id="m1",
                rule_id="raketentest",
                rule_version="1",
                title="Raketentest",
                severity="high",
                hits=(HIT, HIT),
                shadow=True,
                known=True,
            ),
        ),
        "pubstatus": "canceled",
        "replay": True,
        "generation": 3,
    }
    return article(**{**values, **changes})


def as_json(made: Mapping[str, Any]) -> dict[str, Any]:
    decoded = json.loads(msgspec.json.encode(made))
    assert isinstance(decoded, dict)
    return decoded


def unmapped(tree: Mapping[str, Any], fields: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The names in a document that a strict mapping would refuse."""
    for name, value in tree.items():
        field = fields.get(name)
        if field is None:
            yield above + name
        elif "properties" in field:
            for each in value if isinstance(value, list) else [value]:
                yield from unmapped(each, field["properties"], f"{above}{name}.")


def left_out(record: Any, above: str = "") -> set[str]:
    """The fields of a record, and of the records in it, that have their default: those no document of it would show."""
    if isinstance(record, tuple) and record:
        return set.intersection(*(left_out(each, above) for each in record))
    if not isinstance(record, msgspec.Struct):
        return set()
    found = set()
    for field in msgspec.structs.fields(record):
        value = getattr(record, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        found |= {above + field.name} if value == default else left_out(value, f"{above}{field.name}.")
    return found


FIELDS = mappings.fields(mappings.article(()))
ALERT_FIELDS = mappings.fields(mappings.ALERT)


def test_a_full_article_has_every_field_of_the_record() -> None:
    """A field that this article lacks could be missing from the mapping: Elasticsearch would refuse every article that has it."""
    never_indexed = {"schema", "markup", "signature", "unknown"}
    assert left_out(full()) == never_indexed


def test_every_field_of_a_full_article_is_mapped_and_every_mapped_field_is_filled() -> None:
    made = as_json(document(full(), NOON))
    assert list(unmapped(made, FIELDS)) == []

    def names(fields: Mapping[str, Any], above: str = "") -> set[str]:
        found = set()
        for name, field in fields.items():
            found |= names(field["properties"], f"{above}{name}.") if "properties" in field else {above + name}
        return found

    def filled(tree: Mapping[str, Any], fields: Mapping[str, Any], above: str = "") -> set[str]:
        found = set()
        for name, value in tree.items():
            field = fields[name]
            for each in value if isinstance(value, list) else [value]:
                found |= filled(each, field["properties"], f"{above}{name}.") if "properties" in field else {above + name}
        return found

    empty = {name for name in names(FIELDS) - filled(made, FIELDS) if "_by_language." not in name}
    # This one is both replayed and from an archive, so it tells nothing about lateness.
    lateness = {"news.lag.fetch_seconds", "news.lag.index_seconds"}
    assert empty == {"event.action", "news.entity.organisation", "news.entity.other"} | lateness


def test_operational_facts_stand_under_their_common_names() -> None:
    made = as_json(document(full(), NOON + timedelta(seconds=5)))
    assert made["@timestamp"] == made["event"]["created"] == "2026-11-20T12:00:00Z"
    assert made["event"] == {
        "kind": "event",
        "dataset": "news.article",
        "id": "a1",
        "created": "2026-11-20T12:00:00Z",
        "ingested": "2026-11-20T12:00:05Z",
    }
    assert made["url"] == {
        "full": "https://tagesblatt.example/a1",
        "original": "https://tagesblatt.example/a1",
        "domain": "tagesblatt.example",
    }
    assert made["message"] == "Nordkorea meldet einen Raketentest\nKurz."
    assert made["news"]["version"] == 2003


def test_an_article_without_a_date_stands_at_the_time_we_first_saw_it() -> None:
    seen = NOON + timedelta(minutes=1)
    assert document(full(dates=Dates(), first_seen_at=seen))["@timestamp"] == seen


def test_a_date_without_a_time_is_no_instant_of_the_clock() -> None:
    made = document(full(dates=Dates(published_at=NOON, precision="day")))
    assert "published" not in made["news"]["clock"]


def test_a_preview_has_no_time_of_indexing() -> None:
    made = document(full())
    assert "ingested" not in made["event"]
    assert "indexed" not in made["news"]["clock"]


@pytest.mark.parametrize(("code", "field"), [("de", "de"), ("zh-cn", "zh"), ("zh-tw", "zh"), ("und", ""), ("so", ""), ("", "")])
def test_only_the_sub_field_of_the_articles_own_language_is_filled(code: str, field: str) -> None:
    news = document(full(language=Language(code=code)))["news"]
    assert set(news.get("body_by_language", {})) == ({field} if field else set())
    assert news["body"] == full().body


def test_offsets_are_kept_for_the_page_and_words_for_the_search() -> None:
    news = as_json(document(full()))["news"]
    assert news["matches"] == [
        {
            "id": "m1",
            "rule_id": "raketentest",
            "title": "Raketentest",
            "severity": "high",
            "terms": ["raketentest"],
            "surfaces": ["Raketentest"],
            "shadow": True,
        }
    ]
    assert news["hits"][0]["hits"][0]["start"] == 23
    assert news["named"][0]["id"] == news["entities"][0]["id"] and news["named"][0]["mentions"] == 1
    assert news["named"][0]["location"] == news["entity"]["location"][0]
    assert news["entities"][0]["mentions"] == [{"field": "body", "start": 0, "end": 9, "text": "Pjöngjang"}]
    assert news["entity"]["name"] == ["Pjöngjang", "Kim Jong Un"]
    assert news["entity"]["place"] == ["Pjöngjang"]
    assert news["entity"]["person"] == ["Kim Jong Un"]
    assert news["entity"]["location"] == [{"lat": 39.0, "lon": 125.7}]
    assert "secret" not in json.dumps(news)


@pytest.mark.parametrize(("latitude", "longitude"), [(91.0, 0.0), (0.0, 200.0), (float("nan"), 0.0), (float("inf"), 0.0), (None, 1.0)])
def test_a_place_that_is_not_on_earth_is_not_on_the_map(latitude: float | None, longitude: float | None) -> None:
    entity = Entity(id="x", type="place", name="X", recogniser="r", latitude=latitude, longitude=longitude)
    assert "location" not in document(full(entities=(entity,)))["news"]["entity"]


def test_a_cut_lead_says_so_and_a_short_one_is_whole() -> None:
    words = "wort " * 200
    cut = message(article(title="T", body=words))
    assert cut.endswith(" …")
    assert len(cut) <= LEAD_CHARACTERS + 5
    assert message(article(title="T", body="Kurz und gut.")) == "T\nKurz und gut."
    assert message(article(title="T", body="x" * 400)) == "T\n" + "x" * LEAD_CHARACTERS + " …"


def test_the_index_is_the_month_of_first_sight_whatever_the_publisher_says() -> None:
    prefixed = Settings(elasticsearch=Elasticsearch(index_prefix="test-"))
    late = full(first_seen_at=datetime(2026, 12, 1, tzinfo=UTC), dates=Dates(published_at=NOON))
    assert index_name(Settings(), full()) == "news-articles-2026.11"
    assert index_name(prefixed, late) == "test-news-articles-2026.12"


def test_an_article_that_was_never_identified_cannot_be_indexed() -> None:
    with pytest.raises(Permanent, match="a1 has no first_seen_at"):
        index_name(Settings(), article())


@given(
    text=st.text(max_size=400),
    code=st.sampled_from(["de", "und", "zh-cn", "xx", "en"]),
    when=st.none() | st.datetimes(timezones=st.just(UTC)),
)
@settings(deadline=None, max_examples=100)
def test_whatever_an_article_holds_its_document_is_mapped(text: str, code: str, when: datetime | None) -> None:
    made = document(
        full(
            title=text,
            summary=text,
            body=text,
            authors=(text,),
            url=text,
            canonical_url="",
            language=Language(code=code),
            dates=Dates(published_at=when),
        )
    )
    encodable = text.encode("utf-8", "ignore").decode() == text
    if encodable:
        assert list(unmapped(as_json(made), FIELDS)) == []


EPISODE = {
    "id": "e1",
    "rule_id": "raketentest",
    "rule_title": "Raketentest",
    "severity": "high",
    "group": "s1",
    "opened_seq": 1,
    "opened_at": "2026-11-20T12:00:00Z",
    "last_match_at": "2026-11-20T12:00:00Z",
    "updated_at": "2026-11-20T12:01:00.5Z",
    "members": [{"article_id": "a1", "source_id": "t"}, {"article_id": "a2", "source_id": "t"}, {"article_id": "a1", "source_id": "u"}],
    "told": ["number:5"],
    "matches": ["m1"],
    "withheld": {"late": 2},
    "message": {
        "headline": "Nordkorea meldet einen Raketentest",
        "url": "https://tagesblatt.example/a1",
        "source": {"id": "t", "name": "Tagesblatt", "country": "DE"},
        "snippet": {"text": "Ein Raketentest."},
        "took_seconds": 1.25,
        "why": "first",
        "late": False,
    },
}


def test_an_episode_is_searchable_by_what_people_filter_by() -> None:
    made = as_json(episode_document(EPISODE, "e1", NOON))
    alert = made["news"]["alert"]
    assert list(unmapped(made, ALERT_FIELDS)) == []
    assert made["@timestamp"] == "2026-11-20T12:01:00.5Z"
    assert made["message"] == "Nordkorea meldet einen Raketentest"
    assert alert["state"] == "firing", "a default that the record leaves out is still found"
    assert alert["article_ids"] == ["a1", "a2"]
    assert (alert["source_name"], alert["country"], alert["snippet"], alert["took_seconds"]) == (
        "Tagesblatt",
        "DE",
        "Ein Raketentest.",
        1.25,
    )
    assert alert["other"]["withheld"] == {"late": 2}
    assert alert["other"]["message"] == EPISODE["message"]
    assert not MEMORY & {*alert, *alert["other"]}


def test_a_notification_is_pending_until_it_says_otherwise() -> None:
    sent = {"id": "n1", "episode_id": "e1", "receiver": "desk", "created_at": "2026-11-20T12:00:00Z", "sent_at": "2026-11-20T12:00:01Z"}
    made = as_json(notification_document(sent, "n1"))
    assert made["news"]["alert"]["state"] == "pending"
    assert made["@timestamp"] == "2026-11-20T12:00:01Z"
    assert made["event"]["dataset"] == "news.notification"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(record=st.dictionaries(st.sampled_from(sorted(mappings.ALERT_FIELDS) + ["message", "members", "new_field"]), JSON, max_size=12))
@settings(deadline=None, max_examples=200)
def test_a_record_of_any_shape_is_mapped_and_keeps_its_fields(record: dict[str, Any]) -> None:
    made = episode_document(record, "e1", NOON)
    assert list(unmapped(made, ALERT_FIELDS)) == []
    alert = made["news"]["alert"]
    kept = {**alert, **alert.get("other", {})}
    for name, value in record.items():
        if value not in (None, "", []) and name not in ("id", "article_ids"):
            assert kept[name] == value


def test_the_templates_are_strict_and_name_their_indices() -> None:
    made = templates.templates(Settings(elasticsearch=Elasticsearch(index_prefix="x-")), {"german"})
    assert {name: body["index_patterns"] for name, body in made.items()} == {
        "x-news-articles": ["x-news-articles-*"],
        "x-news-alerts": ["x-news-alerts"],
        "x-news-notifications": ["x-news-notifications"],
        "x-news-silences": ["x-news-silences"],
        "x-news-audit": ["x-news-audit"],
        "x-news-sources": ["x-news-sources"],
        "x-news-rejected": ["x-news-rejected-*"],
    }
    assert all(body["template"]["mappings"]["dynamic"] == "strict" for body in made.values())
    by_language = made["x-news-articles"]["template"]["mappings"]["properties"]["news"]["properties"]["body_by_language"]["properties"]
    assert by_language["de"]["analyzer"] == "german"
    assert by_language["en"]["analyzer"] == "standard"
