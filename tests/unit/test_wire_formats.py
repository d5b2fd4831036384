"""Articles as agencies and publishers hand them over: each format to the fields it has, its corrections, embargoes and withdrawals."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors._item import Item
from connectors._wire import documents
from connectors._wire.cap import first_alert, own_id
from connectors._wire.xml_tree import root_of
from pipeline.outcome import Rejection
from pipeline.plugins import Unreadable
from tests.wire_samples import CAP, IPTC_7901, NEWSML_G2, NINJS_2, NINJS_3, NITF, RSS_ITEM, SAMPLES, SCHEMA_ORG


def read(data: bytes | str) -> Item:
    (entry,) = documents.entries("sample", data.encode() if isinstance(data, str) else data)
    assert isinstance(entry.found, Item), entry.found
    return entry.found


def refused(data: bytes | str) -> Unreadable:
    (entry,) = documents.entries("sample", data.encode() if isinstance(data, str) else data)
    assert isinstance(entry.found, Unreadable), entry.found
    return entry.found


# The same article in every format: what a reader of each must find.
@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (NITF, {"guid": "urn:dpa:2026:4711", "language": "de", "published": "2026-11-20T11:58:00+01:00", "section": "Politik"}),
        (NEWSML_G2, {"guid": "urn:newsml:agentur.example:20261120:4711", "language": "de", "published": "2026-11-20T11:58:00+01:00"}),
        (NINJS_2, {"guid": "https://agentur.example/4711", "language": "de", "published": "2026-11-20T11:58:00+01:00"}),
        (NINJS_3, {"guid": "urn:agentur:4711", "language": "de", "published": "2026-11-20T11:58:00+01:00"}),
        (
            SCHEMA_ORG,
            {"guid": "4711", "url": "https://agentur.example/4711", "published": "2026-11-20T11:58:00+01:00", "section": "Politik"},
        ),
        (IPTC_7901, {"guid": "iptc7901:bdt4711:2026-11-20", "published": "2026-11-20T10:58:00Z", "section": "pl"}),
        (RSS_ITEM, {"guid": "4711", "url": "https://agentur.example/4711", "published": "Fri, 20 Nov 2026 11:58:00 +0100"}),
        (CAP, {"guid": "warnung@amt.example,2026-4711", "published": "2026-11-20T11:58:00+01:00", "language": "de-DE"}),
    ],
    ids=["nitf", "newsml-g2", "ninjs-2", "ninjs-3", "schema.org", "iptc-7901", "rss", "cap"],
)
def test_every_format_brings_the_same_article(sample: str, expected: dict[str, Any]) -> None:
    item = read(sample)
    assert "Raketentest über dem Ostmeer" in item.title and "Die Rakete flog 800 Kilometer" in item.body
    assert {name: getattr(item, name) for name in expected} == expected
    assert item.pubstatus == "usable" and item.embargoed_at is None and item.original


@pytest.mark.parametrize("sample", [NITF, NEWSML_G2, NINJS_2, SCHEMA_ORG], ids=["nitf", "newsml-g2", "ninjs-2", "schema.org"])
def test_authors_and_keywords_are_read(sample: str) -> None:
    item = read(sample)
    assert item.authors == ("Ina Muster",) and "Raketen" in item.keywords


@pytest.mark.parametrize(
    ("sample", "usable", "withdrawn"),
    [
        (NITF, 'management-status="usable"', 'management-status="canceled"'),
        (NEWSML_G2, "stat:usable", "stat:canceled"),
        (NINJS_2, '"pubstatus": "usable"', '"pubstatus": "canceled"'),
        (NINJS_3, '"pubstatus": "usable"', '"pubstatus": "canceled"'),
        (SCHEMA_ORG, '"creativeWorkStatus": "Published"', '"creativeWorkStatus": "Withdrawn"'),
        (
            CAP,
            "<msgType>Alert</msgType>",
            "<msgType>Cancel</msgType><references>warnung@amt.example,2026-4711,2026-11-20T11:58:00+01:00</references>",
        ),
    ],
    ids=["nitf", "newsml-g2", "ninjs-2", "ninjs-3", "schema.org", "cap"],
)
def test_a_kill_withdraws_the_article_of_the_same_id(sample: str, usable: str, withdrawn: str) -> None:
    assert usable in sample
    killed = read(sample.replace(usable, withdrawn))
    assert killed.pubstatus == "canceled" and killed.guid == read(sample).guid


@pytest.mark.parametrize(
    "kill",
    [
        '<nitf><head><docdata management-status="canceled"><doc-id id-string="4711"/></docdata></head><body/></nitf>',
        '<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="4711" version="3"><itemMeta><pubStatus qcode="stat:canceled"/></itemMeta></newsItem>',
        '{"uri": "4711", "standard": {"name": "ninjs", "version": "2.1"}, "pubstatus": "canceled"}',
    ],
    ids=["nitf", "newsml-g2", "ninjs"],
)
def test_a_kill_without_a_text_passes_all_the_same(kill: str) -> None:
    item = read(kill)
    assert (item.guid, item.pubstatus, item.title) == ("4711", "canceled", "Withdrawn by its source")


@pytest.mark.parametrize(
    ("sample", "place", "embargo"),
    [
        (NITF, 'management-status="usable">', 'management-status="embargoed"><date.release norm="20261120T180000+0100"/>'),
        (NEWSML_G2, "<pubStatus", "<embargoed>2026-11-20T18:00:00+01:00</embargoed><pubStatus"),
        (NINJS_2, '"pubstatus"', '"embargoed": "2026-11-20T18:00:00+01:00", "pubstatus"'),
        (NINJS_3, '"pubstatus"', '"embargoed": "2026-11-20T17:00:00Z", "pubstatus"'),
        (IPTC_7901, "Die Rakete", "Sperrfrist: 2026-11-20T18:00:00+01:00\nDie Rakete"),
    ],
    ids=["nitf", "newsml-g2", "ninjs-2", "ninjs-3", "iptc-7901"],
)
def test_an_embargo_is_an_instant_and_one_that_cannot_be_read_releases_nothing(sample: str, place: str, embargo: str) -> None:
    assert read(sample.replace(place, embargo)).embargoed_at == datetime(2026, 11, 20, 17, tzinfo=UTC)
    found = refused(
        sample.replace(place, embargo.replace("18:00:00+01:00", "abends").replace("17:00:00Z", "abends").replace("180000+0100", "abends"))
    )
    assert found.reason == "invalid" and "nothing is released" in found.detail and found.original


def test_an_embargo_without_a_time_releases_nothing() -> None:
    for empty in ("<embargoed/>", "<embargoed> </embargoed>"):
        assert read(NEWSML_G2.replace("<pubStatus", f"{empty}<pubStatus")).pubstatus == "withheld", "until a later version"
    killed = read(NEWSML_G2.replace("<pubStatus", "<embargoed/><pubStatus").replace("stat:usable", "stat:canceled"))
    assert killed.pubstatus == "canceled"
    assert "nothing is released" in refused(NITF.replace('management-status="usable"', 'management-status="embargoed"')).detail


@pytest.mark.parametrize(
    ("first", "title", "keyword"),
    [
        ("Nordkorea/Raketen/\r\nRaketentest über dem Ostmeer", "Raketentest über dem Ostmeer", "Nordkorea"),
        ("KOREA-MISSILE/TEST (UPDATE 1)\r\nRaketentest über dem Ostmeer", "Raketentest über dem Ostmeer", "KOREA-MISSILE"),
        ("NKOREA-MISSILE-TEST\r\n\r\nRaketentest über dem Ostmeer", "Raketentest über dem Ostmeer", "NKOREA-MISSILE-TEST"),
        ("Raketen-Test\r\nVon Ina Muster", "Raketen-Test", "Raketen"),
        ("USA/Russland verhandeln wieder\r\nMoskau", "USA/Russland verhandeln wieder", "Raketen"),
    ],
)
def test_a_slug_line_is_no_headline(first: str, title: str, keyword: str) -> None:
    item = read(IPTC_7901.replace("Raketentest über dem Ostmeer", first))
    assert item.title == title and keyword in item.keywords


def test_a_warning_says_how_pressing_it_is_and_what_it_changes() -> None:
    assert set(read(CAP).flags) == {"cap_urgency_immediate", "cap_severity_severe", "cap_certainty_observed"}
    assert "cap_type_update" in read(CAP.replace("<msgType>Alert", "<msgType>Update")).flags
    assert set(read(CAP.replace("Severe", "ganz schlimm")).flags) == {"cap_urgency_immediate", "cap_certainty_observed"}


@pytest.mark.parametrize(
    ("sample", "place", "correction"),
    [
        (NITF, "<doc-id", '<correction info="Reichweite berichtigt" id-string="urn:dpa:2026:4711"/><doc-id'),
        (NEWSML_G2, "</itemMeta>", '<signal qcode="sig:correction"/></itemMeta>'),
        (NINJS_2, '"pubstatus"', '"signals": ["correction"], "pubstatus"'),
        (SCHEMA_ORG, '"headline"', '"correction": "Reichweite berichtigt", "headline"'),
    ],
    ids=["nitf", "newsml-g2", "ninjs", "schema.org"],
)
def test_a_correction_is_flagged_and_has_the_id_of_what_it_corrects(sample: str, place: str, correction: str) -> None:
    item = read(sample.replace(place, correction))
    assert item.flags == ("correction",) and item.guid == read(sample).guid


def test_a_news_message_brings_its_items_in_the_order_of_their_versions() -> None:
    def news(guid: str, version: int) -> str:
        return f'<newsItem guid="{guid}" version="{version}"><contentMeta><headline>{guid} {version}</headline></contentMeta></newsItem>'

    broken = '<newsItem guid="c"><itemMeta><pubStatus qcode="stat:maybe"/></itemMeta></newsItem>'
    items = news("a", 10) + news("b", 1) + broken + news("a", 9)
    message = f'<newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><itemSet>{items}<packageItem guid="d"/></itemSet></newsMessage>'
    found = documents.entries("sample", message.encode())
    assert [each.found.title for each in found if isinstance(each.found, Item)] == ["a 9", "a 10", "b 1"]
    (other,) = (each.found for each in found if isinstance(each.found, Unreadable))
    assert "stat:maybe" in other.detail and b'guid="c"' in other.original


def test_several_messages_of_a_wire_stand_in_one_document_and_a_broken_one_does_not_stop_the_others() -> None:
    found = documents.entries("sample", (IPTC_7901 + "\x01kaputt\x02Text\x03" + IPTC_7901.replace("4711", "4712")).encode("cp1252"))
    assert [each.found.guid for each in found if isinstance(each.found, Item)] == [
        "iptc7901:bdt4711:2026-11-20",
        "iptc7901:bdt4712:2026-11-20",
    ]
    assert "has no IPTC 7901 header" in next(each.found.detail for each in found if isinstance(each.found, Unreadable))


def test_an_update_of_a_warning_has_the_id_of_the_first_alert_of_its_chain() -> None:
    references = "warnung@amt.example,2026-4712,2026-11-20T12:30:00+01:00 warnung@amt.example,2026-4711,2026-11-20T11:58:00+01:00"
    update = CAP.replace("<msgType>Alert</msgType>", f"<msgType>Update</msgType><references>{references}</references>")
    update = update.replace("<identifier>2026-4711", "<identifier>2026-4713")
    assert read(update).guid == read(CAP).guid
    root, _, _ = root_of(update.encode())
    assert own_id(root) == "warnung@amt.example,2026-4713"
    assert first_alert(root, {"warnung@amt.example,2026-4712": "warnung@amt.example,2026-4700"}) == "warnung@amt.example,2026-4700"


@pytest.mark.parametrize(("actual", "other"), [("<status>Actual", "<status>Exercise"), ("<msgType>Alert", "<msgType>Ack")])
def test_an_exercise_is_no_warning(actual: str, other: str) -> None:
    assert "it warns of nothing" in refused(CAP.replace(actual, other)).detail


def test_plain_html_and_graphs_of_json_ld_are_told_apart() -> None:
    assert read("Titel\n\nText").title == "Titel"
    graph = f'{{"@context": "https://schema.org", "@graph": [{{"@type": "BreadcrumbList"}}, {SCHEMA_ORG}]}}'
    assert read(graph).guid == "4711"
    assert read(SCHEMA_ORG.replace('"isAccessibleForFree": true', '"isAccessibleForFree": false')).flags == ("paid_content",)
    atom = "<entry><id>urn:1</id><title>Titel</title><content>Text</content></entry>"
    assert (read(atom).guid, read(atom).title) == ("urn:1", "Titel")


@pytest.mark.parametrize(
    "attack",
    [
        '<!DOCTYPE nitf [<!ENTITY a "b">]><nitf><body><body.head><hedline><hl1>&a;</hl1></hedline></body.head></body></nitf>',
        '<!DOCTYPE nitf SYSTEM "http://127.0.0.1:9/evil.dtd"><nitf/>',
        '<!DOCTYPE nitf PUBLIC "-//IPTC//DTD NITF 3.6//EN" "nitf-3-6.dtd" [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]><nitf/>',
        '<!DOCTYPE nitf SYSTEM "file:///etc/passwd"><nitf/>',
        '<?xml version="1.0"?><!DOCTYPE alert [<!ELEMENT alert ANY>]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>',
        "<nitf>" + "<a>" * 500 + "</a>" * 500 + "</nitf>",
        "<nitf " + " ".join(f'a{number}="1"' for number in range(500)) + "/>",
    ],
    ids=["entity", "foreign-dtd", "parameter-entity", "file-dtd", "element", "deep", "attributes"],
)
def test_document_types_entities_and_depth_are_refused(attack: str) -> None:
    assert refused(attack).reason == "unreadable"


def test_the_document_type_that_the_nitf_specification_asks_for_is_accepted() -> None:
    named = NITF.replace(
        "<nitf", '<!DOCTYPE nitf PUBLIC "-//IPTC//DTD NITF 3.6//EN" "http://www.nitf.org/IPTC/NITF/3.6/dtd/nitf-3-6.dtd">\n<nitf', 1
    )
    assert read(named).guid == read(NITF).guid


def _damaged(sample: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    for at, length, put in cuts:
        place = at % (len(sample) + 1)
        sample = sample[:place] + put + sample[place + length :]
    return sample


DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 5_000),
        st.integers(0, 40),
        st.one_of(st.binary(max_size=12), st.sampled_from([b"<", b"]]>", b'"', b"\x02", b"{", b"null", b"[1]", b"&a;", b"\xff\xfe"])),
    ),
    min_size=1,
    max_size=6,
)


# 600 inputs for each format at every run; 200,000 in all were tried by hand on 2026-11-21.
@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_damaged_documents_end_in_an_article_or_a_reason_and_soon(name: str) -> None:
    kinds: list[documents.Kind] = ["", "xml", "json", "lines", "text"]

    @settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(DAMAGE, st.sampled_from(kinds))
    def run(cuts: list[tuple[int, int, bytes]], kind: documents.Kind) -> None:
        data = _damaged(SAMPLES[name].encode(), cuts)
        if not kind and documents._kind(data) == "html":
            kind = "text"  # pages have a process of their own, tried elsewhere
        began = time.monotonic()
        found = documents.entries("sample", data, kind)
        assert found and time.monotonic() - began < 5
        for each in found:
            if isinstance(each.found, Unreadable):
                assert each.found.reason in set(Rejection) and each.found.detail
            else:
                assert not each.found.is_empty

    run()
