"""From files in a watched folder to Elasticsearch and to people, through all processes as they run in production."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from pipeline import alerter, broker, sources, topology
from pipeline.embedded.servers import Servers
from pipeline.outcome import Dropped, Exit, Outcome, Rejected, rejected_from
from pipeline.sources import SourceHealth
from tests.faults.system import System, configuration, running, until
from tests.shared_data import seed, shared

GOOD = 40
RULE = """\
schema: news-alerts/v1
kind: rule
id: raketentest
title: Raketentest
match:
  any: [Raketentest]
notify:
  route: [desk]
"""
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA">'
    + b"".join(b'<!ENTITY %c "%s">' % (ord("b") + n, (b"&%c;" % (ord("a") + n)) * 40) for n in range(8))
    + b"]><html><head><title>Bombe im Netz</title></head><body><article><h1>Bombe im Netz</h1><p>Davor steht ein Satz, den jeder lesen kann. &i;</p>"
    + b"<p>Und danach steht noch einer, damit es ein Text ist.</p></article></body></html>"
)
# What lies in the folder beside the good articles, and how each may end. Every rejection must say why.
BAD: dict[str, bytes] = {
    "torn.ndjson": b'{"guid": "torn-1", "title": "Der Satz bricht a\n{"guid": "torn-2", "title": "Die Zeile danach", "body": "Sie ist heil."}\n',
    "nul.txt": b"E\x00i\x00n\x00 T\x00i\x00t\x00e\x00l\x00\nUnd\x00\x00 kein\x00\x00\x00 Text.\x00\x00\x00\x00\n",
    "stray.txt": b"Ein Titel\x00 mit Nullen\nUnd ein Text\x00\x00 mit noch mehr davon.\n",
    "nul.json": b'{"guid": "nul", "title": "Ein Titel\\u0000 aus JSON", "body": "Und ein Text\\u0000\\u0000, der gelesen werden kann."}',
    "huge.json": b'{"guid": "huge", "title": "Zu lang", "body": "' + b"Wort " * 4_000_000 + b'"}',
    "empty.json": b'{"guid": "empty", "title": " ", "body": ""}',
    "absurd.json": b'{"guid": "absurd", "title": "Am Ende der Zeit", "body": "Ein Text ohne Zeit.", "published_at": "31.02.99999 27:61"}',
    "charset.html": (
        '<html><head><meta charset="utf-8"><title>Übung in Köln</title></head><body><article><h1>Übung in Köln</h1>'
        "<p>Die Übung begann früh am Morgen und dauerte bis zum späten Abend, wie ein Sprecher erklärte.</p></article></body></html>"
    ).encode("latin-1"),
    "bomb.html": BOMB,
}


@dataclass
class Seen:
    """What the system made of everything, once it had come to rest."""

    documents: list[dict[str, Any]]
    outcomes: dict[str, Outcome]  # by the position they are about
    rejected: list[tuple[Rejected, bytes]]
    alerts: list[dict[str, Any]]
    health: SourceHealth
    canaries: list[Outcome]

    def document(self, **fields: str) -> dict[str, Any]:
        (found,) = [each for each in self.documents if all(fields[name] in each["news"].get(name, "") for name in fields)]
        return found

    def rejection(self, words: str) -> Rejected:
        (found,) = [about for about, _ in self.rejected if words in about.detail]
        return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, servers: Servers) -> Generator[Seen]:
    folder = tmp_path_factory.mktemp("whole")
    config = configuration(folder, servers.addresses, enrichers=None, collector={"canaries": True, "canary_seconds": 10})
    (folder / "rules" / "keyword.yaml").unlink()
    (folder / "rules" / "raketentest.yaml").write_text(RULE, encoding="utf-8")
    with running(config) as system:
        for name, content in BAD.items():
            (folder / "in" / name).write_bytes(content)
        good = [
            {"guid": f"good-{number}", "title": f"Meldung {number}", "body": f"In der Stadt {number} wurde heute gebaut."}
            for number in range(GOOD)
        ]
        (folder / "in" / "good.ndjson").write_text("\n".join(json.dumps(each) for each in good), encoding="utf-8")
        seeds = sorted(shared("seeds").glob("*.txt"))
        for each in seeds:
            (folder / "in" / each.name).write_bytes(each.read_bytes())
        expected = GOOD + len(BAD) + 1 + len(seeds)
        until(lambda: len(outcomes(system)) >= expected, 50, f"{expected} outcomes")
        until(lambda: decided(system), 20, "the alerter's decision")
        until(lambda: health(system).canary_seconds is not None, 30, "the canary's return")
        yield Seen(system.documents(), outcomes(system), rejections(system), system.alerts(), health(system), canaries(system))


def outcomes(system: System) -> dict[str, Outcome]:
    """Those of the news."""
    return {each.id: each for each in _outcomes(system) if each.reason != Dropped.CANARY}


def canaries(system: System) -> list[Outcome]:
    return [each for each in _outcomes(system) if each.reason == Dropped.CANARY]


def _outcomes(system: System) -> list[Outcome]:
    records = broker.read_to_end(system.settings.kafka, system.settings.topic(topology.OUTCOMES))
    return [msgspec.json.decode(record.value or b"", type=Outcome) for record in records]


def health(system: System) -> SourceHealth:
    """That of the one source."""
    records = broker.read_to_end(system.settings.kafka, system.settings.topic(topology.HEALTH))
    return [SourceHealth(source_id="files"), *(sources.decode(record.value or b"") for record in records)][-1]


def rejections(system: System) -> list[tuple[Rejected, bytes]]:
    records = broker.read_to_end(system.settings.kafka, system.settings.topic(topology.REJECTED))
    return [(rejected_from(record.headers), record.value or b"") for record in records]


def decided(system: System) -> bool:
    """Whether the alerter has taken in the match and has sent what it wants to send."""
    state = alerter.read_state(system.settings)
    return bool(state.episodes) and all(each.state == "sent" for each in state.notifications.values())


def test_both_seed_articles_are_in_elasticsearch_with_what_they_say_of_themselves(seen: Seen) -> None:
    first = seen.document(title="Rüstungsschau")["news"]
    second = seen.document(title="Allianz im Weltraum")["news"]
    assert first["language"]["code"] == second["language"]["code"] == "de"
    assert first["title"].startswith("Russland und Nordkorea stärken")
    assert first["body"].startswith("Pjöngjang, Nordkorea – In einer bedeutsamen")
    assert "published_at" not in first["dates"] or first["dates"]["published_at"] is None, "it names no date, so none is invented"
    assert second["title"] == "Russland und Nordkorea: Eine gefährliche Allianz im Weltraum"
    assert second["authors"] == ["Noah"]
    assert second["dates"]["precision"] == "day"
    assert second["dates"]["published_at"].startswith(("2025-01-05T23:00", "2025-01-06T00:00"))


@pytest.mark.parametrize("title", ["Rüstungsschau", "Allianz im Weltraum"])
def test_the_seed_articles_name_their_countries(seen: Seen, title: str) -> None:
    entities = {each["id"]: each for each in seen.document(title=title)["news"]["entities"]}
    assert entities["iso:KP"]["name"] == "Nordkorea"
    assert entities["iso:RU"]["name"] == "Russland"
    assert {each["type"] for each in entities.values()} & {"person", "place"}


def test_the_rule_fires_for_the_one_article_that_has_the_word_and_points_at_it(seen: Seen) -> None:
    (article,) = [each["news"] for each in seen.documents if each["news"].get("matches")]
    assert article["title"].endswith("Allianz im Weltraum")
    (match,) = article["hits"]
    (hit,) = match["hits"]
    assert article["body"][hit["start"] : hit["end"]] == "Raketentest" == hit["surface"]
    original = seed("004")
    assert article["body"] in original, "the offsets count in the text as it was written"
    assert original[original.index(article["body"]) + hit["start"] :].startswith("Raketentest durchgeführt, bei dem eine ballistische")


def test_the_alert_reaches_the_receiver_with_the_word_marked(seen: Seen) -> None:
    (alert,) = seen.alerts
    assert (alert["rule_id"], alert["kind"]) == ("raketentest", "first")
    assert "Allianz im Weltraum" in alert["headline"]
    (mark,) = alert["snippet"]["marks"]
    assert alert["snippet"]["text"][mark["start"] : mark["end"]] == "Raketentest"


def test_the_good_articles_flow_whatever_lies_beside_them(seen: Seen) -> None:
    assert {each["news"].get("guid") for each in seen.documents} >= {f"good-{number}" for number in range(GOOD)}


def test_a_line_that_is_no_json_is_rejected_and_the_next_one_is_read(seen: Seen) -> None:
    about = seen.rejection("torn.ndjson:1")
    assert about.reason == "unreadable"
    assert "JSON" in about.detail
    assert seen.document(guid="torn-2")["news"]["title"] == "Die Zeile danach"


def test_nul_characters_are_removed_and_the_text_is_kept(seen: Seen) -> None:
    found = seen.document(guid="nul")["news"]
    assert found["title"] == "Ein Titel aus JSON"
    assert found["body"] == "Und ein Text, der gelesen werden kann."
    stray = seen.document(guid="file:stray.txt")["news"]
    assert stray["title"].split() == ["Ein", "Titel", "mit", "Nullen"]
    assert "\x00" not in stray["title"] + stray["body"]


def test_a_file_with_many_nul_bytes_is_rejected_as_no_text(seen: Seen) -> None:
    about = seen.rejection("nul.txt")
    assert about.reason == "unreadable"
    assert "control" in about.detail


def test_a_body_of_twenty_megabytes_is_rejected_with_its_beginning(seen: Seen) -> None:
    about = seen.rejection("huge.json")
    assert about.reason == "too_large"
    assert about.truncated or about.original_bytes <= 1_000_000
    assert "20," in about.detail


def test_an_empty_item_is_rejected_as_empty(seen: Seen) -> None:
    (found,) = [about for about, original in seen.rejected if b'"empty"' in original]
    assert found.reason == "empty"
    assert "neither a title nor a text" in found.detail


def test_an_absurd_date_is_no_date_and_is_flagged(seen: Seen) -> None:
    found = seen.document(guid="absurd")["news"]
    assert not found["dates"].get("published_at")
    assert found["dates"]["published_raw"] == "31.02.99999 27:61"
    assert "unreadable_date" in found["flags"]


def test_a_wrong_charset_is_seen_through(seen: Seen) -> None:
    found = seen.document(title="bung in K")["news"]
    assert found["title"] == "Übung in Köln"
    assert "früh am Morgen" in found["body"]


def test_an_entity_bomb_does_not_go_off(seen: Seen) -> None:
    found = seen.document(title="Bombe im Netz")["news"]
    assert "Davor steht ein Satz" in found["body"]
    assert len(found["body"]) < 10_000


def test_everything_has_exactly_one_outcome_and_every_rejection_says_why(seen: Seen) -> None:
    exits = [each.exit for each in seen.outcomes.values()]
    assert exits.count(Exit.REJECTED) == len(seen.rejected) == 4
    assert exits.count(Exit.PASSED) == len(seen.documents)
    assert len(exits) == len(seen.rejected) + len(seen.documents)
    assert all(len(each.detail) > 20 for each in seen.outcomes.values() if each.exit is Exit.REJECTED)


def test_a_canary_came_from_the_source_to_the_alert_and_nobody_sees_it(seen: Seen) -> None:
    assert seen.canaries and all(each.exit == Exit.DROPPED and each.stage == "enrich" for each in seen.canaries)
    assert seen.health.canary_seconds is not None and 0 < seen.health.canary_seconds < 20
    assert seen.health.articles == len(seen.documents), "a canary is no article of its source"
    assert not [each for each in seen.documents if "canary" in each["news"]["source"]["id"]]
    assert not [each for each in seen.alerts if "canary" in json.dumps(each)]
